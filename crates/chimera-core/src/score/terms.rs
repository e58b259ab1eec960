//! The formulas that several modes share.

use super::facts::Facts;
use super::formula::Formula;
use crate::match_record::Participant;

/// The player at a place of the list.
pub(super) fn player<'a>(facts: &Facts<'a>, index: usize) -> Option<&'a Participant> {
    facts.players().get(index)
}

/// Minutes of play, at least one; `None` where the duration is not known.
pub(super) fn minutes(facts: &Facts<'_>) -> Option<f64> {
    (facts.minutes > 0.0).then_some(facts.minutes.max(1.0))
}

/// Kills and assists for each death.
pub(super) const KDA: Formula = Formula {
    name: "kda",
    inputs: &["kills", "deaths", "assists"],
    text: "(kills + assists) / max(deaths, 1) / 10",
    value: |input| (input[0] + input[2]) / input[1].max(1.0) / 10.0,
    gather: |facts, index| {
        let player = player(facts, index)?;
        Some(vec![player.kills.known()?, player.deaths.known()?, player.assists.known()?])
    },
};

/// The share of the side's kills with a hand in.
pub(super) const KILL_PARTICIPATION: Formula = Formula {
    name: "kill_participation",
    inputs: &["kills", "assists", "team_kills"],
    text: "(kills + assists) / max(team_kills, 1)",
    value: |input| (input[0] + input[1]) / input[2].max(1.0),
    gather: |facts, index| {
        let player = player(facts, index)?;
        let team = facts.team(facts.team_of(player.id()));
        Some(vec![player.kills.known()?, player.assists.known()?, team.kills])
    },
};

/// What the gold was turned into.
pub(super) const DAMAGE_PER_GOLD: Formula = Formula {
    name: "damage_per_gold",
    inputs: &["damage_to_champions", "gold"],
    text: "damage_to_champions / max(gold, 1000) / 3",
    value: |input| input[0] / input[1].max(1000.0) / 3.0,
    gather: |facts, index| {
        let player = player(facts, index)?;
        Some(vec![player.total_damage_dealt_to_champions.known()?, player.gold_earned.known()?])
    },
};

/// The share of the side's damage; twice a fair share is full.
pub(super) const DAMAGE_SHARE: Formula = Formula {
    name: "damage_share",
    inputs: &["damage_to_champions", "team_damage", "team_size"],
    text: "damage_to_champions / max(team_damage, 1) * team_size / 2",
    value: |input| input[0] / input[1].max(1.0) * input[2] / 2.0,
    gather: |facts, index| {
        let player = player(facts, index)?;
        let team = facts.team(facts.team_of(player.id()));
        Some(vec![player.total_damage_dealt_to_champions.known()?, team.damage, team.size])
    },
};

/// How evenly the damage is spread over its three kinds.
pub(super) const DAMAGE_MIX: Formula = Formula {
    name: "damage_mix",
    inputs: &["physical", "magic", "true"],
    text: "(1 - sum of squared shares of physical, magic and true damage) * 3 / 2",
    value: |input| {
        let sum = (input[0] + input[1] + input[2]).max(1.0);
        let squares = input.iter().map(|part| (part / sum) * (part / sum)).sum::<f64>();
        if input.iter().all(|&part| part == 0.0) { 0.0 } else { (1.0 - squares) * 1.5 }
    },
    gather: |facts, index| {
        let player = player(facts, index)?;
        Some(vec![
            player.physical_damage_dealt_to_champions.known()?,
            player.magic_damage_dealt_to_champions.known()?,
            player.true_damage_dealt_to_champions.known()?,
        ])
    },
};

/// The share of the others' kills that were helped. A kill of one's own changes nothing here.
pub(super) const HELP_SHARE: Formula = Formula {
    name: "help_share",
    inputs: &["assists", "team_kills", "kills"],
    text: "assists / max(team_kills - kills, 1)",
    value: |input| input[0] / (input[1] - input[2]).max(1.0),
    gather: |facts, index| {
        let player = player(facts, index)?;
        let team = facts.team(facts.team_of(player.id()));
        Some(vec![player.assists.known()?, team.kills, player.kills.known()?])
    },
};

/// Damage taken against damage dealt.
pub(super) const TAKEN_TO_DEALT: Formula = Formula {
    name: "taken_to_dealt",
    inputs: &["damage_taken", "damage_to_champions"],
    text: "damage_taken / max(damage_to_champions, 1) / 3",
    value: |input| input[0] / input[1].max(1.0) / 3.0,
    gather: |facts, index| {
        let player = player(facts, index)?;
        Some(vec![player.total_damage_taken.known()?, player.total_damage_dealt_to_champions.known()?])
    },
};

/// Seconds of control by Riot's weighting.
pub(super) const CONTROL_TOTAL: Formula = Formula {
    name: "control_total",
    inputs: &["control_seconds"],
    text: "control_seconds / 60",
    value: |input| input[0] / 60.0,
    gather: |facts, index| Some(vec![player(facts, index)?.time_ccing_others.known()?]),
};

/// Seconds of control for each minute.
pub(super) const CONTROL_PER_MINUTE: Formula = Formula {
    name: "control_per_minute",
    inputs: &["control_seconds", "minutes"],
    text: "control_seconds / minutes / 2",
    value: |input| input[0] / input[1].max(1.0) / 2.0,
    gather: |facts, index| Some(vec![player(facts, index)?.time_ccing_others.known()?, minutes(facts)?]),
};

/// Time not spent dead, from 70 % to all of it.
pub(super) const TIME_ALIVE: Formula = Formula {
    name: "time_alive",
    inputs: &["dead_seconds", "minutes"],
    text: "(1 - dead_seconds / (minutes * 60) - 0.7) / 0.3",
    value: |input| (1.0 - input[0] / (input[1].max(1.0) * 60.0) - 0.7) / 0.3,
    gather: |facts, index| Some(vec![player(facts, index)?.total_time_spent_dead.known()?, minutes(facts)?]),
};

/// Healing and shielding of others for each minute; most champions have none.
pub(super) const CARE_PER_MINUTE: Formula = Formula {
    name: "care_per_minute",
    inputs: &["healing_given", "shielding_given", "minutes"],
    text: "(healing_given + shielding_given) / minutes / 400",
    value: |input| (input[0] + input[1]) / input[2].max(1.0) / 400.0,
    gather: |facts, index| {
        let player = player(facts, index)?;
        let healing = player.total_heals_on_teammates.known()?;
        Some(vec![healing, player.total_damage_shielded_on_teammates.known()?, minutes(facts)?])
    },
};

/// Damage taken and warded off, against a fair share of what the side took.
pub(super) const FRONT_SHARE: Formula = Formula {
    name: "front_share",
    inputs: &["damage_taken", "damage_mitigated", "team_taken", "team_size"],
    text: "(damage_taken + damage_mitigated) / max(team_taken, 1) * team_size / 2",
    value: |input| (input[0] + input[1]) / input[2].max(1.0) * input[3] / 2.0,
    gather: |facts, index| {
        let player = player(facts, index)?;
        let team = facts.team_of(player.id());
        let both = |one: &Participant| one.total_damage_taken.value() + one.damage_self_mitigated.value();
        let side = facts.players().iter().filter(|one| facts.team_of(one.id()) == team);
        let taken = side.map(both).sum::<f64>();
        let size = facts.team(team).size;
        Some(vec![player.total_damage_taken.known()?, player.damage_self_mitigated.known()?, taken, size])
    },
};
