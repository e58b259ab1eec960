//! The books of a simulation: every row is held against the rules when it is written, and at every look all that was
//! due must be in them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use keeper_core::{
    ledger::{
        Event,
        event::{Occurrence, Outcome},
    },
    plan::{
        set::{TaskId, TimedTask},
        task::{InterruptedPolicy, MissedPolicy, Overlap},
    },
    schedule::{Schedule, account::End},
};

use super::{
    calendar::{Calendar, between, minute_of},
    rules::{Open, is_late, occurrence_of, want, without_run},
};

/// What a row may be behind the newest one before the clock counts as set back.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(60);

/// So many rows of a task are shown when a mistake was found.
const TOLD: usize = 30;

/// Everything that the rows have said so far.
pub(crate) struct Book {
    calendar: Calendar,
    /// What the plans say now.
    planned: BTreeMap<TaskId, TimedTask>,
    own: BTreeMap<TaskId, Own>,
    newest_at: Option<Timestamp>,
    was_set_back: bool,
    /// How tries ended whose rows are still to come.
    pub(crate) ends: BTreeMap<Occurrence, End>,
    /// Number of the last row.
    pub(crate) last: u64,
    pub(crate) outcomes: BTreeMap<String, u64>,
}

/// One task.
#[derive(Default)]
struct Own {
    /// As it was last in a plan.
    policy: Option<TimedTask>,
    /// Schedule and zone.
    adopted: Option<(String, String)>,
    /// Everything that was due until then has been found.
    found_until: Timestamp,
    open: BTreeMap<Occurrence, Open>,
    queued: BTreeSet<Occurrence>,
    /// Requests without an occurrence, by the row that made them.
    triggers: BTreeMap<u64, Timestamp>,
    /// By the time of the schedule: how it ended, whether it was ever started, and why.
    settled: BTreeMap<Timestamp, (Outcome, bool, String)>,
    answered: BTreeSet<u64>,
    /// The time whose run is to make good for those that were missed.
    promised: Option<Timestamp>,
    /// The newest rows, for whoever looks for a mistake.
    told: VecDeque<String>,
}

impl Book {
    pub(crate) fn new(calendar: Calendar) -> Self {
        Self {
            calendar,
            planned: BTreeMap::new(),
            own: BTreeMap::new(),
            newest_at: None,
            was_set_back: false,
            ends: BTreeMap::new(),
            last: 0,
            outcomes: BTreeMap::new(),
        }
    }

    /// These are the plans from now on.
    pub(crate) fn plan(&mut self, tasks: Vec<TimedTask>) {
        for timed in &tasks {
            self.own.entry(timed.id.clone()).or_default().policy = Some(timed.clone());
        }
        self.planned = tasks.into_iter().map(|timed| (timed.id.clone(), timed)).collect();
    }

    pub(crate) fn planned(&self) -> impl Iterator<Item = &TimedTask> {
        self.planned.values()
    }

    /// The next minute after this instant at which anything of the plans is due.
    pub(crate) fn next_minute(&mut self, now: Timestamp) -> i64 {
        let from = minute_of(now) + 1;
        let calendar = &mut self.calendar;
        let next = self.planned.values().filter_map(|timed| {
            calendar.of(&timed.schedule.to_string(), timed.zone.name()).range(from..).next().copied()
        });
        next.min().unwrap_or(from + 60)
    }

    /// Open work of people.
    pub(crate) fn people(&self) -> impl Iterator<Item = &Occurrence> {
        let open = self.own.values().flat_map(|own| &own.open);
        open.filter(|(_, open)| open.human && !open.evidence).map(|(occurrence, _)| occurrence)
    }

    /// Takes in the next row.
    pub(crate) fn row(&mut self, seq: u64, at: Timestamp, event: &Event) {
        assert_eq!(seq, self.last + 1, "rows come without a gap");
        self.last = seq;
        if let Err(wrong) = self.take(seq, at, event) {
            let own = occurrence_of(event).and_then(|it| self.own.get(&it.task)).map(Own::told);
            panic!("row {seq} at {at}: {wrong}\n{event:?}\n{}", own.unwrap_or_default());
        }
        self.newest_at = match event {
            Event::ClockSetBack { to, .. } => Some(*to),
            _ => Some(self.newest_at.map_or(at, |newest| newest.max(at))),
        };
    }

