//! One turn explained: what the prompt was made of, what each part cost, and what was left out.

use axum::{Extension, extract::State};
use chassis::{
    http::{Json, Path},
    problem::Problem,
};
use maud::{Markup, html};
use ui::{
    Arg, Language, Viewer,
    components::{self, Icon, State as Mark, icon, share_bar, stacked_bar, stat},
};

use super::{
    Place, grouped,
    prose::paragraphs,
    shell, short_hash, text, text_with,
    turn::{degraded_reason, encode},
};
use crate::{
    app::App,
    auth::Caller,
    ids::{SessionId, TurnId},
    routes::{
        sessions as owning, turns,
        views::{DroppedView, ExplainView, PartView, TurnView},
    },
    store::sessions::Session,
};

/// Colours of the bars, in the order of the legend.
const KINDS: u8 = 6;

/// `GET /sessions/{id}/turns/{turn}/explain`.
pub(super) async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    viewer: Viewer,
    Path((id, turn)): Path<(SessionId, TurnId)>,
) -> Result<Markup, Problem> {
    let session = owning::owned(&app, &caller, &id).await?;
    let explained = turns::explained(&app, &session, &turn).await?;
    let Json(told) = turns::show(State(app), Extension(caller.clone()), Path((id, turn))).await?;
    let language = viewer.language;
    let body = html! {
        (head(language, &session, &told))
        (figures(language, &session, &explained, &told))
        (faithful(language, &explained, &told))
        @if !explained.parts.is_empty() {
            (shares(language, &explained))
            (parts(language, &explained))
            (texts(language, &explained.parts))
        }
        (dropped(language, &explained.dropped))
        (story(language, &session, &told))
    };
    Ok(shell(&viewer, &caller, Place::Sessions, text(language, "explain-title"), body).render())
}

fn head(language: Language, session: &Session, told: &TurnView) -> Markup {
    let back =
        [("name", Arg::Text(session.name.as_str().into())), ("number", Arg::Number(told.number as f64))];
    html! {
        div.page-head {
            div {
                p.kicker {
                    a href=(format!("/sessions/{}#turn-{}", session.id, told.number)) {
                        (text_with(language, "explain-kicker", &back))
                    }
                }
                h1 { (text(language, "explain-title")) }
            }
        }
    }
}

fn figures(language: Language, session: &Session, explained: &ExplainView, told: &TurnView) -> Markup {
    let counted = match explained.provider_input_tokens {
        Some(tokens) => {
            text_with(language, "explain-provider", &[("tokens", Arg::Text(figure(tokens).into()))])
        }
        None => text(language, "explain-provider-none"),
    };
    let budget = Arg::Text(grouped(explained.budget_tokens as u64).into());
    let reply = text(language, if told.usage_exact { "count-exact" } else { "count-estimated" });
    let model = if told.model.is_empty() { told.provider.clone() } else { told.model.clone() };
    html! {
        dl.stats {
            (stat(&text(language, "explain-prompt"), &grouped(explained.total_tokens as u64), "tokens", Some(&html! {
                (counted) br; (text_with(language, "explain-budget", &[("tokens", budget)]))
            })))
            (stat(&text(language, "explain-reply"), &figure(told.output_tokens), "tokens", Some(&html! { (reply) })))
            (stat(&text(language, "explain-cost"), &format!("${:.4}", told.cost_usd), "", Some(&html! { (model) })))
            (stat(&text(language, "explain-canon"), short_hash(&explained.canon_hash), "", Some(&html! {
                a href=(format!("/canon/{}/history", encode(&session.canon))) { (text(language, "canon-history")) }
            })))
        }
    }
}

fn figure(tokens: i64) -> String {
    grouped(u64::try_from(tokens).unwrap_or(0))
}

/// Whether the parts below are what was sent, and who told the turn if no model did.
fn faithful(language: Language, explained: &ExplainView, told: &TurnView) -> Markup {
    let note = |mark: Mark, id: &str| {
        components::notice(
            mark,
            &text(language, id),
            &html! { p { (text(language, &format!("{id}-text"))) } },
        )
    };
    html! {
        @if let Some(degraded) = &told.degraded {
            (components::notice(Mark::Warning, &text(language, "degraded-title"),
                &html! { p { (degraded_reason(language, &degraded.code)) } }))
        }
        @if explained.parts.is_empty() { (note(Mark::Warning, "explain-gone")) }
        @else if explained.faithful { p { (components::badge(Mark::Ok, &text(language, "explain-faithful"))) } }
        @else { (note(Mark::Warning, "explain-unfaithful")) }
    }
}

