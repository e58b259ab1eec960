//! Rows of `watched`: what files and folders looked like at the last look.

use std::collections::BTreeMap;

use storage::{Database, StorageError, Transaction, params};

/// Every remembered look, by task.
pub async fn all(database: &Database) -> Result<BTreeMap<String, String>, StorageError> {
    let rows = database.fetch_all("SELECT task, fingerprint FROM watched", &[]).await?;
    rows.iter().map(|row| Ok((row.get("task")?, row.get("fingerprint")?))).collect()
}

/// Remembers a look that was no change, such as the first.
pub async fn set(database: &Database, task: &str, fingerprint: &str) -> Result<(), StorageError> {
    database.execute(UPSERT, &params![task, fingerprint]).await.map(drop)
}

/// Remembers a change, in the unit of work that writes its row.
pub async fn change(
    transaction: &mut Transaction,
    task: &str,
    fingerprint: &str,
) -> Result<(), StorageError> {
    transaction.execute(UPSERT, &params![task, fingerprint]).await.map(drop)
}

const UPSERT: &str = "INSERT INTO watched (task, fingerprint) VALUES ($1, $2) \
                      ON CONFLICT (task) DO UPDATE SET fingerprint = excluded.fingerprint";