    fn take(&mut self, seq: u64, at: Timestamp, event: &Event) -> Result<(), String> {
        self.tell(seq, at, event);
        if let Some(occurrence) = occurrence_of(event) {
            self.is_due(occurrence, at)?;
        }
        match event {
            Event::KeeperStarted { .. } => self.keeper_has_ended(),
            Event::ClockSetBack { from, to } => self.set_back(*from, *to, at)?,
            Event::TaskAdopted { task, schedule, zone, since } => {
                want(*since == at, "it is adopted at another time than now")?;
                self.all_found(task, at)?;
                let timed = self.planned.get(task).ok_or("it is in no plan")?;
                let right = timed.schedule.to_string() == *schedule && timed.zone.name() == zone;
                want(right, "the plan has another schedule")?;
                let was_set_back = self.was_set_back;
                let own = self.own.entry(task.clone()).or_default();
                own.leave(at, was_set_back)?;
                let first = own.adopted.is_none() && own.settled.is_empty();
                own.found_until = if first { at } else { own.found_until.max(at) };
                own.adopted = Some((schedule.clone(), zone.clone()));
            }
            Event::TaskRetired { task } => {
                want(!self.planned.contains_key(task), "the plans still have it")?;
                self.all_found(task, at)?;
                let was_set_back = self.was_set_back;
                let own = self.own.entry(task.clone()).or_default();
                own.leave(at, was_set_back)?;
                own.adopted = None;
            }
            Event::TaskTriggered { task, .. } => {
                self.own.entry(task.clone()).or_default().triggers.insert(seq, at);
            }
            Event::TaskQueued { occurrence, .. } => self.queued(occurrence, at)?,
            Event::RunStarted { occurrence, attempt, late, human } => {
                self.started(occurrence, at, *attempt, *late, *human)?;
            }
            Event::RunRepeated { occurrence, attempt, not_before, .. } => {
                self.repeated(occurrence, at, *attempt, *not_before)?;
            }
            Event::Overdue { occurrence, due_by } => {
                let own = self.own.entry(occurrence.task.clone()).or_default();
                let open = own.open.get_mut(occurrence).ok_or("nobody was asked")?;
                want(open.human && !open.overdue && at > *due_by, "it is not overdue, or was already")?;
                open.overdue = true;
            }
            Event::Evidence { occurrence, .. } => {
                let own = self.own.entry(occurrence.task.clone()).or_default();
                own.open.get_mut(occurrence).ok_or("nobody was asked")?.evidence = true;
            }
            Event::Settled { occurrence, outcome, detail, .. } => {
                self.settled(occurrence, at, *outcome, detail)?;
                if matches!(outcome, Outcome::Ran | Outcome::CaughtUp) {
                    self.followers(seq, at, &occurrence.task);
                }
            }
            Event::Note { text, .. } => return Err(format!("a note of trouble: {text}")),
            _ => {}
        }
        Ok(())
    }

    fn tell(&mut self, seq: u64, at: Timestamp, event: &Event) {
        let about = match event {
            Event::TaskAdopted { task, .. } | Event::TaskRetired { task } => Some(task),
            Event::ClockSetBack { .. } => None,
            other => match occurrence_of(other) {
                Some(occurrence) => Some(&occurrence.task),
                None => return,
            },
        };
        let line = format!("{seq} {at} {event:?}");
        let tell = |own: &mut Own| {
            own.told.push_back(line.clone());
            if own.told.len() > TOLD {
                own.told.pop_front();
            }
        };
        match about {
            Some(task) => tell(self.own.entry(task.clone()).or_default()),
            None => self.own.values_mut().for_each(tell),
        }
    }

