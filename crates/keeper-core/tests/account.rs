//! Every time at which a task was due gets exactly one outcome, whatever happens to keeper and its clock.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use keeper_core::ledger::event::{Occurrence, Outcome};
use keeper_core::ledger::{Anchor, Event, Row, verify};
use keeper_core::plan::set::{TaskId, TimedTask};
use keeper_core::plan::task::{InterruptedPolicy, MissedPolicy, Overlap, Retry};
use keeper_core::plan::value::Period;
use keeper_core::schedule::Schedule;
use keeper_core::schedule::account::{Decision, End, Measured, account, finish};
use keeper_core::schedule::history::History;
use keeper_core::zone::Zone;
use proptest::prelude::*;

fn task(name: &str, schedule: &str) -> TimedTask {
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
struct Shell {
    tasks: Vec<TimedTask>,
    rows: Vec<Row>,
    history: History,
    live: BTreeSet<Occurrence>,
    now: Timestamp,
}

impl Shell {
    fn new(tasks: Vec<TimedTask>, now: &str) -> Self {
        Self {
            tasks,
            rows: Vec::new(),
            history: History::default(),
            live: BTreeSet::new(),
            now: now.parse().unwrap(),
        }
    }

    fn write(&mut self, event: &Event) {
        let head = self.rows.last().map_or(Anchor::EMPTY, Row::anchor);
        let row = Row::after(head, self.now, event).unwrap();
        self.history.apply(row.seq, row.at, event);
        self.rows.push(row);
    }

    /// Decides and acts until nothing is left to do, or dies after so many decisions.
    fn tick(&mut self, mut survives: usize) -> bool {
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
                    Decision::Stop { occurrence, .. } => self.end(&occurrence, &End::Stopped),
                    _ => {}
                }
            }
            if settled {
                return true;
            }
        }
        panic!("it never comes to rest");
    }

    fn end(&mut self, occurrence: &Occurrence, end: &End) {
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
    fn die(&mut self) {
        self.live.clear();
        self.history = History::default();
        for row in &self.rows {
            self.history.apply(row.seq, row.at, &row.event().unwrap());
        }
    }

    fn pass(&mut self, seconds: i64) {
        self.now = self.now.saturating_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    fn go_to(&mut self, instant: &str) {
        self.now = instant.parse().unwrap();
    }

    /// Outcomes so far, as `due outcome: detail`, the due time without its date.
    fn outcomes(&self) -> Vec<String> {
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

    fn run_all(&mut self) {
        self.tick(usize::MAX);
        for occurrence in self.live.clone() {
            self.end(&occurrence, &End::Succeeded);
        }
    }
}

#[test]
fn in_time_late_and_missed() {
    let story = |missed: MissedPolicy| {
        let mut shell =
            Shell::new(vec![TimedTask { missed, ..task("a", "0 * * * *") }], "2026-01-10T00:30:00Z");
        shell.tick(usize::MAX);
        for instant in ["2026-01-10T01:00:01Z", "2026-01-10T04:30:00Z"] {
            shell.go_to(instant);
            shell.run_all();
            shell.run_all();
            shell.run_all();
        }
        shell.outcomes()
    };
    assert_eq!(
        story(MissedPolicy::RunOnce),
        [
            "10 01:00 Ran",
            "10 02:00 Missed not run in time, covered by the run due at 2026-01-10T04:00:00Z",
            "10 03:00 Missed not run in time, covered by the run due at 2026-01-10T04:00:00Z",
            "10 04:00 CaughtUp",
        ]
    );
    assert_eq!(
        story(MissedPolicy::RunAll),
        ["10 01:00 Ran", "10 02:00 CaughtUp", "10 03:00 CaughtUp", "10 04:00 CaughtUp"]
    );
    assert_eq!(
        story(MissedPolicy::Skip)[1..],
        [
            "10 02:00 Skipped keeper was not running in time, 9000s late",
            "10 03:00 Skipped keeper was not running in time, 90m late",
            "10 04:00 Skipped keeper was not running in time, 30m late",
        ]
        .map(|text| text.replace("9000s", "150m"))
    );
    assert!(story(MissedPolicy::Alert)[1].starts_with("10 02:00 Missed keeper was not running in time"));
}

#[test]
fn overlapping_runs() {
    let story = |overlap: Overlap| {
        let mut shell =
            Shell::new(vec![TimedTask { overlap, ..task("a", "0 * * * *") }], "2026-01-10T00:30:00Z");
        shell.tick(usize::MAX);
        for hour in 1..=3 {
            shell.go_to(&format!("2026-01-10T0{hour}:00:00Z"));
            shell.tick(usize::MAX);
        }
        shell.run_all();
        shell.run_all();
        shell.run_all();
        shell.outcomes()
    };
    assert_eq!(
        story(Overlap::Skip),
        [
            "10 02:00 Skipped the run due at 2026-01-10T01:00:00Z is still going on",
            "10 03:00 Skipped the run due at 2026-01-10T01:00:00Z is still going on",
            "10 01:00 Ran",
        ]
    );
    assert_eq!(story(Overlap::Queue), ["10 01:00 Ran", "10 02:00 Ran", "10 03:00 Ran"]);
    assert_eq!(story(Overlap::Replace), ["10 01:00 Failed", "10 02:00 Failed", "10 03:00 Ran"]);
}

#[test]
fn a_crash_under_a_run() {
    let story = |interrupted: InterruptedPolicy| {
        let mut shell =
            Shell::new(vec![TimedTask { interrupted, ..task("a", "0 * * * *") }], "2026-01-10T00:30:00Z");
        shell.tick(usize::MAX);
        shell.go_to("2026-01-10T01:00:00Z");
        shell.tick(usize::MAX);
        shell.die();
        shell.pass(60);
        shell.run_all();
        shell.outcomes()
    };
    assert_eq!(story(InterruptedPolicy::Leave), ["10 01:00 Interrupted keeper ended while it was running"]);
    assert_eq!(story(InterruptedPolicy::Rerun), ["10 01:00 Ran"]);

    // A task that kills keeper each time is not run for ever.
    let timed = TimedTask { interrupted: InterruptedPolicy::Rerun, ..task("a", "0 * * * *") };
    let mut shell = Shell::new(vec![timed], "2026-01-10T00:30:00Z");
    shell.tick(usize::MAX);
    shell.go_to("2026-01-10T01:00:00Z");
    for _ in 0..5 {
        shell.tick(usize::MAX);
        shell.die();
    }
    assert_eq!(shell.outcomes(), ["10 01:00 Interrupted keeper ended while it was running"]);
}

#[test]
fn a_failed_run_is_tried_again() {
    let retry = Retry { attempts: 3, wait: Period::minutes(1), longest: Period::hours(1) };
    let mut shell = Shell::new(vec![TimedTask { retry, ..task("a", "0 9 * * *") }], "2026-01-10T00:30:00Z");
    shell.tick(usize::MAX);
    shell.go_to("2026-01-10T08:00:00Z");
    let mut starts = Vec::new();
    for _ in 0..400 {
        shell.tick(usize::MAX);
        if let Some(occurrence) = shell.live.first().cloned() {
            starts.push(shell.now.strftime("%H:%M:%S").to_string());
            shell.end(&occurrence, &End::Failed);
        }
        shell.pass(1);
    }
    assert_eq!(starts, ["08:00:00", "08:01:00", "08:03:00"]);
    assert_eq!(shell.outcomes(), ["10 08:00 Failed"]);
}

#[test]
fn one_task_follows_another_and_a_request() {
    let tasks = vec![task("a", "0 9 * * *"), task("b", "after(a)"), task("c", "on change")];
    let mut shell = Shell::new(tasks, "2026-01-10T00:30:00Z");
    shell.tick(usize::MAX);
    shell.go_to("2026-01-10T08:00:00Z");
    shell.run_all();
    shell.pass(30);
    shell.run_all();
    for by in ["config/a", "config/b"] {
        shell.write(&Event::TaskTriggered { task: TaskId::new("p", "c"), by: by.to_owned() });
        shell.pass(1);
    }
    shell.run_all();
    let told: Vec<String> = shell
        .rows
        .iter()
        .filter_map(|row| match row.event().unwrap() {
            Event::Settled { occurrence, outcome, .. } => {
                Some(format!("{} {} {outcome:?}", occurrence.task, occurrence.due.strftime("%H:%M:%S")))
            }
            _ => None,
        })
        .collect();
    assert_eq!(told, ["p/a 08:00:00 Ran", "p/b 08:00:00 Ran", "p/c 08:00:30 Skipped", "p/c 08:00:31 Ran"]);
}

#[test]
fn work_of_people_stays_open_and_becomes_overdue_once() {
    let timed = TimedTask { human_due_within: Some(Period::days(2)), ..task("a", "0 9 * * *") };
    let mut shell = Shell::new(vec![timed], "2026-01-10T00:30:00Z");
    shell.tick(usize::MAX);
    for day in 10..=14 {
        shell.go_to(&format!("2026-01-{day}T12:00:00Z"));
        shell.tick(usize::MAX);
        shell.die();
        shell.tick(usize::MAX);
    }
    let overdue =
        shell.rows.iter().filter(|row| matches!(row.event().unwrap(), Event::Overdue { .. })).count();
    assert_eq!(overdue, 1);
    let open = shell.history.task(&TaskId::new("p", "a")).unwrap().open().next().unwrap().0.clone();
    assert_eq!(open.due.to_string(), "2026-01-10T08:00:00Z");
    shell.end(&open, &End::Succeeded);
    assert!(shell.outcomes().last().unwrap().starts_with("10 08:00 CaughtUp"));
    assert!(
        shell.outcomes()[..4].iter().all(|text| text.contains("Missed") || text.contains("still going on"))
    );
}

#[test]
fn a_clock_that_was_a_day_ahead_loses_nothing() {
    let mut shell = Shell::new(vec![task("a", "0 * * * *")], "2026-01-10T00:30:00Z");
    shell.run_all();
    shell.pass(86_400);
    shell.run_all();
    let ahead = shell.outcomes();
    assert_eq!(ahead.len(), 24);
    assert_eq!(ahead.last().unwrap(), "11 00:00 CaughtUp");
    shell.pass(-86_400);
    shell.run_all();
    for _ in 0..25 {
        shell.pass(3_600);
        shell.run_all();
    }
    let after: Vec<String> = shell.outcomes().split_off(24);
    assert_eq!(after.len(), 24, "{after:#?}");
    assert!(after.iter().all(|text| text.ends_with("CaughtUp")), "run, half an hour late: {after:#?}");
    assert!(!after.iter().any(|text| text.starts_with("11 00:00")), "that one was done already");
}

#[test]
fn a_changed_or_removed_schedule_is_accounted_for_up_to_the_change() {
    let mut shell = Shell::new(vec![task("a", "0 * * * *")], "2026-01-10T00:30:00Z");
    shell.run_all();
    shell.go_to("2026-01-10T02:10:00Z");
    shell.tasks = vec![task("a", "30 * * * *")];
    shell.run_all();
    shell.go_to("2026-01-10T02:31:00Z");
    shell.run_all();
    shell.go_to("2026-01-10T04:00:00Z");
    shell.tasks = vec![task("b", "0 0 1 1 *")];
    shell.run_all();
    assert_eq!(
        shell.outcomes(),
        [
            "10 01:00 Missed not run in time, covered by the run due at 2026-01-10T02:00:00Z",
            "10 02:00 CaughtUp",
            "10 02:30 Ran",
            "10 03:30 Skipped the task is no longer planned",
        ]
    );
    let count = shell.rows.len();
    shell.go_to("2026-01-12T04:00:00Z");
    shell.run_all();
    assert_eq!(shell.rows.len(), count, "nothing is due any more");
}

#[derive(Debug, Clone)]
enum Step {
    Pass(i64),
    Crash,
    CrashAfter(usize),
    Finish(bool),
    Request,
    Sleep(i64),
    SetClock(i64),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1i64..4_000).prop_map(Step::Pass),
        2 => Just(Step::Crash),
        2 => (0usize..6).prop_map(Step::CrashAfter),
        5 => any::<bool>().prop_map(Step::Finish),
        1 => Just(Step::Request),
        2 => (4_000i64..200_000).prop_map(Step::Sleep),
        1 => prop_oneof![Just(86_400i64), Just(-86_400), -200_000i64..200_000].prop_map(Step::SetClock),
    ]
}

