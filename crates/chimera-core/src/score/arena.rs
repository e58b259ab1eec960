//! Arena: small teams of any number and size; without a known place there is no score.

use super::Dimension;
use super::facts::Facts;
use super::formula::{Formula, Recipe};
use super::terms::{self, minutes, player};
use crate::match_record::Participant;

/// The dimensions and their weights. In teams of two nearly everybody has a hand in nearly every kill, so
/// participation weighs little.
pub(super) const RECIPES: &[Recipe] = &[
    Recipe { dimension: Dimension::Placement, weight: 0.30, terms: &[(&PLACE, 1.0)] },
    Recipe {
        dimension: Dimension::Combat,
        weight: 0.30,
        terms: &[(&KDA_ARENA, 0.5), (&DAMAGE_TO_MEAN, 0.5)],
    },
    Recipe { dimension: Dimension::Damage, weight: 0.15, terms: &[(&terms::DAMAGE_SHARE, 1.0)] },
    Recipe { dimension: Dimension::Survivability, weight: 0.10, terms: &[(&DEATHS_PER_MINUTE_ARENA, 1.0)] },
    Recipe { dimension: Dimension::Teamplay, weight: 0.05, terms: &[(&terms::KILL_PARTICIPATION, 1.0)] },
    Recipe { dimension: Dimension::Tankiness, weight: 0.05, terms: &[(&terms::FRONT_SHARE, 1.0)] },
    Recipe { dimension: Dimension::CrowdControl, weight: 0.05, terms: &[(&CONTROL_PER_MINUTE_ARENA, 1.0)] },
];

/// How many teams there were, and how far up this one came; the places themselves when a team is missing.
fn places(facts: &Facts<'_>, index: usize) -> Option<(f64, f64)> {
    let place = f64::from(player(facts, index)?.place()?);
    let lowest = facts.players().iter().filter_map(Participant::place).max().map_or(1.0, f64::from);
    let teams = facts.teams().iter().filter(|team| team.team.0 > 0).count() as f64;
    Some((place, teams.max(lowest)))
}

/// Whether every player has a team and a place.
pub(super) fn is_placed(facts: &Facts<'_>) -> bool {
    let placed = |index: usize| {
        player(facts, index).is_some_and(|one| one.place().is_some() && facts.team_of(one.id()).0 > 0)
    };
    (0..facts.players().len()).all(placed)
}

const PLACE: Formula = Formula {
    name: "place",
    inputs: &["place", "teams"],
    text: "(teams - place) / max(teams - 1, 1)",
    value: |input| (input[1] - input[0]) / (input[1] - 1.0).max(1.0),
    gather: |facts, index| places(facts, index).map(|(place, teams)| vec![place, teams]),
};

/// Teams of two or three share few kills, so fewer make a good record.
const KDA_ARENA: Formula = Formula {
    name: "kda_arena",
    inputs: &["kills", "deaths", "assists"],
    text: "(kills + assists) / max(deaths, 1) / 5",
    value: |input| (input[0] + input[2]) / input[1].max(1.0) / 5.0,
    gather: terms::KDA.gather,
};

/// Damage against the mean of the match; twice the mean is full.
const DAMAGE_TO_MEAN: Formula = Formula {
    name: "damage_to_mean",
    inputs: &["damage_to_champions", "mean_damage"],
    text: "damage_to_champions / max(mean_damage, 1) / 2",
    value: |input| input[0] / input[1].max(1.0) / 2.0,
    gather: |facts, index| {
        let damage = player(facts, index)?.total_damage_dealt_to_champions.known()?;
        let sum: f64 = facts.teams().iter().map(|team| team.damage).sum();
        let size: f64 = facts.teams().iter().map(|team| team.size).sum();
        Some(vec![damage, sum / size.max(1.0)])
    },
};

/// At most one death a round.
const DEATHS_PER_MINUTE_ARENA: Formula = Formula {
    name: "deaths_per_minute_arena",
    inputs: &["deaths", "minutes"],
    text: "1 - deaths / minutes / 0.8",
    value: |input| 1.0 - input[0] / input[1].max(1.0) / 0.8,
    gather: |facts, index| {
        let player = player(facts, index)?;
        let played = player.time_played.known().map(|seconds| seconds / 60.0).filter(|&played| played > 0.0);
        Some(vec![player.deaths.known()?, played.or_else(|| minutes(facts))?])
    },
};

/// Control for each minute that the own team was in the game.
const CONTROL_PER_MINUTE_ARENA: Formula = Formula {
    name: "control_per_minute_arena",
    inputs: &["control_seconds", "minutes"],
    text: "control_seconds / minutes / 5",
    value: |input| input[0] / input[1].max(1.0) / 5.0,
    gather: |facts, index| {
        let player = player(facts, index)?;
        let played = player.time_played.known().map(|seconds| seconds / 60.0).filter(|&played| played > 0.0);
        Some(vec![player.time_ccing_others.known()?, played.or_else(|| minutes(facts))?])
    },
};
