//! Stopping in order: one token that every part watches, set by a signal or by the program itself.

use std::time::Duration;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What a shell expects of a program ended by Ctrl-C: 128 plus the number of SIGINT.
const EXIT_INTERRUPTED: i32 = 130;

/// The wish to stop, shared by all clones; once given it stays.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// Nothing asked to stop yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The token to wait on; tasks may take child tokens of it.
    pub fn token(&self) -> CancellationToken {
        self.0.clone()
    }

    /// Asks every part to stop; a second call changes nothing.
    pub fn trigger(&self) {
        self.0.cancel();
    }

    /// Whether stopping was asked for.
    pub fn is_triggered(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Starts a task that triggers on the first SIGINT or SIGTERM and ends the process with status 130 on the
    /// second, for the person who does not want to wait for the drain. Needs a tokio runtime; when signals cannot
    /// be listened to, that is logged and the process keeps the system's default of dying on them.
    pub fn spawn_signal_listener(&self) {
        let shutdown = self.clone();
        match Signals::listen() {
            Ok(mut signals) => {
                tokio::spawn(async move {
                    let name = signals.next().await;
                    tracing::info!(signal = name, "stopping; a second signal stops at once");
                    shutdown.trigger();
                    let name = signals.next().await;
                    tracing::warn!(signal = name, "second signal, stopping at once");
                    std::process::exit(EXIT_INTERRUPTED);
                });
            }
            Err(error) => {
                tracing::error!(%error, "cannot listen for signals, they will end the program at once");
            }
        }
    }

    /// Closes `tasks` and waits for those that run. False when `limit` passed first; the tasks then still run.
    pub async fn wait_drained(&self, tasks: TaskTracker, limit: Duration) -> bool {
        tasks.close();
        tokio::time::timeout(limit, tasks.wait()).await.is_ok()
    }
}

struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_clone_sees_the_trigger() {
        let shutdown = Shutdown::new();
        let token = shutdown.clone().token();
        assert!(!token.is_cancelled());
        shutdown.trigger();
        token.cancelled().await;
        assert!(shutdown.is_triggered());
    }

    #[tokio::test(start_paused = true)]
    async fn draining_waits_for_tasks_up_to_the_limit() {
        let (shutdown, tasks) = (Shutdown::new(), TaskTracker::new());
        let token = shutdown.token();
        tasks.spawn(async move { token.cancelled().await });
        assert!(!shutdown.wait_drained(tasks.clone(), Duration::from_secs(3)).await);
        shutdown.trigger();
        assert!(shutdown.wait_drained(tasks, Duration::from_secs(3)).await);
    }
}
