//! A queue of one backend with everything around it, and the backends there are.

use std::time::Duration;

use chassis::backoff::Backoff;
use chassis::clock::{Clock, parse_utc_text};
use chassis::secret::Secret;
use jobs::{Backend, Claimed, JobId, MIGRATIONS, NewJob, Queue, QueueSettings};
use storage::{Database, DatabaseSettings};
use testkit::{TempDb, TempRedis};

pub(crate) const LEASE: Duration = Duration::from_secs(60);
pub(crate) const KIND: &str = "analyze";
/// For what must happen soon in real time on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) struct Stage {
    /// For messages of failing tests.
    pub(crate) name: String,
    pub(crate) queue: Queue,
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) settings: QueueSettings,
    pub(crate) redis: Option<TempRedis>,
    /// Dropped last.
    pub(crate) temporary: TempDb,
}

impl Stage {
    /// One of each, on a clock that stands still.
    pub(crate) async fn each() -> Vec<Stage> {
        Self::each_at(fixed()).await
    }

    /// One of each on the machine's clock, for tests that run workers.
    pub(crate) async fn each_running() -> Vec<Stage> {
        Self::each_at(Clock::system()).await
    }

    async fn each_at(clock: Clock) -> Vec<Stage> {
        let mut stages = Vec::new();
        for temporary in TempDb::each().await {
            stages.push(Self::set(temporary, None, clock.clone()).await);
        }
        for temporary in TempDb::each().await {
            if let Some(redis) = TempRedis::start().await {
                stages.push(Self::set(temporary, Some(redis), clock.clone()).await);
            }
        }
        stages
    }

    /// Redis over SQLite.
    pub(crate) async fn with_redis(clock: Clock) -> Option<Stage> {
        let redis = TempRedis::start().await?;
        Some(Self::set(TempDb::sqlite(), Some(redis), clock).await)
    }

    async fn set(temporary: TempDb, redis: Option<TempRedis>, clock: Clock) -> Stage {
        let settings = DatabaseSettings {
            readers: 8,
            busy_timeout: Duration::from_secs(30),
            ..DatabaseSettings::at(&temporary.url)
        };
        let database = Database::open(&settings, clock.clone()).await.unwrap();
        storage::migrate::up(&database, &[&storage::MIGRATIONS, &MIGRATIONS]).await.unwrap();
        let backend = match &redis {
            Some(redis) => {
                Backend::Redis { url: Secret::new(redis.url.clone()), prefix: "{suite}".to_owned() }
            }
            None => Backend::Database,
        };
        let backoff = Backoff {
            base: Duration::from_secs(10),
            factor: 2.0,
            max: Duration::from_secs(600),
            jitter: 0.0,
        };
        let settings = QueueSettings { backend, backoff, ..QueueSettings::default() };
        let queue = Queue::open(settings.clone(), database.clone(), clock.clone()).await.unwrap();
        let line = if redis.is_some() { "redis over " } else { "" };
        let name = format!("{line}{}", database.backend());
        Stage { name, queue, database, clock, settings, redis, temporary }
    }

    /// Another process on the same database and Redis, as far as the queue can tell.
    pub(crate) async fn other_process(&self) -> Queue {
        Queue::open(self.settings.clone(), self.database.clone(), self.clock.clone()).await.unwrap()
    }

    pub(crate) async fn enqueue(&self, payload: &str) -> JobId {
        self.enqueue_job(job(payload)).await
    }

    pub(crate) async fn enqueue_job(&self, job: NewJob) -> JobId {
        self.queue.enqueue_now(&job).await.unwrap().id
    }

    /// What one claim gets.
    pub(crate) async fn claim(&self, limit: u32) -> Vec<Claimed> {
        self.queue.claim(KIND, "tester", LEASE, limit).await.unwrap()
    }

    /// The payloads of one claim.
    pub(crate) async fn payloads(&self, limit: u32) -> Vec<String> {
        self.claim(limit).await.iter().map(|claim| claim.job.decode().unwrap()).collect()
    }

    /// Claims and completes; the payloads.
    pub(crate) async fn finish(&self, limit: u32) -> Vec<String> {
        let mut payloads = Vec::new();
        for claim in self.claim(limit).await {
            self.queue.complete(&claim.lease).await.unwrap();
            payloads.push(claim.job.decode().unwrap());
        }
        payloads
    }

    pub(crate) async fn claim_one(&self) -> Claimed {
        let mut claims = self.claim(1).await;
        assert_eq!(claims.len(), 1, "{}", self.name);
        claims.remove(0)
    }

    pub(crate) async fn end(self) {
        self.database.close().await;
    }
}

pub(crate) fn job(payload: &str) -> NewJob {
    NewJob::new(KIND, &payload).unwrap()
}

pub(crate) fn fixed() -> Clock {
    Clock::fixed(parse_utc_text("2026-01-31 12:00:00.000").unwrap())
}
