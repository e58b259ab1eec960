//! Every task of the plans, with what it does, when it is due and how it went last.

use std::{cmp::Ordering, collections::BTreeMap};

use axum::extract::State;
use chassis::{http::Query, problem::Problem};
use jiff::Timestamp;
use maud::{Markup, html};
use ui::{
    Arg, Language, Viewer,
    components::{Column, State as Mark, badge, empty_state, pager, table},
    time::relative_time,
};

use super::{
    choice::{self, Choice, Orders},
    name, outcome, page, plans,
    runs::OUTCOMES,
    text, text_with,
};
use crate::{
    scheduler::TaskState,
    store::runs::{self, RunRecord, outcome_word},
    web::App,
};

/// So many tasks are one page.
const ROWS: usize = 200;
/// A task without an outcome.
const NEVER: &str = "never";
const ORDERS: Orders<'_> =
    &[("next", false), ("next", true), ("task", false), ("task", true), ("ended", true), ("ended", false)];

/// A task and its newest outcome.
type Known<'a> = (&'a TaskState, Option<&'a RunRecord>);

/// `GET /tasks`.
pub(super) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Query(choice): Query<Choice>,
) -> Result<Markup, Problem> {
    let language = viewer.language;
    let snapshot = app.snapshot.borrow().clone();
    let last = runs::last_of_each(&app.state.database).await.map_err(Problem::internal)?;
    let last: BTreeMap<&str, &RunRecord> =
        last.iter().map(|run| (run.occurrence.task.as_str(), run)).collect();
    let all = snapshot.tasks.iter().map(|task| (task, last.get(task.id.as_str()).copied()));
    let mut found: Vec<Known<'_>> = all.filter(|known| is_wanted(known, &choice)).collect();
    let (by, descending) = choice.order(ORDERS);
    found.sort_by(|one, other| compare(by, descending, one, other));
    let from = (choice.page() as usize - 1) * ROWS;
    let shown: Vec<Known<'_>> = found.iter().skip(from).take(ROWS).copied().collect();
    let newer = (choice.page() > 1).then(|| choice.at_page(choice.page() - 1));
    let older = (from + ROWS < found.len()).then(|| choice.at_page(choice.page() + 1));
    let outcomes: Vec<&str> = OUTCOMES.into_iter().chain([NEVER]).collect();
    let figures = [("found", Arg::from(found.len() as u64)), ("all", Arg::from(snapshot.tasks.len() as u64))];
    let summary = text_with(language, "tasks-found", &figures);
    let body = html! {
        div.page-head { h1 { (text(language, "tasks")) } }
        (choice::form(language, "/tasks", &choice, &plans(&snapshot), &outcomes, ORDERS))
        p.soft { (summary) }
        @if shown.is_empty() {
            (empty_state(&text(language, "found-none"), &text(language, "found-none-text"), None))
        } @else {
            (list(language, &shown, &choice, app.state.clock.now()))
            @if newer.is_some() || older.is_some() {
                (pager(language, newer.as_deref(), older.as_deref(), &summary))
            }
        }
    };
    Ok(page(&viewer, "/tasks", "tasks", body))
}

fn is_wanted((task, last): &Known<'_>, choice: &Choice) -> bool {
    let plan = task.id.split_once('/').map_or("", |(plan, _)| plan);
    let outcome = last.map_or(NEVER, |run| outcome_word(run.outcome));
    let text = choice.text().to_lowercase();
    let words = [task.id.as_str(), name(task), &task.does, task.owner.as_deref().unwrap_or_default()];
    let reason = last.map_or("", |run| &run.detail);
    (choice.plan.is_empty() || choice.plan == plan)
        && (choice.outcome.is_empty() || choice.outcome == outcome)
        && words.iter().chain([&reason]).any(|words| words.to_lowercase().contains(&text))
}

