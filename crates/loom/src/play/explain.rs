//! Shows how a turn's prompt came about: its parts in order with their tokens, put together again from what is stored.

use std::sync::Arc;

use loom_core::{
    prompt::Prompt,
    turn::{self, TurnInput},
};
use serde::{Deserialize, Serialize};

use super::{PlayError, Player, TurnNotes, tree};
use crate::store::{
    sessions::Session,
    states,
    turns::{self, Turn},
};

/// What is kept of a prompt with its turn. The texts come back from the canon version and the turns before it, so
/// that a turn costs the disk little more than its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredOutline {
    /// SHA-256 over the messages that were sent.
    pub digest: String,
    /// The sum over the parts.
    pub total_tokens: usize,
    /// What the prompt was allowed.
    pub budget: usize,
    /// Who counted.
    pub tokenizer: String,
    /// How many parts it had.
    pub parts: usize,
}

impl StoredOutline {
    /// Of a prompt that is about to be sent.
    #[must_use]
    pub fn of(prompt: &Prompt) -> Self {
        Self {
            digest: prompt.digest(),
            total_tokens: prompt.total_tokens,
            budget: prompt.budget,
            tokenizer: prompt.tokenizer.clone(),
            parts: prompt.parts.len(),
        }
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }
}

/// A turn's prompt, explained.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What was stored when the turn was played.
    pub stored: StoredOutline,
    /// The prompt put together again; nothing when the canon version is gone.
    pub prompt: Option<Prompt>,
    /// Whether the prompt is, byte for byte, the one that was sent.
    pub faithful: bool,
    /// What else is kept with the turn.
    pub notes: TurnNotes,
}

/// Explains a stored turn.
pub async fn explain(player: &Player, session: &Session, told: &Turn) -> Result<Explanation, PlayError> {
    let stored: StoredOutline = serde_json::from_str(&told.outline).unwrap_or_default();
    let notes = TurnNotes::from_json(&told.notes);
    let prompt = assemble_again(player, session, told, &notes).await?;
    let faithful = prompt.as_ref().is_some_and(|prompt| prompt.digest() == stored.digest);
    Ok(Explanation { stored, prompt, faithful, notes })
}

async fn assemble_again(
    player: &Player,
    session: &Session,
    told: &Turn,
    notes: &TurnNotes,
) -> Result<Option<Prompt>, PlayError> {
    let (Some(canon), Some(settings)) =
        (player.canons.version(&session.canon, &told.canon_hash).await?, &notes.settings)
    else {
        return Ok(None);
    };
    let mut state_id = None;
    let mut history = Vec::new();
    if let Some(parent) = &told.parent_id {
        state_id = tree::turn(player, &session.id, parent).await?.state_id;
        history = turns::history(&player.database, &session.id, parent, settings.history_needed()).await?;
    }
    let memory = states::load(&player.database, state_id.as_ref()).await?;
    let counter = player.tokenizers.for_model(&notes.counted_for);
    let Ok(role) = told.role.parse() else { return Ok(None) };
    let input = TurnInput {
        canon: &Arc::clone(&canon),
        state: &memory.world,
        history: &history,
        turn_id: told.id.as_str(),
        number: u64::try_from(told.number).unwrap_or(1),
        raw: &told.input,
        role,
        settings,
        counter: counter.as_ref(),
        retcon: notes.retcon_plan.as_ref(),
    };
    Ok(turn::begin(&input).ok().map(|begun| begun.prompt))
}
