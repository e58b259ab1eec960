//! The decisions for one task.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Decision, LONGEST_BATCH, WhySettled};
use crate::ledger::event::{Occurrence, Outcome};
use crate::plan::set::TimedTask;
use crate::plan::task::{InterruptedPolicy, MissedPolicy, Overlap};
use crate::plan::value::Period;
use crate::schedule::history::{OpenRun, TaskHistory};

/// What is going on while the decisions are made.
struct Going<'a> {
    timed: &'a TimedTask,
    now: Timestamp,
    /// The run that goes on or is being started.
    busy: Option<Occurrence>,
    /// It is a process that can be stopped, and nobody has asked for that yet.
    can_stop: bool,
    waiting: Vec<Occurrence>,
    decisions: &'a mut Vec<Decision>,
}

/// Adds what has to happen for one task. False when there is more than fits in one call.
pub(super) fn decide(
    timed: &TimedTask,
    own: &TaskHistory,
    live: &BTreeSet<Occurrence>,
    now: Timestamp,
    decisions: &mut Vec<Decision>,
) -> bool {
    let waiting = own.queued().cloned().collect();
    let mut going = Going { timed, now, busy: None, can_stop: false, waiting, decisions };
    for (occurrence, run) in own.open() {
        going.open_run(occurrence, run, live.contains(occurrence));
    }
    let due = own.unaccounted(now, LONGEST_BATCH);
    let complete = due.len() < LONGEST_BATCH;
    going.scheduled(&due, complete);
    let triggers: Vec<Occurrence> = own
        .triggers()
        .map(|(seq, at)| Occurrence { task: timed.id.clone(), due: at, trigger: Some(seq) })
        .collect();
    going.triggered(&triggers);
    going.start_queued();
    complete
}

