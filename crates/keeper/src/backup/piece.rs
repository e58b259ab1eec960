//! Parts of a backup on their way into a repository.

use std::{
    fmt,
    io::{self, Read},
    path::PathBuf,
};

use jiff::Timestamp;

/// One part of a backup.
#[derive(Debug)]
pub enum Piece {
    /// A file or folder of this machine, taken as it is.
    Folder(FolderPiece),
    /// One file whose bytes come from a reader.
    Stream(StreamPiece),
}

impl Piece {
    /// Its path inside the snapshot, without a leading slash.
    pub fn at(&self) -> &str {
        match self {
            Self::Folder(folder) => &folder.at,
            Self::Stream(stream) => &stream.at,
        }
    }
}

/// A file or folder of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderPiece {
    /// Path inside the snapshot, such as `folders/config`.
    pub at: String,
    /// Where it is now.
    pub path: PathBuf,
    /// Files that are left out and never opened, by their whole paths without links.
    pub except: Vec<PathBuf>,
}

/// One file whose bytes come from a reader.
pub struct StreamPiece {
    /// Path inside the snapshot, such as `databases/loom.db`.
    pub at: String,
    /// Exactly so many bytes come; fewer or more are an error.
    pub size_bytes: u64,
    /// How the source looked before it was frozen. It is not read where the backup before has the same look and size.
    pub look: Look,
    /// Starts reading. An error of the reader fails the whole backup.
    pub open: Opener,
}

/// Starts reading.
pub type Opener = Box<dyn FnOnce() -> io::Result<Box<dyn Read + Send>> + Send>;

/// By which a source that has not changed is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Time of the last change of the content.
    pub modified_at: Timestamp,
    /// Time of the last change of content or attributes.
    pub changed_at: Timestamp,
    /// Number of the file in its file system.
    pub inode: u64,
}

impl fmt::Debug for StreamPiece {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, size_bytes, look, open: _ } = self;
        formatter
            .debug_struct("StreamPiece")
            .field("at", at)
            .field("size_bytes", size_bytes)
            .field("look", look)
            .finish_non_exhaustive()
    }
}
