//! One turn as two pure steps around the narrator's reply: what to send, and what came of it.
//!
//! [`begin`] takes the player's input apart, decides what the canon allows, and puts the request together. The caller
//! gets a reply by whatever means, and [`resume`] says what to store. Neither knows how the reply was made.

use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::canon::{Canon, SourceRef};
use crate::intervention::{
    self, Decision, Detail, Intervention, InterventionKind, ParsedInput, RetconTarget,
};
use crate::memory::{Fact, FactId, FactOrigin, StateChange, WorldState, mentions};
use crate::prompt::{self, Directions, Prompt, PromptError, PromptInput};
use crate::session::{PastTurn, TurnSettings};
use crate::tokens::TokenCounter;

mod answer;
mod digest;
mod reply;
mod retcon;

pub use reply::StoryFilter;
pub use retcon::{LaterTurn, RetconAt, RetconPlan, RetconProblem, cited_by, plan_retcon};

/// All that a turn is made of.
#[derive(Clone, Copy)]
pub struct TurnInput<'a> {
    /// The world, in the version this turn is pinned to.
    pub canon: &'a Canon,
    /// What the story remembers at the parent turn.
    pub state: &'a WorldState,
    /// The newest turns up to the parent, oldest first; [`TurnSettings::history_needed`] of them are enough.
    pub history: &'a [PastTurn],
    /// The id this turn will have.
    pub turn_id: &'a str,
    /// Its number on its path; the parent's plus one.
    pub number: u64,
    /// What the player typed.
    pub raw: &'a str,
    /// What the player is.
    pub role: Role,
    /// The session's settings.
    pub settings: &'a TurnSettings,
    /// Who counts tokens.
    pub counter: &'a dyn TokenCounter,
    /// The plan already made, when this turn is the first of the branch that its own RETCON opens. Without one a
    /// RETCON is planned against `state` and reported, and changes nothing until it is played on its branch.
    pub retcon: Option<&'a RetconPlan>,
}

/// Whether the story moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnKind {
    /// The player acts or speaks.
    Story,
    /// There is nothing but brackets.
    OnlyInterventions,
}

/// Where a RETCON leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetconResolved {
    /// To a branch: the caller opens it as planned and plays the turn there.
    Planned(RetconPlan),
    /// Nowhere, and why.
    Problem(RetconProblem),
}

/// An allowed RETCON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetconRequest {
    /// What the player named.
    pub target: RetconTarget,
    /// What is to be true instead.
    pub text: String,
    /// Where that leads.
    pub resolved: RetconResolved,
}

/// A turn that is ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// The input taken apart.
    pub parsed: ParsedInput,
    /// Every intervention with what became of it, in order; those denied are nowhere in the prompt.
    pub decisions: Vec<(Intervention, Decision)>,
    /// The request.
    pub prompt: Prompt,
    /// What EDIT, TONE and, on its own branch, RETCON change; already in force in `prompt`.
    pub changes: Vec<StateChange>,
    /// The first allowed RETCON; a turn opens one branch at most.
    pub retcon: Option<RetconRequest>,
    /// The allowed questions.
    pub queries: Vec<String>,
    /// The allowed notes and intents, for a narrator that takes no prompt.
    pub directions: Directions,
    /// Whether the story moves.
    pub kind: TurnKind,
}

/// Who answered a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredBy {
    /// The narrator, in its reply.
    Narrator,
    /// The canon or the facts, quoted because the narrator gave no answer.
    Quotation,
    /// Nobody: neither the narrator nor the canon says anything.
    Silence,
}

/// A question and what is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// As asked; empty when the narrator answered what nobody asked.
    pub question: String,
    /// The words to show beside the story.
    pub answer: String,
    /// The passages quoted or, under a narrator's answer, those nearest to the question.
    pub sources: Vec<SourceRef>,
    /// Who answered.
    pub by: AnsweredBy,
}

/// A turn that is ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// The reply without its answers.
    pub reply: String,
    /// One for each question, in their order.
    pub answers: Vec<Answer>,
    /// What changes beside [`Begun::changes`]: the running summary, when turns leave the history window.
    pub changes: Vec<StateChange>,
    /// Facts whose subject the input or the reply names.
    pub citations: Vec<FactId>,
}

