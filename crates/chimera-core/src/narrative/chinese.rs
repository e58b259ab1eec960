//! The narrative of one player in Chinese.

use super::moments::{self, Mood};
use super::words::{self, grouped, percent};
use super::{Detail, Story, Style, Tone, did_well, story};
use crate::fact_sheet::{FactSheet, Happening, Metric, Moment};
use crate::match_record::Role;
use crate::mode::Mode;
use crate::names::Language;
use crate::report::{Outcome, Side};
use crate::score::{Dimension, Tier};

const ZH: Language = Language::ZhCn;

pub(super) fn paragraphs(sheet: &FactSheet, style: Style) -> Vec<String> {
    let detailed = style.detail == Detail::Detailed;
    let missing = match words::missing(sheet) {
        lines if lines.is_empty() => String::new(),
        lines => format!("说明：{}。", lines.join("；")),
    };
    match story(sheet) {
        Story::Unplayed => vec![unplayed(sheet)],
        Story::Record => vec![opening(sheet, style), record(sheet), missing],
        Story::Scored => {
            let mut all = vec![
                format!("{}{}", opening(sheet, style), score(sheet, style)),
                strengths(sheet, if detailed { 2 } else { 1 }),
                format!("{}{}", arc(sheet), if detailed { fight(sheet) } else { String::new() }),
                highlights(sheet, if detailed { 4 } else { 2 }),
                room(sheet, if detailed { 2 } else { 1 }),
            ];
            if detailed {
                all.push(build(sheet));
            }
            all.extend([missing, closing(sheet, style).to_owned()]);
            all
        }
    }
}

fn unplayed(sheet: &FactSheet) -> String {
    let length = FactSheet::clock(sheet.duration_ms);
    let how = if sheet.result == Outcome::Remake { "以重开投票提前结束" } else { "中途被中断" };
    format!("这局在 {length} {how}，不计评分，也不做复盘。下一场见。")
}

/// `7/2/11`, with the kinds named.
fn kda(sheet: &FactSheet) -> String {
    let count = |metric| sheet.own(metric).unwrap_or_default();
    format!("战绩 {}/{}/{}", count(Metric::Kills), count(Metric::Deaths), count(Metric::Assists))
}

fn opening(sheet: &FactSheet, style: Style) -> String {
    let Some(player) = sheet.player() else { return String::new() };
    let champion = &player.champion;
    let length = FactSheet::clock(sheet.duration_ms);
    let greeting = match style.tone {
        Tone::Casual => "辛苦啦！",
        Tone::Competitive | Tone::Balanced => "",
    };
    let place = match (sheet.mode, words::role(player.role, ZH)) {
        (Mode::Arena, _) => match partner(sheet) {
            Some(partner) => format!("这局斗魂竞技场你用{champion}和{partner}搭档"),
            None => format!("这局斗魂竞技场你使用{champion}"),
        },
        (Mode::Aram, _) => format!("这局大乱斗你使用{champion}"),
        (_, Some(role)) => format!("这局你用{champion}打{role}").replace("打打野", "打野"),
        (_, None) => format!("这局你使用{champion}"),
    };
    let side = sheet.side.map(|side| format!("，站{}", words::side(side, ZH))).unwrap_or_default();
    let end = match sheet.result {
        Outcome::Win => format!("，{length} 拿下胜利"),
        Outcome::Loss => format!("，{length} 遗憾告负"),
        Outcome::Placement(place) => match sheet.own(Metric::Place) {
            Some(_) if place == 1 => format!("，最终拿到第 {place} 名，全程 {length}"),
            _ => format!("，最终拿到第 {place} 名，时长 {length}"),
        },
        Outcome::Remake | Outcome::Unknown => format!("，时长 {length}"),
    };
    let part = sheet.own(Metric::KillParticipation).map(|share| format!("，参团率 {}", percent(share)));
    let part = part.filter(|_| sheet.mode != Mode::Arena).unwrap_or_default();
    format!("{greeting}{place}{side}{end}，{}{part}。", kda(sheet))
}

/// The champion of a partner in Arena.
fn partner(sheet: &FactSheet) -> Option<&str> {
    let ally = sheet.cast.iter().find(|member| member.side == Side::Ally)?;
    Some(&ally.champion)
}

