//! The narrative of a team in both languages.

use super::words::{self, grouped, percent};
use super::{Detail, Story, Style, story};
use crate::fact_sheet::{About, FactSheet, Happening, Metric};
use crate::names::Language;
use crate::report::{Objective, Outcome, Side};
use crate::score::Dimension;

pub(super) fn paragraphs(sheet: &FactSheet, style: Style) -> Vec<String> {
    let chinese = sheet.language == Language::ZhCn;
    let length = FactSheet::clock(sheet.duration_ms);
    let missing = match (words::missing(sheet), chinese) {
        (lines, _) if lines.is_empty() => String::new(),
        (lines, true) => format!("说明：{}。", lines.join("；")),
        (lines, false) => format!("Note: {}.", lines.join("; ")),
    };
    if story(sheet) == Story::Unplayed {
        return vec![if chinese {
            format!("这局在 {length} 提前结束，不计评分，也不做复盘。")
        } else {
            format!("This game ended early at {length}, so there is no score and nothing to review.")
        }];
    }
    let mut all = vec![opening(sheet, chinese, &length), ranks(sheet, chinese), requester(sheet, chinese)];
    if style.detail == Detail::Detailed {
        all.extend([numbers(sheet, chinese), fight(sheet, chinese)]);
    }
    all.push(missing);
    all
}

fn opening(sheet: &FactSheet, chinese: bool, length: &str) -> String {
    let side = sheet.side.map(|side| words::side(side, sheet.language));
    let mean = sheet.number(About::OwnSide, Metric::MeanTotal);
    if chinese {
        let side = side.map(|side| format!("站{side}，")).unwrap_or_default();
        let end = match sheet.result {
            Outcome::Win => format!("{length} 拿下胜利"),
            Outcome::Loss => format!("{length} 遗憾告负"),
            Outcome::Placement(place) => format!("最终拿到第 {place} 名，时长 {length}"),
            Outcome::Remake | Outcome::Unknown => format!("时长 {length}"),
        };
        let mean = mean.map(|mean| format!("，全队平均分 {mean:.1}")).unwrap_or_default();
        return format!("这局你们{side}{end}{mean}。");
    }
    let side = side.map(|side| format!(" on the {side}")).unwrap_or_default();
    let end = match sheet.result {
        Outcome::Win => format!("won{side} in {length}"),
        Outcome::Loss => format!("lost{side} in {length}"),
        Outcome::Placement(place) => format!("finished {} after {length}", words::ordinal(place)),
        Outcome::Remake | Outcome::Unknown => format!("played{side} for {length}"),
    };
    let mean = mean.map(|mean| format!(", with a mean score of {mean:.1}")).unwrap_or_default();
    format!("Your team {end}{mean}.")
}

/// The three best of the team by score; the rest stand in the table of the message.
fn ranks(sheet: &FactSheet, chinese: bool) -> String {
    let own = sheet.cast.iter().filter(|member| member.side != Side::Enemy);
    let mut lines: Vec<(f64, String)> = Vec::new();
    for member in own {
        let number = |metric| sheet.number(About::Member(member.id), metric);
        let (Some(total), Some(rank)) = (number(Metric::Total), number(Metric::Rank)) else { continue };
        let count = |metric| number(metric).unwrap_or_default();
        let kda = format!("{}/{}/{}", count(Metric::Kills), count(Metric::Deaths), count(Metric::Assists));
        let champion = &member.champion;
        let line = if chinese {
            format!("{champion}评分 {total:.1}（战绩 {kda}）")
        } else {
            format!("{champion} with a score of {total:.1} ({kda})")
        };
        lines.push((rank, line));
    }
    lines.sort_by(|one, other| one.0.total_cmp(&other.0));
    let best: Vec<String> = lines.into_iter().take(3).map(|(_, line)| line).collect();
    match (best.is_empty(), chinese) {
        (true, _) => String::new(),
        (false, true) => format!("队内评分靠前的是{}。", best.join("、")),
        (false, false) => format!("Leading the team: {}.", best.join(", ")),
    }
}

