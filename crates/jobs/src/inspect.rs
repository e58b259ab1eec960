//! Looking at jobs without touching them: single records, dead letters, and counts by kind.

use std::collections::BTreeSet;
use std::time::Duration;

use chassis::clock::parse_utc_text;
use jiff::Timestamp;
use storage::{Database, Row, StorageError, params};

use crate::error::JobsError;
use crate::job::{JobId, JobRecord, JobState};
use crate::pause;
use crate::queue::Moment;

const COLUMNS: &str = "id, kind, idempotency_key, priority, state, visible_at_ms, attempts, max_attempts, \
    lease_token, lease_by, last_error, enqueued_at, finished_at";
const COUNTS: &str = "SELECT kind, \
    CAST(SUM(CASE WHEN state = 'live' AND visible_at_ms <= $1 THEN 1 ELSE 0 END) AS BIGINT) AS ready, \
    CAST(SUM(CASE WHEN state = 'live' AND visible_at_ms > $1 AND lease_token IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS delayed, \
    CAST(SUM(CASE WHEN state = 'live' AND visible_at_ms > $1 AND lease_token IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS running, \
    CAST(SUM(CASE WHEN state = 'dead' THEN 1 ELSE 0 END) AS BIGINT) AS dead, \
    MIN(CASE WHEN state = 'live' AND visible_at_ms <= $1 THEN visible_at_ms END) AS oldest_ms \
    FROM job_queue WHERE state <> 'done' GROUP BY kind ORDER BY kind";

/// How many jobs of a kind stand where. Done ones are not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindStats {
    /// The kind.
    pub kind: String,
    /// Could be claimed now, pauses aside; those whose lease has run out are among them.
    pub ready: u64,
    /// Wait for their time.
    pub delayed: u64,
    /// Held by a worker.
    pub running: u64,
    /// Given up.
    pub dead: u64,
    /// How long the one that has been ready longest has been so.
    pub oldest_ready_age: Option<Duration>,
    /// Whether nobody may claim this kind.
    pub is_paused: bool,
}

impl KindStats {
    /// A kind of which there is nothing.
    pub(crate) fn none(kind: String) -> Self {
        KindStats {
            kind,
            ready: 0,
            delayed: 0,
            running: 0,
            dead: 0,
            oldest_ready_age: None,
            is_paused: false,
        }
    }
}

/// Kinds that have jobs or are paused by name, in alphabetical order.
pub(crate) async fn stats(database: &Database, moment: &Moment) -> Result<Vec<KindStats>, JobsError> {
    let paused: BTreeSet<String> = pause::paused(database).await?.into_iter().collect();
    let all_paused = paused.contains(pause::ALL);
    let mut stats = Vec::new();
    for row in database.fetch_all(COUNTS, &params![moment.ms]).await? {
        let kind: String = row.get("kind")?;
        let oldest_ms: Option<i64> = row.get("oldest_ms")?;
        let age_ms = oldest_ms.map(|ms| u64::try_from(moment.ms - ms).unwrap_or(0));
        stats.push(KindStats {
            ready: row.get("ready")?,
            delayed: row.get("delayed")?,
            running: row.get("running")?,
            dead: row.get("dead")?,
            oldest_ready_age: age_ms.map(Duration::from_millis),
            is_paused: all_paused || paused.contains(&kind),
            kind,
        });
    }
    for kind in paused.into_iter().filter(|kind| kind != pause::ALL) {
        if let Err(place) = stats.binary_search_by(|known| known.kind.as_str().cmp(&kind)) {
            stats.insert(place, KindStats { is_paused: true, ..KindStats::none(kind) });
        }
    }
    Ok(stats)
}

pub(crate) async fn get(
    database: &Database,
    id: &JobId,
    moment: &Moment,
) -> Result<Option<JobRecord>, JobsError> {
    let sql = format!("SELECT {COLUMNS} FROM job_queue WHERE id = $1");
    let row = database.fetch_optional(&sql, &params![id.as_str()]).await?;
    Ok(row.map(|row| record_of(&row, moment)).transpose()?)
}

/// The newest dead first.
pub(crate) async fn dead(
    database: &Database,
    limit: u32,
    moment: &Moment,
) -> Result<Vec<JobRecord>, JobsError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM job_queue WHERE state = 'dead' ORDER BY finished_at DESC, id DESC LIMIT $1"
    );
    let rows = database.fetch_all(&sql, &params![limit]).await?;
    Ok(rows.iter().map(|row| record_of(row, moment)).collect::<Result<_, _>>()?)
}

fn record_of(row: &Row, moment: &Moment) -> Result<JobRecord, StorageError> {
    let visible_at_ms: i64 = row.get("visible_at_ms")?;
    let stored: String = row.get("state")?;
    let is_leased = row.get::<Option<String>>("lease_token")?.is_some();
    let state = match stored.as_str() {
        "done" => JobState::Done,
        "dead" => JobState::Dead,
        _ if visible_at_ms <= moment.ms => JobState::Ready,
        _ if is_leased => JobState::Running,
        _ => JobState::Delayed,
    };
    let visible_at = Timestamp::from_millisecond(visible_at_ms).ok().filter(|_| stored == "live");
    Ok(JobRecord {
        id: JobId(row.get("id")?),
        kind: row.get("kind")?,
        key: row.get("idempotency_key")?,
        priority: i32::try_from(row.get::<i64>("priority")?).unwrap_or(0),
        state,
        attempts: count_of(row, "attempts")?,
        max_attempts: count_of(row, "max_attempts")?,
        worker: row.get("lease_by")?,
        last_error: row.get("last_error")?,
        enqueued_at: row.get("enqueued_at")?,
        finished_at: row.get("finished_at")?,
        visible_at,
    })
}

/// A small number of ours; what another hand wrote into the table is brought into range.
pub(crate) fn count_of(row: &Row, column: &str) -> Result<u32, StorageError> {
    Ok(u32::try_from(row.get::<i64>(column)?.max(0)).unwrap_or(u32::MAX))
}

pub(crate) fn time_of(row: &Row, column: &str) -> Result<Timestamp, StorageError> {
    let text: String = row.get(column)?;
    parse_utc_text(&text).map_err(|error| StorageError::Other { detail: error.to_string() })
}
