//! Configuration as commits in a bare git repository, made by the program git and kept for ever.
//!
//! A commit holds exactly what lies below some folders at their absolute paths, whatever a `.gitignore` or
//! `.gitattributes` among it says, and a list of what git itself does not keep: modes, empty folders, and what was
//! left out. Owners, times and extended attributes are not kept.

mod program;
mod restore;
mod tree;

use std::{
    fmt,
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Write},
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    },
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use chassis::Clock;
use jiff::Timestamp;

use program::Git;
pub use restore::{Restored, restore};
use tree::{Entry, Found, LIST};

/// Folder inside the repository for one commit's work; whoever has the lock may empty it.
const SCRATCH: &str = "keeper-scratch";
/// File inside the repository that is locked by whoever makes a commit.
const LOCK: &str = "keeper.lock";
/// Another keeper is waited for so long.
const LOCK_WAIT: Duration = Duration::from_secs(30);
const LOCK_STEP: Duration = Duration::from_millis(20);
/// A lock of git's own that is older was left by a killed one.
const STALE: Duration = Duration::from_secs(3_600);
/// A file may vanish while the folders are read; they are read again so often.
const ATTEMPTS: usize = 3;
const DAMAGES: usize = 50;

/// A commit, by its hash in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(String);

impl CommitId {
    /// Reads 4 to 64 hexadecimal digits, the beginning of a hash or all of it.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hash = (4..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hash.then(|| Self(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a commit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The new commit; none where nothing has changed since the one before.
    pub id: Option<CommitId>,
    /// What is not in it, each as `PATH: why`: folders of git itself, sockets and the like. Told every time.
    pub left_out: Vec<String>,
}

/// One commit of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// By which it is restored.
    pub id: CommitId,
    /// When it was made.
    pub at: Timestamp,
    /// First line of its message.
    pub message: String,
}

/// Commits what lies below `folders` (files are well too) if it differs from the commit before. The repository is
/// made (mode 0700, because it may hold secrets) where `bare` is absent or an empty folder.
///
/// A kill at any point leaves the commit whole or not there. Another keeper is waited for up to 30 s. A file that
/// cannot be read, and a folder that is not there, are errors: their absence would look as if somebody had removed
/// them. Blocks.
pub fn commit(folders: &[PathBuf], bare: &Path, message: &str, clock: &Clock) -> anyhow::Result<Committed> {
    let bare = std::path::absolute(bare)?;
    let _lock = open_or_create(&bare)?;
    let git = Git::at(&bare);
    let head = git.head()?;
    clear_stale(&git, clock)?;
    let scratch = Scratch::create(&bare)?;
    let (tree, found) = write_tree(&git, folders, &scratch)?;
    let left_out = found.left_out.iter().map(|(at, why)| format!("/{}: {why}", String::from_utf8_lossy(at)));
    let left_out = left_out.collect();
    if let Some(head) = &head {
        let old = git.line(&["rev-parse", "--verify", &format!("{head}^{{tree}}")], b"");
        let old = old.with_context(|| format!("the newest commit of {} cannot be read", bare.display()))?;
        if old == tree {
            return Ok(Committed { id: None, left_out });
        }
    }
    let id = write_commit(&git, head.as_deref(), &tree, message, clock.now())?;
    drop(scratch);
    if let Err(error) = git.run(&["gc", "--auto", "--quiet"], b"") {
        tracing::warn!(error = format!("{error:#}"), "a git repository could not be packed");
    }
    Ok(Committed { id: CommitId::parse(&id), left_out })
}

/// The newest commits, newest first.
pub fn list(bare: &Path, limit: usize) -> anyhow::Result<Vec<Commit>> {
    let git = open(bare)?;
    let Some(head) = git.head()? else { return Ok(Vec::new()) };
    let text = git.run(&["log", "--format=%H %ct %s", &format!("--max-count={limit}"), &head, "--"], b"")?;
    let text = String::from_utf8_lossy(&text);
    let read = |line: &str| {
        let mut words = line.splitn(3, ' ');
        let (id, seconds) = (CommitId::parse(words.next()?)?, words.next()?.parse().ok()?);
        let message = words.next().unwrap_or_default().to_owned();
        Some(Commit { id, at: Timestamp::from_second(seconds).ok()?, message })
    };
    Ok(text.lines().filter_map(read).collect())
}

