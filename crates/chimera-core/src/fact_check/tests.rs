//! Single claims against a sheet made by hand.

use super::*;
use crate::fact_sheet::{
    About, Amount, CastMember, Fact, FactSheet, Happening, MapSide, Metric, Moment, Scope,
};
use crate::match_record::{ParticipantId, Role};
use crate::mode::Mode;
use crate::names::{ChampionName, Language, NameTables, Names};
use crate::report::{EvidenceKind, Objective, Outcome, Side};
use crate::score::Dimension;

fn names() -> Names {
    let mut tables = NameTables::default();
    for (id, key, title) in
        [(103, "Ahri", "阿狸"), (157, "Yasuo", "亚索"), (86, "Garen", "盖伦"), (64, "LeeSin", "李青")]
    {
        let champion = ChampionName { key: key.to_owned(), name: key.to_owned(), title: title.to_owned() };
        tables.champions.insert(id, champion);
    }
    tables.items.insert(3031, "无尽之刃".to_owned());
    tables.items.insert(3089, "灭世者的死亡之帽".to_owned());
    Names::new(Language::ZhCn, tables, &[])
}

fn sheet() -> FactSheet {
    let member = |id, champion_id, champion: &str, side, is_lane_opponent| CastMember {
        id: ParticipantId(id),
        champion_id,
        champion: champion.to_owned(),
        side,
        is_lane_opponent,
        role: Role::Middle,
    };
    let own = About::Member(ParticipantId(1));
    let rival = About::Member(ParticipantId(6));
    let fact = |about, metric, amount| Fact { about, metric, amount };
    let event = |ms, kind, champions| Moment {
        from_ms: ms,
        to_ms: ms,
        what: Happening::Evidence(kind),
        champions,
        dimension: None,
    };
    FactSheet {
        language: Language::ZhCn,
        names: names(),
        scope: Scope::Player,
        mode: Mode::Rift,
        result: Outcome::Win,
        side: Some(MapSide::Blue),
        duration_ms: 1_865_000,
        cast: vec![
            member(1, 103, "阿狸", Side::Player, false),
            member(2, 86, "盖伦", Side::Ally, false),
            member(6, 157, "亚索", Side::Enemy, true),
            member(7, 64, "李青", Side::Enemy, false),
        ],
        facts: vec![
            fact(own, Metric::Kills, Amount::Count(7)),
            fact(own, Metric::Deaths, Amount::Count(2)),
            fact(own, Metric::Assists, Amount::Count(11)),
            fact(own, Metric::Kda, Amount::Decimal(9.0)),
            fact(own, Metric::KillParticipation, Amount::Share(0.634)),
            fact(own, Metric::Gold, Amount::Count(12_345)),
            fact(own, Metric::Cs, Amount::Count(212)),
            fact(own, Metric::CsPerMinute, Amount::Decimal(6.83)),
            fact(own, Metric::Damage, Amount::Count(23_456)),
            fact(own, Metric::GoldDiff10, Amount::Difference(420.0)),
            fact(own, Metric::CsAt10, Amount::Decimal(78.0)),
            fact(own, Metric::VisionScore, Amount::Count(32)),
            fact(own, Metric::Total, Amount::Decimal(86.43)),
            fact(own, Metric::Dimension(Dimension::Placement), Amount::Decimal(100.0)),
            fact(own, Metric::MultiKill, Amount::Count(3)),
            fact(own, Metric::SoloKills, Amount::Count(1)),
            fact(rival, Metric::Kills, Amount::Count(3)),
            fact(rival, Metric::Deaths, Amount::Count(5)),
            fact(rival, Metric::Assists, Amount::Count(4)),
            fact(About::Match, Metric::Duration, Amount::Millis(1_865_000)),
        ],
        moments: vec![
            event(80_000, EvidenceKind::Takedowns { count: 2 }, vec![(64, Side::Enemy)]),
            event(754_000, EvidenceKind::SoloKill, vec![(157, Side::Enemy)]),
            event(1_100_000, EvidenceKind::MultiKill { count: 3 }, vec![]),
            event(
                1_450_000,
                EvidenceKind::Objective { objective: Objective::Baron, last_hit: false },
                vec![],
            ),
            event(
                1_460_000,
                EvidenceKind::DeathBeforeObjective { objective: Objective::Dragon, after_ms: 9_000 },
                vec![(64, Side::Enemy)],
            ),
        ],
        best_fight: None,
        strengths: vec![],
        improvements: vec![],
        tier: None,
        items: vec![3031],
        augments: vec![],
        partial: vec![],
        player_name: Some("Zed 99#KR1".to_owned()),
    }
}

