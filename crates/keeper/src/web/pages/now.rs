//! The first page: what needs somebody, what is under way, the backups, what comes next, and what was done last.

use std::{collections::BTreeMap, sync::Arc};

use axum::extract::State;
use chassis::problem::Problem;
use jiff::Timestamp;
use maud::{Markup, html};
use ui::{
    Arg, Language, Viewer,
    components::{Column, State as Mark, badge, empty_state, notice, progress, stat, table},
    time::relative_time,
};

use super::{backups, choice, name, named, outcome, page, runs::list, text, text_with};
use crate::{
    scheduler::{OpenState, Snapshot, TaskState},
    store::runs::{self, RunRecord, Search},
    web::App,
};

/// So many times to come are shown.
const NEXT: usize = 12;
/// So many outcomes are shown.
const LAST: u32 = 12;
/// A unit is used when there are at least so many of it, so that the figure moves.
const FINE: u64 = 100;

/// `GET /`.
pub(super) async fn show(State(app): State<App>, viewer: Viewer) -> Result<Markup, Problem> {
    let language = viewer.language;
    let seen = Seen::read(&app, &viewer).await?;
    let address = format!("/now{}", seen.query);
    let body = html! {
        div.page-head { h1 { (text(language, "title")) } }
        div hx-get=(address) hx-trigger="every 5s" { (content(language, &seen)) }
        p.soft { a href="/health" { (text(language, "health")) } " · " a href="/metrics" { (text(language, "metrics")) } }
    };
    Ok(page(&viewer, "/", "title", body))
}

/// `GET /now`: the changing part alone.
pub(super) async fn changing(State(app): State<App>, viewer: Viewer) -> Result<Markup, Problem> {
    Ok(content(viewer.language, &Seen::read(&app, &viewer).await?))
}

/// What one page shows.
struct Seen {
    now: Timestamp,
    snapshot: Arc<Snapshot>,
    last: Vec<RunRecord>,
    last_of_each: Vec<RunRecord>,
    /// What its links have to say of the language.
    query: String,
}

impl Seen {
    async fn read(app: &App, viewer: &Viewer) -> Result<Self, Problem> {
        let database = &app.state.database;
        let newest = Search { descending: true, ..Search::default() };
        let last = runs::search(database, &newest, LAST, 0).await.map_err(Problem::internal)?;
        let last_of_each = runs::last_of_each(database).await.map_err(Problem::internal)?;
        let snapshot = Arc::clone(&app.snapshot.borrow());
        let query = choice::language_query(viewer);
        Ok(Self { now: app.state.clock.now(), snapshot, last, last_of_each, query })
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
        (backups::section(language, &seen.snapshot.backups, seen.now))
        (next(language, seen))
        (last(language, seen))
    }
}

/// What needs a person, loud and first; otherwise one calm line.
fn needs(language: Language, seen: &Seen) -> Markup {
    let (alarming, overdue) = (seen.alarming(), seen.overdue());
    let snapshot = &seen.snapshot;
    let lacking = seen.lacking();
    let calm = alarming.is_empty()
        && overdue.is_empty()
        && backups::are_calm(&snapshot.backups)
        && lacking.is_empty()
        && snapshot.refused.is_none()
        && snapshot.trouble.is_none();
    html! {
        @if calm { p { (badge(Mark::Ok, &text(language, "calm"))) } }
        (backups::needs(language, &snapshot.backups, seen.now))
        @if let Some(trouble) = &snapshot.trouble {
            (notice(Mark::Error, &text(language, "ledger-broken"), &html! { p { (trouble) } }))
        }
        @if let Some(refused) = &snapshot.refused {
            (notice(Mark::Error, &text(language, "plan-refused"), &html! { pre { (refused) } }))
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
    let columns = ["task", "since", "state"].map(|id| Column::text(text(language, id)));
    let mut rows = Vec::new();
    for task in &seen.snapshot.tasks {
        for open in &task.open {
            let since = relative_time(language, open.since, seen.now);
            rows.push(vec![named(&seen.snapshot, &task.id), since, how_far(language, task, open, seen.now)]);
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

/// Whose turn it is, and how far a run has come that can tell.
fn how_far(language: Language, task: &TaskState, open: &OpenState, now: Timestamp) -> Markup {
    match (open.overdue_at, open.progress) {
        (Some(at), _) if at < now => badge(Mark::Warning, &text(language, "overdue")),
        (Some(_), _) => badge(Mark::Info, &text(language, "for-people")),
        (None, None) => badge(Mark::Working, &text(language, "runs")),
        (None, Some((done, total))) => {
            let (size, unit) = fine_unit(total);
            html! {
                div title=(task.id) {
                    (progress(language, &text(language, "runs"), done / size, Some(total.div_ceil(size)), unit))
                }
            }
        }
    }
}

/// The largest unit of which there are many.
fn fine_unit(bytes: u64) -> (u64, &'static str) {
    let units = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    units.into_iter().find(|(size, _)| bytes / size >= FINE).unwrap_or((1, "B"))
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
                |part: &String| text_with(language, "will-be-skipped", &[("part", Arg::from(part))]);
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
            p { a href=(format!("/tasks{}", seen.query)) { (text(language, "all-tasks")) } }
        }
    }
}

fn last(language: Language, seen: &Seen) -> Markup {
    html! {
        section {
            h2 { (text(language, "last")) }
            @if seen.last.is_empty() {
                (empty_state(&text(language, "last-none"), &text(language, "last-none-text"), None))
            } @else {
                (list(language, &seen.last, &seen.snapshot, seen.now, None))
                p { a href=(format!("/runs{}", seen.query)) { (text(language, "all-runs")) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(open: &OpenState) -> String {
        let task = TaskState {
            id: "loom/backup/full".to_owned(),
            title: None,
            schedule: "daily 02:00".to_owned(),
            zone: "UTC".to_owned(),
            does: "back up full".to_owned(),
            missing_part: None,
            human: false,
            owner: None,
            next_due: None,
            open: Vec::new(),
        };
        how_far(Language::En, &task, open, Timestamp::UNIX_EPOCH).into_string()
    }

    #[test]
    fn a_run_shows_how_far_it_has_come_if_it_can_tell() {
        let epoch = Timestamp::UNIX_EPOCH;
        let open = OpenState { due: epoch, since: epoch, attempt: 1, overdue_at: None, progress: None };
        assert!(shown(&open).contains("running") && !shown(&open).contains("progress"));
        let far = shown(&OpenState { progress: Some((3 << 30, 12 << 30)), ..open });
        assert!(far.contains("3072 of 12288 MiB") && far.contains("max=\"12288\" value=\"3072\""), "{far}");
        let human = shown(&OpenState { overdue_at: Some(Timestamp::MAX), ..open });
        assert!(human.contains("for people"), "{human}");
    }

    #[test]
    fn a_figure_moves_and_is_short() {
        for (bytes, expected) in [
            (5, (1, "B")),
            (200 << 10, (1 << 10, "KiB")),
            (12 << 30, (1 << 20, "MiB")),
            (300 << 30, (1 << 30, "GiB")),
        ] {
            assert_eq!(fine_unit(bytes), expected);
        }
    }
}
