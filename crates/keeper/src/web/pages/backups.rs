//! Backups on the page: each in each of its stores, what needs somebody first.

use std::{cmp::Reverse, time::Duration};

use jiff::Timestamp;
use keeper_core::{
    freshness::{Failing, Level, Reason, Taken},
    plan::{backup::StoreKind, value::Period},
};
use maud::{Markup, html};
use ui::{
    Arg, Language,
    components::{Column, State as Mark, badge, empty_state, notice, table},
    time::{duration_text, relative_time, relative_words},
};

use super::{size_text, text, text_with};
use crate::scheduler::BackupState;

/// A finding on the page is no longer than this; the ledger has all of it.
const WORDS: usize = 240;

/// Backups that cannot be relied on, loud; nothing when there are none.
pub(super) fn needs(language: Language, backups: &[BackupState], now: Timestamp) -> Markup {
    let red: Vec<&BackupState> = backups.iter().filter(|state| state.verdict.level == Level::Red).collect();
    let why = |state: &BackupState| state.verdict.reasons.first().map(|it| reason(language, it, now));
    html! {
        @if !red.is_empty() {
            (notice(Mark::Error, &text(language, "backups-red"), &html! {
                ul { @for state in &red {
                    li {
                        a href=(format!("#{}", anchor(state))) { code { (state.backup) } } " "
                        (text_with(language, "in-store", &[("store", Arg::from(&state.store))]))
                        @if let Some(owner) = &state.owner { " · " (text(language, "owner")) " " (owner) }
                        div { (why(state).unwrap_or_default()) }
                    }
                } }
            }))
        }
    }
}

/// Whether none of them needs anybody.
pub(super) fn are_calm(backups: &[BackupState]) -> bool {
    backups.iter().all(|state| state.verdict.level < Level::Red)
}

/// Every backup of the plans in each of its stores, the worst first.
pub(super) fn section(language: Language, backups: &[BackupState], now: Timestamp) -> Markup {
    let mut sorted: Vec<&BackupState> = backups.iter().collect();
    sorted.sort_by_key(|state| Reverse(state.verdict.level));
    let rows: Vec<Vec<Markup>> = sorted.into_iter().map(|state| row(language, state, now)).collect();
    let columns = [
        Column::text(text(language, "backup")),
        Column::text(text(language, "store")),
        Column::text(text(language, "state")),
        Column::text(text(language, "newest-proved")),
        Column::text(text(language, "newest")),
        Column::figures(text(language, "count")),
    ];
    html! {
        section id="backups" {
            h2 { (text(language, "backups")) }
            @if rows.is_empty() {
                (empty_state(&text(language, "backups-none"), &text(language, "backups-none-text"), None))
            } @else {
                (table(&text(language, "backups"), &columns, &rows))
            }
        }
    }
}

fn row(language: Language, state: &BackupState, now: Timestamp) -> Vec<Markup> {
    let kind = match state.kind {
        StoreKind::Local => "kind-local",
        StoreKind::Cloud => "kind-cloud",
        StoreKind::OffSite => "kind-off-site",
        StoreKind::Git => "kind-git",
    };
    vec![
        html! {
            div id=(anchor(state)) {
                code { (state.backup) }
                @if let Some(title) = &state.title { div.soft { (title) } }
            }
        },
        html! { div { (state.store) div.soft { (text(language, kind)) } } },
        html! {
            div {
                (verdict(language, state.verdict.level))
                @for why in &state.verdict.reasons { div.soft.words { (reason(language, why, now)) } }
            }
        },
        proved(language, state.proved.as_ref(), now),
        newest(language, state.newest.as_ref(), now),
        html! { (state.count) },
    ]
}

fn proved(language: Language, proved: Option<&Taken>, now: Timestamp) -> Markup {
    let Some(proved) = proved else { return html! { "–" } };
    let took = proved.proof.as_ref().map(|proof| duration_text(Duration::from_millis(proof.duration_ms)));
    html! {
        div {
            (relative_time(language, proved.taken_at, now))
            @if let Some(took) = took {
                div.soft { (text_with(language, "restored-in", &[("took", Arg::from(took))])) }
            }
        }
    }
}

fn newest(language: Language, newest: Option<&Taken>, now: Timestamp) -> Markup {
    let Some(newest) = newest else { return html! { "–" } };
    let size = newest.size_bytes.map(size_text);
    let added = newest.added_bytes.map(size_text);
    html! {
        div {
            (relative_time(language, newest.taken_at, now))
            @if let (Some(size), Some(added)) = (size, added) {
                div.soft { (text_with(language, "size-added", &[("size", Arg::from(size)), ("added", Arg::from(added))])) }
            }
        }
    }
}

