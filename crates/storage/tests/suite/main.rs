//! The behaviour both databases share, run unchanged on each, and what only a file can suffer.
#![expect(clippy::unwrap_used, reason = "a test that fails should stop where it fails")]

mod files;
mod locks;
mod migrations;
mod slow_queries;
mod units_of_work;
mod values;

use std::time::Duration;

use chassis::clock::Clock;
use storage::{Database, DatabaseSettings, params};
use testkit::TempDb;

/// Opened with room for tests that hold several units of work at once, and patience for busy machines.
pub(crate) async fn open(temporary: &TempDb) -> Database {
    Database::open(&settings(temporary), Clock::system()).await.unwrap()
}

pub(crate) fn settings(temporary: &TempDb) -> DatabaseSettings {
    DatabaseSettings {
        readers: 8,
        busy_timeout: Duration::from_secs(30),
        slow_query: Duration::MAX,
        ..DatabaseSettings::at(&temporary.url)
    }
}

/// A table `note (id, body)` with a unique id.
pub(crate) async fn with_notes(temporary: &TempDb) -> Database {
    let database = open(temporary).await;
    let sql = "CREATE TABLE note (id BIGINT PRIMARY KEY, body TEXT NOT NULL)";
    database.execute(sql, &[]).await.unwrap();
    database
}

pub(crate) async fn note_ids(database: &Database) -> Vec<i64> {
    let rows = database.fetch_all("SELECT id FROM note ORDER BY id", &[]).await.unwrap();
    rows.iter().map(|row| row.get("id").unwrap()).collect()
}

pub(crate) async fn count(database: &Database, table: &str) -> i64 {
    let sql = format!("SELECT count(*) AS held FROM {table}");
    database.fetch_one(&sql, &params![]).await.unwrap().get("held").unwrap()
}

pub(crate) const INSERT_NOTE: &str = "INSERT INTO note (id, body) VALUES ($1, $2)";
