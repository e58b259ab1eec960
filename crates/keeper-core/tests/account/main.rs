//! Every time at which a task was due gets exactly one outcome, whatever happens to keeper and its clock.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

mod month;
mod page;
mod shell;
mod storm;

use keeper_core::ledger::Event;
use keeper_core::plan::set::{TaskId, TimedTask};
use keeper_core::plan::task::{InterruptedPolicy, MissedPolicy, Overlap, Retry};
use keeper_core::plan::value::Period;
use keeper_core::schedule::account::{End, account};

use shell::{Shell, task};

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
    assert_eq!(story(Overlap::Replace), ["10 01:00 Skipped", "10 02:00 Skipped", "10 03:00 Ran"]);
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

#[test]
fn two_days_of_minutes_are_accounted_for_in_batches() {
    let mut shell = Shell::new(vec![task("a", "* * * * *")], "2026-01-10T00:30:00Z");
    shell.run_all();
    shell.pass(2 * 86_400);
    shell.run_all();
    let outcomes = shell.outcomes();
    assert_eq!(outcomes.len(), 2_880);
    let missed = outcomes.iter().filter(|text| text.contains(" Missed ")).count();
    let ran = outcomes.iter().filter(|text| text.contains(" Ran")).count();
    // The last six are within the grace of five minutes: the first of them runs, and is still running at the others.
    assert_eq!((missed, ran), (2_874, 1), "{:#?}", &outcomes[2_870..]);
}

#[test]
fn a_day_of_minutes_that_ran_does_not_run_again_when_the_clock_is_set_back() {
    let mut shell = Shell::new(vec![task("a", "* * * * *")], "2026-01-10T00:00:30Z");
    shell.run_all();
    for _ in 0..1_440 {
        shell.pass(60);
        shell.run_all();
    }
    assert_eq!(shell.outcomes().len(), 1_440);
    shell.pass(-86_400);
    for _ in 0..1_440 {
        shell.pass(60);
        shell.run_all();
    }
    assert_eq!(shell.outcomes().len(), 1_440);
    shell.pass(60);
    shell.run_all();
    assert_eq!(shell.outcomes().len(), 1_441);
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

#[test]
fn a_run_whose_task_is_retired_under_it_has_an_outcome_whatever_happens() {
    let story = |end: fn(&mut Shell)| {
        let retry = Retry { attempts: 2, wait: Period::minutes(1), longest: Period::hours(1) };
        let mut shell =
            Shell::new(vec![TimedTask { retry, ..task("a", "0 * * * *") }], "2026-01-10T00:30:00Z");
        shell.tick(usize::MAX);
        shell.go_to("2026-01-10T01:00:00Z");
        shell.tick(usize::MAX);
        let planned = std::mem::take(&mut shell.tasks);
        shell.tick(usize::MAX);
        assert!(shell.history.task(&planned[0].id).unwrap().is_retired());
        shell.tasks = planned;
        end(&mut shell);
        shell.tasks.clear();
        shell.tick(usize::MAX);
        shell.tick(usize::MAX);
        shell.outcomes()
    };
    assert_eq!(story(Shell::die), ["10 01:00 Interrupted keeper ended while it was running"]);
    let fail = |shell: &mut Shell| {
        let occurrence = shell.live.first().cloned().unwrap();
        shell.end(&occurrence, &End::Failed);
    };
    assert_eq!(story(fail), ["10 01:00 Failed the task is no longer planned"]);
}