/// Which colour a kind of part has, 1 to 6.
fn colour(kind: &str) -> u8 {
    match kind {
        "contract" => 1,
        "canon" | "rules" => 2,
        "history" | "summary" => 3,
        "facts" => 4,
        "framing" => 6,
        _ => 5,
    }
}

fn percent(tokens: usize, whole: usize) -> String {
    if tokens > 0 && tokens * 200 < whole {
        return "<1 %".to_owned();
    }
    format!("{} %", (tokens * 100 + whole / 2).checked_div(whole).unwrap_or(0))
}

/// All parts in one bar, one colour a kind.
fn shares(language: Language, explained: &ExplainView) -> Markup {
    let sum_of = |kind: u8| -> usize {
        explained.parts.iter().filter(|part| colour(&part.kind) == kind).map(|part| part.tokens).sum()
    };
    let words = |kind: u8| text(language, &format!("explain-colour-{kind}"));
    let kinds: Vec<(u8, usize)> =
        (1..=KINDS).map(|kind| (kind, sum_of(kind))).filter(|(_, sum)| *sum > 0).collect();
    let bars: Vec<(u64, u8, String)> = kinds
        .iter()
        .map(|(kind, sum)| {
            (*sum as u64, *kind, format!("{} · {} tokens", words(*kind), grouped(*sum as u64)))
        })
        .collect();
    html! {
        (stacked_bar(&bars, explained.total_tokens as u64, &text(language, "explain-shares")))
        ul.legend {
            @for (kind, sum) in &kinds {
                li {
                    svg viewBox="0 0 10 10" aria-hidden="true" {
                        rect.(format!("share-{kind}")) width="10" height="10" {}
                    }
                    (words(*kind)) " " span.faint { (percent(*sum, explained.total_tokens)) }
                }
            }
        }
    }
}

/// What a reader calls a part. The core's own labels are English words for turns and headings.
fn part_name(language: Language, kind: &str, label: &str) -> String {
    let name = text(language, &format!("part-{kind}"));
    if let Some(number) = label.strip_prefix("turn ").and_then(|number| number.parse::<u32>().ok()) {
        return text_with(language, "part-turn", &[("number", Arg::Number(f64::from(number)))]);
    }
    let plain = match (kind, label) {
        ("framing", "heading") => return text(language, "part-heading"),
        ("canon" | "rules" | "facts", _) => false,
        _ => true,
    };
    if plain || label.is_empty() {
        return name;
    }
    let arguments = [("kind", Arg::Text(name.into())), ("label", Arg::Text(label.into()))];
    text_with(language, "part-name", &arguments)
}

fn parts(language: Language, explained: &ExplainView) -> Markup {
    let label = |id: &str| text(language, id);
    let (part, source, share, count) =
        (label("explain-part"), label("explain-source"), label("explain-share"), label("explain-count"));
    let sum: usize = explained.parts.iter().map(|part| part.tokens).sum();
    html! {
        div.table-frame { table.table.explain {
            caption.visually-hidden { (label("explain-parts")) }
            thead { tr {
                th scope="col" { (part) } th scope="col" { (source) } th scope="col" { (share) }
                th.num scope="col" { "tokens" } th scope="col" { (count) }
            } }
            tbody {
                @for it in &explained.parts {
                    tr {
                        th.kind scope="row" data-label=(part) { (swatch(&it.kind)) (part_name(language, &it.kind, &it.label)) (speaker(language, it)) }
                        td data-label=(source) { (sources(language, it)) }
                        td.bar data-label=(share) {
                            (share_bar(it.tokens as u64, sum as u64, colour(&it.kind), &percent(it.tokens, sum)))
                        }
                        td.num data-label="tokens" { (grouped(it.tokens as u64)) }
                        td data-label=(count) { (counted(language, it.exact)) }
                    }
                }
            }
            tfoot { tr {
                th scope="row" data-label=(part) { (label("explain-sum")) } td {} td {}
                td.num data-label="tokens" { (grouped(sum as u64)) } td {}
            } }
        } }
    }
}

/// Whose half of a past turn it is.
fn speaker(language: Language, part: &PartView) -> Markup {
    let id = if part.role == "assistant" { "part-told" } else { "part-played" };
    html! { @if part.kind == "history" { " " span.faint { (text(language, id)) } } }
}

fn swatch(kind: &str) -> Markup {
    html! {
        svg.swatch viewBox="0 0 10 10" aria-hidden="true" {
            rect.(format!("share-{}", colour(kind))) width="10" height="10" {}
        }
    }
}

fn counted(language: Language, exact: bool) -> Markup {
    let (mark, id) = if exact { (Mark::Ok, "count-exact") } else { (Mark::Quiet, "count-estimated") };
    components::badge(mark, &text(language, id))
}

