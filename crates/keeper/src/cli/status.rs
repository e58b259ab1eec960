//! `keeper status`: whether keeper runs, what needs somebody, what is due next and what was done last.
#![expect(clippy::print_stdout, reason = "a command's result goes to the terminal")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Invocation,
    table::{plain, table},
};
use crate::{
    scheduler::{TaskState, tasks},
    state::lives,
    store::{
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
    /// Keeper runs, nothing is overdue, and the newest outcome of every task is good or as it should be.
    ok: bool,
    running: bool,
    keeper: Option<Holder>,
    needs_somebody: Vec<String>,
    next: Vec<Next>,
    last: Vec<RunRecord>,
    tasks: Vec<TaskState>,
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
        let tasks = tasks(&plans.plans, &state.history().await?, now);
        let last = runs::last_of_each(&state.database).await?;
        let needs_somebody = needs(&tasks, &last, now);
        let mut next: Vec<Next> = tasks
            .iter()
            .filter_map(|task| {
                Some(Next { at: task.next_due?, task: task.id.clone(), does: task.does.clone() })
            })
            .collect();
        next.sort_by(|one, other| (one.at, &one.task).cmp(&(other.at, &other.task)));
        next.truncate(NEXT);
        let ok = running && needs_somebody.is_empty();
        let report = Report { ok, running, keeper, needs_somebody, next, last, tasks };
        if invocation.json {
            invocation.print_json(&report)?;
        } else {
            print!("{}", text(&report));
        }
        Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// What somebody has to look at, in sentences.
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
    text.push_str("backups: this keeper takes none yet\n");
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
