//! Where connections come from: one writer and several readers on SQLite, one pool on PostgreSQL.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::connection::{Link, Role};
use crate::error::StorageError;
use crate::settings::{Backend, DatabaseSettings, Target};
use crate::source::postgres::PostgresSource;
use crate::source::sqlite::Connections;

/// How long a caller queues for a connection. A queue moves at the pace of the disk, so this is far above the time
/// for a lock.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long closing waits for lent connections to come back.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(crate) enum Source {
    Sqlite(SqliteSource),
    Postgres(PostgresSource),
}

#[derive(Clone)]
pub(crate) struct SqliteSource {
    pub(crate) writer: Connections,
    /// The same as `writer` for a database in memory, which exists only in its one connection.
    pub(crate) readers: Connections,
    /// `None` in memory.
    pub(crate) path: Option<PathBuf>,
}

impl Source {
    pub(crate) async fn open(settings: &DatabaseSettings) -> Result<Self, StorageError> {
        match settings.url.parse()? {
            Target::Memory => sqlite::open_memory(settings).await.map(Source::Sqlite),
            Target::File(path) => sqlite::open_file(settings, path).await.map(Source::Sqlite),
            Target::Postgres(options) => postgres::open(settings, *options).await.map(Source::Postgres),
        }
    }

    pub(crate) fn backend(&self) -> Backend {
        match self {
            Source::Sqlite(_) => Backend::Sqlite,
            Source::Postgres(_) => Backend::Postgres,
        }
    }

    pub(crate) async fn link(&self, role: Role) -> Result<Link, StorageError> {
        match (self, role) {
            (Source::Sqlite(source), Role::Writer) => source.writer.acquire("writer").await.map(Link::Sqlite),
            (Source::Sqlite(source), Role::Reader) => {
                source.readers.acquire("reader").await.map(Link::Sqlite)
            }
            (Source::Postgres(source), _) => source.acquire().await.map(Link::Postgres),
        }
    }

    /// Waits for units of work under way, a few seconds at most, and closes the writer last: that is what
    /// folds SQLite's write-ahead log back into the file.
    pub(crate) async fn close(&self) {
        match self {
            Source::Sqlite(source) => {
                source.readers.close().await;
                source.writer.close().await;
            }
            Source::Postgres(source) => source.close().await,
        }
    }
}

/// Waits for a turn, first come first served.
async fn queue(permits: &Arc<Semaphore>, what: &'static str) -> Result<OwnedSemaphorePermit, StorageError> {
    if let Ok(permit) = permits.clone().try_acquire_owned() {
        return Ok(permit);
    }
    let started = Instant::now();
    match timeout(QUEUE_TIMEOUT, permits.clone().acquire_owned()).await {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_closed)) => Err(StorageError::Closed),
        Err(_elapsed) => Err(StorageError::Timeout { what, waited: started.elapsed() }),
    }
}
