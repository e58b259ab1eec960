//! From a queued request to the delivered review: takes jobs, and sees that every one of them ends in a message.
//!
//! A job may run more than once. Whatever it does is safe to do again: matches are kept once, a review is stored under
//! its key, the reply is an edit of one message, and a message to a channel carries a nonce.

use std::time::Duration;

use anyhow::Context;
use jobs::{DeadJob, Failure, Handler, Running, WorkerSettings};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    discord::{
        guard::GuardState,
        requests::{ANALYZE_JOB, AnalyzeRequest, BIND_JOB, BindRequest},
    },
};

mod analyze;
mod bind;
mod documents;
mod judge;
mod messenger;
mod reader;
mod record;
mod stages;
mod subject;
mod trouble;

pub(crate) use self::judge::Judged;

/// While nothing may be sent to Discord, work that ends in a message waits so long.
const DOOR_SHUT: Duration = Duration::from_secs(60);

/// Serves jobs until `stop`, then lets those under way end.
pub async fn run(app: App, stop: CancellationToken) -> anyhow::Result<()> {
    let settings = settings(&app);
    tracing::info!(worker = %settings.name, concurrency = app.config.queue.concurrency, "a worker serves jobs");
    let queue = app.queue.clone();
    let drained = jobs::worker::run(queue, settings, Reviewer { app }, stop)
        .await
        .context("the worker cannot start")?;
    if drained.given_back > 0 {
        tracing::warn!(jobs = drained.given_back, "jobs were cut off and will be done by another worker");
    }
    Ok(())
}

fn settings(app: &App) -> WorkerSettings {
    let queue = &app.config.queue;
    let name = format!("chimera-{}", uuid::Uuid::new_v4().simple());
    let mut settings =
        WorkerSettings::new(name).kind(ANALYZE_JOB, queue.concurrency).kind(BIND_JOB, queue.concurrency);
    settings.lease = Duration::from_secs(queue.lease_seconds);
    settings.poll = Duration::from_millis(queue.poll_ms);
    settings.drain = Duration::from_secs(app.config.server.drain_seconds);
    settings
}

/// Does the jobs of this program.
struct Reviewer {
    app: App,
}

impl Handler for Reviewer {
    async fn run(&self, running: Running) -> Result<(), Failure> {
        if matches!(self.app.discord.guard().state(), GuardState::Open { .. }) {
            return Err(Failure::postpone("nothing may be sent to Discord for now", DOOR_SHUT));
        }
        match running.job.kind.as_str() {
            ANALYZE_JOB => {
                let request: AnalyzeRequest = running.job.decode()?;
                analyze::run(&self.app, &running.job, &request).await
            }
            BIND_JOB => {
                let request: BindRequest = running.job.decode()?;
                bind::run(&self.app, &running.job, &request).await
            }
            other => Err(Failure::permanent(format!("no job of the kind `{other}` is known here"))),
        }
    }

    /// Whoever asked is told, whatever it was that gave up.
    async fn on_dead(&self, dead: DeadJob) {
        let reply = match dead.job.kind.as_str() {
            ANALYZE_JOB => dead.job.decode::<AnalyzeRequest>().map(|request| request.reply),
            _ => dead.job.decode::<BindRequest>().map(|request| request.reply),
        };
        tracing::error!(job.id = %dead.job.id.as_str(), job.kind = %dead.job.kind, reason = %dead.reason, "a job is given up");
        let Ok(reply) = reply else { return };
        if let Err(failure) = messenger::give_up(&self.app, &dead, &reply).await {
            tracing::error!(job.id = %dead.job.id.as_str(), ?failure, "the player could not be told");
        }
    }
}
