//! Why a turn was not played. In every case nothing was written.

use std::sync::Arc;

use llm::LlmError;
use loom_core::{intervention::InputProblem, prompt::PromptError, turn::RetconProblem};
use storage::StorageError;

use crate::{canon_dir::CanonError, commit::CommitError, ids::TurnId};

/// Why a turn was not played.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PlayError {
    /// No such session, or somebody else's; which of the two is not said.
    #[error("there is no such session")]
    NoSession,
    /// The session is archived.
    #[error("the session is archived")]
    Archived,
    /// No such branch.
    #[error("the session has no branch `{0}`")]
    NoBranch(String),
    /// No such turn in this session.
    #[error("the session has no turn `{0}`")]
    NoTurn(TurnId),
    /// The key was used for another input.
    #[error("the turn key was used before, for another input")]
    KeyReused,
    /// Somebody played on: the head is no longer what the client saw.
    #[error("the story has moved on")]
    Conflict {
        /// The branch.
        branch: String,
        /// Its head now.
        head: Option<TurnId>,
        /// The head's depth.
        number: i64,
    },
    /// Too many turns wait for the branch.
    #[error("{waiting} turns wait for this branch already")]
    BranchBusy {
        /// How many.
        waiting: usize,
    },
    /// Nothing to play.
    #[error("the input is empty")]
    EmptyInput,
    /// Longer than the program takes.
    #[error("the input has {bytes} bytes, {limit} is the limit")]
    InputTooLarge {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
    /// Brackets that cannot be read.
    #[error("an intervention cannot be read")]
    BadIntervention(Vec<InputProblem>),
    /// A RETCON that names nothing.
    #[error("the retcon leads nowhere: {0}")]
    Retcon(RetconProblem),
    /// The prompt does not fit.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// No world to play in.
    #[error("{0}")]
    Canon(Arc<CanonError>),
    /// No reply, and no fallback either.
    #[error("{0}")]
    Model(Arc<LlmError>),
    /// A session setting names something that is not there.
    #[error("{0}")]
    Settings(String),
    /// The database refused.
    #[error("{0}")]
    Storage(Arc<StorageError>),
    /// The program is stopping.
    #[error("the program is shutting down")]
    Stopping,
}

impl From<StorageError> for PlayError {
    fn from(error: StorageError) -> Self {
        Self::Storage(Arc::new(error))
    }
}

impl From<CanonError> for PlayError {
    fn from(error: CanonError) -> Self {
        match error {
            CanonError::Storage(error) => Self::from(error),
            other => Self::Canon(Arc::new(other)),
        }
    }
}

impl From<LlmError> for PlayError {
    fn from(error: LlmError) -> Self {
        Self::Model(Arc::new(error))
    }
}

impl From<CommitError> for PlayError {
    fn from(error: CommitError) -> Self {
        match error {
            // The caller replaces this by a look at the head.
            CommitError::HeadMoved => Self::Conflict { branch: String::new(), head: None, number: 0 },
            CommitError::SessionGone(_) => Self::NoSession,
            CommitError::Storage(error) => Self::Storage(error),
            CommitError::Stopped => Self::Stopping,
        }
    }
}
