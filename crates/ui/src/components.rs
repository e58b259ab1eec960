//! Parts of pages as plain functions that return markup; their classes are described in this crate's README.
//!
//! Every one works without JavaScript; none writes an inline style or script.

use maud::{Markup, html};

use crate::catalog::shell_catalog;
use crate::locale::Language;

pub mod confirm;
pub mod dialog;
pub mod icon;
pub mod list;

pub use confirm::{Confirmation, confirm};
pub use dialog::{dialog, drawer, open_button};
pub use icon::{Icon, icon};
pub use list::{Column, Order, Sort, Tab, pager, table, tabs};

pub use crate::problem::error_box;

/// A state, told by icon, word and colour together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Info,
    /// Needs attention.
    Warning,
    /// Did not work.
    Error,
    /// Being worked on.
    Working,
    /// Nothing to say: grey.
    Quiet,
}

impl State {
    /// The class that carries the colour: `state-ok`, `state-info`, ...
    pub fn class(self) -> &'static str {
        match self {
            State::Ok => "state-ok",
            State::Info => "state-info",
            State::Warning => "state-warning",
            State::Error => "state-error",
            State::Working => "state-working",
            State::Quiet => "state-quiet",
        }
    }

    /// The general word for it; prefer a more telling one of your own.
    pub fn word(self, language: Language) -> String {
        shell_catalog().text(language, self.class())
    }

    fn icon(self) -> Icon {
        match self {
            State::Ok => Icon::Check,
            State::Info => Icon::Info,
            State::Warning => Icon::Warning,
            State::Error => Icon::Error,
            State::Working => Icon::Clock,
            State::Quiet => Icon::Dot,
        }
    }
}

/// A small label with the state's icon.
pub fn badge(state: State, word: &str) -> Markup {
    html! { span.badge.(state.class()) { (icon(state.icon())) (word) } }
}

/// A box that stands out from the text. Errors are announced to screen readers at once.
pub fn notice(state: State, title: &str, content: &Markup) -> Markup {
    let role = if state == State::Error { "alert" } else { "note" };
    html! {
        div.notice.(state.class()) role=(role) {
            (icon(state.icon()))
            div { strong.notice-title { (title) } (content) }
        }
    }
}

/// A message that the script shows for a while in the corner; without script it stays where it is written.
pub fn toast(state: State, text: &str) -> Markup {
    html! { div.toast.(state.class()) data-toast { (icon(state.icon())) span { (text) } } }
}

/// What a list shows when it has nothing: why, and the one thing to do about it.
pub fn empty_state(title: &str, text: &str, action: Option<(&str, &str)>) -> Markup {
    html! {
        div.empty {
            (icon(Icon::Book))
            h2 { (title) }
            p { (text) }
            @if let Some((href, label)) = action { p { a.btn.btn-primary href=(href) { (label) } } }
        }
    }
}

/// Work in progress with its honest figure, for example `340 of 1200 turns`; without a total only that it runs.
pub fn progress(language: Language, label: &str, done: u64, total: Option<u64>, unit: &str) -> Markup {
    html! {
        div.progress {
            div.progress-line {
                span { (label) }
                @if let Some(total) = total {
                    span.figure {
                        (shell_catalog().text_with(
                            language,
                            "progress-figure",
                            &[("done", done.into()), ("total", total.into()), ("unit", unit.into())],
                        ))
                    }
                } @else {
                    span.figure { (done) " " (unit) }
                }
            }
            progress aria-label=(label) max=[total] value=[total.map(|total| done.min(total))] {}
        }
    }
}

/// A share of a whole as a thin bar with its words for screen readers; `kind` 1 to 6 chooses the colour.
pub fn share_bar(value: u64, whole: u64, kind: u8, words: &str) -> Markup {
    let permille = value.min(whole).saturating_mul(1000).checked_div(whole).unwrap_or(0);
    html! {
        svg.share-bar viewBox="0 0 1000 8" preserveAspectRatio="none" role="img" aria-label=(words) {
            rect.track width="1000" height="8" {}
            rect.(format!("share-{}", kind.clamp(1, 6))) width=(permille) height="8" {}
        }
    }
}