fn requester(sheet: &FactSheet, chinese: bool) -> String {
    let Some(player) = sheet.player() else { return String::new() };
    let (Some(total), Some(rank)) = (sheet.own(Metric::Total), sheet.own(Metric::Rank)) else {
        return String::new();
    };
    let ahead = difference(sheet, &sheet.strengths, chinese, true);
    let behind = difference(sheet, &sheet.improvements, chinese, false);
    let champion = &player.champion;
    if chinese {
        let ahead = ahead.map(|text| format!("，{text}")).unwrap_or_default();
        let behind = behind.map(|text| format!("；{text}")).unwrap_or_default();
        return format!("你的{champion}评分 {total:.1}，队内第 {rank}{ahead}{behind}。");
    }
    let ahead = ahead.map(|text| format!(", {text}")).unwrap_or_default();
    let behind = behind.map(|text| format!("; {text}")).unwrap_or_default();
    format!("Your {champion} scored {total:.1}, rank {rank} on the team{ahead}{behind}.")
}

fn difference(sheet: &FactSheet, list: &[Dimension], chinese: bool, ahead: bool) -> Option<String> {
    let dimension = *list.first()?;
    let value = sheet.own(Metric::VersusTeam(dimension))?;
    if (value > 0.0) != ahead {
        return None;
    }
    let (name, amount) = (words::dimension(dimension, sheet.language), value.abs());
    Some(match (chinese, ahead) {
        (true, true) => format!("{name}高出队伍均值 {amount:.1} 分"),
        (true, false) => format!("{name}低于队伍均值 {amount:.1} 分，是最有空间的一项"),
        (false, true) => format!("{name} {amount:.1} above the team mean"),
        (false, false) => format!("{name} {amount:.1} below the team mean has the most room to grow"),
    })
}

fn numbers(sheet: &FactSheet, chinese: bool) -> String {
    const SHOWN: [Objective; 5] =
        [Objective::Dragon, Objective::Baron, Objective::Herald, Objective::Voidgrub, Objective::Tower];
    let number = |metric| sheet.number(About::OwnSide, metric);
    let mut parts = Vec::new();
    if let Some(gold) = number(Metric::GoldDiff10).filter(|gold| gold.abs() >= 0.5) {
        let amount = grouped(gold);
        parts.push(match (chinese, gold > 0.0) {
            (true, true) => format!("10 分钟时全队领先 {amount} 金币"),
            (true, false) => format!("10 分钟时全队落后 {amount} 金币"),
            (false, true) => format!("the team was {amount} gold ahead at 10 minutes"),
            (false, false) => format!("the team was {amount} gold behind at 10 minutes"),
        });
    }
    let taken = SHOWN.iter().filter_map(|kind| {
        let count = number(Metric::Taken(*kind)).filter(|count| *count > 0.0)?;
        Some(words::objectives(*kind, count as u32, sheet.language))
    });
    let taken: Vec<String> = taken.collect();
    if !taken.is_empty() {
        parts.push(if chinese {
            format!("拿下 {}", taken.join("、"))
        } else {
            format!("it took {}", taken.join(", "))
        });
    }
    if let Some(rate) = number(Metric::ConversionRate) {
        let rate = percent(rate);
        parts.push(if chinese {
            format!("击杀转化率 {rate}")
        } else {
            format!("the conversion rate of kills was {rate}")
        });
    }
    match (parts.is_empty(), chinese) {
        (true, _) => String::new(),
        (false, true) => format!("团队数据：{}。", parts.join("，")),
        (false, false) => format!("In numbers: {}.", parts.join("; ")),
    }
}

fn fight(sheet: &FactSheet, chinese: bool) -> String {
    let Some(moment) = sheet.best_fight.and_then(|index| sheet.moments.get(index)) else {
        return String::new();
    };
    let Happening::Fight { region, own_kills, other_kills, objective } = &moment.what else {
        return String::new();
    };
    let from = FactSheet::clock(moment.from_ms);
    let place = words::region(*region, sheet.language);
    let taken = objective.map(|(kind, own)| (words::objective(kind, sheet.language), own));
    if chinese {
        let place = place.map(|place| format!("{place}，")).unwrap_or_default();
        let after = match taken {
            Some((kind, true)) => format!("，你们随后拿下{kind}"),
            Some((kind, false)) => format!("，对面随后拿下{kind}"),
            None => String::new(),
        };
        return format!(
            "最关键的一波团战从 {from} 打响：{place}双方人头 {own_kills} 比 {other_kills}{after}。"
        );
    }
    let place = place.map(|place| format!(" {place}")).unwrap_or_default();
    let after = match taken {
        Some((kind, true)) => format!(", and your team went on to take {kind}"),
        Some((kind, false)) => format!(", and the enemy went on to take {kind}"),
        None => String::new(),
    };
    format!("The key fight broke out at {from}{place}: {own_kills} for {other_kills} in kills{after}.")
}
