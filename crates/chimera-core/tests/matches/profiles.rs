//! What a profile keeps and what it dares to say.

use chimera_core::match_record;
use chimera_core::mode::Mode;
use chimera_core::profile::{self, Direction, Profile};
use chimera_core::report::{Review, review};
use chimera_core::score::Dimension;
use serde_json::json;

use crate::rules::made_up;

/// A review of the first player of a made-up match. Wards: below the team's mean.
fn made(number: u64, kills: u32) -> Review {
    let mut document = made_up("CLASSIC", 2, 5);
    document["metadata"]["matchId"] = json!(format!("EUW1_{number}"));
    document["info"]["gameStartTimestamp"] = json!(1_000_000 * number);
    document["info"]["participants"][0]["kills"] = json!(kills);
    document["info"]["participants"][0]["wardsPlaced"] = json!(2);
    document["info"]["participants"][0]["teamPosition"] = json!("JUNGLE");
    review(&match_record::parse(document.to_string().as_bytes()).unwrap(), None, "puuid-1").unwrap()
}

fn of(numbers: impl IntoIterator<Item = u64>, kills: impl Fn(u64) -> u32) -> Profile {
    numbers.into_iter().fold(Profile::default(), |profile, number| {
        profile::add(profile, &made(number, kills(number)), number)
    })
}

#[test]
fn nothing_is_said_of_four_matches() {
    assert_eq!(of(1..=4, |_| 3).summary(Mode::Rift), None);
    assert_eq!(of(1..=9, |_| 3).summary(Mode::Aram), None);
}

#[test]
fn the_last_twenty_are_averaged() {
    let profile = of(1..=25, |number| if number <= 5 { 100 } else { 3 });
    let summary = profile.summary(Mode::Rift).unwrap();
    assert_eq!((summary.matches, profile.reviews), (20, 25));
    let plain = made(1, 3);
    assert!(
        (summary.mean_total - plain.score.total.unwrap()).abs() < 1e-9,
        "the five with 100 kills are forgotten"
    );
    let vision = plain.score.dimension(Dimension::Vision).unwrap().value;
    assert!((summary.averages[&Dimension::Vision] - vision).abs() < 1e-9);
    assert_eq!(summary.weak_dimension.map(|weak| weak.frequency), Some(1.0));
    assert_eq!(summary.champions.len(), 1);
    assert_eq!(summary.primary_role, Some(match_record::Role::Jungle));
    assert_eq!(summary.wins, Some(1.0));
    assert_eq!(summary.trend.direction, Direction::Uncertain);
}

#[test]
fn a_match_counts_once_and_the_order_does_not_matter() {
    let once = of(1..=8, |number| number as u32);
    let again = of([8, 3, 1, 5, 3, 2, 7, 6, 4, 8, 1], |number| number as u32);
    assert_eq!((once.matches.clone(), once.reviews), (again.matches, again.reviews));
    assert_eq!(once.summary(Mode::Rift).unwrap().trend.direction, Direction::Rising);
}

/// How often the given places of an Arena of `teams` teams count as won.
#[track_caller]
fn check_arena(teams: u32, expected: &[u32]) {
    let document = made_up("CHERRY", teams, 2);
    let found = match_record::parse(document.to_string().as_bytes()).unwrap();
    let wins = |place: &u32| {
        let made = review(&found, None, &format!("puuid-{}", 2 * place)).unwrap();
        let profile = profile::add(Profile::default(), &made, 1);
        profile.matches[&Mode::Arena][0].won == Some(true)
    };
    assert_eq!((1..=teams).filter(wins).collect::<Vec<_>>(), expected);
}

#[test]
fn the_upper_half_of_arena_counts_as_won() {
    check_arena(4, &[1, 2]);
    check_arena(8, &[1, 2, 3, 4]);
    check_arena(6, &[1, 2, 3]);
}

#[test]
fn another_player_starts_anew_and_storage_changes_nothing() {
    let profile = of(1..=8, |_| 3);
    let stored: Profile = serde_json::from_str(&serde_json::to_string(&profile).unwrap()).unwrap();
    assert_eq!(stored, profile);
    let mut other = made(9, 3);
    other.player.puuid = "somebody-else".to_owned();
    assert_eq!(profile::add(profile, &other, 9).reviews, 1);
}

#[test]
fn a_match_without_a_score_changes_nothing() {
    let mut remake = made(9, 3);
    remake.score.total = None;
    assert_eq!(profile::add(of(1..=3, |_| 3), &remake, 9), of(1..=3, |_| 3));
}
