//! A turn in the air: what has been told so far, for any number of listeners, also those that come late.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::Stream;
use tokio::sync::watch;

use super::{Action, PlayError, PlayRequest};
use crate::{ids::SessionId, store::turns::Turn};

/// What happens to a turn, in order. The last is always `Finished` or `Failed`.
#[derive(Clone, Debug)]
pub enum TurnEvent {
    /// The turn is being told.
    Started {
        /// Who tells it.
        provider: String,
        /// Which model.
        model: String,
    },
    /// The next piece of the story.
    Delta(String),
    /// Forget the pieces so far: their teller failed and another one begins.
    Discarded(&'static str),
    /// Stored. `replayed` says that it was stored before, under the same key.
    Finished {
        /// The turn as stored.
        turn: Arc<Turn>,
        /// The branch that ends in it, when this request moved one.
        branch: Option<String>,
        /// Whether this is the answer to a repeated request.
        replayed: bool,
    },
    /// Not played; nothing was written.
    Failed(PlayError),
}

#[derive(Default)]
struct Log {
    events: Vec<TurnEvent>,
}

/// One turn in the air.
pub struct Flight {
    log: Mutex<Log>,
    length: watch::Sender<usize>,
    action: Action,
}

impl Flight {
    fn new(action: Action) -> Self {
        Self { log: Mutex::default(), length: watch::Sender::new(0), action }
    }

    pub(super) fn push(&self, event: TurnEvent) {
        let length = {
            let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
            log.events.push(event);
            log.events.len()
        };
        self.length.send_replace(length);
    }

    pub(super) fn land(&self, outcome: Result<TurnEvent, PlayError>) {
        self.push(outcome.unwrap_or_else(TurnEvent::Failed));
    }

    fn event(&self, index: usize) -> Option<TurnEvent> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).events.get(index).cloned()
    }

    /// The event at `index`, as soon as there is one; nothing behind the last.
    pub async fn wait(&self, index: usize) -> Option<TurnEvent> {
        if index > 0
            && matches!(self.event(index - 1), Some(TurnEvent::Finished { .. } | TurnEvent::Failed(_)))
        {
            return None;
        }
        let mut length = self.length.subscribe();
        length.wait_for(|length| *length > index).await.ok()?;
        self.event(index)
    }

    /// All events from the beginning, live.
    pub fn events(self: Arc<Self>) -> impl Stream<Item = TurnEvent> + Send + 'static {
        futures::stream::unfold((self, 0), |(flight, index)| async move {
            let event = flight.wait(index).await?;
            Some((event, (flight, index + 1)))
        })
    }

    /// The end: the stored turn, the branch that ends in it and whether it is a repetition, or why there is none.
    pub async fn outcome(&self) -> Result<(Arc<Turn>, Option<String>, bool), PlayError> {
        let mut index = 0;
        while let Some(event) = self.wait(index).await {
            match event {
                TurnEvent::Finished { turn, branch, replayed } => return Ok((turn, branch, replayed)),
                TurnEvent::Failed(error) => return Err(error),
                _ => index += 1,
            }
        }
        Err(PlayError::Stopping)
    }
}

type Key = (SessionId, String);

/// The turns in the air, by session and key.
#[derive(Clone, Default)]
pub(super) struct Flights {
    flights: Arc<Mutex<HashMap<Key, Arc<Flight>>>>,
}

impl Flights {
    /// The flight under the request's key, and whether it is new. A request that uses the key for something else gets
    /// a flight that has failed already.
    pub(super) fn join(&self, request: &PlayRequest) -> (Arc<Flight>, bool) {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(&key(request)) {
            if flight.action == request.action {
                return (Arc::clone(flight), false);
            }
            let refused = Flight::new(request.action.clone());
            refused.land(Err(PlayError::KeyReused));
            return (Arc::new(refused), false);
        }
        let flight = Arc::new(Flight::new(request.action.clone()));
        flights.insert(key(request), Arc::clone(&flight));
        (flight, true)
    }

    pub(super) fn leave(&self, request: &PlayRequest) {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(request));
    }
}

/// Somebody else's session must not be joined by guessing its id and key, so the caller is part of the key.
fn key(request: &PlayRequest) -> Key {
    (request.session.clone(), format!("{}\n{}", request.caller.user_id, request.key))
}
