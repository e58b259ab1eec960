//! What a commit holds: the files below some folders, and a list of what git itself does not keep (modes, empty
//! folders, what was left out).

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, Metadata},
    io,
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::{FileTypeExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

/// Path of the list inside a commit. No file of a machine has it, because paths begin with a folder of the root.
pub(super) const LIST: &str = ".keeper-list";

/// Permissions that are kept: those of owner, group and others.
const MODE: u32 = 0o777;

/// Everything below some folders, by its path inside a commit: the absolute path without the leading slash.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Files and links.
    pub(super) files: BTreeMap<Vec<u8>, Entry>,
    /// Folders and their modes.
    pub(super) folders: BTreeMap<Vec<u8>, u32>,
    /// What was left out, and why.
    pub(super) left_out: BTreeMap<Vec<u8>, &'static str>,
}

/// A file or link.
#[derive(Debug)]
pub(super) enum Entry {
    /// A file.
    File {
        /// Where it is.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A symbolic link.
    Link {
        /// What it says.
        target: Vec<u8>,
    },
}

impl Entry {
    /// As git writes it.
    pub(super) fn git_mode(&self) -> &'static str {
        match self {
            Self::Link { .. } => "120000",
            Self::File { mode, .. } if mode & 0o100 != 0 => "100755",
            Self::File { .. } => "100644",
        }
    }
}

/// Looks through files and folders, which may be given through a link. `except` is left out.
pub(super) fn find(roots: &[PathBuf], except: &Path) -> anyhow::Result<Found> {
    let mut found = Found::default();
    for root in roots {
        let root = std::path::absolute(root)?;
        let reading = || format!("reading {}", root.display());
        let metadata = fs::metadata(&root).with_context(reading)?;
        if root.components().any(|part| is_git_own(part.as_os_str())) {
            bail!("{} lies in a folder of git's own and cannot be committed", root.display());
        }
        add(&mut found, &root, &metadata, except).with_context(reading)?;
        if metadata.is_dir() {
            walk(&mut found, root, except)?;
        }
    }
    Ok(found)
}

fn walk(found: &mut Found, root: PathBuf, except: &Path) -> anyhow::Result<()> {
    let mut open = vec![root];
    while let Some(folder) = open.pop() {
        let reading = || format!("reading {}", folder.display());
        for entry in fs::read_dir(&folder).with_context(reading)? {
            let path = entry.with_context(reading)?.path();
            let metadata =
                fs::symlink_metadata(&path).with_context(|| format!("reading {}", path.display()))?;
            let is_open = add(found, &path, &metadata, except).with_context(reading)?;
            if is_open {
                open.push(path);
            }
        }
    }
    Ok(())
}

/// Notes one thing; whether it is a folder to be looked into.
fn add(found: &mut Found, path: &Path, metadata: &Metadata, except: &Path) -> io::Result<bool> {
    let (at, kind) = (inside(path), metadata.file_type());
    let mode = metadata.permissions().mode() & MODE;
    let left_out = if path.file_name().is_some_and(is_git_own) {
        Some("git cannot store what has this name")
    } else if path == except {
        Some("it is the repository itself")
    } else if kind.is_fifo() || kind.is_socket() || kind.is_block_device() || kind.is_char_device() {
        Some("it is neither a file nor a folder nor a link")
    } else {
        None
    };
    if let Some(reason) = left_out {
        found.left_out.insert(at, reason);
        return Ok(false);
    }
    if kind.is_dir() {
        found.folders.insert(at, mode);
        return Ok(true);
    }
    let entry = if kind.is_symlink() {
        Entry::Link { target: fs::read_link(path)?.into_os_string().into_vec() }
    } else {
        Entry::File { path: path.to_owned(), mode }
    };
    found.files.insert(at, entry);
    Ok(false)
}

/// The name that git keeps for itself, in any case.
fn is_git_own(name: &OsStr) -> bool {
    name.as_bytes().eq_ignore_ascii_case(b".git")
}

fn inside(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_bytes();
    bytes.strip_prefix(b"/").unwrap_or(bytes).to_vec()
}

/// Modes and folders as they are read from the list of a commit.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Modes {
    /// Of files.
    pub(super) files: BTreeMap<Vec<u8>, u32>,
    /// Of folders, the empty ones included.
    pub(super) folders: BTreeMap<Vec<u8>, u32>,
}

