//! What a worker may do to a job it holds. Each statement names the lease's token, so that it changes nothing once
//! the job has another holder or an end.

use std::time::Duration;

use storage::{Backend, Database, Row, StorageError, Transaction, Value, params};

use crate::error::JobsError;
use crate::inspect::{count_of, time_of};
use crate::job::{Claimed, Job, JobId, Lease};
use crate::outbox::whole_ms;
use crate::queue::Moment;
use crate::settings::QueueSettings;

const EXTEND: &str = "UPDATE job_queue SET visible_at_ms = $1, wait_ms = $2, is_in_line = 0 \
    WHERE id = $3 AND lease_token = $4 AND state = 'live'";
const COMPLETE: &str = "UPDATE job_queue SET state = 'done', finished_at = $1, payload = '', \
    is_in_line = 0 WHERE id = $2 AND lease_token = $3 AND state = 'live'";
const STATE: &str = "SELECT id FROM job_queue WHERE id = $1 AND lease_token = $2 AND state = 'done'";
const RETRY: &str = "UPDATE job_queue SET visible_at_ms = $1, wait_ms = $2, \
    rank_ms = $1 - (priority * $3), last_error = $4, attempts = attempts - $5, lease_token = NULL, is_in_line = 0 \
    WHERE id = $6 AND lease_token = $7 AND state = 'live'";
const BURY: &str = "UPDATE job_queue SET state = 'dead', finished_at = $1, last_error = $2, held_key = NULL, \
    lease_token = NULL, is_in_line = 0 WHERE id = $3 AND lease_token = $4 AND state = 'live'";
/// The attempt is not counted, and its place in the line is the old one.
const GIVE_BACK: &str = "UPDATE job_queue SET visible_at_ms = $1, wait_ms = 0, attempts = attempts - 1, \
    lease_token = NULL, is_in_line = 1 WHERE id = $2 AND lease_token = $3 AND state = 'live'";

/// Another attempt, later.
pub(crate) struct Again<'a> {
    pub(crate) after: Duration,
    pub(crate) reason: &'a str,
    /// Whether there was an attempt at all.
    pub(crate) counts: bool,
}

/// A new holder, and until when.
pub(crate) struct Grant<'a> {
    pub(crate) worker: &'a str,
    pub(crate) token: String,
    pub(crate) lease: Duration,
}

impl<'a> Grant<'a> {
    pub(crate) fn new(worker: &'a str, lease: Duration) -> Self {
        Grant { worker, token: uuid::Uuid::new_v4().simple().to_string(), lease }
    }

    /// The first four parameters of every claiming statement, for `GRANTED`.
    pub(crate) fn values(&self, moment: &Moment) -> Vec<Value> {
        let lease_ms = whole_ms(self.lease);
        let until_ms = moment.ms.saturating_add(lease_ms);
        params![self.token.as_str(), self.worker, until_ms, lease_ms].to_vec()
    }
}

/// What a claim sets.
pub(crate) const GRANTED: &str = "UPDATE job_queue SET attempts = attempts + 1, lease_token = $1, lease_by = $2, \
    visible_at_ms = $3, wait_ms = $4, is_in_line = 0";
/// What it returns.
pub(crate) const CLAIMED: &str =
    "RETURNING id, kind, payload, attempts, max_attempts, lease_token, rank_ms, enqueued_at";

/// Runs a claiming statement: the jobs it granted, in the order of the line.
pub(crate) async fn grant(
    database: &Database,
    sql: &str,
    values: &[Value],
) -> Result<Vec<Claimed>, JobsError> {
    let rows = match database.backend() {
        Backend::Sqlite => {
            let mut transaction = database.begin().await?;
            let rows = transaction.fetch_all(sql, values).await?;
            transaction.commit().await?;
            rows
        }
        // One statement is one transaction there, and any connection may write.
        Backend::Postgres => database.fetch_all(sql, values).await?,
    };
    Ok(claimed(&rows)?)
}