#[track_caller]
fn holds(text: &str) {
    assert_eq!(check(text, &sheet()), [], "{text}");
}

#[track_caller]
fn fails(text: &str, kind: ClaimKind) {
    let found = check(text, &sheet());
    assert!(found.iter().any(|claim| claim.kind == kind), "{text}: {found:?}");
}

#[test]
fn numbers_belong_to_their_words() {
    holds("你拿到 7 次击杀、2 次阵亡、11 次助攻。");
    holds("击杀 7，阵亡 2，助攻 11，KDA 9.0。");
    holds("战绩 7/2/11，参团率 63%。");
    holds("You had 7 kills, 2 deaths and 11 assists.");
    holds("You went 7/2/11 with seven kills and 63.4% kill participation.");
    holds("一共 12,345 金币，也就是 1.2 万金币，12.3k gold。");
    holds("补刀 212（每分钟 6.8 刀）。");
    holds("最亮眼的是名次（100.0 分）：很好。");
    holds("你拿到七次击杀，只死了两次。");
    holds("百分之六十三的参团率。");
    fails("你拿到 2 次击杀、7 次阵亡。", ClaimKind::Number);
    fails("你拿到 8 次击杀。", ClaimKind::Number);
    fails("You had 8 kills, 2 deaths and 11 assists.", ClaimKind::Number);
    fails("战绩 7/2/12。", ClaimKind::Number);
    fails("参团率 64%。", ClaimKind::Number);
    fails("你死了三次。", ClaimKind::Number);
    fails("you died three times", ClaimKind::Number);
    fails("共获得 12,845 金币", ClaimKind::Number);
}

#[test]
fn times_belong_to_their_events() {
    holds("12:34 单杀亚索。");
    holds("12分34秒，你单杀了亚索。");
    holds("A solo kill on Yasuo at 12:34.");
    holds("18:20 打出三杀，24:10 参与拿下大龙。");
    holds("1:20 短时间内参与击倒 2 名对手。");
    fails("1:20 短时间内参与击倒 3 名对手。", ClaimKind::Number);
    holds("比赛在 31:05 结束。");
    holds("第 12 分钟你单杀了亚索。");
    fails("12:35 单杀亚索。", ClaimKind::Time);
    fails("18:20 单杀亚索。", ClaimKind::Event);
    fails("12:34 单杀李青。", ClaimKind::Champion);
    fails("24:10 参与拿下小龙。", ClaimKind::Event);
    fails("18:20 打出四杀。", ClaimKind::Event);
}

#[test]
fn champions_stand_where_they_stood() {
    holds("这局你用阿狸打中路，对位亚索。");
    holds("对面的李青很活跃。");
    fails("这局你用亚索打中路。", ClaimKind::Champion);
    fails("这局你用阿狸对位李青。", ClaimKind::Champion);
    fails("10 分钟时你领先对位盖伦 420 金币。", ClaimKind::Champion);
    fails("最终出装：灭世者的死亡之帽。", ClaimKind::Item);
    holds("最终出装：无尽之刃。");
}

#[test]
fn sides_and_results_are_kept() {
    holds("你站蓝色方，31:05 拿下胜利。");
    holds("You played Ahri on the blue side and won in 31:05.");
    holds("对面的红色方没有挡住。");
    fails("你站红色方，31:05 拿下胜利。", ClaimKind::Side);
    fails("You played Ahri on the red side and won in 31:05.", ClaimKind::Side);
    fails("你站蓝色方，31:05 遗憾告负。", ClaimKind::Result);
    fails("24:10 对面拿下大龙。", ClaimKind::Side);
    holds("24:20 阵亡后，对面拿下小龙。");
    fails("24:20 阵亡后，你们拿下小龙。", ClaimKind::Side);
    fails("红色方在 24:10 拿下大龙。", ClaimKind::Side);
    holds("蓝色方在 24:10 拿下大龙。");
}

