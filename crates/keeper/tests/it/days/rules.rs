//! The documented rules of outcomes, said once more.

use jiff::Timestamp;
use keeper_core::{
    ledger::{
        Event,
        event::{Occurrence, Outcome},
    },
    plan::{
        set::TimedTask,
        task::{InterruptedPolicy, MissedPolicy, Overlap},
    },
    schedule::account::End,
};

/// A run, or work of people, without an outcome.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) attempt: u32,
    pub(super) since: Timestamp,
    pub(super) late: bool,
    pub(super) human: bool,
    /// Keeper has ended since it started.
    pub(super) lost: bool,
    pub(super) repeat: Option<Timestamp>,
    pub(super) overdue: bool,
    pub(super) evidence: bool,
}

impl Open {
    /// Whether a try or work of people that ended so has this outcome.
    pub(super) fn ended_as(
        &self,
        policy: &TimedTask,
        end: Option<&End>,
        outcome: Outcome,
        planned: bool,
    ) -> bool {
        let good = if self.late { Outcome::CaughtUp } else { Outcome::Ran };
        let tries = u32::from(policy.retry.attempts);
        if self.human {
            return self.evidence && outcome == good;
        }
        if self.lost {
            let again =
                planned && policy.interrupted == InterruptedPolicy::Rerun && self.attempt < tries.max(2);
            return outcome == Outcome::Interrupted && !again;
        }
        match end {
            Some(End::Succeeded) => outcome == good,
            Some(End::Failed) => outcome == Outcome::Failed && self.attempt >= tries,
            Some(End::Replaced | End::Skipped) => outcome == Outcome::Skipped,
            // It waited for its next try when the task went out of the plans.
            None => self.repeat.is_some() && !planned && outcome == Outcome::Failed,
        }
    }
}

/// What may become of an occurrence that never ran.
pub(super) fn without_run(
    policy: &TimedTask,
    occurrence: &Occurrence,
    (outcome, why): (Outcome, &str),
    late: bool,
    busy: bool,
) -> bool {
    let all = policy.missed == MissedPolicy::RunAll;
    if why.starts_with("the run due at") {
        return outcome == Outcome::Skipped && busy && policy.overlap == Overlap::Skip && !(late && all);
    }
    if why.starts_with("not run in time, covered by") {
        return match occurrence.trigger {
            Some(_) => outcome == Outcome::Skipped && !all,
            None => outcome == Outcome::Missed && late && policy.missed == MissedPolicy::RunOnce,
        };
    }
    let expected = match policy.missed {
        MissedPolicy::Skip => Some(Outcome::Skipped),
        MissedPolicy::Alert | MissedPolicy::RunOnce => Some(Outcome::Missed),
        MissedPolicy::RunAll => None,
    };
    why.starts_with("keeper was not running in time") && late && expected == Some(outcome)
}

pub(super) fn is_late(policy: &TimedTask, occurrence: &Occurrence, at: Timestamp) -> bool {
    at.duration_since(occurrence.due) > policy.grace.duration()
}

pub(super) fn occurrence_of(event: &Event) -> Option<&Occurrence> {
    match event {
        Event::TaskQueued { occurrence, .. }
        | Event::RunStarted { occurrence, .. }
        | Event::RunRepeated { occurrence, .. }
        | Event::Overdue { occurrence, .. }
        | Event::Evidence { occurrence, .. }
        | Event::Settled { occurrence, .. } => Some(occurrence),
        _ => None,
    }
}

pub(super) fn want(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}
