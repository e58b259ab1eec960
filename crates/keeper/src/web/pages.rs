//! The first page: what needs somebody, what is under way, what comes next, and what was done last.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{extract::State, http::HeaderMap, response::IntoResponse};
use chassis::{http::PageRenderer, problem::Problem};
use jiff::Timestamp;
use keeper_core::ledger::event::Outcome;
use maud::{Markup, html};
use ui::{
    Arg, Catalog, Language, NavItem, PageShell, ProblemText, Viewer,
    components::{Column, State as Mark, badge, empty_state, notice, stat, table},
    time::{duration_text, relative_time},
};

use super::App;
use crate::{
    scheduler::{Snapshot, TaskState},
    store::runs::{self, RunRecord, outcome_word},
};

/// The language of a page when the request names none.
pub(super) const DEFAULT_LANGUAGE: Language = Language::ZhCn;
/// So many times to come are shown.
const NEXT: usize = 12;
/// So many outcomes are shown.
const LAST: u32 = 30;

/// Message files, checked by a test.
const MESSAGES: [(Language, &str); 2] = [
    (Language::ZhCn, include_str!("../../locales/pages.zh-CN.ftl")),
    (Language::En, include_str!("../../locales/pages.en.ftl")),
];

/// The program's texts. A file that cannot be read leaves ids on the page; a test keeps that from happening.
static TEXTS: LazyLock<Catalog> = LazyLock::new(|| {
    Catalog::new(&MESSAGES).unwrap_or_else(|error| {
        tracing::error!(%error, "the message files cannot be read");
        Catalog::default()
    })
});

fn text(language: Language, id: &str) -> String {
    TEXTS.text(language, id)
}

/// `GET /`.
pub(super) async fn show(State(app): State<App>, viewer: Viewer) -> Result<Markup, Problem> {
    let language = viewer.language;
    let seen = Seen::read(&app).await?;
    let body = html! {
        div.page-head { h1 { (text(language, "title")) } }
        div hx-get="/now" hx-trigger="every 5s" { (content(language, &seen)) }
        p.soft { a href="/health" { (text(language, "health")) } " · " a href="/metrics" { (text(language, "metrics")) } }
    };
    let nav = nav(language, true);
    Ok(PageShell { nav, ..PageShell::new("keeper", text(language, "title"), &viewer, body) }.render())
}

/// `GET /now`: the changing part alone.
pub(super) async fn now(State(app): State<App>, viewer: Viewer) -> Result<Markup, Problem> {
    Ok(content(viewer.language, &Seen::read(&app).await?))
}

/// Renders a problem as a page in the reader's language.
pub(super) fn problem_renderer() -> PageRenderer {
    Arc::new(|problem: &Problem, request_id: &str, headers: &HeaderMap| {
        let viewer = Viewer::from_headers(headers, DEFAULT_LANGUAGE);
        let (happened, next) = match viewer.language {
            Language::En => (problem.detail.clone(), problem.action.clone()),
            Language::ZhCn => (text(viewer.language, "problem"), text(viewer.language, "problem-next")),
        };
        let problem = ProblemText {
            status: problem.status.as_u16(),
            code: problem.code,
            happened: &happened,
            kept: None,
            next: &next,
            request_id,
        };
        ui::problem_page("keeper", &viewer, nav(viewer.language, false), &problem).into_response()
    })
}

fn nav(language: Language, here: bool) -> Vec<NavItem> {
    vec![NavItem::new("/", text(language, "nav-now"), here)]
}

/// What one page shows.
struct Seen {
    now: Timestamp,
    snapshot: Arc<Snapshot>,
    last: Vec<RunRecord>,
    last_of_each: Vec<RunRecord>,
}

impl Seen {
    async fn read(app: &App) -> Result<Self, Problem> {
        let database = &app.state.database;
        let last = runs::newest(database, None, LAST).await.map_err(Problem::internal)?;
        let last_of_each = runs::last_of_each(database).await.map_err(Problem::internal)?;
        let snapshot = Arc::clone(&app.snapshot.borrow());
        Ok(Self { now: app.state.clock.now(), snapshot, last, last_of_each })
    }

