//! `keeper run`: the daemon.
#![expect(clippy::print_stdout, reason = "the address goes to the terminal")]

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context;
use chassis::{clock::Clock, http, shutdown::Shutdown};
use clap::Args;

use super::Invocation;
use crate::{app, scheduler::Keeper, web};

/// Flags of `keeper run`.
#[derive(Args, Debug)]
pub(super) struct Run {
    /// Plan files, instead of those of the configuration
    #[arg(value_name = "PLAN")]
    plans: Vec<PathBuf>,
    /// Address and port of the page, instead of `server.bind`
    #[arg(long, value_name = "ADDRESS:PORT")]
    bind: Option<String>,
}

impl Run {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let config = invocation.config().clone();
        let files = invocation.plan_files(&self.plans)?;
        invocation.plans(&self.plans)?;
        let bind = self.bind.unwrap_or_else(|| config.server.bind.clone());
        let logs = app::open_logs(&config)?;
        for warning in &invocation.loaded.warnings {
            tracing::warn!("{warning}");
        }
        let shutdown = Shutdown::new();
        shutdown.spawn_signal_listener();
        let listener = http::listen(&bind).await?;
        let bound = listener.local_addr().context("the address that was bound cannot be told")?;
        let metrics = app::install_metrics();
        let keeper = Keeper::start(config.clone(), files, Clock::system()).await?;
        let app = web::App::new(&config, &keeper, logs, metrics);
        app.health.set_ready(true);
        println!("keeper is ready at http://{bound}");
        let drain = Duration::from_secs(config.server.drain_seconds);
        let serving = tokio::spawn({
            let (shutdown, router, health) = (shutdown.clone(), web::router(&app), app.health.clone());
            async move {
                let served = http::serve(listener, router, &shutdown, drain).await;
                health.set_ready(false);
                // Without its page nobody would see that keeper is in trouble.
                shutdown.trigger();
                served
            }
        });
        let kept = keeper.run(shutdown.token()).await;
        shutdown.trigger();
        let served = serving.await.context("the HTTP side broke down")?;
        kept?;
        served.context("the HTTP side failed")?;
        Ok(ExitCode::SUCCESS)
    }
}
