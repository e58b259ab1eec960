//! A commit, or a part of it, written into an empty folder byte for byte, with modes and links.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
    process::ChildStdout,
    thread,
};

use anyhow::{Context, bail, ensure};

use super::{
    CommitId, is_wanted, open,
    program::Git,
    tree::{self, LIST, Modes},
};

/// A link says no more than a path.
const LINK_BYTES: u64 = 64 * 1024;

/// What was restored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restored {
    /// Files and links.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// One entry of a commit.
struct Entry {
    at: Vec<u8>,
    mode: String,
    id: String,
}

/// Restores a commit into a folder that is absent or empty: all of it, or the file or folder `only`, each at its
/// absolute path below `into`. Every file is read back and compared with its hash. When it fails, `into` is empty
/// again. Blocks.
pub fn restore(bare: &Path, id: &CommitId, only: Option<&Path>, into: &Path) -> anyhow::Result<Restored> {
    let git = open(bare)?;
    let commit = format!("{id}^{{commit}}");
    let commit = git
        .line(&["rev-parse", "--verify", "--quiet", &commit], b"")
        .with_context(|| format!("there is no commit {id} in {}", git.bare().display()))?;
    let (all, modes) = read_commit(&git, &commit)?;
    let wanted: Vec<Entry> = all.into_iter().filter(|entry| is_wanted(&entry.at, only)).collect();
    let folders = modes.folders.keys().filter(|at| is_wanted(at, only)).cloned().collect::<BTreeSet<_>>();
    if let Some(only) = only
        && wanted.is_empty()
        && folders.is_empty()
    {
        bail!("commit {id} holds no {}", only.display());
    }
    prepare(into)?;
    let outcome = fill(&git, &wanted, &folders, &modes, into);
    if outcome.is_err() {
        empty(into);
    }
    outcome
}

fn read_commit(git: &Git, commit: &str) -> anyhow::Result<(Vec<Entry>, Modes)> {
    let listed = git.run(&["ls-tree", "-r", "-z", "--full-tree", commit], b"")?;
    let (mut entries, mut modes) = (Vec::new(), Modes::default());
    for line in listed.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        let entry = parse(line).context("a commit lists what cannot be read")?;
        if entry.at == LIST.as_bytes() {
            modes = tree::read_list(&git.run(&["cat-file", "blob", &entry.id], b"")?);
        } else {
            check_path(&entry.at)?;
            entries.push(entry);
        }
    }
    for at in modes.folders.keys() {
        check_path(at)?;
    }
    Ok((entries, modes))
}

/// `100644 blob HASH<tab>PATH`
fn parse(line: &[u8]) -> Option<Entry> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let mut words = std::str::from_utf8(&line[..tab]).ok()?.split(' ');
    let (mode, _kind, id) = (words.next()?, words.next()?, words.next()?);
    Some(Entry { at: line[tab + 1..].to_vec(), mode: mode.to_owned(), id: id.to_owned() })
}

/// A repository that somebody has tampered with must not write elsewhere.
fn check_path(at: &[u8]) -> anyhow::Result<()> {
    let is_plain = |part: &[u8]| !part.is_empty() && part != b"." && part != b".." && !part.contains(&0);
    let is_safe = at.split(|byte| *byte == b'/').all(is_plain);
    ensure!(is_safe, "the commit holds a path that leads out of it: {}", String::from_utf8_lossy(at));
    Ok(())
}

fn prepare(into: &Path) -> anyhow::Result<()> {
    let preparing = || format!("preparing {}", into.display());
    match fs::read_dir(into).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => bail!("{} is not empty: restore into a folder that is absent or empty", into.display()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(0o700).create(into).with_context(preparing)
        }
        Err(error) => Err(error).with_context(preparing),
    }
}

/// It was empty before, so everything in it is ours.
fn empty(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        // What cannot be removed is found by whoever looks why the restore has failed.
        let _ = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    }
}

