//! PostgreSQL's connection pool: how it is opened and what each connection is told.
//!
//! Callers queue here and not in sqlx's pool, whose one time limit covers both the queue (a burst should be patient)
//! and a server that cannot be reached (which should be said soon).

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool, Postgres};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::connection::Role;
use crate::error::StorageError;
use crate::error::classify::classify;
use crate::settings::{DatabaseSettings, redacted_url};
use crate::source::{CLOSE_TIMEOUT, queue};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const STATEMENTS_KEPT: usize = 256;
/// A connection that lay idle for longer is tried before it is lent: the server may have restarted.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(crate) struct PostgresSource {
    pool: PgPool,
    permits: Arc<Semaphore>,
}

/// A lent connection; it goes back when dropped.
pub(crate) struct PostgresLease {
    pub(crate) connection: PoolConnection<Postgres>,
    _permit: OwnedSemaphorePermit,
}

impl PostgresSource {
    /// First come first served.
    pub(crate) async fn acquire(&self) -> Result<PostgresLease, StorageError> {
        let permit = queue(&self.permits, "connection").await?;
        let started = Instant::now();
        match self.pool.acquire().await {
            Ok(connection) => Ok(PostgresLease { connection, _permit: permit }),
            Err(error) => Err(classify(error, Role::Writer, started.elapsed())),
        }
    }

    pub(crate) async fn close(&self) {
        self.permits.close();
        if timeout(CLOSE_TIMEOUT, self.pool.close()).await.is_err() {
            tracing::warn!("a database connection was still in use when the database was closed");
        }
    }
}

pub(crate) async fn open(
    settings: &DatabaseSettings,
    options: PgConnectOptions,
) -> Result<PostgresSource, StorageError> {
    let options = options.statement_cache_capacity(STATEMENTS_KEPT).disable_statement_logging();
    check_reachable(settings, &options).await?;
    let session: Arc<str> = session_settings(settings).into();
    let size = settings.readers.max(1);
    let pool = PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(settings.busy_timeout.max(Duration::from_secs(1)))
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let session = session.clone();
            Box::pin(async move { sqlx::raw_sql(AssertSqlSafe(session)).execute(connection).await.map(drop) })
        })
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for < TRUSTED_IDLE {
                    return Ok(true);
                }
                Ok(connection.ping().await.is_ok())
            })
        })
        .connect_lazy_with(options);
    Ok(PostgresSource { pool, permits: Arc::new(Semaphore::new(size as usize)) })
}

/// The pool tries a refused connection again until its time is up; opening should say at once what is wrong.
async fn check_reachable(
    settings: &DatabaseSettings,
    options: &PgConnectOptions,
) -> Result<(), StorageError> {
    let refused = |reason: String| StorageError::Open { url: redacted_url(&settings.url), reason };
    match timeout(CONNECT_TIMEOUT, PgConnection::connect_with(options)).await {
        Ok(Ok(connection)) => {
            if let Err(error) = connection.close().await {
                tracing::debug!(%error, "the trial connection did not close cleanly");
            }
            Ok(())
        }
        Ok(Err(sqlx::Error::Database(error))) => Err(refused(error.message().to_owned())),
        Ok(Err(error)) => Err(refused(error.to_string())),
        Err(_elapsed) => Err(refused(format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()))),
    }
}

fn session_settings(settings: &DatabaseSettings) -> String {
    let lock_timeout_ms = settings.busy_timeout.as_millis().clamp(1, i32::MAX as u128);
    let mut session = format!("SET lock_timeout = {lock_timeout_ms}; SET client_min_messages = warning");
    if !settings.synchronous_full {
        session.push_str("; SET synchronous_commit = off");
    }
    session
}
