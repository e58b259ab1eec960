//! The request of a turn: parts in a fixed order, cut to a token budget, what does not change first.
//!
//! Order: contract, canon sections, rules, opening, running summary (one system message); past turns (a user and an assistant
//! message each); then facts, tone, intent, notes, questions and the player's words (the last user message). A
//! provider that caches by prefix meets the same bytes until the history window moves.
//!
//! Who goes first when there is not room for all: the contract and the player's own words always; then facts, newest
//! first; the two latest turns; rules; canon sections in file order; the opening; the summary; older turns. What is left out is
//! listed with its reason.

use serde::{Deserialize, Serialize};

use crate::canon::{Canon, SourceRef};
use crate::memory::WorldState;
use crate::session::{PastTurn, TurnSettings};
use crate::tokens::TokenCounter;

mod budget;
mod outline;
mod parts;
mod wording;

pub use outline::{PartOutline, PromptOutline};

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// What the narrator is asked to do, in the program's words; the same every turn.
    Contract,
    /// A section of the canon, the opening included.
    Canon,
    /// A `:::rule` block.
    Rules,
    /// The running summary.
    Summary,
    /// One side of a past turn.
    History,
    /// A fact of the story.
    Facts,
    /// The tone in force.
    Tone,
    /// What the player is after this turn.
    Intent,
    /// A word to the narrator outside the story.
    Ooc,
    /// A question to be answered beside the story.
    Query,
    /// The player's words.
    Input,
    /// Headings between the others, and what the message format itself costs.
    Framing,
}

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageRole {
    /// The program.
    System,
    /// The player.
    User,
    /// The narrator.
    Assistant,
}

/// Where in which version of the canon a part comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartSource {
    /// File and line.
    #[serde(flatten)]
    pub place: SourceRef,
    /// The canon's hash.
    pub canon_hash: String,
}

/// A piece of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// Which one of its kind: a section's title, a rule's id, a fact's subject, `turn 12`.
    pub label: String,
    /// Whose message it is in.
    pub role: MessageRole,
    /// Position of that message in the request.
    pub message: usize,
    /// Its bytes of the message; empty for the cost of the message format.
    pub text: String,
    /// What it costs.
    pub tokens: usize,
    /// Whether `tokens` is the model's own figure.
    pub exact: bool,
    /// Where it stands in the canon.
    pub sources: Vec<PartSource>,
    /// The turn it comes from: a past turn, or the one that set the fact.
    pub turn_id: Option<String>,
}

/// Why a part was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// No room for it.
    Budget,
    /// Before the history window; the summary speaks for it.
    Window,
    /// A past turn that failed and has no reply.
    NoReply,
}

/// A part that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// What it would have been.
    pub kind: PartKind,
    /// Which one.
    pub label: String,
    /// What it would have cost.
    pub tokens: usize,
    /// Why it is not there.
    pub reason: DropReason,
}

/// One message of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptMessage {
    /// Who speaks.
    pub role: MessageRole,
    /// The words.
    pub text: String,
}

/// A request, and how it came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// In order; those of one message, joined, are its text.
    pub parts: Vec<Part>,
    /// What was left out, in prompt order.
    pub dropped: Vec<Dropped>,
    /// What goes to the model.
    pub messages: Vec<PromptMessage>,
    /// The sum over the parts; never above `budget`.
    pub total_tokens: usize,
    /// What the prompt was allowed.
    pub budget: usize,
    /// Who counted.
    pub tokenizer: String,
}

/// What a turn's brackets say to the narrator, those that were allowed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Directions {
    /// `(OOC: …)`.
    pub notes: Vec<String>,
    /// `[INTENT: …]`.
    pub intents: Vec<String>,
    /// `[QUERY: …]`.
    pub questions: Vec<String>,
}

/// All that a prompt is made of.
#[derive(Clone, Copy)]
pub struct PromptInput<'a> {
    /// The world.
    pub canon: &'a Canon,
    /// What the story remembers, this turn's own changes included.
    pub state: &'a WorldState,
    /// The newest past turns, oldest first; more than [`TurnSettings::history_needed`] are of no use.
    pub history: &'a [PastTurn],
    /// This turn's id.
    pub turn_id: &'a str,
    /// This turn's number.
    pub number: u64,
    /// The player's words without brackets.
    pub story: &'a str,
    /// The brackets.
    pub directions: &'a Directions,
    /// How to cut.
    pub settings: &'a TurnSettings,
    /// Who counts.
    pub counter: &'a dyn TokenCounter,
}

/// Why there is no prompt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    /// The player wrote more than the model can take.
    #[error("the input takes {input_tokens} tokens, this session has room for {room_tokens}")]
    InputTooLong {
        /// The player's words and brackets.
        input_tokens: usize,
        /// What is left after the contract.
        room_tokens: usize,
    },
    /// The session's settings leave no room for any input.
    #[error(
        "the context of {budget_tokens} tokens is too small, {needed_tokens} go to the fixed instructions alone"
    )]
    ContextTooSmall {
        /// Context less reply.
        budget_tokens: usize,
        /// What the fixed parts take.
        needed_tokens: usize,
    },
}

/// Puts a request together. The cost is one pass over the canon and the history handed in, however long the session.
pub fn assemble(input: &PromptInput<'_>) -> Result<Prompt, PromptError> {
    let candidates = parts::collect(input);
    let choice = budget::choose(input, &candidates)?;
    Ok(parts::join(input, candidates, &choice))
}

impl Prompt {
    /// What is worth storing of it: everything but the texts that the canon version and the past turns hold anyway.
    pub fn outline(&self) -> PromptOutline {
        PromptOutline::of(self)
    }

    /// SHA-256 over the messages, in hexadecimal: two prompts with the same digest send the same bytes.
    pub fn digest(&self) -> String {
        outline::digest(self)
    }
}