fn verdict(language: Language, level: Level) -> Markup {
    let mark = match level {
        Level::Green => Mark::Ok,
        Level::Amber => Mark::Warning,
        Level::Red => Mark::Error,
    };
    badge(mark, &text(language, &format!("verdict-{}", level.word())))
}

/// Where the red line leads.
fn anchor(state: &BackupState) -> String {
    format!("backup-{}-{}", state.backup.replace('/', "-"), state.store)
}

/// A reason in the reader's language.
fn reason(language: Language, reason: &Reason, now: Timestamp) -> String {
    let when = |at: &Timestamp| Arg::from(relative_words(language, *at, now));
    let words = |text: &str| Arg::from(text.chars().take(WORDS).collect::<String>());
    let with = |id: &str, args: &[(&str, Arg<'_>)]| text_with(language, id, args);
    match reason {
        Reason::NeverTaken => text(language, "reason-never-taken"),
        Reason::NeverProved => text(language, "reason-never-proved"),
        Reason::NewestNotProved { taken_at } => with("reason-newest-not-proved", &[("when", when(taken_at))]),
        Reason::Failing(it) => failing(language, "reason-failing", it, now),
        Reason::FailingTooLong(it) => failing(language, "reason-failing-too-long", it, now),
        Reason::OlderIsBad { taken_at, finding } => {
            with("reason-older-is-bad", &[("when", when(taken_at)), ("finding", words(finding))])
        }
        Reason::ProofFailed { taken_at, finding } => {
            with("reason-proof-failed", &[("when", when(taken_at)), ("finding", words(finding))])
        }
        Reason::Stale { taken_at, limit } => {
            let limit = Arg::from(period(language, *limit));
            with("reason-stale", &[("when", when(taken_at)), ("limit", limit)])
        }
        Reason::Unproved { since, limit } => {
            let limit = Arg::from(period(language, *limit));
            with("reason-unproved", &[("when", when(since)), ("limit", limit)])
        }
        Reason::Damaged { taken_at, damage } => {
            with("reason-damaged", &[("when", when(taken_at)), ("damage", words(damage))])
        }
    }
}

fn failing(language: Language, id: &str, failing: &Failing, now: Timestamp) -> String {
    let args = [
        ("times", Arg::from(failing.times)),
        ("since", Arg::from(relative_words(language, failing.since, now))),
        ("cause", Arg::from(failing.cause.chars().take(WORDS).collect::<String>())),
        ("tolerance", Arg::from(period(language, failing.tolerance))),
    ];
    text_with(language, id, &args)
}

/// A length of time in the largest unit that divides it.
fn period(language: Language, period: Period) -> String {
    let seconds = period.as_seconds();
    let units = [("period-days", 86_400), ("period-hours", 3_600), ("period-minutes", 60)];
    let whole = units.iter().find(|(_, size)| seconds > 0 && seconds.is_multiple_of(*size));
    let (id, size) = whole.copied().unwrap_or(("period-seconds", 1));
    text_with(language, id, &[("count", Arg::from(u64::from(seconds / size)))])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every reason in a language, one a line.
    fn told(language: Language) -> String {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let taken_at = now - jiff::SignedDuration::from_hours(10);
        let it = |times| Failing {
            since: taken_at,
            times,
            cause: "403 Forbidden".to_owned(),
            tolerance: Period::days(1),
        };
        let (finding, limit) = ("sessions has 11 rows, 12 were counted".to_owned(), Period::minutes(90));
        let all = [
            Reason::NeverTaken,
            Reason::NeverProved,
            Reason::NewestNotProved { taken_at },
            Reason::Failing(it(1)),
            Reason::FailingTooLong(it(3)),
            Reason::OlderIsBad { taken_at, finding: finding.clone() },
            Reason::ProofFailed { taken_at, finding },
            Reason::Stale { taken_at, limit: Period::days(1) },
            Reason::Unproved { since: taken_at, limit },
            Reason::Damaged { taken_at, damage: "row 3 missing from index".to_owned() },
        ];
        let lines: Vec<String> = all.iter().map(|it| reason(language, it, now)).collect();
        lines.join("\n")
    }

    #[test]
    fn reasons_are_told_in_both_languages() {
        insta::assert_snapshot!(told(Language::En));
        insta::assert_snapshot!(told(Language::ZhCn));
    }
}
