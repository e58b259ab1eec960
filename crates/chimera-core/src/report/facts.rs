//! The numbers and the build of one player, from the match document.

use super::{Build, Outcome, PlayerFacts, Runes};
use crate::match_record::Participant;
use crate::mode::Mode;
use crate::score::facts::Facts;
use crate::score::formula::tidy;
use crate::score::{MatchScores, Partial};

/// One player's numbers.
pub(crate) fn player_facts(facts: &Facts<'_>, scores: &MatchScores, player: &Participant) -> PlayerFacts {
    let team = facts.team_of(player.id());
    let side = facts.team(team);
    let minutes = minutes_of(facts, player);
    let share = |part: f64, whole: f64| (whole > 0.0).then(|| tidy((part / whole).min(1.0)));
    let per_minute = |number: f64| if minutes > 0.0 { tidy(number / minutes) } else { 0.0 };
    let (kills, deaths, assists) = (player.kills.value(), player.deaths.value(), player.assists.value());
    let cs = player.total_minions_killed.value() + player.neutral_minions_killed.value();
    let damage = player.total_damage_dealt_to_champions;
    PlayerFacts {
        participant_id: player.id(),
        puuid: player.puuid.to_string(),
        riot_id: player.riot_id().filter(|_| !player.is_hidden()),
        is_hidden: player.is_hidden(),
        is_bot: player.is_bot(),
        champion_id: player.champion_id.count(),
        champion_key: player.champion_name.to_string(),
        champion_level: player.champ_level.count(),
        team,
        role: if facts.mode == Mode::Rift { player.role() } else { crate::match_record::Role::Unknown },
        result: outcome(facts, scores, player),
        total: scores.player(player.id()).and_then(|score| score.total),
        kills: player.kills.count(),
        deaths: player.deaths.count(),
        assists: player.assists.count(),
        kda: tidy((kills + assists) / deaths.max(1.0)),
        kill_participation: share(kills + assists, side.kills),
        cs: cs as u32,
        cs_per_minute: per_minute(cs),
        gold: player.gold_earned.count(),
        gold_per_minute: per_minute(player.gold_earned.value()),
        damage_to_champions: damage.count(),
        physical_damage: player.physical_damage_dealt_to_champions.count(),
        magic_damage: player.magic_damage_dealt_to_champions.count(),
        true_damage: player.true_damage_dealt_to_champions.count(),
        damage_per_minute: per_minute(damage.value()),
        damage_share: share(damage.value(), side.damage),
        damage_taken: player.total_damage_taken.count(),
        damage_mitigated: player.damage_self_mitigated.count(),
        damage_to_objectives: player.damage_dealt_to_objectives.count(),
        damage_to_turrets: player.damage_dealt_to_turrets.count(),
        healing_given: player.total_heals_on_teammates.count(),
        shielding_given: player.total_damage_shielded_on_teammates.count(),
        vision_score: player.vision_score.count(),
        wards_placed: player.wards_placed.count(),
        wards_killed: player.wards_killed.count(),
        control_wards: player.detector_wards_placed.count(),
        cc_seconds: player.time_ccing_others.count(),
        largest_multi_kill: player.largest_multi_kill.count(),
        largest_killing_spree: player.largest_killing_spree.count(),
        dead_seconds: player.total_time_spent_dead.count(),
        first_blood: player.first_blood_kill.is_set(),
    }
}

/// Minutes of play: of the match, and in Arena of the player's team, which may be out early.
pub(crate) fn minutes_of(facts: &Facts<'_>, player: &Participant) -> f64 {
    let played = player.time_played.value() / 60.0;
    if facts.mode == Mode::Arena && played > 0.0 { played } else { facts.minutes }
}

/// How the game ended for a player.
pub(crate) fn outcome(facts: &Facts<'_>, scores: &MatchScores, player: &Participant) -> Outcome {
    if scores.partial.contains(&Partial::Remake) {
        return Outcome::Remake;
    }
    if scores.partial.contains(&Partial::Aborted) {
        return Outcome::Unknown;
    }
    if facts.mode == Mode::Arena {
        return player.place().map_or(Outcome::Unknown, Outcome::Placement);
    }
    match player.win.known() {
        Some(true) => Outcome::Win,
        Some(false) => Outcome::Loss,
        None => Outcome::Unknown,
    }
}

/// What a player bought and chose.
pub(crate) fn build(player: &Participant) -> Build {
    Build {
        items: player.items(),
        trinket: Some(player.item6.count()).filter(|&item| item > 0),
        runes: runes(player),
        spells: [player.summoner1_id.count(), player.summoner2_id.count()],
        augments: player.augments(),
    }
}

fn runes(player: &Participant) -> Option<Runes> {
    let perks = &player.perks;
    let named = |name: &str| perks.styles.iter().find(|style| &*style.description == name);
    let primary = named("primaryStyle").or_else(|| perks.styles.first())?;
    let secondary = named("subStyle").or_else(|| perks.styles.get(1));
    let taken = |style: &crate::match_record::PerkStyle| -> Vec<u32> {
        style
            .selections
            .iter()
            .map(|selection| selection.perk.count())
            .filter(|&perk| perk > 0)
            .take(4)
            .collect()
    };
    let shards = [perks.stat_perks.offense, perks.stat_perks.flex, perks.stat_perks.defense];
    let runes = Runes {
        primary_style: primary.style.count(),
        primary: taken(primary),
        secondary_style: secondary.map_or(0, |style| style.style.count()),
        secondary: secondary.map(taken).unwrap_or_default(),
        shards: shards.iter().map(|shard| shard.count()).filter(|&shard| shard > 0).collect(),
    };
    (runes.primary_style > 0 || !runes.primary.is_empty()).then_some(runes)
}
