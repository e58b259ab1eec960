//! Every option of the program, at its default. `config/loom.toml` lists the same; a test compares the two.

use std::path::PathBuf;

use chassis::logs::LogsConfig;
use llm::LlmSettings;
use serde::{Deserialize, Serialize};

/// Shorter names for options that operators set most, from the maintenance plan and the providers' own habits.
pub const ALIASES: &[(&str, &str)] = &[
    ("LOOM_AUDIT_LOGGING", "logs.audit"),
    ("LOOM_CACHE_SIZE", "llm.cache.size"),
    ("LOOM_CACHE_TTL", "llm.cache.ttl_seconds"),
    ("LOOM_LOG_LEVEL", "logs.level"),
    ("LOOM_DATABASE_URL", "database.url"),
    ("OPENAI_API_KEY", "llm.providers.openai.api_key"),
    ("ANTHROPIC_API_KEY", "llm.providers.anthropic.api_key"),
    ("GEMINI_API_KEY", "llm.providers.gemini.api_key"),
    ("DEEPSEEK_API_KEY", "llm.providers.deepseek.api_key"),
];

/// The whole configuration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Listening and limits of the HTTP side.
    pub server: ServerConfig,
    /// Where sessions live.
    pub database: DatabaseConfig,
    /// Log files and level.
    pub logs: LogsConfig,
    /// Where the worlds are.
    pub canon: CanonConfig,
    /// How turns are played.
    pub play: PlayConfig,
    /// What one user may use up.
    pub limits: LimitsConfig,
    /// Language models.
    pub llm: LlmSettings,
}

/// Listening and limits of the HTTP side.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port. Anything but loopback is refused until a user exists.
    pub bind: String,
    /// Host names, besides the bound address and localhost, under which browsers may reach the server.
    pub allowed_hosts: Vec<String>,
    /// Largest request body.
    pub body_limit_bytes: usize,
    /// A request that has not begun to answer by then is answered with 504.
    pub request_timeout_seconds: u64,
    /// How long running turns may take to finish at shutdown.
    pub drain_seconds: u64,
    /// Compress pages and JSON.
    pub compression: bool,
    /// Send Strict-Transport-Security; only behind HTTPS.
    pub hsts: bool,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8000".to_owned(),
            allowed_hosts: Vec::new(),
            body_limit_bytes: 2 * 1024 * 1024,
            request_timeout_seconds: 180,
            drain_seconds: 20,
            compression: true,
            hsts: false,
        }
    }
}

/// Where sessions live.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite:PATH` or `postgres://user:password@host/name`.
    pub url: String,
    /// Connections that read.
    pub readers: u32,
    /// How long a writer waits for another process's lock.
    pub busy_timeout_ms: u64,
    /// A statement slower than this is recorded in `slow_queries`.
    pub slow_query_ms: u64,
    /// Apply pending migrations at start.
    pub migrate: bool,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: "sqlite:data/loom.db".to_owned(),
            readers: 4,
            busy_timeout_ms: 5_000,
            slow_query_ms: 100,
            migrate: true,
        }
    }
}

/// Where the worlds are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CanonConfig {
    /// Folder whose entries (folders and `.md` files) are the canons.
    pub directory: PathBuf,
    /// The canon of a session that names none.
    pub default: String,
    /// Reload a canon when its files change.
    pub watch: bool,
}

impl Default for CanonConfig {
    fn default() -> Self {
        Self { directory: PathBuf::from("canon"), default: "lighthouse-zh".to_owned(), watch: true }
    }
}

/// How turns are played.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlayConfig {
    /// Token allowance of a prompt.
    pub context_tokens: usize,
    /// Token allowance of a reply.
    pub reply_tokens: u32,
    /// Turns that a prompt may carry whole; older ones live on in the running summary.
    pub history_turns: usize,
    /// The history window moves in steps of so many turns, so that prompts share a long prefix.
    pub window_step: usize,
    /// Longest input of one turn.
    pub input_max_bytes: usize,
    /// Count tokens with the model family's own tokenizer where there is one; otherwise estimate.
    pub exact_tokens: bool,
    /// Turns that may wait for one that is being played on the same branch.
    pub waiting_turns: usize,
    /// Memory for the ends of the stories played last, so that their next turns read less; 0 keeps none.
    pub recent_bytes: u64,
}

impl Default for PlayConfig {
    fn default() -> Self {
        Self {
            context_tokens: 12_000,
            reply_tokens: 800,
            history_turns: 40,
            window_step: 10,
            input_max_bytes: 32 * 1024,
            exact_tokens: true,
            waiting_turns: 4,
            recent_bytes: 32 * 1024 * 1024,
        }
    }
}

/// What one user may use up. 0 means no limit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Turns a minute for each user; the unnamed local player is not limited.
    pub turns_per_minute: u32,
    /// Other requests a minute for each user; the unnamed local player is not limited.
    pub requests_per_minute: u32,
    /// Sessions a user may own, archived ones included.
    pub sessions_per_user: u32,
    /// Turns played at the same time, over all users; more wait.
    pub concurrent_turns: usize,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            turns_per_minute: 60,
            requests_per_minute: 1_200,
            sessions_per_user: 10_000,
            concurrent_turns: 256,
        }
    }
}
