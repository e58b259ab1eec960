//! The words for things in both languages, and how numbers are written.

use crate::fact_sheet::{FactSheet, MapSide, Metric};
use crate::match_record::Role;
use crate::names::Language;
use crate::report::{Objective, Region};
use crate::score::{Dimension, Partial};

/// One of two words.
fn pick(language: Language, chinese: &'static str, english: &'static str) -> &'static str {
    match language {
        Language::ZhCn => chinese,
        Language::En => english,
    }
}

/// A dimension.
pub(crate) fn dimension(dimension: Dimension, language: Language) -> &'static str {
    let (chinese, english) = match dimension {
        Dimension::Combat => ("战斗", "combat"),
        Dimension::Economy => ("经济", "economy"),
        Dimension::Objective => ("资源控制", "objectives"),
        Dimension::Vision => ("视野", "vision"),
        Dimension::Teamplay => ("团队配合", "teamplay"),
        Dimension::Growth => ("发育", "growth"),
        Dimension::Tankiness => ("承伤", "tankiness"),
        Dimension::DamageComposition => ("伤害构成", "damage mix"),
        Dimension::Survivability => ("生存", "survivability"),
        Dimension::CrowdControl => ("控制", "crowd control"),
        Dimension::Damage => ("输出", "damage"),
        Dimension::Support => ("支援", "support"),
        Dimension::Placement => ("名次", "placement"),
    };
    pick(language, chinese, english)
}

/// A role; nothing where it is not known.
pub(crate) fn role(role: Role, language: Language) -> Option<&'static str> {
    let (chinese, english) = match role {
        Role::Top => ("上路", "top lane"),
        Role::Jungle => ("打野", "jungle"),
        Role::Middle => ("中路", "mid lane"),
        Role::Bottom => ("下路", "bot lane"),
        Role::Utility => ("辅助", "support"),
        Role::Unknown => return None,
    };
    Some(pick(language, chinese, english))
}

/// A side of the map.
pub(crate) fn side(side: MapSide, language: Language) -> &'static str {
    match side {
        MapSide::Blue => pick(language, "蓝色方", "blue side"),
        MapSide::Red => pick(language, "红色方", "red side"),
    }
}

/// Something that a side takes.
pub(crate) fn objective(objective: Objective, language: Language) -> &'static str {
    let (chinese, english) = match objective {
        Objective::Plate => ("塔皮", "a tower plate"),
        Objective::Tower => ("防御塔", "a tower"),
        Objective::Inhibitor => ("水晶", "an inhibitor"),
        Objective::Voidgrub => ("虚空巢虫", "a voidgrub"),
        Objective::Herald => ("峡谷先锋", "the Rift Herald"),
        Objective::Dragon => ("小龙", "a dragon"),
        Objective::ElderDragon => ("远古巨龙", "the Elder Dragon"),
        Objective::Atakhan => ("厄塔汗", "Atakhan"),
        Objective::Baron => ("大龙", "Baron"),
        Objective::Monster => ("大型野怪", "a large monster"),
    };
    pick(language, chinese, english)
}

/// Several of something that a side takes, with the measure word.
pub(crate) fn objectives(objective: Objective, count: u32, language: Language) -> String {
    let (chinese, one, many) = match objective {
        Objective::Plate => ("层塔皮", "tower plate", "tower plates"),
        Objective::Tower => ("座防御塔", "tower", "towers"),
        Objective::Inhibitor => ("座水晶", "inhibitor", "inhibitors"),
        Objective::Voidgrub => ("只虚空巢虫", "voidgrub", "voidgrubs"),
        Objective::Herald => ("只峡谷先锋", "Rift Herald", "Rift Heralds"),
        Objective::Dragon => ("条小龙", "dragon", "dragons"),
        Objective::ElderDragon => ("条远古巨龙", "Elder Dragon", "Elder Dragons"),
        Objective::Atakhan => ("只厄塔汗", "Atakhan", "Atakhans"),
        Objective::Baron => ("条大龙", "Baron", "Barons"),
        Objective::Monster => ("只大型野怪", "large monster", "large monsters"),
    };
    match language {
        Language::ZhCn => format!("{count} {chinese}"),
        Language::En => format!("{count} {}", if count == 1 { one } else { many }),
    }
}

/// A part of the map, with its preposition in English; nothing for another map.
pub(crate) fn region(region: Region, language: Language) -> Option<&'static str> {
    let (chinese, english) = match region {
        Region::BaronPit => ("大龙坑附近", "near the Baron pit"),
        Region::DragonPit => ("小龙坑附近", "near the dragon pit"),
        Region::TopLane => ("上路", "in the top lane"),
        Region::MidLane => ("中路", "in the mid lane"),
        Region::BotLane => ("下路", "in the bot lane"),
        Region::BlueJungle => ("蓝色方野区", "in the blue side jungle"),
        Region::RedJungle => ("红色方野区", "in the red side jungle"),
        Region::River => ("河道", "in the river"),
        Region::BlueBase => ("蓝色方高地", "in the blue side base"),
        Region::RedBase => ("红色方高地", "in the red side base"),
        Region::Elsewhere => return None,
    };
    Some(pick(language, chinese, english))
}

