//! Statements on databases of services: upkeep, their slow queries, advice, their sessions. Nothing here reads a
//! service's rows except those of `slow_queries` and the keys and times of `sessions`.

mod advice;
pub mod contents;
pub mod sessions;

use storage::{Backend, Database, StorageError, params};

pub use advice::{Advice, advise, apply};

/// What upkeep does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upkeep {
    /// Gives space back.
    Vacuum,
    /// Renews the figures by which queries are planned.
    Analyze,
    /// Builds the indexes anew.
    Reindex,
}

impl Upkeep {
    /// All of it, in the order it is done.
    pub const ALL: [Self; 3] = [Self::Vacuum, Self::Analyze, Self::Reindex];

    /// The word of the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Vacuum => "vacuum",
            Self::Analyze => "analyze",
            Self::Reindex => "reindex",
        }
    }
}

/// Does one piece of upkeep. On PostgreSQL readers and writers go on; on SQLite writers wait.
pub async fn keep_up(database: &Database, what: Upkeep) -> Result<(), StorageError> {
    let sql = match (what, database.backend()) {
        (Upkeep::Vacuum, _) => "VACUUM".to_owned(),
        (Upkeep::Analyze, _) => "ANALYZE".to_owned(),
        (Upkeep::Reindex, Backend::Sqlite) => "REINDEX".to_owned(),
        (Upkeep::Reindex, Backend::Postgres) => {
            let row = database.fetch_one("SELECT CAST(current_database() AS TEXT) AS name", &[]).await?;
            let name: String = row.get("name")?;
            format!("REINDEX DATABASE CONCURRENTLY \"{}\"", name.replace('"', "\"\""))
        }
    };
    database.execute(&sql, &[]).await.map(drop)
}

/// Size of the database.
pub async fn size_bytes(database: &Database) -> Result<i64, StorageError> {
    let sql = match database.backend() {
        Backend::Sqlite => "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size",
        Backend::Postgres => "SELECT pg_database_size(current_database()) AS bytes",
    };
    database.fetch_one(sql, &[]).await?.get("bytes")
}

/// A statement that was slow, over all its times.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct SlowQuery {
    /// Its text; values are never in it.
    pub query: String,
    /// How often.
    pub times: i64,
    /// Mean duration, in milliseconds.
    pub mean_ms: f64,
    /// Longest duration.
    pub worst_ms: f64,
    /// All together.
    pub total_ms: f64,
}

/// The slow statements since a time (UTC text), those first that took most in all. None where there is no record.
pub async fn slow_queries(
    database: &Database,
    since: &str,
    limit: u32,
) -> Result<Option<Vec<SlowQuery>>, StorageError> {
    let exists = match database.backend() {
        Backend::Sqlite => {
            "SELECT COUNT(*) AS found FROM sqlite_schema WHERE type = 'table' AND name = 'slow_queries'"
        }
        Backend::Postgres => "SELECT COUNT(*) AS found FROM pg_class WHERE oid = to_regclass('slow_queries')",
    };
    if database.fetch_one(exists, &[]).await?.get::<i64>("found")? == 0 {
        return Ok(None);
    }
    let sql = "SELECT query, COUNT(*) AS times, AVG(duration) AS mean, MAX(duration) AS worst, \
               SUM(duration) AS total FROM slow_queries WHERE timestamp >= $1 \
               GROUP BY query ORDER BY SUM(duration) DESC LIMIT $2";
    let rows = database.fetch_all(sql, &params![since, limit]).await?;
    let read = |row: &storage::Row| {
        Ok(SlowQuery {
            query: row.get("query")?,
            times: row.get("times")?,
            mean_ms: row.get("mean")?,
            worst_ms: row.get("worst")?,
            total_ms: row.get("total")?,
        })
    };
    rows.iter().map(read).collect::<Result<_, StorageError>>().map(Some)
}
