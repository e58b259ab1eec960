//! The sessions of a service: their keys and times, and their deletion in short units of work.
//!
//! What hangs on a session goes by the rules of the service's own database (`ON DELETE CASCADE`, triggers), just as
//! when the service deletes one.

use std::time::Duration;

use anyhow::{Context, bail};
use chassis::clock::{parse_utc_text, utc_text};
use jiff::Timestamp;
use rusqlite::Connection;
use storage::{Backend, Database, StorageError, Transaction, params};
use tokio::time::Instant;

/// Columns that say when something last happened; the latest of those that are there counts.
const ACTIVITY: [&str; 4] = ["last_activity", "last_active_at", "last_turn_at", "updated_at"];
/// Types of keys in PostgreSQL.
const KEY_TYPES: [&str; 5] = ["text", "character varying", "uuid", "bigint", "integer"];
/// A unit of work ends after this, however many sessions are left of its batch.
const SHORT: Duration = Duration::from_millis(200);
/// Keys that are read at once.
const READ_AT_ONCE: u32 = 10_000;

/// How the table `sessions` of a service is read, as pieces of SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Type that a text has to be cast to before it is compared with a key; SQLite does that by itself.
    key_type: Option<String>,
    /// When it began, as UTC text.
    created: String,
    /// When something last happened in it, as UTC text.
    activity: String,
}

/// A session as its database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its key.
    pub id: String,
    /// When it began, where that is a time.
    pub created_at: Option<Timestamp>,
    /// When something last happened in it, where that is a time.
    pub last_activity: Option<Timestamp>,
    /// The same as it is written there.
    pub activity_text: String,
}

/// What one unit of work did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleted {
    /// How many of the given ones were tried, from the first.
    pub tried: usize,
    /// How many of these are gone; in the others something has happened meanwhile, or they were gone before.
    pub gone: u64,
    /// How long it kept other writers waiting, at most.
    pub took: Duration,
}

/// Looks how the table is made. Fails with a sentence when it is not there, or has no key and times.
pub async fn shape(database: &Database) -> anyhow::Result<Shape> {
    let columns = columns(database).await?;
    if columns.is_empty() {
        bail!("its database has no table sessions");
    }
    let backend = database.backend();
    let of = |name: &str| columns.iter().find(|(own, _)| own == name).map(|(_, kind)| kind.as_str());
    let kind = of("id").context("its table sessions has no column id")?.to_owned();
    let key_type = (backend == Backend::Postgres).then_some(kind);
    if let Some(kind) = key_type.as_deref().filter(|kind| !KEY_TYPES.contains(kind)) {
        bail!("the column id of its table sessions is of type {kind}, which keeper does not know");
    }
    let time = |name: &str| of(name).map(|kind| as_utc_text(backend, name, kind));
    let created = time("created_at").context("its table sessions has no column created_at")??;
    let found = ACTIVITY.iter().filter_map(|name| time(name)).collect::<anyhow::Result<Vec<_>>>()?;
    if found.is_empty() {
        bail!("its table sessions has none of the columns {}", ACTIVITY.join(", "));
    }
    let latest = if backend == Backend::Postgres { "GREATEST" } else { "max" };
    let parts: Vec<String> = found.iter().map(|column| format!("COALESCE({column}, {created})")).collect();
    let activity = format!("{latest}({created}, {})", parts.join(", "));
    Ok(Shape { key_type, created, activity })
}

impl Shape {
    /// A parameter with a key in it.
    fn key(&self, number: u32) -> String {
        match &self.key_type {
            Some(kind) => format!("CAST(${number} AS {kind})"),
            None => format!("${number}"),
        }
    }
}

async fn columns(database: &Database) -> Result<Vec<(String, String)>, StorageError> {
    let sql = match database.backend() {
        Backend::Sqlite => "SELECT name, lower(type) AS kind FROM pragma_table_info('sessions')",
        Backend::Postgres => {
            "SELECT CAST(attname AS TEXT) AS name, format_type(atttypid, NULL) AS kind FROM pg_attribute \
             WHERE attrelid = to_regclass('sessions') AND attnum > 0 AND NOT attisdropped"
        }
    };
    let rows = database.fetch_all(sql, &[]).await?;
    rows.iter().map(|row| Ok((row.get("name")?, row.get("kind")?))).collect()
}

