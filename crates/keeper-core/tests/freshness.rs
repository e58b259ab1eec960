//! The verdict on a backup in a store, case by case.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use jiff::{SignedDuration, Timestamp};
use keeper_core::freshness::{Aim, Failure, Level, Proof, Standing, Taken, age, judge};
use keeper_core::plan::value::Period;
use proptest::prelude::*;

const NOW: &str = "2026-11-22T12:00:00Z";

/// So many hours before now.
fn ago(hours: i64) -> Timestamp {
    NOW.parse::<Timestamp>().unwrap() - SignedDuration::from_hours(hours)
}

/// A backup taken so many hours ago, its proof so many hours ago, and whether that was good.
fn taken(hours: i64, proof: Option<(i64, bool)>) -> Taken {
    Taken {
        snapshot: format!("s{hours}"),
        taken_at: ago(hours),
        size_bytes: Some(100),
        added_bytes: Some(10),
        duration_ms: Some(5),
        damage: None,
        proof: proof.map(|(at, good)| Proof {
            at: ago(at),
            good,
            finding: if good { "equal".to_owned() } else { "rows differ".to_owned() },
            duration_ms: 7,
        }),
    }
}

fn failure(since: Option<i64>, times: u64) -> Option<Failure> {
    Some(Failure { at: ago(0), reason: "403".to_owned(), since: since.map(ago), times })
}

/// Two days and one day, planned for an hour.
fn aim() -> Aim {
    Aim { limit: Some(Period::hours(48)), tolerance: Period::hours(24), since: Some(ago(1)) }
}

#[track_caller]
fn check(kept: Vec<Taken>, failure: Option<Failure>, aim: Aim, level: Level, expected: &[&str]) {
    let verdict = judge(&Standing::new(kept, failure, None), &aim, ago(0));
    let found: Vec<String> = verdict.reasons.iter().map(ToString::to_string).collect();
    assert_eq!((verdict.level, found), (level, expected.iter().map(|it| (*it).to_owned()).collect()));
}

#[test]
fn green_is_a_newest_one_that_was_proved_within_the_limit() {
    check(vec![taken(10, Some((9, true)))], None, aim(), Level::Green, &[]);
    check(vec![taken(48, Some((1, true)))], None, aim(), Level::Green, &[]);
    check(vec![taken(34, Some((33, false))), taken(10, Some((9, true)))], None, aim(), Level::Green, &[]);
    // A failure that a success has ended is history.
    check(vec![taken(10, Some((9, true)))], failure(None, 3), aim(), Level::Green, &[]);
    // Without a limit nothing is too old.
    let on_change = Aim { limit: None, ..aim() };
    check(vec![taken(9_000, Some((8_999, true)))], None, on_change, Level::Green, &[]);
}

#[test]
fn amber_says_why() {
    check(vec![], None, aim(), Level::Amber, &["none was taken yet"]);
    check(vec![], None, Aim { since: None, ..aim() }, Level::Amber, &["none was taken yet"]);
    check(vec![taken(10, None)], None, aim(), Level::Amber, &["none was proved yet"]);
    check(
        vec![taken(34, Some((33, true))), taken(10, None)],
        None,
        aim(),
        Level::Amber,
        &["the newest one, of 2026-11-22T02:00:00Z, is not proved yet"],
    );
    check(
        vec![taken(10, Some((9, true)))],
        failure(Some(24), 2),
        aim(),
        Level::Amber,
        &["2 tries failed since 2026-11-21T12:00:00Z: 403; it may be down for 1d"],
    );
    check(
        vec![taken(34, Some((1, false))), taken(10, Some((9, true)))],
        None,
        aim(),
        Level::Amber,
        &["the one of 2026-11-21T02:00:00Z is bad, newer ones are good: rows differ"],
    );
}

#[test]
fn red_is_whatever_somebody_must_act_on() {
    let failed = "the proof of the one of 2026-11-22T02:00:00Z failed: rows differ";
    check(vec![taken(10, Some((9, false)))], None, aim(), Level::Red, &[failed]);
    check(vec![taken(34, Some((33, true))), taken(10, Some((9, false)))], None, aim(), Level::Red, &[failed]);
    // A newer one without a proof makes nothing good.
    check(vec![taken(10, Some((9, false))), taken(1, None)], None, aim(), Level::Red, &[failed]);
    let stale = "the newest proved one is of 2026-11-20T11:00:00Z, older than 2d";
    check(vec![taken(49, Some((1, true)))], None, aim(), Level::Red, &[stale]);
    check(vec![taken(49, Some((1, true))), taken(2, None)], None, aim(), Level::Red, &[stale]);
    let unproved = "none was proved since 2026-11-20T11:00:00Z, for longer than 2d";
    check(vec![taken(49, None), taken(2, None)], None, aim(), Level::Red, &[unproved]);
    check(vec![], None, Aim { since: Some(ago(49)), ..aim() }, Level::Red, &[unproved]);
    check(
        vec![taken(10, Some((9, true)))],
        failure(Some(25), 1),
        aim(),
        Level::Red,
        &["one try failed since 2026-11-21T11:00:00Z: 403; that is longer than 1d"],
    );
    let damaged = Taken { damage: Some("row 3 missing".to_owned()), ..taken(10, None) };
    check(
        vec![taken(34, Some((33, true))), damaged.clone()],
        failure(Some(1), 1),
        aim(),
        Level::Red,
        &[
            "the source was damaged at 2026-11-22T02:00:00Z: row 3 missing",
            "the newest one, of 2026-11-22T02:00:00Z, is not proved yet",
            "one try failed since 2026-11-22T11:00:00Z: 403; it may be down for 1d",
        ],
    );
    check(vec![damaged, taken(1, Some((0, true)))], None, aim(), Level::Green, &[]);
}

#[test]
fn a_clock_that_was_set_back_makes_nothing_old() {
    check(vec![taken(-5, Some((-4, true)))], None, aim(), Level::Green, &[]);
    assert_eq!(age(ago(-5), ago(0)), SignedDuration::ZERO);
}

/// Backups of different hours.
fn any_kept() -> impl Strategy<Value = Vec<Taken>> {
    let proof = prop::option::of((0..100_i64, any::<bool>()));
    let kept = prop::collection::btree_map(0..100_i64, proof, 0..6);
    kept.prop_map(|kept| kept.into_iter().map(|(hours, proof)| taken(hours, proof)).collect())
}

proptest! {
    #[test]
    fn green_means_a_young_proved_newest_one(kept in any_kept()) {
        let verdict = judge(&Standing::new(kept.clone(), None, None), &aim(), ago(0));
        let mut turned = kept;
        turned.reverse();
        let standing = Standing::new(turned, None, None);
        prop_assert_eq!(&verdict, &judge(&standing, &aim(), ago(0)), "the order in which they are given is nothing");
        prop_assert_eq!(verdict.level == Level::Green, verdict.reasons.is_empty());
        if verdict.level == Level::Green {
            let newest = standing.newest().unwrap();
            prop_assert!(newest.proof.as_ref().unwrap().good && age(newest.taken_at, ago(0)) <= SignedDuration::from_hours(48));
        }
        let bad = standing.refuted().map(|(taken, _)| taken.taken_at);
        let good = standing.proved().map(|taken| taken.taken_at);
        prop_assert!(bad <= good || verdict.level == Level::Red, "a bad one without a newer good one is red");
    }
}
