//! Writes a job into the caller's transaction, once for a key.

use std::time::Duration;

use storage::{Transaction, params};

use crate::error::JobsError;
use crate::job::{Enqueued, JobId, NewJob};
use crate::queue::Moment;
use crate::settings::QueueSettings;

const INSERT: &str = "INSERT INTO job_queue (id, kind, payload, idempotency_key, held_key, priority, state, \
    is_in_line, rank_ms, visible_at_ms, wait_ms, attempts, max_attempts, published, enqueued_at) \
    VALUES ($1, $2, $3, $4, $4, $5, 'live', $6, $7, $8, $9, 0, $10, '', $11) ON CONFLICT (kind, held_key) DO NOTHING";
const HOLDER: &str = "SELECT id, state, finished_at FROM job_queue WHERE kind = $1 AND held_key = $2";
const LET_GO: &str = "UPDATE job_queue SET held_key = NULL WHERE id = $1 AND state = 'done'";

/// A key that changes hands this often within one call is a bug of ours.
const TRIES: u32 = 8;

pub(crate) async fn enqueue(
    transaction: &mut Transaction,
    job: &NewJob,
    settings: &QueueSettings,
    moment: &Moment,
) -> Result<Enqueued, JobsError> {
    job.check(settings.payload_limit_bytes)?;
    let id = JobId::generate();
    let wait_ms = whole_ms(job.delay);
    let visible_at_ms = moment.ms.saturating_add(wait_ms);
    let max_attempts = job.max_attempts.unwrap_or(settings.max_attempts);
    let row = params![
        id.as_str(),
        job.kind.as_str(),
        job.payload.as_str(),
        job.key.clone(),
        job.priority,
        job.delay.is_zero(),
        rank_ms(visible_at_ms, job.priority, settings),
        visible_at_ms,
        wait_ms,
        max_attempts,
        moment.text.as_str()
    ];
    for _ in 0..TRIES {
        if transaction.execute(INSERT, &row).await? == 1 {
            return Ok(Enqueued { id, is_new: true });
        }
        let Some(key) = &job.key else { break };
        let holder = transaction.fetch_optional(HOLDER, &params![job.kind.as_str(), key]).await?;
        // Gone between the two statements: another try will tell.
        let Some(holder) = holder else { continue };
        let holder_id: String = holder.get("id")?;
        let window = job.key_window.unwrap_or(settings.key_window);
        if holder.get::<String>("state")? != "done"
            || moment.is_within(holder.get::<Option<String>>("finished_at")?.as_deref(), window)
        {
            return Ok(Enqueued { id: JobId(holder_id), is_new: false });
        }
        transaction.execute(LET_GO, &params![holder_id]).await?;
    }
    let detail = format!("the key {:?} could not be taken", job.key);
    Err(JobsError::Storage(storage::StorageError::Other { detail }))
}

/// The place in the line of a job that falls due then.
pub(crate) fn rank_ms(due_at_ms: i64, priority: i32, settings: &QueueSettings) -> i64 {
    let head_start_ms = i64::from(priority).saturating_mul(whole_ms(settings.priority_step));
    due_at_ms.saturating_sub(head_start_ms)
}

/// Milliseconds as the tables hold them; what does not fit is a thousand years.
pub(crate) fn whole_ms(duration: Duration) -> i64 {
    const THOUSAND_YEARS_MS: i64 = 1_000 * 366 * 24 * 3_600 * 1_000;
    i64::try_from(duration.as_millis()).map_or(THOUSAND_YEARS_MS, |ms| ms.min(THOUSAND_YEARS_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn higher_goes_first_within_its_head_start_only() {
        let settings = QueueSettings::default();
        let rank = |due_at_ms, priority| rank_ms(due_at_ms, priority, &settings);
        assert!(rank(1_000_000, 1) < rank(1_000_000, 0));
        assert!(rank(1_000_000 + 59_999, 1) < rank(1_000_000, 0));
        assert!(rank(1_000_000 + 60_001, 1) > rank(1_000_000, 0), "it waited long enough");
        assert!(rank(5, 0) < rank(6, 0));
        assert_eq!(rank(i64::MAX, -100), i64::MAX);
        assert_eq!(whole_ms(Duration::MAX), whole_ms(Duration::from_secs(u64::MAX)));
    }
}
