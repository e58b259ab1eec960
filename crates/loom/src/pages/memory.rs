//! What a branch remembers: facts, tone, running summary, and every intervention with its outcome.

use axum::{Extension, extract::State};
use chassis::{
    http::{Json, Path, Query},
    problem::Problem,
};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;
use ui::{
    Arg, Language, PageShell, Viewer,
    components::{Column, State as Mark, badge, pager, table},
    time::relative_time,
};

use super::{Place, prose::paragraphs, shell, text, text_with, turn::encode};
use crate::{
    app::App,
    auth::Caller,
    ids::SessionId,
    routes::{
        sessions::{self as api, BranchQuery, PageQuery},
        views::{FactView, InterventionView, MemoryView, PageView},
    },
    store::sessions::Session,
};

/// Interventions on one page.
const INTERVENTIONS: usize = 50;

/// Which branch, and how far down the list of interventions.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MemoryQuery {
    branch: Option<String>,
    cursor: Option<String>,
}

/// `GET /sessions/{id}/memory`.
pub(super) async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    viewer: Viewer,
    Path(id): Path<SessionId>,
    Query(query): Query<MemoryQuery>,
) -> Result<Markup, Problem> {
    let session = api::owned(&app, &caller, &id).await?;
    let now = app.clock.now();
    let (state, who) = (State(app), Extension(caller.clone()));
    let branch = Query(BranchQuery { branch: query.branch });
    let Json(memory) = api::facts(state.clone(), who.clone(), Path(id.clone()), branch).await?;
    let page = Query(PageQuery { cursor: query.cursor.clone(), limit: Some(INTERVENTIONS) });
    let Json(asked) = api::interventions(state, who, Path(id), page).await?;
    let language = viewer.language;
    let body = html! {
        div.page-head {
            div {
                p.kicker { a href=(back(&session, &memory)) { (session.name) " · " (memory.branch) } }
                h1 { (text(language, "memory")) }
            }
        }
        (summary(language, &memory))
        (facts(language, &session, &memory.facts))
        (interventions(language, &session, &asked, now))
        @if query.cursor.is_some() || asked.next_cursor.is_some() {
            @let path = format!("/sessions/{}/memory?branch={}", session.id, encode(&memory.branch));
            @let older = asked.next_cursor.as_ref().map(|cursor| format!("{path}&cursor={}", encode(cursor)));
            (pager(language, query.cursor.is_some().then_some(path.as_str()), older.as_deref(), ""))
        }
    };
    let title = text(language, "memory");
    Ok(PageShell { main_class: "narrow", ..shell(&viewer, &caller, Place::Sessions, title, body) }.render())
}

fn back(session: &Session, memory: &MemoryView) -> String {
    format!("/sessions/{}?branch={}", session.id, encode(&memory.branch))
}

fn summary(language: Language, memory: &MemoryView) -> Markup {
    let through = [("number", Arg::Number(memory.summary_through as f64))];
    html! {
        dl.facts {
            dt { (text(language, "memory-tone")) }
            dd {
                @match &memory.tone {
                    Some(tone) => (tone),
                    None => span.faint { (text(language, "memory-tone-none")) },
                }
            }
        }
        section {
            h2 { (text(language, "memory-summary")) }
            @if memory.summary.trim().is_empty() { p.soft { (text(language, "memory-summary-none")) } }
            @else {
                p.faint { (text_with(language, "memory-summary-through", &through)) }
                div.prose { (paragraphs(&memory.summary)) }
            }
        }
    }
}

