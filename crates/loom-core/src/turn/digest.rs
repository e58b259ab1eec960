//! The running summary: what is kept of turns when they leave the history window, quoted from the turns themselves.

use crate::canon::Language;
use crate::memory::{Summary, WorldState, clip, mentions, sentences};
use crate::prompt::{self, Directions, PartKind, Prompt, PromptInput};
use crate::session::PastTurn;
use crate::tokens::TokenCounter;
use crate::turn::TurnInput;

/// Columns kept of the player's words and of the outcome.
const PLAYER_WIDTH: usize = 72;
const OUTCOME_WIDTH: usize = 120;

/// The summary after this turn, when the next prompt will carry fewer past turns than the summary and the window cover
/// now: because the window moves on, or because a tight budget will cut it.
pub(super) fn extend(
    state: &WorldState,
    input: &TurnInput<'_>,
    prompt: &Prompt,
    this: &PastTurn,
) -> Option<Summary> {
    let old = &state.summary;
    let next_start = input.settings.window_start(input.number + 1);
    let next_start = next_start.max(next_carried(state, input, prompt, this).unwrap_or(0));
    let leaving: Vec<&PastTurn> = input
        .history
        .iter()
        .chain([this])
        .filter(|turn| turn.number > old.through_turn && turn.number < next_start)
        .collect();
    let through_turn = leaving.last()?.number;
    let mut lines: Vec<Line> = old.text.lines().filter_map(Line::read).collect();
    let told = leaving.into_iter().filter(|turn| !turn.reply.trim().is_empty());
    lines.extend(told.map(|turn| Line::Turn(line(turn, input))));
    let text = shorten(lines, input.settings.summary_budget(), input.counter);
    Some(Summary { text, through_turn })
}

/// The oldest turn that the next prompt will have room for, tried with an input as long as this one; `None` when there
/// is room to spare. A longer input may still cut off a turn that is in the summary only one turn later.
fn next_carried(state: &WorldState, input: &TurnInput<'_>, prompt: &Prompt, this: &PastTurn) -> Option<u64> {
    let growth = input.counter.count(&this.reply) + 2 * input.counter.count(&this.input) + prompt.budget / 10;
    if prompt.total_tokens + growth <= prompt.budget {
        return None;
    }
    let history: Vec<PastTurn> = input.history.iter().chain([this]).cloned().collect();
    let next = prompt::assemble(&PromptInput {
        canon: input.canon,
        state,
        history: &history,
        turn_id: "",
        number: input.number + 1,
        story: &this.story,
        directions: &Directions::default(),
        settings: input.settings,
        counter: input.counter,
    });
    let parts = next.ok()?.parts;
    let oldest =
        parts.iter().find(|part| part.kind == PartKind::History).and_then(|part| part.turn_id.as_ref());
    let carried = history.iter().find(|turn| Some(&turn.id) == oldest).map(|turn| turn.number);
    Some(carried.unwrap_or(input.number + 1))
}

/// A line of a summary.
enum Line {
    /// Made here, for one turn.
    Turn(TurnLine),
    /// Written by a player; the last to go.
    Own(String),
}

struct TurnLine {
    head: String,
    outcome: Option<String>,
}

const JOINT: &str = " → ";

impl Line {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let number = text.strip_prefix("第").or_else(|| text.strip_prefix("Turn "));
        if !number.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit())) {
            return Some(Self::Own(text.to_owned()));
        }
        let (head, outcome) = match text.split_once(JOINT) {
            Some((head, outcome)) => (head, Some(outcome.to_owned())),
            None => (text, None),
        };
        Some(Self::Turn(TurnLine { head: head.to_owned(), outcome }))
    }

    fn text(&self) -> String {
        match self {
            Self::Own(text) => text.clone(),
            Self::Turn(TurnLine { head, outcome: None }) => head.clone(),
            Self::Turn(TurnLine { head, outcome: Some(outcome) }) => format!("{head}{JOINT}{outcome}"),
        }
    }
}

fn line(turn: &PastTurn, input: &TurnInput<'_>) -> TurnLine {
    let said = sentences(&turn.story).first().map(|first| clip(first, PLAYER_WIDTH));
    let head = match (input.settings.language, turn.degraded) {
        (Language::ZhCn, false) => format!("第{}回合：", turn.number),
        (Language::ZhCn, true) => format!("第{}回合（离线）：", turn.number),
        (Language::En, false) => format!("Turn {}: ", turn.number),
        (Language::En, true) => format!("Turn {} (offline): ", turn.number),
    };
    let outcome = clip(most_telling(&turn.reply, input), OUTCOME_WIDTH);
    match said {
        Some(said) => TurnLine { head: head + &said.replace(JOINT, " "), outcome: Some(outcome) },
        None => TurnLine { head: head + &outcome, outcome: None },
    }
}

/// The sentence that names most of what the story keeps record of; the first of those that name equally much.
fn most_telling<'a>(reply: &'a str, input: &TurnInput<'_>) -> &'a str {
    let names = |sentence: &str| {
        let facts = input.state.facts.iter().filter(|fact| mentions(sentence, &fact.subject)).count();
        let entities = input.canon.entities.iter().filter(|entity| mentions(sentence, &entity.name)).count();
        2 * facts + entities
    };
    let mut best = (0, reply.trim());
    for (position, sentence) in sentences(reply).into_iter().enumerate() {
        let score = 1 + 2 * names(sentence) - usize::from(sentence.ends_with(['?', '？']));
        if position == 0 || score > best.0 {
            best = (score, sentence);
        }
    }
    best.1
}

/// Makes the lines fit: outcomes go first, oldest first, then whole turns, then what a player wrote.
fn shorten(mut lines: Vec<Line>, budget: usize, counter: &dyn TokenCounter) -> String {
    let mut costs: Vec<usize> = lines.iter().map(|line| counter.count(&line.text()) + 1).collect();
    let mut total: usize = costs.iter().sum();
    for (line, cost) in lines.iter_mut().zip(&mut costs) {
        if total <= budget {
            break;
        }
        if let Line::Turn(turn) = line
            && turn.outcome.take().is_some()
        {
            let shorter = counter.count(&turn.head) + 1;
            total = total - *cost + shorter;
            *cost = shorter;
        }
    }
    for own_too in [false, true] {
        let mut position = 0;
        while total > budget && position < lines.len() && lines.len() > 1 {
            if own_too || matches!(lines[position], Line::Turn(_)) {
                lines.remove(position);
                total -= costs.remove(position);
            } else {
                position += 1;
            }
        }
    }
    let text: Vec<String> = lines.iter().map(Line::text).collect();
    let text = text.join("\n");
    // One line of a player's may be longer than the whole budget; an ideograph is two columns and about one token.
    if total > budget { clip(&text, budget) } else { text }
}
