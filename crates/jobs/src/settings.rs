//! How a queue behaves, and which backend orders its jobs.

use std::time::Duration;

use chassis::backoff::Backoff;
#[cfg(feature = "redis")]
use chassis::secret::Secret;

use crate::error::JobsError;

/// What puts the jobs in order and hands them out. The jobs themselves are rows of the program's database always.
#[derive(Clone, Debug)]
pub enum Backend {
    /// The database itself: one writer on SQLite, `SKIP LOCKED` on PostgreSQL.
    Database,
    /// A Redis server, told of the rows by a relay. It should run with `appendonly yes` and without eviction; what
    /// it forgets it is told again.
    #[cfg(feature = "redis")]
    Redis {
        /// `redis://[user:password@]host:port/[number]`.
        url: Secret,
        /// What every key begins with, so that programs can share a server.
        prefix: String,
    },
}

/// The settings of a queue. All workers and enqueuers of one queue should use the same.
#[derive(Clone, Debug)]
pub struct QueueSettings {
    /// Who orders the jobs.
    pub backend: Backend,
    /// Largest payload as JSON.
    pub payload_limit_bytes: usize,
    /// How long after a job is done its key still names it, for jobs that do not say themselves.
    pub key_window: Duration,
    /// Attempts of a job that does not say itself.
    pub max_attempts: u32,
    /// The wait after a failed attempt.
    pub backoff: Backoff,
    /// The head start of one step of priority: a job of priority 1 is served before those of priority 0 that fell
    /// due up to this much earlier, and after older ones. That is what keeps low priorities from starving.
    pub priority_step: Duration,
    /// How long done jobs are kept, without their payload; no key is remembered longer.
    pub keep_done: Duration,
    /// How long dead jobs are kept.
    pub keep_dead: Duration,
}

impl Default for QueueSettings {
    fn default() -> Self {
        QueueSettings {
            backend: Backend::Database,
            payload_limit_bytes: 256 * 1024,
            key_window: Duration::from_secs(600),
            max_attempts: 5,
            backoff: Backoff {
                base: Duration::from_secs(2),
                factor: 3.0,
                max: Duration::from_secs(600),
                jitter: 0.5,
            },
            priority_step: Duration::from_secs(60),
            keep_done: Duration::from_secs(24 * 3600),
            keep_dead: Duration::from_secs(30 * 24 * 3600),
        }
    }
}

impl QueueSettings {
    pub(crate) fn check(&self) -> Result<(), JobsError> {
        let refuse = |key, reason: &str| Err(JobsError::Setting { key, reason: reason.to_owned() });
        if self.payload_limit_bytes == 0 {
            return refuse("payload_limit_bytes", "0 leaves no room for a payload");
        }
        if self.max_attempts == 0 {
            return refuse("max_attempts", "a job needs at least one attempt");
        }
        #[cfg(feature = "redis")]
        if let Backend::Redis { prefix, .. } = &self.backend
            && (prefix.is_empty() || prefix.len() > 64 || prefix.chars().any(char::is_whitespace))
        {
            return refuse("prefix", "write 1 to 64 characters without spaces");
        }
        Ok(())
    }
}
