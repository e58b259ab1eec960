//! The handle a program holds: enqueues, claims under a lease, ends, pauses and counts jobs.
//!
//! [`worker::run`](crate::worker::run) is built on the claiming half of it; programs mostly need the other.

mod claims;
mod database;
#[cfg(feature = "redis")]
mod redis;
mod tidy;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use chassis::clock::{Clock, utc_text};
use jiff::Timestamp;
use storage::{Database, Transaction};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::error::JobsError;
use crate::inspect::KindStats;
use crate::job::{Enqueued, JobId, JobRecord, Lease, NewJob, check_kind};
use crate::settings::{Backend, QueueSettings};
use crate::{dead, inspect, lease, observe, outbox, pause};

/// A queue. Cloning is cheap and shares it. Every call may fail with [`JobsError::Storage`].
#[derive(Clone)]
pub struct Queue {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Queue").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

struct Inner {
    settings: QueueSettings,
    database: Database,
    clock: Clock,
    line: Line,
    /// Wakes workers of this process.
    news: Notify,
    watch: tidy::Watch,
    last_upkeep: Mutex<Option<Instant>>,
}

/// Who keeps the jobs in order.
enum Line {
    Database,
    #[cfg(feature = "redis")]
    Redis(Box<redis::RedisLine>),
}

impl Queue {
    /// Opens the queue on a database that has [`MIGRATIONS`](crate::MIGRATIONS). Does not wait for Redis: that may
    /// come later. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// When a setting cannot work or the tables are not there.
    pub async fn open(settings: QueueSettings, database: Database, clock: Clock) -> Result<Self, JobsError> {
        settings.check()?;
        pause::paused(&database).await?;
        let line = match &settings.backend {
            Backend::Database => Line::Database,
            #[cfg(feature = "redis")]
            Backend::Redis { url, prefix } => Line::Redis(Box::new(redis::RedisLine::open(url, prefix)?)),
        };
        Ok(Queue {
            inner: Arc::new(Inner {
                settings,
                database,
                clock,
                line,
                news: Notify::new(),
                watch: tidy::Watch::default(),
                last_upkeep: Mutex::new(None),
            }),
        })
    }

    /// Writes the job into the caller's transaction: it exists when that is committed and not otherwise. Never
    /// waits for Redis. Call [`nudge`](Queue::nudge) after the commit to spare the job the workers' polling interval.
    ///
    /// # Errors
    /// When the payload is too large or the key malformed; nothing was written then and the transaction goes on.
    pub async fn enqueue(&self, transaction: &mut Transaction, job: &NewJob) -> Result<Enqueued, JobsError> {
        let enqueued = outbox::enqueue(transaction, job, &self.inner.settings, &self.now()).await?;
        observe::enqueued(&job.kind, enqueued.is_new);
        self.mark_news();
        Ok(enqueued)
    }

    /// [`enqueue`](Queue::enqueue) in a transaction of its own, and a nudge.
    ///
    /// # Errors
    /// As [`enqueue`](Queue::enqueue).
    pub async fn enqueue_now(&self, job: &NewJob) -> Result<Enqueued, JobsError> {
        let mut transaction = self.inner.database.begin().await?;
        let enqueued = self.enqueue(&mut transaction, job).await?;
        transaction.commit().await?;
        self.nudge();
        Ok(enqueued)
    }

    /// Lets this process's idle workers look for jobs now.
    pub fn nudge(&self) {
        self.mark_news();
        self.inner.news.notify_waiters();
    }

    /// Counts by kind, for metrics and status pages.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn stats(&self) -> Result<Vec<KindStats>, JobsError> {
        inspect::stats(&self.inner.database, &self.now()).await
    }

    /// A job by its id; `None` when there is none or it was pruned.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn get(&self, id: &JobId) -> Result<Option<JobRecord>, JobsError> {
        inspect::get(&self.inner.database, id, &self.now()).await
    }

    /// The dead letters, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn dead(&self, limit: u32) -> Result<Vec<JobRecord>, JobsError> {
        inspect::dead(&self.inner.database, limit, &self.now()).await
    }

    /// Gives a dead job all its attempts again, due at once.
    ///
    /// # Errors
    /// When there is no such job, it is not dead, or a newer one has its key.
    pub async fn requeue(&self, id: &JobId) -> Result<(), JobsError> {
        dead::requeue(&self.inner.database, id, &self.inner.settings, &self.now()).await?;
        self.nudge();
        Ok(())
    }

    /// Lets nobody claim this kind, or any kind, until it is resumed. Jobs under way are not touched, enqueuing goes
    /// on, and a restart does not lift it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn pause(&self, kind: Option<&str>) -> Result<(), JobsError> {
        kind.map_or(Ok(()), check_kind)?;
        pause::pause(&self.inner.database, kind, &self.now()).await
    }

    /// Lifts a pause. Resuming all kinds leaves those that were paused by name.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn resume(&self, kind: Option<&str>) -> Result<(), JobsError> {
        pause::resume(&self.inner.database, kind).await?;
        self.nudge();
        Ok(())
    }

    /// Whether the backend answers, in a sentence for a health page; give it to `chassis::http`'s health as a check.
    ///
    /// # Errors
    /// The sentence that says what does not answer.
    pub async fn health(&self) -> Result<String, String> {
        let outcome = match &self.inner.line {
            Line::Database => self.inner.database.ping().await.map_err(JobsError::from),
            #[cfg(feature = "redis")]
            Line::Redis(line) => line.ping().await,
        };
        observe::backend_up(outcome.is_ok());
        match outcome {
            Ok(()) => Ok("jobs are handed out".to_owned()),
            Err(_) => Err("jobs are accepted and wait: their backend does not answer".to_owned()),
        }
    }
}

impl Queue {
    /// Ready at the next nudge.
    pub(crate) fn news(&self) -> Notified<'_> {
        self.inner.news.notified()
    }

    pub(crate) fn settings(&self) -> &QueueSettings {
        &self.inner.settings
    }

    pub(crate) fn clock_now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    pub(crate) async fn is_done_by(&self, lease: &Lease) -> Result<bool, JobsError> {
        lease::is_done_by(&self.inner.database, lease).await
    }

    fn mark_news(&self) {
        match &self.inner.line {
            Line::Database => {}
            #[cfg(feature = "redis")]
            Line::Redis(line) => line.mark_unpublished(),
        }
    }

    fn now(&self) -> Moment {
        let moment = Moment::at(self.inner.clock.now());
        self.inner.watch.see(moment.ms);
        moment
    }
}

/// One reading of the clock, in both forms the tables hold.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) ms: i64,
    pub(crate) text: String,
}

impl Moment {
    pub(crate) fn at(time: Timestamp) -> Self {
        Moment { ms: time.as_millisecond(), text: utc_text(time) }
    }
}
