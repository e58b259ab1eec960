//! `db clean-up`: deletes old sessions of services that nobody plays any more and that a proved backup holds.
//!
//! A task deletes. The command by itself, which writes nothing into the ledger, shows what a task would delete.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::Context;
use jiff::Timestamp;
use keeper_core::{
    cleanup::{self, Cleanup, Kept, ProvedBackup, Rules, Session, WhyKept},
    ledger::Event,
    plan::{
        command::Command,
        service::Service,
        value::{Period, ServiceName},
    },
};
use serde::Serialize;
use serde_json::json;
use storage::{Database, StorageError};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Surroundings, database};
use crate::{
    cli::table::{plain, table},
    report::{Report, Verdict},
    state::{Rows, State},
    store::{
        foreign::sessions::{self, Found, Shape},
        ledger_rows,
        proved_sessions::{self, Proved},
    },
};

const USUAL_AGE: Period = Period::days(90);
const USUAL_BATCH: usize = 500;
/// Sessions that are held in memory at once.
const AT_ONCE: u32 = 10_000;
/// Kept sessions that are named; the others are counted.
const NAMED: usize = 20;
/// Between two units of work, at least; never less than the one before has taken.
const PAUSE: Duration = Duration::from_millis(50);
/// A database that is busy is tried again so often.
const TRIES: u32 = 10;

/// What was found in one service, and what became of it.
#[derive(Debug, Default, Serialize)]
struct Outcome {
    /// Gone, or what a task would delete.
    deleted: u64,
    /// Chosen, and left because something has happened in them meanwhile.
    changed: u64,
    /// Old enough, and kept.
    kept: u64,
    /// How many for each reason.
    reasons: BTreeMap<&'static str, u64>,
    /// Some of them.
    named: Vec<Kept>,
    young: u64,
    /// The backups that hold what is deleted.
    backups: BTreeSet<String>,
}

/// Deletes what may be deleted, in short units of work; where no row can be written it only shows it.
pub(super) async fn clean_up(around: &Surroundings<'_>, command: &Command) -> anyhow::Result<Report> {
    let state =
        around.state.context("what is safe to delete stands in keeper's state file, and there is none")?;
    let batch = command.value("batch").and_then(|it| it.parse().ok()).unwrap_or(USUAL_BATCH);
    let rules = Rules {
        older_than: command.period("older-than").unwrap_or(USUAL_AGE),
        inactive_for: command.period("inactive-for").unwrap_or(USUAL_AGE),
        batch: batch.max(1),
    };
    let mut all = Vec::new();
    for (name, service) in around.services(command)? {
        if service.database.is_some() {
            let outcome = of_service(around, state, name, service, rules).await;
            all.push((name, outcome.with_context(|| format!("the sessions of {name}"))?));
        }
    }
    if all.is_empty() {
        return Ok(Report::skipped("no service has a database"));
    }
    Ok(report(&all, around.rows.is_none()))
}

async fn of_service(
    around: &Surroundings<'_>,
    state: &State,
    name: &ServiceName,
    service: &Service,
    rules: Rules,
) -> anyhow::Result<Outcome> {
    let place = service.database.as_ref().context("it has no database")?;
    let database = database::open(around, service, place).await?;
    let work = Work {
        shape: sessions::shape(&database).await?,
        database,
        proofs: standing(state, around.plan.head.name.as_str(), name).await?,
        state: state.clone(),
        service: name.clone(),
        rules,
        now: around.clock.now(),
        rows: around.rows.cloned(),
        stop: around.stop.clone(),
    };
    // On its own: when the time limit gives this up, it still writes down what is gone.
    tokio::spawn(work.carry_out()).await?
}

