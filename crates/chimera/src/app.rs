//! Wires the parts of a running program together, once.

mod health;
mod riot_key;
mod settings;

pub use self::settings::{check_settings, discord as discord_settings, log_settings, open_logs};

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use chassis::{clock::Clock, health::Health, logs::Logs, metrics::MetricsHandle};
use jobs::Queue;
use llm::Gateway;
use storage::{Database, DatabaseSettings, MigrationSet};
use tokio_util::sync::CancellationToken;

use crate::{config::Config, discord, riot, static_data::Library, store};

/// The migration sets of the program, in the order they are applied.
pub const MIGRATION_SETS: [&MigrationSet; 4] =
    [&storage::MIGRATIONS, &llm::MIGRATIONS, &jobs::MIGRATIONS, &store::MIGRATIONS];

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
    /// Work for later.
    pub queue: Queue,
    /// Matches.
    pub riot: riot::Client,
    /// Messages.
    pub discord: discord::Api,
    /// What ids are called.
    pub names: Library,
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
        check_settings(&config)?;
        let metrics = chassis::metrics::install();
        crate::metric_names::describe();
        // What can be refused without touching anything comes first.
        let names = Library::open(&config.static_data)?;
        let riot = riot::Client::new(settings::riot(&config)?, clock.clone())?;
        let discord = discord::Api::new(settings::discord(&config), clock.clone())
            .context("the client towards Discord cannot be made")?;
        let database = open_database(&config, clock.clone()).await?;
        migrate(&config, &database).await?;
        let gateway = Gateway::new(config.llm.clone(), database.clone(), clock.clone()).await?;
        let queue = Queue::open(settings::queue(&config), database.clone(), clock.clone()).await?;
        let health = health::components(&config, &clock, &database, &gateway, &queue, &riot, &discord);
        let config = Arc::new(config);
        Ok(Self { config, database, clock, logs, health, metrics, gateway, queue, riot, discord, names })
    }

    /// Takes a new Riot key from `riot.api_key_file` whenever the file changes; returns at `stop`, at once without
    /// such a file.
    pub async fn watch_riot_key(&self, stop: CancellationToken) {
        riot_key::watch(&self.config.riot.api_key_file, &self.riot, stop).await;
    }
}
