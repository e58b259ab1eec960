//! The words that say what a number measures.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use crate::fact_sheet::Metric as M;
use crate::report::Objective as O;
use crate::score::Dimension as D;

/// A word that says what a number measures.
pub(super) struct Label {
    pub(super) span: Range<usize>,
    pub(super) metrics: &'static [M],
    /// Whether a more telling word beside it comes first.
    pub(super) is_weak: bool,
}

const ALL_DIMENSIONS: &[M] = &[
    M::Total,
    M::MeanTotal,
    M::Dimension(D::Combat),
    M::Dimension(D::Economy),
    M::Dimension(D::Objective),
    M::Dimension(D::Vision),
    M::Dimension(D::Teamplay),
    M::Dimension(D::Growth),
    M::Dimension(D::Tankiness),
    M::Dimension(D::DamageComposition),
    M::Dimension(D::Survivability),
    M::Dimension(D::CrowdControl),
    M::Dimension(D::Damage),
    M::Dimension(D::Support),
    M::Dimension(D::Placement),
];

/// Words and what they measure; the longest word at a place counts. Chinese and English, lower case.
const LABELS: &[(&str, &[M])] = &[
    (
        "辅助|帮助|协助|借助|有助|死亡之|杀出|死角|一血|first blood|亮眼|耀眼|抢眼|显眼|眼前|眼看|名副其实|第一时间|升级",
        &[],
    ),
    (
        "参团率|击杀参与率|击杀参与|参战率|参团|参与率|kill participation|participation|kp",
        &[M::KillParticipation, M::Dimension(D::Teamplay)],
    ),
    ("参与击倒|击倒|击杀|人头|杀敌|斩获|杀|kills|kill|takedowns", &[M::Kills]),
    (
        "阵亡|死亡|死|倒了|fell|fallen|went down|倒下|倒地|被击杀|被杀|死了|挂了|deaths|death|died|dying|dead|dies|die",
        &[M::Deaths, M::DeadSeconds],
    ),
    (
        "等待复活|复活|死亡时间|灰屏|seconds dead|spent dead|time dead|seconds spent dead|respawn",
        &[M::DeadSeconds],
    ),
    ("助攻|助|assists|assist", &[M::Assists]),
    ("kda|战损比", &[M::Kda]),
    (
        "补刀|补兵|补了|last hits|last-hits|小兵|刀|cs|creep score|creeps|minions|farm",
        &[M::Cs, M::CsPerMinute, M::CsAt10, M::CsAt15],
    ),
    (
        "金币|金钱|块钱|块|income|gold|经济",
        &[M::Gold, M::GoldPerMinute, M::GoldDiff10, M::GoldDiff15, M::Dimension(D::Economy)],
    ),
    ("经济差|gold difference|gold diff|gold lead|gold deficit", &[M::GoldDiff10, M::GoldDiff15]),
    ("经验|经验差|experience|xp", &[M::XpDiff10, M::XpDiff15]),
    ("economy", &[M::Dimension(D::Economy)]),
    ("伤害|输出|damage|dmg", &[M::Damage, M::DamagePerMinute, M::DamageShare, M::Dimension(D::Damage)]),
    (
        "伤害占比|输出占比|占己方|占全队|占队伍|占比|damage share|share of|of your side's damage|of your team's damage|of the team's damage",
        &[M::DamageShare],
    ),
    ("物理伤害|physical damage|physical", &[M::PhysicalDamage]),
    ("魔法伤害|法术伤害|magic damage|magic", &[M::MagicDamage]),
    ("真实伤害|true damage", &[M::TrueDamage]),
    (
        "承受|承受伤害|承伤|吃下|扛下|挡下|damage taken|tanked|absorbed|soaked|tankiness|坦度",
        &[M::DamageTaken, M::Dimension(D::Tankiness)],
    ),
    ("减免|mitigated|mitigation", &[M::DamageMitigated]),
    (
        "对建筑|对建筑和野怪|对目标|damage to objectives|objective damage",
        &[M::ObjectiveDamage, M::TurretDamage],
    ),
    (
        "防御塔伤害|对塔|塔伤|damage to towers|damage to turrets|turret damage|tower damage",
        &[M::TurretDamage],
    ),
    ("治疗|healing|healed|heals", &[M::Healing]),
    ("护盾|shielding|shielded|shields", &[M::Shielding]),
    ("视野得分|视野分|vision score", &[M::VisionScore]),
    ("视野|vision", &[M::VisionScore, M::Dimension(D::Vision)]),
    (
        "守卫|眼|放下|插眼|放眼|插下|布下|wards placed|placed wards|wards|ward|placed",
        &[M::WardsPlaced, M::WardsPerMinute],
    ),
    (
        "排掉|排了|拆了|清了|排除了|排眼|拆掉|清掉|清除|反眼|排除|连排|拆除|wards destroyed|wards cleared|wards killed|destroyed|cleared|clearing|swept",
        &[M::WardsKilled],
    ),
    ("控制守卫|真眼|control wards|control ward|pink wards|pinks", &[M::ControlWards]),
    (
        "控制|硬控|locked down|控制时间|控制时长|crowd control|cc",
        &[M::ControlSeconds, M::Dimension(D::CrowdControl)],
    ),
    ("等级|级|level|lvl|lv", &[M::Level]),
    ("连杀|连续击杀|killing spree|spree|streak", &[M::KillingSpree, M::MultiKill]),
    ("平均分|均分|队伍均分|mean score|average score|team mean|team average", &[M::MeanTotal]),
    ("综合评分|总分|总评|综合分|overall score|overall|total score|综合", &[M::Total]),
    ("战斗|combat", &[M::Dimension(D::Combat)]),
    ("资源控制|资源|objectives|objective", &[M::Dimension(D::Objective), M::Conversions, M::ConversionRate]),
    ("团队配合|团队协作|配合|协同|teamplay|teamwork", &[M::Dimension(D::Teamplay)]),
    ("发育|成长|growth", &[M::Dimension(D::Growth)]),
    ("伤害构成|damage mix|damage composition", &[M::Dimension(D::DamageComposition)]),
    ("生存|存活|survivability|survival", &[M::Dimension(D::Survivability)]),
    ("支援|support", &[M::Dimension(D::Support)]),
    ("名次|placement", &[M::Place, M::Dimension(D::Placement)]),
    ("排名|队内|全队第|rank|ranked|on the team|in the team|on your team", &[M::Rank]),
    ("第|名|place|finished|placed|finish", &[M::Place, M::Rank]),
    (
        "转化率|击杀转化率|转化|conversion rate of kills|换来了资源|换来资源|conversion rate|conversion|converted|conversions",
        &[M::ConversionRate, M::Conversions],
    ),
    ("小龙|元素龙|dragons|dragon|drakes|drake", &[M::Taken(O::Dragon)]),
    ("远古巨龙|远古龙|elder dragons|elder dragon|elder", &[M::Taken(O::ElderDragon)]),
    ("大龙|纳什男爵|男爵|barons|baron nashor|baron", &[M::Taken(O::Baron)]),
    ("峡谷先锋|先锋|rift heralds|rift herald|heralds|herald", &[M::Taken(O::Herald)]),
    ("虚空巢虫|巢虫|虚空虫|voidgrubs|voidgrub|grubs|grub", &[M::Taken(O::Voidgrub)]),
    ("厄塔汗|阿塔坎|atakhans|atakhan", &[M::Taken(O::Atakhan)]),
    ("防御塔|外塔|内塔|高地塔|塔|towers|tower|turrets|turret", &[M::Taken(O::Tower)]),
    ("塔皮|镀层|tower plates|tower plate|plates|plate", &[M::Taken(O::Plate)]),
    ("水晶|inhibitors|inhibitor", &[M::Taken(O::Inhibitor)]),
    ("单杀|solo kills|solo kill", &[M::SoloKills]),
    ("时长|全长|历时|用时|耗时|全程|game length|lasted|game time", &[M::Duration]),
    ("赏金|bounty|shutdown", &[M::Gold]),
    ("强化|augments|augment", &[M::Augments]),
    (
        "每分钟|per minute|a minute|/min",
        &[M::CsPerMinute, M::WardsPerMinute, M::GoldPerMinute, M::DamagePerMinute],
    ),
];

