//! The ends of the stories that were played last, kept in memory so that the next turn need not read them again.
//!
//! A turn never changes once it is stored, so what a prompt needs of the turns up to one is as good as the rows as long
//! as it is found under that turn's id. A session that is deleted in between is noticed where it matters: its branch is
//! read for every turn, and the commit is refused.

use std::sync::Arc;

use loom_core::{memory::Fact, session::PastTurn};
use moka::sync::Cache;

use crate::{
    ids::TurnId,
    store::{
        states::Loaded,
        turns::{self, Turn},
    },
};

/// What the turn after one needs to know.
#[derive(Clone, Debug)]
pub(super) struct Tail {
    /// The turn's number.
    pub(super) number: u64,
    /// What a reader remembers after it.
    pub(super) memory: Arc<Loaded>,
    /// The turns up to it and with it, oldest first: as many as a prompt may carry.
    pub(super) history: Arc<Vec<PastTurn>>,
    /// As many as were asked for when it was made; all there are when the story is shorter.
    pub(super) limit: usize,
}

impl Tail {
    /// Whether it holds just what the rows would say for `limit` turns, so that a prompt does not depend on what is
    /// remembered.
    fn serves(&self, limit: usize) -> bool {
        self.limit == limit || (self.history.len() as u64 == self.number && self.history.len() <= limit)
    }

    /// Roughly what it costs to keep.
    fn bytes(&self) -> usize {
        let words = |turn: &PastTurn| turn.id.len() + turn.input.len() + turn.story.len() + turn.reply.len();
        let history: usize = self.history.iter().map(|turn| words(turn) + size_of::<PastTurn>()).sum();
        let world = &self.memory.world;
        let fact = |fact: &Fact| fact.id.0.len() + fact.subject.len() + fact.text.len() + size_of::<Fact>();
        let memory = world.facts.iter().map(fact).sum::<usize>() + world.summary.text.len();
        history + memory + size_of::<Self>()
    }
}

/// Tails by the turn they end in, the least recently used forgotten first.
#[derive(Clone)]
pub(super) struct Tails(Option<Cache<TurnId, Tail>>);

impl Tails {
    /// Keeps about `bytes` of them; none when that is 0.
    pub(super) fn new(bytes: u64) -> Self {
        let cache = || {
            Cache::builder()
                .max_capacity(bytes)
                .weigher(|_, tail: &Tail| u32::try_from(tail.bytes()).unwrap_or(u32::MAX))
                .build()
        };
        Self((bytes > 0).then(cache))
    }

    /// The tail that ends in a turn, if it is remembered with the last `limit` turns.
    pub(super) fn get(&self, turn: &TurnId, limit: usize) -> Option<Tail> {
        self.0.as_ref()?.get(turn).filter(|tail| tail.serves(limit))
    }

    /// Remembers a stored turn behind the tail it was played on.
    pub(super) fn advance(&self, turn: &Turn, memory: Arc<Loaded>, before: Arc<Vec<PastTurn>>, limit: usize) {
        let Some(cache) = &self.0 else { return };
        if let Some(parent) = &turn.parent_id {
            // The parent's own entry goes first, so that the history is usually extended in place and not copied.
            cache.invalidate(parent);
        }
        let mut history = Arc::unwrap_or_clone(before);
        history.push(turns::past(turn));
        if history.len() > limit {
            history.drain(..history.len() - limit);
        }
        let number = u64::try_from(turn.number).unwrap_or(0);
        cache.insert(turn.id.clone(), Tail { number, memory, history: Arc::new(history), limit });
    }
}
