//! A turn's prompt, part by part.

use loom_core::prompt::Prompt;
use serde::Serialize;
use utoipa::ToSchema;

use super::word;
use crate::{ids::TurnId, play::explain::Explanation, store::turns::Turn};

/// A prompt, explained.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplainView {
    /// The turn.
    pub turn_id: TurnId,
    /// Its number.
    pub number: i64,
    /// The sum of the parts.
    pub total_tokens: usize,
    /// What the prompt was allowed.
    pub budget_tokens: usize,
    /// Who counted.
    pub tokenizer: String,
    /// Whether the counts are the model's own.
    pub exact: bool,
    /// What the provider counted, when it did.
    pub provider_input_tokens: Option<i64>,
    /// Whether the parts are, byte for byte, what was sent.
    pub faithful: bool,
    /// The canon version.
    pub canon_hash: String,
    /// In order; empty when the canon version is gone.
    pub parts: Vec<PartView>,
    /// What was left out and why.
    pub dropped: Vec<DroppedView>,
}

/// One part of a prompt.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartView {
    /// What it is.
    pub kind: String,
    /// Which one of its kind.
    pub label: String,
    /// Whose message it is in.
    pub role: String,
    /// Its text.
    pub text: String,
    /// What it costs.
    pub tokens: usize,
    /// Whether that is the model's own figure.
    pub exact: bool,
    /// Where it stands in the canon, as `file:line`.
    pub sources: Vec<String>,
    /// The turn it comes from.
    pub turn_id: Option<String>,
}

/// A part that was left out.
#[derive(Debug, Serialize, ToSchema)]
pub struct DroppedView {
    /// What it would have been.
    pub kind: String,
    /// Which one.
    pub label: String,
    /// What it would have cost.
    pub tokens: usize,
    /// `budget`, `window` or `no_reply`.
    pub reason: String,
}

impl ExplainView {
    /// Puts a turn and its explanation together.
    #[must_use]
    pub fn new(turn: &Turn, explanation: Explanation) -> Self {
        // What the message format costs is nobody's text and always an estimate; it is labelled so in its own row.
        let counted = |prompt: &Prompt| prompt.parts.iter().all(|part| part.exact || part.text.is_empty());
        let exact = explanation.prompt.as_ref().is_some_and(counted);
        let (parts, dropped) = explanation.prompt.map(parts).unwrap_or_default();
        Self {
            turn_id: turn.id.clone(),
            number: turn.number,
            total_tokens: explanation.stored.total_tokens,
            budget_tokens: explanation.stored.budget,
            tokenizer: explanation.stored.tokenizer,
            exact,
            provider_input_tokens: turn.usage_exact.then_some(turn.input_tokens),
            faithful: explanation.faithful,
            canon_hash: turn.canon_hash.clone(),
            parts,
            dropped,
        }
    }
}

fn parts(prompt: Prompt) -> (Vec<PartView>, Vec<DroppedView>) {
    let parts = prompt.parts.into_iter().map(|part| PartView {
        kind: word(part.kind),
        label: part.label,
        role: word(part.role),
        text: part.text,
        tokens: part.tokens,
        exact: part.exact,
        sources: part.sources.iter().map(|it| format!("{}:{}", it.place.path, it.place.line)).collect(),
        turn_id: part.turn_id,
    });
    let dropped = prompt.dropped.into_iter().map(|it| DroppedView {
        kind: word(it.kind),
        label: it.label,
        tokens: it.tokens,
        reason: word(it.reason),
    });
    (parts.collect(), dropped.collect())
}
