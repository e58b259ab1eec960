//! Rows of `ledger`, only ever added.

use jiff::Timestamp;
use keeper_core::ledger::{Anchor, Hash, Row};
use storage::{Database, StorageError, Transaction, params};

use super::holder::bad_row;

/// Rows that are held in memory at once when all are read.
pub const BATCH: u32 = 5_000;

/// The newest row as a head; the empty one when there is none.
pub async fn head(database: &Database) -> Result<Anchor, StorageError> {
    let sql = "SELECT seq, at, body, previous, hash FROM ledger ORDER BY seq DESC LIMIT 1";
    let row = database.fetch_optional(sql, &[]).await?;
    row.map_or(Ok(Anchor::EMPTY), |row| Ok(read(&row)?.anchor()))
}

/// The hash of one row; none where it is not there.
pub async fn hash(database: &Database, seq: u64) -> Result<Option<Hash>, StorageError> {
    let row =
        database.fetch_optional("SELECT hash FROM ledger WHERE seq = $1", &params![number(seq)]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Hash::parse(&row.get::<String>("hash")?))
}

/// Adds one row.
pub async fn add(transaction: &mut Transaction, row: &Row) -> Result<(), StorageError> {
    let sql = "INSERT INTO ledger (seq, at, body, previous, hash) VALUES ($1, $2, $3, $4, $5)";
    let (at, previous, hash) = (row.at.to_string(), row.previous.to_string(), row.hash.to_string());
    transaction.execute(sql, &params![number(row.seq), at, &row.body, previous, hash]).await.map(drop)
}

/// Rows after this number, oldest first.
pub async fn after(database: &Database, seq: u64, limit: u32) -> Result<Vec<Row>, StorageError> {
    let sql = "SELECT seq, at, body, previous, hash FROM ledger WHERE seq > $1 ORDER BY seq LIMIT $2";
    database.fetch_all(sql, &params![number(seq), limit]).await?.iter().map(read).collect()
}

/// The newest rows, newest first.
pub async fn newest(database: &Database, limit: u32) -> Result<Vec<Row>, StorageError> {
    let sql = "SELECT seq, at, body, previous, hash FROM ledger ORDER BY seq DESC LIMIT $1";
    database.fetch_all(sql, &params![limit]).await?.iter().map(read).collect()
}

/// Row numbers in the database's type.
pub(super) fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

pub(super) fn read(row: &storage::Row) -> Result<Row, StorageError> {
    let hash = |column: &str| -> Result<Hash, StorageError> {
        Hash::parse(&row.get::<String>(column)?).ok_or_else(|| bad_row("ledger", column))
    };
    let seq = u64::try_from(row.get::<i64>("seq")?).map_err(|_| bad_row("ledger", "seq"))?;
    let at: Timestamp = row.get::<String>("at")?.parse().map_err(|_| bad_row("ledger", "at"))?;
    Ok(Row { seq, at, body: row.get("body")?, previous: hash("previous")?, hash: hash("hash")? })
}
