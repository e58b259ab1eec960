//! The options about the words of a review.

use serde::{Deserialize, Serialize};

/// The words of a review.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NarrativeConfig {
    /// Who writes: `template` (rules alone), `small` (a model that is shown the most telling facts) or `strong` (the
    /// model of `strong_model`, shown all of them). Without a provider in `llm.order` the template always does.
    pub tier: String,
    /// The first provider's model for the tier `strong`; empty is the provider's own.
    pub strong_model: String,
    /// A model that has not answered by then is given up, and the template writes.
    pub timeout_ms: u64,
    /// A longer answer is cut off, and then not used.
    pub max_output_tokens: u32,
}

impl Default for NarrativeConfig {
    fn default() -> Self {
        Self {
            tier: "small".to_owned(),
            strong_model: String::new(),
            timeout_ms: 15_000,
            max_output_tokens: 1_200,
        }
    }
}