fn claimed(rows: &[Row]) -> Result<Vec<Claimed>, StorageError> {
    let mut claims = rows
        .iter()
        .map(|row| Ok((row.get::<i64>("rank_ms")?, claimed_of(row)?)))
        .collect::<Result<Vec<_>, StorageError>>()?;
    claims.sort_by(|(rank_a, a), (rank_b, b)| (rank_a, &a.job.id).cmp(&(rank_b, &b.job.id)));
    Ok(claims.into_iter().map(|(_, claim)| claim).collect())
}

fn claimed_of(row: &Row) -> Result<Claimed, StorageError> {
    let id = JobId(row.get("id")?);
    let kind: String = row.get("kind")?;
    let lease = Lease { id: id.clone(), kind: kind.clone(), token: row.get("lease_token")? };
    let job = Job {
        id,
        kind,
        payload: row.get("payload")?,
        attempt: count_of(row, "attempts")?,
        max_attempts: count_of(row, "max_attempts")?,
        enqueued_at: time_of(row, "enqueued_at")?,
    };
    Ok(Claimed { job, lease })
}

/// False when the lease is lost.
pub(crate) async fn extend(
    database: &Database,
    lease: &Lease,
    by: Duration,
    moment: &Moment,
) -> Result<bool, JobsError> {
    let by_ms = whole_ms(by);
    let until_ms = moment.ms.saturating_add(by_ms);
    let values = params![until_ms, by_ms, lease.id.as_str(), lease.token.as_str()];
    Ok(database.execute(EXTEND, &values).await? == 1)
}

pub(crate) async fn complete_in(
    transaction: &mut Transaction,
    lease: &Lease,
    moment: &Moment,
) -> Result<(), JobsError> {
    let values = params![moment.text.as_str(), lease.id.as_str(), lease.token.as_str()];
    held(transaction.execute(COMPLETE, &values).await?, lease)
}

pub(crate) async fn complete(database: &Database, lease: &Lease, moment: &Moment) -> Result<(), JobsError> {
    let values = params![moment.text.as_str(), lease.id.as_str(), lease.token.as_str()];
    held(database.execute(COMPLETE, &values).await?, lease)
}

/// Whether this very lease brought the job to its end.
pub(crate) async fn is_done_by(database: &Database, lease: &Lease) -> Result<bool, JobsError> {
    let values = params![lease.id.as_str(), lease.token.as_str()];
    Ok(database.fetch_optional(STATE, &values).await?.is_some())
}

pub(crate) async fn retry(
    database: &Database,
    lease: &Lease,
    again: &Again<'_>,
    settings: &QueueSettings,
    moment: &Moment,
) -> Result<(), JobsError> {
    let wait_ms = whole_ms(again.after);
    let due_at_ms = moment.ms.saturating_add(wait_ms);
    let step_ms = whole_ms(settings.priority_step);
    let uncounted = i64::from(!again.counts);
    let (id, token) = (lease.id.as_str(), lease.token.as_str());
    let values = params![due_at_ms, wait_ms, step_ms, again.reason, uncounted, id, token];
    held(database.execute(RETRY, &values).await?, lease)
}

pub(crate) async fn bury(
    database: &Database,
    lease: &Lease,
    reason: &str,
    moment: &Moment,
) -> Result<(), JobsError> {
    let values = params![moment.text.as_str(), reason, lease.id.as_str(), lease.token.as_str()];
    held(database.execute(BURY, &values).await?, lease)
}

pub(crate) async fn give_back(database: &Database, lease: &Lease, moment: &Moment) -> Result<(), JobsError> {
    let values = params![moment.ms, lease.id.as_str(), lease.token.as_str()];
    held(database.execute(GIVE_BACK, &values).await?, lease)
}

fn held(rows: u64, lease: &Lease) -> Result<(), JobsError> {
    if rows == 1 { Ok(()) } else { Err(JobsError::LeaseLost { id: lease.id.clone() }) }
}
