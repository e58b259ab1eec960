//! What goes into a request when there is not room for everything.

use crate::prompt::parts::{Candidates, HistoryTurn, TOKENS_PER_MESSAGE, TOKENS_PER_REQUEST};
use crate::prompt::{Part, PromptError, PromptInput};

/// Turns that come before the canon: without them the reply does not follow from anything.
const LATEST_TURNS: usize = 2;

/// What is kept.
pub(super) struct Choice {
    pub(super) canon: Vec<bool>,
    pub(super) rules: Vec<bool>,
    pub(super) facts: Vec<bool>,
    pub(super) opening: bool,
    pub(super) summary: bool,
    /// The oldest turn carried word for word.
    pub(super) history_start: u64,
}

pub(super) fn choose(input: &PromptInput<'_>, candidates: &Candidates) -> Result<Choice, PromptError> {
    let mut room = Room { left: room_after_required(input, candidates)? };
    let facts = room.take_group(&candidates.facts_heading, candidates.facts.iter().rev());
    let facts = facts.into_iter().rev().collect();

    let turns: Vec<&HistoryTurn> = candidates.history.iter().filter(|turn| turn.excluded.is_none()).collect();
    let latest = turns.iter().rev().take(LATEST_TURNS).take_while(|turn| room.take(turn.cost())).count();

    let rules = room.take_group(&candidates.rules_heading, candidates.rules.iter());
    let canon = room.take_group(&candidates.canon_heading, candidates.canon.iter());
    let opening = candidates.opening.as_ref().is_some_and(|part| room.take(part.tokens));
    let summary = candidates.summary.as_ref().is_some_and(|part| room.take(part.tokens));

    let older = if latest < LATEST_TURNS { 0 } else { room.take_turns(&turns[..turns.len() - latest]) };
    let first = turns.len() - latest - older;
    let fitting = turns.get(first).map_or(input.number, |turn| turn.number);
    let history_start = if first == 0 { fitting } else { settle(fitting, latest, input) };
    Ok(Choice { canon, rules, facts, opening, summary, history_start })
}

/// Where a window that had to be cut begins. Cut to the last turn that fits it would move on every turn and cost the
/// provider's prompt cache each time, so it moves in the widest steps that give up at most half of what would fit.
fn settle(fitting: u64, latest: usize, input: &PromptInput<'_>) -> u64 {
    let guaranteed = input.number.saturating_sub(latest as u64).max(fitting);
    let kept = input.number.saturating_sub(fitting);
    let mut step = input.settings.window_step.max(1) as u64;
    loop {
        let aligned = 1 + fitting.saturating_sub(1).div_ceil(step) * step;
        if step == 1 || (aligned - fitting) * 2 <= kept {
            return aligned.min(guaranteed);
        }
        step = step.div_ceil(2);
    }
}

fn room_after_required(input: &PromptInput<'_>, candidates: &Candidates) -> Result<usize, PromptError> {
    let budget = input.settings.prompt_budget();
    let fixed = candidates.contract.tokens + TOKENS_PER_REQUEST + 2 * TOKENS_PER_MESSAGE;
    let own: usize = candidates.tail.iter().map(|part| part.tokens).sum();
    match budget.checked_sub(fixed) {
        None | Some(0) => Err(PromptError::ContextTooSmall { budget_tokens: budget, needed_tokens: fixed }),
        Some(room) => {
            room.checked_sub(own).ok_or(PromptError::InputTooLong { input_tokens: own, room_tokens: room })
        }
    }
}

struct Room {
    left: usize,
}

impl Room {
    fn take(&mut self, tokens: usize) -> bool {
        let fits = tokens <= self.left;
        if fits {
            self.left -= tokens;
        }
        fits
    }

    /// Takes what fits, in this order, skipping what does not; the first one pays for the heading.
    fn take_group<'a>(&mut self, heading: &Part, parts: impl Iterator<Item = &'a Part>) -> Vec<bool> {
        let mut heading_tokens = heading.tokens;
        parts
            .map(|part| {
                let taken = self.take(part.tokens + heading_tokens);
                if taken {
                    heading_tokens = 0;
                }
                taken
            })
            .collect()
    }

    /// How many turns fit, newest first, without a gap.
    fn take_turns(&mut self, turns: &[&HistoryTurn]) -> usize {
        turns.iter().rev().take_while(|turn| self.take(turn.cost())).count()
    }
}
