//! Files of a repository, wherever they are.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use thiserror::Error;

use super::{FolderFiles, s3::S3Files};
use crate::backup::Location;

/// The files at a location. Nothing is read or made yet.
pub fn open(location: &Location) -> Result<Arc<dyn Files>, FileError> {
    match location {
        Location::Folder(path) => Ok(Arc::new(FolderFiles::new(path))),
        Location::S3(s3) => Ok(Arc::new(S3Files::new(s3)?)),
    }
}

/// A place that keeps whole files under paths such as `config` or `data/4f/4f1c…`; a path is never written twice with
/// different content.
pub trait Files: fmt::Debug + Send + Sync + 'static {
    /// The place, for people; without secrets.
    fn place(&self) -> String;

    /// Every file below a folder at any depth: its last name and its size in bytes. A folder that is not there is
    /// empty, and no name at all means the whole place. What is still being written is not among them.
    fn list(&self, folder: &str) -> Result<Vec<(String, u64)>, FileError>;

    /// The whole file.
    fn read(&self, path: &str) -> Result<Bytes, FileError>;

    /// Exactly so many bytes of a file.
    fn read_range(&self, path: &str, offset: u64, length: u64) -> Result<Bytes, FileError>;

    /// Writes a file, all of it or nothing; once this returns it stays, whatever happens to the machine.
    fn write(&self, path: &str, content: &[Bytes]) -> Result<(), FileError>;

    /// Removes a file; one that is not there is well.
    fn remove(&self, path: &str) -> Result<(), FileError>;

    /// Removes what writers that were killed have left half-written. Only to be called while nobody else writes.
    fn sweep(&self) -> Result<(), FileError> {
        Ok(())
    }
}

/// Why a file could not be read or written. `place` is the one of [`Files::place`] with the path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FileError {
    /// It is not there.
    #[error("{place} is not there")]
    NotFound {
        /// Which.
        place: String,
    },
    /// Whoever we are, we may not.
    #[error("{place} may not be used: {reason}")]
    Denied {
        /// Which.
        place: String,
        /// What was answered.
        reason: String,
    },
    /// There is no space left.
    #[error("no space is left for {place}")]
    Full {
        /// Which.
        place: String,
    },
    /// The place does not answer, or says that it cannot.
    #[error("{place} cannot be reached: {reason}")]
    Unreachable {
        /// Which.
        place: String,
        /// What happened.
        reason: String,
    },
    /// It is shorter than what was asked for.
    #[error("{place} ends too early")]
    CutOff {
        /// Which.
        place: String,
    },
    /// Something else.
    #[error("{place}: {reason}")]
    Other {
        /// Which.
        place: String,
        /// What happened.
        reason: String,
    },
}
