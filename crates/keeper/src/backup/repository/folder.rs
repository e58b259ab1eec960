//! Files of a repository in a folder.
//!
//! A file is written under another name in the folder `tmp`, brought to the disk, and only then given its name, so
//! that whoever looks sees all of it or nothing, whatever is killed or loses its power.

use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use nix::errno::Errno;
use uuid::Uuid;

use super::files::{FileError, Files};

/// The folder of files that are being written.
const UNFINISHED: &str = "tmp";
/// Made by some file systems at the root of a disk, and not ours.
const NOT_OURS: &str = "lost+found";

/// Files of a repository in a folder.
#[derive(Debug, Clone)]
pub struct FolderFiles {
    root: PathBuf,
}

impl FolderFiles {
    /// In this folder, which is made with the first file.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn write_then_name(&self, unfinished: &Path, path: &Path, content: &[Bytes]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(unfinished)?;
        for part in content {
            file.write_all(part)?;
        }
        file.sync_all()?;
        drop(file);
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        name(unfinished, path)?;
        path.parent().map_or(Ok(()), sync_folder)
    }
}

impl Files for FolderFiles {
    fn place(&self) -> String {
        self.root.display().to_string()
    }

    fn list(&self, folder: &str) -> Result<Vec<(String, u64)>, FileError> {
        let mut found = Vec::new();
        let mut open = vec![self.root.join(folder)];
        while let Some(folder) = open.pop() {
            read_folder(&folder, &mut open, &mut found).map_err(|error| told(&folder, &error))?;
        }
        Ok(found)
    }

    fn read(&self, path: &str) -> Result<Bytes, FileError> {
        let path = self.root.join(path);
        fs::read(&path).map(Bytes::from).map_err(|error| told(&path, &error))
    }

    fn read_range(&self, path: &str, offset: u64, length: u64) -> Result<Bytes, FileError> {
        let path = self.root.join(path);
        let read = || {
            let file = File::open(&path)?;
            // The length comes from an index, so it is believed only as far as the file goes.
            if offset.saturating_add(length) > file.metadata()?.len() {
                return Err(io::Error::from(ErrorKind::UnexpectedEof));
            }
            let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
            file.read_exact_at(&mut bytes, offset)?;
            Ok(Bytes::from(bytes))
        };
        read().map_err(|error| told(&path, &error))
    }

    fn write(&self, path: &str, content: &[Bytes]) -> Result<(), FileError> {
        let path = self.root.join(path);
        let folder = self.root.join(UNFINISHED);
        let unfinished = folder.join(Uuid::new_v4().to_string());
        make_folder(&folder)
            .and_then(|()| self.write_then_name(&unfinished, &path, content))
            .inspect_err(|_| {
                // What stays behind is swept away later.
                let _ = fs::remove_file(&unfinished);
            })
            .map_err(|error| told(&path, &error))
    }

    fn remove(&self, path: &str) -> Result<(), FileError> {
        let path = self.root.join(path);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(told(&path, &error)),
            _ => Ok(()),
        }
    }

    fn sweep(&self) -> Result<(), FileError> {
        let folder = self.root.join(UNFINISHED);
        let (mut open, mut left) = (Vec::new(), Vec::new());
        read_folder(&folder, &mut open, &mut left).map_err(|error| told(&folder, &error))?;
        left.iter().try_for_each(|(name, _)| self.remove(&format!("{UNFINISHED}/{name}")))
    }
}

/// Gives a finished file its name. A configuration is never replaced: two that make a repository at the same moment
/// would lock each other out.
fn name(unfinished: &Path, path: &Path) -> io::Result<()> {
    if path.file_name() == Some(OsStr::new("config")) {
        match fs::hard_link(unfinished, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
            // Not every file system can have two names for a file.
            Err(_) => {}
            Ok(()) => return fs::remove_file(unfinished),
        }
    }
    fs::rename(unfinished, path)
}

/// Adds the folders and files of a folder to these lists.
fn read_folder(folder: &Path, open: &mut Vec<PathBuf>, found: &mut Vec<(String, u64)>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if name != UNFINISHED && name != NOT_OURS {
                open.push(entry.path());
            }
        } else if kind.is_file() {
            match entry.metadata() {
                // Somebody has removed it meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                metadata => found.push((name.to_string_lossy().into_owned(), metadata?.len())),
            }
        }
    }
    Ok(())
}

/// Makes a folder and those above it, for the owner alone, and brings them to the disk.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
        make_folder(above)?;
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        return sync_folder(above);
    }
    DirBuilder::new().mode(0o700).recursive(true).create(folder)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn told(path: &Path, error: &io::Error) -> FileError {
    let place = path.display().to_string();
    let reason = error.to_string();
    match (error.raw_os_error().map(Errno::from_raw), error.kind()) {
        (Some(Errno::ENOSPC | Errno::EDQUOT), _) => FileError::Full { place },
        (Some(Errno::EACCES | Errno::EPERM | Errno::EROFS), _) => FileError::Denied { place, reason },
        (
            Some(Errno::ESTALE | Errno::ETIMEDOUT | Errno::ENOTCONN | Errno::EHOSTDOWN | Errno::EHOSTUNREACH),
            _,
        ) => FileError::Unreachable { place, reason },
        (_, ErrorKind::NotFound) => FileError::NotFound { place },
        (_, ErrorKind::UnexpectedEof) => FileError::CutOff { place },
        _ => FileError::Other { place, reason },
    }
}
