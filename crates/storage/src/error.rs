//! Everything that can go wrong with a database, named, with the values involved and what to do about it.

pub(crate) mod classify;

use std::time::Duration;

use crate::settings::Backend;

/// Why a storage call failed. The text carries SQL and names of tables, never a parameter or a password.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database could not be opened; the URL is already redacted.
    #[error("cannot open the database {url}: {reason}")]
    Open {
        /// The URL without its password.
        url: String,
        /// What the driver or the file system said.
        reason: String,
    },
    /// The file, its folder or the server refuses writes.
    #[error(
        "the database is read-only ({detail}): check the owner, the permissions and the mount of its folder"
    )]
    ReadOnly {
        /// The driver's words.
        detail: String,
    },
    /// A writing statement was sent where only reading is allowed.
    #[error(
        "a statement that writes was sent to a reader ({detail}): use Database::execute or Database::begin"
    )]
    WriteInRead {
        /// The driver's words.
        detail: String,
    },
    /// The volume is full. Nothing of the unit of work was kept.
    #[error("no space left for the database ({detail}): free space on its volume, then try again")]
    DiskFull {
        /// The driver's words.
        detail: String,
    },
    /// Reading or writing the file failed below the database (a broken disk, a quota, a volume that went away).
    #[error("the disk failed under the database ({detail}): look at the volume and the kernel log")]
    Disk {
        /// The driver's words.
        detail: String,
    },
    /// Another process or unit of work held a needed lock for too long.
    #[error(
        "the database was locked by another writer for {} ms: find who holds it, or raise the busy timeout",
        waited.as_millis()
    )]
    Locked {
        /// How long this call waited.
        waited: Duration,
    },
    /// Two units of work got in each other's way and this one lost (deadlock, serialization).
    #[error("the unit of work collided with another one ({detail}): run it again from the start")]
    Conflict {
        /// The driver's words.
        detail: String,
    },
    /// A row with the same key exists.
    #[error("{constraint} already holds this value: nothing was changed")]
    Unique {
        /// The table, when the driver says.
        table: String,
        /// SQLite: `table.column, table.column`; PostgreSQL: the name of the constraint.
        constraint: String,
    },
    /// A row that is referred to does not exist, or a row that is to go is still referred to.
    #[error(
        "a row refers to one that does not exist, or is still referred to ({detail}): nothing was changed"
    )]
    ForeignKey {
        /// The driver's words.
        detail: String,
    },
    /// A NOT NULL or CHECK rule refused the value.
    #[error("a rule of the table refused the value ({detail}): nothing was changed")]
    Constraint {
        /// The driver's words.
        detail: String,
    },
    /// The file is not a database or is damaged.
    #[error(
        "the database is damaged ({detail}): stop the program, keep the file, restore the last good backup"
    )]
    Corrupt {
        /// The driver's words.
        detail: String,
    },
    /// The row has no such column.
    #[error("the result has no column {column}: it has {}", columns.join(", "))]
    MissingColumn {
        /// What was asked for.
        column: String,
        /// What there is.
        columns: Vec<String>,
    },
    /// The column holds something else than was asked for.
    #[error("column {column} holds {found} where {expected} was expected: CAST it in the statement")]
    ColumnType {
        /// The column.
        column: String,
        /// The Rust side.
        expected: &'static str,
        /// The database side: a type name or NULL.
        found: String,
    },
    /// `fetch_one` found nothing.
    #[error("no row where one was expected: {sql}")]
    MissingRow {
        /// The statement.
        sql: String,
    },
    /// The statement names another number of placeholders than it was given values.
    #[error("{given} values for {expected} placeholders: {sql}")]
    Parameters {
        /// Highest `$n` of the statement.
        expected: usize,
        /// Values given.
        given: usize,
        /// The statement.
        sql: String,
    },
    /// PostgreSQL cannot store U+0000 in text, so it is refused on both databases.
    #[error("value {position} contains the character U+0000, which cannot be stored as text: remove it")]
    NulInText {
        /// 1-based number of the placeholder.
        position: usize,
    },
    /// This backend cannot do it.
    #[error("{what} is not supported on {backend}")]
    Unsupported {
        /// What was asked for and, where there is one, the way round.
        what: String,
        /// The backend.
        backend: Backend,
    },
    /// Too many callers were queued before this one.
    #[error("no free {what} after {} ms: fewer callers at once, or a faster disk", waited.as_millis())]
    Timeout {
        /// What was waited for.
        what: &'static str,
        /// How long.
        waited: Duration,
    },
    /// The server cannot be reached or closed the connection. After a commit the outcome is unknown.
    #[error("the database server is not available ({detail}): check that it runs and can be reached")]
    Unavailable {
        /// The driver's words.
        detail: String,
    },
    /// [`close`](crate::Database::close) was called.
    #[error("the database was closed")]
    Closed,
    /// An earlier statement of this unit of work failed or was cut off; only rolling back is possible.
    #[error("an earlier statement of this unit of work failed: roll back, to a savepoint or whole")]
    Aborted,
    /// A savepoint of another unit of work, or one that is gone already.
    #[error("the savepoint does not belong to this unit of work, or an outer one was ended before it")]
    StaleSavepoint,
    /// The list of migrations in the program is wrong.
    #[error("the migrations of {set} are wrong: {reason}")]
    MigrationList {
        /// The set.
        set: String,
        /// What is wrong.
        reason: String,
    },
    /// The history of the database does not fit the program.
    #[error("the database does not fit this program: migration {version} of {set} {problem}")]
    MigrationHistory {
        /// The set.
        set: String,
        /// The first version that does not fit.
        version: i64,
        /// What is wrong and what to do.
        problem: &'static str,
    },
    /// A migration's text failed. It was rolled back whole.
    #[error("migration {version} ({name}) of {set} failed and was rolled back: {cause}")]
    MigrationFailed {
        /// The set.
        set: String,
        /// The version.
        version: i64,
        /// Its name.
        name: String,
        /// Why.
        #[source]
        cause: Box<StorageError>,
    },
    /// Going down would delete rows and was not allowed to.
    #[error("going down would delete rows ({}): back up, then allow data loss explicitly", listed(losses))]
    DataLoss {
        /// What would go (`table` or `table.column`) and how many rows it holds.
        losses: Vec<(String, i64)>,
    },
    /// A file beside the database could not be handled.
    #[error("{what}: {cause}")]
    File {
        /// What was tried, with the path.
        what: String,
        /// Why it failed.
        #[source]
        cause: std::io::Error,
    },
    /// Anything else the driver says; mostly a mistake in a statement.
    #[error("the database refused: {detail}")]
    Other {
        /// The driver's words, with its code.
        detail: String,
    },
}

impl StorageError {
    /// Whether the same unit of work, run again from its start a little later, may well succeed. After a failed
    /// commit with [`StorageError::Unavailable`] the first try may have been kept: look before running again.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            StorageError::Locked { .. }
                | StorageError::Conflict { .. }
                | StorageError::Timeout { .. }
                | StorageError::Unavailable { .. }
        )
    }

    /// Whether the database may have given up the whole unit of work, so that savepoints are gone too.
    pub(crate) fn ends_unit_of_work(&self) -> bool {
        matches!(
            self,
            StorageError::DiskFull { .. }
                | StorageError::Disk { .. }
                | StorageError::ReadOnly { .. }
                | StorageError::Corrupt { .. }
                | StorageError::Conflict { .. }
                | StorageError::Unavailable { .. }
                | StorageError::Closed
        )
    }
}

fn listed(losses: &[(String, i64)]) -> String {
    let parts: Vec<String> = losses.iter().map(|(what, rows)| format!("{what}: {rows}")).collect();
    parts.join(", ")
}