/// The list: one line a file or folder with its mode, and one for each thing that was left out.
pub(super) fn write_list(found: &Found) -> Vec<u8> {
    let mut text = String::new();
    for (at, entry) in &found.files {
        if let Entry::File { mode, .. } = entry {
            text.push_str(&format!("file {mode:03o} {}\n", escaped(at)));
        }
    }
    for (at, mode) in &found.folders {
        text.push_str(&format!("folder {mode:03o} {}\n", escaped(at)));
    }
    for (at, reason) in &found.left_out {
        text.push_str(&format!("left-out {}: {reason}\n", escaped(at)));
    }
    text.into_bytes()
}

/// Reads a list; a line of another kind says nothing.
pub(super) fn read_list(list: &[u8]) -> Modes {
    let mut modes = Modes::default();
    for line in String::from_utf8_lossy(list).lines() {
        let mut words = line.splitn(3, ' ');
        let (Some(kind), Some(mode), Some(at)) = (words.next(), words.next(), words.next()) else { continue };
        let Ok(mode) = u32::from_str_radix(mode, 8) else { continue };
        match kind {
            "file" => modes.files.insert(unescaped(at), mode & MODE),
            "folder" => modes.folders.insert(unescaped(at), mode & MODE),
            _ => None,
        };
    }
    modes
}

/// Readable, and on one line: control characters, percent signs and what is not UTF-8 become `%XX`.
fn escaped(path: &[u8]) -> String {
    let mut text = String::new();
    for chunk in path.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() || character == '%' {
                let mut buffer = [0; 4];
                character
                    .encode_utf8(&mut buffer)
                    .bytes()
                    .for_each(|byte| text.push_str(&format!("%{byte:02X}")));
            } else {
                text.push(character);
            }
        }
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("%{byte:02X}")));
    }
    text
}

fn unescaped(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%').then(|| after.get(..2)).flatten().and_then(|code| hex::decode(code).ok());
        match code {
            Some(byte) => {
                bytes.extend(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

/// A path as git reads it from a list of paths: always in quotes, so that no character of it can be misread.
pub(super) fn git_quoted(path: &Path) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend([b'\\', *byte]),
            0x20..=0x7e => quoted.push(*byte),
            _ => quoted.extend(format!("\\{byte:03o}").bytes()),
        }
    }
    quoted.extend(b"\"\n");
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_escaped_and_comes_back() {
        let check = |path: &[u8], expected: &str| {
            assert_eq!(escaped(path), expected);
            assert_eq!(unescaped(expected), path, "{expected}");
        };
        check(b"etc/app.toml", "etc/app.toml");
        check("etc/设置 one".as_bytes(), "etc/设置 one");
        check(b"a\nb%41\r\xff\x7f", "a%0Ab%2541%0D%FF%7F");
        check("c\u{85}d".as_bytes(), "c%C2%85d");
    }

    #[test]
    fn quoted_paths_have_one_line() {
        let path = Path::new(OsStr::from_bytes(b"/a b\"\\\n\xe4\r"));
        assert_eq!(String::from_utf8(git_quoted(path)).unwrap(), "\"/a b\\\"\\\\\\012\\344\\015\"\n");
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let mut found = Found::default();
        let file = |mode| Entry::File { path: PathBuf::from("/x"), mode };
        found.files.insert(b"etc/a b".to_vec(), file(0o640));
        found.files.insert(b"etc/link".to_vec(), Entry::Link { target: b"a b".to_vec() });
        found.folders.insert(b"etc".to_vec(), 0o750);
        found.left_out.insert(b"etc/.git".to_vec(), "why");
        let list = write_list(&found);
        assert_eq!(
            String::from_utf8_lossy(&list),
            "file 640 etc/a b\nfolder 750 etc\nleft-out etc/.git: why\n"
        );
        let modes = read_list(&list);
        assert_eq!(modes.files, BTreeMap::from([(b"etc/a b".to_vec(), 0o640)]));
        assert_eq!(modes.folders, BTreeMap::from([(b"etc".to_vec(), 0o750)]));
        assert_eq!(read_list(b"file 9 x\nnonsense\nfile\nfile 644\n\xff\xfe"), Modes::default());
        assert_eq!(read_list(b"file 4755 x").files[&b"x".to_vec()], 0o755);
    }
}
