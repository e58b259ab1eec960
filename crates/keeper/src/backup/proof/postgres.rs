//! Whether a dump of PostgreSQL becomes the database again: restored by `pg_restore` into a scratch database of the
//! same server, counted, compared, and dropped.

use std::{collections::BTreeSet, path::Path, time::Duration};

use anyhow::Context;
use chassis::{Clock, config::Environment};
use jiff::Timestamp;
use keeper_core::plan::service::Postgres;
use storage::Database;
use tokio_util::sync::CancellationToken;

use super::Finding;
use crate::{
    backup::{
        record::Item,
        server::{self, Server},
    },
    process,
    store::foreign::contents::{self, Contents},
};

/// Names of scratch databases begin so.
pub const SCRATCH_PREFIX: &str = "keeper_proof_";
/// Their note. One with another note is not ours.
const NOTE: &str = "scratch database of a proof of keeper's, dropped by itself";
/// A proof does not take longer; an older scratch database was left by a killed one.
const LEFT_BEHIND: Duration = Duration::from_secs(86_400);
/// That many tables are named in one finding.
const NAMED: usize = 10;

/// Restores a dump and compares it with what was counted when it was taken. The scratch database is dropped whatever
/// happens, and those that a killed proof has left are dropped a day later by the next.
///
/// Not restored are owners, privileges, tablespaces, comments, publications and subscriptions: they name what is
/// outside of the database, and a subscription would begin to fetch. An error means that the server could not be
/// asked at all.
pub async fn prove(
    item: &Item,
    restored: &Path,
    postgres: &Postgres,
    clock: &Clock,
    stop: &CancellationToken,
) -> anyhow::Result<Vec<Finding>> {
    let server = Server::of(postgres, &Environment::read())?;
    let database =
        Box::pin(server.open(clock)).await.context("opening the server for the proof of a dump")?;
    let findings = Box::pin(prove_at(item, restored, &server, &database, clock, stop)).await;
    database.close().await;
    findings
}

async fn prove_at(
    item: &Item,
    restored: &Path,
    server: &Server,
    database: &Database,
    clock: &Clock,
    stop: &CancellationToken,
) -> anyhow::Result<Vec<Finding>> {
    drop_left_behind(database, clock.now()).await?;
    if let Err(error) = server::check_version(server, "pg_restore", database, stop).await {
        return Ok(vec![Finding::bad(format!("{error:#}"))]);
    }
    let chance = uuid::Uuid::new_v4().simple().to_string();
    let name = format!("{SCRATCH_PREFIX}{}_{}", clock.now().as_second(), &chance[..12]);
    let mut findings = match contents::create_scratch(database, &name, NOTE).await {
        Ok(()) => restore_and_compare(item, restored, &server.with_database(&name), clock, stop).await,
        Err(error) => vec![Finding::bad(no_scratch(database, &error).await)],
    };
    if let Err(error) = contents::drop_scratch(database, &name).await {
        findings.push(Finding::bad(format!(
            "the scratch database {name} could not be dropped ({error}): drop it by hand"
        )));
    }
    Ok(findings)
}

async fn restore_and_compare(
    item: &Item,
    restored: &Path,
    scratch: &Server,
    clock: &Clock,
    stop: &CancellationToken,
) -> Vec<Finding> {
    match restore(restored, scratch, stop).await {
        Err(error) => return vec![Finding::bad(format!("{error:#}"))],
        Ok(()) if stop.is_cancelled() => return vec![Finding::bad("the proof was stopped")],
        Ok(()) => {}
    }
    let counted = tokio::select! {
        counted = count(scratch, clock) => counted,
        () = stop.cancelled() => return vec![Finding::bad("the proof was stopped")],
    };
    match counted {
        Err(error) => vec![Finding::bad(format!("what was restored could not be counted: {error:#}"))],
        Ok(found) => {
            let mut findings = vec![Finding::good("pg_restore made the whole database again")];
            findings.extend(compare(item, &found));
            findings
        }
    }
}

async fn restore(dump: &Path, scratch: &Server, stop: &CancellationToken) -> anyhow::Result<()> {
    let mut command = scratch.program("pg_restore");
    command
        .args(["--exit-on-error", "--no-owner", "--no-privileges", "--no-tablespaces", "--no-comments"])
        .args(["--no-publications", "--no-subscriptions", "--no-security-labels", "--no-password"])
        // An empty connection string: everything is in the environment.
        .args(["--dbname", ""])
        .arg(dump);
    let (finished, _) = process::run_into(command, &server::limits(), Vec::new(), stop)
        .await
        .context("starting pg_restore")?;
    server::check_end("pg_restore", &finished)
}

async fn count(scratch: &Server, clock: &Clock) -> anyhow::Result<Contents> {
    let database = scratch.open(clock).await?;
    let counted = async {
        let mut held = contents::hold(&database).await?;
        let contents = held.contents().await?;
        held.release().await?;
        anyhow::Ok(contents)
    };
    let counted = counted.await;
    database.close().await;
    counted
}

