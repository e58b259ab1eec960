//! The row of `ledger_checkpoint`: what the ledger says up to one of its rows.

use keeper_core::ledger::{Anchor, Hash};
use storage::{Database, StorageError, params};

use super::{holder::bad_row, ledger_rows};

/// What was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The newest row that is in it.
    pub anchor: Anchor,
    /// The state of every task as JSON.
    pub history: String,
}

/// The one that is kept, where it is of this version of the format.
pub async fn current(database: &Database, version: u32) -> Result<Option<Kept>, StorageError> {
    let sql = "SELECT seq, hash, history FROM ledger_checkpoint WHERE id = 1 AND version = $1";
    let Some(row) = database.fetch_optional(sql, &params![version]).await? else { return Ok(None) };
    let seq = u64::try_from(row.get::<i64>("seq")?).map_err(|_| bad_row("ledger_checkpoint", "seq"))?;
    let hash = row.get::<String>("hash")?;
    let hash = Hash::parse(&hash).ok_or_else(|| bad_row("ledger_checkpoint", "hash"))?;
    Ok(Some(Kept { anchor: Anchor { seq, hash }, history: row.get("history")? }))
}

/// Keeps this one in the place of the one before.
pub async fn replace(database: &Database, version: u32, kept: &Kept) -> Result<(), StorageError> {
    let sql = "INSERT INTO ledger_checkpoint (id, version, seq, hash, history) VALUES (1, $1, $2, $3, $4) \
               ON CONFLICT (id) DO UPDATE SET version = excluded.version, seq = excluded.seq, \
               hash = excluded.hash, history = excluded.history";
    let (seq, hash) = (ledger_rows::number(kept.anchor.seq), kept.anchor.hash.to_string());
    database.execute(sql, &params![version, seq, hash, &kept.history]).await.map(drop)
}

/// Removes it.
pub async fn remove(database: &Database) -> Result<(), StorageError> {
    database.execute("DELETE FROM ledger_checkpoint", &[]).await.map(drop)
}
