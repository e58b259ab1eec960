//! Every option of the program, at its default. `config/keeper.toml` lists the same; a test compares the two.

use serde::{Deserialize, Serialize};

/// The whole configuration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Listening and limits of the HTTP side.
    pub server: ServerConfig,
    /// What is carried out.
    pub plan: PlanConfig,
    /// Where keeper keeps its own records.
    pub state: StateConfig,
    /// Limits of runs.
    pub runs: RunsConfig,
    /// Log files and level.
    pub logs: LogsConfig,
}

/// Listening and limits of the HTTP side.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port of `keeper run`.
    pub bind: String,
    /// A request that has not begun to answer by then is answered with 504.
    pub request_timeout_seconds: u64,
    /// How long requests and runs under way may take to finish at shutdown.
    pub drain_seconds: u64,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self { bind: "127.0.0.1:8002".to_owned(), request_timeout_seconds: 15, drain_seconds: 20 }
    }
}

/// What is carried out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlanConfig {
    /// Plan files, where the command line names none.
    pub files: Vec<String>,
}

impl Default for PlanConfig {
    fn default() -> Self {
        Self { files: vec!["plans/loom.toml".to_owned(), "plans/chimera.toml".to_owned()] }
    }
}

/// Where keeper keeps its own records.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StateConfig {
    /// The SQLite file; its lock, head and reserve lie beside it.
    pub file: String,
    /// Space set aside, so that a full disk can still be written down.
    pub reserve_bytes: u64,
}

impl Default for StateConfig {
    fn default() -> Self {
        Self { file: "data/keeper.db".to_owned(), reserve_bytes: 4 * 1024 * 1024 }
    }
}

/// Limits of runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunsConfig {
    /// Runs at the same time; the others wait.
    pub at_once: usize,
    /// Most of a run's output that is kept: its beginning and its end.
    pub output_limit_bytes: usize,
    /// From the polite signal at the time limit to the one that cannot be refused.
    pub kill_after_seconds: u64,
    /// Folder for sources that are set aside while they are backed up, and for restored copies under proof: as
    /// large as the largest of both.
    pub scratch: String,
}

impl Default for RunsConfig {
    fn default() -> Self {
        Self {
            at_once: 4,
            output_limit_bytes: 64 * 1024,
            kill_after_seconds: 10,
            scratch: "data/keeper-scratch".to_owned(),
        }
    }
}

/// Log files and level.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogsConfig {
    /// Folder of `keeper.log`, `access.log` and `audit.log`; empty writes no files.
    pub directory: String,
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,sqlx=warn`.
    pub level: String,
    /// `human` or `json`, of `keeper.log` and standard error.
    pub format: String,
    /// Also write to standard error.
    pub stderr: bool,
}

impl Default for LogsConfig {
    fn default() -> Self {
        Self {
            directory: "logs/keeper".to_owned(),
            level: "info".to_owned(),
            format: "human".to_owned(),
            stderr: true,
        }
    }
}
