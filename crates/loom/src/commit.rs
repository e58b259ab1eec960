//! Group commit: turns that finish together share one transaction, and so one flush to the disk.
//!
//! A turn is acknowledged only after the transaction that holds it is committed. What is refused is refused before the
//! first change, so that it takes no other turn with it; when a statement fails all the same, the batch is written
//! once more with each turn in a savepoint of its own.

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

type Outcomes = Vec<Result<(), CommitError>>;

/// Writes a batch in one transaction; when the transaction itself fails, every turn of it fails alike.
async fn write_batch(database: &Database, batch: &[Waiting]) -> Outcomes {
    let written = match write_together(database, batch).await {
        Err(CommitError::Storage(_)) if batch.len() > 1 => write_apart(database, batch).await,
        written => written,
    };
    written.unwrap_or_else(|error| batch.iter().map(|_| Err(error.clone())).collect())
}

/// The usual way: nothing to go back to, because a refused turn has written nothing.
async fn write_together(database: &Database, batch: &[Waiting]) -> Result<Outcomes, CommitError> {
    let mut transaction = database.begin().await?;
    let mut outcomes = Vec::with_capacity(batch.len());
    for (commit, _) in batch {
        match write_turn(&mut transaction, commit).await {
            Err(error @ CommitError::Storage(_)) => {
                transaction.rollback().await?;
                return Err(error);
            }
            outcome => outcomes.push(outcome),
        }
    }
    transaction.commit().await?;
    Ok(outcomes)
}

/// The way that finds out which turn it is that fails.
async fn write_apart(database: &Database, batch: &[Waiting]) -> Result<Outcomes, CommitError> {
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

/// [`CommitError::HeadMoved`] and [`CommitError::SessionGone`] leave nothing behind in the transaction.
async fn write_turn(transaction: &mut Transaction, commit: &TurnCommit) -> Result<(), CommitError> {
    let turn = &commit.turn;
    // The head first: it is what may have moved, and a branch does not outlive its session.
    if let HeadMove::Advance { branch, expected, .. } = &commit.target {
        let (head, number, now) = (Some(&turn.id), turn.number, &turn.created_at);
        if !branches::move_head(transaction, branch, expected.as_ref(), head, number, now).await? {
            return Err(refusal(transaction, commit).await?);
        }
    }
    let active = match &commit.target {
        HeadMove::Advance { name, .. } => name,
        HeadMove::Open(branch) => &branch.name,
    };
    let touched =
        sessions::record_turn(transaction, &turn.session_id, active, turn.cost_microusd, &turn.created_at)
            .await?;
    match &commit.target {
        HeadMove::Open(_) if touched == 0 => return Err(CommitError::SessionGone(turn.session_id.clone())),
        HeadMove::Open(branch) => branches::insert(transaction, branch).await?,
        HeadMove::Advance { .. } => {}
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

/// Why the head did not move: it stands elsewhere, or is gone with its session.
async fn refusal(transaction: &mut Transaction, commit: &TurnCommit) -> Result<CommitError, CommitError> {
    let session = &commit.turn.session_id;
    let there = sessions::exists(transaction, session).await?;
    Ok(if there { CommitError::HeadMoved } else { CommitError::SessionGone(session.clone()) })
}
