//! The line kept by Redis: a copy of the rows' order that may be lost at any time.
//!
//! Redis proposes, the row decides: a popped id is handed out only when its row is live, due and can be granted.
//! So nothing that Redis forgets, keeps too long or is told twice can lose a job or give it to two workers. Rows
//! remember in which life of Redis it was told of them; after a restart or a flush that life is another one, and the
//! relay tells it of every live row again.

mod relay;
mod scripts;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chassis::secret::Secret;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Pipeline, RedisError};
use storage::{Database, Value, params};
use tokio::time::timeout;

use crate::error::JobsError;
use crate::job::{Claimed, Lease};
use crate::lease::{self, CLAIMED, GRANTED, Grant};
use crate::pause;
use crate::queue::Moment;
use crate::queue::redis::scripts::{Keys, Scripts};
use crate::upkeep::Moved;

/// Nothing that is asked of Redis takes longer.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);
/// The same with a new connection before it.
const CALL_LIMIT: Duration = Duration::from_secs(2);
/// How often the relay looks for rows of other processes.
const RELAY_EVERY: Duration = Duration::from_millis(200);

pub(super) struct RedisLine {
    connection: ConnectionManager,
    prefix: String,
    scripts: Scripts,
    /// This process has written rows that Redis does not know of yet.
    has_unpublished: AtomicBool,
    last_relay: Mutex<Option<Instant>>,
}