fn record(sheet: &FactSheet) -> String {
    let number = |metric| grouped(sheet.own(metric).unwrap_or_default());
    let mut text = format!(
        "对英雄造成 {} 伤害，承受 {} 伤害，获得 {} 金币",
        number(Metric::Damage),
        number(Metric::DamageTaken),
        number(Metric::Gold)
    );
    if let Some(cs) = sheet.own(Metric::Cs).filter(|cs| *cs > 0.0) {
        text.push_str(&format!("，补刀 {cs:.0}"));
    }
    text + "。"
}

fn score(sheet: &FactSheet, style: Style) -> String {
    let (Some(total), Some(tier)) = (sheet.own(Metric::Total), sheet.tier) else { return String::new() };
    let won = did_well(sheet);
    let first = matches!(sheet.result, Outcome::Win | Outcome::Placement(1));
    let verdict = match (tier, won, style.tone) {
        (Tier::S | Tier::SPlus, true, Tone::Competitive) => "各项都顶得住，是一局高质量的胜利",
        (Tier::S | Tier::SPlus, true, Tone::Casual) => "这手感，赶紧存进精彩集锦",
        (Tier::S | Tier::SPlus, true, Tone::Balanced) => "整局完成度很高",
        (Tier::S | Tier::SPlus, false, _) => "结果虽然不如意，你这边已经交出了很漂亮的数据",
        (Tier::A, true, _) => "大部分环节都打得扎实",
        (Tier::A, false, _) => "没能赢下来，但你的发挥很稳",
        (Tier::B, true, Tone::Casual) => "有高光，也有能再抠一抠的地方",
        (Tier::B, true, _) => "有亮点，也有可以打磨的细节",
        (Tier::B, false, _) => "有几处亮点，细节上还能再抠一抠",
        (Tier::C, _, _) => "这局打得不轻松，有几处值得回看",
        (Tier::D, _, _) if first => "过程有些吃力，好在团队把比赛拿了下来",
        (Tier::D, _, _) => "这局的对抗很艰难，先从下面几点看起",
    };
    let band = if tier > Tier::D { format!("（{} 级）", tier.as_str()) } else { String::new() };
    format!("综合评分 {total:.1}{band}，{verdict}。")
}

fn strengths(sheet: &FactSheet, most: usize) -> String {
    let mut text = String::new();
    for (index, dimension) in sheet.strengths.iter().take(most).enumerate() {
        let Some(value) = sheet.own(Metric::Dimension(*dimension)) else { continue };
        let name = words::dimension(*dimension, ZH);
        let lead = match index {
            0 if value >= 60.0 => format!("最亮眼的是{name}（{value:.1} 分）"),
            0 => format!("相对突出的是{name}（{value:.1} 分）"),
            _ => format!("{name}也值得一提（{value:.1} 分）"),
        };
        text.push_str(&lead);
        if let Some(reason) = reason(sheet, *dimension) {
            text.push_str(&format!("：{reason}"));
        }
        text.push('。');
    }
    text
}

