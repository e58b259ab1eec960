//! Whether a text keeps the publisher's rules: what no review may say, in Chinese and English.
//!
//! The text is brought to a few plain views first (see `plain`), so that spacing, full-width letters, invisible
//! characters, look-alike letters, Chinese numerals and letters written as digits do not hide a breach. The guard judges
//! a text without knowing the match: whether a statement is *true* is the business of [`crate::fact_check`].
//!
//! Decided cases: a **round win rate** of the player's own finished rounds is a fact of that game and passes, unless an
//! augment or item stands in the sentence. A score tier (`S`, `A`) passes as long as the sentence speaks of a score and
//! of no augment or item. Rarity (`gold augment`, `棱彩强化`) is no rank. A sentence that says the thing is *not* shown
//! passes as long as it holds no figure. Pick rates pass; what is won with a pick does not.

use std::ops::Range;

use serde::{Deserialize, Serialize};

mod pattern;
mod plain;
mod rules;

pub(crate) use plain::is_invisible;

/// What the publisher's policy forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A win rate, or any other figure of what is won with an augment or item.
    WinRate,
    /// A rank among augments or items.
    TierRank,
    /// What a game not yet played will bring.
    Prediction,
    /// A guess at skill that stands beside the official ranks.
    SkillEstimate,
    /// A negative label or blame on a person.
    NegativeLabel,
    /// Who a hidden player is.
    Unmasking,
}

impl Rule {
    /// Whether the rule protects a person: no sentence excuses itself from such a rule.
    fn is_about_people(self) -> bool {
        matches!(self, Rule::NegativeLabel | Rule::Unmasking)
    }
}

/// One place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The rule.
    pub rule: Rule,
    /// Where, in bytes of the text that was checked; always on character borders.
    pub span: Range<usize>,
}

/// Every breach in a text, in the order of the text; one entry per rule and place.
#[must_use]
pub fn check(text: &str) -> Vec<Breach> {
    let mut breaches: Vec<Breach> = Vec::new();
    for view in plain::views(text) {
        for sentence in view.sentences() {
            for (rule, hit) in rules::breaches(sentence.text) {
                let span = view.origin(sentence.start + hit.start..sentence.start + hit.end);
                let known = breaches.iter().any(|breach| {
                    breach.rule == rule && breach.span.start < span.end && span.start < breach.span.end
                });
                if !known {
                    breaches.push(Breach { rule, span });
                }
            }
        }
    }
    breaches.sort_by_key(|breach| (breach.span.start, breach.rule));
    breaches
}
