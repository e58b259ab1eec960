//! The decisions of the accounting, their reasons, and the rows that record them.

use std::fmt;

use jiff::Timestamp;

use crate::ledger::Event;
use crate::ledger::event::{Occurrence, Outcome};
use crate::plan::set::TaskId;
use crate::plan::value::Period;

/// One thing that has to happen now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The clock is behind the ledger: write it down, then decide again.
    SetClockBack {
        /// Instant of the newest row.
        from: Timestamp,
        /// What the clock says.
        to: Timestamp,
    },
    /// The task is new, or its schedule has changed.
    Adopt {
        /// The task.
        task: TaskId,
        /// Its schedule as written.
        schedule: String,
        /// Name of its zone.
        zone: String,
        /// From when on it counts.
        since: Timestamp,
    },
    /// The task is in no plan any more.
    Retire {
        /// The task.
        task: TaskId,
    },
    /// Start this try.
    Start {
        /// The occurrence.
        occurrence: Occurrence,
        /// Number of the try, from 1.
        attempt: u32,
        /// It is later than its grace allows.
        late: bool,
        /// Work of people: open the checklist instead of starting a process.
        human: bool,
    },
    /// Keeper died under this try; another one follows.
    Repeat {
        /// The occurrence.
        occurrence: Occurrence,
        /// Number of the try that was lost.
        attempt: u32,
        /// From when on.
        not_before: Timestamp,
    },
    /// Let it wait until the run before it has ended.
    Queue {
        /// The occurrence.
        occurrence: Occurrence,
        /// The one that is running, or waits before it.
        behind: Occurrence,
    },
    /// Stop this run, with everything that it started, and finish it as replaced. No row of its own.
    Stop {
        /// The occurrence that is running.
        occurrence: Occurrence,
        /// The one that takes its place.
        replaced_by: Occurrence,
    },
    /// Nothing runs for this occurrence, and this is its outcome.
    Settle {
        /// The occurrence.
        occurrence: Occurrence,
        /// How it ended.
        outcome: Outcome,
        /// Why.
        why: WhySettled,
    },
    /// Work of people is overdue: tell somebody.
    Escalate {
        /// The occurrence.
        occurrence: Occurrence,
        /// When it should have been done.
        due_by: Timestamp,
    },
}

/// Why an occurrence is settled without a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhySettled {
    /// Keeper was not there in time; the policy wants nothing done about it.
    Late {
        /// How late it is.
        by: Period,
    },
    /// Keeper was not there in time; a newer occurrence is run instead.
    CoveredBy {
        /// When that one was due.
        due: Timestamp,
    },
    /// The run before is still going on.
    StillRunning {
        /// When that one was due.
        due: Timestamp,
    },
    /// A newer one has taken its place in the queue.
    ReplacedBy {
        /// When that one was due.
        due: Timestamp,
    },
    /// Keeper died while it ran.
    Interrupted,
    /// The task is in no plan any more.
    NoLongerPlanned,
}

impl fmt::Display for WhySettled {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late { by } => write!(formatter, "keeper was not running in time, {by} late"),
            Self::CoveredBy { due } => write!(formatter, "not run in time, covered by the run due at {due}"),
            Self::StillRunning { due } => write!(formatter, "the run due at {due} is still going on"),
            Self::ReplacedBy { due } => write!(formatter, "replaced by the run due at {due}"),
            Self::Interrupted => formatter.write_str("keeper ended while it was running"),
            Self::NoLongerPlanned => formatter.write_str("the task is no longer planned"),
        }
    }
}

impl Decision {
    pub(super) fn settle(occurrence: Occurrence, outcome: Outcome, why: WhySettled) -> Self {
        Self::Settle { occurrence, outcome, why }
    }

    /// The row to write before acting; none for [`Decision::Stop`], whose run ends with a row of its own.
    pub fn event(&self) -> Option<Event> {
        Some(match self.clone() {
            Self::SetClockBack { from, to } => Event::ClockSetBack { from, to },
            Self::Adopt { task, schedule, zone, since } => Event::TaskAdopted { task, schedule, zone, since },
            Self::Retire { task } => Event::TaskRetired { task },
            Self::Start { occurrence, attempt, late, human } => {
                Event::RunStarted { occurrence, attempt, late, human }
            }
            Self::Repeat { occurrence, attempt, not_before } => {
                let reason = WhySettled::Interrupted.to_string();
                Event::RunRepeated { occurrence, attempt, not_before, reason }
            }
            Self::Queue { occurrence, behind } => {
                let reason = WhySettled::StillRunning { due: behind.due }.to_string();
                Event::TaskQueued { occurrence, reason }
            }
            Self::Stop { .. } => return None,
            Self::Settle { occurrence, outcome, why } => Event::Settled {
                occurrence,
                outcome,
                detail: why.to_string(),
                duration_ms: None,
                exit_code: None,
            },
            Self::Escalate { occurrence, due_by } => Event::Overdue { occurrence, due_by },
        })
    }
}
