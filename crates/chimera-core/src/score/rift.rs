//! Summoner's Rift: ten dimensions.

use super::Dimension;
use super::facts::Facts;
use super::formula::{Formula, Recipe};
use super::terms::{self, minutes, player};
use crate::match_record::Participant;
use crate::timeline::Body;

const THIRD: f64 = 1.0 / 3.0;
const SIXTH: f64 = 1.0 / 6.0;

/// The ten dimensions and their weights.
pub(super) const RECIPES: &[Recipe] = &[
    Recipe {
        dimension: Dimension::Combat,
        weight: 0.15,
        terms: &[(&terms::KDA, THIRD), (&terms::KILL_PARTICIPATION, THIRD), (&terms::DAMAGE_PER_GOLD, THIRD)],
    },
    Recipe {
        dimension: Dimension::Economy,
        weight: 0.15,
        terms: &[(&CS_PER_MINUTE, THIRD), (&GOLD_LEAD, THIRD), (&GOLD_PER_MINUTE, THIRD)],
    },
    Recipe {
        dimension: Dimension::Objective,
        weight: 0.15,
        terms: &[(&MONSTER_SHARE, 0.3), (&BUILDING_SHARE, 0.3), (&CONVERSION_RATE, 0.4)],
    },
    Recipe {
        dimension: Dimension::Vision,
        weight: 0.10,
        terms: &[(&WARDS_PER_MINUTE, 0.5), (&WARDS_DESTROYED, 0.5)],
    },
    Recipe {
        dimension: Dimension::Teamplay,
        weight: 0.10,
        terms: &[(&terms::HELP_SHARE, 2.0 * THIRD), (&OBJECTIVE_ASSISTS, THIRD)],
    },
    Recipe {
        dimension: Dimension::Growth,
        weight: 0.10,
        terms: &[(&LEVEL_LEAD, THIRD), (&XP_LEAD, THIRD), (&LEVEL_AT_15, THIRD)],
    },
    Recipe {
        dimension: Dimension::Tankiness,
        weight: 0.10,
        terms: &[
            (&terms::TAKEN_TO_DEALT, THIRD),
            (&RESISTANCES, SIXTH),
            (&DAMAGE_TAKEN, SIXTH),
            (&HEALTH, THIRD),
        ],
    },
    Recipe {
        dimension: Dimension::DamageComposition,
        weight: 0.05,
        terms: &[(&terms::DAMAGE_SHARE, 0.7), (&terms::DAMAGE_MIX, 0.3)],
    },
    Recipe {
        dimension: Dimension::Survivability,
        weight: 0.05,
        terms: &[(&DEATHS_PER_MINUTE, 0.5), (&terms::TIME_ALIVE, 0.5)],
    },
    Recipe {
        dimension: Dimension::CrowdControl,
        weight: 0.05,
        terms: &[(&terms::CONTROL_TOTAL, THIRD), (&terms::CONTROL_PER_MINUTE, 2.0 * THIRD)],
    },
];

/// A number of the lane opponent, else the mean over the other side.
fn reference(facts: &Facts<'_>, index: usize, number: fn(&Participant) -> Option<f64>) -> Option<f64> {
    if let Some(opponent) = facts.opponent(index).and_then(number) {
        return Some(opponent);
    }
    let team = facts.team_of(player(facts, index)?.id());
    let mut sum = 0.0;
    let mut count = 0.0;
    for value in facts.enemies(team).filter_map(number) {
        sum += value;
        count += 1.0;
    }
    (count > 0.0).then(|| sum / count)
}

fn cs(player: &Participant) -> Option<f64> {
    Some(player.total_minions_killed.known()? + player.neutral_minions_killed.known()?)
}

const CS_PER_MINUTE: Formula = Formula {
    name: "cs_per_minute",
    inputs: &["cs", "minutes"],
    text: "cs / minutes / 10",
    value: |input| input[0] / input[1].max(1.0) / 10.0,
    gather: |facts, index| Some(vec![cs(player(facts, index)?)?, minutes(facts)?]),
};

const GOLD_LEAD: Formula = Formula {
    name: "gold_lead",
    inputs: &["gold", "reference_gold"],
    text: "(gold - reference_gold + 5000) / 10000",
    value: |input| (input[0] - input[1] + 5000.0) / 10_000.0,
    gather: |facts, index| {
        let gold = |player: &Participant| player.gold_earned.known();
        Some(vec![gold(player(facts, index)?)?, reference(facts, index, gold)?])
    },
};

const GOLD_PER_MINUTE: Formula = Formula {
    name: "gold_per_minute",
    inputs: &["gold", "minutes"],
    text: "(gold / minutes - 200) / 300",
    value: |input| (input[0] / input[1].max(1.0) - 200.0) / 300.0,
    gather: |facts, index| Some(vec![player(facts, index)?.gold_earned.known()?, minutes(facts)?]),
};

