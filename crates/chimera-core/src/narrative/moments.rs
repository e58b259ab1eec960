//! Moments in words, and which of them tell most.

use crate::fact_sheet::{FactSheet, Happening, Moment};
use crate::names::Language;
use crate::report::{EvidenceKind, Objective, Side};

use super::words;

/// Whether a moment is one to be glad of, one to learn from, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Good,
    Bad,
    Plain,
}

pub(crate) fn mood(moment: &Moment) -> Mood {
    match &moment.what {
        Happening::Evidence(kind) => match kind {
            EvidenceKind::FirstBloodVictim
            | EvidenceKind::SoloDeath
            | EvidenceKind::BountyLost { .. }
            | EvidenceKind::DeathBeforeObjective { .. }
            | EvidenceKind::DeathStreak { .. } => Mood::Bad,
            EvidenceKind::Fight { won_kills, lost_kills } if won_kills < lost_kills => Mood::Bad,
            EvidenceKind::Fight { won_kills, lost_kills } if won_kills == lost_kills => Mood::Plain,
            EvidenceKind::ItemFinished { .. } => Mood::Plain,
            _ => Mood::Good,
        },
        Happening::Fight { own_kills, other_kills, .. } if own_kills < other_kills => Mood::Bad,
        Happening::Fight { .. } => Mood::Good,
    }
}

/// How much a moment tells; larger is more.
fn weight(moment: &Moment) -> u32 {
    let of_objective = |objective: &Objective| match objective {
        Objective::Baron | Objective::ElderDragon | Objective::Atakhan => 70,
        Objective::Dragon | Objective::Herald | Objective::Inhibitor => 45,
        Objective::Tower => 30,
        _ => 20,
    };
    match &moment.what {
        Happening::Fight { own_kills, other_kills, .. } => 40 + 4 * (own_kills + other_kills),
        Happening::Evidence(kind) => match kind {
            EvidenceKind::MultiKill { count } => 20 * count + 5,
            EvidenceKind::FirstBlood => 55,
            EvidenceKind::SoloKill => 60,
            EvidenceKind::Shutdown { gold } => 50 + gold / 50,
            EvidenceKind::Objective { objective, last_hit } => {
                of_objective(objective) + u32::from(*last_hit) * 8
            }
            EvidenceKind::Conversion { objective, .. } => of_objective(objective) + 2,
            EvidenceKind::DeathBeforeObjective { objective, .. } => of_objective(objective) + 10,
            EvidenceKind::BountyLost { gold } => 40 + gold / 50,
            EvidenceKind::DeathStreak { count } => 30 + 8 * count,
            EvidenceKind::SoloDeath => 42,
            EvidenceKind::FirstBloodVictim => 40,
            EvidenceKind::Fight { won_kills, lost_kills } => 30 + 3 * (won_kills + lost_kills),
            EvidenceKind::LevelLead { level, .. } => 20 + level,
            EvidenceKind::WardsCleared { count } => 20 + 4 * count,
            EvidenceKind::Takedowns { count } => 20 + 10 * count,
            EvidenceKind::ItemFinished { .. } => 15,
        },
    }
}

/// The moments to be proud of, by time. The fight that has a sentence of its own is left out.
pub(crate) fn highlights(sheet: &FactSheet, most: usize) -> Vec<&Moment> {
    let told = sheet.best_fight.and_then(|index| sheet.moments.get(index)).map(|fight| fight.from_ms);
    let is_good = |moment: &&Moment| {
        let is_fight = matches!(moment.what, Happening::Evidence(EvidenceKind::Fight { .. }));
        mood(moment) == Mood::Good
            && !matches!(moment.what, Happening::Fight { .. })
            && !(is_fight && told == Some(moment.from_ms))
    };
    best_of(sheet.moments.iter().filter(is_good).collect(), most)
}

/// The most telling moments, by time.
pub(crate) fn telling(sheet: &FactSheet, most: usize) -> Vec<&Moment> {
    best_of(sheet.moments.iter().collect(), most)
}

/// The most telling of some moments, by time; never two of the same second.
pub(crate) fn best_of(mut moments: Vec<&Moment>, most: usize) -> Vec<&Moment> {
    moments.sort_by_key(|moment| (std::cmp::Reverse(weight(moment)), moment.from_ms));
    let mut kept: Vec<&Moment> = Vec::new();
    for moment in moments {
        if kept.len() < most && kept.iter().all(|other| !is_same_story(other, moment)) {
            kept.push(moment);
        }
    }
    kept.sort_by_key(|moment| moment.from_ms);
    kept
}

/// Whether two moments are of the same second, or lead to the same objective.
fn is_same_story(one: &Moment, other: &Moment) -> bool {
    let apart = one.from_ms.abs_diff(other.from_ms);
    let same_kind = objective_of(one).is_some() && objective_of(one) == objective_of(other);
    one.from_ms / 1000 == other.from_ms / 1000 || (same_kind && apart < 90_000)
}

fn objective_of(moment: &Moment) -> Option<Objective> {
    match moment.what {
        Happening::Fight { objective, .. } => objective.map(|(kind, _)| kind),
        Happening::Evidence(
            EvidenceKind::Objective { objective, .. }
            | EvidenceKind::Conversion { objective, .. }
            | EvidenceKind::DeathBeforeObjective { objective, .. },
        ) => Some(objective),
        Happening::Evidence(_) => None,
    }
}

