//! SQLite's connections: how they are opened, and the small pool that lends them.
//!
//! Not sqlx's pool, for two reasons. That one runs a task and a round trip to the connection's thread at every
//! return, which the next writer has to wait for. And sqlx counts open transactions itself: after SQLite has rolled
//! one back on its own (a full disk), sqlx refuses to begin another on that connection, for good. Here BEGIN, COMMIT
//! and ROLLBACK are plain statements, and nothing is counted.

use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::connection::Role;
use crate::error::StorageError;
use crate::error::classify::classify;
use crate::settings::{DatabaseSettings, redacted_url};
use crate::source::{CLOSE_TIMEOUT, SqliteSource, queue};

const STATEMENTS_KEPT: usize = 256;
/// Page cache of one connection in KiB; negative is SQLite's way to say KiB instead of pages.
const PAGE_CACHE: &str = "-8000";
/// The write-ahead log is cut back to this after a checkpoint, so that one large import does not stay on disk.
const LOG_KEPT_BYTES: &str = "67108864";

/// Opens the file, creating it (readable by its owner only) and its folder when they are missing.
pub(crate) async fn open_file(
    settings: &DatabaseSettings,
    path: PathBuf,
) -> Result<SqliteSource, StorageError> {
    create_file(&path).map_err(|cause| refused_file(settings, &cause))?;
    let base = base_options(settings).filename(&path).journal_mode(SqliteJournalMode::Wal);
    let writer = Connections::new(base.clone(), 1);
    let readers = Connections::new(base.pragma("query_only", "ON"), settings.readers.max(1));
    let mut first = open_patiently(&writer, settings).await?;
    let connection = first.connection()?;
    check_log_mode(connection, settings).await?;
    check_writable(connection).await?;
    drop(first);
    Ok(SqliteSource { writer, readers, path: Some(path) })
}

/// Opens a database that lives and dies with its one connection: reading and writing share it, so a unit of work
/// that is held open keeps everybody else out.
pub(crate) async fn open_memory(settings: &DatabaseSettings) -> Result<SqliteSource, StorageError> {
    let only = Connections::new(base_options(settings).filename(":memory:"), 1);
    drop(only.acquire("connection").await?);
    Ok(SqliteSource { writer: only.clone(), readers: only, path: None })
}

/// Memory mapping stays off: with it a failing disk ends the process with SIGBUS instead of an error.
fn base_options(settings: &DatabaseSettings) -> SqliteConnectOptions {
    let synchronous =
        if settings.synchronous_full { SqliteSynchronous::Full } else { SqliteSynchronous::Normal };
    SqliteConnectOptions::new()
        .busy_timeout(settings.busy_timeout)
        .synchronous(synchronous)
        .foreign_keys(true)
        .statement_cache_capacity(STATEMENTS_KEPT)
        .pragma("cache_size", PAGE_CACHE)
        .pragma("journal_size_limit", LOG_KEPT_BYTES)
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging()
}

fn create_file(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn refused_file(settings: &DatabaseSettings, cause: &std::io::Error) -> StorageError {
    let url = redacted_url(&settings.url);
    match cause.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            StorageError::DiskFull { detail: format!("{url}, {cause}") }
        }
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            StorageError::ReadOnly { detail: format!("{url}, {cause}") }
        }
        _ => StorageError::Open { url, reason: cause.to_string() },
    }
}

/// Turning the write-ahead log on needs the file alone and SQLite does not wait for that by itself, so programs
/// that start at the same moment on a new file try again until the time for locks has passed.
async fn open_patiently(
    writer: &Connections,
    settings: &DatabaseSettings,
) -> Result<SqliteLease, StorageError> {
    let started = Instant::now();
    loop {
        match writer.acquire("writer").await {
            Err(StorageError::Locked { .. }) if started.elapsed() < settings.busy_timeout => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(StorageError::Locked { .. }) => {
                return Err(StorageError::Locked { waited: started.elapsed() });
            }
            Err(StorageError::Other { detail }) => {
                return Err(StorageError::Open { url: redacted_url(&settings.url), reason: detail });
            }
            other => return other,
        }
    }
}