/// What a metric is called in a prompt; English in every language, because it is a key.
pub(crate) fn metric(metric: Metric) -> String {
    use Metric as M;
    let name = match metric {
        M::Kills => "kills",
        M::Deaths => "deaths",
        M::Assists => "assists",
        M::Kda => "KDA",
        M::KillParticipation => "kill participation",
        M::Cs => "CS",
        M::CsPerMinute => "CS per minute",
        M::CsAt10 => "CS at 10 min",
        M::CsAt15 => "CS at 15 min",
        M::Gold => "gold",
        M::GoldPerMinute => "gold per minute",
        M::GoldDiff10 => "gold difference at 10 min",
        M::GoldDiff15 => "gold difference at 15 min",
        M::XpDiff10 => "XP difference at 10 min",
        M::XpDiff15 => "XP difference at 15 min",
        M::Damage => "damage to champions",
        M::DamagePerMinute => "damage per minute",
        M::DamageShare => "share of own side's damage",
        M::PhysicalDamage => "physical damage",
        M::MagicDamage => "magic damage",
        M::TrueDamage => "true damage",
        M::DamageTaken => "damage taken",
        M::DamageMitigated => "damage mitigated",
        M::ObjectiveDamage => "damage to objectives",
        M::TurretDamage => "damage to towers",
        M::Healing => "healing of allies",
        M::Shielding => "shielding of allies",
        M::VisionScore => "vision score",
        M::WardsPlaced => "wards placed",
        M::WardsKilled => "wards destroyed",
        M::ControlWards => "control wards",
        M::WardsPerMinute => "wards per minute",
        M::ControlSeconds => "seconds of crowd control",
        M::Level => "level",
        M::MultiKill => "largest multi-kill",
        M::KillingSpree => "largest killing spree",
        M::DeadSeconds => "seconds dead",
        M::Total => "score",
        M::MeanTotal => "mean score of the side",
        M::Rank => "rank within the side",
        M::Place => "place",
        M::ConversionRate => "conversion rate of kills",
        M::Conversions => "kills converted to objectives",
        M::SoloKills => "solo kills",
        M::Duration => "length",
        M::Players => "players",
        M::Sides => "teams",
        M::Augments => "augments chosen",
        M::Taken(kind) => return format!("taken: {}", objective(kind, Language::En)),
        M::Dimension(found) => return format!("score of {}", dimension(found, Language::En)),
        M::DimensionRank(found) => return format!("rank in {}", dimension(found, Language::En)),
        M::VersusTeam(found) => return format!("{} against the side's mean", dimension(found, Language::En)),
        M::VersusOpponent(found) => {
            return format!("{} against the opponent", dimension(found, Language::En));
        }
    };
    name.to_owned()
}

/// What is missing, one sentence each, for the reader.
pub(crate) fn missing(sheet: &FactSheet) -> Vec<String> {
    let chinese = sheet.language == Language::ZhCn;
    let say = |zh: &str, en: &str| Some(if chinese { zh.to_owned() } else { en.to_owned() });
    let sentence = |partial: &Partial| match partial {
        Partial::NoTimeline | Partial::EmptyTimeline | Partial::ForeignTimeline => say(
            "这局没有可用的时间线，所以对线期和具体时间点不做评价",
            "there is no usable timeline for this match, so lane phase and moments are left out",
        ),
        Partial::TimelineGap { from_ms, to_ms } => {
            let (from, to) = (FactSheet::clock(*from_ms), FactSheet::clock(*to_ms));
            Some(if chinese {
                format!("时间线在 {from} 到 {to} 之间有缺口，这段时间的数据不完整")
            } else {
                format!("the timeline has a gap from {from} to {to}; what happened then is incomplete")
            })
        }
        Partial::MissingFields { .. } => say(
            "部分数据缺失，相关的评分项没有计入",
            "some data were missing, and the parts of the score that need them were left out",
        ),
        Partial::PlacementUnknown => say(
            "这局没有给出名次，所以没有评分",
            "the places of this match were not stated, so there is no score",
        ),
        Partial::UnscoredMode => say(
            "这个模式没有评分标准，所以只列出数据",
            "this mode has no yardstick, so only the numbers are shown",
        ),
        Partial::BorrowedYardstick => say(
            "这个模式借用了召唤师峡谷的评分标准，分数仅供参考",
            "this mode was measured by the Summoner's Rift yardstick, so take the score lightly",
        ),
        _ => None,
    };
    let mut found: Vec<String> = sheet.partial.iter().filter_map(sentence).collect();
    found.dedup();
    found.truncate(3);
    found
}

/// A count with separators: `12,345`.
pub(crate) fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share as a percentage: `63%`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// An English ordinal: `1st`.
pub(crate) fn ordinal(number: u8) -> String {
    let ending = match (number % 10, number % 100) {
        (1, hundred) if hundred != 11 => "st",
        (2, hundred) if hundred != 12 => "nd",
        (3, hundred) if hundred != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