/// What the sheet has to say for a dimension.
fn reason(sheet: &FactSheet, dimension: Dimension) -> Option<String> {
    let own = |metric| sheet.own(metric);
    let count = |metric| own(metric).map(grouped);
    Some(match dimension {
        Dimension::Combat => {
            let (kills, assists) = (count(Metric::Kills)?, count(Metric::Assists)?);
            let kda = own(Metric::Kda)?;
            match own(Metric::Deaths)? {
                0.0 => format!("{kills} 次击杀、{assists} 次助攻，全程没有阵亡"),
                deaths => format!("{kills} 次击杀、{assists} 次助攻，阵亡 {deaths} 次，KDA {kda:.1}"),
            }
        }
        Dimension::Economy => match own(Metric::CsPerMinute) {
            Some(pace) => format!(
                "补刀 {}（每分钟 {pace:.1} 刀），共获得 {} 金币",
                count(Metric::Cs)?,
                count(Metric::Gold)?
            ),
            None => format!("共获得 {} 金币", count(Metric::Gold)?),
        },
        Dimension::Objective => match (own(Metric::Conversions), own(Metric::ConversionRate)) {
            (Some(conversions), Some(rate)) if conversions > 0.0 => {
                format!("队伍把击杀转化为资源 {conversions} 次，转化率 {}", percent(rate))
            }
            _ => format!("对建筑和野怪造成 {} 伤害", count(Metric::ObjectiveDamage)?),
        },
        Dimension::Vision => format!(
            "视野得分 {}，放下 {} 个守卫，排掉 {} 个",
            count(Metric::VisionScore)?,
            count(Metric::WardsPlaced)?,
            count(Metric::WardsKilled)?
        ),
        Dimension::Teamplay => match own(Metric::KillParticipation) {
            Some(share) => format!("助攻 {} 次，参团率 {}", count(Metric::Assists)?, percent(share)),
            None => format!("助攻 {} 次", count(Metric::Assists)?),
        },
        Dimension::Growth => format!("终局等级 {}", count(Metric::Level)?),
        Dimension::Tankiness => {
            format!("承受 {} 伤害，减免 {}", count(Metric::DamageTaken)?, count(Metric::DamageMitigated)?)
        }
        Dimension::DamageComposition | Dimension::Damage => match own(Metric::DamageShare) {
            Some(share) => format!("对英雄造成 {} 伤害，占己方的 {}", count(Metric::Damage)?, percent(share)),
            None => format!("对英雄造成 {} 伤害", count(Metric::Damage)?),
        },
        Dimension::Survivability => match own(Metric::Deaths)? {
            0.0 => "全程没有阵亡".to_owned(),
            deaths => format!("阵亡 {deaths} 次，等待复活共 {} 秒", count(Metric::DeadSeconds)?),
        },
        Dimension::CrowdControl => format!("控制敌人的时间累计 {} 秒", count(Metric::ControlSeconds)?),
        Dimension::Support => {
            format!("为队友治疗 {}，提供护盾 {}", count(Metric::Healing)?, count(Metric::Shielding)?)
        }
        Dimension::Placement => format!("最终名次第 {}", count(Metric::Place)?),
    })
}

/// How the lane went and what became of it.
fn arc(sheet: &FactSheet) -> String {
    let Some(gold) = sheet.own(Metric::GoldDiff10) else { return String::new() };
    let rival =
        sheet.lane_opponent().map_or_else(|| "对位".to_owned(), |member| format!("对位{}", member.champion));
    let amount = grouped(gold);
    let minions = sheet.own(Metric::CsAt10).map(|cs| format!("，补刀 {cs:.0}")).unwrap_or_default();
    let won = sheet.result == Outcome::Win;
    match gold {
        500.0.. if won => format!("10 分钟时你领先{rival} {amount} 金币{minions}，这份优势一路带到了终局。"),
        500.0.. => format!("10 分钟时你领先{rival} {amount} 金币{minions}，可惜优势没能延续到最后。"),
        ..=-500.0 if won => {
            format!("10 分钟时你落后{rival} {amount} 金币{minions}，之后一点点把局面扳了回来。")
        }
        ..=-500.0 => format!("10 分钟时你落后{rival} {amount} 金币{minions}，前期的压力一直延续到后面。"),
        0.5.. => format!("对线期势均力敌：10 分钟时你小幅领先{rival} {amount} 金币{minions}。"),
        ..=-0.5 => format!("对线期势均力敌：10 分钟时你小幅落后{rival} {amount} 金币{minions}。"),
        _ => format!("10 分钟时你和{rival}经济持平{minions}。"),
    }
}

fn fight(sheet: &FactSheet) -> String {
    let Some(moment) = sheet.best_fight.and_then(|index| sheet.moments.get(index)) else {
        return String::new();
    };
    let Happening::Fight { region, own_kills, other_kills, objective } = &moment.what else {
        return String::new();
    };
    let place = words::region(*region, ZH).map(|place| format!("{place}，")).unwrap_or_default();
    let after = match objective {
        Some((taken, true)) => format!("，你们随后拿下{}", words::objective(*taken, ZH)),
        Some((taken, false)) => format!("，对面随后拿下{}", words::objective(*taken, ZH)),
        None => String::new(),
    };
    let from = FactSheet::clock(moment.from_ms);
    format!("最关键的一波团战从 {from} 打响：{place}双方人头 {own_kills} 比 {other_kills}{after}。")
}

fn timed(sheet: &FactSheet, moment: &Moment) -> String {
    format!("{} {}", FactSheet::clock(moment.from_ms), moments::phrase(sheet, moment))
}