/// What has no time comes last, whichever end is first.
fn compare(by: &str, descending: bool, one: &Known<'_>, other: &Known<'_>) -> Ordering {
    let times = |known: &Known<'_>| match by {
        "next" => known.0.next_due,
        _ => known.1.map(|run| run.ended_at),
    };
    let turned = |ordering: Ordering| if descending { ordering.reverse() } else { ordering };
    let by_name = one.0.id.cmp(&other.0.id);
    if by == "task" {
        return turned(by_name);
    }
    let ordering = match (times(one), times(other)) {
        (Some(one), Some(other)) => turned(one.cmp(&other)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    ordering.then(by_name)
}

fn list(language: Language, tasks: &[Known<'_>], choice: &Choice, now: Timestamp) -> Markup {
    let column = |id: &str| Column::text(text(language, id));
    let columns = [
        choice.column(column("task"), "task", ORDERS),
        column("schedule"),
        column("owner"),
        choice.column(column("next-due"), "next", ORDERS),
        choice.column(column("last-outcome"), "ended", ORDERS),
    ];
    let rows: Vec<Vec<Markup>> = tasks.iter().map(|known| row(language, known, now)).collect();
    table(&text(language, "tasks"), &columns, &rows)
}

fn row(language: Language, (task, last): &Known<'_>, now: Timestamp) -> Vec<Markup> {
    let skipped = |part: &str| text_with(language, "will-be-skipped", &[("part", Arg::from(part))]);
    vec![
        html! {
            div {
                code { (task.id) }
                div.soft { (name(task)) }
                @if let Some(part) = &task.missing_part { div.soft { (skipped(part)) } }
            }
        },
        html! { div { code { (task.schedule) } div.soft { (task.zone) } } },
        html! { (task.owner.as_deref().unwrap_or("–")) },
        html! {
            div {
                @if let Some(at) = task.next_due { (relative_time(language, at, now)) } @else { "–" }
                @if !task.open.is_empty() { div { (badge(Mark::Working, &text(language, "under-way"))) } }
            }
        },
        html! {
            div {
                @if let Some(run) = last {
                    (outcome(language, run.outcome)) " " (relative_time(language, run.ended_at, now))
                    div.soft.words { (run.detail) }
                } @else { (text(language, "outcome-never")) }
            }
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(id: &str, next_due: Option<&str>) -> TaskState {
        TaskState {
            id: id.to_owned(),
            title: Some("每日检查".to_owned()),
            schedule: "daily 02:00".to_owned(),
            zone: "UTC".to_owned(),
            does: "keeper health".to_owned(),
            missing_part: None,
            human: false,
            owner: Some("dba".to_owned()),
            next_due: next_due.map(|at| at.parse().unwrap()),
            open: Vec::new(),
        }
    }

    #[test]
    fn what_has_no_time_comes_last_either_way() {
        let tasks = [
            task("a/x", None),
            task("b/y", Some("2026-01-02T00:00:00Z")),
            task("c/z", Some("2026-01-01T00:00:00Z")),
        ];
        for (by, descending, expected) in [
            ("next", false, ["c/z", "b/y", "a/x"]),
            ("next", true, ["b/y", "c/z", "a/x"]),
            ("task", true, ["c/z", "b/y", "a/x"]),
            ("ended", true, ["a/x", "b/y", "c/z"]),
        ] {
            let mut known: Vec<Known<'_>> = tasks.iter().map(|task| (task, None)).collect();
            known.sort_by(|one, other| compare(by, descending, one, other));
            let found: Vec<&str> = known.iter().map(|(task, _)| task.id.as_str()).collect();
            assert_eq!(found, expected, "{by} {descending}");
        }
    }

    #[test]
    fn rows_are_chosen_by_plan_outcome_and_text() {
        let task = task("loom/check", None);
        let check = |plan: &str, outcome: &str, text: &str, expected: bool| {
            let choice = Choice {
                plan: plan.to_owned(),
                outcome: outcome.to_owned(),
                text: text.to_owned(),
                ..Choice::default()
            };
            assert_eq!(is_wanted(&(&task, None), &choice), expected, "{plan} {outcome} {text}");
        };
        check("", "", "", true);
        check("loom", "never", "检查", true);
        check("", "", "HEALTH", true);
        check("loo", "", "", false);
        check("", "ran", "", false);
        check("", "", "backup", false);
    }
}
