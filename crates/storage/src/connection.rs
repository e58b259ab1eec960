//! One connection in use: runs statements on either driver, times them and names their errors.

use std::sync::Arc;
use std::time::Instant;

use sqlx::AssertSqlSafe;

use crate::error::StorageError;
use crate::error::classify::classify;
use crate::observe::Observer;
use crate::row::{Native, Row};
use crate::source::postgres::PostgresLease;
use crate::source::sqlite::SqliteLease;
use crate::statement::{check, postgres_arguments, sqlite_arguments};
use crate::value::Value;

/// What a connection is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Reader,
    Writer,
}

pub(crate) enum Link {
    Sqlite(SqliteLease),
    Postgres(PostgresLease),
}

/// A connection of the caller's own until it is dropped.
pub(crate) struct Lease {
    link: Link,
    role: Role,
    /// `None` for work that must not be measured: the recorder's own statements, snapshots, migrations.
    observer: Option<Arc<Observer>>,
}

impl Lease {
    pub(crate) fn new(link: Link, role: Role, observer: Option<Arc<Observer>>) -> Self {
        Lease { link, role, observer }
    }

    pub(crate) async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StorageError> {
        check(sql, params)?;
        let started = Instant::now();
        let outcome = match &mut self.link {
            Link::Sqlite(lease) => sqlx::query_with(AssertSqlSafe(sql), sqlite_arguments(params)?)
                .execute(lease.connection()?)
                .await
                .map(|done| done.rows_affected()),
            Link::Postgres(lease) => sqlx::query_with(AssertSqlSafe(sql), postgres_arguments(params)?)
                .execute(&mut *lease.connection)
                .await
                .map(|done| done.rows_affected()),
        };
        self.finish(sql, started, outcome)
    }

    pub(crate) async fn fetch_all(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StorageError> {
        check(sql, params)?;
        let started = Instant::now();
        let outcome = match &mut self.link {
            Link::Sqlite(lease) => sqlx::query_with(AssertSqlSafe(sql), sqlite_arguments(params)?)
                .fetch_all(lease.connection()?)
                .await
                .map(|rows| rows.into_iter().map(|row| Row(Native::Sqlite(row))).collect()),
            Link::Postgres(lease) => sqlx::query_with(AssertSqlSafe(sql), postgres_arguments(params)?)
                .fetch_all(&mut *lease.connection)
                .await
                .map(|rows| rows.into_iter().map(|row| Row(Native::Postgres(row))).collect()),
        };
        self.finish(sql, started, outcome)
    }

    pub(crate) async fn fetch_optional(
        &mut self,
        sql: &str,
        params: &[Value],
    ) -> Result<Option<Row>, StorageError> {
        check(sql, params)?;
        let started = Instant::now();
        let outcome = match &mut self.link {
            Link::Sqlite(lease) => sqlx::query_with(AssertSqlSafe(sql), sqlite_arguments(params)?)
                .fetch_optional(lease.connection()?)
                .await
                .map(|row| row.map(|row| Row(Native::Sqlite(row)))),
            Link::Postgres(lease) => sqlx::query_with(AssertSqlSafe(sql), postgres_arguments(params)?)
                .fetch_optional(&mut *lease.connection)
                .await
                .map(|row| row.map(|row| Row(Native::Postgres(row)))),
        };
        self.finish(sql, started, outcome)
    }

    /// Several statements separated by `;`, unprepared and without parameters.
    pub(crate) async fn run_script(&mut self, sql: &str) -> Result<(), StorageError> {
        let started = Instant::now();
        let outcome = match &mut self.link {
            Link::Sqlite(lease) => {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(lease.connection()?).await.map(drop)
            }
            Link::Postgres(lease) => {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *lease.connection).await.map(drop)
            }
        };
        self.finish(sql, started, outcome)
    }

    /// Ends whatever is open. When that cannot be done the connection is thrown away, which ends it for certain.
    pub(crate) async fn roll_back(&mut self) {
        match self.run_script("ROLLBACK").await {
            // SQLite's word for "nothing is open": it has rolled back by itself, or the commit came first.
            Ok(()) | Err(StorageError::Other { .. }) => {}
            Err(error) => {
                tracing::warn!(%error, "a rollback failed, the connection is closed instead");
                self.discard();
            }
        }
    }

    /// Does not return the connection to its pool.
    pub(crate) fn discard(&mut self) {
        match &mut self.link {
            Link::Sqlite(lease) => lease.discard(),
            Link::Postgres(lease) => lease.connection.close_on_drop(),
        }
    }

    fn finish<T>(
        &mut self,
        sql: &str,
        started: Instant,
        outcome: Result<T, sqlx::Error>,
    ) -> Result<T, StorageError> {
        let took = started.elapsed();
        if let Some(observer) = &self.observer {
            observer.statement(sql, took);
        }
        let outcome = outcome.map_err(|error| classify(error, self.role, took));
        if let Err(StorageError::Unavailable { .. }) = &outcome {
            self.discard();
        }
        outcome
    }
}

/// The row, or the error that names the statement.
pub(crate) fn expect_row(row: Option<Row>, sql: &str) -> Result<Row, StorageError> {
    row.ok_or_else(|| StorageError::MissingRow { sql: sql.to_owned() })
}
