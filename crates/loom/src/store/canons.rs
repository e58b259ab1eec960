//! Rows of `canon_versions`: every version that was ever played or saved, whole.

use std::collections::BTreeMap;

use storage::{Database, Row, StorageError, params};

/// One stored version of a canon.
#[derive(Clone, Debug)]
pub struct CanonVersion {
    /// The folder or file in the canon folder.
    pub canon: String,
    /// Content hash over all its files.
    pub hash: String,
    /// The version its front matter names.
    pub version: String,
    /// The commit of the work tree it was read from, where there is one.
    pub commit: Option<String>,
    /// Path to text, the entry file included.
    pub files: BTreeMap<String, String>,
    /// UTC text.
    pub first_seen_at: String,
}

/// Stores a version unless it is there.
pub async fn insert(database: &Database, version: &CanonVersion) -> Result<(), StorageError> {
    let files = serde_json::to_string(&version.files)
        .map_err(|error| StorageError::Other { detail: error.to_string() })?;
    database
        .execute(
            "INSERT INTO canon_versions (canon, hash, version, commit_id, files, first_seen_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (canon, hash) DO NOTHING",
            &params![
                version.canon.as_str(),
                version.hash.as_str(),
                version.version.as_str(),
                version.commit.clone(),
                files,
                version.first_seen_at.as_str()
            ],
        )
        .await?;
    Ok(())
}

/// One version by its hash.
pub async fn find(
    database: &Database,
    canon: &str,
    hash: &str,
) -> Result<Option<CanonVersion>, StorageError> {
    let row = database
        .fetch_optional("SELECT * FROM canon_versions WHERE canon = $1 AND hash = $2", &params![canon, hash])
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// A canon's versions, newest first, at most `limit`.
pub async fn list(database: &Database, canon: &str, limit: i64) -> Result<Vec<CanonVersion>, StorageError> {
    let rows = database
        .fetch_all(
            "SELECT * FROM canon_versions WHERE canon = $1 ORDER BY first_seen_at DESC, hash LIMIT $2",
            &params![canon, limit],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<CanonVersion, StorageError> {
    let files: String = row.get("files")?;
    Ok(CanonVersion {
        canon: row.get("canon")?,
        hash: row.get("hash")?,
        version: row.get("version")?,
        commit: row.get("commit_id")?,
        files: serde_json::from_str(&files).map_err(|error| StorageError::Other {
            detail: format!("a stored canon version cannot be read: {error}"),
        })?,
        first_seen_at: row.get("first_seen_at")?,
    })
}