/// Several shares of a whole in one bar: `(value, kind, title)`; what is left of the whole stays empty.
pub fn stacked_bar(shares: &[(u64, u8, String)], whole: u64, words: &str) -> Markup {
    let sum: u64 = shares.iter().map(|(value, ..)| value).sum();
    let scale = |value: u64| value.saturating_mul(1000) / whole.max(sum).max(1);
    let starts = shares.iter().scan(0, |start, (value, ..)| {
        let here = *start;
        *start += value;
        Some(here)
    });
    html! {
        svg.share-bar.stacked viewBox="0 0 1000 8" preserveAspectRatio="none" role="img" aria-label=(words) {
            rect.track width="1000" height="8" {}
            @for ((value, kind, title), start) in shares.iter().zip(starts) {
                rect.(format!("share-{}", kind.clamp(&1, &6)))
                    x=(scale(start)) width=(scale(start + value) - scale(start)) height="8" { title { (title) } }
            }
        }
    }
}

/// A figure with its name, unit and an optional remark.
pub fn stat(label: &str, value: &str, unit: &str, remark: Option<&Markup>) -> Markup {
    html! {
        div.stat {
            dt { (label) }
            dd {
                span.stat-value { (value) }
                @if !unit.is_empty() { span.stat-unit { " " (unit) } }
                @if let Some(remark) = remark { div.stat-remark { (remark) } }
            }
        }
    }
}

/// A labelled form control. `control` must carry `id`; with a hint or an error also
/// `aria-describedby` naming `{id}-hint` or `{id}-error`.
pub fn field(id: &str, label: &str, control: &Markup, hint: Option<&str>, error: Option<&str>) -> Markup {
    html! {
        div.field.invalid[error.is_some()] {
            label for=(id) { (label) }
            (control)
            @if let Some(hint) = hint { p.hint id=(format!("{id}-hint")) { (hint) } }
            @if let Some(error) = error {
                p.field-error id=(format!("{id}-error")) { (icon(Icon::Error)) (error) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_never_colour_alone() {
        for state in [State::Ok, State::Info, State::Warning, State::Error, State::Working, State::Quiet] {
            let text = badge(state, &state.word(Language::ZhCn)).into_string();
            assert!(text.contains("<svg") && text.contains(state.class()), "{text}");
            assert!(!text.contains(">state-"), "{text}");
        }
    }

    #[test]
    fn progress_shows_the_figure() {
        let known = progress(Language::En, "Import", 340, Some(1200), "turns").into_string();
        assert!(
            known.contains("340 of 1200 turns") && known.contains("max=\"1200\" value=\"340\""),
            "{known}"
        );
        let unknown = progress(Language::En, "Import", 340, None, "turns").into_string();
        assert!(unknown.contains("340 turns") && !unknown.contains("max="), "{unknown}");
    }

    #[test]
    fn bars_stay_within_the_whole() {
        for (value, whole, width) in
            [(1, 4, "width=\"250\""), (9, 4, "width=\"1000\""), (1, 0, "width=\"0\"")]
        {
            let text = share_bar(value, whole, 1, "x").into_string();
            assert!(text.contains(&format!("class=\"share-1\" {width}")), "{text}");
        }
        let shares = [(100, 1, "a".to_owned()), (300, 2, "b".to_owned())];
        let text = stacked_bar(&shares, 800, "x").into_string();
        assert!(text.contains("x=\"0\" width=\"125\"") && text.contains("x=\"125\" width=\"375\""), "{text}");
    }

    #[test]
    fn the_parts_escape_what_they_show() {
        let hostile = "<script>alert(1)</script>\"'";
        let text = html! {
            (badge(State::Ok, hostile))
            (toast(State::Ok, hostile))
            (notice(State::Ok, hostile, &html! {}))
            (empty_state(hostile, hostile, Some((hostile, hostile))))
            (progress(Language::En, hostile, 1, Some(2), hostile))
            (share_bar(1, 2, 1, hostile))
            (stacked_bar(&[(1, 1, hostile.to_owned())], 2, hostile))
            (stat(hostile, hostile, hostile, None))
            (field(hostile, hostile, &html! {}, Some(hostile), Some(hostile)))
        }
        .into_string();
        assert!(!text.contains("<script") && !text.contains("\"'"), "{text}");
    }
}
