//! Doing better never costs points.

use chimera_core::loose::Number;
use chimera_core::match_record::{self, Match, Participant};
use chimera_core::score;
use chimera_core::timeline;

use crate::data;

/// A number of a player's line.
type Field = fn(&mut Participant) -> &mut Number;

/// Steps for the better.
const STEPS: &[(&str, Field, f64)] = &[
    ("a kill", |player| &mut player.kills, 1.0),
    ("an assist", |player| &mut player.assists, 1.0),
    ("a death less", |player| &mut player.deaths, -1.0),
    ("ten minions", |player| &mut player.total_minions_killed, 10.0),
    ("a ward", |player| &mut player.wards_placed, 1.0),
    ("a ward destroyed", |player| &mut player.wards_killed, 1.0),
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
        for (what, field, change) in STEPS {
            let mut better = found.clone();
            let number = field(&mut better.info.participants[index]);
            *number = Number::from((number.value() + change).max(0.0));
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
