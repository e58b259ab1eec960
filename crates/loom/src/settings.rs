//! What one session may set for itself: model, provider, limits, language.

use chassis::Secret;
use llm::Endpoint;
use serde::{Deserialize, Serialize};

/// A session's own settings; whatever is absent comes from the program's configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SessionSettings {
    /// A provider named in the configuration, to be used instead of the configured order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Model name, instead of the provider's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Sampling temperature, 0 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Longest reply, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_tokens: Option<u32>,
    /// Token allowance of the whole prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<u32>,
    /// A provider of the player's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<EndpointSettings>,
}

/// A model server that a player brings. Its key is never stored: it comes with each turn in the header
/// `X-Provider-Key`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointSettings {
    /// `openai`, `anthropic`, `gemini`, `ollama` or `deepseek`.
    pub kind: String,
    /// Where it listens, such as `https://api.example.com/v1`.
    pub base_url: String,
    /// Model name.
    pub model: String,
}

impl EndpointSettings {
    /// The endpoint as the gateway takes it, or what is wrong with it.
    pub fn with_key(&self, api_key: Secret) -> Result<Endpoint, String> {
        let kind = serde_json::from_value(serde_json::Value::String(self.kind.clone())).map_err(|_| {
            let kind: String = self.kind.chars().take(40).collect();
            format!("`endpoint.kind` is `{kind}`; use openai, anthropic, gemini, ollama or deepseek")
        })?;
        Ok(Endpoint { kind, base_url: self.base_url.clone(), model: self.model.clone(), api_key })
    }
}

impl SessionSettings {
    /// Reads the stored form. Keys that a newer program wrote are dropped rather than making a session unreadable.
    #[must_use]
    pub fn from_json(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The stored form.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// What is wrong with the values, each as one sentence.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        if let Some(temperature) = self.temperature
            && !(0.0..=2.0).contains(&temperature)
        {
            complaints.push(format!("`temperature` is {temperature}; it must be from 0 to 2"));
        }
        if let Some(tokens) = self.reply_tokens
            && !(16..=32_000).contains(&tokens)
        {
            complaints.push(format!("`reply_tokens` is {tokens}; it must be from 16 to 32000"));
        }
        if let Some(tokens) = self.context_tokens
            && !(512..=2_000_000).contains(&tokens)
        {
            complaints.push(format!("`context_tokens` is {tokens}; it must be from 512 to 2000000"));
        }
        for (name, value) in [("provider", &self.provider), ("model", &self.model)] {
            if let Some(value) = value
                && (value.is_empty() || value.len() > 200 || value.chars().any(char::is_control))
            {
                complaints.push(format!("`{name}` must be 1 to 200 characters without control characters"));
            }
        }
        complaints
    }
}
