//! What is going on, as the page and `keeper status` show it.

use jiff::{SignedDuration, Timestamp};
use keeper_core::{
    ledger::{Anchor, event::Occurrence},
    plan::{
        Plan,
        set::{PlanSet, TimedTask, Work},
        task::Action,
        value::Period,
    },
    schedule::history::{History, TaskHistory},
};
use serde::Serialize;

use super::BackupState;
use crate::{duty::Duty, plan_file::LoadedPlans, state::Writer};

/// Everything that the page needs of a running keeper.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Snapshot {
    /// When keeper last looked.
    pub looked_at: Option<Timestamp>,
    /// Files of the plans that are carried out.
    pub files: Vec<String>,
    /// What is wrong with a changed plan that was refused.
    pub refused: Option<String>,
    /// What was wrong with the ledger at the start.
    pub trouble: Option<String>,
    /// The newest row.
    pub head: Option<Anchor>,
    /// Every task of the plans, in their order.
    pub tasks: Vec<TaskState>,
    /// Every backup of the plans in each of its stores, in their order.
    pub backups: Vec<BackupState>,
}

/// One task.
#[derive(Debug, Clone, Serialize)]
pub struct TaskState {
    /// `PLAN/TASK`.
    pub id: String,
    /// What people call it.
    pub title: Option<String>,
    /// Its schedule as written.
    pub schedule: String,
    /// Zone of the schedule.
    pub zone: String,
    /// What it does.
    pub does: String,
    /// The part of keeper without which it is only written down as skipped.
    pub missing_part: Option<String>,
    /// Work of people.
    pub human: bool,
    /// Role that answers for it.
    pub owner: Option<String>,
    /// When it is due next by its schedule.
    pub next_due: Option<Timestamp>,
    /// Runs and work of people without an outcome, oldest first.
    pub open: Vec<OpenState>,
}

/// A run or work of people without an outcome.
#[derive(Debug, Clone, Serialize)]
pub struct OpenState {
    /// When it was due.
    pub due: Timestamp,
    /// Since when its newest try runs, or waits for the next.
    pub since: Timestamp,
    /// Number of that try.
    pub attempt: u32,
    /// For work of people: when it is overdue.
    pub overdue_at: Option<Timestamp>,
    /// Bytes done and bytes in all, of a run that can tell.
    pub progress: Option<(u64, u64)>,
}

impl Snapshot {
    pub(super) fn of(
        plans: &LoadedPlans,
        outlines: &[Outline],
        writer: &Writer,
        refused: Option<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            looked_at: Some(now),
            files: plans.files.iter().map(|file| file.path.display().to_string()).collect(),
            refused,
            trouble: writer.trouble().map(str::to_owned),
            head: Some(writer.head()),
            tasks: filled(outlines, writer.history(), now),
            backups: Vec::new(),
        }
    }

    /// Says how far a run under way has come.
    pub(super) fn set_progress(&mut self, occurrence: &Occurrence, figures: (u64, u64)) {
        let task = self.tasks.iter_mut().find(|task| task.id == occurrence.task.as_str());
        let open = task.and_then(|task| task.open.iter_mut().find(|open| open.due == occurrence.due));
        if let Some(open) = open {
            open.progress = Some(figures);
        }
    }
}

/// What of a task's state is the same for as long as its plan is.
#[derive(Debug, Clone)]
pub(super) struct Outline {
    timed: TimedTask,
    state: TaskState,
}

/// The outlines of all tasks. Looking the duties up is dear with many tasks, so it is done once for each plan.
pub(super) fn outlines(plans: &PlanSet) -> Vec<Outline> {
    let outline = |(timed, plan, work): (TimedTask, &Plan, Work<'_>)| {
        let duty = Duty::of(plan, work);
        let (title, owner) = called(work);
        let state = TaskState {
            id: timed.id.to_string(),
            title,
            schedule: timed.schedule.to_string(),
            zone: timed.zone.name().to_owned(),
            does: duty.to_string(),
            missing_part: duty.missing_part().map(str::to_owned),
            human: matches!(duty, Duty::Human(_)),
            owner,
            next_due: None,
            open: Vec::new(),
        };
        Outline { timed, state }
    };
    plans.timed_work().map(outline).collect()
}

/// The state of every task of the plans.
#[must_use]
pub fn tasks(plans: &PlanSet, history: &History, now: Timestamp) -> Vec<TaskState> {
    filled(&outlines(plans), history, now)
}

fn filled(outlines: &[Outline], history: &History, now: Timestamp) -> Vec<TaskState> {
    outlines.iter().map(|outline| state_of(outline, history, now)).collect()
}

fn state_of(Outline { timed, state }: &Outline, history: &History, now: Timestamp) -> TaskState {
    let own = history.task(&timed.id).filter(|own| !own.is_retired());
    let next_due = match own {
        Some(own) if own.is_adopted(&timed.schedule, &timed.zone) => own.next_due(),
        // Nobody has taken it on yet: from now on, once keeper runs.
        _ => timed.schedule.next_after(now, &timed.zone),
    };
    let within = timed.human_due_within.map_or(SignedDuration::ZERO, Period::duration);
    let overdue_at =
        |occurrence: &Occurrence| occurrence.due.saturating_add(within).unwrap_or(Timestamp::MAX);
    let open = own.into_iter().flat_map(TaskHistory::open).map(|(occurrence, run)| OpenState {
        due: occurrence.due,
        since: run.since,
        attempt: run.attempt,
        overdue_at: run.human.then(|| overdue_at(occurrence)),
        progress: None,
    });
    TaskState { next_due, open: open.collect(), ..state.clone() }
}

fn called(work: Work<'_>) -> (Option<String>, Option<String>) {
    match work {
        Work::Task(task) => {
            let title = task.title.clone().or_else(|| match &task.action {
                Action::Human(checklist) => checklist.items.first().cloned(),
                _ => None,
            });
            (title, task.owner.as_ref().map(ToString::to_string))
        }
        Work::Backup(backup) => (backup.title.clone(), backup.owner.as_ref().map(ToString::to_string)),
        Work::Experiment(experiment) => (None, Some(experiment.owner.to_string())),
        Work::Review(document) => (Some(document.title.clone()), Some(document.owner.to_string())),
    }
}
