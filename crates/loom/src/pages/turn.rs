//! One turn on the page: the player's line, the story, what stands beside it.

use maud::{Markup, html};
use ui::{
    Arg, Language,
    components::{Icon, icon},
};

use super::{prose::paragraphs, text, text_with};
use crate::{
    ids::TurnId,
    routes::views::{AnswerView, RetconView, TurnView},
};

/// Where a turn stands.
pub(super) struct Frame<'a> {
    pub(super) language: Language,
    pub(super) session: &'a str,
    pub(super) branch: &'a str,
    /// The branch's head, which some forms guard.
    pub(super) head: Option<&'a TurnId>,
}

impl Frame<'_> {
    fn is_head(&self, turn: &TurnView) -> bool {
        self.head == Some(&turn.id)
    }

    fn path(&self, turn: &TurnView, rest: &str) -> String {
        format!("/sessions/{}/turns/{}{rest}", self.session, turn.id)
    }
}

/// The article of a turn.
pub(super) fn article(frame: &Frame<'_>, turn: &TurnView) -> Markup {
    let language = frame.language;
    html! {
        article.turn.degraded[turn.degraded.is_some()] id=(format!("turn-{}", turn.number)) data-turn=(turn.id)
            data-number=(turn.number) {
            @if !turn.input.is_empty() { p.turn-player { (turn.input) } }
            @if let Some(degraded) = &turn.degraded { (margin_mark(frame, turn, &degraded.code)) }
            div.turn-text { (paragraphs(&turn.reply)) }
            @for answer in &turn.answers { (answer_note(language, answer)) }
            (interventions(language, turn))
            @if let Some(retcon) = &turn.retcon { (retcon_note(frame, retcon)) }
            @if turn.cut_short {
                div.turn-note.state-info { (icon(Icon::Info)) div { (text(language, "turn-cut-short")) } }
            }
            (foot(frame, turn))
        }
    }
}

/// Why a degraded turn was told offline, in words.
pub(super) fn degraded_reason(language: Language, code: &str) -> String {
    let id = format!("degraded-{code}");
    if super::TEXTS.has(language, &id) { text(language, &id) } else { text(language, "degraded-other") }
}

fn margin_mark(frame: &Frame<'_>, turn: &TurnView, code: &str) -> Markup {
    let language = frame.language;
    html! {
        aside.margin-mark {
            strong { (icon(Icon::Warning)) (text(language, "degraded-title")) }
            p { (degraded_reason(language, code)) }
            (again_form(frame, turn))
        }
    }
}

fn again_form(frame: &Frame<'_>, turn: &TurnView) -> Markup {
    html! {
        form method="post" action=(frame.path(turn, "/regenerate")) data-again="" {
            input type="hidden" name="branch" value=(frame.branch);
            input type="hidden" name="key" value=(uuid::Uuid::new_v4());
            button type="submit" { (icon(Icon::Retry)) (text(frame.language, "turn-again")) }
        }
    }
}

fn answer_note(language: Language, answer: &AnswerView) -> Markup {
    html! {
        div.turn-note.state-info {
            (icon(Icon::Quote))
            div {
                @if !answer.question.is_empty() { strong { (answer.question) } }
                (paragraphs(&answer.answer))
                @if answer.by == "quotation" { cite { (text(language, "answer-quoted")) } }
                @if answer.by == "silence" { cite { (text(language, "answer-silence")) } }
                @if !answer.sources.is_empty() { " " cite.mono { (answer.sources.join(" · ")) } }
            }
        }
    }
}

fn interventions(language: Language, turn: &TurnView) -> Markup {
    html! {
        @for note in &turn.interventions {
            @let kind = text(language, &format!("intervention-{}", note.kind.to_lowercase()));
            @match &note.needed {
                Some(needed) => {
                    @let needed = text(language, &format!("role-{needed}"));
                    div.turn-note.state-warning {
                        (icon(Icon::Warning))
                        div { (text_with(language, "intervention-denied",
                            &[("kind", Arg::Text(kind.into())), ("role", Arg::Text(needed.into()))])) }
                    }
                }
                // A question's outcome is its answer.
                None if note.kind == "QUERY" => {},
                None => {
                    div.turn-note.state-ok {
                        (icon(Icon::Check)) div { (kind) "：" (note.content) }
                    }
                }
            }
        }
    }
}

