//! Random crashes, jumps of the clock and ends of runs; every due time still has exactly one outcome.

use std::collections::{BTreeMap, BTreeSet};

use keeper_core::ledger::event::{Occurrence, Outcome};
use keeper_core::ledger::{Anchor, Event, Row, verify};
use keeper_core::plan::set::TimedTask;
use keeper_core::plan::task::{InterruptedPolicy, MissedPolicy, Overlap, Retry};
use keeper_core::plan::value::Period;
use keeper_core::schedule::account::End;
use proptest::prelude::*;

use crate::shell::{Shell, task};

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
pub(crate) fn outcomes_of(rows: &[Row]) -> BTreeMap<Occurrence, Outcome> {
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
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

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
