//! What the running program shares: its version, its log files, its health.

use anyhow::{Context, bail};
use chassis::{
    logs::{LogFormat, LogSettings, Logs},
    metrics::MetricsHandle,
};

use crate::config::Config;

/// The version that health and the ledger name.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Opens the log files and installs the process-wide subscriber.
pub fn open_logs(config: &Config) -> anyhow::Result<Logs> {
    chassis::logs::init(&log_settings(config)?).context("the logs could not be opened")
}

/// Installs the metrics recorder, with the program's own names.
pub fn install_metrics() -> MetricsHandle {
    let metrics = chassis::metrics::install();
    crate::metric_names::describe();
    metrics
}

fn log_settings(config: &Config) -> anyhow::Result<LogSettings> {
    let logs = &config.logs;
    let format = match logs.format.as_str() {
        "human" => LogFormat::Human,
        "json" => LogFormat::Json,
        other => bail!("`logs.format` is `{other}`; use `human` or `json`"),
    };
    Ok(LogSettings {
        directory: (!logs.directory.is_empty()).then(|| logs.directory.clone().into()),
        level: logs.level.clone(),
        format,
        stderr: logs.stderr,
        program: "keeper".to_owned(),
        audit: false,
    })
}
