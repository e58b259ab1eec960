//! A player's input taken apart into story, interventions and problems.

use std::ops::Range;

use super::brackets::{self, Purpose};
use super::detail::{self, Unusable};
use super::story::Story;
use super::{InputProblem, Intervention, InterventionKind, ParsedInput};

/// How many interventions one input may carry.
pub const INTERVENTIONS_MAX: usize = 16;

/// Problems reported for one input; more of them would say the same.
const PROBLEMS_MAX: usize = 16;

/// Takes an input apart. Linear in its length at any depth of nesting; every span lies on character boundaries.
///
/// `\[` keeps a bracket from being read; the backslash stays in the story.
pub fn parse(input: &str) -> ParsedInput {
    let mut parsed = ParsedInput::default();
    let mut story = Story::default();
    let mut from = 0;
    for bracket in brackets::find(input) {
        if bracket.open < from {
            continue;
        }
        let Purpose::Intervention(kind, content) = bracket.purpose else {
            parsed.note(bracket.purpose, bracket.open..bracket.content);
            continue;
        };
        let Some((close, end)) = bracket.close else {
            parsed.problem("unclosed", bracket.open..input.len(), unclosed(kind));
            continue;
        };
        story.push(&input[from..bracket.open]);
        from = end;
        parsed.take(kind, input[content..close].trim(), bracket.open..end);
    }
    story.push(&input[from..]);
    parsed.story = story.finish(from > 0);
    parsed
}

impl ParsedInput {
    /// An intervention from its first byte to its last.
    fn take(&mut self, kind: InterventionKind, content: &str, span: Range<usize>) {
        if self.interventions.len() >= INTERVENTIONS_MAX {
            self.problem("too_many", span, too_many());
            return;
        }
        match detail::read(kind, content) {
            Ok(detail) => {
                let content = detail::unescape(content);
                self.interventions.push(Intervention { kind, content, span, detail });
            }
            Err(reason) => self.problem(code(reason), span, unusable(kind, reason)),
        }
    }

    /// A bracket that stays in the story and was probably meant otherwise.
    fn note(&mut self, purpose: Purpose, span: Range<usize>) {
        match purpose {
            Purpose::WrongFamily(kind) => self.problem("wrong_bracket", span, wrong_bracket(kind)),
            Purpose::NoColon(kind) => self.problem("missing_colon", span, missing_colon(kind)),
            Purpose::Intervention(..) | Purpose::Plain => {}
        }
    }

    fn problem(&mut self, code: &str, span: Range<usize>, (message_en, message_zh): (String, String)) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(InputProblem { code: code.to_owned(), span, message_en, message_zh });
        }
    }
}

fn code(reason: Unusable) -> &'static str {
    match reason {
        Unusable::Empty => "empty",
        Unusable::NoColon => "missing_subject",
        Unusable::HalfEmpty => "half_empty",
        Unusable::NoSuchTurn => "no_such_turn",
    }
}

/// A line the player could copy, in both languages.
fn example(kind: InterventionKind) -> (&'static str, &'static str) {
    match kind {
        InterventionKind::Ooc => ("(OOC: please go slower)", "（场外：请慢一点）"),
        InterventionKind::Edit => ("[EDIT: the door: it is open]", "【修改：大门：门是开着的】"),
        InterventionKind::Retcon => ("[RETCON: turn 3: she never left]", "【回溯：第3回合：她从未离开】"),
        InterventionKind::Tone => ("[TONE: quiet dread]", "【语气：平静中的不安】"),
        InterventionKind::Intent => ("[INTENT: find the key]", "【意图：找到钥匙】"),
        InterventionKind::Query => ("[QUERY: who has the key?]", "【询问：钥匙在谁手里？】"),
    }
}

fn unclosed(kind: InterventionKind) -> (String, String) {
    let (en, zh) = example(kind);
    (
        format!("this {kind} has no closing bracket and was left in the story; write {en}"),
        format!("这里的 {kind} 缺少右括号，已作为正文保留；写法：{zh}"),
    )
}

fn too_many() -> (String, String) {
    (
        format!("one turn takes at most {INTERVENTIONS_MAX} interventions; this one was left out"),
        format!("一个回合最多 {INTERVENTIONS_MAX} 个干预，这一个没有采用"),
    )
}

fn wrong_bracket(kind: InterventionKind) -> (String, String) {
    let (en, zh) = example(kind);
    (
        format!("{kind} belongs in square brackets; this was read as story; write {en}"),
        format!("{kind} 要写在方括号里，这里按正文处理；写法：{zh}"),
    )
}

fn missing_colon(kind: InterventionKind) -> (String, String) {
    let (en, zh) = example(kind);
    (
        format!("a colon after {kind} is missing; this was read as story; write {en}"),
        format!("{kind} 后面缺少冒号，这里按正文处理；写法：{zh}"),
    )
}

fn unusable(kind: InterventionKind, reason: Unusable) -> (String, String) {
    let (en, zh) = example(kind);
    match reason {
        Unusable::Empty => {
            (format!("this {kind} is empty; write {en}"), format!("这里的 {kind} 是空的；写法：{zh}"))
        }
        Unusable::NoColon => (
            format!("this {kind} does not say what it changes; write {en}"),
            format!("这里的 {kind} 没有说明要改什么；写法：{zh}"),
        ),
        Unusable::HalfEmpty => (
            format!("one side of the colon in this {kind} is empty; write {en}"),
            format!("这里的 {kind} 冒号有一边是空的；写法：{zh}"),
        ),
        Unusable::NoSuchTurn => (
            format!("there is no such turn, they count from 1; write {en}"),
            format!("没有这个回合，回合从 1 开始计数；写法：{zh}"),
        ),
    }
}