    /// Tasks whose newest outcome somebody must be told of.
    fn alarming(&self) -> Vec<&RunRecord> {
        let planned: BTreeMap<&str, ()> =
            self.snapshot.tasks.iter().map(|task| (task.id.as_str(), ())).collect();
        let all = self.last_of_each.iter().filter(|run| run.outcome.is_alarming());
        all.filter(|run| planned.contains_key(run.occurrence.task.as_str())).collect()
    }

    /// Parts that the plans need and this keeper does not have, each with how many tasks wait for it.
    fn lacking(&self) -> BTreeMap<&str, usize> {
        let mut parts = BTreeMap::new();
        for part in self.snapshot.tasks.iter().filter_map(|task| task.missing_part.as_deref()) {
            *parts.entry(part).or_default() += 1;
        }
        parts
    }

    /// Work of people that should be done by now.
    fn overdue(&self) -> Vec<(&TaskState, Timestamp)> {
        let open = self.snapshot.tasks.iter().flat_map(|task| task.open.iter().map(move |open| (task, open)));
        open.filter_map(|(task, open)| Some((task, open.overdue_at.filter(|at| *at < self.now)?))).collect()
    }
}

fn content(language: Language, seen: &Seen) -> Markup {
    html! {
        (needs(language, seen))
        dl.stats { (figures(language, seen)) }
        (under_way(language, seen))
        (next(language, seen))
        (last(language, seen))
        section {
            h2 { (text(language, "backups")) }
            p.soft { (text(language, "backups-none")) }
        }
    }
}

/// What needs a person, loud and first; otherwise one calm line.
fn needs(language: Language, seen: &Seen) -> Markup {
    let (alarming, overdue) = (seen.alarming(), seen.overdue());
    let snapshot = &seen.snapshot;
    let lacking = seen.lacking();
    let calm = alarming.is_empty()
        && overdue.is_empty()
        && lacking.is_empty()
        && snapshot.refused.is_none()
        && snapshot.trouble.is_none();
    html! {
        @if calm { p { (badge(Mark::Ok, &text(language, "calm"))) } }
        @if let Some(trouble) = &snapshot.trouble {
            (notice(Mark::Error, &text(language, "ledger-broken"), &html! { p { (trouble) } }))
        }
        @if let Some(refused) = &snapshot.refused {
            (notice(Mark::Error, &text(language, "plan-refused"), &html! { pre { (refused) } }))
        }
        @if !lacking.is_empty() {
            (notice(Mark::Warning, &text(language, "lacking"), &html! {
                ul { @for (part, tasks) in &lacking { li { (part) ": " (tasks) } } }
            }))
        }
        @if !overdue.is_empty() {
            (notice(Mark::Warning, &text(language, "overdue"), &html! {
                ul { @for (task, at) in &overdue {
                    li { code { (task.id) } " " (name(task)) " · " (relative_time(language, *at, seen.now)) }
                } }
            }))
        }
        @if !alarming.is_empty() {
            (notice(Mark::Error, &text(language, "not-done"), &html! {
                ul { @for run in &alarming {
                    li {
                        code { (run.occurrence.task) } " " (outcome(language, run.outcome)) " "
                        (run.detail) " · " (relative_time(language, run.ended_at, seen.now))
                    }
                } }
            }))
        }
    }
}

fn figures(language: Language, seen: &Seen) -> Markup {
    let snapshot = &seen.snapshot;
    let looked = html! {
        @if let Some(at) = snapshot.looked_at {
            (text(language, "looked")) " " (relative_time(language, at, seen.now))
        }
    };
    let files = html! { (snapshot.files.join(", ")) };
    let rows = snapshot.head.map_or(0, |head| head.seq).to_string();
    let head = html! { @if let Some(head) = snapshot.head { code { (head.hash.to_string().get(..12).unwrap_or_default()) } } };
    html! {
        (stat(&text(language, "tasks"), &snapshot.tasks.len().to_string(), "", Some(&files)))
        (stat(&text(language, "ledger-rows"), &rows, "", Some(&head)))
        (stat(&text(language, "open"), &open_count(snapshot).to_string(), "", Some(&looked)))
    }
}

