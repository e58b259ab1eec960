//! The program git on one bare repository, without anybody's settings, hooks, signatures or environment.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
};

use anyhow::{Context, anyhow, bail};
use chassis::config::Environment;

/// Settings that hold whatever the repository's own say. No name is refused that a file of this machine can have.
/// Single objects are not brought to the disk one by one: [`Git::sync`] does that for all at once.
const SETTINGS: [&str; 15] = [
    "core.hooksPath=/dev/null",
    "core.fsync=pack,pack-metadata,reference,-loose-object",
    "core.logAllRefUpdates=always",
    "core.protectNTFS=false",
    "core.protectHFS=false",
    "core.quotePath=true",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "commit.gpgSign=false",
    "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8",
    "gc.autoDetach=false",
    "gc.reflogExpire=never",
    "gc.reflogExpireUnreachable=never",
];

/// A bare repository and the program for it.
#[derive(Debug, Clone)]
pub(super) struct Git {
    bare: PathBuf,
    variables: Vec<(&'static str, String)>,
}

impl Git {
    /// Nothing is started yet.
    pub(super) fn at(bare: &Path) -> Self {
        let environment = Environment::read();
        let kept = ["PATH", "TMPDIR"];
        let kept = kept.iter().filter_map(|name| Some((*name, environment.get(name)?.to_owned())));
        let fixed = [
            ("HOME", "/dev/null"),
            ("XDG_CONFIG_HOME", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_SYSTEM", "/dev/null"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("LC_ALL", "C"),
            ("TZ", "UTC"),
        ];
        let fixed = fixed.into_iter().map(|(name, value)| (name, value.to_owned()));
        Self { bare: bare.to_owned(), variables: kept.chain(fixed).collect() }
    }

    /// The same with one more variable.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// What it writes when it ends well, after it has read `input`.
    pub(super) fn run(&self, arguments: &[&str], input: &[u8]) -> anyhow::Result<Vec<u8>> {
        let output = self.try_run(arguments, input)?;
        if !output.status.success() {
            bail!("{}", self.complaint(arguments, &output));
        }
        Ok(output.stdout)
    }

    /// The same as one line of text.
    pub(super) fn line(&self, arguments: &[&str], input: &[u8]) -> anyhow::Result<String> {
        Ok(String::from_utf8_lossy(&self.run(arguments, input)?).trim_end().to_owned())
    }

    /// Whatever it does.
    pub(super) fn try_run(&self, arguments: &[&str], input: &[u8]) -> anyhow::Result<Output> {
        let mut child = self.spawn(arguments)?;
        let stdin = child.stdin.take();
        let output = thread::scope(|scope| {
            // It may answer before it has read everything. That it stops reading shows in how it ends.
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
            child.wait_with_output()
        });
        output.context("waiting for git")
    }

    /// Started with pipes, for a conversation.
    pub(super) fn spawn(&self, arguments: &[&str]) -> anyhow::Result<Child> {
        let mut command = Command::new("git");
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.arg("--git-dir").arg(&self.bare).arg("--literal-pathspecs");
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        // Whoever made the folder: keeper was told to use it.
        command.arg("-c").arg(format!("safe.directory={}", self.bare.display()));
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => anyhow!("git is not installed, or not where PATH leads: install it"),
            _ => anyhow!("git could not be started: {error}"),
        })
    }

    /// In one sentence, what it complained about.
    pub(super) fn complaint(&self, arguments: &[&str], output: &Output) -> String {
        let said = String::from_utf8_lossy(&output.stderr);
        let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
        // What follows the first of these is advice.
        let is_cause = |line: &&str| line.starts_with("fatal:") || line.starts_with("error:");
        let cause = lines.clone().find(is_cause).or_else(|| lines.next_back()).unwrap_or("without a word");
        let what = arguments.first().copied().unwrap_or_default();
        format!("git {what} failed at {} ({}): {cause}", self.bare.display(), output.status)
    }

    /// The newest commit, by what HEAD names; none before the first. A branch that is lost or damaged is an error,
    /// because a new first commit would hide all that came before.
    pub(super) fn head(&self) -> anyhow::Result<Option<String>> {
        let output = self.try_run(&["rev-parse", "--verify", "--quiet", "HEAD"], b"")?;
        if output.status.success() {
            return Ok(Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()));
        }
        let branch = self.branch()?;
        let log = fs::read_to_string(self.bare.join("logs").join(&branch)).unwrap_or_default();
        let packed = fs::read_to_string(self.bare.join("packed-refs")).unwrap_or_default();
        if let Some(last) = log.lines().next_back().and_then(|line| line.split_whitespace().nth(1)) {
            bail!(
                "the branch {branch} of {} is lost or damaged, its last commit was {last}: \
                 bring it back by `git update-ref {branch} {last}`",
                self.bare.display()
            );
        }
        if self.bare.join(&branch).exists() || packed.lines().any(|line| line.ends_with(&branch)) {
            bail!("the branch {branch} of {} is damaged: restore it from a copy", self.bare.display());
        }
        Ok(None)
    }

    /// The branch that HEAD names, such as `refs/heads/main`. Git itself does not say it when the branch is damaged.
    pub(super) fn branch(&self) -> anyhow::Result<String> {
        let path = self.bare.join("HEAD");
        let head = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        match head.trim_end().strip_prefix("ref: ") {
            Some(branch) if branch.starts_with("refs/heads/") && !branch.contains("..") => {
                Ok(branch.to_owned())
            }
            _ => bail!("HEAD of {} names no branch", self.bare.display()),
        }
    }

    /// Brings all that was written so far to the disk.
    pub(super) fn sync(&self) -> anyhow::Result<()> {
        let folder =
            fs::File::open(&self.bare).with_context(|| format!("opening {}", self.bare.display()))?;
        #[cfg(target_os = "linux")]
        nix::unistd::syncfs(&folder)
            .with_context(|| format!("writing {} to the disk", self.bare.display()))?;
        #[cfg(not(target_os = "linux"))]
        {
            drop(folder);
            nix::unistd::sync();
        }
        Ok(())
    }

    /// Where the repository is.
    pub(super) fn bare(&self) -> &Path {
        &self.bare
    }
}
