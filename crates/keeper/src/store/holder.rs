//! The one row of `holder`: who may write the state file.

use jiff::Timestamp;
use serde::Serialize;
use storage::{Database, StorageError, Transaction, params};

/// A keeper that holds a state file, or held it when it died.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// Made up at its start; nobody else has the same.
    #[serde(skip)]
    pub token: String,
    /// Its machine.
    pub host: String,
    /// Its process there.
    pub pid: u32,
    /// When it took the file.
    pub since: Timestamp,
    /// When it last said that it lives.
    pub beat_at: Timestamp,
}

/// Who holds the file, or held it last.
pub async fn current(database: &Database) -> Result<Option<Holder>, StorageError> {
    let sql = "SELECT token, host, pid, since, beat_at FROM holder WHERE id = 1";
    database.fetch_optional(sql, &[]).await?.map(|row| read(&row)).transpose()
}

/// The token of whoever may write, within a unit of work.
pub async fn token(transaction: &mut Transaction) -> Result<Option<String>, StorageError> {
    let row = transaction.fetch_optional("SELECT token FROM holder WHERE id = 1", &[]).await?;
    row.map(|row| row.get("token")).transpose()
}

/// Puts a holder in the place of the one before.
pub async fn replace(database: &Database, holder: &Holder) -> Result<(), StorageError> {
    let sql = "INSERT INTO holder (id, token, host, pid, since, beat_at) VALUES (1, $1, $2, $3, $4, $5) \
               ON CONFLICT (id) DO UPDATE SET token = excluded.token, host = excluded.host, pid = excluded.pid, \
               since = excluded.since, beat_at = excluded.beat_at";
    let (since, beat) = (holder.since.to_string(), holder.beat_at.to_string());
    let values = params![&holder.token, &holder.host, holder.pid, since, beat];
    database.execute(sql, &values).await.map(drop)
}

/// Says that the holder lives; false when somebody else holds the file now.
pub async fn beat(database: &Database, token: &str, now: Timestamp) -> Result<bool, StorageError> {
    let sql = "UPDATE holder SET beat_at = $1 WHERE id = 1 AND token = $2";
    Ok(database.execute(sql, &params![now.to_string(), token]).await? == 1)
}

/// Gives the file up.
pub async fn release(database: &Database, token: &str) -> Result<(), StorageError> {
    let sql = "DELETE FROM holder WHERE id = 1 AND token = $1";
    database.execute(sql, &params![token]).await.map(drop)
}

/// A column that holds what this program never wrote.
pub(super) fn bad_row(table: &str, column: &str) -> StorageError {
    StorageError::Corrupt { detail: format!("{table}.{column} holds no value of keeper's") }
}

fn read(row: &storage::Row) -> Result<Holder, StorageError> {
    let time = |column: &str| -> Result<Timestamp, StorageError> {
        row.get::<String>(column)?.parse().map_err(|_| bad_row("holder", column))
    };
    let pid = u32::try_from(row.get::<i64>("pid")?).map_err(|_| bad_row("holder", "pid"))?;
    let (since, beat_at) = (time("since")?, time("beat_at")?);
    Ok(Holder { token: row.get("token")?, host: row.get("host")?, pid, since, beat_at })
}
