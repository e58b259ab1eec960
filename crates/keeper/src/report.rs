//! What a built-in action found: a verdict, a sentence for the ledger, a text for people, and JSON for programs.

use serde::Serialize;
use serde_json::Value;

/// The result of a built-in action.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Whether it is well.
    pub verdict: Verdict,
    /// One sentence.
    pub summary: String,
    /// The whole, for a terminal.
    #[serde(skip)]
    pub text: String,
    /// The whole, for programs.
    pub data: Value,
}

/// Whether something is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is.
    Good,
    /// It is not; the summary says why.
    Bad,
    /// There was nothing to look at, or no means to.
    Skipped,
}

impl Verdict {
    /// Of two things together: not well when one is not, skipped only when both were.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Bad, _) | (_, Self::Bad) => Self::Bad,
            (Self::Good, _) | (_, Self::Good) => Self::Good,
            _ => Self::Skipped,
        }
    }
}

impl Report {
    /// There was nothing to look at, for this reason.
    pub fn skipped(reason: impl Into<String>) -> Self {
        let summary = reason.into();
        Self { verdict: Verdict::Skipped, text: format!("{summary}\n"), summary, data: Value::Null }
    }
}
