//! Everything that keeps the gateway from giving an answer.

use storage::StorageError;

use crate::request::Degraded;

/// Why there is no answer. Messages name the values and what to do; no key, prompt or reply is in them.
#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    /// A setting cannot work; found when the gateway is built.
    #[error("llm.{key}: {reason}")]
    Setting {
        /// Dotted key below `llm`.
        key: String,
        /// What is wrong and what is allowed.
        reason: String,
    },
    /// A provider in `order` has no key.
    #[error(
        "provider {provider:?} needs an API key: set {variable} or llm.providers.{provider}.api_key_file"
    )]
    MissingKey {
        /// Configured name.
        provider: String,
        /// Environment variable that sets it.
        variable: String,
    },
    /// A name that is not configured.
    #[error("unknown provider {name:?}: configured are {known}")]
    UnknownProvider {
        /// The name asked for.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// A model without a price would be counted as free.
    #[error(
        "no price is known for model {model:?} of provider {provider:?}: add \
         `price = {{ input = USD, output = USD }}` (per million tokens) or `price = \"free\"` to \
         [llm.providers.{provider}], or list the model in llm.prices_file"
    )]
    UnknownPrice {
        /// Configured name.
        provider: String,
        /// Model without a price.
        model: String,
    },
    /// A limit would be passed; nothing was called.
    #[error(
        "the call could pass the {scope} budget: {spent_usd:.4} of {limit_usd} USD are spent or reserved for running calls"
    )]
    BudgetExhausted {
        /// `"monthly"`, `"user"` or `"session"`.
        scope: &'static str,
        /// The limit.
        limit_usd: f64,
        /// Spent, on its way, and reserved for calls that are running.
        spent_usd: f64,
    },
    /// A user's endpoint is malformed.
    #[error("the model address {address:?} cannot be used: {reason}")]
    BadEndpoint {
        /// The address without any password.
        address: String,
        /// What is wrong.
        reason: String,
    },
    /// A user's endpoint leads into a private network.
    #[error(
        "the model address {host:?} leads to {address}, which is not a public address; an operator can permit \
         that with llm.allow_private_endpoints"
    )]
    PrivateEndpoint {
        /// Host as given.
        host: String,
        /// The address it stands for.
        address: String,
    },
    /// Nothing to answer.
    #[error("the request has no message from the user")]
    EmptyRequest,
    /// Every provider failed and the caller gave no offline text.
    #[error("no model answered ({}): {}", .0.code, .0.provider_errors.join("; "))]
    Unavailable(Degraded),
    /// The caller's offline text was empty or failed.
    #[error("no model answered ({}) and the offline text could not be made", .0.code)]
    OfflineFailed(Degraded),
    /// The work behind the stream ended without a result, as when the program is shutting down.
    #[error("the model call was interrupted before it finished")]
    Interrupted,
    /// The ledger could not be read.
    #[error("the spending ledger could not be read")]
    Ledger(#[from] StorageError),
}

impl LlmError {
    /// Stable name for interfaces and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            LlmError::Setting { .. } => "invalid_setting",
            LlmError::MissingKey { .. } => "missing_key",
            LlmError::UnknownProvider { .. } => "unknown_provider",
            LlmError::UnknownPrice { .. } => "unknown_price",
            LlmError::BudgetExhausted { .. } => "budget_exhausted",
            LlmError::BadEndpoint { .. } => "bad_endpoint",
            LlmError::PrivateEndpoint { .. } => "private_endpoint",
            LlmError::EmptyRequest => "empty_request",
            LlmError::Unavailable(_) => "model_unavailable",
            LlmError::OfflineFailed(_) => "offline_failed",
            LlmError::Interrupted => "interrupted",
            LlmError::Ledger(_) => "ledger_unavailable",
        }
    }
}