fn fill(
    git: &Git,
    wanted: &[Entry],
    folders: &BTreeSet<Vec<u8>>,
    modes: &Modes,
    into: &Path,
) -> anyhow::Result<Restored> {
    let mut made = BTreeSet::new();
    for folder in folders {
        make_folder(into, folder, &mut made)?;
    }
    for entry in wanted {
        if let Some(slash) = entry.at.iter().rposition(|byte| *byte == b'/') {
            make_folder(into, &entry.at[..slash], &mut made)?;
        }
    }
    let (files, links): (Vec<&Entry>, Vec<&Entry>) = wanted.iter().partition(|entry| entry.mode != "120000");
    // Links last: no file can be written through one.
    let mut restored = write_all(git, &files, into)?;
    check_all(git, &files, into)?;
    let linked = write_all(git, &links, into)?;
    restored.files += linked.files;
    restored.bytes += linked.bytes;
    for entry in files {
        let executable = if entry.mode == "100755" { 0o700 } else { 0o600 };
        let mode = modes.files.get(&entry.at).copied().unwrap_or(executable);
        fs::set_permissions(below(into, &entry.at), Permissions::from_mode(mode))?;
    }
    // From the inside out, because a folder may forbid what is below it.
    for folder in made.iter().rev() {
        let mode = modes.folders.get(folder).copied().unwrap_or(0o700);
        fs::set_permissions(below(into, folder), Permissions::from_mode(mode))?;
    }
    Ok(restored)
}

fn make_folder(into: &Path, folder: &[u8], made: &mut BTreeSet<Vec<u8>>) -> anyhow::Result<()> {
    let ends = folder.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(end, _)| end);
    for end in ends.chain([folder.len()]) {
        if made.insert(folder[..end].to_vec()) {
            let path = below(into, &folder[..end]);
            DirBuilder::new()
                .mode(0o700)
                .create(&path)
                .with_context(|| format!("making {}", path.display()))?;
        }
    }
    Ok(())
}

/// Writes all of them from one conversation with git.
fn write_all(git: &Git, entries: &[&Entry], into: &Path) -> anyhow::Result<Restored> {
    let mut child = git.spawn(&["cat-file", "--batch"])?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        bail!("git has no pipes");
    };
    let mut stdout = BufReader::new(stdout);
    let outcome = thread::scope(|scope| {
        // That git stops reading shows in what it answers.
        scope.spawn(move || entries.iter().try_for_each(|entry| writeln!(stdin, "{}", entry.id)));
        let mut restored = Restored::default();
        for entry in entries {
            let name = String::from_utf8_lossy(&entry.at);
            let bytes = write_one(&mut stdout, entry, into).with_context(|| format!("restoring /{name}"));
            match bytes {
                Ok(bytes) => restored.bytes += bytes,
                Err(error) => {
                    // Lets the writing thread end.
                    let _ = child.kill();
                    return Err(error);
                }
            }
            restored.files += 1;
        }
        Ok(restored)
    });
    child.wait()?;
    outcome
}

fn write_one(stdout: &mut BufReader<ChildStdout>, entry: &Entry, into: &Path) -> anyhow::Result<u64> {
    let mut head = String::new();
    stdout.read_line(&mut head)?;
    let mut words = head.split_whitespace().skip(1);
    let (Some("blob"), Some(Ok(size_bytes))) = (words.next(), words.next().map(str::parse::<u64>)) else {
        bail!("the repository does not give its content: {}", head.trim());
    };
    let (path, mut content) = (below(into, &entry.at), stdout.take(size_bytes));
    if entry.mode == "120000" {
        let mut target = Vec::new();
        ensure!(size_bytes <= LINK_BYTES, "a link of {size_bytes} bytes");
        content.read_to_end(&mut target)?;
        symlink(OsStr::from_bytes(&target), &path)?;
    } else {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let copied = io::copy(&mut content, &mut file)?;
        ensure!(copied == size_bytes, "its content ends after {copied} of {size_bytes} bytes");
    }
    let mut end = [0; 1];
    stdout.read_exact(&mut end).context("its content ends too early")?;
    Ok(size_bytes)
}

/// Git does not compare what it reads with its hash; this does, on the files as they were written.
fn check_all(git: &Git, files: &[&Entry], into: &Path) -> anyhow::Result<()> {
    let into = std::path::absolute(into)?;
    let paths: Vec<u8> = files.iter().flat_map(|entry| tree::git_quoted(&below(&into, &entry.at))).collect();
    let found = git.line(&["hash-object", "--no-filters", "--stdin-paths"], &paths)?;
    let mut found = found.lines();
    for entry in files {
        let name = String::from_utf8_lossy(&entry.at);
        ensure!(found.next() == Some(entry.id.as_str()), "the content of /{name} differs from its hash");
    }
    Ok(())
}

fn below(into: &Path, at: &[u8]) -> PathBuf {
    into.join(OsStr::from_bytes(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_out_are_refused() {
        let check =
            |at: &str, expected: bool| assert_eq!(check_path(at.as_bytes()).is_ok(), expected, "{at}");
        check("etc/app.toml", true);
        check("etc/..app", true);
        check("../etc", false);
        check("etc/../../x", false);
        check("/etc", false);
        check("etc//x", false);
        check("", false);
    }
}
