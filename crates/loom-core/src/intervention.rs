//! The brackets a player writes between lines of story: what they ask for, and whether the canon lets them.

mod brackets;
mod detail;
mod keyword;
mod parse;
mod story;

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::access::{Grant, Permissions, Role};

pub use self::parse::{INTERVENTIONS_MAX, parse};

/// What an intervention asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InterventionKind {
    /// `(OOC: …)`: a word to the narrator, never narrated.
    Ooc,
    /// `[EDIT: subject: text]`: a fact from now on.
    Edit,
    /// `[RETCON: target: text]`: a change to what happened, on a new branch.
    Retcon,
    /// `[TONE: …]`: how to tell from now on.
    Tone,
    /// `[INTENT: …]`: what the player is after, this turn only.
    Intent,
    /// `[QUERY: …]`: a question answered beside the story.
    Query,
}

/// One bracket that was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intervention {
    /// What it asks for.
    pub kind: InterventionKind,
    /// What stands after the keyword's colon, trimmed.
    pub content: String,
    /// Bytes of the raw input it covers, brackets included.
    pub span: Range<usize>,
    /// The content taken apart.
    pub detail: Detail,
}

/// An intervention's content by kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// OOC, TONE, INTENT and QUERY: the text as it is.
    Note(String),
    /// EDIT.
    Edit {
        /// What the fact is about.
        subject: String,
        /// The fact.
        text: String,
    },
    /// RETCON.
    Retcon {
        /// What is to be told differently.
        target: RetconTarget,
        /// How.
        text: String,
    },
}

/// What a retcon changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetconTarget {
    /// A turn by its number: `#12`, `turn 12`, `第12回合`.
    Turn(u64),
    /// A fact by its subject.
    Subject(String),
}

/// A bracket that looks like an intervention and cannot be used as one. If it has an end it is taken out of the
/// story all the same (half an `EDIT` is no prose); without an end, or in the wrong kind of bracket, it stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputProblem {
    /// Stable name.
    pub code: String,
    /// Bytes of the raw input it is about.
    pub span: Range<usize>,
    /// For an English-speaking player.
    pub message_en: String,
    /// For a Chinese-speaking player.
    pub message_zh: String,
}

/// A player's input taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ParsedInput {
    /// What remains of the text, white space tidied. Reading it again gives the same and finds no intervention.
    pub story: String,
    /// In order of appearance.
    pub interventions: Vec<Intervention>,
    /// In order of appearance.
    pub problems: Vec<InputProblem>,
}

/// Whether an intervention goes ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It does.
    Allowed,
    /// The canon keeps it from this person; the turn goes on without it.
    Denied {
        /// The least that would do.
        needed: Grant,
        /// What the person is.
        have: Role,
    },
}

/// Whether the canon lets a person in `role` use an intervention of this kind.
pub fn decide(kind: InterventionKind, permissions: &Permissions, role: Role) -> Decision {
    let needed = match kind {
        InterventionKind::Ooc => permissions.ooc,
        InterventionKind::Edit => permissions.world_edit,
        InterventionKind::Retcon => permissions.retcon,
        InterventionKind::Tone => permissions.tone,
        InterventionKind::Intent => permissions.intent,
        InterventionKind::Query => permissions.query,
    };
    if needed.permits(role) { Decision::Allowed } else { Decision::Denied { needed, have: role } }
}

impl fmt::Display for InterventionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ooc => "OOC",
            Self::Edit => "EDIT",
            Self::Retcon => "RETCON",
            Self::Tone => "TONE",
            Self::Intent => "INTENT",
            Self::Query => "QUERY",
        })
    }
}
