//! Days, months and years of schedule in a few seconds: the real scheduler and ledger on a clock that is moved, with
//! crashes, sleep, clocks set back and forward, changed plans and people; every occurrence must be accounted for.
//!
//! The four plans of the project and a made-up one in ten zones run side by side. Only two things are not real: the
//! clock, and what the runs do.

mod book;
mod calendar;
mod rules;
mod workshop;
mod world;
mod written_plan;

use std::{
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use jiff::{SignedDuration, Timestamp};

use crate::home::Home;
use world::Tally;

/// Days of one round, which begins where the round before has ended, with a ledger of its own.
const DAYS: i64 = 50;
/// When the first round begins: there are changes of many zones' rules in the years after it.
const FIRST: &str = "2010-01-01T00:00:00Z";

fn round(number: u32, days: i64) -> Tally {
    let from: Timestamp = FIRST.parse().unwrap();
    let from = from.saturating_add(SignedDuration::from_hours(i64::from(number) * DAYS * 24)).unwrap();
    let memory = Path::new("/dev/shm");
    let home = Home::within(memory.is_dir().then_some(memory));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(world::live(home, from, days, 20_261_121 + u64::from(number)))
}

/// Rounds on every core; what happened in them.
fn storm(rounds: &[u32], days: i64) -> Tally {
    let (next, all) = (AtomicU32::new(0), Mutex::new(Tally::new()));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(number) = rounds.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                    // By its name, a panic says which round it was.
                    let own = thread::Builder::new().name(format!("round {number}"));
                    let own = own.spawn_scoped(scope, || round(*number, days)).unwrap();
                    let Ok(tally) = own.join() else { panic!("round {number} has failed") };
                    let mut all = all.lock().unwrap();
                    for (what, count) in tally {
                        *all.entry(what).or_default() += count;
                    }
                }
            });
        }
    });
    all.into_inner().unwrap()
}

#[test]
fn a_few_weeks_are_accounted_for() {
    // Weeks with changes of clocks: in March of 2011, and in December when Samoa lost a day.
    let tally = storm(&[8, 14], 12);
    assert!(tally["occurrences ran"] > 500, "{tally:#?}");
    assert!(tally["crashes"] > 0 && tally["sleeps"] > 0, "{tally:#?}");
}

#[test]
#[ignore = "soak: ten thousand days of schedule in 200 rounds"]
fn soak_keeper_days() {
    let environment = chassis::config::Environment::read();
    let number = |name: &str, usual: u32| {
        environment.get(name).map_or(usual, |text| text.parse().expect("a number of rounds"))
    };
    let (rounds, skipped) = (number("SOAK_ROUNDS", 200), number("SOAK_SKIP", 0));
    let tally = storm(&(skipped..rounds).collect::<Vec<_>>(), DAYS);
    println!(
        "{} days of five plans in rounds {skipped} to {rounds}, every occurrence accounted for",
        DAYS * i64::from(rounds - skipped)
    );
    for (what, count) in tally {
        println!("{count:>10} {what}");
    }
}
