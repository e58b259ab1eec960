//! The review in words: by template, or by a model whose reply is read with care.
//!
//! Both have the fact sheet as their only source. The template is what stands when no model is there: it varies with the
//! facts and never by chance, so that the same match always reads the same.

use serde::{Deserialize, Serialize};

use crate::fact_sheet::{About, FactSheet, Metric, Scope};
use crate::mode::Mode;
use crate::names::Language;
use crate::report::Outcome;

mod chinese;
mod english;
pub(crate) mod moments;
mod prompt;
mod reply;
mod team;
pub(crate) mod words;

pub use prompt::{Context, PromptParts, Variant, prompt};
pub use reply::{ModelNarrative, REPLY_LIMIT_BYTES, ReplyError, parse_reply};

/// The longest narrative of one player, in characters.
pub const SINGLE_LIMIT_CHARS: usize = 1_800;

/// The longest narrative of a team, in characters.
pub const TEAM_LIMIT_CHARS: usize = 900;

/// How the reader wants to be spoken to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// To the point, numbers first.
    Competitive,
    /// Like a friend.
    Casual,
    /// In between.
    #[default]
    Balanced,
}

/// How much the reader wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    /// A few sentences.
    Concise,
    /// Everything worth saying.
    #[default]
    Detailed,
}

/// How a narrative is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Style {
    /// How the reader is spoken to.
    pub tone: Tone,
    /// How much is said.
    pub detail: Detail,
}

impl Style {
    /// The style of stored settings; unknown words mean the default.
    #[must_use]
    pub fn of_settings(tone: &str, detail: &str) -> Self {
        let tone = match tone {
            "competitive" => Tone::Competitive,
            "casual" => Tone::Casual,
            _ => Tone::Balanced,
        };
        Self { tone, detail: if detail == "concise" { Detail::Concise } else { Detail::Detailed } }
    }
}

/// A narrative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Narrative {
    /// Plain text with line breaks.
    pub text: String,
    /// Its language.
    pub language: Language,
}

/// The narrative from the facts alone.
#[must_use]
pub fn template(sheet: &FactSheet, style: Style) -> Narrative {
    let (paragraphs, limit) = match (sheet.scope, sheet.language) {
        (Scope::Team, _) => (team::paragraphs(sheet, style), TEAM_LIMIT_CHARS),
        (Scope::Player, Language::ZhCn) => (chinese::paragraphs(sheet, style), SINGLE_LIMIT_CHARS),
        (Scope::Player, Language::En) => (english::paragraphs(sheet, style), SINGLE_LIMIT_CHARS),
    };
    Narrative { text: joined(paragraphs, limit), language: sheet.language }
}

/// The paragraphs that fit, whole ones only; the first always, cut if need be.
fn joined(paragraphs: Vec<String>, limit_chars: usize) -> String {
    let mut text = String::new();
    let mut length = 0;
    for paragraph in paragraphs.into_iter().filter(|paragraph| !paragraph.is_empty()) {
        let chars = paragraph.chars().count() + usize::from(length > 0);
        if length + chars > limit_chars {
            if length == 0 {
                return paragraph.chars().take(limit_chars).collect();
            }
            continue;
        }
        if length > 0 {
            text.push('\n');
        }
        text.push_str(&paragraph);
        length += chars;
    }
    text
}

/// What kind of story a match allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Story {
    /// It ended before it counted.
    Unplayed,
    /// Numbers without a score.
    Record,
    /// A score with reasons.
    Scored,
}

fn story(sheet: &FactSheet) -> Story {
    use crate::score::Partial;
    let cut_off = sheet.partial.iter().any(|partial| matches!(partial, Partial::Remake | Partial::Aborted));
    if sheet.result == Outcome::Remake || cut_off {
        Story::Unplayed
    } else if sheet.own(Metric::Total).is_none() || sheet.mode == Mode::Other {
        Story::Record
    } else {
        Story::Scored
    }
}

/// Whether the result is one to be glad of: a win, or the upper half of an Arena.
fn did_well(sheet: &FactSheet) -> bool {
    match sheet.result {
        Outcome::Win => true,
        Outcome::Placement(place) => {
            let sides = sheet.number(About::Match, Metric::Sides).unwrap_or_default();
            f64::from(place) * 2.0 <= sides
        }
        _ => false,
    }
}
