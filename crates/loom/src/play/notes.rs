//! What is kept with a turn beside its words: interventions, answers, the retcon it was, why it is degraded.

use loom_core::{
    session::TurnSettings,
    turn::{Answer, RetconPlan},
};
use serde::{Deserialize, Serialize};

/// Stored as JSON with the turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TurnNotes {
    /// Every intervention of the input with what became of it.
    pub interventions: Vec<InterventionNote>,
    /// Questions with their answers.
    pub answers: Vec<Answer>,
    /// Set when this turn is the first of the branch that its RETCON opened.
    pub retcon: Option<RetconNote>,
    /// The plan of the RETCON that was in force, also when its turn is told again.
    pub retcon_plan: Option<RetconPlan>,
    /// What each provider that failed said, without secrets.
    pub provider_errors: Vec<String>,
    /// The token limit cut the reply short.
    pub cut_short: bool,
    /// The reply came from the cache.
    pub cached: bool,
    /// The turn this one is another telling of.
    pub regenerates: Option<String>,
    /// How the prompt was cut, for assembling it again.
    pub settings: Option<TurnSettings>,
    /// The model whose tokenizer counted.
    pub counted_for: String,
}

/// One intervention and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InterventionNote {
    /// `OOC`, `EDIT`, `RETCON`, `TONE`, `INTENT` or `QUERY`.
    pub kind: String,
    /// What stood in the brackets.
    pub content: String,
    /// `applied` or `denied`.
    pub outcome: String,
    /// Which role would be needed, when denied.
    pub needed: Option<String>,
}

/// What a RETCON did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetconNote {
    /// Where and what.
    pub plan: RetconPlan,
    /// The turn that the new branch begins after.
    pub at_turn: String,
    /// The branch that was opened.
    pub branch: String,
    /// The branch that was left.
    pub from_branch: String,
    /// Later turns of the branch that was left which lean on what was changed.
    pub affected: Vec<String>,
}

impl TurnNotes {
    /// Reads the stored form; notes of a newer program lose what this one does not know.
    #[must_use]
    pub fn from_json(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The stored form.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }
}