const MONSTER_SHARE: Formula = Formula {
    name: "monster_share",
    inputs: &["monsters_with_a_hand_in", "team_monsters"],
    text: "monsters_with_a_hand_in / max(team_monsters, 1)",
    value: |input| input[0] / input[1].max(1.0),
    gather: |facts, index| {
        let team = facts.team(facts.team_of(player(facts, index)?.id()));
        facts.has_timeline.then(|| vec![facts.tally(index).monsters, team.monsters])
    },
};

const BUILDING_SHARE: Formula = Formula {
    name: "building_share",
    inputs: &["buildings_with_a_hand_in", "team_buildings"],
    text: "buildings_with_a_hand_in / max(team_buildings, 1)",
    value: |input| input[0] / input[1].max(1.0),
    gather: |facts, index| {
        let team = facts.team(facts.team_of(player(facts, index)?.id()));
        facts.has_timeline.then(|| vec![facts.tally(index).buildings, team.buildings])
    },
};

const CONVERSION_RATE: Formula = Formula {
    name: "conversion_rate",
    inputs: &["conversions", "team_kills"],
    text: "conversions / max(team_kills, 1), of the whole side",
    value: |input| input[0] / input[1].max(1.0),
    gather: |facts, index| {
        let team = facts.team(facts.team_of(player(facts, index)?.id()));
        facts.has_timeline.then(|| vec![team.conversions, team.timeline_kills])
    },
};

const WARDS_PER_MINUTE: Formula = Formula {
    name: "wards_per_minute",
    inputs: &["wards_placed", "minutes"],
    text: "wards_placed / minutes",
    value: |input| input[0] / input[1].max(1.0),
    gather: |facts, index| Some(vec![player(facts, index)?.wards_placed.known()?, minutes(facts)?]),
};

const WARDS_DESTROYED: Formula = Formula {
    name: "wards_destroyed",
    inputs: &["wards_destroyed"],
    text: "wards_destroyed / 10",
    value: |input| input[0] / 10.0,
    gather: |facts, index| Some(vec![player(facts, index)?.wards_killed.known()?]),
};

const OBJECTIVE_ASSISTS: Formula = Formula {
    name: "objective_assists",
    inputs: &["objective_assists"],
    text: "objective_assists / 5",
    value: |input| input[0] / 5.0,
    gather: |facts, index| facts.has_timeline.then(|| vec![facts.tally(index).objective_assists]),
};

const LEVEL_LEAD: Formula = Formula {
    name: "level_lead",
    inputs: &["level", "reference_level"],
    text: "(level - reference_level + 3) / 6",
    value: |input| (input[0] - input[1] + 3.0) / 6.0,
    gather: |facts, index| {
        let level = |player: &Participant| player.champ_level.known();
        Some(vec![level(player(facts, index)?)?, reference(facts, index, level)?])
    },
};

const XP_LEAD: Formula = Formula {
    name: "xp_lead",
    inputs: &["xp", "reference_xp"],
    text: "(xp - reference_xp + 5000) / 10000",
    value: |input| (input[0] - input[1] + 5000.0) / 10_000.0,
    gather: |facts, index| {
        let xp = |player: &Participant| player.champ_experience.known();
        Some(vec![xp(player(facts, index)?)?, reference(facts, index, xp)?])
    },
};

const LEVEL_AT_15: Formula = Formula {
    name: "level_at_15",
    inputs: &["level_at_15"],
    text: "(level_at_15 - 5) / 7",
    value: |input| (input[0] - 5.0) / 7.0,
    gather: |facts, index| {
        let id = player(facts, index)?.id();
        Some(vec![facts.at_15.as_ref()?.player(id)?.level])
    },
};

fn body(facts: &Facts<'_>, index: usize) -> Option<Body> {
    facts.last.player(player(facts, index)?.id())?.body
}

const RESISTANCES: Formula = Formula {
    name: "resistances",
    inputs: &["armor", "magic_resist"],
    text: "(armor + magic_resist) / 2 / 200",
    value: |input| (input[0] + input[1]) / 2.0 / 200.0,
    gather: |facts, index| body(facts, index).map(|body| vec![body.armor, body.magic_resist]),
};

const DAMAGE_TAKEN: Formula = Formula {
    name: "damage_taken",
    inputs: &["damage_taken"],
    text: "damage_taken / 30000",
    value: |input| input[0] / 30_000.0,
    gather: |facts, index| Some(vec![player(facts, index)?.total_damage_taken.known()?]),
};

const HEALTH: Formula = Formula {
    name: "health",
    inputs: &["health_max"],
    text: "health_max / 3000",
    value: |input| input[0] / 3000.0,
    gather: |facts, index| body(facts, index).map(|body| vec![body.health_max]),
};

const DEATHS_PER_MINUTE: Formula = Formula {
    name: "deaths_per_minute",
    inputs: &["deaths", "minutes"],
    text: "1 - deaths / minutes / 0.4",
    value: |input| 1.0 - input[0] / input[1].max(1.0) / 0.4,
    gather: |facts, index| Some(vec![player(facts, index)?.deaths.known()?, minutes(facts)?]),
};