    /// Whether the walk knows this time, and it has come.
    fn is_due(&mut self, occurrence: &Occurrence, at: Timestamp) -> Result<(), String> {
        let own = self.own.get(&occurrence.task).ok_or("nobody knows the task")?;
        if own.open.contains_key(occurrence) || own.queued.contains(occurrence) {
            return Ok(());
        }
        match occurrence.trigger {
            Some(seq) => want(own.triggers.get(&seq) == Some(&occurrence.due), "nobody asked for it"),
            None => {
                want(!own.settled.contains_key(&occurrence.due), "it has an outcome already")?;
                want(occurrence.due <= at, "its time has not come")?;
                want(occurrence.due > own.found_until, "it was not the task's business")?;
                let (schedule, zone) = own.adopted.clone().ok_or("the task is not adopted")?;
                let due = self.calendar.of(&schedule, &zone);
                let whole = occurrence.due.as_second() % 60 == 0 && occurrence.due.subsec_nanosecond() == 0;
                want(whole && due.contains(&minute_of(occurrence.due)), "the walk is not due then")
            }
        }
    }

    fn keeper_has_ended(&mut self) {
        self.ends.clear();
        for open in self.own.values_mut().flat_map(|own| own.open.values_mut()) {
            open.lost = !open.human && open.repeat.is_none();
        }
    }

    fn set_back(&mut self, from: Timestamp, to: Timestamp, at: Timestamp) -> Result<(), String> {
        want(Some(from) == self.newest_at && to == at, "the clock was not there")?;
        want(from.duration_since(to) > TOLERANCE, "the clock was not set back")?;
        self.was_set_back = true;
        for own in self.own.values_mut() {
            own.found_until = own.found_until.min(to);
            own.settled.retain(|due, (_, started, _)| *due <= to || *started);
        }
        Ok(())
    }

    fn queued(&mut self, occurrence: &Occurrence, at: Timestamp) -> Result<(), String> {
        let own = self.own.entry(occurrence.task.clone()).or_default();
        let policy = own.policy.clone().ok_or("no policy")?;
        let all = policy.missed == MissedPolicy::RunAll && is_late(&policy, occurrence, at);
        want(policy.overlap != Overlap::Skip || all, "its policy is not to wait")?;
        // What it replaces in the queue has left it in the rows before.
        let behind = !own.open.is_empty() || !own.queued.is_empty() || policy.overlap == Overlap::Replace;
        want(behind, "there is nothing to wait for")?;
        own.take_trigger(occurrence);
        want(own.queued.insert(occurrence.clone()), "it waits already")
    }

    fn started(
        &mut self,
        occurrence: &Occurrence,
        at: Timestamp,
        attempt: u32,
        late: bool,
        human: bool,
    ) -> Result<(), String> {
        let own = self.own.entry(occurrence.task.clone()).or_default();
        let policy = own.policy.clone().ok_or("no policy")?;
        want(own.open.keys().all(|open| open == occurrence), "another one is still going on")?;
        want(human == policy.human_due_within.is_some(), "people do this, or they do not")?;
        let (all, once) = (policy.missed == MissedPolicy::RunAll, policy.missed == MissedPolicy::RunOnce);
        let is_late = is_late(&policy, occurrence, at);
        if let Some(open) = own.open.get(occurrence) {
            let not_before = open.repeat.ok_or("it starts while it is going on")?;
            want(at >= not_before || at < open.since, "it is tried again too soon")?;
            want(attempt == open.attempt + 1 && late == open.late, "the try has another number")?;
        } else if own.queued.remove(occurrence) {
            want(attempt == 1 && late == (all && is_late), "a queued run is late when all are wanted")?;
        } else {
            want(attempt == 1 && late == is_late, "late, or not")?;
            want(!late || all || once, "its policy is not to run late")?;
        }
        own.take_trigger(occurrence);
        let open = Open {
            attempt,
            since: at,
            late,
            human,
            lost: false,
            repeat: None,
            overdue: false,
            evidence: false,
        };
        own.open.insert(occurrence.clone(), open);
        Ok(())
    }

