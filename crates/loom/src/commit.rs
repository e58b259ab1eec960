//! Group commit: turns that finish together share one transaction, and so one flush to the disk.
//!
//! A turn is acknowledged only after the transaction that holds it is committed. Each turn stands in its own savepoint,
//! so that one that is refused takes no other with it.

use std::sync::Arc;

use llm::LedgerEntry;
use storage::{Database, StorageError, Transaction};
use tokio::sync::{mpsc, oneshot};

use crate::{
    ids::{BranchId, SessionId, TurnId},
    store::{
        branches::{self, Branch},
        interventions::{self, InterventionRow},
        sessions,
        states::{self, NewState},
        turns::{self, Turn},
    },
};

/// Turns in one transaction at most.
const BATCH: usize = 64;
/// Turns that may wait for the writer before senders are held back.
const WAITING: usize = 1_024;

/// All that one finished turn writes.
#[derive(Debug)]
pub struct TurnCommit {
    /// The turn.
    pub turn: Turn,
    /// Where its branch ends afterwards.
    pub target: HeadMove,
    /// What it changed in the memory.
    pub state: Option<NewState>,
    /// What it asked for beside the story.
    pub interventions: Vec<InterventionRow>,
    /// Facts it mentions.
    pub citations: Vec<String>,
    /// What the provider billed.
    pub ledger: Option<LedgerEntry>,
}

/// How the branch reaches the new turn.
#[derive(Debug)]
pub enum HeadMove {
    /// The branch moves on, if its head still is what the turn was played on.
    Advance {
        /// Which branch.
        branch: BranchId,
        /// Its name, which becomes the session's active branch.
        name: String,
        /// The head that the turn was played on.
        expected: Option<TurnId>,
    },
    /// A new branch that ends in the turn.
    Open(Branch),
}

/// Why a turn was not stored.
#[derive(Debug, thiserror::Error, Clone)]
pub enum CommitError {
    /// Another turn moved the head in between; nothing was written.
    #[error("the branch's head moved while the turn was played")]
    HeadMoved,
    /// The session was deleted in between; nothing was written.
    #[error("session {0} is gone")]
    SessionGone(SessionId),
    /// The database refused; nothing was written.
    #[error("the turn could not be stored: {0}")]
    Storage(Arc<StorageError>),
    /// The writer has stopped because the program is shutting down.
    #[error("the program is shutting down")]
    Stopped,
}

impl From<StorageError> for CommitError {
    fn from(error: StorageError) -> Self {
        Self::Storage(Arc::new(error))
    }
}

type Waiting = (Box<TurnCommit>, oneshot::Sender<Result<(), CommitError>>);

/// Hands finished turns to the one writer.
#[derive(Clone, Debug)]
pub struct Committer {
    sender: mpsc::Sender<Waiting>,
}

impl Committer {
    /// Starts the writer; it ends when the last clone of the handle is dropped.
    #[must_use]
    pub fn start(database: Database) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        tokio::spawn(write_batches(database, receiver));
        Self { sender }
    }

    /// Stores a turn. Returns after the commit: what is acknowledged survives.
    pub async fn commit(&self, commit: TurnCommit) -> Result<(), CommitError> {
        let (answer, answered) = oneshot::channel();
        self.sender.send((Box::new(commit), answer)).await.map_err(|_| CommitError::Stopped)?;
        answered.await.map_err(|_| CommitError::Stopped)?
    }
}

async fn write_batches(database: Database, mut receiver: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(BATCH);
    while receiver.recv_many(&mut batch, BATCH).await > 0 {
        metrics::histogram!(crate::metric_names::COMMIT_BATCH_TURNS)
            .record(f64::from(u32::try_from(batch.len()).unwrap_or(u32::MAX)));
        let outcomes = write_batch(&database, &batch).await;
        for ((_, answer), outcome) in batch.drain(..).zip(outcomes) {
            // A caller that went away still has its turn stored; it will find it under its key.
            let _ = answer.send(outcome);
        }
    }
}

/// Writes a batch in one transaction; when the transaction itself fails, every turn of it fails alike.
async fn write_batch(database: &Database, batch: &[Waiting]) -> Vec<Result<(), CommitError>> {
    match try_batch(database, batch).await {
        Ok(outcomes) => outcomes,
        Err(error) => batch.iter().map(|_| Err(error.clone())).collect(),
    }
}

async fn try_batch(
    database: &Database,
    batch: &[Waiting],
) -> Result<Vec<Result<(), CommitError>>, CommitError> {
    let mut transaction = database.begin().await?;
    let mut outcomes = Vec::with_capacity(batch.len());
    for (commit, _) in batch {
        let savepoint = transaction.savepoint().await?;
        let outcome = write_turn(&mut transaction, commit).await;
        match &outcome {
            Ok(()) => transaction.release(savepoint).await?,
            // A full disk ends the whole transaction, not only this turn: what ended it is the answer for all.
            Err(error) => transaction.rollback_to(savepoint).await.map_err(|_| error.clone())?,
        }
        outcomes.push(outcome);
    }
    transaction.commit().await?;
    Ok(outcomes)
}

async fn write_turn(transaction: &mut Transaction, commit: &TurnCommit) -> Result<(), CommitError> {
    let turn = &commit.turn;
    let active = match &commit.target {
        HeadMove::Advance { name, .. } => name,
        HeadMove::Open(branch) => &branch.name,
    };
    let touched =
        sessions::record_turn(transaction, &turn.session_id, active, turn.cost_microusd, &turn.created_at)
            .await?;
    if touched == 0 {
        return Err(CommitError::SessionGone(turn.session_id.clone()));
    }
    match &commit.target {
        HeadMove::Advance { branch, expected, .. } => {
            let moved = branches::move_head(
                transaction,
                branch,
                expected.as_ref(),
                Some(&turn.id),
                turn.number,
                &turn.created_at,
            )
            .await?;
            if !moved {
                return Err(CommitError::HeadMoved);
            }
        }
        HeadMove::Open(branch) => branches::insert(transaction, branch).await?,
    }
    turns::insert(transaction, turn).await?;
    if let Some(state) = &commit.state {
        states::insert(transaction, &turn.session_id, &turn.id, state).await?;
    }
    for row in &commit.interventions {
        interventions::insert(transaction, &turn.session_id, row).await?;
    }
    for fact in &commit.citations {
        interventions::cite(transaction, &turn.session_id, &turn.id, fact).await?;
    }
    if let Some(entry) = &commit.ledger {
        llm::ledger::insert(transaction, entry).await?;
    }
    Ok(())
}
