//! A request without the texts that are stored elsewhere: small enough to keep for every turn.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::prompt::{Dropped, MessageRole, Part, PartKind, PartSource, Prompt};

/// Texts of at most this many bytes are kept.
const SMALL_TEXT_BYTES: usize = 1_024;

/// A part without its text, unless that is small and stands nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartOutline {
    /// What it is.
    pub kind: PartKind,
    /// Which one of its kind.
    pub label: String,
    /// Whose message it is in.
    pub role: MessageRole,
    /// Position of that message in the request.
    pub message: usize,
    /// What it costs.
    pub tokens: usize,
    /// Whether `tokens` is the model's own figure.
    pub exact: bool,
    /// File and line of the canon.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<crate::canon::SourceRef>,
    /// The turn it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn_id: Option<String>,
    /// The text of facts, tone, intent, notes and questions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A request as it is stored with its turn. The full texts come back by assembling the turn again from its canon
/// version, its state and its past turns; [`PromptOutline::describes`] says whether that gave the same request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptOutline {
    /// In order.
    pub parts: Vec<PartOutline>,
    /// What was left out.
    pub dropped: Vec<Dropped>,
    /// The sum over the parts.
    pub total_tokens: usize,
    /// What the prompt was allowed.
    pub budget: usize,
    /// Who counted.
    pub tokenizer: String,
    /// The canon's hash, once for all parts; empty when no part came from the canon.
    pub canon_hash: String,
    /// SHA-256 over roles and texts of the messages, hex.
    pub digest: String,
}

impl PromptOutline {
    pub(super) fn of(prompt: &Prompt) -> Self {
        let mut sources = prompt.parts.iter().flat_map(|part| &part.sources);
        Self {
            canon_hash: sources.next().map(|source| source.canon_hash.clone()).unwrap_or_default(),
            parts: prompt.parts.iter().map(outline).collect(),
            dropped: prompt.dropped.clone(),
            total_tokens: prompt.total_tokens,
            budget: prompt.budget,
            tokenizer: prompt.tokenizer.clone(),
            digest: digest(prompt),
        }
    }

    /// Whether a prompt assembled again is, byte for byte, the one that was sent.
    pub fn describes(&self, prompt: &Prompt) -> bool {
        self.digest == digest(prompt)
    }

    /// Tokens by kind of part, for the bar above the explain view.
    pub fn tokens_by_kind(&self) -> BTreeMap<String, usize> {
        let mut sums = BTreeMap::new();
        for part in &self.parts {
            let name = serde_json::to_value(part.kind).ok().and_then(|name| name.as_str().map(str::to_owned));
            *sums.entry(name.unwrap_or_default()).or_default() += part.tokens;
        }
        sums
    }

    /// The sources of a part as they were in the prompt.
    pub fn sources(&self, part: &PartOutline) -> Vec<PartSource> {
        let with_hash = |place: &crate::canon::SourceRef| PartSource {
            place: place.clone(),
            canon_hash: self.canon_hash.clone(),
        };
        part.places.iter().map(with_hash).collect()
    }
}

fn outline(part: &Part) -> PartOutline {
    let stands_nowhere_else = matches!(
        part.kind,
        PartKind::Facts | PartKind::Tone | PartKind::Intent | PartKind::Ooc | PartKind::Query
    );
    PartOutline {
        kind: part.kind,
        label: part.label.clone(),
        role: part.role,
        message: part.message,
        tokens: part.tokens,
        exact: part.exact,
        places: part.sources.iter().map(|source| source.place.clone()).collect(),
        turn_id: part.turn_id.clone(),
        text: (stands_nowhere_else && part.text.len() <= SMALL_TEXT_BYTES).then(|| part.text.clone()),
    }
}

/// Lengths go in before the texts, so that no two different requests read the same.
pub(super) fn digest(prompt: &Prompt) -> String {
    let mut hasher = Sha256::new();
    for message in &prompt.messages {
        hasher.update([message.role as u8]);
        hasher.update((message.text.len() as u64).to_be_bytes());
        hasher.update(message.text.as_bytes());
    }
    hex::encode(hasher.finalize())
}
