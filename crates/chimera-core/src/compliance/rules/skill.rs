//! Guesses at skill beside the official ranks.

use crate::compliance::Rule::SkillEstimate;
use crate::compliance::pattern::{Written, written};

/// The rarity of an augment, the epithet of Jax and the name of Master Yi hold words of ranks.
const NOT_A_RANK: &str = r"武器大师|master yi|易大师";

pub(super) fn patterns() -> Vec<Written> {
    let mut patterns = chinese();
    patterns.extend(english());
    patterns
}

fn chinese() -> Vec<Written> {
    vec![
        written(SkillEstimate, r"隐藏分|匹配分|实力分|天梯分|elo分|真实(?:水平|实力|段位|分段|技术)|隐分|内部分"),
        written(SkillEstimate, r"段位|分段(?:估|预|大|约|在|是|应)|(?:估算|预估|估计|推测|推算)的?(?:分数|水平|排名|实力|分段)"),
        written(
            SkillEstimate,
            r"<tier>[ivx1-4一二三四]{0,3}的?(?:段|水平|水准|选手|玩家|级别|组|分段|实力|局水平|局|操作|意识|左右|以上)",
        )
        .unless(r"<tier>(?:级|阶)?(?:强化|海克斯|符文)|武器大师"),
        written(
            SkillEstimate,
            r"(?:相当于|接近|达到|属于|堪比|媲美|约为|大概[在是]?|应该[在是]|配得上|打上|能上|上得?了|够得着|够到)[^,。]{0,6}<tier>",
        )
        .unless(r"<tier>(?:级|阶)?(?:强化|海克斯|符文)|武器大师"),
        written(
            SkillEstimate,
            r"(?:超过|超越|强于|高于|击败|打败|胜过|好过|领先)了?[^,。]{0,6}<pct>的?[^,。]{0,4}(?:玩家|选手|人|召唤师)|<pct>的(?:玩家|选手|召唤师)(?:都)?(?:不如|强|好)",
        ),
        written(SkillEstimate, r"(?:前|top ?)<pct>的?(?:玩家|选手|人|水平|水准|召唤师)|全服前|全区前|国服前"),
        written(SkillEstimate, r"(?:水平|实力|技术)[^,。]{0,4}(?:估计|估分|评估为|大约|大概|约为|值\d|值为|值:|[:为]\d)"),
    ]
}

fn english() -> Vec<Written> {
    vec![
        written(SkillEstimate, r"\bmmr\b|\belo\b|\bglicko|trueskill|true[- ]?skill|\bskill[- ]?(?:rating|score|level|estimate|index|points?)\b|\bsr\b ?[:=]? ?\d"),
        written(SkillEstimate, r"hidden (?:rating|rank|score|skill)|matchmaking (?:rating|score)|(?:m m r|e l o)\b"),
        written(
            SkillEstimate,
            r"\b(?:estimated|real|true|actual|expected|deserved|implied|approximate|projected|likely) (?:rank|elo|rating|tier|division|skill|lp)\b",
        )
        .unless("<aug>"),
        written(SkillEstimate, r"\b(?:rank|rating|elo|lp|skill) (?:estimate|estimation|guess|equivalent|calculator)|\byour (?:rank|rating|elo) (?:is|should|would|must)\b"),
        written(
            SkillEstimate,
            r"\b(?:play(?:s|ed|ing)?|perform\w*|look(?:s|ed)?|feels?)(?: \w+)? (?:like|as|at|on)(?: an?| the| low| high| mid| solid| true| real)* <rank>\b",
        )
        .unless(NOT_A_RANK),
        written(SkillEstimate, r"\b<rank>[- ](?:level|tier|elo|rank(?:ed)?|players?|lobby|lobbies|division|quality|standard|material|skill)\b")
            .unless("<aug>|master yi"),
        written(SkillEstimate, r"\b<rank> (?:[1-4]|i{1,3}|iv)(?:$|[^\d,.:a-z])").unless(NOT_A_RANK),
        written(SkillEstimate, r"\b(?:platinum|plat|emerald|diamond|grandmaster|challenger|bronze|iron|silver|gold) (?:jungler|laner|support|adc|carry|mid\b|top\b|mains?\b)"),
        written(SkillEstimate, r"\b(?:you're|you are|he is|she is|they are)(?: \w+){0,2} (?:an? )?(?:platinum|plat|emerald|diamond|grandmaster|challenger)\b"),
        written(
            SkillEstimate,
            r"\b(?:deserves?|belongs?|should be|worthy of|equivalent to|equals?|reach(?:es|ed)?|climb to|comparable to|around|roughly|about|near)(?: to be)?(?: in| at| an?| the| high| low| mid| of)* <rank>(?:\W|$)",
        )
        .unless("<aug>|master yi|gold (?:per|lead|diff|advantage|ahead|behind|income|at|from|earned|in|and)|of gold"),
        written(SkillEstimate, r"\b(?:better|stronger|higher|more skilled) than(?: \w+){0,2} <pct>|\b(?:beats?|outperform\w*|above|outranks?)(?: \w+){0,2} <pct> of"),
        written(SkillEstimate, r"\btop \d+(?:\.\d+)? ?(?:%|percent)|<pct> of (?:all |the |other |our )*(?:players|summoners)|\bpercentile"),
    ]
}