/// Takes the input apart and puts the request together. Fails when the input is too long for the session's model.
pub fn begin(input: &TurnInput<'_>) -> Result<Begun, PromptError> {
    let parsed = intervention::parse(input.raw);
    let decide = |kind| intervention::decide(kind, &input.canon.permissions, input.role);
    let decisions: Vec<(Intervention, Decision)> = parsed
        .interventions
        .iter()
        .map(|intervention| (intervention.clone(), decide(intervention.kind)))
        .collect();
    let allowed: Vec<&Intervention> = decisions
        .iter()
        .filter(|(_, decision)| *decision == Decision::Allowed)
        .map(|(intervention, _)| intervention)
        .collect();

    let retcon = allowed.iter().find_map(|intervention| request_retcon(input, intervention));
    let changes = changes(input, &allowed, retcon.as_ref());
    let directions = directions(&allowed);
    let state = input.state.with(&changes);
    let prompt = prompt::assemble(&PromptInput {
        canon: input.canon,
        state: &state,
        history: input.history,
        turn_id: input.turn_id,
        number: input.number,
        story: &parsed.story,
        directions: &directions,
        settings: input.settings,
        counter: input.counter,
    })?;
    let kind = if parsed.story.trim().is_empty() { TurnKind::OnlyInterventions } else { TurnKind::Story };
    let queries = directions.questions.clone();
    Ok(Begun { parsed, decisions, prompt, changes, retcon, queries, directions, kind })
}

/// Takes the reply apart and says what to store with the turn. A `degraded` reply, one that the model asked for did
/// not write, is marked in the running summary when its time comes.
pub fn resume(input: &TurnInput<'_>, begun: &Begun, reply: &str, degraded: bool) -> Finished {
    let (story, blocks) = reply::split(reply);
    let state = input.state.with(&begun.changes);
    let answers = answer::answers(input.canon, &state, input.settings.language, &begun.queries, blocks);
    let this = PastTurn {
        id: input.turn_id.to_owned(),
        number: input.number,
        input: input.raw.to_owned(),
        story: begun.parsed.story.clone(),
        reply: story,
        degraded,
    };
    let summary = digest::extend(&state, input, &begun.prompt, &this);
    let citations = state
        .facts
        .iter()
        .filter(|fact| mentions(input.raw, &fact.subject) || mentions(&this.reply, &fact.subject))
        .map(|fact| fact.id.clone())
        .collect();
    let changes = summary.into_iter().map(StateChange::SetSummary).collect();
    Finished { reply: this.reply, answers, changes, citations }
}

fn request_retcon(input: &TurnInput<'_>, intervention: &Intervention) -> Option<RetconRequest> {
    let Detail::Retcon { target, text } = &intervention.detail else { return None };
    let resolved = match input.retcon {
        Some(plan) => RetconResolved::Planned(plan.clone()),
        None => match plan_retcon(target, input.state, input.number.saturating_sub(1)) {
            Ok(plan) => RetconResolved::Planned(plan),
            Err(problem) => RetconResolved::Problem(problem),
        },
    };
    Some(RetconRequest { target: target.clone(), text: text.clone(), resolved })
}

fn changes(
    input: &TurnInput<'_>,
    allowed: &[&Intervention],
    retcon: Option<&RetconRequest>,
) -> Vec<StateChange> {
    let fact = |position: usize, subject: &str, text: &str, origin| {
        StateChange::SetFact(Fact {
            id: FactId(format!("{}:{}", input.turn_id, position + 1)),
            subject: subject.to_owned(),
            text: text.to_owned(),
            turn_id: input.turn_id.to_owned(),
            turn_number: input.number,
            origin,
        })
    };
    let mut retcon = retcon.filter(|_| input.retcon.is_some());
    let mut changes = Vec::new();
    for (position, intervention) in allowed.iter().enumerate() {
        match &intervention.detail {
            Detail::Edit { subject, text } => changes.push(fact(position, subject, text, FactOrigin::Edit)),
            Detail::Retcon { .. } => {
                if let (Some(request), Some(plan)) = (retcon.take(), input.retcon) {
                    let subject = plan.fact_subject(input.settings.language);
                    changes.push(fact(position, &subject, &request.text, FactOrigin::Retcon));
                }
            }
            Detail::Note(note) if intervention.kind == InterventionKind::Tone => {
                changes.push(StateChange::SetTone(tone(note)));
            }
            Detail::Note(_) => {}
        }
    }
    changes
}

/// `default` and its like give the canon's own tone back.
fn tone(note: &str) -> Option<String> {
    let note = note.trim();
    let back = ["default", "reset", "none", "默认", "恢复", "无"];
    (!back.iter().any(|word| note.eq_ignore_ascii_case(word))).then(|| note.to_owned())
}

fn directions(allowed: &[&Intervention]) -> Directions {
    let of = |kind| {
        let wanted = allowed.iter().filter(move |intervention| intervention.kind == kind);
        wanted.map(|intervention| intervention.content.clone()).collect()
    };
    Directions {
        notes: of(InterventionKind::Ooc),
        intents: of(InterventionKind::Intent),
        questions: of(InterventionKind::Query),
    }
}
