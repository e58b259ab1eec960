//! `keeper status`: whether keeper runs, what needs somebody, what is due next and what was done last.
#![expect(clippy::print_stdout, reason = "a command's result goes to the terminal")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;
use jiff::Timestamp;
use keeper_core::freshness::Level;
use serde::Serialize;

use super::{
    Invocation,
    table::{plain, table},
};
use crate::{
    scheduler::{BackupState, TaskState, backups, tasks},
    state::lives,
    store::{
        backups as stored,
        holder::{self, Holder},
        runs::{self, RunRecord, outcome_word},
    },
};

/// So many times to come are listed.
const NEXT: usize = 10;

/// Flags of `keeper status`.
#[derive(Args, Debug)]
pub(super) struct Status {
    /// Plan files, instead of those of the configuration
    #[arg(value_name = "PLAN")]
    plans: Vec<PathBuf>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    /// Keeper runs, nothing is overdue, the newest outcome of every task is good or as it should be, and no backup is
    /// red.
    ok: bool,
    running: bool,
    keeper: Option<Holder>,
    needs_somebody: Vec<String>,
    next: Vec<Next>,
    last: Vec<RunRecord>,
    tasks: Vec<TaskState>,
    backups: Vec<BackupState>,
}

#[derive(Serialize)]
struct Next {
    at: Timestamp,
    task: String,
    does: String,
}

impl Status {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let plans = invocation.plans(&self.plans)?;
        let state = invocation.state().await?;
        let now = state.clock.now();
        let keeper = holder::current(&state.database).await?;
        let running = keeper.as_ref().is_some_and(|holder| lives(holder, now));
        let history = state.history().await?;
        let tasks = tasks(&plans.plans, &history, now);
        let standings = stored::all(&state.database).await?;
        let backups = backups(&plans.plans, &history, &standings, now);
        let last = runs::last_of_each(&state.database).await?;
        let mut needs_somebody = red(&backups);
        needs_somebody.extend(needs(&tasks, &last, now));
        let mut next: Vec<Next> = tasks
            .iter()
            .filter_map(|task| {
                Some(Next { at: task.next_due?, task: task.id.clone(), does: task.does.clone() })
            })
            .collect();
        next.sort_by(|one, other| (one.at, &one.task).cmp(&(other.at, &other.task)));
        next.truncate(NEXT);
        let ok = running && needs_somebody.is_empty();
        let report = Report { ok, running, keeper, needs_somebody, next, last, tasks, backups };
        if invocation.json {
            invocation.print_json(&report)?;
        } else {
            print!("{}", text(&report));
        }
        Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Backups that somebody has to look at, in sentences.
fn red(backups: &[BackupState]) -> Vec<String> {
    let red = backups.iter().filter(|state| state.verdict.level == Level::Red);
    let why = |state: &BackupState| state.says.first().cloned().unwrap_or_default();
    red.map(|state| format!("backup {} is red: {}", state.name(), why(state))).collect()
}

/// Tasks that somebody has to look at, in sentences.
fn needs(tasks: &[TaskState], last: &[RunRecord], now: Timestamp) -> Vec<String> {
    let last: BTreeMap<&str, &RunRecord> =
        last.iter().map(|run| (run.occurrence.task.as_str(), run)).collect();
    let mut all = Vec::new();
    for task in tasks {
        for open in &task.open {
            if let Some(by) = open.overdue_at.filter(|by| *by < now) {
                all.push(format!("{}: people were to be done by {by}", task.id));
            }
        }
        if let Some(run) = last.get(&*task.id).filter(|run| run.outcome.is_alarming()) {
            all.push(format!(
                "{}: {} at {}: {}",
                task.id,
                outcome_word(run.outcome),
                run.ended_at,
                run.detail
            ));
        }
    }
    all
}

fn text(report: &Report) -> String {
    let mut text = match &report.keeper {
        Some(holder) if report.running => {
            format!("keeper runs as process {} on {} since {}\n", holder.pid, holder.host, holder.since)
        }
        Some(holder) => format!(
            "keeper does not run; the last one, process {} on {}, was killed (last seen {})\n",
            holder.pid, holder.host, holder.beat_at
        ),
        None => "keeper does not run\n".to_owned(),
    };
    text.push_str(&counted(&report.backups));
    let parts: BTreeSet<&str> = report.tasks.iter().filter_map(|task| task.missing_part.as_deref()).collect();
    if !parts.is_empty() {
        let tasks = report.tasks.iter().filter(|task| task.missing_part.is_some()).count();
        let (all, parts) = (report.tasks.len(), parts.into_iter().collect::<Vec<_>>().join("; "));
        text.push_str(&format!("{tasks} of {all} tasks are not carried out: this keeper lacks {parts}\n"));
    } else if report.needs_somebody.is_empty() {
        text.push_str("nothing needs anybody\n");
    }
    for sentence in &report.needs_somebody {
        text.push_str(&format!("NEEDS SOMEBODY  {}\n", plain(sentence, 200)));
    }
    let next: Vec<Vec<String>> = report
        .next
        .iter()
        .map(|next| vec![next.at.to_string(), next.task.clone(), plain(&next.does, 80)])
        .collect();
    text.push_str(&backup_table(report));
    text.push('\n');
    text.push_str(&table(&["NEXT", "TASK", "WHAT"], &next));
    let mut last: Vec<&RunRecord> = report.last.iter().collect();
    last.sort_by_key(|run| std::cmp::Reverse(run.seq));
    let last: Vec<Vec<String>> = last
        .into_iter()
        .take(NEXT)
        .map(|run| {
            let task = run.occurrence.task.to_string();
            vec![run.ended_at.to_string(), task, outcome_word(run.outcome).to_owned(), plain(&run.detail, 80)]
        })
        .collect();
    if !last.is_empty() {
        text.push('\n');
        text.push_str(&table(&["LAST", "TASK", "OUTCOME", "WHY"], &last));
    }
    text
}

/// How many backups there are of each verdict.
fn counted(backups: &[BackupState]) -> String {
    if backups.is_empty() {
        return "backups: these plans have none\n".to_owned();
    }
    let count = |level: Level| backups.iter().filter(|state| state.verdict.level == level).count();
    let (red, amber, green) = (count(Level::Red), count(Level::Amber), count(Level::Green));
    format!("backups: {red} red, {amber} amber, {green} green\n")
}

/// Every backup in each of its stores, by the age of its newest proof.
fn backup_table(report: &Report) -> String {
    if report.backups.is_empty() {
        return String::new();
    }
    let row = |state: &BackupState| {
        let proved = state.proved_age_seconds.map_or_else(|| "never".to_owned(), age_text);
        let level = state.verdict.level.word().to_owned();
        let why = plain(&state.says.join("; "), 100);
        vec![state.backup.clone(), state.store.clone(), level, proved, state.count.to_string(), why]
    };
    let rows: Vec<Vec<String>> = report.backups.iter().map(row).collect();
    format!("\n{}", table(&["BACKUP", "STORE", "IS", "PROVED", "COUNT", "WHY"], &rows))
}

/// `45s`, `12m`, `7h` or `3d`.
fn age_text(seconds: u64) -> String {
    let text = |number: u64, unit: char| format!("{number}{unit} old");
    match seconds {
        0..60 => text(seconds, 's'),
        60..3_600 => text(seconds / 60, 'm'),
        3_600..172_800 => text(seconds / 3_600, 'h'),
        _ => text(seconds / 86_400, 'd'),
    }
}
