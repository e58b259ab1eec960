//! The line kept by the database itself.

use storage::{Backend, Database, params};

use crate::error::JobsError;
use crate::job::Claimed;
use crate::lease::{CLAIMED, GRANTED, Grant, claimed};
use crate::pause::NOT_PAUSED;
use crate::queue::Moment;

/// A look with a reader, so that idle workers leave SQLite's one writer alone.
const ANY_DUE: &str =
    "SELECT id FROM job_queue WHERE kind = $1 AND state = 'live' AND visible_at_ms <= $2 LIMIT 1";

pub(super) async fn claim(
    database: &Database,
    kind: &str,
    grant: &Grant<'_>,
    limit: u32,
    moment: &Moment,
) -> Result<Vec<Claimed>, JobsError> {
    let mut values = grant.values(moment);
    values.extend(params![kind, moment.ms, limit]);
    let rows = match database.backend() {
        Backend::Sqlite => {
            if database.fetch_optional(ANY_DUE, &params![kind, moment.ms]).await?.is_none() {
                return Ok(Vec::new());
            }
            let mut transaction = database.begin().await?;
            let rows = transaction.fetch_all(&sql(""), &values).await?;
            transaction.commit().await?;
            rows
        }
        // One statement is one transaction; the row locks keep two claimers apart.
        Backend::Postgres => database.fetch_all(&sql("FOR UPDATE SKIP LOCKED"), &values).await?,
    };
    Ok(claimed(&rows)?)
}

fn sql(lock: &str) -> String {
    format!(
        "WITH picked AS MATERIALIZED (SELECT id FROM job_queue WHERE kind = $5 AND state = 'live' \
         AND visible_at_ms <= $6 AND {NOT_PAUSED} ORDER BY rank_ms, id LIMIT $7 {lock}) \
         {GRANTED} WHERE id IN (SELECT id FROM picked) {CLAIMED}"
    )
}
