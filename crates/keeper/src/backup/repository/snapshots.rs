//! The snapshots of a repository.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use keeper_core::ledger::Hash;
use rustic_core::{FileType, Id};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{
    Damage, Repository, RepositoryError, crew,
    files::FileError,
    glue::{hash_of, path_of},
    seal::Seal,
};

/// A snapshot with its record is far smaller.
const LARGEST: u64 = 64 << 20;

/// By which the repository knows a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct SnapshotId(Hash);

impl SnapshotId {
    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        Hash::parse(text).map(Self)
    }

    /// The first eight digits, as restic shows it.
    pub fn short(&self) -> String {
        self.0.to_string().chars().take(8).collect()
    }

    pub(super) fn of(id: &Id) -> Self {
        Self(super::glue::ledger_hash(id))
    }

    pub(super) fn id(self) -> Id {
        self.0.to_string().parse().unwrap_or_default()
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Debug for SnapshotId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SnapshotId({})", self.short())
    }
}

/// A snapshot as it is in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// By which it is known.
    pub id: SnapshotId,
    /// When its sources were frozen.
    pub taken_at: Timestamp,
    /// `PLAN/NAME` of the backup; empty where another program made it.
    pub label: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// The machine it was made on.
    pub host: String,
    /// Our record as JSON, or what somebody else wrote there.
    pub description: Option<String>,
    /// Hash of all that is in it.
    pub tree: Hash,
}

/// The snapshots that can be read, and what is wrong with the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readable {
    /// Those that can be read, the oldest first.
    pub snapshots: Vec<Stored>,
    /// Those that cannot.
    pub damaged: Vec<Damage>,
}

/// A snapshot as it is written.
#[derive(Deserialize)]
struct Written {
    time: Timestamp,
    tree: Hash,
    #[serde(default)]
    label: String,
    #[serde(default)]
    tags: Option<BTreeSet<String>>,
    #[serde(default)]
    hostname: String,
    #[serde(default)]
    description: Option<String>,
}

impl Repository {
    /// All snapshots, the oldest first. Fails when one cannot be read; [`readable`](Self::readable) gives the others.
    pub fn snapshots(&self) -> Result<Vec<Stored>, RepositoryError> {
        let Readable { snapshots, damaged } = self.readable()?;
        match damaged.into_iter().next() {
            None => Ok(snapshots),
            Some(Damage { file, text }) => Err(RepositoryError::Damaged { file, reason: text }),
        }
    }

    /// The snapshots that can be read, and what is wrong with the others.
    pub fn readable(&self) -> Result<Readable, RepositoryError> {
        let files = self.files.list("snapshots")?;
        let ids: Vec<Id> = files.into_iter().filter_map(|(name, _)| name.parse().ok()).collect();
        let found = Mutex::new(Vec::with_capacity(ids.len()));
        let read = |(): &mut (), id: &Id| {
            let read = self.snapshot_of(id);
            found.lock().unwrap_or_else(PoisonError::into_inner).push(read);
            Ok(())
        };
        crew::each(&ids, &CancellationToken::new(), || Ok(()), read)?;
        let mut readable = Readable::default();
        for read in found.into_inner().unwrap_or_else(PoisonError::into_inner) {
            match read {
                Ok(Some(stored)) => readable.snapshots.push(stored),
                Ok(None) => {}
                Err(RepositoryError::Damaged { file, reason }) => {
                    readable.damaged.push(Damage { file, text: reason });
                }
                Err(other) => return Err(other),
            }
        }
        readable.snapshots.sort_by_key(|stored| (stored.taken_at, stored.id));
        readable.damaged.sort();
        Ok(readable)
    }

    /// One snapshot.
    pub fn snapshot(&self, id: &SnapshotId) -> Result<Stored, RepositoryError> {
        self.snapshot_of(&id.id())?.ok_or_else(|| RepositoryError::NoSuchSnapshot { id: id.to_string() })
    }

    /// None when it has been removed meanwhile.
    fn snapshot_of(&self, id: &Id) -> Result<Option<Stored>, RepositoryError> {
        let path = path_of(FileType::Snapshot, id);
        let bytes = match self.files.read(&path) {
            Err(FileError::NotFound { .. }) => return Ok(None),
            read => read.map_err(|error| RepositoryError::of_read(&path, error))?,
        };
        if hash_of(&bytes) != *id {
            return Err(RepositoryError::damaged(path, "its content does not fit its name"));
        }
        let written: Option<Written> = Seal::new(&self.master.0)
            .and_then(|seal| seal.open_file(&bytes, LARGEST))
            .and_then(|text| serde_json::from_slice(&text).ok());
        let Some(written) = written else {
            return Err(RepositoryError::damaged(path, "it cannot be opened, or is not a snapshot"));
        };
        Ok(Some(Stored {
            id: SnapshotId::of(id),
            taken_at: written.time,
            label: written.label,
            tags: written.tags.unwrap_or_default().into_iter().collect(),
            host: written.hostname,
            description: written.description,
            tree: written.tree,
        }))
    }
}
