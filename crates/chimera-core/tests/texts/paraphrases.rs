//! True texts in other words than the template's: a writer who knows the sheet must not be refused.

use chimera_core::fact_check;
use chimera_core::fact_sheet::{FactSheet, Happening, Metric};
use chimera_core::names::Language;
use chimera_core::report::{EvidenceKind, Objective, Outcome, Side};

use super::sheets::cases;

fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Fills `{kills}` and the like; nothing where the sheet lacks one of them.
fn fill(pattern: &str, sheet: &FactSheet) -> Option<String> {
    let mut text = pattern.to_owned();
    while let Some(start) = text.find('{') {
        let end = start + text[start..].find('}')?;
        let slot = text[start + 1..end].to_owned();
        let value = number(&slot, sheet)?;
        text.replace_range(start..=end, &value);
    }
    Some(text)
}

fn number(slot: &str, sheet: &FactSheet) -> Option<String> {
    let own = |metric| sheet.own(metric);
    let plain = |metric| own(metric).map(|value| format!("{value:.0}"));
    let words = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    let chinese = ["零", "一", "两", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"];
    let word = |metric, list: [&str; 13]| {
        own(metric).and_then(|value| list.get(value as usize).map(|word| (*word).to_owned()))
    };
    Some(match slot {
        "me" => sheet.player()?.champion.clone(),
        "foe" => sheet.lane_opponent()?.champion.clone(),
        "kills" => plain(Metric::Kills)?,
        "deaths" => plain(Metric::Deaths)?,
        "assists" => plain(Metric::Assists)?,
        "kills-en" => word(Metric::Kills, words)?,
        "deaths-en" => word(Metric::Deaths, words)?,
        "kills-zh" => word(Metric::Kills, chinese)?,
        "deaths-zh" => word(Metric::Deaths, chinese)?,
        "kda" => format!("{:.1}", own(Metric::Kda)?),
        "kda2" => format!("{:.2}", own(Metric::Kda)?),
        "kp" => format!("{:.0}", own(Metric::KillParticipation)? * 100.0),
        "kp1" => format!("{:.1}", own(Metric::KillParticipation)? * 100.0),
        "cs" => plain(Metric::Cs)?,
        "cspm" => format!("{:.1}", own(Metric::CsPerMinute)?),
        "cs10" => plain(Metric::CsAt10)?,
        "gold" => grouped(own(Metric::Gold)?),
        "gold-k" => format!("{:.1}k", own(Metric::Gold)? / 1e3),
        "gold-wan" => format!("{:.2} 万", own(Metric::Gold)? / 1e4),
        "damage" => grouped(own(Metric::Damage)?),
        "damage-k" => format!("{:.1}k", own(Metric::Damage)? / 1e3),
        "damage-wan" => format!("{:.1} 万", own(Metric::Damage)? / 1e4),
        "share" => format!("{:.0}", own(Metric::DamageShare)? * 100.0),
        "taken" => grouped(own(Metric::DamageTaken)?),
        "vision" => plain(Metric::VisionScore)?,
        "placed" => plain(Metric::WardsPlaced)?,
        "cleared" => plain(Metric::WardsKilled)?,
        "cc" => plain(Metric::ControlSeconds)?,
        "level" => plain(Metric::Level)?,
        "score" => format!("{:.1}", own(Metric::Total)?),
        "score0" => plain(Metric::Total)?,
        other => return of_match(other, sheet),
    })
}

fn of_match(slot: &str, sheet: &FactSheet) -> Option<String> {
    let own = |metric| sheet.own(metric);
    let minutes = sheet.duration_ms / 60_000;
    Some(match slot {
        "gd10" => grouped(own(Metric::GoldDiff10)?.abs()),
        "gd10s" => format!("{:+.0}", own(Metric::GoldDiff10)?),
        "ahead-zh" => (if own(Metric::GoldDiff10)? >= 0.0 { "领先" } else { "落后" }).to_owned(),
        "ahead-en" => (if own(Metric::GoldDiff10)? >= 0.0 { "ahead of" } else { "behind" }).to_owned(),
        "length" => FactSheet::clock(sheet.duration_ms),
        "length-zh" => format!("{} 分 {:02} 秒", minutes, sheet.duration_ms / 1000 % 60),
        "minutes" => minutes.to_string(),
        "won-zh" => match sheet.result {
            Outcome::Win => "获胜",
            Outcome::Loss => "落败",
            _ => return None,
        }
        .to_owned(),
        "won-en" => match sheet.result {
            Outcome::Win => "won",
            Outcome::Loss => "lost",
            _ => return None,
        }
        .to_owned(),
        "side-zh" => match sheet.side? {
            chimera_core::fact_sheet::MapSide::Blue => "蓝方",
            _ => "红方",
        }
        .to_owned(),
        "side-en" => match sheet.side? {
            chimera_core::fact_sheet::MapSide::Blue => "blue",
            _ => "red",
        }
        .to_owned(),
        "item" => sheet
            .names
            .item(*sheet.items.iter().find(|id| !sheet.names.item(**id).starts_with('#'))?)
            .into_owned(),
        "solo-at" | "solo-on" | "obj-at" | "obj-zh" | "obj-en" | "death-at" => moment(sheet, slot)?,
        other => panic!("no slot {other}"),
    })
}

/// The first solo kill, objective or costly death.
fn moment(sheet: &FactSheet, slot: &str) -> Option<String> {
    let find = |fits: &dyn Fn(&EvidenceKind) -> bool| {
        sheet.moments.iter().find(|moment| matches!(&moment.what, Happening::Evidence(kind) if fits(kind)))
    };
    let clock = |found: &chimera_core::fact_sheet::Moment| FactSheet::clock(found.from_ms);
    let solo = || find(&|kind| matches!(kind, EvidenceKind::SoloKill));
    let taken = || find(&|kind| matches!(kind, EvidenceKind::Objective { .. }));
    let name = |chinese: bool| {
        let Happening::Evidence(EvidenceKind::Objective { objective, .. }) = taken()?.what else {
            return None;
        };
        let (zh, en) = match objective {
            Objective::Dragon => ("小龙", "the dragon"),
            Objective::Baron => ("大龙", "Baron"),
            Objective::Tower => ("一座防御塔", "a turret"),
            Objective::Herald => ("先锋", "the herald"),
            _ => return None,
        };
        Some(if chinese { zh } else { en }.to_owned())
    };
    match slot {
        "solo-at" => Some(clock(solo()?)),
        "solo-on" => {
            let (id, _) = solo()?.champions.iter().find(|(_, side)| *side == Side::Enemy)?;
            Some(sheet.cast.iter().find(|member| member.champion_id == *id)?.champion.clone())
        }
        "obj-at" => Some(clock(taken()?)),
        "obj-zh" => name(true),
        "obj-en" => name(false),
        _ => Some(clock(find(&|kind| matches!(kind, EvidenceKind::SoloDeath))?)),
    }
}

const CHINESE: &[&str] = &[
    "{me}这局打出了 {kills}/{deaths}/{assists} 的战绩，KDA 高达 {kda2}。",
    "你拿下 {kills} 个人头，送出 {assists} 次助攻，自己倒下 {deaths} 次。",
    "全场击杀 {kills}、阵亡 {deaths}、助攻 {assists}。",
    "{kp}% 的参团率说明你一直在跟团。",
    "你的参团率达到了 {kp1}%，团战里总能看到{me}的身影。",
    "经济方面，全场拿到 {gold} 块钱，每分钟补刀 {cspm}。",
    "{minutes} 分钟的比赛里你补了 {cs} 刀。",
    "你的{me}总共获得约 {gold-wan}金币。",
    "输出达到 {damage-wan}，占到队伍的 {share}%。",
    "对英雄伤害 {damage}，占全队 {share}%，同时承受了 {taken} 点伤害。",
    "视野得分 {vision}：插了 {placed} 个眼，排了 {cleared} 个眼。",
    "控制时间一共 {cc} 秒，团战先手很稳。",
    "综合得分 {score}，等级来到 {level} 级。",
    "10 分钟时，你的经济{ahead-zh}对线的{foe} {gd10} 块。",
    "对位{foe}，10 分钟经济差 {gd10s}，补刀 {cs10}。",
    "比赛打到 {length} 结束，你所在的{side-zh}{won-zh}。",
    "这场{length-zh}的对局，{side-zh}最终{won-zh}。",
    "你在 {solo-at} 单杀了{solo-on}，打开了局面。",
    "{solo-at}，{me}抓住机会单杀{solo-on}。",
    "{obj-at} 你和队友一起拿下了{obj-zh}。",
    "{death-at} 的那次被单杀值得回看。",
    "核心装备{item}成型之后，你的作用更大了。",
    "你只阵亡了{deaths-zh}次，却拿到{kills-zh}次击杀。",
    "前期对线{foe}时你有自己的节奏，后面团战也敢打。",
    "这局打得很有耐心，下次可以多看小地图，在资源刷新前提前站位。",
    "补刀数 {cs}，平均每分钟 {cspm} 个，发育节奏清楚。",
    "作为{side-zh}的一员，你用{me}打出 {damage} 点伤害。",
    "伤害 {damage}、承伤 {taken}、控制 {cc} 秒，三项放在一起看更完整。",
    "你的总评分是 {score0} 分。",
];

const ENGLISH: &[&str] = &[
    "Your {me} went {kills}/{deaths}/{assists}, a KDA of {kda2}.",
    "You picked up {kills} kills and {assists} assists while dying {deaths} times.",
    "With {kills} kills, {deaths} deaths and {assists} assists you were part of {kp}% of your team's kills.",
    "Kill participation: {kp1}%.",
    "You earned {gold} gold and {cs} CS ({cspm} per minute).",
    "About {gold-k} gold over {minutes} minutes.",
    "Your {damage-k} damage made up {share}% of the team's damage.",
    "You dealt {damage} damage to champions and took {taken}.",
    "Your vision score was {vision}, from {placed} wards placed and {cleared} wards cleared.",
    "You controlled enemies for {cc} seconds.",
    "You reached level {level} and an overall score of {score}.",
    "At 10 minutes you sat {gd10} gold {ahead-en} {foe}.",
    "Against {foe} in lane you had {cs10} CS at the 10 minute mark.",
    "The gold difference at 10 minutes was {gd10s}.",
    "After {length} your team {won-en} the game on the {side-en} side.",
    "Playing for {side-en} side, you {won-en} a {minutes} minute game.",
    "At {solo-at} you solo killed {solo-on}, which set the tone.",
    "The solo kill on {solo-on} at {solo-at} opened the map for you.",
    "Your team took {obj-en} at {obj-at} with your help.",
    "The one-on-one death at {death-at} is worth a second look.",
    "Once {item} was finished, your {me} had far more impact.",
    "You died only {deaths-en} times and scored {kills-en} kills.",
    "Your {me} kept up the pace against {foe} and joined fights with confidence.",
    "Next time, look at the map a little earlier before objectives spawn and arrive first.",
    "{kills} takedowns of your own, {assists} assists, {deaths} deaths.",
    "Damage taken came to {taken}, with {cc} seconds of crowd control on top.",
    "An overall score of {score0} reflects that.",
    "You cleared {cleared} wards and placed {placed}.",
    "You farmed {cs} minions at {cspm} CS per minute.",
];

/// Every sentence that the sheet allows.
pub(crate) fn sentences(sheet: &FactSheet) -> Vec<String> {
    let patterns = if sheet.language == Language::ZhCn { CHINESE } else { ENGLISH };
    patterns.iter().filter_map(|pattern| fill(pattern, sheet)).collect()
}

#[test]
fn true_paraphrases_pass() {
    let (mut texts, mut refused) = (0, Vec::new());
    for case in cases() {
        for language in [Language::ZhCn, Language::En] {
            let sheet = case.sheet(language);
            for text in sentences(&sheet) {
                texts += 1;
                let found = fact_check::check(&text, &sheet);
                if let Some(claim) = found.first() {
                    refused.push(format!("{:?} {:?} in {text} ({})", claim.kind, claim.text, case.title));
                }
            }
        }
    }
    println!("{texts} paraphrases, {} refused", refused.len());
    for line in refused.iter().step_by((refused.len() / 40).max(1)) {
        println!("{line}");
    }
    assert!(texts > 3_000);
    assert!(refused.len() * 50 < texts, "2 % or more refused");
}
