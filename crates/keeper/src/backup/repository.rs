//! Backups in the format of restic's repositories (version 2), through `rustic_core`, with our own storage under it.
//!
//! `rustic_core` logs most errors of a backup and goes on, takes no locks and panics on some damage, so this module
//! holds every snapshot back until it is known to be whole, takes the locks of restic, and reads and compares on its
//! own. Everything here blocks.

mod check;
mod crew;
mod error;
pub mod files;
mod folder;
mod glue;
mod keys;
mod lock;
mod open;
mod progress;
mod prune;
mod restore;
pub mod s3;
mod seal;
mod snapshots;
mod tree;
mod write;

use std::{sync::Arc, time::Duration};

use chassis::Clock;
use rustic_core::{Id, repofile::MasterKey};

pub use check::{Damage, ReadData};
pub use error::RepositoryError;
use files::Files;
pub use folder::FolderFiles;
pub use keys::Key;
pub use progress::{Progress, Quiet};
pub use prune::Pruned;
pub use restore::RestoredStats;
pub use snapshots::{Readable, SnapshotId, Stored};
pub use tree::StoredFile;
pub use write::{Contents, SnapshotHead, Written};

/// How long a lock of somebody else is waited for, unless [`Repository::with_patience`] says otherwise.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open repository. It holds no lock by itself: each call takes the one it needs and gives it back.
#[derive(Debug, Clone)]
pub struct Repository {
    files: Arc<dyn Files>,
    master: Master,
    /// The key file that the password opened.
    key: Id,
    clock: Clock,
    patience: Duration,
}

/// The key under all keys; never shown.
#[derive(Clone)]
struct Master(MasterKey);

impl std::fmt::Debug for Master {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(chassis::secret::MASK)
    }
}

impl Repository {
    /// Where it is, for people.
    pub fn place(&self) -> String {
        self.files.place()
    }

    /// Size of everything that is stored.
    pub fn size_bytes(&self) -> Result<u64, RepositoryError> {
        Ok(self.files.list("data")?.into_iter().map(|(_, size)| size).sum())
    }

    /// Waits so long for somebody else's lock before giving up with [`RepositoryError::Held`].
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Takes the times of locks from this clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }
}
