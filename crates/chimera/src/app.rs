//! Wires the parts of a running program together, once.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use chassis::{
    clock::Clock,
    health::Health,
    logs::{LogFormat, LogSettings, Logs},
    metrics::MetricsHandle,
};
use llm::Gateway;
use storage::{Database, DatabaseSettings, MigrationSet};

use crate::{config::Config, static_data::Library, store};

/// The migration sets of the program, in the order they are applied.
pub const MIGRATION_SETS: [&MigrationSet; 3] = [&storage::MIGRATIONS, &llm::MIGRATIONS, &store::MIGRATIONS];

/// The version that health names.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Everything a request or a job needs; clones share it.
#[derive(Clone)]
pub struct App {
    /// As it was loaded.
    pub config: Arc<Config>,
    /// Accounts, matches, reviews.
    pub database: Database,
    /// The time.
    pub clock: Clock,
    /// Log files.
    pub logs: Logs,
    /// Components for `/health`.
    pub health: Health,
    /// The metrics recorder.
    pub metrics: MetricsHandle,
    /// Models.
    pub gateway: Gateway,
    /// What ids are called.
    pub names: Library,
}

/// Opens the log files and installs the process-wide subscriber.
pub fn open_logs(config: &Config) -> anyhow::Result<Logs> {
    let settings = log_settings(config)?;
    chassis::logs::init(&settings).context("the logs could not be opened")
}

/// What of the settings can be checked without starting anything.
pub fn check_settings(config: &Config) -> anyhow::Result<()> {
    log_settings(config)?;
    if !matches!(config.queue.backend.as_str(), "database" | "redis") {
        bail!("`queue.backend` is `{}`; use `database` or `redis`", config.queue.backend);
    }
    if config.queue.backend == "redis" && config.queue.redis_url.is_empty() {
        bail!("`queue.backend` is `redis` and `queue.redis_url` (REDIS_URL) is empty");
    }
    if !(0.0..=1.0).contains(&config.experiment.weight_a) {
        bail!("`experiment.weight_a` is {}; it is a share, 0 to 1", config.experiment.weight_a);
    }
    if !(config.experiment.alpha > 0.0 && config.experiment.alpha < 1.0) {
        bail!("`experiment.alpha` is {}; it is a chance between 0 and 1", config.experiment.alpha);
    }
    Ok(())
}

/// What the log section means.
pub fn log_settings(config: &Config) -> anyhow::Result<LogSettings> {
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
        program: "chimera".to_owned(),
        audit: logs.audit,
    })
}

/// Opens the database that the configuration names.
pub async fn open_database(config: &Config, clock: Clock) -> anyhow::Result<Database> {
    let settings = DatabaseSettings {
        url: config.database.url.clone(),
        readers: config.database.readers,
        busy_timeout: Duration::from_millis(config.database.busy_timeout_ms),
        slow_query: Duration::from_millis(config.database.slow_query_ms),
        synchronous_full: true,
    };
    Ok(Database::open(&settings, clock).await?)
}

/// Brings the tables up to date, or says that they are not.
pub async fn migrate(config: &Config, database: &Database) -> anyhow::Result<()> {
    if config.database.migrate {
        storage::migrate::up(database, &MIGRATION_SETS).await?;
        return Ok(());
    }
    let pending = storage::migrate::status(database, &MIGRATION_SETS)
        .await?
        .into_iter()
        .filter(|migration| migration.applied_at.is_none())
        .count();
    if pending > 0 {
        bail!(
            "{pending} migration(s) are pending and `database.migrate` is off: run `chimera migrate upgrade head`"
        );
    }
    Ok(())
}

impl App {
    /// Opens everything that the configuration names. Must be called inside a runtime.
    pub async fn open(config: Config, logs: Logs, clock: Clock) -> anyhow::Result<Self> {
        let metrics = chassis::metrics::install();
        crate::metric_names::describe();
        // What can be refused without touching anything comes first.
        let names = Library::open(&config.static_data)?;
        let database = open_database(&config, clock.clone()).await?;
        migrate(&config, &database).await?;
        let gateway = Gateway::new(config.llm.clone(), database.clone(), clock.clone()).await?;
        let health = health(&database, &gateway, &clock);
        Ok(Self { config: Arc::new(config), database, clock, logs, health, metrics, gateway, names })
    }
}

fn health(database: &Database, gateway: &Gateway, clock: &Clock) -> Health {
    let (database, gateway) = (database.clone(), gateway.clone());
    Health::new("chimera", VERSION, clock.clone())
        .component("database", true, move || {
            let database = database.clone();
            Box::pin(async move {
                database.ping().await.map_err(|error| error.to_string())?;
                Ok(database.backend().to_string())
            })
        })
        .component("models", false, move || {
            let gateway = gateway.clone();
            Box::pin(async move { models(&gateway) })
        })
}

/// Without any provider the template narrative is what was asked for, so that is no fault.
fn models(gateway: &Gateway) -> Result<String, String> {
    let providers: Vec<_> = gateway.status().into_iter().filter(|provider| provider.in_order).collect();
    if providers.is_empty() {
        return Ok("template narrative".to_owned());
    }
    let open: Vec<_> = providers
        .iter()
        .filter(|it| it.breaker == llm::breaker::BreakerState::Open)
        .map(|it| it.name.as_str())
        .collect();
    if open.len() == providers.len() {
        return Err(format!("every provider fails: {}", open.join(", ")));
    }
    Ok(format!("{} of {} provider(s) answer", providers.len() - open.len(), providers.len()))
}
