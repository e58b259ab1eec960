//! The HTTP side: health, readiness, metrics, and the page that shows what keeper does. Nothing here changes anything.

mod pages;

use std::{sync::Arc, time::Duration};

use axum::{Extension, Router};
use chassis::{
    health::Health,
    http::{ShellSettings, shell},
    logs::Logs,
    metrics::MetricsHandle,
};
use jiff::SignedDuration;
use keeper_core::freshness::Level;
use storage::Database;
use tokio::sync::watch;
use ui::DefaultLanguage;

use crate::{
    app::VERSION,
    config::{Config, ServerConfig},
    scheduler::{BackupState, Keeper, Snapshot},
    state::State,
};

/// A keeper that has not looked for so long is stuck.
const STUCK: SignedDuration = SignedDuration::from_secs(30);

/// What pages and probes need.
#[derive(Clone)]
pub struct App {
    /// Keeper's own records.
    pub state: State,
    /// What is going on.
    pub snapshot: watch::Receiver<Arc<Snapshot>>,
    /// Components for `/health`.
    pub health: Health,
    server: ServerConfig,
    logs: Logs,
    metrics: MetricsHandle,
}

impl App {
    /// The web side of this keeper.
    #[must_use]
    pub fn new(config: &Config, keeper: &Keeper, logs: Logs, metrics: MetricsHandle) -> Self {
        let (state, snapshot) = (keeper.state().clone(), keeper.subscribe());
        let health = health(&state, &snapshot);
        Self { state, snapshot, health, server: config.server.clone(), logs, metrics }
    }
}

/// Everything that is served.
pub fn router(app: &App) -> Router {
    let pages =
        pages::routes().layer(Extension(DefaultLanguage(pages::DEFAULT_LANGUAGE))).with_state(app.clone());
    let inner = app
        .health
        .routes()
        .merge(app.metrics.routes())
        .merge(pages)
        .merge(ui::assets::routes())
        .merge(ui::preferences::routes());
    let settings = ShellSettings {
        request_timeout: Duration::from_secs(app.server.request_timeout_seconds),
        content_security_policy: ui::CONTENT_SECURITY_POLICY.to_owned(),
        ..ShellSettings::default()
    };
    shell(inner, &settings, &app.logs, Some(pages::problem_renderer()))
}

fn health(state: &State, snapshot: &watch::Receiver<Arc<Snapshot>>) -> Health {
    let database: Database = state.database.clone();
    let (clock, ticking, plans, ledger, backups) =
        (state.clock.clone(), snapshot.clone(), snapshot.clone(), snapshot.clone(), snapshot.clone());
    Health::new("keeper", VERSION, state.clock.clone())
        .component("state", true, move || {
            let database = database.clone();
            Box::pin(async move {
                database.ping().await.map_err(|error| error.to_string())?;
                Ok("can be read".to_owned())
            })
        })
        .component("scheduler", true, move || {
            let (now, looked_at) = (clock.now(), ticking.borrow().looked_at);
            Box::pin(async move {
                match looked_at {
                    Some(at) if now.duration_since(at) < STUCK => Ok("looks every second".to_owned()),
                    Some(at) => Err(format!("has not looked since {at}")),
                    None => Err("has not looked yet".to_owned()),
                }
            })
        })
        .component("plans", false, move || {
            let snapshot = Arc::clone(&plans.borrow());
            Box::pin(async move {
                match &snapshot.refused {
                    Some(_) => Err("a changed plan is refused, the one before is carried out".to_owned()),
                    None => Ok(format!("{} task(s)", snapshot.tasks.len())),
                }
            })
        })
        .component("ledger", false, move || {
            let snapshot = Arc::clone(&ledger.borrow());
            Box::pin(async move {
                match (&snapshot.trouble, snapshot.head) {
                    (Some(trouble), _) => Err(trouble.clone()),
                    (None, Some(head)) => Ok(format!("{} rows", head.seq)),
                    (None, None) => Ok("no rows".to_owned()),
                }
            })
        })
        .component("backups", false, move || {
            let told = told_of_backups(&backups.borrow());
            Box::pin(async move { told })
        })
}

/// How many backups can be relied on, or which cannot.
fn told_of_backups(snapshot: &Snapshot) -> Result<String, String> {
    let of = |level: Level| snapshot.backups.iter().filter(move |state| state.verdict.level == level);
    let red: Vec<String> = of(Level::Red).map(BackupState::name).collect();
    if red.is_empty() {
        Ok(format!("{} green, {} amber", of(Level::Green).count(), of(Level::Amber).count()))
    } else {
        Err(format!("{} cannot be relied on: {}", red.len(), red.join(", ")))
    }
}
