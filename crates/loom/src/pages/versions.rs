//! A world's versions, as turns were played under them, and what differs between two.

use axum::{Extension, extract::State};
use chassis::{
    http::{Json, Path, Query},
    problem::Problem,
};
use jiff::Timestamp;
use maud::{Markup, html};
use ui::{
    Arg, Language, PageShell, Viewer,
    components::{self, Column, State as Mark, badge, table},
    time::relative_time,
};

use super::{Place, shell, short_hash, text, text_with, turn::encode};
use crate::{
    app::App,
    auth::Caller,
    routes::{
        canons::{self as api, DiffQuery},
        views::{ChangeView, VersionView},
    },
};

/// `GET /canon/{key}/history`.
pub(super) async fn history(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    viewer: Viewer,
    Path(key): Path<String>,
) -> Result<Markup, Problem> {
    let loaded = api::loaded(&app, &key).await?;
    let now = app.clock.now();
    let current = loaded.canon.as_ref().map(|canon| canon.hash.clone());
    let Json(versions) = api::history(State(app), Path(key.clone())).await?;
    let language = viewer.language;
    let body = html! {
        (head(language, &key, &text(language, "canon-history")))
        p.lead { (text(language, "canon-history-text")) }
        @if versions.is_empty() {
            (components::empty_state(&text(language, "canon-history-none"),
                &text(language, "canon-history-none-text"), None))
        } @else { (versions_table(language, &key, &versions, current.as_deref(), now)) }
    };
    Ok(page(&viewer, &caller, text(language, "canon-history"), body))
}

fn page(viewer: &Viewer, caller: &Caller, title: String, body: Markup) -> Markup {
    PageShell { main_class: "narrow", ..shell(viewer, caller, Place::Canon, title, body) }.render()
}

fn head(language: Language, key: &str, title: &str) -> Markup {
    html! {
        div.page-head {
            div {
                p.kicker {
                    a href="/canon" { (text(language, "nav-canon")) } " · "
                    a href=(format!("/canon/{}", encode(key))) { (key) }
                }
                h1 { (title) }
            }
        }
    }
}

fn versions_table(
    language: Language,
    key: &str,
    versions: &[VersionView],
    current: Option<&str>,
    now: Timestamp,
) -> Markup {
    let columns = ["version-hash", "version-name", "version-seen", "version-compare"]
        .map(|id| Column::text(text(language, id)));
    let address = |from: &str, to: Option<&str>| {
        let to = to.map(|to| format!("&to={}", encode(to))).unwrap_or_default();
        format!("/canon/{}/diff?from={}{to}", encode(key), encode(from))
    };
    let rows: Vec<Vec<Markup>> = versions
        .iter()
        .enumerate()
        .map(|(place, version)| {
            let is_current = current == Some(version.hash.as_str());
            let before = versions.get(place + 1);
            vec![
                html! {
                    code { (short_hash(&version.hash)) }
                    @if is_current { " " (badge(Mark::Ok, &text(language, "version-current"))) }
                },
                html! {
                    (version.version)
                    @if let Some(commit) = &version.commit { " " code.faint { (short_hash(commit)) } }
                },
                html! { @if let Ok(at) = version.first_seen_at.parse() { (relative_time(language, at, now)) } },
                html! {
                    @if let Some(before) = before {
                        a href=(address(&before.hash, Some(&version.hash))) { (text(language, "diff-before")) }
                    }
                    @if before.is_some() && !is_current { " · " }
                    @if !is_current { a href=(address(&version.hash, None)) { (text(language, "diff-now")) } }
                },
            ]
        })
        .collect();
    table(&text(language, "canon-history"), &columns, &rows)
}

/// `GET /canon/{key}/diff`.
pub(super) async fn diff(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    viewer: Viewer,
    Path(key): Path<String>,
    Query(query): Query<DiffQuery>,
) -> Result<Markup, Problem> {
    let language = viewer.language;
    let version = |hash: Option<&String>, absent: &str| {
        hash.map_or_else(|| text(language, absent), |hash| short_hash(hash).to_owned())
    };
    let (from, to) = (version(query.from.as_ref(), "diff-newest"), version(query.to.as_ref(), "diff-disk"));
    let Json(changes) = api::diff(State(app), Path(key.clone()), Query(query)).await?;
    let between = [("from", Arg::Text(from.into())), ("to", Arg::Text(to.into()))];
    let body = html! {
        (head(language, &key, &text(language, "diff-title")))
        p.lead { (text_with(language, "diff-between", &between)) }
        @if changes.is_empty() { p { (text(language, "diff-none")) } }
        @for change in &changes { (change_section(language, change)) }
        p { a.btn-quiet href=(format!("/canon/{}/history", encode(&key))) { (text(language, "canon-history")) } }
    };
    Ok(page(&viewer, &caller, text(language, "diff-title"), body))
}

fn change_section(language: Language, change: &ChangeView) -> Markup {
    let mark = match change.kind.as_str() {
        "added" => Mark::Ok,
        "removed" => Mark::Error,
        _ => Mark::Info,
    };
    html! {
        section.change {
            h2 {
                (badge(mark, &text(language, &format!("change-{}", change.kind)))) " "
                (change.title) " "
                small.faint { (text(language, &format!("change-{}", change.what))) }
            }
            p.faint.mono { (change.path) ":" (change.line) }
            pre.diff { @for line in change.unified.lines() { (diff_line(line)) } }
        }
    }
}

fn diff_line(line: &str) -> Markup {
    let class = match line.chars().next() {
        Some('+') => "add",
        Some('-') => "del",
        Some('@') => "at",
        _ => "same",
    };
    html! { span class=(class) { (line) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_read_line_by_line_and_stays_text() {
        let change = ChangeView {
            kind: "changed".to_owned(),
            what: "rule".to_owned(),
            title: "<script>alert(1)</script>".to_owned(),
            path: "world.md".to_owned(),
            line: 9,
            unified: "@@ -1,1 +1,1 @@\n-old\n+<script>new</script>\n same".to_owned(),
        };
        for language in Language::ALL {
            let section = change_section(language, &change).into_string();
            assert!(!section.contains("<script"), "{section}");
            assert!(section.contains("<span class=\"del\">-old</span><span class=\"add\">"), "{section}");
        }
    }
}
