//! Finds the outside programs that tests need, and installs them where that is possible.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context;
use nix::unistd::Uid;

use crate::{
    console,
    leash::{Leash, LeashOptions},
};

/// An outside program that some tests cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    /// The word for it in `TESTKIT_ALLOW_MISSING`.
    pub key: &'static str,
    /// The Debian package that brings it.
    pub package: &'static str,
    /// The programs it is known by; one is enough.
    programs: &'static [&'static str],
    /// Files that prove it where there is no program, `*` in the place of one folder's name.
    files: &'static [&'static str],
    /// What does not run without it.
    pub needed_for: &'static str,
}

/// All of them.
pub const TOOLS: [Tool; 8] = [
    Tool {
        key: "postgres",
        package: "postgresql",
        programs: &["initdb"],
        files: &["/usr/lib/postgresql/*/bin/initdb"],
        needed_for: "every test on PostgreSQL",
    },
    Tool {
        key: "redis",
        package: "redis-server",
        programs: &["redis-server"],
        files: &[],
        needed_for: "every test on Redis",
    },
    Tool {
        key: "chromium",
        package: "chromium",
        programs: &["chromium", "chromium-browser", "google-chrome"],
        files: &[],
        needed_for: "every test in a browser",
    },
    Tool {
        key: "chromium",
        package: "chromium-driver",
        programs: &["chromedriver"],
        files: &["/usr/lib/chromium/chromedriver"],
        needed_for: "every test in a browser",
    },
    Tool {
        key: "sqlite3",
        package: "sqlite3",
        programs: &["sqlite3"],
        files: &[],
        needed_for: "the tests that look at the database with the plain sqlite3 client",
    },
    Tool {
        key: "restic",
        package: "restic",
        programs: &["restic"],
        files: &[],
        needed_for: "the tests that read our backups with restic, and its own with us",
    },
    Tool {
        key: "openssl",
        package: "openssl",
        programs: &["openssl"],
        files: &[],
        needed_for: "the tests that look at certificates",
    },
    Tool {
        key: "fonts",
        package: "fonts-noto-cjk",
        programs: &[],
        files: &[
            "/usr/share/fonts/*/noto/NotoSansCJK-Regular.ttc",
            "/usr/share/fonts/*/NotoSansCJK-Regular.ttc",
            "/usr/share/fonts/*/NotoSansCJK-VF.ttc",
        ],
        needed_for: "Chinese text in screenshots",
    },
];

/// The S3 server that is not ours: no package of Debian, see [`crate::moto`].
pub const MOTO: Tool = Tool {
    key: "moto",
    package: "moto",
    programs: &[],
    files: &[],
    needed_for: "every test on moto's S3 server",
};

/// The tools of Debian that are not on this machine.
pub fn missing() -> Vec<Tool> {
    TOOLS.into_iter().filter(|tool| tool.find().is_none()).collect()
}

/// Installs what is missing when that is allowed and possible, and returns what is missing still.
///
/// # Errors
/// When apt cannot be started, or on [`crate::signals::Interrupted`]. A package that apt does not have is no
/// error here.
pub fn ensure(install: bool) -> anyhow::Result<Vec<Tool>> {
    let absent = missing();
    if absent.is_empty() || !install {
        return Ok(absent);
    }
    let packages: Vec<_> = absent.iter().map(|tool| tool.package).collect();
    self::install(&packages)?;
    Ok(missing())
}

/// Installs Debian packages; true when that worked. Only root can.
///
/// # Errors
/// When apt cannot be started, or on [`crate::signals::Interrupted`].
pub fn install(packages: &[&str]) -> anyhow::Result<bool> {
    if !Uid::effective().is_root() || in_path("apt-get").is_none() {
        return Ok(false);
    }
    console::say(&format!("installing {}", packages.join(", ")));
    Ok(apt("install", packages)? || (apt("update", &[])? && apt("install", packages)?))
}

