//! Players' inputs taken apart, as a table.

use loom_core::access::{Grant, Permissions, Role};
use loom_core::intervention::{Decision, Detail, InterventionKind, RetconTarget, decide, parse};

/// Story, then one line per intervention, then one per problem.
fn show(input: &str) -> String {
    let parsed = parse(input);
    let mut lines = vec![parsed.story.replace('\n', "⏎")];
    for intervention in &parsed.interventions {
        let detail = match &intervention.detail {
            Detail::Note(text) => text.clone(),
            Detail::Edit { subject, text } => format!("{subject} => {text}"),
            Detail::Retcon { target: RetconTarget::Turn(turn), text } => format!("turn {turn} => {text}"),
            Detail::Retcon { target: RetconTarget::Subject(subject), text } => {
                format!("about {subject} => {text}")
            }
        };
        assert!(input.get(intervention.span.clone()).is_some(), "span on character boundaries");
        lines.push(format!("{} {detail}", intervention.kind));
    }
    lines.extend(
        parsed
            .problems
            .iter()
            .map(|problem| format!("! {} {:?}", problem.code, &input[problem.span.clone()])),
    );
    lines.join("\n")
}

fn check(input: &str, expected: &str) {
    assert_eq!(show(input), expected, "\nfor {input}");
}

#[test]
fn every_kind_in_both_languages() {
    check("I wait. (OOC: slower please)", "I wait.\nOOC slower please");
    check("我等着。（场外：慢一点）", "我等着。\nOOC 慢一点");
    check("[OOC: hi] Go.", "Go.\nOOC hi");
    check("[EDIT: the door: it is open] I go in.", "I go in.\nEDIT the door => it is open");
    check("【修改：大门：门是开着的】我走进去。", "我走进去。\nEDIT 大门 => 门是开着的");
    check("[retcon: turn 12: she stayed]", "\nRETCON turn 12 => she stayed");
    check("【回溯：第12回合：她没有走】", "\nRETCON turn 12 => 她没有走");
    check("[RETCON: the bell: it never rang]", "\nRETCON about the bell => it never rang");
    check("［语气：冷峻］推门", "推门\nTONE 冷峻");
    check("[Tone : dark] push", "push\nTONE dark");
    check("[INTENT: find the key][QUERY: who has it?]", "\nINTENT find the key\nQUERY who has it?");
    check("【意图：找钥匙】【提问：在谁手里？】", "\nINTENT 找钥匙\nQUERY 在谁手里？");
    check("【语气：暗] mixed widths", "mixed widths\nTONE 暗");
}

#[test]
fn inner_brackets_are_balanced() {
    check(
        "[EDIT: door: the [iron] door is (now) open] I go.",
        "I go.\nEDIT door => the [iron] door is (now) open",
    );
    check("(OOC: a (b (c)) d) x", "x\nOOC a (b (c)) d");
    check("[EDIT: face: she smiles :) at me] x", "x\nEDIT face => she smiles :) at me");
    check("[EDIT: face: he frowns :( at me] x", "x\nEDIT face => he frowns :( at me");
    check("【修改：门牌：写着【勿入】二字】走", "走\nEDIT 门牌 => 写着【勿入】二字");
    check("[EDIT: a: see [TONE: dark] below] x", "x\nEDIT a => see [TONE: dark] below");
    check("[EDIT: gap: a \\] b] x", "x\nEDIT gap => a ] b");
}

#[test]
fn other_brackets_are_story() {
    check("The sign reads [KEEP OUT] (twice).", "The sign reads [KEEP OUT] (twice).");
    check("她说（小声地）【完】", "她说（小声地）【完】");
    check("[editor: x] [TONED] (intent on the door)", "[editor: x] [TONED] (intent on the door)");
    check("\"[TONE: dark]\" in quotes", "\"\" in quotes\nTONE dark");
    check("\\[TONE: dark] escaped", "\\[TONE: dark] escaped");
    check("sad :( then [TONE: dark] on", "sad :( then on\nTONE dark");
    check("[he says [TONE: low] softly]", "[he says softly]\nTONE low");
}

#[test]
fn seams_are_tidy() {
    check("I walk [TONE: dark], slowly.", "I walk, slowly.\nTONE dark");
    check("one[TONE: x]two", "one two\nTONE x");
    check("推开门【语气：暗】走进去", "推开门走进去\nTONE 暗");
    check("a\r\n[TONE: x]\r\n\r\n\r\nb   c", "a⏎⏎b c\nTONE x");
    check("[TO[OOC: x]NE: y]", "[TO NE: y]\nOOC x");
    check("[[OOC: x]TONE: y]", "\\[TONE: y]\nOOC x");
}

#[test]
fn what_cannot_be_used_is_said() {
    check("go [EDIT: the door is open] on", "go on\n! missing_subject \"[EDIT: the door is open]\"");
    check("go [EDIT: door:] on", "go on\n! half_empty \"[EDIT: door:]\"");
    check("[TONE:  ] go", "go\n! empty \"[TONE:  ]\"");
    check("[RETCON: #0: x] go", "go\n! no_such_turn \"[RETCON: #0: x]\"");
    check("go (OOC: brb", "go (OOC: brb\n! unclosed \"(OOC: brb\"");
    check(
        "go [EDIT: a: b [TONE: low] c",
        "go [EDIT: a: b c\nTONE low\n! unclosed \"[EDIT: a: b [TONE: low] c\"",
    );
    check("（修改：门：开）", "（修改：门：开）\n! wrong_bracket \"（\"");
    check("[QUERY who is she]", "[QUERY who is she]\n! missing_colon \"[\"");
}

#[test]
fn sixteen_are_taken_and_the_rest_named() {
    let parsed = parse(&"[TONE: x]".repeat(18));
    assert_eq!((parsed.interventions.len(), parsed.problems.len()), (16, 2));
    assert_eq!(parsed.story, "");
    assert!(parsed.problems.iter().all(|problem| problem.code == "too_many"));
}

#[test]
fn messages_carry_an_example() {
    let parsed = parse("[EDIT: door] （场外：喂");
    let messages: Vec<_> = parsed
        .problems
        .iter()
        .map(|problem| format!("{}\n{}", problem.message_en, problem.message_zh))
        .collect();
    insta::assert_snapshot!(messages.join("\n"), @r"
    this EDIT does not say what it changes; write [EDIT: the door: it is open]
    这里的 EDIT 没有说明要改什么；写法：【修改：大门：门是开着的】
    this OOC has no closing bracket and was left in the story; write (OOC: please go slower)
    这里的 OOC 缺少右括号，已作为正文保留；写法：（场外：请慢一点）
    ");
}

#[test]
fn the_canon_decides_who_may() {
    let permissions = Permissions { retcon: Grant::Builder, query: Grant::Nobody, ..Permissions::default() };
    let cases = [
        (InterventionKind::Edit, Role::Player, Decision::Allowed),
        (
            InterventionKind::Retcon,
            Role::Player,
            Decision::Denied { needed: Grant::Builder, have: Role::Player },
        ),
        (InterventionKind::Retcon, Role::Operator, Decision::Allowed),
        (
            InterventionKind::Query,
            Role::Operator,
            Decision::Denied { needed: Grant::Nobody, have: Role::Operator },
        ),
        (InterventionKind::Ooc, Role::Player, Decision::Allowed),
    ];
    for (kind, role, expected) in cases {
        assert_eq!(decide(kind, &permissions, role), expected, "{kind} by {role}");
    }
}
