//! Turns the drivers' errors into [`StorageError`], by code and not by text.

use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

use crate::connection::Role;
use crate::error::StorageError;

/// `waited` is the time since the statement was sent: what a lock error reports.
pub(crate) fn classify(error: sqlx::Error, role: Role, waited: Duration) -> StorageError {
    match error {
        sqlx::Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
            Some(postgres) => classify_postgres(postgres, role, waited),
            None => classify_sqlite(error.as_ref(), role, waited),
        },
        sqlx::Error::PoolTimedOut => {
            StorageError::Unavailable { detail: format!("no connection within {} ms", waited.as_millis()) }
        }
        sqlx::Error::PoolClosed => StorageError::Closed,
        sqlx::Error::Io(cause) => StorageError::Unavailable { detail: cause.to_string() },
        sqlx::Error::Tls(cause) => StorageError::Unavailable { detail: cause.to_string() },
        sqlx::Error::WorkerCrashed => {
            StorageError::Unavailable { detail: "the connection's thread ended".to_owned() }
        }
        other => StorageError::Other { detail: other.to_string() },
    }
}

/// Primary result codes: <https://www.sqlite.org/rescode.html>.
fn classify_sqlite(error: &dyn DatabaseError, role: Role, waited: Duration) -> StorageError {
    let extended: i64 = error.code().and_then(|code| code.parse().ok()).unwrap_or_default();
    let message = error.message();
    let detail = || format!("{message}, code {extended}");
    match (extended & 0xff, extended) {
        (5 | 6, _) => StorageError::Locked { waited },
        (8, _) if role == Role::Reader => StorageError::WriteInRead { detail: detail() },
        // Code 14: the file or its folder cannot be opened for writing.
        (8 | 14, _) => StorageError::ReadOnly { detail: detail() },
        (11 | 26, _) => StorageError::Corrupt { detail: detail() },
        // Code 4874: the shared memory beside a database cannot grow, which needs space and nothing else.
        (13, _) | (10, 4874) => StorageError::DiskFull { detail: detail() },
        (10, _) => StorageError::Disk { detail: detail() },
        (19, 1555 | 2067 | 2579) => sqlite_unique(message),
        (19, 787) => StorageError::ForeignKey { detail: detail() },
        (19, _) => StorageError::Constraint { detail: detail() },
        _ => StorageError::Other { detail: detail() },
    }
}

/// `UNIQUE constraint failed: turns.session_id, turns.number`
fn sqlite_unique(message: &str) -> StorageError {
    let constraint = message.rsplit(": ").next().unwrap_or(message).to_owned();
    let table = constraint.split('.').next().unwrap_or_default().to_owned();
    StorageError::Unique { table, constraint }
}

/// SQLSTATE codes: <https://www.postgresql.org/docs/15/errcodes-appendix.html>.
fn classify_postgres(error: &PgDatabaseError, role: Role, waited: Duration) -> StorageError {
    let code = error.code();
    let detail = || format!("{}, code {code}", error.message());
    match code {
        "23505" => StorageError::Unique {
            table: error.table().unwrap_or_default().to_owned(),
            constraint: error.constraint().unwrap_or("a unique constraint").to_owned(),
        },
        "23503" => StorageError::ForeignKey { detail: detail() },
        "23502" | "23514" | "23P01" => StorageError::Constraint { detail: detail() },
        "25006" if role == Role::Reader => StorageError::WriteInRead { detail: detail() },
        "25006" => StorageError::ReadOnly { detail: detail() },
        "40001" | "40P01" => StorageError::Conflict { detail: detail() },
        "55P03" => StorageError::Locked { waited },
        "53100" => StorageError::DiskFull { detail: detail() },
        "XX001" | "XX002" => StorageError::Corrupt { detail: detail() },
        "53300" | "57P01" | "57P02" | "57P03" => StorageError::Unavailable { detail: detail() },
        _ if code.starts_with("08") => StorageError::Unavailable { detail: detail() },
        _ => StorageError::Other { detail: detail() },
    }
}