fn as_utc_text(backend: Backend, column: &str, kind: &str) -> anyhow::Result<String> {
    let shown = |column: &str| format!("to_char({column}, 'YYYY-MM-DD HH24:MI:SS.US')");
    Ok(match (backend, kind) {
        (Backend::Sqlite, _) => format!("CAST({column} AS TEXT)"),
        (_, "text" | "character varying") => format!("CAST({column} AS TEXT) COLLATE \"C\""),
        (_, "timestamp with time zone") => shown(&format!("({column} AT TIME ZONE 'UTC')")),
        (_, "timestamp without time zone") => shown(column),
        (_, other) => bail!("the column {column} of its table sessions is of type {other}, which is no time"),
    })
}

/// How many there are.
pub async fn count(database: &Database) -> Result<u64, StorageError> {
    database.fetch_one("SELECT COUNT(*) AS found FROM sessions", &[]).await?.get("found")
}

/// Sessions that began before, in the order of their last activity and key; the next ones after `last`.
pub async fn older(
    database: &Database,
    shape: &Shape,
    before: Timestamp,
    last: Option<&Found>,
    limit: u32,
) -> Result<Vec<Found>, StorageError> {
    let Shape { created, activity, .. } = shape;
    let select = format!(
        "SELECT CAST(id AS TEXT) AS id, {created} AS created, {activity} AS activity FROM sessions WHERE {created} <= $1"
    );
    let order = format!("ORDER BY {activity}, id LIMIT");
    let before = utc_text(before);
    let rows = match last {
        None => database.fetch_all(&format!("{select} {order} $2"), &params![before, limit]).await?,
        Some(last) => {
            let from = format!("AND ({activity}, id) > ($2, {})", shape.key(3));
            let values = params![before, &last.activity_text, &last.id, limit];
            database.fetch_all(&format!("{select} {from} {order} $4"), &values).await?
        }
    };
    rows.iter().map(found).collect()
}

fn found(row: &storage::Row) -> Result<Found, StorageError> {
    let created: String = row.get("created")?;
    let activity_text: String = row.get("activity")?;
    Ok(Found {
        id: row.get("id")?,
        created_at: parse_utc_text(&created).ok(),
        last_activity: parse_utc_text(&activity_text).ok(),
        activity_text,
    })
}

/// Deletes the first of these in one short unit of work, each only if nothing has happened in it since it was read.
pub async fn delete(database: &Database, shape: &Shape, sessions: &[Found]) -> Result<Deleted, StorageError> {
    let mut transaction = database.begin().await?;
    let started = Instant::now();
    let (mut tried, mut gone) = (0, 0);
    for session in sessions {
        gone += delete_one(&mut transaction, shape, session).await?;
        tried += 1;
        if started.elapsed() > SHORT {
            break;
        }
    }
    transaction.commit().await?;
    Ok(Deleted { tried, gone, took: started.elapsed() })
}

async fn delete_one(
    transaction: &mut Transaction,
    shape: &Shape,
    session: &Found,
) -> Result<u64, StorageError> {
    let activity = &shape.activity;
    let sql = format!("DELETE FROM sessions WHERE id = {} AND {activity} = $2", shape.key(1));
    transaction.execute(&sql, &params![&session.id, &session.activity_text]).await
}

/// The keys of every session in a database, such as the restored copy of a backup; none where it has no table
/// `sessions` with a key.
pub async fn ids(database: &Database) -> anyhow::Result<Option<Vec<String>>> {
    if !columns(database).await?.iter().any(|(name, _)| name == "id") {
        return Ok(None);
    }
    let mut all: Vec<String> = Vec::new();
    let mut transaction = database.begin_read().await?;
    loop {
        let sql = "SELECT CAST(id AS TEXT) AS id FROM sessions ORDER BY id LIMIT $1 OFFSET $2";
        let offset = u32::try_from(all.len()).context("there are too many sessions")?;
        let rows = transaction.fetch_all(sql, &params![READ_AT_ONCE, offset]).await?;
        if rows.is_empty() {
            transaction.rollback().await?;
            return Ok(Some(all));
        }
        for row in &rows {
            all.push(row.get("id")?);
        }
    }
}

/// The same in an open SQLite file, such as a restored one, without changing it.
pub fn ids_in_file(file: &Connection) -> rusqlite::Result<Option<Vec<String>>> {
    let sql = "SELECT COUNT(*) FROM pragma_table_info('sessions') WHERE name = 'id'";
    if file.query_row(sql, [], |row| row.get::<_, u32>(0))? == 0 {
        return Ok(None);
    }
    let mut statement = file.prepare("SELECT CAST(id AS TEXT) FROM sessions")?;
    let ids = statement.query_map([], |row| row.get(0))?;
    ids.collect::<rusqlite::Result<_>>().map(Some)
}