/// Fails with one line for each missing tool, or says the same and goes on when that is allowed.
///
/// # Errors
/// When something is missing and may not be.
pub fn report(missing: &[Tool], allow: bool) -> anyhow::Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let text = describe(missing);
    anyhow::ensure!(
        allow,
        "{text}\ninstall the packages, or go on without with `cargo xtask test --allow-missing`"
    );
    console::complain(&text);
    Ok(())
}

/// The value of `TESTKIT_ALLOW_MISSING` that lets tests skip these.
pub fn allowed_words(missing: &[Tool]) -> String {
    let mut words: Vec<_> = missing.iter().map(|tool| tool.key).collect();
    words.dedup();
    words.join(",")
}

fn describe(missing: &[Tool]) -> String {
    let origin = |tool: &Tool| if *tool == MOTO { "Python" } else { "Debian" };
    let line = |tool: &Tool| {
        format!("missing: {} ({} package); not run: {}", tool.package, origin(tool), tool.needed_for)
    };
    missing.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn apt(verb: &str, packages: &[&str]) -> anyhow::Result<bool> {
    let mut arguments = vec![verb, "--yes", "--quiet"];
    if verb == "install" {
        arguments.push("--no-install-recommends");
    }
    arguments.extend(packages);
    let mut command = Leash::command("apt-get", arguments, &LeashOptions::default());
    command.env("DEBIAN_FRONTEND", "noninteractive");
    Ok(Leash::start(command)?.wait()?.success())
}

impl Tool {
    /// Where it is.
    pub fn find(&self) -> Option<PathBuf> {
        self.programs
            .iter()
            .find_map(|program| in_path(program))
            .or_else(|| self.files.iter().find_map(|pattern| matching(pattern)))
    }

    /// The tool that a Debian package brings.
    ///
    /// # Errors
    /// When no tool of ours is in it.
    pub fn of_package(package: &str) -> anyhow::Result<Self> {
        TOOLS
            .into_iter()
            .find(|tool| tool.package == package)
            .with_context(|| format!("no tool called {package}"))
    }
}

/// The file that this name starts. Asks the shell, so that `PATH` is read by the one whose business it is.
pub fn in_path(program: &str) -> Option<PathBuf> {
    let output = Command::new("/bin/sh")
        .args(["-c", "command -v \"$1\"", "sh", program])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim_end());
    path.is_absolute().then_some(path)
}

/// The last existing file of a pattern in the order of numbers, so that of several versions the newest wins.
fn matching(pattern: &str) -> Option<PathBuf> {
    let Some((folder, rest)) = pattern.split_once("/*/") else {
        return Some(PathBuf::from(pattern)).filter(|path| path.exists());
    };
    let mut found: Vec<_> = Path::new(folder)
        .read_dir()
        .ok()?
        .flatten()
        .filter(|entry| entry.path().join(rest).exists())
        .map(|entry| (entry.file_name().to_string_lossy().parse::<u32>().ok(), entry.path().join(rest)))
        .collect();
    found.sort();
    found.pop().map(|(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_wins_by_number_and_not_by_spelling() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["9", "15", "other"] {
            std::fs::create_dir_all(folder.path().join(version).join("bin")).unwrap();
            std::fs::write(folder.path().join(version).join("bin/initdb"), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("16")).unwrap();
        let pattern = format!("{}/*/bin/initdb", folder.path().display());
        assert_eq!(matching(&pattern), Some(folder.path().join("15/bin/initdb")));
        assert_eq!(matching("/nowhere/*/x"), None);
    }

    #[test]
    fn the_shell_finds_what_is_there() {
        assert!(in_path("sh").is_some());
        assert_eq!(in_path("no-such-program-anywhere"), None);
        assert_eq!(in_path("cd"), None);
    }

    #[test]
    fn what_is_missing_is_named_with_what_does_not_run() {
        let missing = [TOOLS[0], TOOLS[2], TOOLS[3]];
        assert_eq!(allowed_words(&missing), "postgres,chromium");
        assert_eq!(
            describe(&missing[..1]),
            "missing: postgresql (Debian package); not run: every test on PostgreSQL"
        );
        assert!(report(&missing, false).is_err());
        report(&missing, true).unwrap();
        report(&[], false).unwrap();
    }
}
