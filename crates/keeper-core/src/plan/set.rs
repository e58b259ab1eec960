//! Several plans that one daemon runs, and the one list of everything in them that is ever due.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::date;
use serde::{Deserialize, Serialize};

use super::backup::Backup;
use super::procedure::{Document, Experiment, Review};
use super::task::{Action, InterruptedPolicy, MissedPolicy, Overlap, Retry, Task};
use super::value::{Period, ServiceName};
use super::{Plan, PlanProblem};
use crate::schedule::Schedule;
use crate::zone::Zone;

/// Plans whose names do not clash.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlanSet {
    plans: Vec<Plan>,
}

/// The name of something that is ever due, over all plans: `PLAN/TASK`, `PLAN/backup/NAME`, `PLAN/experiment/NAME` or
/// `PLAN/review/DOCUMENT`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(String);

impl TaskId {
    /// The id of a task by its name in its plan, such as `health` or `backup/full`.
    pub fn new(plan: &str, local: &str) -> Self {
        Self(format!("{plan}/{local}"))
    }

    /// As written in the ledger.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The plan's name, and the name in the plan.
    pub fn parts(&self) -> (&str, &str) {
        self.0.split_once('/').unwrap_or((&self.0, ""))
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What has to be done when something is due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Work<'p> {
    /// A task.
    Task(&'p Task),
    /// A backup.
    Backup(&'p Backup),
    /// The audit of an experiment.
    Experiment(&'p Experiment),
    /// A look at a document, by its owner.
    Review(&'p Document),
}

/// Something that is ever due, as the accounting needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedTask {
    /// Over all plans.
    pub id: TaskId,
    /// When.
    pub schedule: Schedule,
    /// In which zone.
    pub zone: Zone,
    /// A start that is no later than this is in time.
    pub grace: Period,
    /// What happens when it is due while it is still running.
    pub overlap: Overlap,
    /// What happens when it could not be started in time.
    pub missed: MissedPolicy,
    /// Whether it runs again when keeper died under it.
    pub interrupted: InterruptedPolicy,
    /// Whether it is tried again when it fails.
    pub retry: Retry,
    /// For work that only people can do: when it is overdue.
    pub human_due_within: Option<Period>,
}

impl PlanSet {
    /// Puts plans with the names of their files together; plans and services must have different names.
    pub fn new(plans: Vec<(String, Plan)>) -> Result<Self, Vec<PlanProblem>> {
        let mut problems = Vec::new();
        for (index, (file, plan)) in plans.iter().enumerate() {
            for (earlier_file, earlier) in &plans[..index] {
                if plan.head.name == earlier.head.name {
                    let name = plan.head.name.as_str();
                    problems.push(clash(file, "plan.name", "plan", name, earlier_file));
                }
                for service in plan.service.keys().filter(|service| earlier.service.contains_key(*service)) {
                    let key = format!("service.{service}");
                    problems.push(clash(file, &key, "service", service.as_str(), earlier_file));
                }
            }
        }
        if problems.is_empty() {
            Ok(Self { plans: plans.into_iter().map(|(_, plan)| plan).collect() })
        } else {
            Err(problems)
        }
    }

    /// The plans in the order given.
    pub fn plans(&self) -> &[Plan] {
        &self.plans
    }

    /// The plan that a service belongs to.
    pub fn plan_of_service(&self, service: &ServiceName) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.service.contains_key(service))
    }

    /// Everything that is ever due, in the order of the plans.
    pub fn timed_tasks(&self) -> Vec<TimedTask> {
        self.timed_work().map(|(timed, ..)| timed).collect()
    }

    /// Everything that is ever due with what has to be done then and the plan that says so, in the order of the plans.
    pub fn timed_work(&self) -> impl Iterator<Item = (TimedTask, &Plan, Work<'_>)> {
        self.plans.iter().flat_map(|plan| works(plan).map(move |work| (timed(plan, work), plan, work)))
    }

    /// What the schedules make due after `from` and up to `until`, soonest first, at most `limit`. What follows
    /// another task, a change or a request has no time of its own and is not among it.
    pub fn upcoming(&self, from: Timestamp, until: Timestamp, limit: usize) -> Vec<(Timestamp, TaskId)> {
        let mut due: Vec<(Timestamp, TaskId)> = Vec::new();
        for task in self.timed_tasks() {
            let times = task.schedule.between(from, until, &task.zone, limit);
            due.extend(times.into_iter().map(|time| (time, task.id.clone())));
        }
        due.sort();
        due.truncate(limit);
        due
    }

    /// What has to be done under this id, and the plan that says so.
    pub fn work(&self, id: &TaskId) -> Option<(&Plan, Work<'_>)> {
        let (name, local) = id.parts();
        let plan = self.plans.iter().find(|plan| plan.head.name.as_str() == name)?;
        works(plan).find(|work| is_called(*work, local)).map(|work| (plan, work))
    }
}

fn clash(file: &str, key: &str, kind: &str, name: &str, other: &str) -> PlanProblem {
    PlanProblem {
        file: file.to_owned(),
        line: 1,
        column: 1,
        key: key.to_owned(),
        what: format!("{other} already has a {kind} of this name"),
        found: Some(name.to_owned()),
        allowed: None,
        nearest: None,
    }
}

fn works(plan: &Plan) -> impl Iterator<Item = Work<'_>> {
    let tasks = plan.task.iter().map(Work::Task);
    let backups = plan.backup.iter().map(Work::Backup);
    let experiments = plan.experiment.iter().map(Work::Experiment);
    let reviews = plan.document.iter().map(Work::Review);
    tasks.chain(backups).chain(experiments).chain(reviews)
}

/// The folder of such names in a plan, and the name in it.
fn parts_of_name(work: Work<'_>) -> (&'static str, &str) {
    match work {
        Work::Task(task) => ("", task.name.as_str()),
        Work::Backup(backup) => ("backup/", backup.name.as_str()),
        Work::Experiment(experiment) => ("experiment/", experiment.name.as_str()),
        Work::Review(document) => ("review/", document.name.as_str()),
    }
}

fn is_called(work: Work<'_>, local: &str) -> bool {
    let (folder, name) = parts_of_name(work);
    local.strip_prefix(folder) == Some(name)
}

fn local_name(work: Work<'_>) -> String {
    let (folder, name) = parts_of_name(work);
    format!("{folder}{name}")
}

fn timed(plan: &Plan, work: Work<'_>) -> TimedTask {
    let id = TaskId::new(plan.head.name.as_str(), &local_name(work));
    let zone = |own: &Option<Zone>| own.clone().unwrap_or_else(|| plan.head.zone.clone());
    let usual = |schedule: Schedule, zone: Zone| TimedTask {
        id: id.clone(),
        schedule,
        zone,
        grace: Period::minutes(5),
        overlap: Overlap::Skip,
        missed: MissedPolicy::RunOnce,
        interrupted: InterruptedPolicy::Rerun,
        retry: Retry::default(),
        human_due_within: None,
    };
    match work {
        Work::Task(task) => TimedTask {
            grace: task.grace,
            overlap: task.overlap,
            missed: task.missed,
            interrupted: task.interrupted,
            retry: task.retry,
            human_due_within: match &task.action {
                Action::Human(checklist) => Some(checklist.due_within),
                _ => None,
            },
            ..usual(task.schedule.clone(), zone(&task.zone))
        },
        Work::Backup(backup) => {
            TimedTask { retry: backup.retry, ..usual(backup.schedule.clone(), zone(&backup.zone)) }
        }
        Work::Experiment(experiment) => usual(experiment.schedule.clone(), plan.head.zone.clone()),
        Work::Review(document) => TimedTask {
            human_due_within: Some(REVIEW_WITHIN),
            ..usual(review_schedule(document), plan.head.zone.clone())
        },
    }
}

/// How long the owner of a document has for the look at it.
const REVIEW_WITHIN: Period = Period::days(14);

/// Reviews fall due at nine, on the day of the month of the day from which the intervals count, or on the month's last
/// day when not every month has that one.
fn review_schedule(document: &Document) -> Schedule {
    let step = match document.review {
        Review::EachChange => return Schedule::OnChange,
        Review::Monthly => 1,
        Review::Quarterly => 3,
        Review::HalfYearly => 6,
        Review::Yearly => 12,
    };
    let first = document.since.unwrap_or(date(2000, 1, 1));
    let day = if first.day() > 28 { "L".to_owned() } else { first.day().to_string() };
    let months: Vec<String> =
        (1..=12).filter(|month| (month - first.month()) % step == 0).map(|month| month.to_string()).collect();
    Schedule::parse(&format!("0 9 {day} {} *", months.join(","))).unwrap_or(Schedule::Manual)
}
