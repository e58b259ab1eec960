//! The `[llm]` section of a program's configuration: what an operator may set, with the defaults.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chassis::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::prices::PriceSetting;

/// Everything the gateway can be told. Every key has a default; with the defaults no model is called at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LlmSettings {
    /// Names of the providers to try, first to last. Empty: the caller's offline text answers everything.
    pub order: Vec<String>,
    /// Time to the first piece of a reply. A model that thinks aloud counts as answering.
    pub timeout_first_token_ms: u64,
    /// Longest silence between two pieces of a reply.
    pub timeout_idle_ms: u64,
    /// One request from start to end, with every retry and every provider.
    pub timeout_total_ms: u64,
    /// A longer reply is cut off and counts as failed (`reply_too_large`).
    pub max_reply_bytes: usize,
    /// TOML file whose prices are laid over the built-in table (same shape as `prices.toml`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices_file: Option<PathBuf>,
    /// Let endpoints that users set reach private and loopback addresses. Only for a machine with one user.
    pub allow_private_endpoints: bool,
    /// Trying the same provider again.
    pub retry: RetrySettings,
    /// Leaving a failing provider alone for a while.
    pub breaker: BreakerSettings,
    /// Answering a repeated question without asking again.
    pub cache: CacheSettings,
    /// Spending limits; a request that would pass one is refused before any call.
    pub budget: BudgetSettings,
    /// Failures made on purpose, to see what happens. Never on by default.
    pub chaos: ChaosSettings,
    /// The known providers by name. Being listed here costs nothing: only `order` (or a session's own choice)
    /// makes the gateway call one.
    pub providers: BTreeMap<String, ProviderSettings>,
}

/// Retry of one provider, only before the first piece of its reply was passed on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetrySettings {
    /// Tries in all, the first included. At least 1.
    pub attempts: u32,
    /// Wait before the second try; it doubles from there.
    pub base_ms: u64,
    /// Longest wait between two tries. A provider that asks for more (`Retry-After`) is waited for only when no
    /// other provider is left.
    pub max_ms: u64,
    /// Share of the wait that is random, 0 to 1.
    pub jitter: f64,
}

/// Circuit breaker of one provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerSettings {
    /// Failures in a row that open it. 0 = never opens.
    pub failures: u32,
    /// Time without calls once open; then one probe decides.
    pub cool_down_ms: u64,
}

/// Reply cache of this process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheSettings {
    /// Most replies kept. 0 = no cache.
    pub size: u64,
    /// Age at which a reply is forgotten. 0 = no cache.
    pub ttl_seconds: u64,
}

/// Spending limits in US dollars; 0 means no limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetSettings {
    /// All replicas and users together, per UTC calendar month.
    pub monthly_usd: f64,
    /// One user, per UTC calendar month.
    pub per_user_monthly_usd: f64,
    /// One session, over its whole life.
    pub per_session_usd: f64,
    /// Share of a limit at which a warning is logged, 0 to 1.
    pub alert_share: f64,
}

/// Failures injected before real calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChaosSettings {
    /// Master switch.
    pub enabled: bool,
    /// Same seed, same sequence of failures.
    pub seed: u64,
    /// Share of calls that fail at once with a server error, 0 to 1.
    pub error_rate: f64,
    /// Share of calls that time out at once, 0 to 1.
    pub timeout_rate: f64,
    /// Share of calls that begin a reply and then break off, 0 to 1.
    pub garbage_rate: f64,
    /// Extra wait before every call.
    pub latency_ms: u64,
}

/// Which protocol a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// `/v1/chat/completions`: OpenAI itself, llama.cpp, vLLM, LM Studio, most gateways.
    OpenAi,
    /// `/v1/messages`.
    Anthropic,
    /// `:streamGenerateContent`.
    Gemini,
    /// Ollama's own `/api/chat`.
    Ollama,
    /// DeepSeek's OpenAI-compatible interface.
    DeepSeek,
}

