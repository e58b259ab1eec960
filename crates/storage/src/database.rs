//! The handle a program holds: opens the database, runs single statements and starts units of work.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chassis::clock::Clock;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::connection::{Lease, Role, expect_row};
use crate::error::StorageError;
use crate::observe::{Observer, record_slow_queries};
use crate::row::Row;
use crate::settings::{Backend, DatabaseSettings};
use crate::source::Source;
use crate::transaction::Transaction;
use crate::value::Value;

/// How long closing waits for the last slow statements to be written down.
const RECORDER_TIMEOUT: Duration = Duration::from_secs(2);

/// An open database. Cloning is cheap and shares the connections.
///
/// Statements are prepared once a connection and kept, so their text should not contain values: pass those as
/// parameters, which is also what keeps a player's words from being read as SQL.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Database").field("backend", &self.backend()).finish()
    }
}

struct Inner {
    source: Source,
    observer: Arc<Observer>,
    recorder: Mutex<Option<JoinHandle<()>>>,
}

impl Database {
    /// Opens the database and tries whether it can be written. Creates a missing SQLite file (mode 0600) and its
    /// folder; a PostgreSQL database must exist. Must be called inside a Tokio runtime. The clock stamps slow queries
    /// and applied migrations.
    pub async fn open(settings: &DatabaseSettings, clock: Clock) -> Result<Database, StorageError> {
        let source = Source::open(settings).await?;
        let (observer, queue) = Observer::new(settings.slow_query, clock);
        let recorder = tokio::spawn(record_slow_queries(source.clone(), queue));
        let recorder = Mutex::new(Some(recorder));
        Ok(Database { inner: Arc::new(Inner { source, observer: Arc::new(observer), recorder }) })
    }

    /// Which database this is, for the few statements that must differ.
    pub fn backend(&self) -> Backend {
        self.inner.source.backend()
    }

    /// Starts a unit of work that writes. On SQLite this is the single writer: others queue, first come first
    /// served, for up to 30 s. On PostgreSQL it runs at READ COMMITTED: guard read-then-write with a version in
    /// the `WHERE` or a unique key.
    ///
    /// Inside one, read through the [`Transaction`]: another call on `Database` may wait for a connection that this
    /// unit of work holds.
    pub async fn begin(&self) -> Result<Transaction, StorageError> {
        Transaction::begin(self.lease(Role::Writer).await?, self.backend(), Role::Writer).await
    }

    /// Starts a unit of work that only reads; everything it reads is from one moment, that of its first statement.
    /// A statement that writes fails with [`StorageError::WriteInRead`] (except in memory, where nothing stops it).
    pub async fn begin_read(&self) -> Result<Transaction, StorageError> {
        Transaction::begin(self.lease(Role::Reader).await?, self.backend(), Role::Reader).await
    }

    /// All rows of a reading statement, in memory at once.
    pub async fn fetch_all(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StorageError> {
        self.lease(Role::Reader).await?.fetch_all(sql, params).await
    }

    /// The first row of a reading statement, if there is one.
    pub async fn fetch_optional(&self, sql: &str, params: &[Value]) -> Result<Option<Row>, StorageError> {
        self.lease(Role::Reader).await?.fetch_optional(sql, params).await
    }

    /// The first row of a reading statement; [`StorageError::MissingRow`] when there is none.
    pub async fn fetch_one(&self, sql: &str, params: &[Value]) -> Result<Row, StorageError> {
        expect_row(self.fetch_optional(sql, params).await?, sql)
    }

    /// One writing statement as its own unit of work; returns the number of rows it touched. It may still be carried
    /// out when the returned future is dropped before it is ready.
    pub async fn execute(&self, sql: &str, params: &[Value]) -> Result<u64, StorageError> {
        self.lease(Role::Writer).await?.execute(sql, params).await
    }

    /// Reads one page or asks the server; changes nothing.
    pub async fn ping(&self) -> Result<(), StorageError> {
        let sql = match self.backend() {
            Backend::Sqlite => "SELECT count(*) AS tables FROM sqlite_schema",
            Backend::Postgres => "SELECT 1 AS alive",
        };
        self.lease(Role::Reader).await?.fetch_optional(sql, &[]).await.map(drop)
    }

    /// Writes the last slow queries, waits a few seconds for units of work under way and closes every connection.
    /// Clones of this handle get [`StorageError::Closed`] from then on. Calling it twice does no harm.
    pub async fn close(&self) {
        self.inner.observer.stop();
        let recorder = self.inner.recorder.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(recorder) = recorder
            && timeout(RECORDER_TIMEOUT, recorder).await.is_err()
        {
            tracing::warn!("the last slow statements were not recorded before the database was closed");
        }
        self.inner.source.close().await;
    }

    pub(crate) fn source(&self) -> &Source {
        &self.inner.source
    }

    pub(crate) fn now_text(&self) -> String {
        self.inner.observer.clock().now_text()
    }

    /// A connection whose statements are not measured: they are long by nature.
    pub(crate) async fn quiet_lease(&self, role: Role) -> Result<Lease, StorageError> {
        Ok(Lease::new(self.inner.source.link(role).await?, role, None))
    }

    async fn lease(&self, role: Role) -> Result<Lease, StorageError> {
        let started = Instant::now();
        let link = self.inner.source.link(role).await?;
        self.inner.observer.waited(role, started.elapsed());
        Ok(Lease::new(link, role, Some(self.inner.observer.clone())))
    }
}
