//! `keeper check`: what is wrong with plan files, what would run, and which lines of a written plan they carry out.
#![expect(clippy::print_stdout, reason = "a command's result goes to the terminal")]

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context;
use chassis::clock::Clock;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use keeper_core::{
    coverage::{Coverage, coverage},
    plan::{Plan, PlanProblem},
};
use serde::Serialize;

use super::{
    Invocation,
    table::{plain, table},
};
use crate::{
    duty::Duty,
    plan_file::{self, LoadedPlans},
};

/// More times of one task than this are not listed one by one.
const LISTED: usize = 1_440;
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// Flags of `keeper check`.
#[derive(Args, Debug)]
pub(super) struct Check {
    /// Plan files, instead of those of the configuration
    #[arg(value_name = "PLAN")]
    plans: Vec<PathBuf>,
    /// Also say which lines of this Markdown document the plans carry out; may be repeated
    #[arg(long, value_name = "FILE.md")]
    coverage: Vec<PathBuf>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    ok: bool,
    problems: Vec<PlanProblem>,
    next_24_hours: Vec<Due>,
    coverage: Option<Coverage>,
}

/// One time at which something would run.
#[derive(Serialize)]
struct Due {
    at: Timestamp,
    local: String,
    task: String,
    does: String,
    /// The part of keeper without which it is only written down as skipped.
    missing_part: Option<String>,
}

impl Check {
    pub(super) fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let files = invocation.plan_files(&self.plans)?;
        let mut report = Report { ok: true, problems: Vec::new(), next_24_hours: Vec::new(), coverage: None };
        match plan_file::load(&files) {
            Err(refused) => report.problems = refused.problems,
            Ok(loaded) => {
                report.next_24_hours = due(&loaded, Clock::system().now());
                if !self.coverage.is_empty() {
                    report.coverage = Some(covered(&self.coverage, loaded.plans.plans())?);
                }
            }
        }
        let complete = report.coverage.as_ref().is_none_or(Coverage::is_complete);
        report.ok = report.problems.is_empty() && complete;
        if invocation.json {
            invocation.print_json(&report)?;
        } else {
            print!("{}", text(&files, &report));
        }
        Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Every time of the next day, soonest first.
fn due(loaded: &LoadedPlans, now: Timestamp) -> Vec<Due> {
    let until = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    let mut all = Vec::new();
    for timed in loaded.plans.timed_tasks() {
        let Some((plan, work)) = loaded.plans.work(&timed.id) else { continue };
        let duty = Duty::of(plan, work);
        for at in timed.schedule.between(now, until, &timed.zone, LISTED) {
            let local = at.to_zoned(timed.zone.rules().clone()).strftime("%a %H:%M %:z").to_string();
            let missing_part = duty.missing_part().map(str::to_owned);
            all.push(Due { at, local, task: timed.id.to_string(), does: duty.to_string(), missing_part });
        }
    }
    all.sort_by(|one, other| (one.at, &one.task).cmp(&(other.at, &other.task)));
    all
}

fn covered(documents: &[PathBuf], plans: &[Plan]) -> anyhow::Result<Coverage> {
    let mut texts = Vec::new();
    for path in documents {
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        texts.push((path.display().to_string(), text));
    }
    let documents: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (&**name, &**text)).collect();
    Ok(coverage(&documents, &plans.iter().collect::<Vec<_>>()))
}

fn text(files: &[PathBuf], report: &Report) -> String {
    if !report.problems.is_empty() {
        let lines: Vec<String> = report.problems.iter().map(|problem| format!("{problem}\n")).collect();
        return format!("{}{} problem(s)\n", lines.concat(), report.problems.len());
    }
    let names: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    let mut text = format!("{}: no problems\n", names.join(", "));
    if let Some(coverage) = &report.coverage {
        return format!("{text}{coverage}");
    }
    let rows: Vec<Vec<String>> = report.next_24_hours.iter().map(row).collect();
    text.push_str(&format!("\nthe next 24 hours: {} run(s)\n", rows.len()));
    if !rows.is_empty() {
        text.push_str(&table(&["WHEN", "TASK", "WHAT"], &rows));
    }
    text
}

fn row(due: &Due) -> Vec<String> {
    let mut does = plain(&due.does, 80);
    if let Some(part) = &due.missing_part {
        does.push_str(&format!(" (skipped: needs {part})"));
    }
    vec![due.local.clone(), due.task.clone(), does]
}