    fn repeated(
        &mut self,
        occurrence: &Occurrence,
        at: Timestamp,
        attempt: u32,
        not_before: Timestamp,
    ) -> Result<(), String> {
        let end = self.ends.remove(occurrence);
        let own = self.own.entry(occurrence.task.clone()).or_default();
        let policy = own.policy.clone().ok_or("no policy")?;
        let open = own.open.get_mut(occurrence).ok_or("it is not going on")?;
        want(attempt == open.attempt, "the try has another number")?;
        let tries = u32::from(policy.retry.attempts);
        if open.lost {
            want(policy.interrupted == InterruptedPolicy::Rerun, "its policy is to leave it")?;
            want(attempt < tries.max(2) && not_before == at, "it ran often enough")?;
        } else {
            want(end == Some(End::Failed) && attempt < tries, "it has not failed, or often enough")?;
            let wait = policy.retry.wait_after(attempt).duration();
            want(not_before == at.saturating_add(wait).unwrap(), "another wait")?;
        }
        (open.lost, open.repeat, open.since) = (false, Some(not_before), at);
        Ok(())
    }

    fn settled(
        &mut self,
        occurrence: &Occurrence,
        at: Timestamp,
        outcome: Outcome,
        why: &str,
    ) -> Result<(), String> {
        let planned = self.planned.contains_key(&occurrence.task);
        let end = self.ends.remove(occurrence);
        let own = self.own.entry(occurrence.task.clone()).or_default();
        let policy = own.policy.clone().ok_or("no policy")?;
        let no_longer = !planned && outcome == Outcome::Skipped && why == "the task is no longer planned";
        let started = own.open.contains_key(occurrence);
        if let Some(open) = own.open.remove(occurrence) {
            want(open.ended_as(&policy, end.as_ref(), outcome, planned) || no_longer, "it ended otherwise")?;
        } else if own.queued.remove(occurrence) {
            let replaced = why.starts_with("replaced by") && policy.overlap == Overlap::Replace;
            want(outcome == Outcome::Skipped && replaced || no_longer, "it waited, and should have run")?;
        } else {
            let late = is_late(&policy, occurrence, at);
            let busy = !own.open.is_empty() || !own.queued.is_empty();
            let right = no_longer || without_run(&policy, occurrence, (outcome, why), late, busy);
            want(right, &format!("not what the policy says ({late}, {busy})"))?;
        }
        own.take_trigger(occurrence);
        if let Some(seq) = occurrence.trigger {
            want(own.answered.insert(seq), "it has an outcome already")?;
        } else {
            let before = own.settled.insert(occurrence.due, (outcome, started, why.to_owned()));
            want(before.is_none(), "it has an outcome already")?;
            if let Some(by) = why.strip_prefix("not run in time, covered by the run due at ") {
                own.promised = Some(by.parse().map_err(|_| "it says no time")?);
            }
        }
        let name = format!("{outcome:?}").to_lowercase();
        *self.outcomes.entry(name).or_default() += 1;
        Ok(())
    }

    /// Whatever follows this task is wanted now.
    fn followers(&mut self, seq: u64, at: Timestamp, task: &TaskId) {
        let (plan, local) = task.parts();
        let schedule = Schedule::After(local.to_owned()).to_string();
        for (follower, own) in &mut self.own {
            let follows = own.adopted.as_ref().is_some_and(|(own, _)| *own == schedule);
            if follows && follower.parts().0 == plan {
                own.triggers.insert(seq, at);
            }
        }
    }

    fn all_found(&mut self, task: &TaskId, until: Timestamp) -> Result<(), String> {
        let Some(own) = self.own.get_mut(task) else { return Ok(()) };
        let Some((schedule, zone)) = &own.adopted else { return Ok(()) };
        let due = self.calendar.of(schedule, zone);
        for minute in between(&due, own.found_until, until) {
            let due = Timestamp::from_second(minute * 60).unwrap();
            let occurrence = Occurrence { task: task.clone(), due, trigger: None };
            let found = own.settled.contains_key(&due)
                || own.open.contains_key(&occurrence)
                || own.queued.contains(&occurrence);
            want(found, &format!("{task} was due at {due} and nothing says what became of it"))?;
        }
        own.found_until = own.found_until.max(until);
        Ok(())
    }

