//! Reading one source, exactly as many bytes as were announced.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use nix::{errno::Errno, fcntl::OFlag};
use rustic_core::{ReadSourceOpen, RusticError, RusticResult};

use super::tally::Tally;
use crate::backup::{piece::Opener, repository::RepositoryError};

/// A source that is opened when its turn comes, if at all.
pub(super) enum Unopened {
    /// A file of this machine.
    File {
        /// Where it is.
        path: PathBuf,
        /// As it was when it was found.
        size_bytes: u64,
        /// Its number in its file system then.
        inode: u64,
        /// Where it is counted.
        tally: Arc<Tally>,
    },
    /// Somebody's reader.
    Stream {
        /// Its path in the snapshot.
        at: String,
        /// Exactly so many bytes come.
        size_bytes: u64,
        /// Starts it.
        open: Opener,
        /// Its number in the tally.
        number: usize,
        /// Where it is counted.
        tally: Arc<Tally>,
    },
}

/// Reads one source.
pub(super) struct SourceReader {
    inner: Box<dyn Read + Send>,
    at: String,
    left: u64,
    /// The number of a stream, which must end where it was announced. A file may have grown since it was found: what
    /// was added belongs to the next backup.
    stream: Option<usize>,
    tally: Arc<Tally>,
}

impl ReadSourceOpen for Unopened {
    type Reader = SourceReader;

    fn open(self) -> RusticResult<SourceReader> {
        match self {
            Self::File { path, size_bytes, inode, tally } => open_file(&path, size_bytes, inode, tally),
            Self::Stream { at, size_bytes, open, number, tally } => {
                tally.begin(number);
                let opened = open();
                let inner = opened.map_err(|error| failed(&tally, RepositoryError::source(&at, error)))?;
                Ok(SourceReader { inner, at, left: size_bytes, stream: Some(number), tally })
            }
        }
    }
}

fn open_file(path: &Path, size_bytes: u64, inode: u64, tally: Arc<Tally>) -> RusticResult<SourceReader> {
    // Somebody may have put a link or a pipe into its place.
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).bits();
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let gone = |tally: &Tally| {
        tally.take_back(size_bytes);
        RusticError::new(rustic_core::ErrorKind::InputOutput, "it is gone")
    };
    let file: File = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(gone(&tally)),
        Err(error) if error.raw_os_error() == Some(Errno::ELOOP as i32) => return Err(gone(&tally)),
        Err(error) => return Err(failed(&tally, RepositoryError::source(path.display(), error))),
        Ok(file) => file,
    };
    match file.metadata() {
        Err(error) => Err(failed(&tally, RepositoryError::source(path.display(), error))),
        Ok(metadata) if !metadata.is_file() => Err(gone(&tally)),
        // Cut to the size of the old one, it would be a file that never was.
        Ok(metadata) if metadata.ino() != inode => {
            let error =
                RepositoryError::source(path.display(), "it was replaced meanwhile; take the backup again");
            Err(failed(&tally, error))
        }
        Ok(_) => {
            let at = path.display().to_string();
            Ok(SourceReader { inner: Box::new(file), at, left: size_bytes, stream: None, tally })
        }
    }
}

fn failed(tally: &Tally, error: RepositoryError) -> Box<RusticError> {
    tally.fail(error.clone());
    RusticError::with_source(rustic_core::ErrorKind::InputOutput, "a source failed", error)
}

impl SourceReader {
    fn fail(&self, reason: impl std::fmt::Display) -> io::Error {
        let error = RepositoryError::source(&self.at, reason);
        self.tally.fail(error.clone());
        io::Error::other(error)
    }

    fn read_once(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.inner.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fail(error)),
                Ok(count) => return Ok(count),
            }
        }
    }

    /// A stream that has more to say than was announced would be cut off.
    fn finish(&mut self) -> io::Result<()> {
        let Some(number) = self.stream.take() else { return Ok(()) };
        if self.read_once(&mut [0])? > 0 {
            return Err(self.fail("it is longer than was announced"));
        }
        self.tally.end(number);
        Ok(())
    }
}

impl Read for SourceReader {
    /// Fills the buffer as far as the source goes: the library makes do with ever smaller pieces otherwise.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.tally.failed() {
            return Err(io::Error::other(error));
        }
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let mut filled = 0;
        while filled < wanted {
            let count = self.read_once(&mut buffer[filled..wanted])?;
            if count == 0 {
                return Err(self.fail("it became shorter while it was read"));
            }
            filled += count;
        }
        self.left -= filled as u64;
        if self.left == 0 {
            self.finish()?;
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tokio_util::sync::CancellationToken;

    use super::*;

    #[test]
    fn a_file_that_was_replaced_after_it_was_found_is_not_cut_to_the_old_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.toml");
        fs::write(&path, "old").unwrap();
        let found = fs::metadata(&path).unwrap();
        let open = |tally: &Arc<Tally>| {
            let (size_bytes, inode) = (found.len(), found.ino());
            Unopened::File { path: path.clone(), size_bytes, inode, tally: Arc::clone(tally) }.open().is_ok()
        };
        let tally = Arc::new(Tally::new(CancellationToken::new(), CancellationToken::new()));
        assert!(open(&tally) && tally.failed().is_none());
        fs::write(folder.path().join("new"), "new and longer").unwrap();
        fs::rename(folder.path().join("new"), &path).unwrap();
        assert!(!open(&tally));
        assert!(tally.failed().unwrap().to_string().contains("it was replaced meanwhile"));
    }
}
