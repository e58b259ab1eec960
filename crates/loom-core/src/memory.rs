//! What a story remembers at one point of its tree.
//!
//! Each turn stores the changes it made; the state at a turn is the fold of the changes of its ancestors and itself.
//! Nothing is removed from a turn when a head moves, so a rollback or a branch sees exactly its own past.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::{Deserialize, Serialize};

mod mention;
mod sentence;

pub use mention::mentions;
pub(crate) use mention::{nearest, subject_key};
pub(crate) use sentence::{clip, sentences};

/// Names one wording of one fact: a fact set again gets a new id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FactId(pub String);

/// Which intervention set a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactOrigin {
    /// `[EDIT: subject: text]`.
    Edit,
    /// `[RETCON: target: text]`.
    Retcon,
}

/// Something the story has to keep to, in the player's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// This wording's id.
    pub id: FactId,
    /// What it is about, as written.
    pub subject: String,
    /// The fact.
    pub text: String,
    /// The turn that set it.
    pub turn_id: String,
    /// That turn's number on its path.
    pub turn_number: u64,
    /// How it was set.
    pub origin: FactOrigin,
}

/// The story so far, for the turns a prompt no longer carries word for word.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// One line a turn, oldest first; a player may rewrite it freely.
    pub text: String,
    /// The last turn it covers; 0 when it covers none.
    pub through_turn: u64,
}

/// Everything a head of the story sees beside its turns.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WorldState {
    /// One for each subject with its newest text, in the order the subjects first appeared.
    pub facts: Vec<Fact>,
    /// The tone asked for, until another is.
    pub tone: Option<String>,
    /// The running summary.
    pub summary: Summary,
}

/// One change a turn made to the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", content = "value", rename_all = "snake_case")]
pub enum StateChange {
    /// A fact is set, in place of an earlier one on the same subject.
    SetFact(Fact),
    /// A fact is taken back; an id that is not there changes nothing.
    RemoveFact {
        /// Which wording.
        id: FactId,
    },
    /// A tone is set; `None` is the canon's own again.
    SetTone(Option<String>),
    /// The running summary is replaced.
    SetSummary(Summary),
}

impl WorldState {
    /// Takes one change in.
    pub fn apply(&mut self, change: &StateChange) {
        match change {
            StateChange::SetFact(fact) => self.set_fact(fact),
            StateChange::RemoveFact { id } => self.facts.retain(|fact| fact.id != *id),
            StateChange::SetTone(tone) => self.tone.clone_from(tone),
            StateChange::SetSummary(summary) => self.summary.clone_from(summary),
        }
    }

    /// The state after these changes, oldest first, from a session's beginning. Subjects are indexed on the way, so
    /// that thousands of facts cost no more than a pass over them.
    pub fn replay<'a>(changes: impl IntoIterator<Item = &'a StateChange>) -> Self {
        let mut state = Self::default();
        let mut facts: Vec<Option<&Fact>> = Vec::new();
        let mut by_subject: HashMap<String, usize> = HashMap::new();
        for change in changes {
            match change {
                StateChange::SetFact(fact) => match by_subject.entry(subject_key(&fact.subject)) {
                    Entry::Occupied(place) => facts[*place.get()] = Some(fact),
                    Entry::Vacant(place) => {
                        place.insert(facts.len());
                        facts.push(Some(fact));
                    }
                },
                StateChange::RemoveFact { id } => {
                    for slot in facts.iter_mut().filter(|slot| slot.is_some_and(|fact| fact.id == *id)) {
                        if let Some(fact) = slot.take() {
                            by_subject.remove(&subject_key(&fact.subject));
                        }
                    }
                }
                StateChange::SetTone(_) | StateChange::SetSummary(_) => state.apply(change),
            }
        }
        state.facts = facts.into_iter().flatten().cloned().collect();
        state
    }

    /// This state with further changes.
    pub fn with<'a>(&self, changes: impl IntoIterator<Item = &'a StateChange>) -> Self {
        let mut state = self.clone();
        for change in changes {
            state.apply(change);
        }
        state
    }

    /// The fact about a subject; white space and case do not matter.
    pub fn fact(&self, subject: &str) -> Option<&Fact> {
        let key = subject_key(subject);
        self.facts.iter().find(|fact| subject_key(&fact.subject) == key)
    }

    fn set_fact(&mut self, fact: &Fact) {
        let key = subject_key(&fact.subject);
        match self.facts.iter_mut().find(|known| subject_key(&known.subject) == key) {
            Some(known) => known.clone_from(fact),
            None => self.facts.push(fact.clone()),
        }
    }
}