fn highlights(sheet: &FactSheet, most: usize) -> String {
    let told = moments::highlights(sheet, most);
    let lines: Vec<String> = told.into_iter().map(|moment| timed(sheet, moment)).collect();
    if lines.is_empty() { String::new() } else { format!("高光时刻：{}。", lines.join("；")) }
}

fn room(sheet: &FactSheet, most: usize) -> String {
    let role = sheet.player().map_or(Role::Unknown, |player| player.role);
    let mut text = String::new();
    for (index, dimension) in sheet.improvements.iter().take(most).enumerate() {
        let Some(value) = sheet.own(Metric::Dimension(*dimension)) else { continue };
        let name = words::dimension(*dimension, ZH);
        let lead = if index == 0 { "可以继续打磨的是" } else { "另一处空间在" };
        text.push_str(&format!("{lead}{name}（{value:.1} 分）"));
        let bad =
            |moment: &&Moment| moments::mood(moment) == Mood::Bad && moment.dimension == Some(*dimension);
        let example = moments::best_of(sheet.moments.iter().filter(bad).collect(), 1);
        if let Some(moment) = example.first() {
            text.push_str(&format!("，比如 {}", timed(sheet, moment)));
        }
        text.push_str(&format!("。{}。", advice(*dimension, role)));
    }
    text
}

/// Something to try; without any number, because it is no fact.
fn advice(dimension: Dimension, role: Role) -> &'static str {
    match dimension {
        Dimension::Economy if role == Role::Utility => "辅助装的任务尽早做完，关键装备就能更早成型",
        Dimension::Growth if role == Role::Utility => "游走挑兵线推过去的空档，多蹭一点线上经验",
        Dimension::Growth if role == Role::Jungle => "野怪刷新后尽快清掉，少空跑一趟，等级就跟得上",
        Dimension::Combat => "开打前先数一数双方的关键技能，挑对自己有利的时机进场",
        Dimension::Economy => "推线后顺路收野怪和边线，尽量少空走一趟",
        Dimension::Objective => "击杀之后看一眼地图，最近的塔或龙往往就是下一步",
        Dimension::Vision => "回城时带上控制守卫，在下一个资源刷新之前把河道点亮",
        Dimension::Teamplay => "留意队友的动向，把传送和大招留给能打起来的那一边",
        Dimension::Growth => "少错过几波兵，等级起来之后团战会轻松不少",
        Dimension::Tankiness => "让承伤的人站在前面，进场前留好保命技能",
        Dimension::DamageComposition => "看对面的抗性来调整出装，输出会更均衡",
        Dimension::Survivability => "视野不明的时候先退一步，活着就有下一波机会",
        Dimension::CrowdControl => "控制技能留给对面最关键的那个人",
        Dimension::Damage => "团战里多打一套技能再后撤，输出就能涨上来",
        Dimension::Support => "护盾和治疗看准队友被集火的瞬间再交",
        Dimension::Placement => "前几个回合先求稳，保住血量再找突破口",
    }
}

fn build(sheet: &FactSheet) -> String {
    let named = |name: &str| !name.starts_with('#');
    let items: Vec<_> =
        sheet.items.iter().map(|id| sheet.names.item(*id)).filter(|name| named(name)).collect();
    let augments: Vec<_> = sheet
        .augments
        .iter()
        .map(|id| format!("「{}」", sheet.names.augment(*id)))
        .filter(|name| !name.contains('#'))
        .collect();
    let mut text = String::new();
    if !items.is_empty() {
        text.push_str(&format!("最终出装：{}。", items.join("、")));
    }
    if !augments.is_empty() {
        text.push_str(&format!("选过的强化：{}。", augments.join("")));
    }
    text
}

fn closing(sheet: &FactSheet, style: Style) -> &'static str {
    let won = matches!(sheet.result, Outcome::Win | Outcome::Placement(1));
    match (style.tone, won) {
        (Tone::Competitive, _) if sheet.moments.is_empty() => "先从分数最低的一项入手。",
        (Tone::Competitive, _) => "建议带着上面的时间点回看一遍录像。",
        (Tone::Casual, true) => "打得开心最重要，继续保持～",
        (Tone::Casual, false) => "喝口水歇一歇，回头再看这局会有收获～",
        (Tone::Balanced, true) => "把这些好习惯留住。",
        (Tone::Balanced, false) => "挑一两点试试就好，不用一次全改。",
    }
}