/// Compares what was counted when a dump was taken with what came out of it.
fn compare(item: &Item, found: &Contents) -> Vec<Finding> {
    let Some(content) = &item.content else {
        return vec![Finding::bad(format!("the record of {} holds no content to compare with", item.at))];
    };
    let tables: BTreeSet<&String> = item.rows.keys().chain(found.rows.keys()).collect();
    let (mut rows, mut contents) = (Vec::new(), Vec::new());
    for table in tables {
        match (item.rows.get(table), found.rows.get(table)) {
            (Some(wanted), Some(counted)) if wanted != counted => {
                rows.push(format!("{table} has {counted} rows instead of {wanted}"));
            }
            (Some(_), None) => rows.push(format!("{table} is missing")),
            (None, Some(_)) => rows.push(format!("{table} is new")),
            _ if content.get(table) != found.content.get(table) => contents.push(table.clone()),
            _ => {}
        }
    }
    let total: u64 = found.rows.values().sum();
    vec![
        finding(
            &rows,
            "",
            &format!("{} tables hold {total} rows, as many as their source", found.rows.len()),
        ),
        finding(
            &contents,
            "other rows than in the source: ",
            if rows.is_empty() {
                "the rows of all tables have the content of their source"
            } else {
                "the rows of all other tables have the content of their source"
            },
        ),
    ]
}

fn finding(wrong: &[String], before: &str, right: &str) -> Finding {
    if wrong.is_empty() {
        return Finding::good(right);
    }
    let named = wrong.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = wrong.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Finding::bad(format!("{before}{named}{more}"))
}

/// Why there is no scratch database, and what to do.
async fn no_scratch(database: &Database, error: &storage::StorageError) -> String {
    let text = error.to_string();
    // 42501: insufficient privilege.
    if !text.contains("42501") {
        return format!("no scratch database could be made: {text}");
    }
    let role = contents::role(database).await.unwrap_or_else(|_| "of the plan".to_owned());
    format!(
        "the dump is not proved, because the role {role} may not make a scratch database: \
         grant it with ALTER ROLE {role} CREATEDB"
    )
}

async fn drop_left_behind(database: &Database, now: Timestamp) -> anyhow::Result<()> {
    let found =
        contents::databases(database, SCRATCH_PREFIX).await.context("looking for scratch databases")?;
    for (name, note) in found.iter().filter(|(name, note)| is_left_behind(name, note.as_deref(), now)) {
        match contents::drop_scratch(database, name).await {
            Ok(()) => tracing::info!(database = name, note, "dropped what a killed proof had left"),
            // Somebody else's, or just being dropped: the proof itself does not depend on it.
            Err(error) => tracing::warn!(database = name, %error, "a scratch database could not be dropped"),
        }
    }
    Ok(())
}

/// The time is in the name, because a proof may be killed before it has written the note.
fn is_left_behind(name: &str, note: Option<&str>, now: Timestamp) -> bool {
    let made = name.strip_prefix(SCRATCH_PREFIX).and_then(|rest| rest.split_once('_'));
    let made = made.and_then(|(seconds, _)| Timestamp::from_second(seconds.parse().ok()?).ok());
    let is_old = made
        .is_some_and(|made| Duration::try_from(now.duration_since(made)).is_ok_and(|age| age > LEFT_BEHIND));
    is_old && note.is_none_or(|note| note == NOTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_scratch_databases_of_ours_are_left_behind() {
        let check = |name: &str, note: Option<&str>, expected: bool| {
            let now = Timestamp::from_second(1_000_000).unwrap();
            assert_eq!(is_left_behind(name, note, now), expected, "{name} {note:?}");
        };
        check("keeper_proof_913599_0123456789ab", Some(NOTE), true);
        check("keeper_proof_913599_0123456789ab", None, true);
        check("keeper_proof_913599_0123456789ab", Some("somebody's"), false);
        check("keeper_proof_913600_0123456789ab", Some(NOTE), false);
        check("keeper_proof_2000000_0123456789ab", Some(NOTE), false);
        check("keeper_proof_of_work", None, false);
        check("keeper_proof_", None, false);
    }

    #[test]
    fn differences_are_named() {
        use crate::backup::record::Kind;
        use keeper_core::ledger::Hash;

        let hash = |byte: u8| Hash::from([byte; 32]);
        let contents = |tables: &[(&str, u64, u8)]| Contents {
            rows: tables.iter().map(|(name, rows, _)| ((*name).to_owned(), *rows)).collect(),
            content: tables.iter().map(|(name, _, byte)| ((*name).to_owned(), hash(*byte))).collect(),
        };
        let check = |source: &[(&str, u64, u8)], found: &[(&str, u64, u8)], expected: &[&str]| {
            let Contents { rows, content } = contents(source);
            let item = Item {
                at: "databases/a.dump".to_owned(),
                kind: Kind::Postgres,
                size_bytes: 1,
                blake3: None,
                rows,
                content: Some(content),
                damage: None,
            };
            let findings = compare(&item, &contents(found));
            let shown: Vec<String> = findings
                .iter()
                .map(|finding| format!("{} {}", if finding.good { "+" } else { "-" }, finding.text))
                .collect();
            assert_eq!(shown, expected);
        };
        let source = [("public.a", 2, 1), ("public.b", 3, 2)];
        let rows = "+ 2 tables hold 5 rows, as many as their source";
        let content = "+ the rows of all tables have the content of their source";
        let others = "+ the rows of all other tables have the content of their source";
        check(&source, &source, &[rows, content]);
        check(
            &source,
            &[("public.a", 2, 9), ("public.b", 3, 2)],
            &[rows, "- other rows than in the source: public.a"],
        );
        check(
            &source,
            &[("public.a", 1, 9), ("public.c", 3, 2)],
            &["- public.a has 1 rows instead of 2, public.b is missing, public.c is new", others],
        );
    }
}
