//! A job as its handler sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use storage::Transaction;
use tokio_util::sync::CancellationToken;

use crate::error::JobsError;
use crate::job::{Job, Lease};
use crate::queue::Queue;

/// A job under way. Clones belong to the same attempt.
#[derive(Clone, Debug)]
pub struct Running {
    /// What to do.
    pub job: Job,
    pub(super) lease: Lease,
    pub(super) queue: Queue,
    pub(super) lost: CancellationToken,
    pub(super) stopping: CancellationToken,
    /// Whether the handler tried to complete it in a transaction.
    pub(super) has_completed: Arc<AtomicBool>,
}

impl Running {
    /// Cancelled when the lease is lost: somebody else may be at the job, and whatever this attempt comes to is
    /// refused. A handler with effects outside of the database should stop.
    #[must_use]
    pub fn lost(&self) -> &CancellationToken {
        &self.lost
    }

    /// Cancelled when the worker was asked to stop: a long handler may return a
    /// [`Failure::Retry`](crate::Failure) early instead of being cut off at the end of the drain.
    #[must_use]
    pub fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Ends the job as part of the caller's transaction: its effects there are had exactly once, or not at all when
    /// the transaction is not committed. Return `Ok` after the commit.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when the job is no longer this attempt's: roll back and return.
    pub async fn complete_in(&self, transaction: &mut Transaction) -> Result<(), JobsError> {
        if self.lost.is_cancelled() {
            return Err(JobsError::LeaseLost { id: self.lease.id.clone() });
        }
        self.queue.complete_in(transaction, &self.lease).await?;
        self.has_completed.store(true, Ordering::Release);
        Ok(())
    }
}