/// A moment in words, without its time and without a subject: `单杀亚索`, `solo kill on Yasuo`.
pub(crate) fn phrase(sheet: &FactSheet, moment: &Moment) -> String {
    match (&moment.what, sheet.language) {
        (Happening::Evidence(kind), Language::ZhCn) => chinese(sheet, moment, kind),
        (Happening::Evidence(kind), Language::En) => english(sheet, moment, kind),
        (Happening::Fight { own_kills, other_kills, .. }, Language::ZhCn) => {
            format!("团战 {own_kills} 换 {other_kills}")
        }
        (Happening::Fight { own_kills, other_kills, .. }, Language::En) => {
            format!("a team fight, {own_kills} for {other_kills}")
        }
    }
}

/// The first enemy of a moment, with a connecting word before it, or nothing.
fn enemy(sheet: &FactSheet, moment: &Moment) -> Option<String> {
    let (id, _) = moment.champions.iter().find(|(_, side)| *side == Side::Enemy)?;
    let known = sheet.cast.iter().find(|member| member.champion_id == *id);
    Some(known.map_or_else(|| sheet.names.champion(*id).into_owned(), |member| member.champion.clone()))
}

fn chinese(sheet: &FactSheet, moment: &Moment, kind: &EvidenceKind) -> String {
    let language = Language::ZhCn;
    let enemy = enemy(sheet, moment);
    let foe = enemy.as_deref().unwrap_or("对手");
    match kind {
        EvidenceKind::FirstBlood => format!("击杀{foe}，拿下一血"),
        EvidenceKind::FirstBloodVictim => format!("被{foe}拿走一血"),
        EvidenceKind::SoloKill => format!("单杀{foe}"),
        EvidenceKind::SoloDeath => format!("被{foe}单杀"),
        EvidenceKind::MultiKill { count } => format!("打出{}", multi_kill_zh(*count)),
        EvidenceKind::Shutdown { gold } => format!("终结{foe}，拿到 {gold} 赏金"),
        EvidenceKind::BountyLost { gold } => format!("阵亡，让对面拿到 {gold} 赏金"),
        EvidenceKind::DeathBeforeObjective { objective, .. } => {
            format!("阵亡后，对面拿下{}", words::objective(*objective, language))
        }
        EvidenceKind::Objective { objective, last_hit: true } => {
            format!("亲手拿下{}", words::objective(*objective, language))
        }
        EvidenceKind::Objective { objective, .. } => {
            format!("参与拿下{}", words::objective(*objective, language))
        }
        EvidenceKind::Conversion { objective, .. } => {
            format!("击杀{foe}后，队伍拿下{}", words::objective(*objective, language))
        }
        EvidenceKind::WardsCleared { count } => format!("短时间内连排 {count} 个守卫"),
        EvidenceKind::Takedowns { count } => format!("短时间内参与击倒 {count} 名对手"),
        EvidenceKind::ItemFinished { item_id } => format!("做出{}", sheet.names.item(*item_id)),
        EvidenceKind::LevelLead { level, .. } => format!("先于对位升到 {level} 级"),
        EvidenceKind::DeathStreak { count } => format!("短时间内阵亡 {count} 次"),
        EvidenceKind::Fight { won_kills, lost_kills } => format!("团战 {won_kills} 换 {lost_kills}"),
    }
}

fn english(sheet: &FactSheet, moment: &Moment, kind: &EvidenceKind) -> String {
    let language = Language::En;
    let enemy = enemy(sheet, moment);
    let foe = enemy.as_deref().unwrap_or("an opponent");
    match kind {
        EvidenceKind::FirstBlood => format!("first blood on {foe}"),
        EvidenceKind::FirstBloodVictim => format!("first blood given to {foe}"),
        EvidenceKind::SoloKill => format!("a solo kill on {foe}"),
        EvidenceKind::SoloDeath => format!("a one-on-one death to {foe}"),
        EvidenceKind::MultiKill { count } => format!("a {}", multi_kill_en(*count)),
        EvidenceKind::Shutdown { gold } => format!("a shutdown on {foe} worth {gold} gold"),
        EvidenceKind::BountyLost { gold } => format!("a death that gave away a bounty of {gold} gold"),
        EvidenceKind::DeathBeforeObjective { objective, .. } => {
            format!("a death, after which the enemy took {}", words::objective(*objective, language))
        }
        EvidenceKind::Objective { objective, last_hit: true } => {
            format!("the last hit on {}", words::objective(*objective, language))
        }
        EvidenceKind::Objective { objective, .. } => {
            format!("a hand in {}", words::objective(*objective, language))
        }
        EvidenceKind::Conversion { objective, .. } => {
            format!("a kill on {foe} that opened the way to {}", words::objective(*objective, language))
        }
        EvidenceKind::WardsCleared { count } => format!("{count} wards cleared in a row"),
        EvidenceKind::Takedowns { count } => format!("{count} takedowns in quick succession"),
        EvidenceKind::ItemFinished { item_id } => format!("{} finished", sheet.names.item(*item_id)),
        EvidenceKind::LevelLead { level, .. } => format!("level {level} ahead of the lane opponent"),
        EvidenceKind::DeathStreak { count } => format!("{count} deaths in a short time"),
        EvidenceKind::Fight { won_kills, lost_kills } => {
            format!("a team fight, {won_kills} for {lost_kills}")
        }
    }
}

pub(crate) fn multi_kill_zh(count: u32) -> &'static str {
    match count {
        0..=2 => "双杀",
        3 => "三杀",
        4 => "四杀",
        _ => "五杀",
    }
}

pub(crate) fn multi_kill_en(count: u32) -> &'static str {
    match count {
        0..=2 => "double kill",
        3 => "triple kill",
        4 => "quadra kill",
        _ => "penta kill",
    }
}
