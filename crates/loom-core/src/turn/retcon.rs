//! Changing what already happened: where the branch opens, and which later turns leaned on what is changed.

use serde::{Deserialize, Serialize};

use crate::canon::Language;
use crate::intervention::RetconTarget;
use crate::memory::{FactId, WorldState, mentions, nearest};

/// Where the branch opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetconAt {
    /// At the turn of this number on the path to the head.
    Turn(u64),
    /// At the turn of this id: the one that set the fact.
    TurnId(String),
}

/// What a RETCON will do; nothing is done yet.
///
/// The turn at `at_turn` stays where it is. The caller opens a branch there, plays the RETCON's turn on it with this
/// plan in [`crate::turn::TurnInput::retcon`], and shows [`cited_by`] to the player.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetconPlan {
    /// Where the branch opens.
    pub at_turn: RetconAt,
    /// That turn's number.
    pub turn_number: u64,
    /// The subject named, as the fact has it; absent when the player named a turn.
    pub subject: Option<String>,
    /// The fact named; absent when the player named a turn.
    pub fact: Option<FactId>,
    /// Every fact that is changed: the one named, or all that the turn named had set.
    pub facts: Vec<(FactId, String)>,
}

/// Why a RETCON leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum RetconProblem {
    /// No fact has this subject.
    #[error("no fact about `{subject}`{}", known(nearest))]
    UnknownSubject {
        /// As the player wrote it.
        subject: String,
        /// The most alike that are known, best first; without any, the newest known ones.
        nearest: Vec<String>,
    },
    /// The path has no such turn.
    #[error("no turn {number}, the story has {last}")]
    NoSuchTurn {
        /// As the player wrote it.
        number: u64,
        /// The head's number.
        last: u64,
    },
}

/// A turn after the changed one, as far as [`cited_by`] needs it.
#[derive(Debug, Clone, Copy)]
pub struct LaterTurn<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its number on the path.
    pub number: u64,
    /// What the player typed.
    pub input: &'a str,
    /// What the narrator wrote.
    pub reply: &'a str,
    /// The facts it named when it was played.
    pub citations: &'a [FactId],
}

/// Finds what a RETCON means at the head whose state is `state` and whose number is `head` (0 before the first turn).
pub fn plan_retcon(
    target: &RetconTarget,
    state: &WorldState,
    head: u64,
) -> Result<RetconPlan, RetconProblem> {
    match target {
        RetconTarget::Turn(number) if *number == 0 || *number > head => {
            Err(RetconProblem::NoSuchTurn { number: *number, last: head })
        }
        RetconTarget::Turn(number) => {
            let set_there = state.facts.iter().filter(|fact| fact.turn_number == *number);
            Ok(RetconPlan {
                at_turn: RetconAt::Turn(*number),
                turn_number: *number,
                subject: None,
                fact: None,
                facts: set_there.map(|fact| (fact.id.clone(), fact.subject.clone())).collect(),
            })
        }
        RetconTarget::Subject(subject) => match state.fact(subject) {
            Some(fact) => Ok(RetconPlan {
                at_turn: RetconAt::TurnId(fact.turn_id.clone()),
                turn_number: fact.turn_number,
                subject: Some(fact.subject.clone()),
                fact: Some(fact.id.clone()),
                facts: vec![(fact.id.clone(), fact.subject.clone())],
            }),
            None => Err(unknown_subject(subject, state)),
        },
    }
}

/// The ids of the later turns that leaned on what the plan changes, in the order given: those that cited the fact when
/// they were played, and those that name its subject.
pub fn cited_by<'a>(plan: &RetconPlan, later: impl IntoIterator<Item = LaterTurn<'a>>) -> Vec<String> {
    later
        .into_iter()
        .filter(|turn| turn.number > plan.turn_number && leans_on(turn, plan))
        .map(|turn| turn.id.to_owned())
        .collect()
}

impl RetconPlan {
    /// The subject of the fact that the RETCON sets on its branch.
    pub fn fact_subject(&self, language: Language) -> String {
        match (&self.subject, language) {
            (Some(subject), _) => subject.clone(),
            (None, Language::ZhCn) => format!("第{}回合", self.turn_number),
            (None, Language::En) => format!("turn {}", self.turn_number),
        }
    }
}

impl RetconProblem {
    /// For the player, with what to do.
    pub fn message(&self, language: Language) -> String {
        match (self, language) {
            (Self::UnknownSubject { subject, nearest }, Language::ZhCn) => {
                let known = if nearest.is_empty() {
                    "这个故事还没有记下任何事实。".to_owned()
                } else {
                    format!("已记下的有：{}。", nearest.join("、"))
                };
                format!("没有关于“{subject}”的事实。{known}也可以写明回合：[RETCON: #3: ……]。")
            }
            (Self::UnknownSubject { subject, nearest }, Language::En) => {
                let known = if nearest.is_empty() {
                    "This story has no facts on record yet.".to_owned()
                } else {
                    format!("On record: {}.", nearest.join(", "))
                };
                format!(
                    "There is no fact about \"{subject}\". {known} You can also name a turn: [RETCON: #3: …]."
                )
            }
            (Self::NoSuchTurn { number, last }, Language::ZhCn) => {
                format!("没有第{number}回合，故事到第{last}回合为止。")
            }
            (Self::NoSuchTurn { number, last }, Language::En) => {
                format!("There is no turn {number}; the story has {last}.")
            }
        }
    }
}

fn leans_on(turn: &LaterTurn<'_>, plan: &RetconPlan) -> bool {
    plan.facts.iter().any(|(id, subject)| {
        turn.citations.contains(id) || mentions(turn.input, subject) || mentions(turn.reply, subject)
    })
}

fn unknown_subject(subject: &str, state: &WorldState) -> RetconProblem {
    let mut close = nearest(subject, state.facts.iter().map(|fact| fact.subject.as_str()));
    if close.is_empty() {
        close = state.facts.iter().rev().take(3).map(|fact| fact.subject.clone()).collect();
    }
    RetconProblem::UnknownSubject { subject: subject.to_owned(), nearest: close }
}

fn known(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!(", known are {}", nearest.join(", ")) }
}
