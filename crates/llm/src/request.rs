//! What a program asks of the gateway and what it gets back.

use std::fmt;
use std::sync::Arc;

use chassis::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::ledger::LedgerEntry;
use crate::settings::ProviderKind;

/// Who a message is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions from the program.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One message of the conversation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub text: String,
}

/// Whose account a call goes to. Every part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Counts towards the per-user budget.
    pub user_id: Option<String>,
    /// Counts towards the per-session budget.
    pub session_id: Option<String>,
    /// Only recorded. The caller may set it later on the ledger entry.
    pub turn_id: Option<String>,
}

/// A model server that a user named. It is checked against private address ranges, has its own connections and
/// breaker, is not cached, costs the operator nothing, and never falls through to the operator's providers.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Protocol.
    pub kind: ProviderKind,
    /// `http` or `https` address.
    pub base_url: String,
    /// Model to ask for.
    pub model: String,
    /// The user's own key; may be empty.
    pub api_key: Secret,
}

/// Writes a reply without any model. It is given the reason, so that it can word its mark.
pub type OfflineText = Arc<dyn Fn(&Degraded) -> String + Send + Sync>;

/// One question to a model.
#[derive(Clone)]
pub struct Request {
    /// What the call is for (`"turn"`, `"summary"`); goes to the ledger and the logs.
    pub purpose: &'static str,
    /// The conversation, system messages first. At least one message must be from the user.
    pub messages: Vec<Message>,
    /// Try this configured provider first; the rest of `order` follows as fallback.
    pub provider: Option<String>,
    /// Model for the first provider tried; fallbacks use their own.
    pub model: Option<String>,
    /// Overrides the provider's setting.
    pub temperature: Option<f64>,
    /// Overrides the provider's setting.
    pub max_output_tokens: Option<u32>,
    /// Whether an earlier reply to the very same question will do. `false` neither reads nor fills the cache.
    pub cacheable: bool,
    /// Whose account it goes to.
    pub owner: Owner,
    /// The user's own model server instead of the operator's providers.
    pub endpoint: Option<Endpoint>,
    /// Last resort. Without it an exhausted order is [`crate::LlmError::Unavailable`].
    pub offline: Option<OfflineText>,
}

/// A piece of an answer on its way.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamEvent {
    /// A provider took the request; text follows. Comes again when it is tried again or another one takes over.
    Started {
        /// Configured name, `"own"` for a user's endpoint, `"offline"` for the last resort.
        provider: String,
        /// Model asked.
        model: String,
    },
    /// Next piece of text; never empty.
    Delta(String),
    /// The provider failed after it had begun: forget the text so far, another one tries.
    Discarded {
        /// Stable code of the failure.
        reason: &'static str,
    },
    /// The whole reply; always the last event.
    Finished(Box<Reply>),
}

/// Why a reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model came to its end.
    Complete,
    /// The token limit cut it short.
    Length,
}

/// Tokens of one call. Input includes the cached part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens sent.
    pub input_tokens: u64,
    /// Tokens written, hidden reasoning included.
    pub output_tokens: u64,
    /// Part of the input that the provider had cached.
    pub cached_input_tokens: u64,
    /// `true` when the provider counted, `false` when we estimated.
    pub exact: bool,
}

/// Why an answer did not come from a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Degraded {
    /// Stable code: `no_provider`, `provider_unavailable`, `rate_limited`, `timeout`, `invalid_reply`,
    /// `reply_too_large`, `unauthorized`, `rejected`, `content_filtered`, `endpoint_refused`.
    pub code: &'static str,
    /// One line for each provider that failed, in order, without secrets.
    pub provider_errors: Vec<String>,
}

/// One try of one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// Configured name.
    pub provider: String,
    /// Model asked.
    pub model: String,
    /// `"ok"`, `"circuit_open"`, or the failure's code.
    pub outcome: &'static str,
    /// HTTP status when there was one.
    pub status: Option<u16>,
    /// Time this try took.
    pub latency_ms: u64,
}

/// A finished answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The text; never empty.
    pub text: String,
    /// Who wrote it: configured name, `"own"` or `"offline"`.
    pub provider: String,
    /// Model that wrote it; `"offline"` for the last resort.
    pub model: String,
    /// Why it ended.
    pub finish: Finish,
    /// Tokens.
    pub usage: Usage,
    /// Millionths of a US dollar, rounded up.
    pub cost_microusd: i64,
    /// Set exactly when the text is the caller's offline text.
    pub degraded: Option<Degraded>,
    /// Taken from the cache.
    pub cached: bool,
    /// Every try that led here.
    pub attempts: Vec<Attempt>,
    /// From the request to its end.
    pub latency_ms: u64,
    /// To be stored with [`crate::ledger::insert`] in the caller's own transaction. An entry that has not appeared
    /// in the database after a minute is written by the gateway, so money spent is never forgotten.
    pub ledger: Option<LedgerEntry>,
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        }
    }
}

impl Message {
    /// A system message.
    pub fn system(text: impl Into<String>) -> Message {
        Message { role: Role::System, text: text.into() }
    }

    /// A message of the person.
    pub fn user(text: impl Into<String>) -> Message {
        Message { role: Role::User, text: text.into() }
    }

    /// A message of the model.
    pub fn assistant(text: impl Into<String>) -> Message {
        Message { role: Role::Assistant, text: text.into() }
    }
}

impl Request {
    /// A cacheable request to the configured order with nothing overridden and no last resort.
    #[must_use]
    pub fn new(purpose: &'static str, messages: Vec<Message>) -> Request {
        Request {
            purpose,
            messages,
            provider: None,
            model: None,
            temperature: None,
            max_output_tokens: None,
            cacheable: true,
            owner: Owner::default(),
            endpoint: None,
            offline: None,
        }
    }
}

/// Shows sizes only: prompts are players' words and stay out of logs.
impl fmt::Debug for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Message({}, {} bytes)", self.role.name(), self.text.len())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Request")
            .field("purpose", &self.purpose)
            .field("messages", &self.messages)
            .field("provider", &self.provider)
            .field("model", &self.model)
            .field("temperature", &self.temperature)
            .field("max_output_tokens", &self.max_output_tokens)
            .field("cacheable", &self.cacheable)
            .field("owner", &self.owner)
            .field("endpoint", &self.endpoint)
            .field("offline", &self.offline.is_some())
            .finish()
    }
}
