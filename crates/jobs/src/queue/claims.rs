//! The claiming half of a queue: what a worker does to jobs, each step under a lease.

use std::time::Duration;

use storage::Transaction;

use super::{Inner, Line, Queue, database};
use crate::error::JobsError;
use crate::job::{Claimed, Lease, check_kind};
use crate::lease::{self, Grant};
use crate::observe;
use crate::retry::storable;

/// Jobs in one claim.
const CLAIM_LIMIT: u32 = 64;

impl Queue {
    /// Takes up to `limit` (64 at most) jobs of a kind that are due, in the order of the line, for as long as the
    /// lease. Empty when there are none or the kind is paused. A returned job may be
    /// [exhausted](crate::Job::is_exhausted): bury it.
    ///
    /// # Errors
    /// When the backend does not answer; no job is lost by that.
    pub async fn claim(
        &self,
        kind: &str,
        worker: &str,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<Claimed>, JobsError> {
        check_kind(kind)?;
        let moment = self.now();
        self.keep_up(&moment).await;
        let grant = Grant::new(worker, lease);
        let limit = limit.min(CLAIM_LIMIT);
        let outcome = match &self.inner.line {
            Line::Database => database::claim(&self.inner.database, kind, &grant, limit, &moment).await,
            #[cfg(feature = "redis")]
            Line::Redis(line) => line.claim(&self.inner.database, kind, &grant, limit, &moment).await,
        };
        observe::backend_up(outcome.is_ok());
        outcome
    }

    /// Extends a lease to `by` from now; false when it is lost.
    ///
    /// # Errors
    /// When the database cannot be written; the lease then goes on until it runs out.
    pub async fn heartbeat(&self, lease: &Lease, by: Duration) -> Result<bool, JobsError> {
        let moment = self.now();
        let is_held = lease::extend(&self.inner.database, lease, by, &moment).await?;
        #[cfg(feature = "redis")]
        if let (true, Line::Redis(line)) = (is_held, &self.inner.line) {
            line.extend(lease, moment.ms.saturating_add(crate::outbox::whole_ms(by))).await;
        }
        Ok(is_held)
    }

    /// Ends the job. Calling it again with the same lease does no harm.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when somebody else has it or ended it.
    pub async fn complete(&self, lease: &Lease) -> Result<(), JobsError> {
        let outcome = lease::complete(&self.inner.database, lease, &self.now()).await;
        match outcome {
            Err(JobsError::LeaseLost { .. }) if lease::is_done_by(&self.inner.database, lease).await? => {}
            other => other?,
        }
        #[cfg(feature = "redis")]
        if let Line::Redis(line) = &self.inner.line {
            line.forget_soon(lease);
        }
        Ok(())
    }

    /// Ends the job as part of the caller's transaction, so that its effects there are had exactly once. Call
    /// [`complete`](Queue::complete) after the commit; a worker does that by itself when the handler returns.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when somebody else has the job: roll back.
    pub async fn complete_in(&self, transaction: &mut Transaction, lease: &Lease) -> Result<(), JobsError> {
        lease::complete_in(transaction, lease, &self.now()).await
    }

    /// Puts the job back for another attempt after this. The reason is stored.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when somebody else has it.
    pub async fn retry(&self, lease: &Lease, after: Duration, reason: &str) -> Result<(), JobsError> {
        self.again(lease, after, reason, true).await
    }

    /// The same without counting the attempt: nothing was tried.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when somebody else has it.
    pub async fn postpone(&self, lease: &Lease, after: Duration, reason: &str) -> Result<(), JobsError> {
        self.again(lease, after, reason, false).await
    }

    async fn again(
        &self,
        lease: &Lease,
        after: Duration,
        reason: &str,
        counts: bool,
    ) -> Result<(), JobsError> {
        let Inner { database, settings, .. } = &*self.inner;
        let moment = self.now();
        let again = lease::Again { after, reason: &storable(reason), counts };
        lease::retry(database, lease, &again, settings, &moment).await?;
        #[cfg(feature = "redis")]
        if let Line::Redis(line) = &self.inner.line {
            line.replace(database, lease, &moment).await;
        }
        Ok(())
    }

    /// Makes it a dead letter with this reason.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when somebody else has it.
    pub async fn bury(&self, lease: &Lease, reason: &str) -> Result<(), JobsError> {
        lease::bury(&self.inner.database, lease, &storable(reason), &self.now()).await?;
        #[cfg(feature = "redis")]
        if let Line::Redis(line) = &self.inner.line {
            line.forget(&lease.kind, &[lease.id.as_str()]).await;
        }
        Ok(())
    }

    /// Puts the job back into its old place at once, without counting the attempt.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when somebody else has it.
    pub async fn give_back(&self, lease: &Lease) -> Result<(), JobsError> {
        let moment = self.now();
        lease::give_back(&self.inner.database, lease, &moment).await?;
        #[cfg(feature = "redis")]
        if let Line::Redis(line) = &self.inner.line {
            line.replace(&self.inner.database, lease, &moment).await;
        }
        self.nudge();
        Ok(())
    }
}