fn facts(language: Language, session: &Session, facts: &[FactView]) -> Markup {
    let columns =
        ["memory-subject", "memory-fact", "memory-since"].map(|id| Column::text(text(language, id)));
    let rows: Vec<Vec<Markup>> = facts
        .iter()
        .map(|fact| {
            let number = [("number", Arg::Number(fact.turn_number as f64))];
            let origin = text(language, &format!("fact-{}", fact.origin));
            vec![
                html! { strong { (fact.subject) } },
                html! { (fact.text) },
                html! {
                    span.nowrap {
                        a href=(format!("/sessions/{}/turns/{}/explain", session.id, fact.turn_id)) {
                            (text_with(language, "turn-number", &number))
                        }
                        " " span.faint { (origin) }
                    }
                },
            ]
        })
        .collect();
    html! {
        section {
            h2 { (text(language, "memory-facts")) }
            @if rows.is_empty() { p.soft { (text(language, "memory-facts-none")) } }
            @else { (table(&text(language, "memory-facts"), &columns, &rows)) }
        }
    }
}

fn interventions(
    language: Language,
    session: &Session,
    asked: &PageView<InterventionView>,
    now: Timestamp,
) -> Markup {
    html! {
        section {
            h2 { (text(language, "interventions")) }
            @if asked.items.is_empty() { p.soft { (text(language, "memory-interventions-none")) } }
            @else { ul.entry-list { @for row in &asked.items { (entry(language, session, row, now)) } } }
        }
    }
}

fn entry(language: Language, session: &Session, row: &InterventionView, now: Timestamp) -> Markup {
    let mark = if row.outcome == "applied" { Mark::Ok } else { Mark::Warning };
    let kind = text(language, &format!("intervention-{}", row.kind.to_lowercase()));
    html! {
        li.entry {
            p.entry-title {
                a href=(format!("/sessions/{}/turns/{}/explain", session.id, row.turn_id)) { (row.content) }
            }
            p.entry-meta {
                (badge(mark, &text(language, &format!("outcome-{}", row.outcome))))
                span { (kind) }
                @if mark != Mark::Ok && !row.detail.is_empty() { span { (row.detail) } }
                @if let Ok(at) = row.created_at.parse() { (relative_time(language, at, now)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::TurnId, settings::SessionSettings};

    const HOSTILE: &str = "<script>alert(1)</script>[x](javascript:alert(1))";

    fn session() -> Session {
        Session {
            id: SessionId("s".to_owned()),
            user_id: crate::ids::UserId("u".to_owned()),
            name: HOSTILE.to_owned(),
            canon: "small".to_owned(),
            settings: SessionSettings::default(),
            active_branch: "main".to_owned(),
            archived: false,
            turn_count: 1,
            cost_microusd: 0,
            created_at: String::new(),
            updated_at: String::new(),
            last_activity: String::new(),
        }
    }

    #[test]
    fn what_is_remembered_stays_text() {
        let fact = FactView {
            id: "f".to_owned(),
            subject: HOSTILE.to_owned(),
            text: HOSTILE.to_owned(),
            turn_id: "t".to_owned(),
            turn_number: 7,
            origin: "edit".to_owned(),
        };
        let row = InterventionView {
            id: "i".to_owned(),
            turn_id: TurnId("t".to_owned()),
            kind: "RETCON".to_owned(),
            content: HOSTILE.to_owned(),
            outcome: "denied".to_owned(),
            detail: HOSTILE.to_owned(),
            created_at: "2026-11-21T17:30:00Z".to_owned(),
        };
        let now = "2026-11-21T17:40:00Z".parse().unwrap();
        let memory = MemoryView {
            branch: HOSTILE.to_owned(),
            facts: Vec::new(),
            tone: Some(HOSTILE.to_owned()),
            summary: HOSTILE.to_owned(),
            summary_through: 3,
        };
        for language in Language::ALL {
            let page = html! {
                (summary(language, &memory)) (facts(language, &session(), std::slice::from_ref(&fact)))
                (entry(language, &session(), &row, now))
            }
            .into_string();
            assert!(!page.contains("<script") && !page.contains("href=\"javascript"), "{page}");
            assert!(page.contains('7') && page.contains("state-warning"), "{page}");
        }
    }
}
