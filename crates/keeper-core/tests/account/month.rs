//! The plans of the project for a month, with crashes: what is due is accounted for to the last time.

use keeper_core::ledger::event::Occurrence;
use keeper_core::ledger::{Anchor, verify};
use keeper_core::plan::parse;
use keeper_core::plan::set::PlanSet;
use keeper_core::schedule::account::End;

use crate::shell::Shell;
use crate::storm::outcomes_of;

const DAYS: i64 = 31;

fn plans() -> PlanSet {
    let plan = |name: &str| {
        let path = format!("{}/../../plans/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        (path, parse(&text, name).unwrap())
    };
    PlanSet::new(["loom", "chimera", "postgres-app", "static-site"].map(plan).to_vec()).unwrap()
}

/// A generator of numbers that is the same on every run.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn a_month_of_all_four_plans() {
    let tasks = plans().timed_tasks();
    let mut shell = Shell::new(tasks.clone(), "2026-01-01T00:00:30Z");
    let since = shell.now;
    let (mut chance, mut crashes) = (88_172_645_463_325_252, 0);
    shell.tick(usize::MAX);
    while shell.now.duration_since(since).as_hours() < DAYS * 24 {
        // To the next time, or over it for some hours when keeper is down.
        let next_due = shell.history.soonest().unwrap().max(shell.now);
        shell.now = next_due;
        if next(&mut chance).is_multiple_of(400) {
            crashes += 1;
            shell.die();
            shell.pass(i64::try_from(next(&mut chance) % 40_000).unwrap());
        }
        shell.tick(usize::MAX);
        for occurrence in shell.live.clone() {
            let end = if next(&mut chance).is_multiple_of(50) { End::Failed } else { End::Succeeded };
            shell.end(&occurrence, &end);
        }
        answer_people(&mut shell);
        shell.pass(1);
        shell.tick(usize::MAX);
    }
    assert!(crashes > 10, "{crashes}");
    let outcomes = outcomes_of(&shell.rows);
    let mut due_times = 0;
    for timed in &tasks {
        let own = shell.history.task(&timed.id).unwrap();
        for due in timed.schedule.between(since, shell.now, &timed.zone, usize::MAX) {
            due_times += 1;
            let occurrence = Occurrence { task: timed.id.clone(), due, trigger: None };
            let open =
                own.open().any(|(open, _)| *open == occurrence) || own.queued().any(|own| *own == occurrence);
            assert!(open || outcomes.contains_key(&occurrence), "{occurrence:?}");
        }
    }
    assert!(due_times > 15_000, "{due_times}");
    assert!(outcomes.len() > due_times, "what follows other tasks comes on top");
    assert!(verify(Anchor::EMPTY, shell.rows, &[]).is_ok());
}

/// Work of people is done three days after it fell due.
fn answer_people(shell: &mut Shell) {
    let mut done = Vec::new();
    for (_, own) in shell.history.tasks() {
        let old =
            own.open().filter(|(_, run)| run.human && shell.now.duration_since(run.since).as_hours() > 72);
        done.extend(old.map(|(occurrence, _)| occurrence.clone()));
    }
    for occurrence in done {
        shell.end(&occurrence, &End::Succeeded);
    }
}
