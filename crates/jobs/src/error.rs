//! Everything that can go wrong with the queue, named, with the values involved.

use storage::StorageError;

use crate::job::JobId;

/// Why a call to the queue failed. No payload and no password is in a message.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// The tables could not be read or written.
    #[error("the queue's tables could not be used")]
    Storage(#[from] StorageError),
    /// Redis did not do as asked; what is in the tables is safe.
    #[error("the queue's Redis did not {what}: {detail}")]
    Redis {
        /// What was asked of it.
        what: &'static str,
        /// What the driver said.
        detail: String,
    },
    /// A setting cannot work; found when the queue is opened.
    #[error("queue.{key}: {reason}")]
    Setting {
        /// Name of the setting.
        key: &'static str,
        /// What is wrong and what is allowed.
        reason: String,
    },
    /// A kind or key that would not be stored as it is.
    #[error("{what} {value:?} cannot be used: {allowed}")]
    Name {
        /// `"kind"` or `"key"`.
        what: &'static str,
        /// The value, cut to 80 characters.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// The payload cannot be written as JSON.
    #[error("the payload of a job of kind {kind:?} cannot be written as JSON: {reason}")]
    Payload {
        /// Kind of the job.
        kind: String,
        /// Why, in serde's words.
        reason: String,
    },
    /// The payload is larger than a job may carry: store the thing and pass its id.
    #[error("the payload of a job of kind {kind:?} has {size_bytes} bytes, {limit_bytes} are allowed")]
    PayloadTooLarge {
        /// Kind of the job.
        kind: String,
        /// Its size.
        size_bytes: usize,
        /// The limit of the settings.
        limit_bytes: usize,
    },
    /// The job ran longer than its lease and is no longer the caller's: nothing was changed.
    #[error("job {id} is no longer held by this worker: nothing was changed")]
    LeaseLost {
        /// The job.
        id: JobId,
    },
    /// No job has this id, or it was pruned.
    #[error("there is no job {id}")]
    NotFound {
        /// The id asked for.
        id: JobId,
    },
    /// Only dead jobs can be requeued.
    #[error("job {id} is not dead, so it cannot be requeued")]
    NotDead {
        /// The job.
        id: JobId,
    },
    /// A newer job has taken the key of a dead one.
    #[error("job {id} cannot be requeued: a newer job of its kind has the key {key:?}")]
    KeyTaken {
        /// The dead job.
        id: JobId,
        /// The key.
        key: String,
    },
}

impl JobsError {
    /// Whether the same call a little later may well succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            JobsError::Storage(error) => error.is_retryable(),
            JobsError::Redis { .. } => true,
            _ => false,
        }
    }
}
