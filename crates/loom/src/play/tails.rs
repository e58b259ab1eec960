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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SessionId;

    const PLENTY: u64 = 1_000_000;

    /// Turn `number` of a straight story; its id is its number.
    fn turn(number: i64) -> Turn {
        Turn {
            id: TurnId(number.to_string()),
            session_id: SessionId("s".to_owned()),
            parent_id: (number > 1).then(|| TurnId((number - 1).to_string())),
            number,
            turn_key: String::new(),
            kind: "story".to_owned(),
            role: "player".to_owned(),
            input: format!("step {number}"),
            story: format!("step {number}"),
            reply: "x".repeat(100),
            notes: String::new(),
            degraded_code: None,
            provider: String::new(),
            model: String::new(),
            canon_hash: String::new(),
            state_id: None,
            outline: String::new(),
            input_tokens: 0,
            output_tokens: 0,
            usage_exact: false,
            cost_microusd: 0,
            latency_ms: 0,
            created_at: String::new(),
        }
    }

    /// Plays turns 1 to `count` the way a story does: each on what is remembered of the one before.
    fn play(tails: &Tails, count: i64, limit: usize) {
        for number in 1..=count {
            let parent = TurnId((number - 1).to_string());
            let before = tails.get(&parent, limit).map(|tail| tail.history).unwrap_or_default();
            tails.advance(&turn(number), Arc::default(), before, limit);
        }
    }

    fn numbers(tail: Option<Tail>) -> Option<Vec<u64>> {
        tail.map(|tail| tail.history.iter().map(|turn| turn.number).collect())
    }

    fn after(number: i64) -> TurnId {
        TurnId(number.to_string())
    }

    #[test]
    fn the_end_of_a_story_is_remembered_as_its_rows_would_say_it() {
        let tails = Tails::new(PLENTY);
        play(&tails, 5, 3);
        let tail = tails.get(&after(5), 3);
        assert_eq!(tail.as_ref().map(|tail| tail.number), Some(5));
        assert_eq!(
            tail.unwrap().history.as_slice(),
            [turns::past(&turn(3)), turns::past(&turn(4)), turns::past(&turn(5))]
        );
    }

    #[test]
    fn it_serves_only_whoever_wants_just_as_much() {
        let check = |played: i64, kept: usize, wanted: usize, expected: Option<Vec<u64>>| {
            let tails = Tails::new(PLENTY);
            play(&tails, played, kept);
            assert_eq!(numbers(tails.get(&after(played), wanted)), expected, "{played} {kept} {wanted}");
        };
        check(5, 3, 3, Some(vec![3, 4, 5]));
        check(5, 3, 4, None);
        check(5, 3, 2, None);
        // The whole story is in it: nobody can want more, and whoever wants less must not get more.
        check(2, 3, 3, Some(vec![1, 2]));
        check(2, 3, 9, Some(vec![1, 2]));
        check(2, 3, 2, Some(vec![1, 2]));
        check(2, 3, 1, None);
    }

    #[test]
    fn a_turn_takes_the_place_of_the_one_before() {
        let tails = Tails::new(PLENTY);
        play(&tails, 3, 10);
        assert_eq!(numbers(tails.get(&after(2), 10)), None);
        assert_eq!(numbers(tails.get(&after(3), 10)), Some(vec![1, 2, 3]));
    }

    #[test]
    fn a_history_that_somebody_still_reads_is_not_changed() {
        let tails = Tails::new(PLENTY);
        play(&tails, 2, 10);
        let reader = tails.get(&after(2), 10).unwrap();
        tails.advance(&turn(3), Arc::default(), Arc::clone(&reader.history), 10);
        assert_eq!(reader.history.len(), 2);
        assert_eq!(numbers(tails.get(&after(3), 10)), Some(vec![1, 2, 3]));
    }

    #[test]
    fn no_memory_keeps_none_and_little_keeps_few() {
        let tails = Tails::new(0);
        play(&tails, 3, 10);
        assert!(tails.get(&after(3), 10).is_none());
        let size = Tail {
            number: 1,
            memory: Arc::default(),
            history: Arc::new(vec![turns::past(&turn(1))]),
            limit: 1,
        };
        let tails = Tails::new(size.bytes() as u64 * 5 / 2);
        for number in [10, 20, 30, 40, 50, 60] {
            tails.advance(&turn(number), Arc::default(), Arc::default(), 1);
        }
        let cache = tails.0.as_ref().unwrap();
        cache.run_pending_tasks();
        assert!((1..=2).contains(&cache.entry_count()), "{}", cache.entry_count());
    }
}
