//! The line kept by the database itself.

use storage::{Backend, Database, params};

use crate::error::JobsError;
use crate::job::Claimed;
use crate::lease::{self, CLAIMED, GRANTED, Grant};
use crate::pause::NOT_PAUSED;
use crate::queue::Moment;

/// Jobs brought into the line in one go.
const PROMOTED: i64 = 500;

/// A look with a reader, so that idle workers leave SQLite's one writer alone. `EXISTS` is 0 or 1 on both.
const LOOK: &str = "SELECT EXISTS (SELECT id FROM job_queue WHERE kind = $1 AND is_in_line = 1) AS any_in_line, \
    EXISTS (SELECT id FROM job_queue WHERE kind = $1 AND state = 'live' AND is_in_line = 0 \
    AND visible_at_ms <= $2) AS any_due, \
    EXISTS (SELECT kind FROM job_pauses WHERE kind = $1 OR kind = '*') AS is_paused";

pub(super) async fn claim(
    database: &Database,
    kind: &str,
    grant: &Grant<'_>,
    limit: u32,
    moment: &Moment,
) -> Result<Vec<Claimed>, JobsError> {
    let look = database.fetch_one(LOOK, &params![kind, moment.ms]).await?;
    let (any_in_line, any_due): (bool, bool) = (look.get("any_in_line")?, look.get("any_due")?);
    if look.get("is_paused")? || !(any_in_line || any_due) {
        return Ok(Vec::new());
    }
    // The row locks keep two claimers apart, and nobody waits for a handler's open transaction.
    let lock = match database.backend() {
        Backend::Sqlite => "",
        Backend::Postgres => "FOR UPDATE SKIP LOCKED",
    };
    if any_due {
        database.execute(&promote(lock), &params![kind, moment.ms, PROMOTED]).await?;
    }
    let mut values = grant.values(moment);
    values.extend(params![kind, limit]);
    lease::grant(database, &pick(lock), &values).await
}

/// Those whose time has come step into the line.
fn promote(lock: &str) -> String {
    format!(
        "WITH due AS MATERIALIZED (SELECT id FROM job_queue WHERE kind = $1 AND state = 'live' \
         AND is_in_line = 0 AND visible_at_ms <= $2 ORDER BY visible_at_ms LIMIT $3 {lock}) \
         UPDATE job_queue SET is_in_line = 1 WHERE id IN (SELECT id FROM due)"
    )
}

fn pick(lock: &str) -> String {
    format!(
        "WITH picked AS MATERIALIZED (SELECT id FROM job_queue WHERE kind = $5 AND is_in_line = 1 \
         AND {NOT_PAUSED} ORDER BY rank_ms, id LIMIT $6 {lock}) \
         {GRANTED} WHERE id IN (SELECT id FROM picked) {CLAIMED}"
    )
}
