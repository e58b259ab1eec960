//! One pattern of a rule: what must be found, what must stand beside it, and what excuses it.

use std::ops::Range;

use regex::Regex;

use super::Rule;

/// Words the patterns share, written as `<name>` in them.
const WORDS: &[(&str, &str)] = &[
    ("<num>", r"(?:\d+|[一二三四五六七八九十两几]+|one|two|three|four|five|six|seven|eight|nine|ten)"),
    (
        "<pct>",
        concat!(
            r"(?:\d+(?:\.\d+)? ?(?:%|percent|per ?cent|pct|个?百分点)|百分之[零一二三四五六七八九十百两点\d.]+",
            r"|[一二三四五六七八九两\d]成[一二三四五六七八九半\d]?",
            r"|(?:(?:twen|thir|for|fif|six|seven|eigh|nine)ty)(?:[- ]\w+)? ?(?:percent|per ?cent|%)|过半|超半数|一半以上",
            r"|超过?一半|大半|大多数|多数|more than half|over half|half of|most of|\d+ ?in ?\d+|0\.\d+)"
        ),
    ),
    (
        "<aug>",
        r"(?:强化|海克斯|符文|增强|装备|道具|神装|棱彩|\baugments?\b|\bitems?\b|prismatic|hextech|\brunes?\b)",
    ),
    (
        "<crowd>",
        concat!(
            r"(?:强化|海克斯|符文|增强|装备|道具|神装|棱彩|玩家有|的玩家|的人|的队伍|大家|大数据|数据显示|样本|出场|拿它|选它|带它|出它|\baugments?\b|\bitems?\b",
            r"|prismatic|hextech|\brunes?\b|\bplayers\b|\bpeople\b|summoners|\bteams\b|those who|everyone|\bpicks?\b)"
        ),
    ),
    (
        "<future>",
        concat!(
            r"(?:下一?(?:局|把|场|盘|次|轮|回合|个对局)|接下来|未来|今后|以后|明天|今晚|再开|再来一|后面几",
            r"|next (?:\w+ )?(?:game|match|round|time|one|queue)|tomorrow|upcoming|from now on|future|soon\b)"
        ),
    ),
    ("<tier>", r"(?:黑铁|青铜|白银|黄金|白金|铂金|翡翠|钻石|大师|宗师|王者)"),
    ("<rank>", r"(?:iron|bronze|silver|gold|platinum|plat|emerald|diamond|masters?|grandmaster|challenger)"),
    (
        "<score>",
        concat!(
            r"(?:评分|得分|总分|评级|表现|分数|维度|战斗|经济|视野|目标|团队|成长|承伤|坦度|输出|生存|控制|综合|本局|这局|\d分",
            r"|scores?\b|grade|rating|performance|overall|dimension|combat|economy|vision|objective|teamplay|growth)"
        ),
    ),
    (
        "<refusal>",
        concat!(
            r"(?:不会?(?:给出|提供|展示|显示|包含|做|作|出现)|不含|从不|没有任何|不预测|不估算|不评估|not? (?:show|display|give|make|offer)",
            r"|(?:does|do|will|can)(?: not|n't)|never (?:show|display|give|make|offer)s?|without (?:any )?|\bno (?:win|predict|mmr|elo|rank|tier|skill))"
        ),
    ),
];

/// A compiled pattern; built once.
pub(super) struct Pattern {
    pub(super) rule: Rule,
    hit: Regex,
    needs: Vec<Regex>,
    unless: Vec<Regex>,
    unless_before: Option<Regex>,
}

/// A pattern as it is written in the tables of the rules.
pub(super) struct Written {
    rule: Rule,
    hit: &'static str,
    needs: Vec<&'static str>,
    unless: Vec<&'static str>,
    unless_before: Option<&'static str>,
}

/// What is forbidden wherever it stands.
pub(super) fn written(rule: Rule, hit: &'static str) -> Written {
    Written { rule, hit, needs: Vec::new(), unless: Vec::new(), unless_before: None }
}

impl Written {
    /// Only where the sentence also holds this.
    pub(super) fn needs(mut self, pattern: &'static str) -> Self {
        self.needs.push(pattern);
        self
    }

    /// Not where the sentence holds this.
    pub(super) fn unless(mut self, pattern: &'static str) -> Self {
        self.unless.push(pattern);
        self
    }

    /// Not where this ends right before the hit.
    pub(super) fn unless_before(mut self, pattern: &'static str) -> Self {
        self.unless_before = Some(pattern);
        self
    }

    /// The compiled pattern.
    pub(super) fn compiled(&self) -> Result<Pattern, regex::Error> {
        let all =
            |patterns: &[&str]| patterns.iter().map(|pattern| regex(pattern)).collect::<Result<Vec<_>, _>>();
        Ok(Pattern {
            rule: self.rule,
            hit: regex(self.hit)?,
            needs: all(&self.needs)?,
            unless: all(&self.unless)?,
            unless_before: self.unless_before.map(|pattern| regex(&format!("(?:{pattern})$"))).transpose()?,
        })
    }
}

fn regex(pattern: &str) -> Result<Regex, regex::Error> {
    let mut pattern = pattern.to_owned();
    for (name, words) in WORDS {
        pattern = pattern.replace(name, words);
    }
    // Ideographs are letters to a Unicode border; a Latin word beside one still ends there.
    Regex::new(&pattern.replace(r"\b", r"(?-u:\b)"))
}

/// Whether a sentence only says that something is not shown, and holds no figure that shows it after all.
pub(super) struct Refusal {
    refusal: Regex,
    figure: Regex,
}

impl Refusal {
    pub(super) fn compiled() -> Result<Self, regex::Error> {
        Ok(Self { refusal: regex("<refusal>")?, figure: regex(r"<pct>|\d")? })
    }

    fn covers(&self, sentence: &str) -> bool {
        self.refusal.is_match(sentence) && !self.figure.is_match(sentence)
    }
}

impl Pattern {
    /// Where the pattern is broken in a sentence.
    pub(super) fn find(&self, sentence: &str, refusal: &Refusal) -> Option<Range<usize>> {
        if !self.needs.iter().all(|needed| needed.is_match(sentence))
            || self.unless.iter().any(|excuse| excuse.is_match(sentence))
            || (!self.rule.is_about_people() && refusal.covers(sentence))
        {
            return None;
        }
        self.hit.find_iter(sentence).map(|hit| hit.range()).find(|hit| {
            !self.unless_before.as_ref().is_some_and(|excuse| excuse.is_match(&sentence[..hit.start]))
        })
    }
}
