//! What a session hands to a turn: the turns before it, and how much of them a prompt may carry.

use serde::{Deserialize, Serialize};

use crate::canon::Language;

/// A finished turn as later turns see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastTurn {
    /// The turn's own id.
    pub id: String,
    /// Depth on its path from the session's beginning, counted from 1.
    pub number: u64,
    /// What the player typed.
    pub input: String,
    /// The same without its brackets.
    pub story: String,
    /// What the narrator wrote; empty when the turn failed without any text.
    pub reply: String,
    /// Whether the reply was written without the model that should have written it.
    pub degraded: bool,
}

/// How a session's prompts are cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnSettings {
    /// Tokens the model takes, prompt and reply together.
    pub context_tokens: usize,
    /// Tokens of these kept free for the reply.
    pub reply_tokens: usize,
    /// Turns carried word for word at most.
    pub history_turns_max: usize,
    /// The window over past turns moves on by this many at once, so that the prompts between two moves share their
    /// beginning and a provider's prompt cache stays warm.
    pub window_step: usize,
    /// The language of the words this program adds around the canon's and the player's.
    pub language: Language,
}

impl Default for TurnSettings {
    fn default() -> Self {
        Self {
            context_tokens: 16_000,
            reply_tokens: 1_000,
            history_turns_max: 40,
            window_step: 10,
            language: Language::ZhCn,
        }
    }
}

impl TurnSettings {
    /// How many of the newest past turns a caller should pass to a turn: those of the widest window, and those that
    /// may be leaving it and have to be summarised.
    pub fn history_needed(&self) -> usize {
        self.history_turns_max + self.step()
    }

    /// The number of the oldest turn that turn `number` carries word for word.
    pub fn window_start(&self, number: u64) -> u64 {
        let (max, step) = (self.history_turns_max as u64, self.step() as u64);
        if max == 0 {
            return number;
        }
        let excess = number.saturating_sub(1).saturating_sub(max);
        1 + excess.div_ceil(step) * step
    }

    /// Tokens the prompt may take.
    pub fn prompt_budget(&self) -> usize {
        self.context_tokens.saturating_sub(self.reply_tokens)
    }

    /// Tokens the running summary may grow to before its oldest lines are shortened.
    pub fn summary_budget(&self) -> usize {
        (self.context_tokens / 12).clamp(120, 1_200)
    }

    /// A step wider than the window would leave moments with no history at all.
    fn step(&self) -> usize {
        self.window_step.clamp(1, self.history_turns_max.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(history_turns_max: usize, window_step: usize) -> TurnSettings {
        TurnSettings { history_turns_max, window_step, ..TurnSettings::default() }
    }

    #[test]
    fn the_window_moves_in_steps() {
        let cases = [
            (40, 10, 1, 1),
            (40, 10, 41, 1),
            (40, 10, 42, 11),
            (40, 10, 51, 11),
            (40, 10, 52, 21),
            (2, 10, 4, 3),
            (5, 0, 7, 2),
            (0, 3, 9, 9),
        ];
        for (max, step, number, expected) in cases {
            assert_eq!(
                settings(max, step).window_start(number),
                expected,
                "max {max} step {step} turn {number}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn the_window_is_never_wider_than_asked_nor_empty(
            max in 1_usize..80, step in 0_usize..100, number in 2_u64..5_000,
        ) {
            let settings = settings(max, step);
            let start = settings.window_start(number);
            proptest::prop_assert!(number - start <= max as u64);
            proptest::prop_assert!(start < number);
            proptest::prop_assert!(settings.window_start(number + 1) >= start);
            let leaving = settings.window_start(number + 1) - start;
            proptest::prop_assert!(number - start + leaving <= settings.history_needed() as u64 + number - start);
        }
    }
}
