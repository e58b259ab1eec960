//! What was known of a backup when it was taken, kept inside its snapshot as JSON.

use std::collections::BTreeMap;

use jiff::Timestamp;
use keeper_core::ledger::Hash;
use serde::{Deserialize, Serialize};

use super::repository::Stored;

/// Version of the format that is written.
const VERSION: u32 = 2;

/// What was known of a backup when it was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Of this format; a reader refuses newer ones.
    pub version: u32,
    /// `PLAN/NAME` of the backup.
    pub backup: String,
    /// When the sources were frozen.
    pub taken_at: Timestamp,
    /// Its parts.
    pub items: Vec<Item>,
}

/// One part of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its path inside the snapshot, without a leading slash.
    pub at: String,
    /// What it is.
    pub kind: Kind,
    /// Size of its bytes; 0 for a folder, whose files have theirs in the tree of the snapshot.
    pub size_bytes: u64,
    /// BLAKE3 of its bytes as they were read from the source, which `b3sum` gives too. The repository computes SHA-256
    /// of the same bytes; a second one would be a third of the processor time of a backup. A folder's files have
    /// theirs in the tree of the snapshot.
    pub blake3: Option<Hash>,
    /// Rows of each table of a database, as counted in the frozen source.
    #[serde(default)]
    pub rows: BTreeMap<String, u64>,
    /// Hash of each table's rows whatever their order, where the bytes of a restored database differ (PostgreSQL).
    #[serde(default)]
    pub content: Option<BTreeMap<String, Hash>>,
    /// What the engine says against the source; none when it is sound.
    #[serde(default)]
    pub damage: Option<String>,
}

/// What a part of a backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A whole SQLite database file.
    Sqlite,
    /// A dump in the custom format of `pg_dump`.
    Postgres,
    /// A file or folder.
    Folder,
    /// What a command wrote.
    Command,
}

impl Record {
    /// A record of what was frozen at this instant.
    pub fn new(backup: String, taken_at: Timestamp, items: Vec<Item>) -> Self {
        Self { version: VERSION, backup, taken_at, items }
    }

    /// The record inside a snapshot.
    pub fn of(stored: &Stored) -> Option<Self> {
        stored.description.as_deref().and_then(Self::parse)
    }

    /// Reads a record; none where a snapshot was made by another program or by a newer keeper.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str::<Self>(text).ok().filter(|record| record.version <= VERSION)
    }
}
