//! Every outcome, newest first or as the reader wants them.

use std::time::Duration;

use axum::extract::State;
use chassis::{http::Query, problem::Problem};
use jiff::Timestamp;
use maud::{Markup, html};
use ui::{
    Arg, Language, Viewer,
    components::{Column, empty_state, pager, table},
    time::{duration_text, relative_time},
};

use super::{
    choice::{self, Choice, Orders},
    name, named, outcome, page, plans, text, text_with,
};
use crate::{
    scheduler::Snapshot,
    store::runs::{self, RunRecord, Search, SortBy, outcome_of},
    web::App,
};

/// So many outcomes are one page.
const ROWS: u32 = 100;
/// Tasks whose title has the text, at most; more than these are hardly what is looked for.
const TITLES: usize = 100;
const ORDERS: Orders<'_> =
    &[("ended", true), ("ended", false), ("task", false), ("task", true), ("took", true), ("took", false)];
/// The words of the ledger, the loud ones first.
pub(super) const OUTCOMES: [&str; 6] = ["failed", "missed", "interrupted", "skipped", "caught_up", "ran"];

/// `GET /runs`.
pub(super) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Query(choice): Query<Choice>,
) -> Result<Markup, Problem> {
    let language = viewer.language;
    let snapshot = app.snapshot.borrow().clone();
    let (from, database) = ((choice.page() - 1) * ROWS, &app.state.database);
    // One more than is shown says whether there is another page.
    let found = runs::search(database, &wanted(&choice, &snapshot), ROWS + 1, from).await;
    let mut found = found.map_err(Problem::internal)?;
    let newer = (choice.page() > 1).then(|| choice.at_page(choice.page() - 1));
    let older = (found.len() > ROWS as usize).then(|| choice.at_page(choice.page() + 1));
    found.truncate(ROWS as usize);
    let shown =
        [("from", Arg::from(u64::from(from) + 1)), ("to", Arg::from(u64::from(from) + found.len() as u64))];
    let body = html! {
        div.page-head { h1 { (text(language, "runs-title")) } }
        (choice::form(language, "/runs", &choice, &plans(&snapshot), &OUTCOMES, ORDERS))
        @if found.is_empty() {
            (nothing(language, choice.is_narrow() || choice.page() > 1))
        } @else {
            (list(language, &found, &snapshot, app.state.clock.now(), Some(&choice)))
            @if newer.is_some() || older.is_some() {
                (pager(language, newer.as_deref(), older.as_deref(), &text_with(language, "rows-shown", &shown)))
            }
        }
    };
    Ok(page(&viewer, "/runs", "runs-title", body))
}

fn wanted(choice: &Choice, snapshot: &Snapshot) -> Search {
    let (by, descending) = choice.order(ORDERS);
    let text = choice.text();
    let lower = text.to_lowercase();
    let titled = snapshot.tasks.iter().filter(|task| name(task).to_lowercase().contains(&lower));
    let tasks =
        if text.is_empty() { Vec::new() } else { titled.map(|task| task.id.clone()).take(TITLES).collect() };
    let by = match by {
        "task" => SortBy::Task,
        "took" => SortBy::Took,
        _ => SortBy::Ended,
    };
    let plan = Some(choice.plan.clone()).filter(|plan| !plan.is_empty());
    Search { plan, outcome: outcome_of(&choice.outcome), text, tasks, by, descending }
}

fn nothing(language: Language, is_narrow: bool) -> Markup {
    if is_narrow {
        empty_state(&text(language, "found-none"), &text(language, "found-none-text"), None)
    } else {
        empty_state(&text(language, "last-none"), &text(language, "last-none-text"), None)
    }
}

/// Outcomes as a table, whose headings sort where a choice is given.
pub(super) fn list(
    language: Language,
    runs: &[RunRecord],
    snapshot: &Snapshot,
    now: Timestamp,
    choice: Option<&Choice>,
) -> Markup {
    let sorted = |column: Column, by: &str| match choice {
        Some(choice) => choice.column(column, by, ORDERS),
        None => column,
    };
    let columns = [
        sorted(Column::text(text(language, "when")), "ended"),
        sorted(Column::text(text(language, "task")), "task"),
        Column::text(text(language, "outcome")),
        sorted(Column::figures(text(language, "took")), "took"),
        Column::text(text(language, "why")),
    ];
    let row = |run: &RunRecord| {
        let took = run.duration_ms.map(|ms| duration_text(Duration::from_millis(ms)));
        vec![
            relative_time(language, run.ended_at, now),
            named(snapshot, run.occurrence.task.as_str()),
            outcome(language, run.outcome),
            html! { (took.unwrap_or_else(|| "–".to_owned())) },
            html! { span.soft.words { (run.detail) } },
        ]
    };
    let rows: Vec<Vec<Markup>> = runs.iter().map(row).collect();
    table(&text(language, "last"), &columns, &rows)
}
