//! The confirmation of a destructive action: the plan is read first, and a typed word is the second gesture.

use maud::{Markup, html};

use crate::catalog::shell_catalog;
use crate::locale::Language;

/// An action that destroys something. The server must compare the posted `confirm` with `word` itself: the browser's
/// check only helps the person.
#[derive(Debug, Clone)]
pub struct Confirmation<'a> {
    /// Unique on the page; names the input.
    pub id: &'a str,
    /// On the closed state: "Delete this session…".
    pub summary: &'a str,
    /// What will happen, with figures.
    pub plan: Markup,
    /// Where the form posts to.
    pub action: &'a str,
    /// Further hidden values of the form.
    pub hidden: &'a [(&'a str, &'a str)],
    /// What has to be typed, for instance the session's name. Sent as `confirm`.
    pub word: &'a str,
    /// On the button: "Delete 214 turns".
    pub button: &'a str,
}

/// A disclosure that holds the plan and the form. Works without JavaScript.
pub fn confirm(language: Language, confirmation: &Confirmation<'_>) -> Markup {
    let word = [("word", confirmation.word.into())];
    let mismatch = shell_catalog().text_with(language, "confirm-mismatch", &word);
    html! {
        details.confirm {
            summary.btn.btn-danger-quiet { (confirmation.summary) }
            div.confirm-plan {
                (confirmation.plan)
                form method="post" action=(confirmation.action) {
                    @for (name, value) in confirmation.hidden { input type="hidden" name=(name) value=(value); }
                    div.field {
                        label for=(confirmation.id) { (shell_catalog().text_with(language, "confirm-type", &word)) }
                        input.input id=(confirmation.id) name="confirm" type="text" required autocomplete="off"
                            autocapitalize="off" spellcheck="false"
                            pattern=(literal_pattern(confirmation.word)) title=(mismatch);
                    }
                    button.btn.btn-danger type="submit" { (confirmation.button) }
                }
            }
        }
    }
}

/// A pattern for the browser's `v`-flag expressions that matches exactly this text.
fn literal_pattern(word: &str) -> String {
    word.chars()
        .map(|letter| match letter {
            letter if letter.is_ascii_alphanumeric() || !letter.is_ascii() => letter.to_string(),
            letter => format!("\\u{:04x}", u32::from(letter)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_matched_literally() {
        assert_eq!(literal_pattern("雾港 1.0 (a|b)"), "雾港\\u00201\\u002e0\\u0020\\u0028a\\u007cb\\u0029");
    }

    #[test]
    fn the_plan_comes_before_the_button() {
        let text = confirm(
            Language::En,
            &Confirmation {
                id: "delete-word",
                summary: "Delete…",
                plan: html! { p { "214 turns" } },
                action: "/sessions/1/delete",
                hidden: &[("version", "7")],
                word: "Fog",
                button: "Delete 214 turns",
            },
        )
        .into_string();
        insta::assert_snapshot!(text);
    }
}
