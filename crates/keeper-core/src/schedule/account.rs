//! What has to happen now, so that every time at which a task was due gets exactly one outcome.
//!
//! [`account`] is called at every tick with what the ledger says ([`History`]) and returns decisions. The shell takes
//! them in order, writes each one's row with `at = now` before it acts, and applies the row to the history. It may die
//! between any two of them: what is not written yet is decided again. Wall clocks jump, so nothing here stops a run
//! that has gone on for too long; time limits are measured by the shell with a clock that does not.

mod decision;
mod task;

use std::collections::BTreeSet;

use jiff::Timestamp;

pub use decision::{Decision, WhySettled};

use super::history::{CLOCK_TOLERANCE, History, OpenRun};
use crate::ledger::Event;
use crate::ledger::event::{Occurrence, Outcome};
use crate::plan::set::{TaskId, TimedTask};

/// At most so many missed times of one task are settled in one call; the next call goes on.
pub const LONGEST_BATCH: usize = 1_000;

/// Decides what has to happen at `now`. `live` are the runs whose processes are known to be running; work of people is
/// never among them.
pub fn account(
    tasks: &[TimedTask],
    history: &History,
    live: &BTreeSet<Occurrence>,
    now: Timestamp,
) -> Vec<Decision> {
    if let Some(newest) = history.newest_at()
        && newest.duration_since(now) > CLOCK_TOLERANCE
    {
        return vec![Decision::SetClockBack { from: newest, to: now }];
    }
    let mut decisions = Vec::new();
    for timed in tasks {
        match history.task(&timed.id) {
            Some(own) if !own.is_retired() => {
                let complete = task::decide(timed, own, live, now, &mut decisions);
                if complete && !own.is_adopted(&timed.schedule, &timed.zone) {
                    decisions.push(adopt(timed, now));
                }
            }
            _ => decisions.push(adopt(timed, now)),
        }
    }
    retire(tasks, history, live, now, &mut decisions);
    decisions
}

fn adopt(timed: &TimedTask, now: Timestamp) -> Decision {
    let schedule = timed.schedule.to_string();
    Decision::Adopt { task: timed.id.clone(), schedule, zone: timed.zone.name().to_owned(), since: now }
}

/// Tasks that are in no plan any more. A run may still have been going on when its task was retired; it gets its
/// outcome when it ends, or here once nothing runs for it.
fn retire(
    tasks: &[TimedTask],
    history: &History,
    live: &BTreeSet<Occurrence>,
    now: Timestamp,
    decisions: &mut Vec<Decision>,
) {
    let known: BTreeSet<&TaskId> = tasks.iter().map(|timed| &timed.id).collect();
    for (id, own) in history.tasks().filter(|(id, _)| !known.contains(id)) {
        let skip = |occurrence| Decision::settle(occurrence, Outcome::Skipped, WhySettled::NoLongerPlanned);
        for (occurrence, run) in own.open().filter(|(occurrence, _)| !live.contains(occurrence)) {
            let occurrence = occurrence.clone();
            decisions.push(match run {
                OpenRun { human: true, .. } => skip(occurrence),
                OpenRun { repeat_not_before: Some(_), .. } => {
                    Decision::settle(occurrence, Outcome::Failed, WhySettled::NoLongerPlanned)
                }
                _ => Decision::settle(occurrence, Outcome::Interrupted, WhySettled::Interrupted),
            });
        }
        decisions.extend(own.queued().cloned().map(skip));
        let triggered = |(seq, at)| Occurrence { task: id.clone(), due: at, trigger: Some(seq) };
        decisions.extend(own.triggers().map(triggered).map(skip));
        if own.is_retired() {
            continue;
        }
        let unaccounted = own.unaccounted(now, LONGEST_BATCH);
        let complete = unaccounted.len() < LONGEST_BATCH;
        let scheduled = |due| Occurrence { task: id.clone(), due, trigger: None };
        decisions.extend(unaccounted.into_iter().map(scheduled).map(skip));
        if complete {
            decisions.push(Decision::Retire { task: id.clone() });
        }
    }
}

/// How one try of a run has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Well.
    Succeeded,
    /// Badly, or not within its time limit; it may be tried again.
    Failed,
    /// It was stopped for a newer occurrence, as the policy wants, and is not tried again.
    Replaced,
    /// It found that there is nothing to do, such as a scanner that is not installed.
    Skipped,
}

/// The row for the end of a try: a repetition while tries are left, or the outcome.
pub fn finish(
    timed: &TimedTask,
    occurrence: &Occurrence,
    run: &OpenRun,
    end: &End,
    detail: String,
    measured: Measured,
    now: Timestamp,
) -> Event {
    let outcome = match end {
        End::Failed if run.attempt < u32::from(timed.retry.attempts) && !run.human => {
            let wait = timed.retry.wait_after(run.attempt).duration();
            return Event::RunRepeated {
                occurrence: occurrence.clone(),
                attempt: run.attempt,
                not_before: now.saturating_add(wait).unwrap_or(now),
                reason: detail,
            };
        }
        End::Succeeded if run.late => Outcome::CaughtUp,
        End::Succeeded => Outcome::Ran,
        End::Failed => Outcome::Failed,
        End::Replaced | End::Skipped => Outcome::Skipped,
    };
    let Measured { duration_ms, exit_code } = measured;
    Event::Settled { occurrence: occurrence.clone(), outcome, detail, duration_ms, exit_code }
}

/// What is known of a process that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measured {
    /// How long it ran.
    pub duration_ms: Option<u64>,
    /// Its exit code, where it had one.
    pub exit_code: Option<i32>,
}
