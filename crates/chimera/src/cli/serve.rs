//! `chimera serve`.

use std::{process::ExitCode, time::Duration};

use anyhow::Context;
use chassis::{clock::Clock, http, shutdown::Shutdown};
use clap::Args;

use super::Invocation;
use crate::{app, app::App, routes};

/// Flags of `chimera serve`.
#[derive(Args, Debug)]
pub(super) struct Serve {
    /// Address and port, instead of `server.bind`
    #[arg(long, value_name = "ADDRESS:PORT")]
    bind: Option<String>,
}

impl Serve {
    pub(super) async fn run(self, invocation: Invocation) -> anyhow::Result<ExitCode> {
        let mut config = invocation.config().clone();
        if let Some(bind) = self.bind {
            config.server.bind = bind;
        }
        app::check_settings(&config)?;
        let logs = app::open_logs(&config)?;
        for warning in &invocation.loaded.warnings {
            tracing::warn!("{warning}");
        }
        let shutdown = Shutdown::new();
        shutdown.spawn_signal_listener();
        let app = App::open(config, logs, Clock::system()).await?;
        serve(&app, &shutdown).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Serves until `shutdown`, then lets what is under way finish.
async fn serve(app: &App, shutdown: &Shutdown) -> anyhow::Result<()> {
    let listener = http::listen(&app.config.server.bind).await?;
    let bound = listener.local_addr().context("the address that was bound cannot be told")?;
    app.health.set_ready(true);
    tracing::info!(address = %bound, "chimera is ready");
    println!("chimera is ready at http://{bound}");
    let health = app.health.clone();
    let token = shutdown.token();
    tokio::spawn(async move {
        token.cancelled().await;
        health.set_ready(false);
    });
    let drain = Duration::from_secs(app.config.server.drain_seconds);
    http::serve(listener, routes::router(app), shutdown, drain).await?;
    stop(app).await;
    Ok(())
}

/// Writes down what is still in memory and closes the database in order.
async fn stop(app: &App) {
    if let Err(error) = app.gateway.flush().await {
        tracing::error!(%error, "the last ledger entries could not be stored");
    }
    app.database.close().await;
    tracing::info!("stopped");
}