/// The proofs of a service's backups that still stand: written in the ledger, not contradicted by a later proof, and
/// of a backup that was not dropped since.
async fn standing(state: &State, plan: &str, service: &ServiceName) -> anyhow::Result<Vec<Proved>> {
    let ours = |proved: &Proved| proved.backup.split_once('/').is_some_and(|(own, _)| own == plan);
    let mut known = proved_sessions::newest(&state.database, service).await?;
    known.retain(ours);
    let Some(first) = known.iter().map(|proved| proved.proof).min() else { return Ok(known) };
    let (mut seq, mut proved_at, mut fallen) = (first.saturating_sub(1), BTreeSet::new(), BTreeSet::new());
    loop {
        let rows = ledger_rows::after(&state.database, seq, ledger_rows::BATCH).await?;
        let Some(last) = rows.last() else { break };
        seq = last.seq;
        for row in &rows {
            match row.event()? {
                Event::ProofMade { backup, store, snapshot, good: true, .. } => {
                    fallen.remove(&(backup.clone(), store.clone(), snapshot.clone()));
                    proved_at.insert((row.seq, backup, store, snapshot));
                }
                Event::ProofMade { backup, store, snapshot, good: false, .. } => {
                    fallen.insert((backup, store, snapshot));
                }
                Event::Pruned { backup, store, dropped, .. } => {
                    fallen.extend(dropped.into_iter().map(|it| (backup.clone(), store.clone(), it)));
                }
                _ => {}
            }
        }
    }
    known.retain(|it| {
        let (backup, store, snapshot) = (it.backup.clone(), it.store.clone(), it.snapshot.clone());
        proved_at.contains(&(it.proof, backup.clone(), store.clone(), snapshot.clone()))
            && !fallen.contains(&(backup, store, snapshot))
    });
    Ok(known)
}

/// Everything that the clean-up of one service needs.
struct Work {
    database: Database,
    shape: Shape,
    proofs: Vec<Proved>,
    state: State,
    service: ServiceName,
    rules: Rules,
    now: Timestamp,
    rows: Option<Rows>,
    stop: CancellationToken,
}

impl Work {
    /// Goes through the sessions, oldest activity first. However it ends, a row says what is gone.
    async fn carry_out(self) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let done = self.go_through(&mut outcome).await;
        self.database.close().await;
        if let (Some(rows), true) = (&self.rows, outcome.deleted > 0) {
            let event = Event::CleanedUp {
                service: self.service.to_string(),
                deleted: outcome.deleted,
                kept: outcome.kept,
                backup: joined(&outcome.backups),
            };
            rows.write(event).await?;
        }
        done.map(|()| outcome)
    }

    async fn go_through(&self, outcome: &mut Outcome) -> anyhow::Result<()> {
        let before = self.now.saturating_sub(self.rules.older_than.duration())?;
        let all = sessions::count(&self.database).await?;
        let (mut looked_at, mut last) = (0, None);
        loop {
            let found = sessions::older(&self.database, &self.shape, before, last.as_ref(), AT_ONCE).await?;
            looked_at += found.len() as u64;
            let cleanup = self.plan(&found, outcome).await?;
            self.delete(&found, &cleanup, outcome).await?;
            outcome.take(cleanup);
            let Some(newest) = found.into_iter().last() else { break };
            last = Some(newest);
        }
        outcome.young += all.saturating_sub(looked_at);
        Ok(())
    }

    /// Decides on these sessions; those whose times cannot be read are kept.
    async fn plan(&self, found: &[Found], outcome: &mut Outcome) -> anyhow::Result<Cleanup> {
        let mut sessions = Vec::new();
        for session in found {
            let (Some(created_at), Some(last_activity)) = (session.created_at, session.last_activity) else {
                outcome.kept += 1;
                *outcome.reasons.entry("its times cannot be read").or_default() += 1;
                continue;
            };
            sessions.push(Session { id: session.id.clone(), created_at, last_activity });
        }
        let wanted: BTreeSet<&str> = found.iter().map(|session| session.id.as_str()).collect();
        let mut backups = Vec::new();
        for proved in &self.proofs {
            let held = proved_sessions::held(&self.state.database, proved, &wanted).await?;
            backups.push(ProvedBackup { id: named(proved), taken_at: proved.taken_at, sessions: held });
        }
        let cleanup = cleanup::plan(&sessions, &backups, self.rules, self.now);
        for id in cleanup.batches.iter().flatten() {
            // The newest that holds it; a session that is deleted is in one.
            let holder = backups.iter().find(|backup| backup.sessions.contains(id));
            outcome.backups.extend(holder.map(|backup| backup.id.clone()));
        }
        Ok(cleanup)
    }

    async fn delete(&self, found: &[Found], cleanup: &Cleanup, outcome: &mut Outcome) -> anyhow::Result<()> {
        let chosen: usize = cleanup.batches.iter().map(Vec::len).sum();
        let Some(rows) = &self.rows else {
            outcome.deleted += chosen as u64;
            return Ok(());
        };
        if chosen == 0 {
            return Ok(());
        }
        let text = format!("deletes up to {chosen} sessions that {} holds", joined(&outcome.backups));
        let subject = format!("clean-up of {}", self.service);
        rows.write(Event::Note { subject, text }).await?;
        let by_id: BTreeMap<&str, &Found> = found.iter().map(|it| (it.id.as_str(), it)).collect();
        for batch in &cleanup.batches {
            let batch: Vec<Found> =
                batch.iter().filter_map(|id| by_id.get(id.as_str()).map(|it| (*it).clone())).collect();
            self.delete_batch(&batch, outcome).await?;
        }
        Ok(())
    }

    /// One batch, in as many units of work as it takes to keep each short; the service writes in between.
    async fn delete_batch(&self, batch: &[Found], outcome: &mut Outcome) -> anyhow::Result<()> {
        let (mut left, mut busy) = (batch, 0);
        while !left.is_empty() {
            anyhow::ensure!(!self.stop.is_cancelled(), "stopped before its end");
            match sessions::delete(&self.database, &self.shape, left).await {
                Ok(done) => {
                    outcome.deleted += done.gone;
                    outcome.changed += done.tried as u64 - done.gone;
                    left = &left[done.tried..];
                    busy = 0;
                    sleep(done.took.max(PAUSE)).await;
                }
                Err(error) if error.is_retryable() && busy < TRIES => {
                    busy += 1;
                    sleep(PAUSE * busy).await;
                }
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }
}

fn failed(error: StorageError) -> anyhow::Error {
    anyhow::Error::new(error).context("deleting old sessions")
}

impl Outcome {
    fn take(&mut self, cleanup: Cleanup) {
        self.young += cleanup.young as u64;
        self.kept += cleanup.kept.len() as u64;
        for kept in cleanup.kept {
            *self.reasons.entry(word(&kept.why)).or_default() += 1;
            if self.named.len() < NAMED {
                self.named.push(kept);
            }
        }
    }
}

fn word(why: &WhyKept) -> &'static str {
    match why {
        WhyKept::Active { .. } => "played since",
        WhyKept::NoProvedBackup => "no proved backup",
        WhyKept::BackupsOlder { .. } => "proved backups are older",
        WhyKept::NotInBackup => "in no proved backup",
        WhyKept::InTheFuture => "times in the future",
    }
}

