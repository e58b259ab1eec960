//! Rows of `switches`: what an operator switched off, for all replicas at once.

use chassis::clock::utc_text;
use jiff::Timestamp;
use storage::{Database, StorageError, params};

/// Whether profiles are written; switched off before a downgrade.
pub const PROFILE_WRITES: &str = "profile_writes";

/// Since when a switch is off (UTC text); nothing while it is on.
pub async fn off_since(database: &Database, name: &str) -> Result<Option<String>, StorageError> {
    let sql = "SELECT switched_off_at FROM switches WHERE name = $1";
    database.fetch_optional(sql, &params![name]).await?.map(|row| row.get("switched_off_at")).transpose()
}

/// Switches off; says whether it was on.
pub async fn switch_off(database: &Database, name: &str, now: Timestamp) -> Result<bool, StorageError> {
    let sql = "INSERT INTO switches (name, switched_off_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    Ok(database.execute(sql, &params![name, utc_text(now)]).await? == 1)
}

/// Switches on; says whether it was off.
pub async fn switch_on(database: &Database, name: &str) -> Result<bool, StorageError> {
    Ok(database.execute("DELETE FROM switches WHERE name = $1", &params![name]).await? == 1)
}
