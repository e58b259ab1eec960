//! What the ledger says about each task, kept up to date row by row, so that a tick need not read the ledger.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Schedule;
use crate::ledger::Event;
use crate::ledger::event::{Occurrence, Outcome};
use crate::plan::set::TaskId;
use crate::zone::Zone;

/// The clock may be this much behind the newest row before that counts as set back.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(60);

/// Times with work done that are remembered for each task, in case the clock is set back: a day of minutes.
const REMEMBERED: usize = 1_500;

/// The state of every task, from the rows of the ledger in order. It can be kept beside a ledger, so that rows need not
/// be read again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct History {
    tasks: BTreeMap<TaskId, TaskHistory>,
    newest_at: Option<Timestamp>,
}

/// The state of one task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TaskHistory {
    schedule: Schedule,
    zone: Zone,
    retired: bool,
    /// Since when it is in a plan without a break, under whatever schedule.
    planned_since: Timestamp,
    /// Every scheduled time up to this one has a row.
    accounted_until: Timestamp,
    /// The newest scheduled times for which work was done, or is being done; older ones are forgotten.
    done: BTreeSet<Timestamp>,
    forgotten_until: Timestamp,
    /// What was queued for times to come when the clock was set back, and was settled without a run since.
    skipped_ahead: BTreeSet<Timestamp>,
    triggers: VecDeque<(u64, Timestamp)>,
    queued: BTreeSet<Occurrence>,
    #[serde(with = "pairs")]
    open: BTreeMap<Occurrence, OpenRun>,
    #[serde(skip)]
    next_due: OnceLock<Option<Timestamp>>,
}

/// A run that has started and has no outcome yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRun {
    /// Number of its newest try.
    pub attempt: u32,
    /// When that try started, or ended when another one is to follow.
    pub since: Timestamp,
    /// It started later than its grace allows.
    pub late: bool,
    /// Work of people.
    pub human: bool,
    /// Its next try does not start before; none while one is running.
    pub repeat_not_before: Option<Timestamp>,
    /// That it is overdue was said already.
    pub overdue: bool,
}

impl History {
    /// Takes in the next row: its number, its instant and what it says. Rows come in order.
    pub fn apply(&mut self, seq: u64, at: Timestamp, event: &Event) {
        if let Event::ClockSetBack { to, .. } = event {
            self.newest_at = Some(*to);
            for task in self.tasks.values_mut() {
                task.set_back(*to);
            }
            return;
        }
        self.newest_at = Some(self.newest_at.map_or(at, |newest| newest.max(at)));
        match event {
            Event::TaskAdopted { task, schedule, zone, since } => self.adopt(task, schedule, zone, *since),
            Event::TaskRetired { task } => self.with(task, |own| own.retired = true),
            Event::TaskTriggered { task, .. } => self.with(task, |own| own.triggers.push_back((seq, at))),
            Event::TaskQueued { occurrence, .. } => self.with(&occurrence.task, |own| {
                own.accounted(occurrence);
                own.queued.insert(occurrence.clone());
            }),
            Event::RunStarted { occurrence, attempt, late, human } => self.with(&occurrence.task, |own| {
                own.accounted(occurrence);
                own.queued.remove(occurrence);
                let run = OpenRun {
                    attempt: *attempt,
                    since: at,
                    late: *late,
                    human: *human,
                    repeat_not_before: None,
                    overdue: false,
                };
                own.open.insert(occurrence.clone(), run);
            }),
            Event::RunRepeated { occurrence, not_before, .. } => self.with(&occurrence.task, |own| {
                if let Some(run) = own.open.get_mut(occurrence) {
                    run.repeat_not_before = Some(*not_before);
                    run.since = at;
                }
            }),
            Event::Overdue { occurrence, .. } => self.with(&occurrence.task, |own| {
                if let Some(run) = own.open.get_mut(occurrence) {
                    run.overdue = true;
                }
            }),
            Event::Settled { occurrence, outcome, .. } => self.settle(seq, at, occurrence, *outcome),
            _ => {}
        }
    }

    /// One task's state; none before it was adopted.
    pub fn task(&self, task: &TaskId) -> Option<&TaskHistory> {
        self.tasks.get(task)
    }

    /// Every task that was ever adopted.
    pub fn tasks(&self) -> impl Iterator<Item = (&TaskId, &TaskHistory)> {
        self.tasks.iter()
    }

    /// Instant of the newest row since the clock was last set back.
    pub fn newest_at(&self) -> Option<Timestamp> {
        self.newest_at
    }

    /// The soonest time at which any task is due or is tried again. Look then, when a run ends, and every minute
    /// besides: clocks are set, and work of people becomes overdue.
    pub fn soonest(&self) -> Option<Timestamp> {
        let active = self.tasks.values().filter(|task| !task.retired);
        let times = active.flat_map(|task| {
            let repeats = task.open.values().filter_map(|run| run.repeat_not_before);
            repeats.chain(task.next_due())
        });
        times.min()
    }

    fn with(&mut self, task: &TaskId, change: impl FnOnce(&mut TaskHistory)) {
        if let Some(own) = self.tasks.get_mut(task) {
            change(own);
        }
    }