fn retcon_note(frame: &Frame<'_>, retcon: &RetconView) -> Markup {
    let language = frame.language;
    let count = Arg::Number(retcon.affected.len() as f64);
    let left = format!("/sessions/{}?branch={}", frame.session, encode(&retcon.from_branch));
    html! {
        div.turn-note.state-info {
            (icon(Icon::Branch))
            div {
                (text_with(language, "retcon-opened", &[
                    ("branch", Arg::Text(retcon.branch.as_str().into())),
                    ("turn", Arg::Number(retcon.at_number as f64)),
                ]))
                " "
                (text_with(language, "retcon-affected", &[("count", count)]))
                " "
                a href=(left) {
                    (text_with(language, "retcon-left", &[("branch", Arg::Text(retcon.from_branch.as_str().into()))]))
                }
                @if !retcon.affected.is_empty() {
                    ul.affected {
                        @for id in &retcon.affected {
                            li { a href=(format!("/sessions/{}/turns/{id}/explain", frame.session)) { (short(id)) } }
                        }
                    }
                }
            }
        }
    }
}

/// Enough of an id to tell two apart on a page: version 7 UUIDs of one moment share their beginning.
fn short(id: &str) -> &str {
    id.rsplit('-').next().unwrap_or(id)
}

/// A word of an address. Names of branches hold no `/`, but anything else.
pub(super) fn encode(word: &str) -> String {
    word.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

fn foot(frame: &Frame<'_>, turn: &TurnView) -> Markup {
    let language = frame.language;
    let tokens = [
        ("input", Arg::Number(turn.input_tokens as f64)),
        ("output", Arg::Number(turn.output_tokens as f64)),
    ];
    let tokens =
        text_with(language, if turn.usage_exact { "tokens-exact" } else { "tokens-estimated" }, &tokens);
    html! {
        footer.turn-foot {
            @if turn.siblings.len() > 1 { (siblings(frame, turn)) }
            (again_form(frame, turn))
            details.menu {
                summary.btn-icon title=(text(language, "turn-more")) {
                    (icon(Icon::Menu)) span.visually-hidden { (text(language, "turn-more")) }
                }
                div.menu-items {
                    a href=(frame.path(turn, "/explain")) { (icon(Icon::Eye)) (text(language, "turn-explain")) }
                    @if !frame.is_head(turn) {
                        form method="post" action=(format!("/sessions/{}/head", frame.session)) {
                            (hidden(frame, turn))
                            button type="submit" { (icon(Icon::Retry)) (text(language, "turn-back-here")) }
                        }
                    }
                    form method="post" action=(format!("/sessions/{}/branches", frame.session)) {
                        input type="hidden" name="at" value=(turn.id);
                        button type="submit" { (icon(Icon::Branch)) (text(language, "turn-branch-here")) }
                    }
                }
            }
            span.push title=(tokens) { (icon(Icon::Coin)) " $" (format!("{:.4}", turn.cost_usd)) }
        }
    }
}

fn hidden(frame: &Frame<'_>, turn: &TurnView) -> Markup {
    html! {
        input type="hidden" name="branch" value=(frame.branch);
        input type="hidden" name="head" value=(turn.id);
        @if let Some(head) = frame.head { input type="hidden" name="expected_head" value=(head); }
    }
}

/// The tellings of one moment: at the head an arrow moves the branch, further up it opens a branch of its own.
fn siblings(frame: &Frame<'_>, turn: &TurnView) -> Markup {
    let language = frame.language;
    let place = turn.siblings.iter().position(|id| *id == turn.id).unwrap_or(0);
    let arrow = |target: Option<&TurnId>, name: &str, mark: Icon| {
        let title = text(language, name);
        html! {
            @match target {
                Some(target) => {
                    form method="post" action=(format!("/sessions/{}/head", frame.session)) data-sibling="" {
                        input type="hidden" name="head" value=(target);
                        @if frame.is_head(turn) {
                            input type="hidden" name="branch" value=(frame.branch);
                            input type="hidden" name="expected_head" value=(turn.id);
                        } @else {
                            input type="hidden" name="open" value="1";
                        }
                        button.btn-icon type="submit" title=(title) { (icon(mark)) span.visually-hidden { (title) } }
                    }
                }
                None => { button.btn-icon type="button" disabled title=(title) { (icon(mark)) span.visually-hidden { (title) } } }
            }
        }
    };
    html! {
        span.siblings {
            (arrow(place.checked_sub(1).and_then(|before| turn.siblings.get(before)), "sibling-before", Icon::ChevronLeft))
            span.figure { (place + 1) " / " (turn.siblings.len()) }
            (arrow(turn.siblings.get(place + 1), "sibling-after", Icon::ChevronRight))
        }
    }
}