/// Words that only say "score": the dimension beside them says which.
const WEAK: &[(&str, &[M])] = &[
    ("评分|得分|分数|分|score|scores|scored|points|rating", ALL_DIMENSIONS),
    ("高出|高于|低于|领先|落后|多出|above|below|ahead|behind", DIFFERENCES),
];

const DIFFERENCES: &[M] = &[
    M::GoldDiff10,
    M::GoldDiff15,
    M::XpDiff10,
    M::XpDiff15,
    M::VersusTeam(D::Combat),
    M::VersusTeam(D::Economy),
    M::VersusTeam(D::Objective),
    M::VersusTeam(D::Vision),
    M::VersusTeam(D::Teamplay),
    M::VersusTeam(D::Growth),
    M::VersusTeam(D::Tankiness),
    M::VersusTeam(D::DamageComposition),
    M::VersusTeam(D::Survivability),
    M::VersusTeam(D::CrowdControl),
    M::VersusTeam(D::Damage),
    M::VersusTeam(D::Support),
    M::VersusTeam(D::Placement),
];

struct Word {
    text: &'static str,
    metrics: &'static [M],
    is_weak: bool,
}

/// Every word by its first character, longest first.
static BY_FIRST: LazyLock<HashMap<char, Vec<Word>>> = LazyLock::new(|| {
    let mut by_first: HashMap<char, Vec<Word>> = HashMap::new();
    for (is_weak, table) in [(false, LABELS), (true, WEAK)] {
        for (words, metrics) in table {
            for text in words.split('|') {
                let first = text.chars().next().unwrap_or(' ');
                by_first.entry(first).or_default().push(Word { text, metrics, is_weak });
            }
        }
    }
    for words in by_first.values_mut() {
        words.sort_by_key(|word| std::cmp::Reverse(word.text.len()));
    }
    by_first
});

/// The labels of a stretch of lower-case text, the longest at each place, none overlapping.
pub(super) fn find(text: &str, span: &Range<usize>) -> Vec<Label> {
    let (mut found, mut skip_to) = (Vec::new(), span.start);
    for (offset, first) in text[span.clone()].char_indices() {
        let at = span.start + offset;
        let candidates = BY_FIRST.get(&first).map_or(&[][..], Vec::as_slice);
        let fits = |word: &&Word| text[at..span.end].starts_with(word.text) && is_whole(text, at, word.text);
        if at >= skip_to
            && let Some(word) = candidates.iter().find(fits)
        {
            skip_to = at + word.text.len();
            if word.metrics.is_empty() {
                continue;
            }
            found.push(Label { span: at..skip_to, metrics: word.metrics, is_weak: word.is_weak });
        }
    }
    found
}

/// A Latin word must stand alone.
fn is_whole(text: &str, at: usize, word: &str) -> bool {
    if !word.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return true;
    }
    let before = text[..at].chars().next_back();
    let after = text[at + word.len()..].chars().next();
    let is_letter =
        |neighbour: Option<char>| neighbour.is_some_and(|neighbour| neighbour.is_ascii_alphabetic());
    !is_letter(before) && !is_letter(after)
}
