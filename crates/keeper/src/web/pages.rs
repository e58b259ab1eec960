//! The pages, and what they share: texts, navigation, the look of a problem, an outcome, a size.

mod backups;
mod choice;
mod now;
mod runs;
mod tasks;

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use axum::{Router, http::HeaderMap, response::IntoResponse, routing::get};
use chassis::{http::PageRenderer, problem::Problem};
use keeper_core::ledger::event::Outcome;
use maud::{Markup, html};
use ui::{
    Arg, Catalog, Language, NavItem, PageShell, ProblemText, Viewer,
    components::{State as Mark, badge},
};

use super::App;
use crate::{
    scheduler::{Snapshot, TaskState},
    store::runs::outcome_word,
};

/// The language of a page when the request names none.
pub(super) const DEFAULT_LANGUAGE: Language = Language::ZhCn;

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

fn text_with(language: Language, id: &str, args: &[(&str, Arg<'_>)]) -> String {
    TEXTS.text_with(language, id, args)
}

/// Every page.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(now::show))
        .route("/now", get(now::changing))
        .route("/tasks", get(tasks::show))
        .route("/runs", get(runs::show))
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
        ui::problem_page("keeper", &viewer, nav(&viewer, ""), &problem).into_response()
    })
}

/// A whole page; `path` is its own address.
fn page(viewer: &Viewer, path: &str, title: &str, body: Markup) -> Markup {
    let title = text(viewer.language, title);
    PageShell { nav: nav(viewer, path), ..PageShell::new("keeper", title, viewer, body) }.render()
}

fn nav(viewer: &Viewer, here: &str) -> Vec<NavItem> {
    let pages = [("/", "nav-now"), ("/tasks", "nav-tasks"), ("/runs", "nav-runs")];
    let item = |(path, id): (&str, &str)| {
        let href = format!("{path}{}", choice::language_query(viewer));
        NavItem::new(&href, text(viewer.language, id), path == here)
    };
    pages.into_iter().map(item).collect()
}

/// What people call a task, or else what it does.
fn name(task: &TaskState) -> &str {
    task.title.as_deref().unwrap_or(&task.does)
}

/// The id of a task, and what people call it where it is in a plan.
fn named(snapshot: &Snapshot, id: &str) -> Markup {
    let task = snapshot.tasks.iter().find(|task| task.id == id);
    html! { div { code { (id) } @if let Some(task) = task { div.soft { (name(task)) } } } }
}

/// Names of the plans, as their tasks begin.
fn plans(snapshot: &Snapshot) -> Vec<&str> {
    let names = snapshot.tasks.iter().filter_map(|task| Some((task.id.split_once('/')?.0, ())));
    names.collect::<BTreeMap<_, _>>().into_keys().collect()
}

fn outcome(language: Language, outcome: Outcome) -> Markup {
    let mark = match outcome {
        Outcome::Ran | Outcome::Skipped => Mark::Quiet,
        Outcome::CaughtUp => Mark::Info,
        Outcome::Missed | Outcome::Interrupted => Mark::Warning,
        Outcome::Failed => Mark::Error,
    };
    badge(mark, &outcome_text(language, outcome_word(outcome)))
}

/// The word of an outcome, by its word in the ledger.
fn outcome_text(language: Language, word: &str) -> String {
    text(language, &format!("outcome-{}", word.replace('_', "-")))
}

/// A size in the largest unit of which there is one: `3.0 GiB`.
fn size_text(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(size, _)| bytes >= *size) {
        Some((size, unit)) => format!("{:.1} {unit}", bytes as f64 / *size as f64),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_exists_in_both_languages_with_the_same_values() {
        let catalog = Catalog::new(&MESSAGES).unwrap();
        assert_eq!(catalog.missing(), Vec::<String>::new());
        for outcome in ["ran", "caught-up", "failed", "skipped", "missed", "interrupted", "never"] {
            assert!(catalog.has(Language::En, &format!("outcome-{outcome}")), "{outcome}");
        }
    }

    #[test]
    fn sizes_have_units() {
        for (bytes, expected) in [(0, "0 B"), (1_023, "1023 B"), (1 << 20, "1.0 MiB"), (3 << 30, "3.0 GiB")] {
            assert_eq!(size_text(bytes), expected);
        }
    }
}
