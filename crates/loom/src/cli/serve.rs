//! `loom serve`.

use std::{process::ExitCode, time::Duration};

use anyhow::Context;
use chassis::{clock::Clock, shutdown::Shutdown};
use clap::Args;
use tokio::{net::TcpListener, time::Instant};

use super::Invocation;
use crate::{app, app::App, canon_dir, routes};

/// Flags of `loom serve`.
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

/// Serves until `shutdown`, then lets running turns finish.
async fn serve(app: &App, shutdown: &Shutdown) -> anyhow::Result<()> {
    let address = app.bind_address().await?;
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!(
            "cannot listen on {address}: if another program holds the port, stop it or choose another with \
             `--bind 127.0.0.1:PORT`"
        )
    })?;
    let bound = listener.local_addr()?;
    if app.config.canon.watch {
        tokio::spawn(canon_dir::watch(app.canons.clone(), shutdown.token()));
    }
    let drain = Duration::from_secs(app.config.server.drain_seconds);
    app.health.set_ready(true);
    tracing::info!(address = %bound, canons = app.canons.all().await.len(), "loom is ready");
    println!("loom is ready at http://{bound}");
    let health = app.health.clone();
    let token = shutdown.token();
    let stopping = tokio::spawn(async move {
        token.cancelled().await;
        health.set_ready(false);
        Instant::now()
    });
    chassis::http::serve(listener, routes::router(app), shutdown, drain).await?;
    let since = stopping.await?;
    stop(app, shutdown, drain.saturating_sub(since.elapsed())).await;
    Ok(())
}

/// Turns go on without their listeners for what is left of the drain, then the database is closed in order.
async fn stop(app: &App, shutdown: &Shutdown, left: Duration) {
    if !shutdown.wait_drained(app.player.tracker().clone(), left).await {
        tracing::warn!(
            turns = app.player.in_progress(),
            "turns that were not finished are dropped; none was acknowledged"
        );
    }
    if let Err(error) = app.gateway.flush().await {
        tracing::error!(%error, "the last ledger entries could not be stored");
    }
    app.database.close().await;
    tracing::info!("stopped");
}
