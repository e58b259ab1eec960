//! The moments that carry a review, the most telling ones, in the order they happened.

use chimera_core::{
    match_record::TeamId,
    report::{Evidence, EvidenceKind, Objective, Side, Teamfight},
};

use super::{Look, figures};
use crate::discord::{markdown, texts};

/// Moments that are shown.
const SHOWN: usize = 7;

/// One line a moment: its time and what happened.
pub(super) fn evidence(all: &[Evidence], look: &Look<'_>) -> String {
    let mut chosen: Vec<&Evidence> = all.iter().collect();
    // The sort keeps the order of time among equals, so that the earlier of two stays.
    chosen.sort_by_key(|moment| std::cmp::Reverse(weight(moment.what)));
    chosen.truncate(SHOWN);
    chosen.sort_by_key(|moment| moment.at_ms);
    let line = |moment: &&Evidence| format!("`{}` {}", figures::game_time(moment.at_ms), what(moment, look));
    chosen.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The most important fight in one line.
pub(super) fn fight(fight: &Teamfight, own: TeamId, look: &Look<'_>) -> String {
    let region = texts::text_or_other(look.language, "region", &word(&fight.region));
    let mut sides: Vec<_> = fight.kills_by_team.iter().collect();
    // The reader's side first, as the text has it.
    sides.sort_by_key(|side| side.team != own);
    let kills: Vec<_> = sides.iter().map(|side| side.kills.to_string()).collect();
    let mut line = look.text_with(
        "fight-line",
        &[
            ("from", figures::game_time(fight.from_ms).into()),
            ("to", figures::game_time(fight.to_ms).into()),
            ("region", region.into()),
            ("kills", kills.join(" : ").into()),
        ],
    );
    if let Some(after) = fight.objective {
        let name = objective(after.objective, look);
        line.push_str(" · ");
        line.push_str(&look.text_with("fight-objective", &[("objective", name.into())]));
    }
    line
}

/// What tells more about a match comes first.
fn weight(what: EvidenceKind) -> u32 {
    match what {
        EvidenceKind::MultiKill { count } => 60 + 10 * count,
        EvidenceKind::Objective { objective: Objective::Baron | Objective::ElderDragon, .. } => 85,
        EvidenceKind::Conversion { .. } => 80,
        EvidenceKind::DeathBeforeObjective { .. } => 78,
        EvidenceKind::FirstBlood | EvidenceKind::SoloKill => 75,
        EvidenceKind::Shutdown { .. } | EvidenceKind::BountyLost { .. } => 70,
        EvidenceKind::Takedowns { count } => 60 + count,
        EvidenceKind::Fight { .. } => 65,
        EvidenceKind::FirstBloodVictim | EvidenceKind::SoloDeath | EvidenceKind::DeathStreak { .. } => 60,
        EvidenceKind::Objective { .. } => 55,
        EvidenceKind::LevelLead { .. } | EvidenceKind::WardsCleared { .. } => 50,
        EvidenceKind::ItemFinished { .. } => 30,
        _ => 10,
    }
}

fn what(moment: &Evidence, look: &Look<'_>) -> String {
    let seconds = |milliseconds: u64| ui::Arg::from(milliseconds / 1_000);
    let who = || ui::Arg::from(enemies(moment, look));
    let took = |taken: Objective| ui::Arg::from(objective(taken, look));
    match moment.what {
        EvidenceKind::FirstBlood => look.text_with("evidence-first_blood", &[("who", who())]),
        EvidenceKind::FirstBloodVictim => look.text_with("evidence-first_blood_victim", &[("who", who())]),
        EvidenceKind::SoloKill => look.text_with("evidence-solo_kill", &[("who", who())]),
        EvidenceKind::SoloDeath => look.text_with("evidence-solo_death", &[("who", who())]),
        EvidenceKind::MultiKill { count } => {
            look.text_with("evidence-multi_kill", &[("count", count.into())])
        }
        EvidenceKind::Shutdown { gold } => {
            look.text_with("evidence-shutdown", &[("who", who()), ("gold", gold.into())])
        }
        EvidenceKind::BountyLost { gold } => {
            look.text_with("evidence-bounty_lost", &[("who", who()), ("gold", gold.into())])
        }
        EvidenceKind::DeathBeforeObjective { objective, after_ms } => look.text_with(
            "evidence-death_before_objective",
            &[("objective", took(objective)), ("seconds", seconds(after_ms))],
        ),
        EvidenceKind::Objective { objective, last_hit } => {
            let id = if last_hit { "evidence-objective_last_hit" } else { "evidence-objective" };
            look.text_with(id, &[("objective", took(objective))])
        }
        EvidenceKind::Conversion { objective, after_ms } => look.text_with(
            "evidence-conversion",
            &[("objective", took(objective)), ("seconds", seconds(after_ms))],
        ),
        EvidenceKind::WardsCleared { count } => {
            look.text_with("evidence-wards_cleared", &[("count", count.into())])
        }
        EvidenceKind::ItemFinished { item_id } => {
            let item = markdown::name(&look.names.item(item_id));
            look.text_with("evidence-item_finished", &[("item", item.into())])
        }
        EvidenceKind::LevelLead { level, ahead_ms } => {
            look.text_with("evidence-level_lead", &[("level", level.into()), ("seconds", seconds(ahead_ms))])
        }
        EvidenceKind::Takedowns { count } => look.text_with("evidence-takedowns", &[("count", count.into())]),
        EvidenceKind::DeathStreak { count } => {
            look.text_with("evidence-death_streak", &[("count", count.into())])
        }
        EvidenceKind::Fight { won_kills, lost_kills } => {
            look.text_with("evidence-fight", &[("won", won_kills.into()), ("lost", lost_kills.into())])
        }
        _ => look.text("evidence-other"),
    }
}

/// The enemies in an event by champion, never by name: an event is no place to point at a person.
fn enemies(moment: &Evidence, look: &Look<'_>) -> String {
    let enemies = moment.actors.iter().filter(|actor| actor.side == Side::Enemy);
    let names =
        look.joined(enemies.take(3).map(|actor| look.champion_of(actor.champion_id, &actor.champion_key)));
    if names.is_empty() { look.text("evidence-nobody") } else { names }
}

fn objective(taken: Objective, look: &Look<'_>) -> String {
    texts::text_or_other(look.language, "objective", &word(&taken))
}

/// The word that a value of the core's is written as in documents.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "other".to_owned(),
    }
}
