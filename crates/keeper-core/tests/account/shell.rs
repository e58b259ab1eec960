//! A shell without effects, to see what the accounting makes of histories.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use keeper_core::ledger::event::Occurrence;
use keeper_core::ledger::{Anchor, Event, Row};
use keeper_core::plan::set::{TaskId, TimedTask};
use keeper_core::plan::task::{InterruptedPolicy, MissedPolicy, Overlap, Retry};
use keeper_core::plan::value::Period;
use keeper_core::schedule::Schedule;
use keeper_core::schedule::account::{Decision, End, Measured, account, finish};
use keeper_core::schedule::history::History;
use keeper_core::zone::Zone;

pub(crate) fn task(name: &str, schedule: &str) -> TimedTask {
    TimedTask {
        id: TaskId::new("p", name),
        schedule: Schedule::parse(schedule).unwrap(),
        zone: Zone::named("Europe/Berlin").unwrap(),
        grace: Period::minutes(5),
        overlap: Overlap::Skip,
        missed: MissedPolicy::RunOnce,
        interrupted: InterruptedPolicy::Leave,
        retry: Retry::default(),
        human_due_within: None,
    }
}

/// A shell without effects: it writes rows, keeps runs going, and can die.
pub(crate) struct Shell {
    pub(crate) tasks: Vec<TimedTask>,
    pub(crate) rows: Vec<Row>,
    pub(crate) history: History,
    pub(crate) live: BTreeSet<Occurrence>,
    pub(crate) now: Timestamp,
}

impl Shell {
    pub(crate) fn new(tasks: Vec<TimedTask>, now: &str) -> Self {
        Self {
            tasks,
            rows: Vec::new(),
            history: History::default(),
            live: BTreeSet::new(),
            now: now.parse().unwrap(),
        }
    }

    pub(crate) fn write(&mut self, event: &Event) {
        let head = self.rows.last().map_or(Anchor::EMPTY, Row::anchor);
        let row = Row::after(head, self.now, event).unwrap();
        self.history.apply(row.seq, row.at, event);
        self.rows.push(row);
    }

    /// Decides and acts until nothing is left to do, or dies after so many decisions.
    pub(crate) fn tick(&mut self, mut survives: usize) -> bool {
        for _ in 0..50 {
            let decisions = account(&self.tasks, &self.history, &self.live, self.now);
            let settled = decisions.is_empty();
            for decision in decisions {
                if survives == 0 {
                    self.die();
                    return false;
                }
                survives -= 1;
                if let Some(event) = decision.event() {
                    self.write(&event);
                }
                match decision {
                    Decision::Start { occurrence, human, .. } if !human => {
                        let running = self.live.iter().filter(|own| own.task == occurrence.task).count();
                        assert_eq!(running, 0, "two runs of {} at once", occurrence.task);
                        self.live.insert(occurrence);
                    }
                    Decision::Stop { occurrence, .. } => self.end(&occurrence, &End::Replaced),
                    _ => {}
                }
            }
            if settled {
                return true;
            }
        }
        panic!("it never comes to rest");
    }

    pub(crate) fn end(&mut self, occurrence: &Occurrence, end: &End) {
        let timed = self.tasks.iter().find(|timed| timed.id == occurrence.task).cloned().unwrap();
        let run = self
            .history
            .task(&occurrence.task)
            .unwrap()
            .open()
            .find(|(own, _)| *own == occurrence)
            .unwrap()
            .1
            .clone();
        let event = finish(&timed, occurrence, &run, end, String::new(), Measured::default(), self.now);
        self.live.remove(occurrence);
        self.write(&event);
    }

    /// Everything that was running is gone; what is known comes from the rows.
    pub(crate) fn die(&mut self) {
        self.live.clear();
        self.history = History::default();
        for row in &self.rows {
            self.history.apply(row.seq, row.at, &row.event().unwrap());
        }
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now = self.now.saturating_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    pub(crate) fn go_to(&mut self, instant: &str) {
        self.now = instant.parse().unwrap();
    }

    /// Outcomes so far, as `due outcome: detail`, the due time without its date.
    pub(crate) fn outcomes(&self) -> Vec<String> {
        let events = self.rows.iter().map(|row| row.event().unwrap());
        events
            .filter_map(|event| match event {
                Event::Settled { occurrence, outcome, detail, .. } => Some(
                    format!("{} {outcome:?} {detail}", occurrence.due.strftime("%d %H:%M"))
                        .trim_end()
                        .to_owned(),
                ),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn run_all(&mut self) {
        self.tick(usize::MAX);
        for occurrence in self.live.clone() {
            self.end(&occurrence, &End::Succeeded);
        }
    }
}
