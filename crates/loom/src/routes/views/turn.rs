//! Turns and what came with them.

use loom_core::turn::Answer;
use serde::Serialize;
use utoipa::ToSchema;

use super::{rfc3339, usd, word};
use crate::{
    ids::{SessionId, TurnId},
    play::{InterventionNote, TurnNotes},
    store::turns::Turn,
};

/// A turn.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TurnView {
    /// Primary key.
    pub id: TurnId,
    /// Whose tree it is in.
    pub session_id: SessionId,
    /// The turn before it.
    pub parent_id: Option<TurnId>,
    /// Depth on its path, from 1.
    pub number: i64,
    /// The client's key.
    pub key: String,
    /// `story` or `interventions`.
    pub kind: String,
    /// What the player wrote, whole.
    pub input: String,
    /// The same without interventions.
    pub story: String,
    /// What was told.
    pub reply: String,
    /// Questions with their answers.
    pub answers: Vec<AnswerView>,
    /// What was asked for beside the story, and what became of it.
    pub interventions: Vec<InterventionNote>,
    /// Set when a RETCON opened a branch with this turn.
    pub retcon: Option<RetconView>,
    /// Set when no model told it.
    pub degraded: Option<DegradedView>,
    /// The token limit cut the reply short.
    pub cut_short: bool,
    /// Who told it.
    pub provider: String,
    /// Which model told it.
    pub model: String,
    /// The canon version it was played under.
    pub canon_hash: String,
    /// Tokens sent.
    pub input_tokens: i64,
    /// Tokens told.
    pub output_tokens: i64,
    /// The provider counted the tokens; otherwise they are estimates.
    pub usage_exact: bool,
    /// What it cost.
    pub cost_usd: f64,
    /// From the request to the last word.
    pub latency_ms: i64,
    /// RFC 3339.
    pub created_at: String,
    /// All tellings of this moment, oldest first, itself included; only in lists and on the turn itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub siblings: Vec<TurnId>,
}

/// A question and its answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AnswerView {
    /// As asked.
    pub question: String,
    /// The words to show.
    pub answer: String,
    /// `narrator`, `quotation` or `silence`.
    pub by: String,
    /// The canon passages, as `file:line`.
    pub sources: Vec<String>,
}

/// Why no model told a turn.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DegradedView {
    /// Stable code.
    pub code: String,
    /// What each provider said.
    pub provider_errors: Vec<String>,
}

/// What a RETCON did.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RetconView {
    /// The branch that was opened.
    pub branch: String,
    /// The branch that was left.
    pub from_branch: String,
    /// The turn that the new branch goes on from.
    pub at_turn: String,
    /// That turn's number.
    pub at_number: u64,
    /// Later turns of the branch that was left which lean on what was changed.
    pub affected: Vec<String>,
}

impl From<Answer> for AnswerView {
    fn from(answer: Answer) -> Self {
        Self {
            question: answer.question,
            answer: answer.answer,
            by: word(answer.by),
            sources: answer.sources.iter().map(|source| format!("{}:{}", source.path, source.line)).collect(),
        }
    }
}

impl From<Turn> for TurnView {
    fn from(turn: Turn) -> Self {
        let notes = TurnNotes::from_json(&turn.notes);
        let retcon = notes.retcon.map(|retcon| RetconView {
            branch: retcon.branch,
            from_branch: retcon.from_branch,
            at_turn: retcon.at_turn,
            at_number: retcon.plan.turn_number,
            affected: retcon.affected,
        });
        Self {
            id: turn.id,
            session_id: turn.session_id,
            parent_id: turn.parent_id,
            number: turn.number,
            key: turn.turn_key,
            kind: turn.kind,
            input: turn.input,
            story: turn.story,
            reply: turn.reply,
            answers: notes.answers.into_iter().map(AnswerView::from).collect(),
            interventions: notes.interventions,
            retcon,
            degraded: turn
                .degraded_code
                .map(|code| DegradedView { code, provider_errors: notes.provider_errors }),
            cut_short: notes.cut_short,
            provider: turn.provider,
            model: turn.model,
            canon_hash: turn.canon_hash,
            input_tokens: turn.input_tokens,
            output_tokens: turn.output_tokens,
            usage_exact: turn.usage_exact,
            cost_usd: usd(turn.cost_microusd),
            latency_ms: turn.latency_ms,
            created_at: rfc3339(&turn.created_at),
            siblings: Vec::new(),
        }
    }
}

/// The answer to a played turn.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlayedView {
    /// The stored turn.
    pub turn: TurnView,
    /// The branch that ends in it now; null on a repeated request.
    pub branch: Option<String>,
    /// Whether this request repeated one that was answered before.
    pub replayed: bool,
}
