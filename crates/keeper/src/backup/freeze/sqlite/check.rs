//! What is in a database, and what the engine says against it.

use std::collections::BTreeMap;

use rusqlite::{Connection, types::ValueRef};

use super::engine::{self, Limit};

/// The engine is asked for so many complaints; a badly damaged database has millions.
const COMPLAINTS: usize = 100;
/// So many are repeated.
const SHOWN: usize = 4;

/// Rows of every table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    /// By table; those that could be counted.
    pub tables: BTreeMap<String, u64>,
    /// The first damage that was met on the way.
    pub damage: Option<String>,
}

/// What `PRAGMA integrity_check` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Integrity {
    /// `ok`.
    Sound,
    /// `quick_check` says `ok`; the rest needs functions or collations that only the service has. Which.
    Mostly(String),
    /// The complaints, in one sentence.
    Damaged(String),
}

/// Counts the rows of every table that has any of its own. Virtual tables have none: what they hold lies in other
/// tables (their shadow tables, which are counted) or outside of the database.
pub(crate) fn rows(connection: &Connection, limit: Limit<'_>) -> anyhow::Result<Rows> {
    let mut rows = Rows::default();
    let names = match engine::limited(connection, limit, names) {
        Ok(names) => names,
        Err(error) => match engine::damage(&error) {
            Some(damage) => return Ok(Rows { damage: Some(damage), ..rows }),
            None => return Err(engine::ended(error, limit)),
        },
    };
    for name in names {
        let sql = engine::count_of(&name);
        let counted = engine::limited_in_any_order(connection, limit, |connection| {
            connection.query_row(&sql, [], |row| row.get::<_, i64>(0))
        });
        match counted {
            Ok(count) => drop(rows.tables.insert(name, u64::try_from(count).unwrap_or_default())),
            Err(error) if engine::interrupted(&error) => return Err(engine::ended(error, limit)),
            Err(error) => match engine::damage(&error) {
                Some(damage) => drop(rows.damage.get_or_insert(damage)),
                None => return Err(engine::ended(error, limit)),
            },
        }
    }
    Ok(rows)
}

fn names(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection.prepare(engine::TABLES)?.query_map([], |row| row.get(0))?.collect()
}

/// Runs the engine's own check of everything: the whole database is read, and its tables are compared with its indexes.
pub(crate) fn integrity(connection: &Connection, limit: Limit<'_>) -> anyhow::Result<Integrity> {
    let asked = format!("PRAGMA main.integrity_check({COMPLAINTS})");
    let mut said = Vec::new();
    let error =
        match engine::limited(connection, limit, |connection| read_lines(connection, &asked, &mut said)) {
            Ok(()) => return Ok(judged(&said, None)),
            Err(error) => error,
        };
    if let Some(damage) = engine::damage(&error) {
        return Ok(judged(&said, Some(&damage)));
    }
    if engine::interrupted(&error) || error.sqlite_error_code() != Some(rusqlite::ErrorCode::Unknown) {
        return Err(engine::ended(error, limit));
    }
    let missing = engine::plain(&engine::said(&error));
    Ok(match structure(connection, limit)? {
        Integrity::Sound => Integrity::Mostly(missing),
        other => other,
    })
}

/// The check without what only the service may know: its constraints and the order of its indexes.
fn structure(connection: &Connection, limit: Limit<'_>) -> anyhow::Result<Integrity> {
    connection.execute_batch("PRAGMA ignore_check_constraints = ON")?;
    let asked = format!("PRAGMA main.quick_check({COMPLAINTS})");
    let mut said = Vec::new();
    let ended = engine::limited_in_any_order(connection, limit, |connection| {
        said.clear();
        read_lines(connection, &asked, &mut said)
    });
    match ended {
        Ok(()) => Ok(judged(&said, None)),
        Err(error) => match engine::damage(&error) {
            Some(damage) => Ok(judged(&said, Some(&damage))),
            None => Err(engine::ended(error, limit)),
        },
    }
}

fn read_lines(connection: &Connection, sql: &str, said: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let ValueRef::Text(text) = row.get_ref(0)? {
            let text = String::from_utf8_lossy(text);
            said.extend(text.lines().filter(|line| !line.starts_with("*** in database")).map(engine::plain));
        }
    }
    Ok(())
}

fn judged(said: &[String], failed: Option<&str>) -> Integrity {
    if failed.is_none() && said == ["ok"] {
        return Integrity::Sound;
    }
    let complaints: Vec<&str> =
        said.iter().map(String::as_str).filter(|line| *line != "ok").chain(failed).collect();
    let shown = complaints[..complaints.len().min(SHOWN)].join("; ");
    let more = match complaints.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more if complaints.len() >= COMPLAINTS => format!("; and at least {more} more"),
        more => format!("; and {more} more"),
    };
    Integrity::Damaged(if shown.is_empty() { "the check said nothing".to_owned() } else { shown + &more })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &[&str], failed: Option<&str>, expected: &str) {
        let said: Vec<String> = said.iter().map(|line| (*line).to_owned()).collect();
        match judged(&said, failed) {
            Integrity::Damaged(text) => assert_eq!(text, expected),
            other => assert_eq!(format!("{other:?}"), expected),
        }
    }

    #[test]
    fn complaints_become_one_sentence() {
        check(&["ok"], None, "Sound");
        check(&["Page 8: free space corruption"], None, "Page 8: free space corruption");
        check(&[], Some("database disk image is malformed"), "database disk image is malformed");
        check(&["a", "b", "c", "d", "e"], Some("f"), "a; b; c; d; and 2 more");
        check(&["x"; COMPLAINTS], None, "x; x; x; x; and at least 96 more");
        check(&[], None, "the check said nothing");
    }
}