    fn adopt(&mut self, task: &TaskId, text: &str, zone: &str, since: Timestamp) {
        // A row of a version that knew other schedules or zones: never due until it is adopted anew.
        let schedule = Schedule::parse(text).unwrap_or(Schedule::Manual);
        let zone = Zone::named(zone).unwrap_or_else(Zone::utc);
        let own = self.tasks.entry(task.clone()).or_insert_with(|| TaskHistory {
            schedule: Schedule::Manual,
            zone: Zone::utc(),
            retired: false,
            planned_since: since,
            accounted_until: since,
            done: BTreeSet::new(),
            forgotten_until: Timestamp::MIN,
            skipped_ahead: BTreeSet::new(),
            triggers: VecDeque::new(),
            queued: BTreeSet::new(),
            open: BTreeMap::new(),
            next_due: OnceLock::new(),
        });
        own.schedule = schedule;
        own.zone = zone;
        if own.retired {
            own.planned_since = since;
        }
        own.retired = false;
        own.accounted_until = own.accounted_until.max(since);
        own.next_due = OnceLock::new();
    }

    fn settle(&mut self, seq: u64, at: Timestamp, occurrence: &Occurrence, outcome: Outcome) {
        self.with(&occurrence.task, |own| {
            own.accounted(occurrence);
            own.queued.remove(occurrence);
            let had_run = own.open.remove(occurrence).is_some();
            let scheduled = occurrence.trigger.is_none();
            if scheduled && (had_run || outcome.is_good() || outcome == Outcome::Failed) {
                own.remember(occurrence.due);
            } else if scheduled {
                own.done.remove(&occurrence.due);
                if occurrence.due > own.accounted_until {
                    own.skipped_ahead.insert(occurrence.due);
                }
            }
        });
        if !outcome.is_good() {
            return;
        }
        let (plan, local) = occurrence.task.parts();
        for (task, own) in &mut self.tasks {
            let follows = matches!(&own.schedule, Schedule::After(other) if other == local);
            if follows && !own.retired && task.parts().0 == plan {
                own.triggers.push_back((seq, at));
            }
        }
    }
}

impl TaskHistory {
    /// The adopted schedule and zone.
    pub fn schedule(&self) -> (&Schedule, &Zone) {
        (&self.schedule, &self.zone)
    }

    /// Whether these are the adopted ones.
    pub fn is_adopted(&self, schedule: &Schedule, zone: &Zone) -> bool {
        !self.retired && self.zone.name() == zone.name() && self.schedule == *schedule
    }

    /// Whether the task is no longer in any plan.
    pub fn is_retired(&self) -> bool {
        self.retired
    }

    /// Since when it is in a plan without a break, under whatever schedule.
    pub fn planned_since(&self) -> Timestamp {
        self.planned_since
    }

    /// Runs without an outcome, oldest due first.
    pub fn open(&self) -> impl Iterator<Item = (&Occurrence, &OpenRun)> {
        self.open.iter()
    }

    /// Occurrences that wait for a run to end, oldest due first.
    pub fn queued(&self) -> impl Iterator<Item = &Occurrence> {
        self.queued.iter()
    }

    /// When it is due next by its schedule; it may be due already.
    pub fn next_due(&self) -> Option<Timestamp> {
        *self.next_due.get_or_init(|| self.next_after(self.accounted_until))
    }

    /// Scheduled times up to `until` that have no row yet, at most `limit`, oldest first.
    pub(super) fn unaccounted(&self, until: Timestamp, limit: usize) -> Vec<Timestamp> {
        let mut times = Vec::new();
        let mut next = self.next_due();
        while let Some(due) = next.filter(|due| *due <= until && times.len() < limit) {
            times.push(due);
            next = self.next_after(due);
        }
        times
    }

    /// Requests that have no row yet: number and instant of the row that made them.
    pub(super) fn triggers(&self) -> impl Iterator<Item = (u64, Timestamp)> {
        self.triggers.iter().copied()
    }

    /// The next scheduled time for which no work was done before the clock was set back.
    fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        let mut due = self.schedule.next_after(instant, &self.zone)?;
        while self.done.contains(&due) || self.skipped_ahead.contains(&due) {
            due = self.schedule.next_after(due, &self.zone)?;
        }
        Some(due)
    }

    fn accounted(&mut self, occurrence: &Occurrence) {
        // After a clock set back, what is open or queued may lie ahead; the times before it are still to come.
        if self.open.contains_key(occurrence) || self.queued.contains(occurrence) {
            return;
        }
        match occurrence.trigger {
            Some(seq) => self.triggers.retain(|(own, _)| *own != seq),
            None if occurrence.due > self.accounted_until => {
                self.accounted_until = occurrence.due;
                self.next_due = OnceLock::new();
            }
            None => {}
        }
    }

    fn remember(&mut self, due: Timestamp) {
        self.done.insert(due);
        while self.done.len() > REMEMBERED {
            if let Some(oldest) = self.done.pop_first() {
                self.forgotten_until = self.forgotten_until.max(oldest);
            }
        }
    }

    /// What was skipped or missed for times that have not come yet is undone; what was done stays done.
    fn set_back(&mut self, to: Timestamp) {
        self.accounted_until = self.accounted_until.min(to).max(self.forgotten_until);
        // Open and queued occurrences of times to come have their row already.
        let waiting = self.open.keys().chain(&self.queued).filter(|occurrence| occurrence.trigger.is_none());
        let waiting: Vec<Timestamp> = waiting.map(|occurrence| occurrence.due).collect();
        self.done.extend(waiting);
        self.skipped_ahead.retain(|due| *due <= to);
        self.next_due = OnceLock::new();
    }
}

/// A map whose keys are no texts, as a list of pairs.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<K, V>, D::Error> {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}
