//! SQLite as we talk to it: opening without changing anything, waiting with a limit, stopping, and telling damage
//! from trouble.

use std::{
    fmt::Write,
    os::unix::ffi::OsStrExt,
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow, bail};
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, config::DbConfig, ffi};
use tokio_util::sync::CancellationToken;

/// So long one attempt waits for a lock; between attempts the stop token is looked at.
const ATTEMPT: Duration = Duration::from_millis(250);
/// So often a statement that runs long looks at the stop token.
const LOOK: Duration = Duration::from_millis(100);
/// So many collations of a service are replaced.
const COLLATIONS: usize = 32;
/// What the engine says is cut after so many characters.
const SAID: usize = 300;

/// Every page of the database in order, as it stands in the file.
pub(super) const PAGES: &str = "SELECT data FROM sqlite_dbpage('main')";
/// Tables with pages of their own.
pub(super) const TABLES: &str =
    "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name";
/// How many rows point to rows that are not there.
pub(crate) const ORPHANS: &str = "SELECT COUNT(*) FROM pragma_foreign_key_check";
/// Reads the schema, and with it begins the transaction.
const BEGIN_READING: &str = "SELECT COUNT(*) FROM main.sqlite_schema";

/// How many rows a table has.
pub(super) fn count_of(table: &str) -> String {
    format!("SELECT COUNT(*) FROM main.\"{}\"", table.replace('"', "\"\""))
}

/// A database on which a read transaction was begun.
pub(super) enum Begun {
    /// Everything read from it is of one instant.
    Reading(Connection),
    /// The engine cannot read it, and says why: the file itself is at fault.
    Damaged(String),
}

/// When a statement has to end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit<'a> {
    /// As soon as this is cancelled,
    pub stop: &'a CancellationToken,
    /// or after so long.
    pub at_most: Duration,
}

/// Opens a database read-only and begins a read transaction; waits at most `wait` for those who keep others out.
///
/// A transaction that died in rollback-journal mode (a hot journal) has to be rolled back before anything can be
/// read: then, and only then, the database is opened for writing, and the engine does what it would do for the
/// service's next start.
pub(super) fn begin(path: &Path, wait: Duration, stop: &CancellationToken) -> anyhow::Result<Begun> {
    let (started, mut flags) = (Instant::now(), OpenFlags::SQLITE_OPEN_READ_ONLY);
    loop {
        let error = match try_begin(path, flags) {
            Ok(connection) => return Ok(Begun::Reading(connection)),
            Err(error) => error,
        };
        if stop.is_cancelled() {
            bail!("stopped");
        }
        match error.sqlite_error() {
            Some(said) if matches!(said.code, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                if started.elapsed() >= wait {
                    let waited = wait.as_secs_f64();
                    bail!("another program kept {} locked for {waited} s", path.display());
                }
                thread::sleep(Duration::from_millis(10));
            }
            Some(said)
                if said.extended_code == ffi::SQLITE_READONLY_ROLLBACK
                    && flags == OpenFlags::SQLITE_OPEN_READ_ONLY =>
            {
                flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
            }
            _ => {
                return match damage(&error) {
                    Some(damage) => Ok(Begun::Damaged(damage)),
                    None => Err(explained(&error, path)),
                };
            }
        }
    }
}

fn try_begin(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    settle(&connection)?;
    connection.execute_batch("BEGIN")?;
    connection.query_row(BEGIN_READING, [], |_| Ok(()))?;
    Ok(connection)
}

/// Opens a database that nobody writes, without locks and without any file beside it: it is not changed, may lie on a
/// read-only disk, and what a `-wal` beside it holds is not looked at.
pub(crate) fn open_still(path: &Path) -> rusqlite::Result<Connection> {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(*byte));
            }
            // Writing to a string does not fail.
            _ => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(uri, flags)?;
    settle(&connection)?;
    Ok(connection)
}

/// Nothing that stands in a database of somebody else may do more than be read.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(ATTEMPT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    Ok(())
}