/// One provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderSettings {
    /// Protocol.
    pub kind: ProviderKind,
    /// Address; empty means the public one of its kind. A path that is left out is filled in (`/v1/`).
    pub base_url: String,
    /// Model asked for when a request names none.
    pub model: String,
    /// Key. Better set by environment variable than in a file.
    pub api_key: Secret,
    /// File that holds only the key; read once at start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_file: Option<PathBuf>,
    /// Sampling temperature; left out of the call when not set (some models refuse it).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Longest reply asked for; also what the budget reserves.
    pub max_output_tokens: u32,
    /// Own price instead of the table's: `"free"`, or `{ input = 1.0, output = 2.0, cached = 0.5 }` in USD per
    /// million tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceSetting>,
}

impl LlmSettings {
    pub(crate) fn timeout_first_token(&self) -> Duration {
        Duration::from_millis(self.timeout_first_token_ms)
    }

    pub(crate) fn timeout_idle(&self) -> Duration {
        Duration::from_millis(self.timeout_idle_ms)
    }

    pub(crate) fn timeout_total(&self) -> Duration {
        Duration::from_millis(self.timeout_total_ms)
    }
}

impl ProviderKind {
    /// The name used in configuration and in metric labels.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ProviderKind::OpenAi => "openai",
            ProviderKind::Anthropic => "anthropic",
            ProviderKind::Gemini => "gemini",
            ProviderKind::Ollama => "ollama",
            ProviderKind::DeepSeek => "deepseek",
        }
    }
}

impl ProviderSettings {
    /// Whether a call without a key cannot work. A server of one's own (`base_url` set) may run without one.
    #[must_use]
    pub fn needs_key(&self) -> bool {
        self.kind != ProviderKind::Ollama && self.base_url.is_empty()
    }
}

impl Default for LlmSettings {
    fn default() -> Self {
        LlmSettings {
            order: Vec::new(),
            timeout_first_token_ms: 60_000,
            timeout_idle_ms: 30_000,
            timeout_total_ms: 180_000,
            max_reply_bytes: 262_144,
            prices_file: None,
            allow_private_endpoints: false,
            retry: RetrySettings::default(),
            breaker: BreakerSettings::default(),
            cache: CacheSettings::default(),
            budget: BudgetSettings::default(),
            chaos: ChaosSettings::default(),
            providers: default_providers(),
        }
    }
}

impl Default for RetrySettings {
    fn default() -> Self {
        RetrySettings { attempts: 3, base_ms: 500, max_ms: 8_000, jitter: 0.5 }
    }
}

impl Default for BreakerSettings {
    fn default() -> Self {
        BreakerSettings { failures: 5, cool_down_ms: 30_000 }
    }
}

impl Default for CacheSettings {
    fn default() -> Self {
        CacheSettings { size: 1_000, ttl_seconds: 3_600 }
    }
}

impl Default for BudgetSettings {
    fn default() -> Self {
        BudgetSettings { monthly_usd: 0.0, per_user_monthly_usd: 0.0, per_session_usd: 0.0, alert_share: 0.8 }
    }
}

impl Default for ChaosSettings {
    fn default() -> Self {
        ChaosSettings {
            enabled: false,
            seed: 1,
            error_rate: 0.0,
            timeout_rate: 0.0,
            garbage_rate: 0.0,
            latency_ms: 0,
        }
    }
}

impl Default for ProviderSettings {
    fn default() -> Self {
        ProviderSettings {
            kind: ProviderKind::OpenAi,
            base_url: String::new(),
            model: String::new(),
            api_key: Secret::default(),
            api_key_file: None,
            temperature: None,
            max_output_tokens: 2_048,
            price: None,
        }
    }
}

fn default_providers() -> BTreeMap<String, ProviderSettings> {
    let provider = |kind: ProviderKind, model: &str| {
        let settings = ProviderSettings { kind, model: model.to_owned(), ..ProviderSettings::default() };
        (kind.name().to_owned(), settings)
    };
    BTreeMap::from([
        provider(ProviderKind::OpenAi, "gpt-6.1-sol"),
        provider(ProviderKind::Anthropic, "claude-sonnet-5-5"),
        provider(ProviderKind::Gemini, "gemini-3.8-flash"),
        provider(ProviderKind::DeepSeek, "deepseek-flash"),
        provider(ProviderKind::Ollama, "qwen3"),
    ])
}
