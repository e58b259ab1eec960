//! What has to be done to the tables now and then: old jobs go, and waits that a clock set back has lengthened are
//! cut to what they were meant to be.

use std::time::Duration;

use chassis::clock::utc_text;
use storage::{Database, Row, StorageError, params};

use crate::error::JobsError;
use crate::outbox::whole_ms;
use crate::queue::Moment;
use crate::settings::QueueSettings;

/// Clocks of two machines may differ by this without anything being moved.
const SLACK_MS: i64 = 1_000;
/// Rows deleted in one statement, so that nobody waits long for the writer.
const BATCH: i64 = 1_000;

/// Looks with a reader first, so that an idle queue leaves SQLite's one writer alone.
const ANY_OLD: &str = "SELECT id FROM job_queue WHERE state = $1 AND finished_at < $2 LIMIT 1";
const ANY_TOO_LATE: &str =
    "SELECT id FROM job_queue WHERE state = 'live' AND visible_at_ms > $1 + wait_ms + $2 LIMIT 1";
const PRUNE: &str = "DELETE FROM job_queue WHERE id IN (SELECT id FROM job_queue WHERE state = $1 \
    AND finished_at < $2 LIMIT $3)";
/// A wait ends at most `wait_ms` from now, whatever the clock showed when it began. Leases too: a worker that lives
/// extends its own long before.
const CLAMP: &str = "UPDATE job_queue SET visible_at_ms = $1 + wait_ms, \
    rank_ms = CASE WHEN rank_ms > $1 + wait_ms - (priority * $2) THEN $1 + wait_ms - (priority * $2) ELSE rank_ms END \
    WHERE state = 'live' AND visible_at_ms > $1 + wait_ms + $3 RETURNING id, kind, rank_ms, visible_at_ms";

/// A job whose place has changed.
#[cfg_attr(not(feature = "redis"), expect(dead_code, reason = "only Redis has to be told"))]
pub(crate) struct Moved {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) rank_ms: i64,
    pub(crate) visible_at_ms: i64,
}

impl Moved {
    pub(crate) fn of(row: &Row) -> Result<Self, StorageError> {
        Ok(Moved {
            id: row.get("id")?,
            kind: row.get("kind")?,
            rank_ms: row.get("rank_ms")?,
            visible_at_ms: row.get("visible_at_ms")?,
        })
    }
}

pub(crate) async fn clamp(
    database: &Database,
    settings: &QueueSettings,
    moment: &Moment,
) -> Result<Vec<Moved>, JobsError> {
    if database.fetch_optional(ANY_TOO_LATE, &params![moment.ms, SLACK_MS]).await?.is_none() {
        return Ok(Vec::new());
    }
    let values = params![moment.ms, whole_ms(settings.priority_step), SLACK_MS];
    let mut transaction = database.begin().await?;
    let rows = transaction.fetch_all(CLAMP, &values).await?;
    transaction.commit().await?;
    Ok(rows.iter().map(Moved::of).collect::<Result<_, _>>()?)
}

pub(crate) async fn prune(
    database: &Database,
    settings: &QueueSettings,
    moment: &Moment,
) -> Result<u64, JobsError> {
    let keep_done = settings.keep_done.max(settings.key_window);
    let mut pruned = 0;
    for (state, keep) in [("done", keep_done), ("dead", settings.keep_dead)] {
        let before = moment.before(keep);
        while database.fetch_optional(ANY_OLD, &params![state, before.as_str()]).await?.is_some() {
            pruned += database.execute(PRUNE, &params![state, before.as_str(), BATCH]).await?;
        }
    }
    Ok(pruned)
}

impl Moment {
    /// The moment so long before this one, as UTC text.
    pub(crate) fn before(&self, duration: Duration) -> String {
        let ms = self.ms.saturating_sub(whole_ms(duration)).max(0);
        utc_text(jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    }

    /// Whether a time is no longer ago than `window`. A time in the future counts as now; none as long ago.
    pub(crate) fn is_within(&self, time: Option<&str>, window: Duration) -> bool {
        !window.is_zero() && time.is_some_and(|time| time >= self.before(window).as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows() {
        let moment = Moment::at(chassis::clock::parse_utc_text("2026-01-31 12:00:00.000").unwrap());
        let check = |time: Option<&str>, seconds: u64, expected: bool| {
            assert_eq!(moment.is_within(time, Duration::from_secs(seconds)), expected, "{time:?} {seconds}");
        };
        check(Some("2026-01-31 11:59:00.000"), 60, true);
        check(Some("2026-01-31 11:58:59.999"), 60, false);
        check(Some("2026-01-31 13:00:00.000"), 60, true);
        check(Some("2026-01-31 12:00:00.000"), 0, false);
        check(None, 60, false);
        check(Some("1970-01-01 00:00:00.000"), u64::MAX, true);
    }
}
