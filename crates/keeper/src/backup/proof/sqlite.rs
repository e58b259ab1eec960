//! Whether a restored SQLite database is good: its bytes, and what the real engine says when it reads all of it.

use std::path::Path;

use anyhow::{Context, bail};
use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use super::{Finding, bytes};
use crate::backup::{
    freeze::sqlite::{
        check::{self, Integrity},
        engine::{self, Limit},
        patience,
    },
    record::{Item, Kind},
};

/// So many tables with other rows are named.
const NAMED: usize = 5;

/// Compares a restored database, or a plain copy, with what was recorded of its source. Blocking; reads it three times.
///
/// The file is opened where it lies, as one that nobody writes (`immutable=1`): it is not changed, nothing is made
/// beside it, and it may lie on a read-only disk. An error means that nothing could be found out; what is wrong with
/// the backup is a finding.
pub fn prove(item: &Item, restored: &Path, stop: &CancellationToken) -> anyhow::Result<Vec<Finding>> {
    if item.kind != Kind::Sqlite {
        bail!("{} is not a SQLite database", item.at);
    }
    let mut findings = Vec::new();
    if let Some(damage) = &item.damage {
        findings.push(Finding::bad(format!("the source was damaged when it was backed up: {damage}")));
    }
    findings.push(bytes(item, restored));
    if !restored.is_file() {
        return Ok(findings);
    }
    let limit = Limit { stop, at_most: patience(item.size_bytes) };
    match engine::open_still(restored) {
        Ok(connection) => findings.extend(engine_findings(&connection, item, limit)?),
        Err(error) => findings
            .push(Finding::bad(format!("SQLite does not open it: {}", engine::plain(&engine::said(&error))))),
    }
    Ok(findings)
}

fn engine_findings(connection: &Connection, item: &Item, limit: Limit<'_>) -> anyhow::Result<Vec<Finding>> {
    let integrity =
        check::integrity(connection, limit).with_context(|| format!("{} was not checked", item.at))?;
    let version = rusqlite::version();
    let mut findings = vec![match integrity {
        Integrity::Sound => {
            Finding::good(format!("SQLite {version} reads all of it, integrity_check says ok"))
        }
        Integrity::Mostly(missing) => Finding::good(format!(
            "SQLite {version} reads all of it, quick_check says ok; integrity_check needs what only the service has: {missing}"
        )),
        Integrity::Damaged(damage) => {
            return Ok(vec![Finding::bad(format!("SQLite {version} says that it is damaged: {damage}"))]);
        }
    }];
    findings.extend(orphans(connection, limit)?);
    findings.push(same_rows(item, &check::rows(connection, limit)?));
    Ok(findings)
}

/// Rows that point to rows that are not there are the service's own affair, and no fault of the backup; none is said
/// when there are none.
fn orphans(connection: &Connection, limit: Limit<'_>) -> anyhow::Result<Option<Finding>> {
    let counted = engine::limited(connection, limit, |connection| {
        connection.query_row(engine::ORPHANS, [], |row| row.get::<_, i64>(0))
    });
    match counted {
        Ok(0) => Ok(None),
        Ok(count) => Ok(Some(Finding::good(format!(
            "{count} row(s) point to rows that are not there, in the source as in the backup (foreign_key_check)"
        )))),
        Err(error) if engine::interrupted(&error) => Err(engine::ended(error, limit)),
        Err(error) => {
            let said = engine::plain(&engine::said(&error));
            Ok(Some(Finding::good(format!("foreign_key_check cannot be carried out: {said}"))))
        }
    }
}

fn same_rows(item: &Item, counted: &check::Rows) -> Finding {
    if let Some(damage) = &counted.damage {
        return Finding::bad(format!("its rows could not be counted: {damage}"));
    }
    if counted.tables == item.rows {
        let rows: u64 = item.rows.values().sum();
        return Finding::good(format!(
            "{rows} row(s) in {} table(s), as counted in the source",
            item.rows.len()
        ));
    }
    let number = |rows: Option<&u64>| rows.map_or("no such table".to_owned(), u64::to_string);
    let names: std::collections::BTreeSet<&String> = item.rows.keys().chain(counted.tables.keys()).collect();
    let differing: Vec<String> = names
        .into_iter()
        .filter(|name| item.rows.get(*name) != counted.tables.get(*name))
        .map(|name| {
            let (source, restored) = (number(item.rows.get(name)), number(counted.tables.get(name)));
            format!("{} has {restored}, the source had {source}", engine::plain(name))
        })
        .collect();
    let more = if differing.len() > NAMED { ", and others differ" } else { "" };
    Finding::bad(format!(
        "other rows than in the source: {}{more}",
        differing[..differing.len().min(NAMED)].join("; ")
    ))
}