fn named(proved: &Proved) -> String {
    format!("{} {} in {}", proved.backup, proved.snapshot, proved.store)
}

fn joined(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn report(all: &[(&ServiceName, Outcome)], dry: bool) -> Report {
    let verb = if dry { "would be deleted" } else { "deleted" };
    let (mut summaries, mut text) = (Vec::new(), String::new());
    for (name, outcome) in all {
        let mut summary = format!("{name}: {} session(s) {verb}, {} kept", outcome.deleted, outcome.kept);
        let reasons: Vec<String> =
            outcome.reasons.iter().map(|(why, count)| format!("{count} {why}")).collect();
        if !reasons.is_empty() {
            summary.push_str(&format!(" ({})", reasons.join(", ")));
        }
        if outcome.changed > 0 {
            summary.push_str(&format!(", {} left because something has happened in them", outcome.changed));
        }
        text.push_str(&format!("{summary}, {} younger\n", outcome.young));
        if !outcome.backups.is_empty() {
            text.push_str(&format!("held by {}\n", joined(&outcome.backups)));
        }
        let rows: Vec<Vec<String>> =
            outcome.named.iter().map(|it| vec![plain(&it.id, 60), it.why.to_string()]).collect();
        if !rows.is_empty() {
            text.push_str(&table(&["KEPT", "WHY"], &rows));
        }
        summaries.push(summary);
    }
    if dry {
        text.push_str("nothing was deleted: a task of the plan does that (`keeper task run`)\n");
    }
    let data: Vec<_> = all
        .iter()
        .map(|(name, outcome)| json!({ "service": name, "dry_run": dry, "found": outcome }))
        .collect();
    Report { verdict: Verdict::Good, summary: summaries.join("; "), text, data: json!(data) }
}