    /// After a whole look: everything that was due is in the books, and nothing waits without a reason.
    pub(crate) fn balance(&mut self, now: Timestamp, live: &BTreeSet<Occurrence>) {
        let tasks: Vec<TaskId> = self.own.keys().cloned().collect();
        for task in tasks {
            if let Err(wrong) = self.all_found(&task, now) {
                panic!("at {now}: {wrong}\n{}", self.own[&task].told());
            }
            let own = &self.own[&task];
            let planned = self.planned.get(&task);
            let adopted = planned.map(|timed| (timed.schedule.to_string(), timed.zone.name().to_owned()));
            assert_eq!(own.adopted, adopted, "at {now}: {task} is adopted otherwise than planned");
            // Ends that keeper has not seen yet are written at the next look.
            let runs =
                |occurrence: &Occurrence| live.contains(occurrence) || self.ends.contains_key(occurrence);
            if let Err(wrong) = own.rests(planned, now, runs) {
                panic!("at {now}: {task}: {wrong}\n{}", own.told());
            }
        }
    }
}

impl Own {
    /// What is in the books of a task, for whoever looks for a mistake.
    fn told(&self) -> String {
        let mut policy = self.policy.iter().map(|own| {
            format!(
                "{:?} {:?} {:?} {:?} {:?}",
                own.overlap, own.missed, own.interrupted, own.retry, own.grace
            )
        });
        let policy = policy.next().unwrap_or_default();
        let settled: Vec<String> =
            self.settled.iter().rev().take(12).map(|(due, it)| format!("{due}: {it:?}")).collect();
        let Self { adopted, found_until, open, queued, triggers, .. } = self;
        format!(
            "{policy}\n{adopted:?}, found until {found_until}\nopen {open:#?}\nqueued {queued:?}\n\
             asked {triggers:?}\n{}\nrows:\n{}",
            settled.join("\n"),
            self.told.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
        )
    }

    fn take_trigger(&mut self, occurrence: &Occurrence) {
        if let Some(seq) = occurrence.trigger {
            self.triggers.remove(&seq);
        }
    }

    fn rests(
        &self,
        planned: Option<&TimedTask>,
        now: Timestamp,
        runs: impl Fn(&Occurrence) -> bool,
    ) -> Result<(), String> {
        want(self.triggers.is_empty(), "something was asked for and nothing became of it")?;
        want(self.queued.is_empty() || !self.open.is_empty(), "it waits for nothing")?;
        for (occurrence, open) in &self.open {
            let Some(timed) = planned else {
                want(runs(occurrence), "it is in no plan, does not run, and has no outcome")?;
                continue;
            };
            match (open.human, open.repeat) {
                (true, _) => {
                    let within = timed.human_due_within.unwrap_or_default().duration();
                    let overdue = now > occurrence.due.saturating_add(within).unwrap();
                    want(open.overdue || !overdue, "people were not told that it is overdue")?;
                }
                (_, Some(not_before)) => want(not_before > now, "it should have been tried again")?,
                _ => want(runs(occurrence), "it does not run, and has no outcome")?,
            }
        }
        self.keeps_promise(now)
    }

    /// Times that were missed are made good by a newer one, for which something is done as soon as it has come.
    fn keeps_promise(&self, until: Timestamp) -> Result<(), String> {
        let Some(by) = self.promised.filter(|by| *by <= until) else { return Ok(()) };
        let waits =
            self.open.keys().chain(&self.queued).any(|other| other.due == by && other.trigger.is_none());
        want(waits || self.settled.contains_key(&by), "times were missed and nothing runs in their place")
    }

    /// Another schedule, or none, is in force from now on. It undoes a promise for a time to come; such a time can only
    /// have been promised before the clock was set back.
    fn leave(&mut self, at: Timestamp, was_set_back: bool) -> Result<(), String> {
        self.keeps_promise(at)?;
        let promised = self.promised.take();
        want(was_set_back || promised.is_none_or(|by| by <= at), "a time to come was promised")
    }
}