impl Going<'_> {
    fn open_run(&mut self, occurrence: &Occurrence, run: &OpenRun, live: bool) {
        if run.human {
            let within = self.timed.human_due_within.unwrap_or_default().duration();
            let due_by = occurrence.due.saturating_add(within).unwrap_or(Timestamp::MAX);
            if self.now > due_by && !run.overdue {
                self.decisions.push(Decision::Escalate { occurrence: occurrence.clone(), due_by });
            }
            self.busy = Some(occurrence.clone());
            return;
        }
        if let Some(not_before) = run.repeat_not_before {
            // A clock that was set back must not make the wait longer than it was meant to be.
            let attempt = run.attempt.saturating_add(1);
            if self.now >= not_before || self.now < run.since {
                self.start(occurrence.clone(), attempt, run.late);
            } else {
                self.busy = Some(occurrence.clone());
            }
            return;
        }
        if live {
            self.busy = Some(occurrence.clone());
            self.can_stop = true;
            return;
        }
        let tries = u32::from(self.timed.retry.attempts).max(2);
        // Of several that were lost, such as runs by hand without a keeper, one runs again.
        let again = self.busy.is_none() && run.attempt < tries;
        if self.timed.interrupted == InterruptedPolicy::Rerun && again {
            let (attempt, not_before) = (run.attempt, self.now);
            self.decisions.push(Decision::Repeat { occurrence: occurrence.clone(), attempt, not_before });
            self.start(occurrence.clone(), attempt + 1, run.late);
        } else {
            self.settle(occurrence.clone(), Outcome::Interrupted, WhySettled::Interrupted);
        }
    }

    /// Times of the schedule, oldest first; `complete` when the newest is the newest there is.
    fn scheduled(&mut self, due: &[Timestamp], complete: bool) {
        let newest = due.last().copied().filter(|_| complete);
        for due in due {
            let occurrence = Occurrence { task: self.timed.id.clone(), due: *due, trigger: None };
            let late_by = self.late_by(*due);
            match (late_by, self.timed.missed) {
                (None, _) => self.begin(occurrence, false),
                (Some(_), MissedPolicy::RunAll) => self.begin(occurrence, true),
                (Some(_), MissedPolicy::RunOnce) if Some(*due) == newest => self.begin(occurrence, true),
                (Some(by), MissedPolicy::RunOnce) => {
                    let why = newest.map_or(WhySettled::Late { by }, |due| WhySettled::CoveredBy { due });
                    self.settle(occurrence, Outcome::Missed, why);
                }
                (Some(by), MissedPolicy::Skip) => {
                    self.settle(occurrence, Outcome::Skipped, WhySettled::Late { by });
                }
                (Some(by), MissedPolicy::Alert) => {
                    self.settle(occurrence, Outcome::Missed, WhySettled::Late { by });
                }
            }
        }
    }

    /// Requests, oldest first. One run answers several, unless the policy wants them all.
    fn triggered(&mut self, triggers: &[Occurrence]) {
        let Some(newest) = triggers.last() else { return };
        for occurrence in triggers {
            let late_by = self.late_by(occurrence.due);
            match (late_by, self.timed.missed) {
                (Some(by), MissedPolicy::Skip) => {
                    self.settle(occurrence.clone(), Outcome::Skipped, WhySettled::Late { by });
                }
                (Some(by), MissedPolicy::Alert) => {
                    self.settle(occurrence.clone(), Outcome::Missed, WhySettled::Late { by });
                }
                (_, MissedPolicy::RunAll) => self.begin(occurrence.clone(), late_by.is_some()),
                _ if occurrence == newest => self.begin(occurrence.clone(), late_by.is_some()),
                _ => {
                    let why = WhySettled::CoveredBy { due: newest.due };
                    self.settle(occurrence.clone(), Outcome::Skipped, why);
                }
            }
        }
    }

    /// The oldest one that waits is next as soon as nothing runs.
    fn start_queued(&mut self) {
        if self.busy.is_some() || self.waiting.is_empty() {
            return;
        }
        let next = self.waiting.remove(0);
        let late = self.timed.missed == MissedPolicy::RunAll && self.late_by(next.due).is_some();
        self.start(next, 1, late);
    }

    fn begin(&mut self, occurrence: Occurrence, late: bool) {
        let Some(before) = self.waiting.last().or(self.busy.as_ref()).cloned() else {
            self.start(occurrence, 1, late);
            return;
        };
        let overlap = match (late, self.timed.missed) {
            // Whoever wants every missed time caught up with wants them one after the other.
            (true, MissedPolicy::RunAll) => Overlap::Queue,
            _ => self.timed.overlap,
        };
        match overlap {
            Overlap::Skip => {
                let why = WhySettled::StillRunning { due: before.due };
                self.settle(occurrence, Outcome::Skipped, why);
            }
            Overlap::Queue => self.queue(occurrence, before),
            Overlap::Replace => {
                for older in std::mem::take(&mut self.waiting) {
                    let why = WhySettled::ReplacedBy { due: occurrence.due };
                    self.settle(older, Outcome::Skipped, why);
                }
                if let Some(running) = self.busy.clone().filter(|_| self.can_stop) {
                    let replaced_by = occurrence.clone();
                    self.decisions.push(Decision::Stop { occurrence: running, replaced_by });
                    self.can_stop = false;
                }
                self.queue(occurrence, before);
            }
        }
    }

    fn queue(&mut self, occurrence: Occurrence, behind: Occurrence) {
        self.waiting.push(occurrence.clone());
        self.decisions.push(Decision::Queue { occurrence, behind });
    }

    fn start(&mut self, occurrence: Occurrence, attempt: u32, late: bool) {
        self.busy = Some(occurrence.clone());
        let human = self.timed.human_due_within.is_some();
        self.decisions.push(Decision::Start { occurrence, attempt, late, human });
    }

    fn settle(&mut self, occurrence: Occurrence, outcome: Outcome, why: WhySettled) {
        self.decisions.push(Decision::settle(occurrence, outcome, why));
    }

    /// How much later than its grace allows; none when a start now is in time.
    fn late_by(&self, due: Timestamp) -> Option<Period> {
        let late = self.now.duration_since(due);
        let seconds = u32::try_from(late.as_secs()).unwrap_or(u32::MAX);
        (late > self.timed.grace.duration()).then(|| Period::seconds(seconds))
    }
}
