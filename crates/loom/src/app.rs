//! Wires the parts of a running program together, once.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use chassis::{
    clock::Clock,
    health::Health,
    logs::{LogSettings, Logs},
    metrics::MetricsHandle,
};
use llm::Gateway;
use storage::{Database, DatabaseSettings, MigrationSet};

use crate::{
    auth::Auth,
    canon_dir::CanonDir,
    config::Config,
    guard::Limits,
    play::{Player, PlayerParts},
    store,
};

/// The migration sets of the program, in the order they are applied.
pub const MIGRATION_SETS: [&MigrationSet; 3] = [&storage::MIGRATIONS, &llm::MIGRATIONS, &store::MIGRATIONS];

/// The version that health and OpenAPI name.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Everything a request needs; clones share it.
#[derive(Clone)]
pub struct App {
    /// As it was loaded.
    pub config: Arc<Config>,
    /// Sessions and turns.
    pub database: Database,
    /// The time.
    pub clock: Clock,
    /// Tokens and users.
    pub auth: Auth,
    /// Worlds.
    pub canons: CanonDir,
    /// Turns.
    pub player: Player,
    /// Models.
    pub gateway: Gateway,
    /// Log files.
    pub logs: Logs,
    /// Components for `/health`.
    pub health: Health,
    /// The metrics recorder.
    pub metrics: MetricsHandle,
    /// What a user may use up.
    pub limits: Limits,
}

/// Opens the log files and installs the process-wide subscriber.
pub fn open_logs(config: &Config) -> anyhow::Result<Logs> {
    let settings = log_settings(config)?;
    chassis::logs::init(&settings).context("the logs could not be opened")
}

/// What the log section means.
pub fn log_settings(config: &Config) -> anyhow::Result<LogSettings> {
    Ok(config.logs.settings("loom")?)
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
        bail!("{pending} migration(s) are pending and `database.migrate` is off: run `loom migrate up`");
    }
    Ok(())
}

impl App {
    /// Opens everything that the configuration names. Must be called inside a runtime.
    pub async fn open(config: Config, logs: Logs, clock: Clock) -> anyhow::Result<Self> {
        let metrics = chassis::metrics::install();
        crate::metric_names::describe();
        let database = open_database(&config, clock.clone()).await?;
        migrate(&config, &database).await?;
        let gateway = Gateway::new(config.llm.clone(), database.clone(), clock.clone()).await?;
        let canons = CanonDir::open(&config.canon.directory, database.clone(), clock.clone()).await;
        let player = Player::new(PlayerParts {
            database: database.clone(),
            clock: clock.clone(),
            canons: canons.clone(),
            gateway: gateway.clone(),
            audit: logs.audit().clone(),
            config: config.play.clone(),
            concurrent_turns: config.limits.concurrent_turns,
        });
        let health = health(&database, &canons, &gateway, &clock);
        Ok(Self {
            auth: Auth::new(database.clone(), clock.clone()),
            limits: Limits::new(&config.limits),
            config: Arc::new(config),
            database,
            clock,
            canons,
            player,
            gateway,
            logs,
            health,
            metrics,
        })
    }

    /// The address to listen on; anything but loopback needs a user first.
    pub async fn bind_address(&self) -> anyhow::Result<SocketAddr> {
        let bind = &self.config.server.bind;
        let mut addresses = tokio::net::lookup_host(bind.as_str()).await.with_context(|| {
            format!("`server.bind` is `{bind}`; it must be an address with a port, like 127.0.0.1:8000")
        })?;
        let address =
            addresses.next().with_context(|| format!("`server.bind` names no address: `{bind}`"))?;
        if !address.ip().is_loopback() && !self.auth.users_exist().await? {
            bail!(
                "`server.bind` is {address}, which other machines reach, and there is no user yet: \
                 add one with `loom user add NAME --role operator`, or bind to 127.0.0.1"
            );
        }
        Ok(address)
    }
}

fn health(database: &Database, canons: &CanonDir, gateway: &Gateway, clock: &Clock) -> Health {
    let (database, canons, gateway) = (database.clone(), canons.clone(), gateway.clone());
    Health::new("loom", VERSION, clock.clone())
        .component("database", true, move || {
            let database = database.clone();
            Box::pin(async move {
                database.ping().await.map_err(|error| error.to_string())?;
                Ok(database.backend().to_string())
            })
        })
        .component("canon", false, move || {
            let canons = canons.clone();
            Box::pin(async move {
                let all = canons.all().await;
                let broken: Vec<_> =
                    all.iter().filter(|it| it.canon.is_none() || it.stale).map(|it| &*it.key).collect();
                match (all.len(), broken.is_empty()) {
                    (0, _) => Err(format!("no canon in {}", canons.root().display())),
                    (count, true) => Ok(format!("{count} canon(s)")),
                    (_, false) => Err(format!("cannot be played as they stand: {}", broken.join(", "))),
                }
            })
        })
        .component("models", false, move || {
            let gateway = gateway.clone();
            Box::pin(async move { models(&gateway) })
        })
}

/// Without any provider the offline narrator is what was asked for, so that is no fault.
fn models(gateway: &Gateway) -> Result<String, String> {
    let providers: Vec<_> = gateway.status().into_iter().filter(|provider| provider.in_order).collect();
    if providers.is_empty() {
        return Ok("offline narrator".to_owned());
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