/// Reads every object of the repository and compares it with its hash. What is wrong, in git's words; nothing when
/// it is sound. Costs as much as the repository is large.
pub fn check(bare: &Path) -> anyhow::Result<Vec<String>> {
    let git = open(bare)?;
    let mut damage: Vec<String> = git.head().err().map(|error| format!("{error:#}")).into_iter().collect();
    let arguments = ["fsck", "--full", "--no-dangling", "--no-progress"];
    let output = git.try_run(&arguments, b"")?;
    if !output.status.success() {
        let said = [output.stderr.as_slice(), output.stdout.as_slice()].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        let lines =
            said.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("notice:"));
        damage.extend(lines.take(DAMAGES).map(|line| format!("git fsck says: {line}")));
        if damage.is_empty() {
            damage.push(git.complaint(&arguments, &output));
        }
    }
    Ok(damage)
}

fn write_commit(
    git: &Git,
    head: Option<&str>,
    tree: &str,
    message: &str,
    now: Timestamp,
) -> anyhow::Result<String> {
    let date = format!("@{} +0000", now.as_second());
    let git = git
        .clone()
        .with("GIT_AUTHOR_NAME", "keeper")
        .with("GIT_AUTHOR_EMAIL", "keeper@localhost")
        .with("GIT_AUTHOR_DATE", date.clone())
        .with("GIT_COMMITTER_NAME", "keeper")
        .with("GIT_COMMITTER_EMAIL", "keeper@localhost")
        .with("GIT_COMMITTER_DATE", date);
    let mut arguments = vec!["commit-tree", "--no-gpg-sign", tree];
    arguments.extend(head.into_iter().flat_map(|head| ["-p", head]));
    let id = git.line(&arguments, message.as_bytes())?;
    let nothing = "0".repeat(id.len());
    // Only from here on the commit is seen, so all of it must be there whatever happens to the machine.
    git.sync()?;
    git.run(&["update-ref", "-m", "keeper", "HEAD", &id, head.unwrap_or(&nothing)], b"")?;
    Ok(id)
}

/// Stores every file, and a tree of all of them; its hash.
fn write_tree(git: &Git, folders: &[PathBuf], scratch: &Scratch) -> anyhow::Result<(String, Found)> {
    let mut attempt = 1;
    loop {
        let found = tree::find(folders, git.bare())?;
        match write_blobs(git, &found, scratch) {
            Ok(ids) => return Ok((write_index(git, &found, &ids, scratch)?, found)),
            // What has vanished since it was found is not among what is found again.
            Err(error) if attempt == ATTEMPTS => return Err(error),
            Err(_) => attempt += 1,
        }
    }
}

/// Hashes of the contents of all files and links in their order, that of the list last.
fn write_blobs(git: &Git, found: &Found, scratch: &Scratch) -> anyhow::Result<Vec<String>> {
    let mut paths = Vec::new();
    for (index, entry) in found.files.values().enumerate() {
        let path = match entry {
            Entry::File { path, .. } => path.clone(),
            Entry::Link { target } => scratch.file(&format!("link-{index}"), target)?,
        };
        paths.extend(tree::git_quoted(&path));
    }
    paths.extend(tree::git_quoted(&scratch.file("list", &tree::write_list(found))?));
    let ids = git.line(&["hash-object", "-w", "--no-filters", "--stdin-paths"], &paths)?;
    let ids: Vec<String> = ids.lines().map(str::to_owned).collect();
    if ids.len() != found.files.len() + 1 {
        bail!("git stored {} of {} files", ids.len(), found.files.len() + 1);
    }
    Ok(ids)
}

fn write_index(git: &Git, found: &Found, ids: &[String], scratch: &Scratch) -> anyhow::Result<String> {
    let entries = found.files.iter().map(|(at, entry)| (entry.git_mode(), at.as_slice()));
    let list = [("100644", LIST.as_bytes())];
    let mut lines = Vec::new();
    for ((mode, at), id) in entries.chain(list).zip(ids) {
        lines.extend(format!("{mode} {id}\t").bytes());
        lines.extend(at);
        lines.push(0);
    }
    let index = scratch.path.join("index");
    // An index of an attempt before is of no use.
    let _ = fs::remove_file(&index);
    let git = git.clone().with("GIT_INDEX_FILE", index.display().to_string());
    git.run(&["update-index", "-z", "--index-info"], &lines)?;
    git.line(&["write-tree"], b"")
}