fn sources(language: Language, part: &PartView) -> Markup {
    html! {
        @if !part.sources.is_empty() { span.mono { (part.sources.join(" · ")) } }
        @else if matches!(part.kind.as_str(), "input" | "intent" | "ooc" | "query") {
            span.faint { (text(language, "source-this-turn")) }
        }
        @else if part.turn_id.is_some() { span.faint { (text(language, "source-turn")) } }
        @else if matches!(part.kind.as_str(), "contract" | "framing") {
            span.faint { (text(language, "source-built-in")) }
        }
        @else { span.faint { (text(language, "source-session")) } }
    }
}

fn texts(language: Language, parts: &[PartView]) -> Markup {
    html! {
        details.more.part-texts {
            summary { (text(language, "explain-texts")) }
            @for part in parts.iter().filter(|part| !part.text.trim().is_empty()) {
                details.more {
                    summary { (part_name(language, &part.kind, &part.label)) (speaker(language, part)) }
                    pre.part-text { (part.text) }
                }
            }
        }
    }
}

fn dropped(language: Language, dropped: &[DroppedView]) -> Markup {
    html! {
        @if !dropped.is_empty() {
            section {
                h2 { (text(language, "explain-dropped")) }
                ul.dropped {
                    @for it in dropped {
                        li {
                            strong { (part_name(language, &it.kind, &it.label)) }
                            " · " span.figure { (grouped(it.tokens as u64)) } " tokens · "
                            (text(language, &format!("dropped-{}", it.reason)))
                        }
                    }
                }
            }
        }
    }
}

/// The turn itself, from where one may go on.
fn story(language: Language, session: &Session, told: &TurnView) -> Markup {
    html! {
        section {
            h2 { (text(language, "explain-turn")) }
            @if !told.input.is_empty() { p.turn-player { (told.input) } }
            div.prose { (paragraphs(&told.reply)) }
            form method="post" action=(format!("/sessions/{}/branches", session.id)) {
                input type="hidden" name="at" value=(told.id);
                button.btn type="submit" { (icon(Icon::Branch)) (text(language, "turn-branch-here")) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(1)>\u{202e}";

    fn part(kind: &str, tokens: usize) -> PartView {
        PartView {
            kind: kind.to_owned(),
            label: HOSTILE.to_owned(),
            role: "system".to_owned(),
            text: HOSTILE.to_owned(),
            tokens,
            exact: tokens > 10,
            sources: vec![HOSTILE.to_owned()],
            turn_id: None,
        }
    }

    fn explained(parts: Vec<PartView>) -> ExplainView {
        ExplainView {
            turn_id: TurnId("t".to_owned()),
            number: 3,
            total_tokens: parts.iter().map(|part| part.tokens).sum(),
            budget_tokens: 8_000,
            tokenizer: "o200k".to_owned(),
            exact: true,
            provider_input_tokens: Some(1_198),
            faithful: true,
            canon_hash: "0123456789abcdef".to_owned(),
            parts,
            dropped: vec![DroppedView {
                kind: "history".to_owned(),
                label: HOSTILE.to_owned(),
                tokens: 1_822,
                reason: "window".to_owned(),
            }],
        }
    }

    #[test]
    fn nothing_of_a_prompt_becomes_markup() {
        let view = explained(vec![part("canon", 506), part("history", 9)]);
        for language in Language::ALL {
            let page = html! {
                (shares(language, &view)) (parts(language, &view)) (texts(language, &view.parts))
                (dropped(language, &view.dropped))
            }
            .into_string();
            assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
            assert!(page.contains("506") && page.contains("515") && page.contains("1,822"), "{page}");
        }
    }

    #[test]
    fn every_kind_and_reason_has_words() {
        let kinds = [
            "contract", "canon", "rules", "summary", "history", "facts", "tone", "intent", "ooc", "query",
            "input", "framing",
        ];
        for kind in kinds {
            assert!(super::super::TEXTS.has(Language::ZhCn, &format!("part-{kind}")), "{kind}");
            assert!((1..=KINDS).contains(&colour(kind)));
        }
        for reason in ["budget", "window", "no_reply"] {
            assert!(super::super::TEXTS.has(Language::ZhCn, &format!("dropped-{reason}")), "{reason}");
        }
    }

    #[test]
    fn shares_are_rounded_to_whole_percents() {
        for (tokens, whole, expected) in
            [(1, 3, "33 %"), (2, 3, "67 %"), (0, 0, "0 %"), (5, 5, "100 %"), (1, 999, "<1 %")]
        {
            assert_eq!(percent(tokens, whole), expected);
        }
    }
}
