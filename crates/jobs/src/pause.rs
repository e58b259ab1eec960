//! Kinds that nobody may claim for a while; stored, so that a restart does not forget.

use storage::{Database, params};

use crate::error::JobsError;
use crate::queue::Moment;

/// Stands for all kinds; no kind can be called so.
pub(crate) const ALL: &str = "*";

const PAUSE: &str = "INSERT INTO job_pauses (kind, paused_at) VALUES ($1, $2) ON CONFLICT (kind) DO NOTHING";
const RESUME: &str = "DELETE FROM job_pauses WHERE kind = $1";
#[cfg(feature = "redis")]
const IS_PAUSED: &str = "SELECT kind FROM job_pauses WHERE kind = $1 OR kind = '*' LIMIT 1";

/// The condition a claiming statement adds; `$5` is the kind.
pub(crate) const NOT_PAUSED: &str =
    "NOT EXISTS (SELECT 1 FROM job_pauses WHERE job_pauses.kind = $5 OR job_pauses.kind = '*')";

/// Pausing twice keeps the first time. `None` is all kinds.
pub(crate) async fn pause(database: &Database, kind: Option<&str>, moment: &Moment) -> Result<(), JobsError> {
    database.execute(PAUSE, &params![kind.unwrap_or(ALL), moment.text.as_str()]).await?;
    Ok(())
}

/// Resuming all lifts the pause of all and leaves those of single kinds.
pub(crate) async fn resume(database: &Database, kind: Option<&str>) -> Result<(), JobsError> {
    database.execute(RESUME, &params![kind.unwrap_or(ALL)]).await?;
    Ok(())
}

/// The paused kinds, [`ALL`] among them.
pub(crate) async fn paused(database: &Database) -> Result<Vec<String>, JobsError> {
    let rows = database.fetch_all("SELECT kind FROM job_pauses ORDER BY kind", &[]).await?;
    Ok(rows.iter().map(|row| row.get("kind")).collect::<Result<_, _>>()?)
}

#[cfg(feature = "redis")]
pub(crate) async fn is_paused(database: &Database, kind: &str) -> Result<bool, JobsError> {
    Ok(database.fetch_optional(IS_PAUSED, &params![kind]).await?.is_some())
}