#[test]
fn directions_of_differences_are_kept() {
    holds("10 分钟时你领先对位亚索 420 金币，补刀 78。");
    fails("10 分钟时你落后对位亚索 420 金币。", ClaimKind::Number);
    fails("12 分钟时你领先对位亚索 420 金币。", ClaimKind::Time);
    fails("10 分钟时你领先对位亚索 12,345 金币。", ClaimKind::Number);
}

#[test]
fn a_name_claims_nothing() {
    holds("Zed 99 你好，战绩 7/2/11。");
}

/// As a model would write them: free in words, true in facts.
#[test]
fn free_but_true_texts_pass() {
    holds("阿狸的节奏从 12:34 那次单杀亚索开始起来，你全场 7 杀 2 死 11 助，参团率超过六成。");
    holds("整局下来你补了 212 刀，平均每分钟 6.8 刀，经济来到 1.23 万。");
    holds("视野方面只有 32 分，还能再多放一些守卫。");
    holds("对线亚索，你在 10 分钟领先 420 块，补刀也有 78 个。");
    holds("三杀出现在 18:20，那一波直接打开了局面。");
    holds(
        "你们在 24:10 控下大龙，但十秒后你被李青抓住，24:20 阵亡让对面拿到了小龙。"
            .replace("十秒后", "随后")
            .as_str(),
    );
    holds("作为蓝色方的中单，你用阿狸打出 23,456 点伤害，KDA 达到 9。");
    holds("31 分钟的对局里，你的评分是 86.4 分。");
    holds("这局你赢得漂亮：7 次击杀只付出 2 次阵亡的代价。");
    holds("接下来可以试试在资源刷新前提前布置视野，把优势滚得更大。");
    holds("亚索这局是 3/5/4，被你压制得很明显。");
    holds("Ahri finished 7/2/11 (KDA 9.0) and had a hand in 63% of the kills.");
    holds("Your lane opponent Yasuo ended on 3/5/4.");
    holds("Around minute 12 you found a solo kill on Yasuo; at 18:20 came the triple kill.");
    holds("With 12.3k gold and 212 CS you were well funded for the late game.");
    holds("You dealt over 23,000 damage to champions.");
    holds("Your team took Baron at 24:10, but your death at 24:20 handed the enemy a dragon.");
    holds("On the blue side you won after 31 minutes and 5 seconds.");
    holds("Three kills in a row at 18:20 turned the game.");
    holds("You were 420 gold up on Yasuo at 10 minutes, with 78 CS.");
    holds("The solo kill came at 12:34, when Yasuo overstepped.");
    fails("Ahri finished 3/5/4.", ClaimKind::Number);
    fails("亚索这局是 7/2/11。", ClaimKind::Number);
    fails("你补了 221 刀。", ClaimKind::Number);
    fails("Your team took Baron at 24:20.", ClaimKind::Event);
    fails("You were 420 gold down on Yasuo at 10 minutes.", ClaimKind::Number);
    fails("李青在 12:34 被你单杀。", ClaimKind::Champion);
}

proptest::proptest! {
    #[test]
    fn any_text_is_judged(text in "([a-zA-Z0-9:/,.%#+万千一二三两第分秒名级刀换在你的对位击杀蓝方红 \n。，（）'\u{200B}\u{FF10}-\u{FF19}ΐİ]|阿狸|Yasuo|12:34|无尽之刃|on |gold|kills){0,40}") {
        for claim in check(&text, &sheet()) {
            proptest::prop_assert!(text.get(claim.span.clone()) == Some(claim.text.as_str()));
        }
    }

    #[test]
    fn any_character_is_judged(text in ".{0,60}") {
        let _ = check(&text, &sheet());
        let _ = crate::compliance::check(&text);
    }
}