/// On some network file systems SQLite quietly stays in its old journal mode, where readers block the writer.
async fn check_log_mode(
    connection: &mut SqliteConnection,
    settings: &DatabaseSettings,
) -> Result<(), StorageError> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(connection)
        .await
        .map_err(|error| classify(error, Role::Writer, Duration::ZERO))?;
    if mode.eq_ignore_ascii_case("wal") {
        return Ok(());
    }
    let reason = format!("its journal mode stays {mode}: put the file on a local disk");
    Err(StorageError::Open { url: redacted_url(&settings.url), reason })
}

/// SQLite opens a file it may not write without a word; better to hear of it now than at the first turn. Another
/// writer at work is no reason not to start.
async fn check_writable(connection: &mut SqliteConnection) -> Result<(), StorageError> {
    let started = Instant::now();
    let outcome = sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK").execute(connection).await;
    match outcome.map_err(|error| classify(error, Role::Writer, started.elapsed())) {
        Ok(_) | Err(StorageError::Locked { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A few connections of one kind, lent first come first served.
#[derive(Clone)]
pub(crate) struct Connections(Arc<Home>);

struct Home {
    options: SqliteConnectOptions,
    idle: Mutex<Vec<SqliteConnection>>,
    permits: Arc<Semaphore>,
    size: u32,
}

impl Home {
    fn idle(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connections {
    fn new(options: SqliteConnectOptions, size: u32) -> Self {
        let permits = Arc::new(Semaphore::new(size as usize));
        Connections(Arc::new(Home { options, idle: Mutex::new(Vec::new()), permits, size }))
    }

    /// A connection for the caller alone; opened when none is idle.
    pub(crate) async fn acquire(&self, what: &'static str) -> Result<SqliteLease, StorageError> {
        let permit = queue(&self.0.permits, what).await?;
        let idle = self.0.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        Ok(SqliteLease { connection: Some(connection), home: self.0.clone(), _permit: permit })
    }

    /// A connection outside of the pool, for work that takes long (a snapshot).
    pub(crate) async fn connect(&self) -> Result<SqliteConnection, StorageError> {
        let started = Instant::now();
        let opened = SqliteConnection::connect_with(&self.0.options).await;
        opened.map_err(|error| classify(error, Role::Writer, started.elapsed()))
    }

    pub(crate) async fn close(&self) {
        let everybody = self.0.permits.acquire_many(self.0.size);
        let waited = timeout(CLOSE_TIMEOUT, everybody).await;
        if waited.is_err() {
            tracing::warn!("a database connection was still in use when the database was closed");
        }
        self.0.permits.close();
        let idle = std::mem::take(&mut *self.0.idle());
        for connection in idle {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "a database connection did not close cleanly");
            }
        }
    }
}

/// A lent connection; it goes back when dropped.
pub(crate) struct SqliteLease {
    connection: Option<SqliteConnection>,
    home: Arc<Home>,
    _permit: OwnedSemaphorePermit,
}

impl SqliteLease {
    pub(crate) fn connection(&mut self) -> Result<&mut SqliteConnection, StorageError> {
        self.connection.as_mut().ok_or(StorageError::Closed)
    }

    /// Throws the connection away: its state is not known. SQLite rolls back what it had open.
    pub(crate) fn discard(&mut self) {
        self.connection = None;
    }
}

impl Drop for SqliteLease {
    fn drop(&mut self) {
        // The permit is dropped after this, so whoever is next finds the connection.
        if let Some(connection) = self.connection.take()
            && !self.home.permits.is_closed()
        {
            self.home.idle().push(connection);
        }
    }
}

/// Runs `VACUUM INTO`, which writes a compact, consistent copy while others read and write.
pub(crate) async fn vacuum_into(connection: &mut SqliteConnection, target: &str) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe("VACUUM INTO $1")).bind(target).execute(connection).await.map(drop)
}
