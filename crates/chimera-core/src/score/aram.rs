//! ARAM: one lane, so no economy of lanes, no wards and no monsters; any number of players.

use super::Dimension;
use super::formula::{Formula, Recipe};
use super::terms::{self, minutes, player};

/// The dimensions and their weights.
pub(super) const RECIPES: &[Recipe] = &[
    Recipe {
        dimension: Dimension::Combat,
        weight: 0.25,
        terms: &[(&terms::KDA, 0.5), (&DAMAGE_PER_GOLD_ARAM, 0.5)],
    },
    Recipe { dimension: Dimension::Teamplay, weight: 0.25, terms: &[(&terms::KILL_PARTICIPATION, 1.0)] },
    Recipe { dimension: Dimension::Damage, weight: 0.20, terms: &[(&terms::DAMAGE_SHARE, 1.0)] },
    Recipe { dimension: Dimension::Tankiness, weight: 0.10, terms: &[(&terms::FRONT_SHARE, 1.0)] },
    Recipe {
        dimension: Dimension::Survivability,
        weight: 0.10,
        terms: &[(&DEATHS_PER_MINUTE_ARAM, 0.5), (&terms::TIME_ALIVE, 0.5)],
    },
    Recipe { dimension: Dimension::Support, weight: 0.05, terms: &[(&terms::CARE_PER_MINUTE, 1.0)] },
    Recipe { dimension: Dimension::CrowdControl, weight: 0.05, terms: &[(&CONTROL_PER_MINUTE_ARAM, 1.0)] },
];

/// Fights never stop in ARAM, so gold buys more damage than on the Rift.
const DAMAGE_PER_GOLD_ARAM: Formula = Formula {
    name: "damage_per_gold_aram",
    inputs: &["damage_to_champions", "gold"],
    text: "damage_to_champions / max(gold, 1000) / 4",
    value: |input| input[0] / input[1].max(1000.0) / 4.0,
    gather: |facts, index| {
        let player = player(facts, index)?;
        Some(vec![player.total_damage_dealt_to_champions.known()?, player.gold_earned.known()?])
    },
};

/// Deaths come three times as fast as on the Rift.
const DEATHS_PER_MINUTE_ARAM: Formula = Formula {
    name: "deaths_per_minute_aram",
    inputs: &["deaths", "minutes"],
    text: "1 - deaths / minutes / 1.0",
    value: |input| 1.0 - input[0] / input[1].max(1.0),
    gather: |facts, index| Some(vec![player(facts, index)?.deaths.known()?, minutes(facts)?]),
};

/// Everybody is in reach all the time.
const CONTROL_PER_MINUTE_ARAM: Formula = Formula {
    name: "control_per_minute_aram",
    inputs: &["control_seconds", "minutes"],
    text: "control_seconds / minutes / 4",
    value: |input| input[0] / input[1].max(1.0) / 4.0,
    gather: terms::CONTROL_PER_MINUTE.gather,
};