/// Does something that may run long, and interrupts it when it must end.
pub(crate) fn limited<T>(
    connection: &Connection,
    limit: Limit<'_>,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let (handle, until) = (connection.get_interrupt_handle(), Instant::now() + limit.at_most);
    let (working, done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            while done.recv_timeout(LOOK) == Err(mpsc::RecvTimeoutError::Timeout) {
                if limit.stop.is_cancelled() || Instant::now() >= until {
                    handle.interrupt();
                }
            }
        });
        let result = work(connection);
        drop(working);
        result
    })
}

/// Whether this error is that of an interrupted statement.
pub(crate) fn interrupted(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

/// Like [`limited`], for what does not depend on how texts are ordered: collations that only the service has are
/// replaced by the order of bytes.
pub(crate) fn limited_in_any_order<T>(
    connection: &Connection,
    limit: Limit<'_>,
    mut work: impl FnMut(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let mut replaced = 0;
    loop {
        let error = match limited(connection, limit, &mut work) {
            Err(error) if replaced < COLLATIONS => error,
            ended => return ended,
        };
        let text = said(&error);
        let Some((_, name)) = text.split_once("no such collation sequence: ") else { return Err(error) };
        connection.create_collation(name, str::cmp)?;
        replaced += 1;
    }
}

/// What the engine said, without numbers.
pub(crate) fn said(error: &Error) -> String {
    match error {
        Error::SqliteFailure(_, Some(text)) => text.clone(),
        Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

/// The sentence for an error that is a fault of the file; none for one of the disk, the locks, the rights.
pub(crate) fn damage(error: &Error) -> Option<String> {
    let text = said(error);
    let at_fault = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => true,
        // A header from the future, or a schema that is no SQL, is said without a code of its own.
        Some(ErrorCode::Unknown) => {
            ["unsupported file format", "malformed"].iter().any(|part| text.contains(part))
        }
        // Text that is no UTF-8 where names are.
        Some(_) => false,
        None => matches!(
            error,
            Error::Utf8Error(..) | Error::FromSqlConversionFailure(..) | Error::InvalidColumnType(..)
        ),
    };
    at_fault.then(|| plain(&text))
}

/// What the engine said, on one line and not too long; a damaged database can hold any bytes where names are.
pub(crate) fn plain(said: &str) -> String {
    let line: String = said.chars().take(SAID).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if said.chars().nth(SAID).is_some() { format!("{line}…") } else { line }
}

/// An error that is not damage, with what to do about it.
fn explained(error: &Error, path: &Path) -> anyhow::Error {
    let place = path.display();
    let code = error.sqlite_error().map_or(0, |said| said.extended_code);
    let hint = match code & 0xff {
        ffi::SQLITE_READONLY if code == ffi::SQLITE_READONLY_ROLLBACK => {
            "a transaction died in it and has to be rolled back, for which keeper may not write there: start the service once"
        }
        ffi::SQLITE_CANTOPEN | ffi::SQLITE_READONLY => {
            "keeper must be allowed to read it and, in WAL mode, to write beside it: run keeper as the service's user"
        }
        ffi::SQLITE_PERM | ffi::SQLITE_AUTH => "keeper must be allowed to read it",
        ffi::SQLITE_IOERR => "its disk does not answer as it should",
        _ => "the engine could not begin to read it",
    };
    anyhow!("{place} cannot be read ({}): {hint}", plain(&said(error)))
}

/// The error of a limited statement for people.
pub(crate) fn ended(error: Error, limit: Limit<'_>) -> anyhow::Error {
    if interrupted(&error) {
        return match limit.stop.is_cancelled() {
            true => anyhow!("stopped"),
            false => anyhow!("it took longer than {} s", limit.at_most.as_secs()),
        };
    }
    anyhow::Error::new(error).context("the database could not be read")
}

/// One number that a statement gives.
pub(super) fn number(connection: &Connection, sql: &str) -> anyhow::Result<u64> {
    let value: i64 = connection.query_row(sql, [], |row| row.get(0)).with_context(|| sql.to_owned())?;
    u64::try_from(value).with_context(|| format!("{sql} gave {value}"))
}
