//! `chimera serve` and `chimera worker`: the programs that run until they are told to stop.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use axum::Router;
use chassis::{clock::Clock, http, shutdown::Shutdown};
use clap::Args;
use futures::future::BoxFuture;
use tokio::task::JoinSet;

use super::Invocation;
use crate::{app, app::App, config::Config, discord, routes, worker};

/// What a part may need beyond its own drain to write down where it stands.
const STOP_SLACK: Duration = Duration::from_secs(5);

/// Flags of `chimera serve`.
#[derive(Args, Debug)]
pub(super) struct Serve {
    /// Address and port, instead of `server.bind`
    #[arg(long, value_name = "ADDRESS:PORT")]
    bind: Option<String>,
    /// Leave the jobs to other processes, `chimera worker`
    #[arg(long)]
    no_worker: bool,
}

/// Flags of `chimera worker`.
#[derive(Args, Debug)]
pub(super) struct Worker {
    /// Address and port of health and metrics, instead of `server.worker_bind`
    #[arg(long, value_name = "ADDRESS:PORT")]
    bind: Option<String>,
}

/// Something that runs beside the HTTP side until it is told to stop.
type Part = (&'static str, BoxFuture<'static, anyhow::Result<()>>);

impl Serve {
    pub(super) async fn run(self, invocation: Invocation) -> anyhow::Result<ExitCode> {
        let config = invocation.config().clone();
        let bind = self.bind.unwrap_or_else(|| config.server.bind.clone());
        let (app, shutdown) = start(&invocation, config).await?;
        let mut parts = vec![riot_key(&app, &shutdown)];
        if !self.no_worker {
            parts.push(working(&app, &shutdown));
        }
        if app.config.discord.gateway {
            parts.push(gateway(&app, &shutdown));
        }
        host(&app, &bind, routes::router(&app), parts, &shutdown).await
    }
}

impl Worker {
    pub(super) async fn run(self, invocation: Invocation) -> anyhow::Result<ExitCode> {
        let config = invocation.config().clone();
        let bind = self.bind.unwrap_or_else(|| config.server.worker_bind.clone());
        let (app, shutdown) = start(&invocation, config).await?;
        let parts = vec![riot_key(&app, &shutdown), working(&app, &shutdown)];
        host(&app, &bind, routes::probes(&app), parts, &shutdown).await
    }
}

async fn start(invocation: &Invocation, config: Config) -> anyhow::Result<(App, Shutdown)> {
    app::check_settings(&config)?;
    let logs = app::open_logs(&config)?;
    for warning in &invocation.loaded.warnings {
        tracing::warn!("{warning}");
    }
    let shutdown = Shutdown::new();
    shutdown.spawn_signal_listener();
    Ok((App::open(config, logs, Clock::system()).await?, shutdown))
}

fn working(app: &App, shutdown: &Shutdown) -> Part {
    ("worker", Box::pin(worker::run(app.clone(), shutdown.token())))
}

fn gateway(app: &App, shutdown: &Shutdown) -> Part {
    let running = discord::gateway::run(app.clone(), shutdown.token());
    ("gateway", Box::pin(async move { Ok(running.await?) }))
}

fn riot_key(app: &App, shutdown: &Shutdown) -> Part {
    let (app, stop) = (app.clone(), shutdown.token());
    let watching = async move {
        app.watch_riot_key(stop.clone()).await;
        stop.cancelled().await;
        Ok(())
    };
    ("riot key", Box::pin(watching))
}

/// Runs the HTTP side and the parts until `shutdown`; a part that ends by itself ends everything.
async fn host(
    app: &App,
    bind: &str,
    router: Router,
    parts: Vec<Part>,
    shutdown: &Shutdown,
) -> anyhow::Result<ExitCode> {
    let listener = http::listen(bind).await?;
    let bound = listener.local_addr().context("the address that was bound cannot be told")?;
    let mut running = JoinSet::new();
    for (name, part) in parts {
        running.spawn(async move { (name, part.await) });
    }
    app.health.set_ready(true);
    tracing::info!(address = %bound, "chimera is ready");
    println!("chimera is ready at http://{bound}");
    let drain = Duration::from_secs(app.config.server.drain_seconds);
    let serving = tokio::spawn({
        let (shutdown, health) = (shutdown.clone(), app.health.clone());
        async move {
            let token = shutdown.token();
            let unready = tokio::spawn(async move {
                token.cancelled().await;
                health.set_ready(false);
            });
            let served = http::serve(listener, router, &shutdown, drain).await;
            unready.abort();
            // Without its HTTP side the program must not look alive.
            shutdown.trigger();
            served
        }
    });
    let outcome = watch(&mut running, shutdown, drain + STOP_SLACK).await;
    let served = serving.await.context("the HTTP side broke down")?;
    stop(app).await;
    outcome?;
    served.context("the HTTP side failed")?;
    Ok(ExitCode::SUCCESS)
}

/// Waits for the parts: as long as they like before `shutdown`, and for `limit` after it.
async fn watch(
    running: &mut JoinSet<(&'static str, anyhow::Result<()>)>,
    shutdown: &Shutdown,
    limit: Duration,
) -> anyhow::Result<()> {
    let token = shutdown.token();
    let ended = tokio::select! {
        () = token.cancelled() => None,
        ended = running.join_next() => ended,
    };
    let outcome = match ended {
        None => Ok(()),
        Some(Ok((name, Ok(())))) if !shutdown.is_triggered() => {
            Err(anyhow::anyhow!("the {name} ended by itself"))
        }
        Some(Ok((name, outcome))) => outcome.with_context(|| format!("the {name} failed")),
        Some(Err(error)) => Err(anyhow::anyhow!("a part broke down: {error}")),
    };
    shutdown.trigger();
    let rest = async {
        let mut first = Ok(());
        while let Some(ended) = running.join_next().await {
            let ended = match ended {
                Ok((name, outcome)) => outcome.with_context(|| format!("the {name} failed")),
                Err(error) => Err(anyhow::anyhow!("a part broke down: {error}")),
            };
            first = first.and(ended);
        }
        first
    };
    match tokio::time::timeout(limit, rest).await {
        Ok(rest) => outcome.and(rest),
        Err(_) => bail!("{} part(s) did not stop within {} s and were cut", running.len(), limit.as_secs()),
    }
}

/// Finishes the replies under way, writes down what is still in memory, and closes the database in order.
async fn stop(app: &App) {
    if !app.discord.drain(STOP_SLACK).await {
        tracing::warn!("some replies on Discord were not made before the end");
    }
    if let Err(error) = app.gateway.flush().await {
        tracing::error!(%error, "the last ledger entries could not be stored");
    }
    app.database.close().await;
    tracing::info!("stopped");
}
