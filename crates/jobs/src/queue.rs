//! The handle a program holds: enqueues, claims under a lease, ends, pauses and counts jobs.
//!
//! [`worker::run`](crate::worker::run) is built on the claiming half of it; programs mostly need the other.

mod database;
#[cfg(feature = "redis")]
mod redis;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chassis::clock::{Clock, utc_text};
use jiff::Timestamp;
use storage::{Database, Transaction};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::error::JobsError;
use crate::inspect::KindStats;
use crate::job::{Claimed, Enqueued, JobId, JobRecord, Lease, NewJob, check_kind};
use crate::lease::Grant;
use crate::retry::storable;
use crate::settings::{Backend, QueueSettings};
use crate::{dead, inspect, lease, observe, outbox, pause, upkeep};

/// How often tables are tidied, by whoever claims.
const UPKEEP_EVERY: Duration = Duration::from_secs(60);
/// A clock that shows this much less than before was set back.
const SET_BACK_MS: i64 = 1_000;
/// Jobs in one claim.
const CLAIM_LIMIT: u32 = 64;

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
    watch: Watch,
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
                watch: Watch::default(),
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

/// The claiming half.
impl Queue {
    /// Takes up to `limit` (64 at most) jobs of a kind that are due, in the order of the line, for as long as the
    /// lease. Empty when there are none or the kind is paused. A returned job may be
    /// [exhausted](crate::Job::is_exhausted): bury it.
    ///
    /// # Errors
    /// When the backend does not answer; no job is lost by that.
    pub async fn claim(
        &self,
        kind: &str,
        worker: &str,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<Claimed>, JobsError> {
        check_kind(kind)?;
        let moment = self.now();
        self.keep_up(&moment).await;
        let grant = Grant::new(worker, lease);
        let limit = limit.min(CLAIM_LIMIT);
        let outcome = match &self.inner.line {
            Line::Database => database::claim(&self.inner.database, kind, &grant, limit, &moment).await,
            #[cfg(feature = "redis")]
            Line::Redis(line) => line.claim(&self.inner.database, kind, &grant, limit, &moment).await,
        };
        observe::backend_up(outcome.is_ok());
        outcome
    }

    /// Extends a lease to `by` from now; false when it is lost.
    ///
    /// # Errors
    /// When the database cannot be written; the lease then goes on until it runs out.
    pub async fn heartbeat(&self, lease: &Lease, by: Duration) -> Result<bool, JobsError> {
        let moment = self.now();
        let is_held = lease::extend(&self.inner.database, lease, by, &moment).await?;
        #[cfg(feature = "redis")]
        if let (true, Line::Redis(line)) = (is_held, &self.inner.line) {
            line.extend(lease, moment.ms.saturating_add(outbox::whole_ms(by))).await;
        }
        Ok(is_held)
    }

    /// Ends the job. Calling it again with the same lease does no harm.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when somebody else has it or ended it.
    pub async fn complete(&self, lease: &Lease) -> Result<(), JobsError> {
        let outcome = lease::complete(&self.inner.database, lease, &self.now()).await;
        match outcome {
            Err(JobsError::LeaseLost { .. }) if lease::is_done_by(&self.inner.database, lease).await? => {}
            other => other?,
        }
        #[cfg(feature = "redis")]
        if let Line::Redis(line) = &self.inner.line {
            line.forget_soon(lease);
        }
        Ok(())
    }

    /// Ends the job as part of the caller's transaction, so that its effects there are had exactly once. Call
    /// [`complete`](Queue::complete) after the commit; a worker does that by itself when the handler returns.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when somebody else has the job: roll back.
    pub async fn complete_in(&self, transaction: &mut Transaction, lease: &Lease) -> Result<(), JobsError> {
        lease::complete_in(transaction, lease, &self.now()).await
    }

    /// Puts the job back for another attempt after this. The reason is stored.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when somebody else has it.
    pub async fn retry(&self, lease: &Lease, after: Duration, reason: &str) -> Result<(), JobsError> {
        let Inner { database, settings, .. } = &*self.inner;
        let moment = self.now();
        lease::retry(database, lease, after, &storable(reason), settings, &moment).await?;
        #[cfg(feature = "redis")]
        if let Line::Redis(line) = &self.inner.line {
            line.replace(database, lease, &moment).await;
        }
        Ok(())
    }

    /// Makes it a dead letter with this reason.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when somebody else has it.
    pub async fn bury(&self, lease: &Lease, reason: &str) -> Result<(), JobsError> {
        lease::bury(&self.inner.database, lease, &storable(reason), &self.now()).await?;
        #[cfg(feature = "redis")]
        if let Line::Redis(line) = &self.inner.line {
            line.forget(&lease.kind, &[lease.id.as_str()]).await;
        }
        Ok(())
    }

    /// Puts the job back into its old place at once, without counting the attempt.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when somebody else has it.
    pub async fn give_back(&self, lease: &Lease) -> Result<(), JobsError> {
        let moment = self.now();
        lease::give_back(&self.inner.database, lease, &moment).await?;
        #[cfg(feature = "redis")]
        if let Line::Redis(line) = &self.inner.line {
            line.replace(&self.inner.database, lease, &moment).await;
        }
        self.nudge();
        Ok(())
    }

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

    /// Tidies the tables when it is time, and at once after the clock was set back. What goes wrong here is not the
    /// claimer's business.
    async fn keep_up(&self, moment: &Moment) {
        let was_set_back = self.inner.watch.take();
        {
            let mut last = self.inner.last_upkeep.lock().unwrap_or_else(PoisonError::into_inner);
            let is_due = last.is_none_or(|last| last.elapsed() >= UPKEEP_EVERY);
            if !is_due && !was_set_back {
                return;
            }
            *last = Some(Instant::now());
        }
        if let Err(error) = self.tidy(moment).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the queue's tables were not tidied");
        }
    }

    async fn tidy(&self, moment: &Moment) -> Result<(), JobsError> {
        let Inner { database, settings, .. } = &*self.inner;
        let moved = upkeep::clamp(database, settings, moment).await?;
        if !moved.is_empty() {
            tracing::warn!(jobs = moved.len(), "the clock was set back: waits that it lengthened were cut");
        }
        #[cfg(feature = "redis")]
        if let Line::Redis(line) = &self.inner.line {
            line.place(&moved, moment).await;
            line.tell_overdue(database, moment).await?;
        }
        let pruned = upkeep::prune(database, settings, moment).await?;
        if pruned > 0 {
            tracing::debug!(jobs = pruned, "old jobs were pruned");
        }
        Ok(())
    }

    fn now(&self) -> Moment {
        let moment = Moment::at(self.inner.clock.now());
        self.inner.watch.see(moment.ms);
        moment
    }
}

/// Notices when the clock was set back.
#[derive(Default)]
struct Watch {
    /// What the clock showed last.
    last_ms: AtomicI64,
    was_set_back: AtomicBool,
}

impl Watch {
    fn see(&self, ms: i64) {
        if ms < self.last_ms.swap(ms, Ordering::AcqRel).saturating_sub(SET_BACK_MS) {
            self.was_set_back.store(true, Ordering::Release);
        }
    }

    /// Whether it was since the last call.
    fn take(&self) -> bool {
        self.was_set_back.swap(false, Ordering::AcqRel)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_is_noticed_once() {
        let watch = Watch::default();
        let check = |ms: i64, expected: bool| {
            watch.see(ms);
            assert_eq!(watch.take(), expected, "{ms}");
        };
        check(1_000_000, false);
        check(999_500, false);
        check(990_000, true);
        check(990_001, false);
        check(5_000_000, false);
        check(0, true);
    }
}