/// A repository that is there.
fn open(bare: &Path) -> anyhow::Result<Git> {
    let bare = std::path::absolute(bare)?;
    if !bare.exists() {
        bail!("there is no git repository at {}", bare.display());
    }
    let git = Git::at(&bare);
    let is_bare = git.line(&["rev-parse", "--is-bare-repository"], b"");
    match is_bare {
        Ok(answer) if answer == "true" => Ok(git),
        outcome => {
            let reason = outcome.err().map(|error| format!(" ({error:#})")).unwrap_or_default();
            bail!(
                "{} is not a bare git repository, or a damaged one{reason}: name a folder that is absent or empty, \
                 or bring the repository back from a copy",
                bare.display()
            )
        }
    }
}

/// Opens a repository or makes it, and keeps other keepers out for as long as the file is open.
fn open_or_create(bare: &Path) -> anyhow::Result<File> {
    let creating = || format!("making the git repository {}", bare.display());
    if !bare.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(bare).with_context(creating)?;
    }
    // With our lock file but without the rest it is one whose making was cut off.
    let is_ours = bare.join(LOCK).exists();
    let is_empty = fs::read_dir(bare).with_context(creating)?.next().is_none();
    if !is_ours && !is_empty {
        open(bare)?;
    }
    fs::set_permissions(bare, Permissions::from_mode(0o700)).with_context(creating)?;
    let file = lock(bare)?;
    if open(bare).is_err() {
        let git = Git::at(bare);
        git.run(&["init", "--quiet", "--bare", "--template=", "--initial-branch=main"], b"")
            .with_context(creating)?;
        open(bare)?;
    }
    Ok(file)
}

fn lock(bare: &Path) -> anyhow::Result<File> {
    let path = bare.join(LOCK);
    let mut options = OpenOptions::new();
    let mut file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if started.elapsed() < LOCK_WAIT => thread::sleep(LOCK_STEP),
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(&path).unwrap_or_default();
                bail!("{} is in use by another keeper (process {})", bare.display(), holder.trim());
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("locking {}", bare.display()));
            }
        }
    }
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())?;
    Ok(file)
}

/// Removes what a killed git has left. Under our lock nobody but us moves HEAD and its branch; what a person may be
/// doing to the rest is given an hour.
fn clear_stale(git: &Git, clock: &Clock) -> anyhow::Result<()> {
    let branch = format!("{}.lock", git.branch()?);
    for name in [branch.as_str(), "HEAD.lock", "config.lock", "packed-refs.lock"] {
        let path = git.bare().join(name);
        let Ok(modified) = fs::metadata(&path).and_then(|metadata| metadata.modified()) else { continue };
        let is_old = Timestamp::try_from(modified)
            .is_ok_and(|modified| clock.now().duration_since(modified).unsigned_abs() > STALE);
        if name == branch || name == "HEAD.lock" || is_old {
            fs::remove_file(&path).with_context(|| format!("removing the stale {}", path.display()))?;
        }
    }
    Ok(())
}

/// A folder for files that git reads, removed when dropped.
struct Scratch {
    path: PathBuf,
}

impl Scratch {
    fn create(bare: &Path) -> io::Result<Self> {
        let path = bare.join(SCRATCH);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self { path })
    }

    fn file(&self, name: &str, content: &[u8]) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        fs::write(&path, content)?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The next commit empties it.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Whether a path inside a commit is `only` or lies below it.
fn is_wanted(at: &[u8], only: Option<&Path>) -> bool {
    let Some(only) = only else { return true };
    let only = only.as_os_str().as_bytes();
    let only = only.strip_prefix(b"/").unwrap_or(only);
    let only = only.strip_suffix(b"/").unwrap_or(only);
    at.strip_prefix(only).is_some_and(|rest| only.is_empty() || rest.is_empty() || rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_are_a_file_and_what_is_below_a_folder() {
        let check = |at: &str, only: Option<&str>, expected: bool| {
            assert_eq!(is_wanted(at.as_bytes(), only.map(Path::new)), expected, "{at} {only:?}");
        };
        check("etc/app/a", None, true);
        check("etc/app/a", Some("etc/app"), true);
        check("etc/app/a", Some("/etc/app/"), true);
        check("etc/app/a", Some("etc/app/a"), true);
        check("etc/app/a", Some("etc/ap"), false);
        check("etc/app", Some("etc/app/a"), false);
        check("etc", Some("/"), true);
    }

    #[test]
    fn ids_are_hexadecimal() {
        let check =
            |text: &str, expected: bool| assert_eq!(CommitId::parse(text).is_some(), expected, "{text}");
        check("00ff", true);
        check("ABCDEF0123456789abcdef0123456789abcdef01", true);
        check("abc", false);
        check("HEAD", false);
        check("--output=x", false);
    }
}
