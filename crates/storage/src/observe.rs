//! Measures statements, and records the slow ones in the background.
//!
//! A caller only ever puts a text into a bounded queue; when the queue is full the text is dropped and counted.
//! The recorder's own statements are not measured, so it cannot feed itself.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chassis::clock::Clock;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::connection::{Lease, Role};
use crate::error::StorageError;
use crate::params;
use crate::source::Source;
use crate::statement::operation;

/// The names of this crate's metrics.
pub mod names {
    /// Histogram, seconds, label `operation` (the statement's first word). Waiting for a connection is not in it.
    pub const QUERY_DURATION_SECONDS: &str = "db_query_duration_seconds";
    /// Histogram, seconds, label `role` (`reader`, `writer`): waiting for a connection.
    pub const CONNECTION_WAIT_SECONDS: &str = "db_connection_wait_seconds";
    /// Counter: statements slower than the limit.
    pub const SLOW_QUERIES_TOTAL: &str = "db_slow_queries_total";
    /// Counter: slow statements that were counted but not recorded, because the recorder was behind.
    pub const SLOW_QUERIES_DROPPED_TOTAL: &str = "db_slow_queries_dropped_total";
}

const QUEUE_LENGTH: usize = 256;
const BATCH: usize = 64;
/// Newest rows kept in `slow_queries`.
const ROWS_KEPT: i64 = 10_000;
const TEXT_KEPT_BYTES: usize = 4_000;

const INSERT: &str = "INSERT INTO slow_queries (query, duration, timestamp) VALUES ($1, $2, $3)";
const CAP: &str = "DELETE FROM slow_queries WHERE timestamp <= \
    (SELECT timestamp FROM slow_queries ORDER BY timestamp DESC LIMIT 1 OFFSET $1)";

/// One slow statement on its way to the table.
pub(crate) struct SlowQuery {
    text: String,
    took: Duration,
    at: String,
}

pub(crate) struct Observer {
    limit: Duration,
    clock: Clock,
    queue: Mutex<Option<mpsc::Sender<SlowQuery>>>,
}

impl Observer {
    pub(crate) fn new(limit: Duration, clock: Clock) -> (Self, mpsc::Receiver<SlowQuery>) {
        let (sender, receiver) = mpsc::channel(QUEUE_LENGTH);
        (Observer { limit, clock, queue: Mutex::new(Some(sender)) }, receiver)
    }

    /// Called once a statement; never waits.
    pub(crate) fn statement(&self, sql: &str, took: Duration) {
        metrics::histogram!(names::QUERY_DURATION_SECONDS, "operation" => operation(sql)).record(took);
        if took < self.limit || self.limit == Duration::MAX {
            return;
        }
        metrics::counter!(names::SLOW_QUERIES_TOTAL).increment(1);
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = queue.as_ref() else { return };
        let slow = SlowQuery { text: cut(sql.trim()).to_owned(), took, at: self.clock.now_text() };
        if let Err(TrySendError::Full(_)) = queue.try_send(slow) {
            metrics::counter!(names::SLOW_QUERIES_DROPPED_TOTAL).increment(1);
        }
    }

    pub(crate) fn waited(&self, role: Role, took: Duration) {
        let role = match role {
            Role::Reader => "reader",
            Role::Writer => "writer",
        };
        metrics::histogram!(names::CONNECTION_WAIT_SECONDS, "role" => role).record(took);
    }

    /// Lets the recorder finish what is queued and end.
    pub(crate) fn stop(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }
}

/// Runs until every sender is gone.
pub(crate) async fn record_slow_queries(source: Source, mut queue: mpsc::Receiver<SlowQuery>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        match record(&source, &batch).await {
            Ok(()) => {}
            // Before the first migration there is no table yet, and that is fine.
            Err(StorageError::Other { detail }) => {
                tracing::debug!(detail, "slow statements were not recorded");
            }
            Err(error) => tracing::warn!(%error, "slow statements were not recorded"),
        }
        batch.clear();
    }
}

async fn record(source: &Source, batch: &[SlowQuery]) -> Result<(), StorageError> {
    let mut lease = Lease::new(source.link(Role::Writer).await?, Role::Writer, None);
    for slow in batch {
        let duration_ms = slow.took.as_secs_f64() * 1_000.0;
        lease.execute(INSERT, &params![slow.text.as_str(), duration_ms, slow.at.as_str()]).await?;
    }
    lease.execute(CAP, &params![ROWS_KEPT]).await?;
    Ok(())
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_KEPT_BYTES)]
}