impl RedisLine {
    /// Does not connect yet.
    pub(super) fn open(url: &Secret, prefix: &str) -> Result<Self, JobsError> {
        let refuse = |error: RedisError| JobsError::Setting {
            key: "url",
            // The driver's text might quote the URL with its password.
            reason: format!(
                "it cannot be used ({:?}): write redis://[user:password@]host:port",
                error.kind()
            ),
        };
        let client = redis::Client::open(url.expose()).map_err(refuse)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(50))
            .set_connection_timeout(Some(ANSWER_LIMIT))
            .set_response_timeout(Some(ANSWER_LIMIT));
        let connection = ConnectionManager::new_lazy_with_config(client, config).map_err(refuse)?;
        Ok(RedisLine {
            connection,
            prefix: prefix.to_owned(),
            scripts: Scripts::new(),
            has_unpublished: AtomicBool::new(true),
            last_relay: Mutex::new(None),
        })
    }

    pub(super) async fn ping(&self) -> Result<(), JobsError> {
        let mut connection = self.connection.clone();
        let ping = async { redis::cmd("PING").query_async::<()>(&mut connection).await };
        self.bounded("answer", ping).await
    }

    pub(super) async fn claim(
        &self,
        database: &Database,
        kind: &str,
        grant: &Grant<'_>,
        limit: u32,
        moment: &Moment,
    ) -> Result<Vec<Claimed>, JobsError> {
        if self.is_relay_due() {
            self.relay(database, moment).await?;
        }
        if limit == 0 || pause::is_paused(database, kind).await? {
            return Ok(Vec::new());
        }
        let ids = self.pop(kind, grant, limit, moment).await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let taken = take(database, kind, &ids, grant, moment).await;
        let granted = taken.as_ref().map(Vec::as_slice).unwrap_or_default();
        let refused: Vec<&str> = ids
            .iter()
            .map(String::as_str)
            .filter(|id| !granted.iter().any(|claim| claim.job.id.as_str() == *id))
            .collect();
        if !refused.is_empty() {
            self.put_right(database, kind, &refused, moment).await;
        }
        taken
    }

    async fn pop(
        &self,
        kind: &str,
        grant: &Grant<'_>,
        limit: u32,
        moment: &Moment,
    ) -> Result<Vec<String>, JobsError> {
        let until_ms = moment.ms.saturating_add(crate::outbox::whole_ms(grant.lease));
        let mut connection = self.connection.clone();
        let keys = Keys::of(&self.prefix, kind);
        let mut call = self.scripts.claim.prepare_invoke();
        keys.put_into(&mut call);
        call.arg(moment.ms).arg(until_ms).arg(limit);
        self.bounded("hand out jobs", call.invoke_async(&mut connection)).await
    }

    /// A lease that was extended in the row. Best effort: without it the job is proposed early and refused.
    pub(super) async fn extend(&self, lease: &Lease, until_ms: i64) {
        let keys = Keys::of(&self.prefix, &lease.kind);
        let mut pipeline = Pipeline::new();
        for place in [&keys.leased, &keys.delayed] {
            pipeline.cmd("ZADD").arg(place).arg("XX").arg(until_ms).arg(lease.id.as_str()).ignore();
        }
        self.run("extend a lease", &pipeline).await;
    }

    /// Jobs that have come to an end. Best effort: what stays is proposed once more and refused.
    pub(super) async fn forget(&self, kind: &str, ids: &[&str]) {
        self.run("forget jobs", &forgetting(&self.prefix, kind, ids)).await;
    }

    /// The same without waiting for the answer, for a job that will never come back.
    pub(super) fn forget_soon(&self, lease: &Lease) {
        let pipeline = forgetting(&self.prefix, &lease.kind, &[lease.id.as_str()]);
        let mut connection = self.connection.clone();
        tokio::spawn(async move {
            let call = pipeline.query_async::<()>(&mut connection);
            if !matches!(timeout(CALL_LIMIT, call).await, Ok(Ok(()))) {
                tracing::debug!("Redis proposes a job once more that is done");
            }
        });
    }

    /// Puts a job that was held where its row now says. Best effort: otherwise it comes back when Redis' lease is over.
    pub(super) async fn replace(&self, database: &Database, lease: &Lease, moment: &Moment) {
        self.put_right(database, &lease.kind, &[lease.id.as_str()], moment).await;
    }

    /// Puts jobs where they belong, whatever Redis thought of them before.
    pub(super) async fn place(&self, moved: &[Moved], moment: &Moment) {
        for job in moved {
            let keys = Keys::of(&self.prefix, &job.kind);
            let mut connection = self.connection.clone();
            let mut call = self.scripts.place.prepare_invoke();
            keys.put_into(&mut call);
            call.arg(moment.ms).arg(&job.id).arg(job.rank_ms).arg(job.visible_at_ms);
            if let Err(error) = self.bounded::<()>("move a job", call.invoke_async(&mut connection)).await {
                tracing::debug!(%error, "Redis was not told that a job has moved");
                return;
            }
        }
    }

    /// What Redis proposed and the rows refused, or what changed in a row: makes Redis agree with the rows.
    async fn put_right(&self, database: &Database, kind: &str, ids: &[&str], moment: &Moment) {
        let sql = format!(
            "SELECT id, kind, rank_ms, visible_at_ms FROM job_queue WHERE state = 'live' AND id IN ({})",
            places(ids.len(), 0)
        );
        let values: Vec<Value> = ids.iter().map(|id| Value::from(*id)).collect();
        let live = match database.fetch_all(&sql, &values).await {
            Ok(rows) => rows.iter().map(Moved::of).collect::<Result<Vec<_>, _>>(),
            Err(error) => Err(error),
        };
        match live {
            Ok(live) => {
                let gone: Vec<&str> =
                    ids.iter().copied().filter(|id| !live.iter().any(|job| job.id == *id)).collect();
                if !gone.is_empty() {
                    self.forget(kind, &gone).await;
                }
                self.place(&live, moment).await;
            }
            Err(error) => tracing::debug!(%error, "jobs wait for the end of their lease in Redis"),
        }
    }

    pub(super) fn mark_unpublished(&self) {
        self.has_unpublished.store(true, Ordering::Release);
    }

    fn is_relay_due(&self) -> bool {
        let mut last = self.last_relay.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = last.is_none_or(|last| last.elapsed() >= RELAY_EVERY);
        let has_news = self.has_unpublished.swap(false, Ordering::AcqRel);
        if is_time || has_news {
            *last = Some(Instant::now());
        }
        is_time || has_news
    }

    async fn run(&self, what: &'static str, pipeline: &Pipeline) {
        let mut connection = self.connection.clone();
        if let Err(error) = self.bounded::<()>(what, pipeline.query_async(&mut connection)).await {
            tracing::debug!(%error, "Redis will be put right later");
        }
    }

    async fn bounded<T>(
        &self,
        what: &'static str,
        call: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, JobsError> {
        match timeout(CALL_LIMIT, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(JobsError::Redis { what, detail: error.to_string() }),
            Err(_elapsed) => {
                Err(JobsError::Redis { what, detail: format!("no answer within {} s", CALL_LIMIT.as_secs()) })
            }
        }
    }
}

fn forgetting(prefix: &str, kind: &str, ids: &[&str]) -> Pipeline {
    let keys = Keys::of(prefix, kind);
    let mut pipeline = Pipeline::new();
    pipeline.cmd("HDEL").arg(&keys.ranks).arg(ids).ignore();
    for place in [&keys.ready, &keys.delayed, &keys.leased] {
        pipeline.cmd("ZREM").arg(place).arg(ids).ignore();
    }
    pipeline
}

/// Grants those of the proposed jobs that the rows allow.
async fn take(
    database: &Database,
    kind: &str,
    ids: &[String],
    grant: &Grant<'_>,
    moment: &Moment,
) -> Result<Vec<Claimed>, JobsError> {
    let sql = format!(
        "{GRANTED} WHERE kind = $5 AND state = 'live' AND visible_at_ms <= $6 AND id IN ({}) {CLAIMED}",
        places(ids.len(), 6)
    );
    let mut values = grant.values(moment);
    values.extend(params![kind, moment.ms]);
    values.extend(ids.iter().map(Value::from));
    lease::grant(database, &sql, &values).await
}

/// `$7, $8, …`
fn places(count: usize, after: usize) -> String {
    (after + 1..=after + count).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}