fn open_count(snapshot: &Snapshot) -> usize {
    snapshot.tasks.iter().map(|task| task.open.len()).sum()
}

fn under_way(language: Language, seen: &Seen) -> Markup {
    let columns = ["task", "what", "since", "state"].map(|id| Column::text(text(language, id)));
    let mut rows = Vec::new();
    for task in &seen.snapshot.tasks {
        for open in &task.open {
            let state = match open.overdue_at {
                Some(at) if at < seen.now => badge(Mark::Warning, &text(language, "overdue")),
                Some(_) => badge(Mark::Info, &text(language, "for-people")),
                None => badge(Mark::Working, &text(language, "runs")),
            };
            let since = relative_time(language, open.since, seen.now);
            rows.push(vec![html! { code { (task.id) } }, html! { (name(task)) }, since, state]);
        }
    }
    html! {
        @if !rows.is_empty() {
            section {
                h2 { (text(language, "under-way")) }
                (table(&text(language, "under-way"), &columns, &rows))
            }
        }
    }
}

fn next(language: Language, seen: &Seen) -> Markup {
    let columns = ["when", "task", "what"].map(|id| Column::text(text(language, id)));
    let mut due: Vec<(Timestamp, &TaskState)> =
        seen.snapshot.tasks.iter().filter_map(|task| Some((task.next_due?, task))).collect();
    due.sort_by(|one, other| (one.0, &one.1.id).cmp(&(other.0, &other.1.id)));
    let rows: Vec<Vec<Markup>> = due
        .into_iter()
        .take(NEXT)
        .map(|(at, task)| {
            let skipped =
                |part: &String| TEXTS.text_with(language, "will-be-skipped", &[("part", Arg::from(part))]);
            let what = html! {
                div {
                    (name(task))
                    @if let Some(part) = &task.missing_part { div.soft { (skipped(part)) } }
                }
            };
            vec![relative_time(language, at, seen.now), html! { code { (task.id) } }, what]
        })
        .collect();
    html! {
        section {
            h2 { (text(language, "next")) }
            @if rows.is_empty() { (empty_state(&text(language, "next-none"), &text(language, "next-none-text"), None)) }
            @else { (table(&text(language, "next"), &columns, &rows)) }
        }
    }
}

fn last(language: Language, seen: &Seen) -> Markup {
    let columns = ["when", "task", "outcome", "took", "why"].map(|id| Column::text(text(language, id)));
    let rows: Vec<Vec<Markup>> = seen
        .last
        .iter()
        .map(|run| {
            let took = run.duration_ms.map(|ms| duration_text(Duration::from_millis(ms)));
            vec![
                relative_time(language, run.ended_at, seen.now),
                html! { code { (run.occurrence.task) } },
                outcome(language, run.outcome),
                html! { (took.unwrap_or_else(|| "–".to_owned())) },
                html! { span.soft { (run.detail) } },
            ]
        })
        .collect();
    html! {
        section {
            h2 { (text(language, "last")) }
            @if rows.is_empty() { (empty_state(&text(language, "last-none"), &text(language, "last-none-text"), None)) }
            @else { (table(&text(language, "last"), &columns, &rows)) }
        }
    }
}

/// What people call a task, or else what it does.
fn name(task: &TaskState) -> &str {
    task.title.as_deref().unwrap_or(&task.does)
}

fn outcome(language: Language, outcome: Outcome) -> Markup {
    let mark = match outcome {
        Outcome::Ran => Mark::Quiet,
        Outcome::CaughtUp => Mark::Info,
        Outcome::Skipped => Mark::Quiet,
        Outcome::Missed | Outcome::Interrupted => Mark::Warning,
        Outcome::Failed => Mark::Error,
    };
    badge(mark, &text(language, &format!("outcome-{}", outcome_word(outcome).replace('_', "-"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_exists_in_both_languages_with_the_same_values() {
        let catalog = Catalog::new(&MESSAGES).unwrap();
        assert_eq!(catalog.missing(), Vec::<String>::new());
        for outcome in ["ran", "caught-up", "failed", "skipped", "missed", "interrupted"] {
            assert!(catalog.has(Language::En, &format!("outcome-{outcome}")), "{outcome}");
        }
    }
}
