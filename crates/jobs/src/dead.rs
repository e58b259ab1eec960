//! Brings a dead job back to life.

use storage::{Database, StorageError, params};

use crate::error::JobsError;
use crate::inspect;
use crate::job::JobId;
use crate::outbox::whole_ms;
use crate::queue::Moment;
use crate::settings::QueueSettings;

const REVIVE: &str = "UPDATE job_queue SET state = 'live', is_in_line = 1, attempts = 0, visible_at_ms = $1, wait_ms = 0, \
    rank_ms = $1 - (priority * $2), held_key = idempotency_key, published = '', finished_at = NULL \
    WHERE id = $3 AND state = 'dead'";

/// With all its attempts before it again; its last error stays until the next one.
pub(crate) async fn requeue(
    database: &Database,
    id: &JobId,
    settings: &QueueSettings,
    moment: &Moment,
) -> Result<(), JobsError> {
    let values = params![moment.ms, whole_ms(settings.priority_step), id.as_str()];
    let outcome = database.execute(REVIVE, &values).await;
    match outcome {
        Ok(1) => Ok(()),
        Ok(_) => Err(refusal(database, id, moment).await?),
        Err(StorageError::Unique { .. }) => {
            let key = inspect::get(database, id, moment).await?.and_then(|job| job.key);
            Err(JobsError::KeyTaken { id: id.clone(), key: key.unwrap_or_default() })
        }
        Err(error) => Err(error.into()),
    }
}

async fn refusal(database: &Database, id: &JobId, moment: &Moment) -> Result<JobsError, JobsError> {
    let found = inspect::get(database, id, moment).await?;
    Ok(match found {
        Some(_) => JobsError::NotDead { id: id.clone() },
        None => JobsError::NotFound { id: id.clone() },
    })
}
