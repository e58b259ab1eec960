//! Every option of the program, at its default. `config/chimera.toml` lists the same; a test compares the two.

mod aliases;
mod narrative;
mod outside;

pub use self::{
    aliases::ALIASES,
    narrative::NarrativeConfig,
    outside::{DiscordConfig, RiotConfig, StaticDataConfig},
};

use chassis::{Secret, logs::LogsConfig};
use llm::LlmSettings;
use serde::{Deserialize, Serialize};

/// The whole configuration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Listening and limits of the HTTP side.
    pub server: ServerConfig,
    /// The bot's account and ways in.
    pub discord: DiscordConfig,
    /// Where matches come from.
    pub riot: RiotConfig,
    /// Where accounts, matches and reviews live.
    pub database: DatabaseConfig,
    /// Where jobs wait, and how they are worked off.
    pub queue: QueueConfig,
    /// How matches are reviewed.
    pub analysis: AnalysisConfig,
    /// The words of a review.
    pub narrative: NarrativeConfig,
    /// Parts that can be switched off.
    pub features: FeaturesConfig,
    /// Names of champions, items, runes, spells and augments.
    pub static_data: StaticDataConfig,
    /// Comparing two ways to write a narrative.
    pub experiment: ExperimentConfig,
    /// Log files and level.
    pub logs: LogsConfig,
    /// Language models.
    pub llm: LlmSettings,
}

/// Listening and limits of the HTTP side.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port of `chimera serve`.
    pub bind: String,
    /// Address and port where `chimera worker` shows health and metrics.
    pub worker_bind: String,
    /// Largest request body.
    pub body_limit_bytes: usize,
    /// A request that has not begun to answer by then is answered with 504.
    pub request_timeout_seconds: u64,
    /// How long requests and jobs under way may take to finish at shutdown.
    pub drain_seconds: u64,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8001".to_owned(),
            worker_bind: "127.0.0.1:9101".to_owned(),
            body_limit_bytes: 256 * 1024,
            request_timeout_seconds: 15,
            drain_seconds: 20,
        }
    }
}

/// Where accounts, matches and reviews live.
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
            url: "sqlite:data/chimera.db".to_owned(),
            readers: 4,
            busy_timeout_ms: 5_000,
            slow_query_ms: 100,
            migrate: true,
        }
    }
}

/// Where jobs wait, and how they are worked off.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueConfig {
    /// `database` (the program's own) or `redis`.
    pub backend: String,
    /// `redis://[:password@]host:port/number`; only for the backend `redis`.
    pub redis_url: Secret,
    /// What the keys in Redis begin with.
    pub redis_prefix: String,
    /// Jobs of one kind that a worker process carries out at the same time.
    pub concurrency: u32,
    /// A job whose worker was not heard of for so long is given to another.
    pub lease_seconds: u64,
    /// How often an idle worker looks for jobs that no signal announced.
    pub poll_ms: u64,
    /// Tries of a job before it is given up and the player told.
    pub max_attempts: u32,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            backend: "database".to_owned(),
            redis_url: Secret::default(),
            redis_prefix: "chimera".to_owned(),
            concurrency: 4,
            lease_seconds: 60,
            poll_ms: 250,
            max_attempts: 4,
        }
    }
}

/// How matches are reviewed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnalysisConfig {
    /// How far back `match_index` reaches.
    pub history_matches: u32,
    /// Show a finished review again instead of making a new one.
    pub cache: bool,
}

impl Default for AnalysisConfig {
    fn default() -> Self {
        Self { history_matches: 20, cache: true }
    }
}

/// Parts that can be switched off.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeaturesConfig {
    /// Offer `/analyze`.
    pub ai_analysis: bool,
    /// Offer `/team-analyze`.
    pub team_analysis: bool,
    /// Put buttons for feedback under a review.
    pub feedback: bool,
    /// Remember a player's scores, and show them in `/profile` and beside later reviews.
    pub personalization: bool,
}

impl Default for FeaturesConfig {
    fn default() -> Self {
        Self { ai_analysis: true, team_analysis: true, feedback: true, personalization: true }
    }
}

/// Comparing two ways to write a narrative.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExperimentConfig {
    /// Assign players to cohorts; otherwise everybody is in A.
    pub enabled: bool,
    /// Part of the hash by which players are assigned; another seed mixes them anew.
    pub seed: String,
    /// Share of players in cohort A, 0 to 1.
    pub weight_a: f64,
    /// An audit of fewer reviews than this says nothing about the split.
    pub minimum_reviews: u64,
    /// With fewer ratings than this in either cohort an audit says nothing about them.
    pub minimum_ratings: u64,
    /// Chance of a false alarm that an audit accepts, 0 to 1.
    pub alpha: f64,
}

impl Default for ExperimentConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            seed: "prompt_ab_2025_q4".to_owned(),
            weight_a: 0.5,
            minimum_reviews: 100,
            minimum_ratings: 30,
            alpha: 0.05,
        }
    }
}
