//! Doing better never costs points.

use chimera_core::loose::Number;
use chimera_core::match_record::{self, Match, Participant};
use chimera_core::score;
use chimera_core::timeline;

use crate::data;

/// One step for the better in a player's line.
type Step = fn(&mut Participant);

const STEPS: &[(&str, Step)] = &[
    ("a kill", |player| player.kills = Number::from(player.kills.value() + 1.0)),
    ("an assist", |player| player.assists = Number::from(player.assists.value() + 1.0)),
    ("a death less", |player| player.deaths = Number::from((player.deaths.value() - 1.0).max(0.0))),
    ("ten minions", |player| {
        player.total_minions_killed = Number::from(player.total_minions_killed.value() + 10.0)
    }),
    ("a ward", |player| player.wards_placed = Number::from(player.wards_placed.value() + 1.0)),
    ("a ward destroyed", |player| player.wards_killed = Number::from(player.wards_killed.value() + 1.0)),
];

fn total(found: &Match, timeline: &timeline::Timeline<'_>, index: usize) -> f64 {
    score::score(found, Some(timeline)).players[index].total.unwrap()
}

#[test]
fn no_step_for_the_better_lowers_a_total() {
    for (number, documents) in data::all().into_iter().enumerate() {
        let (Some(found), Some(timeline)) = (&documents.found, &documents.timeline) else { continue };
        let found = match_record::parse(found).unwrap();
        let timeline = timeline::parse(timeline).unwrap();
        let index = number % found.info.participants.len();
        let before = total(&found, &timeline, index);
        for (what, step) in STEPS {
            let mut better = found.clone();
            step(&mut better.info.participants[index]);
            let after = total(&better, &timeline, index);
            assert!(
                after >= before,
                "{} player {}: {what} makes {before} to {after}",
                documents.id,
                index + 1
            );
        }
    }
}
