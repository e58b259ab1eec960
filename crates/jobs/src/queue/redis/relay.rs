//! Tells Redis of the rows it does not know. Any number of processes may do so at once: a job is lined up once.

use std::collections::BTreeMap;

use redis::Pipeline;
use storage::{Database, Value, params};

use super::{RedisLine, places};
use crate::error::JobsError;
use crate::observe;
use crate::queue::Moment;
use crate::queue::redis::scripts::Keys;
use crate::upkeep::Moved;

/// Rows told in one go.
const BATCH: usize = 200;
/// Batches in one call, so that a claim behind it does not wait long; what is left follows at the next interval.
const BATCHES: usize = 10;
/// A job that could have been claimed this long ago may have been lost or misplaced by Redis without a new life.
const OVERDUE_MS: i64 = 60_000;

/// Rows that no Redis was told of, the next due first: a heap of delayed jobs must not hold up what is due.
const NEW: &str = "SELECT id, kind, rank_ms, visible_at_ms FROM job_queue WHERE state = 'live' AND published = '' \
    ORDER BY visible_at_ms LIMIT $1";
/// Rows that an earlier life of Redis was told of. Two ranges, because an index does not answer `<>`.
const FORGOTTEN: &str = "SELECT id, kind, rank_ms, visible_at_ms FROM job_queue WHERE state = 'live' \
    AND published > '' AND (published < $1 OR published > $1) LIMIT $2";
const OVERDUE: &str = "SELECT id, kind, rank_ms, visible_at_ms FROM job_queue WHERE state = 'live' \
    AND visible_at_ms < $1 ORDER BY visible_at_ms LIMIT $2";

impl RedisLine {
    pub(super) async fn relay(&self, database: &Database, moment: &Moment) -> Result<(), JobsError> {
        let life = self.life().await.inspect_err(|_| self.mark_unpublished())?;
        for _ in 0..BATCHES {
            let mut rows = database.fetch_all(NEW, &params![BATCH as i64]).await?;
            if rows.len() < BATCH {
                let room = (BATCH - rows.len()) as i64;
                rows.extend(database.fetch_all(FORGOTTEN, &params![life.as_str(), room]).await?);
            }
            if rows.is_empty() {
                return Ok(());
            }
            let jobs = rows.iter().map(Moved::of).collect::<Result<Vec<_>, _>>()?;
            self.publish(&jobs, moment).await.inspect_err(|_| self.mark_unpublished())?;
            // Marked with the life that was read before: had Redis begun another since, they are told again.
            let sql = format!("UPDATE job_queue SET published = $1 WHERE id IN ({})", places(jobs.len(), 1));
            let mut values = params![life.as_str()].to_vec();
            values.extend(jobs.iter().map(|job| Value::from(&job.id)));
            database.execute(&sql, &values).await?;
            if jobs.len() < BATCH {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Puts jobs that should long have been claimed into the line, wherever Redis believes them to be.
    pub(in crate::queue) async fn tell_overdue(
        &self,
        database: &Database,
        moment: &Moment,
    ) -> Result<(), JobsError> {
        let before_ms = moment.ms.saturating_sub(OVERDUE_MS);
        let rows = database.fetch_all(OVERDUE, &params![before_ms, BATCH as i64]).await?;
        let jobs = rows.iter().map(Moved::of).collect::<Result<Vec<_>, _>>()?;
        self.place(&jobs, moment).await;
        Ok(())
    }

    /// Which life of Redis this is: another after a restart (its run id) and after a flush (our mark is gone).
    async fn life(&self) -> Result<String, JobsError> {
        let mark = format!("{}:mark", self.prefix);
        let mut pipeline = Pipeline::new();
        pipeline.cmd("INFO").arg("server");
        pipeline.cmd("SET").arg(&mark).arg(uuid::Uuid::new_v4().simple().to_string()).arg("NX").ignore();
        pipeline.cmd("GET").arg(&mark);
        let mut connection = self.connection.clone();
        let (info, mark): (String, String) =
            self.bounded("say which one it is", pipeline.query_async(&mut connection)).await?;
        let run_id = info.lines().find_map(|line| line.strip_prefix("run_id:")).unwrap_or_default().trim();
        Ok(format!("{run_id}-{mark}"))
    }

    async fn publish(&self, jobs: &[Moved], moment: &Moment) -> Result<(), JobsError> {
        let mut by_kind: BTreeMap<&str, Vec<&Moved>> = BTreeMap::new();
        for job in jobs {
            by_kind.entry(&job.kind).or_default().push(job);
        }
        for (kind, jobs) in by_kind {
            let keys = Keys::of(&self.prefix, kind);
            let mut call = self.scripts.publish.prepare_invoke();
            keys.put_into(&mut call);
            call.arg(moment.ms);
            for job in &jobs {
                call.arg(&job.id).arg(job.rank_ms).arg(job.visible_at_ms);
            }
            let mut connection = self.connection.clone();
            let new: u64 = self.bounded("take jobs in", call.invoke_async(&mut connection)).await?;
            observe::relayed(new, (jobs.len() as u64).saturating_sub(new));
        }
        Ok(())
    }
}
