//! Names that no current file of Data Dragon has: the shards beside the runes, and runes that left the game.

use super::Language;

/// Id, Chinese name, English name.
const RUNES: &[(u32, &str, &str)] = &[
    (5001, "成长生命值", "Scaling Health"),
    (5002, "护甲", "Armor"),
    (5003, "魔法抗性", "Magic Resist"),
    (5005, "攻击速度", "Attack Speed"),
    (5007, "技能急速", "Ability Haste"),
    (5008, "适应之力", "Adaptive Force"),
    (5010, "移动速度", "Move Speed"),
    (5011, "生命值", "Health"),
    (5013, "韧性和减速抗性", "Tenacity and Slow Resist"),
    (8120, "幽灵魄罗", "Ghost Poro"),
    (8124, "掠食者", "Predator"),
    (8134, "灵性猎手", "Ingenious Hunter"),
    (8136, "僵尸守卫", "Zombie Ward"),
    (8138, "眼球收集器", "Eyeball Collection"),
];

/// Ids and names in one language.
pub(super) fn runes(language: Language) -> impl Iterator<Item = (u32, &'static str)> {
    RUNES.iter().map(move |(id, chinese, english)| match language {
        Language::ZhCn => (*id, *chinese),
        Language::En => (*id, *english),
    })
}