fn any_task(name: &'static str) -> impl Strategy<Value = TimedTask> {
    let schedules =
        ["0 * * * *", "*/30 * * * *", "30 2 * * *", "0 9 * * MON-FRI", "on change", "after(first)"];
    (
        0usize..schedules.len(),
        prop_oneof![Just(Overlap::Skip), Just(Overlap::Queue), Just(Overlap::Replace)],
        prop_oneof![
            Just(MissedPolicy::RunOnce),
            Just(MissedPolicy::RunAll),
            Just(MissedPolicy::Skip),
            Just(MissedPolicy::Alert)
        ],
        prop_oneof![Just(InterruptedPolicy::Leave), Just(InterruptedPolicy::Rerun)],
        1u8..4,
        prop_oneof![4 => Just(None), 1 => Just(Some(Period::days(1)))],
    )
        .prop_map(move |(schedule, overlap, missed, interrupted, attempts, human_due_within)| {
            TimedTask {
                overlap,
                missed,
                interrupted,
                retry: Retry { attempts, wait: Period::minutes(10), longest: Period::hours(2) },
                human_due_within,
                ..task(name, schedules[schedule])
            }
        })
}

/// What the rows say about each occurrence, with what a clock set back undoes taken out. Fails at a second outcome.
fn outcomes_of(rows: &[Row]) -> BTreeMap<Occurrence, Outcome> {
    let mut outcomes: BTreeMap<Occurrence, Outcome> = BTreeMap::new();
    let mut started: BTreeSet<Occurrence> = BTreeSet::new();
    let mut tries: BTreeSet<(Occurrence, u32)> = BTreeSet::new();
    for row in rows {
        match row.event().unwrap() {
            Event::ClockSetBack { to, .. } => outcomes.retain(|occurrence, _| {
                occurrence.due <= to || occurrence.trigger.is_some() || started.contains(occurrence)
            }),
            Event::RunStarted { occurrence, attempt, .. } => {
                assert!(!outcomes.contains_key(&occurrence), "{occurrence:?} starts after its outcome");
                assert!(tries.insert((occurrence.clone(), attempt)), "{occurrence:?} starts twice");
                started.insert(occurrence);
            }
            Event::Settled { occurrence, outcome, .. } => {
                let before = outcomes.insert(occurrence.clone(), outcome);
                assert_eq!(before, None, "{occurrence:?} has two outcomes");
            }
            _ => {}
        }
    }
    outcomes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_due_time_has_exactly_one_outcome(
        first in any_task("first"),
        second in any_task("second"),
        third in any_task("third"),
        steps in prop::collection::vec(any_step(), 1..60),
    ) {
        let mut shell = Shell::new(vec![first, second, third], "2026-03-27T12:00:00Z");
        shell.tick(usize::MAX);
        let mut since = shell.now;
        for step in &steps {
            match step {
                Step::Pass(seconds) => { shell.pass(*seconds); shell.tick(usize::MAX); }
                Step::Sleep(seconds) => { shell.pass(*seconds); shell.tick(usize::MAX); }
                Step::SetClock(seconds) => { shell.pass(*seconds); since = since.min(shell.now); shell.tick(usize::MAX); }
                Step::Crash => { shell.die(); shell.tick(usize::MAX); }
                Step::CrashAfter(decisions) => { shell.pass(1_800); shell.tick(*decisions); shell.tick(usize::MAX); }
                Step::Finish(good) => {
                    let end = if *good { End::Succeeded } else { End::Failed };
                    for occurrence in shell.live.clone() { shell.end(&occurrence, &end); }
                    shell.tick(usize::MAX);
                }
                Step::Request => {
                    let id = shell.tasks[1].id.clone();
                    shell.write(&Event::TaskTriggered { task: id, by: "hand".to_owned() });
                    shell.tick(usize::MAX);
                }
            }
        }
        shell.tick(usize::MAX);
        let outcomes = outcomes_of(&shell.rows);
        for timed in &shell.tasks {
            let own = shell.history.task(&timed.id).unwrap();
            let waiting: BTreeSet<Occurrence> =
                own.open().map(|(occurrence, _)| occurrence.clone()).chain(own.queued().cloned()).collect();
            for occurrence in &waiting {
                prop_assert!(!outcomes.contains_key(occurrence), "{occurrence:?} is settled and still open");
            }
            // The walk from the earliest instant that the clock has shown.
            for due in timed.schedule.between(since, shell.now, &timed.zone, usize::MAX) {
                let occurrence = Occurrence { task: timed.id.clone(), due, trigger: None };
                let known = outcomes.contains_key(&occurrence) || waiting.contains(&occurrence);
                prop_assert!(known, "{occurrence:?} has no outcome");
            }
        }
        for row in &shell.rows {
            if let Event::TaskTriggered { task, .. } = row.event().unwrap() {
                let is = |occurrence: &Occurrence| occurrence.task == task && occurrence.trigger == Some(row.seq);
                let own = shell.history.task(&task).unwrap();
                let known = outcomes.keys().any(is) || own.queued().any(is) || own.open().any(|(own, _)| is(own));
                prop_assert!(known, "request {} has no outcome", row.seq);
            }
        }
        prop_assert!(verify(Anchor::EMPTY, shell.rows, &[]).is_ok());
    }
}

#[test]
fn a_thousand_idle_tasks_are_looked_at_without_asking_their_patterns_again() {
    let tasks: Vec<TimedTask> = (0..1_000)
        .map(|number| task(&format!("t{number}"), &format!("{} {} * * *", number % 60, number % 24)))
        .collect();
    let mut shell = Shell::new(tasks, "2026-01-10T00:30:30Z");
    shell.tick(usize::MAX);
    assert_eq!(shell.rows.len(), 1_000);
    let started = std::time::Instant::now();
    let decisions = account(&shell.tasks, &shell.history, &shell.live, shell.now);
    let first = started.elapsed();
    let started = std::time::Instant::now();
    let again = account(&shell.tasks, &shell.history, &shell.live, shell.now);
    let second = started.elapsed();
    assert_eq!((decisions.len(), again.len()), (0, 0));
    println!("a tick over 1,000 tasks: {first:?}, then {second:?}");
    assert_eq!(shell.history.soonest().unwrap().to_string(), "2026-01-10T00:37:00Z");
}
