//! Plays turns: the one way from a player's line to a stored turn, and the only caller of the model.
//!
//! A turn runs in a task of its own. Whoever asked for it may go away; the turn is finished and stored all the same and
//! is found again under its key.

use std::sync::Arc;

use chassis::{audit::AuditLog, clock::Clock, secret::Secret};
use llm::Gateway;
use storage::Database;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::{
    auth::Caller,
    canon_dir::CanonDir,
    commit::Committer,
    config::PlayConfig,
    ids::{SessionId, TurnId},
    tokens::Tokenizers,
};

mod durations;
mod error;
pub mod explain;
mod finish;
mod flight;
mod locks;
mod notes;
mod prepare;
mod run;
mod tails;
pub mod tree;

pub use durations::{Durations, Quantiles};
pub use error::PlayError;
pub use flight::{Flight, TurnEvent};
pub use notes::{InterventionNote, RetconNote, TurnNotes};

/// What one turn is asked to be.
#[derive(Clone, Debug)]
pub struct PlayRequest {
    /// Who asks.
    pub caller: Caller,
    /// Which story.
    pub session: SessionId,
    /// Which branch; the one that was played last when absent.
    pub branch: Option<String>,
    /// The client's key: the same key is the same turn.
    pub key: String,
    /// What to play.
    pub action: Action,
    /// The head the player saw. `None` plays on whatever the head is.
    pub expected_head: ExpectedHead,
    /// Key for the session's own endpoint, for this turn only.
    pub provider_key: Option<Secret>,
    /// Correlates logs and audit lines.
    pub request_id: String,
}

/// What to play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The player's line.
    Say(String),
    /// The same line as an earlier turn once more, as its sibling.
    Regenerate(TurnId),
}

/// What the client believes the head to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedHead {
    /// Nothing is believed.
    Any,
    /// This turn, or the empty story.
    Is(Option<TurnId>),
}

/// Plays turns for the whole program.
#[derive(Clone)]
pub struct Player {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) canons: CanonDir,
    pub(crate) gateway: Gateway,
    pub(crate) committer: Committer,
    pub(crate) tokenizers: Tokenizers,
    pub(crate) audit: AuditLog,
    pub(crate) config: Arc<PlayConfig>,
    locks: locks::BranchLocks,
    tails: tails::Tails,
    flights: flight::Flights,
    slots: Arc<Semaphore>,
    tracker: TaskTracker,
    durations: Durations,
}

/// What a player is built from.
pub struct PlayerParts {
    /// Sessions and turns.
    pub database: Database,
    /// The time.
    pub clock: Clock,
    /// Worlds.
    pub canons: CanonDir,
    /// Models.
    pub gateway: Gateway,
    /// Decisions that a person may have to answer for.
    pub audit: AuditLog,
    /// How turns are played.
    pub config: PlayConfig,
    /// Turns at the same time.
    pub concurrent_turns: usize,
}

impl Player {
    /// Starts the writer; must be called inside a runtime.
    #[must_use]
    pub fn new(parts: PlayerParts) -> Self {
        let slots = if parts.concurrent_turns == 0 { Semaphore::MAX_PERMITS } else { parts.concurrent_turns };
        Self {
            committer: Committer::start(parts.database.clone()),
            tokenizers: Tokenizers::new(parts.config.exact_tokens),
            locks: locks::BranchLocks::new(parts.config.waiting_turns),
            tails: tails::Tails::new(parts.config.recent_bytes),
            flights: flight::Flights::default(),
            slots: Arc::new(Semaphore::new(slots)),
            tracker: TaskTracker::new(),
            durations: Durations::default(),
            database: parts.database,
            clock: parts.clock,
            canons: parts.canons,
            gateway: parts.gateway,
            audit: parts.audit,
            config: Arc::new(parts.config),
        }
    }

    /// Begins a turn, or joins the one that is being played under the same key.
    #[must_use]
    pub fn play(&self, request: PlayRequest) -> Arc<Flight> {
        let (flight, new) = self.flights.join(&request);
        if new {
            let player = self.clone();
            let running = Arc::clone(&flight);
            self.tracker.spawn(async move {
                let outcome = run::run(&player, &request, &running).await;
                // The registry lets go first: from here on the key is answered by the stored turn.
                player.flights.leave(&request);
                running.land(outcome);
            });
        }
        flight
    }

    /// The turns in the air, for shutdown: close it and wait.
    #[must_use]
    pub fn tracker(&self) -> &TaskTracker {
        &self.tracker
    }

    /// How long the last turns took.
    #[must_use]
    pub fn durations(&self) -> &Durations {
        &self.durations
    }

    /// Turns being played right now.
    #[must_use]
    pub fn in_progress(&self) -> usize {
        self.tracker.len()
    }
}
