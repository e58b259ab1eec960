//! Every term, input and weight of a score, to be computed again by hand.

use std::fmt::Write;

use serde::Serialize;

use crate::match_record::{Match, ParticipantId};
use crate::mode::Mode;
use crate::report::ReviewError;
use crate::report::assemble::find;
use crate::score::formula::{dimension_value, term_value, total_value};
use crate::score::{self, Dimension, Input, Partial, PlayerScore, Term, Tier};
use crate::timeline::Timeline;

/// One player's score with the formulas written out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The match.
    pub match_id: String,
    /// The version of the formulas.
    pub version: String,
    /// Which yardsticks were used.
    pub mode: Mode,
    /// The player's number.
    pub participant_id: ParticipantId,
    /// Riot's key of the champion.
    pub champion_key: String,
    /// 0 to 100; `None` for a plain record.
    pub total: Option<f64>,
    /// The band of the total.
    pub tier: Option<Tier>,
    /// The dimensions.
    pub dimensions: Vec<ExplainedDimension>,
    /// What was missing.
    pub partial: Vec<Partial>,
}

/// One dimension.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainedDimension {
    /// Which one.
    pub dimension: Dimension,
    /// Its share of the total.
    pub weight: f64,
    /// 0 to 100.
    pub value: f64,
    /// Its terms.
    pub terms: Vec<ExplainedTerm>,
}

/// One term.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainedTerm {
    /// The stable name.
    pub name: String,
    /// The formula; its value is kept within 0 and 1.
    pub formula: &'static str,
    /// Its share of the dimension.
    pub weight: f64,
    /// 0 to 1.
    pub value: f64,
    /// The numbers it was made from.
    pub inputs: Vec<Input>,
}

/// Where a stored score differs from its own inputs.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Difference {
    /// The score was made by another version.
    #[error("this version has no formula {name} with {inputs} inputs")]
    UnknownFormula {
        /// The name in the stored score.
        name: String,
        /// How many inputs are stored.
        inputs: usize,
    },
    /// A number is not what its parts give.
    #[error("{what} is stored as {stored} and redone as {redone}")]
    Value {
        /// The term, the dimension, or `total`.
        what: String,
        /// The stored number.
        stored: f64,
        /// The number from the parts.
        redone: f64,
    },
}

/// Explains one player's score. Its numbers are those of [`score::score`], bit for bit.
pub fn explain(
    found: &Match,
    timeline: Option<&Timeline<'_>>,
    puuid: &str,
) -> Result<Explanation, ReviewError> {
    let index = find(found, puuid)?;
    let scores = score::score(found, timeline);
    let own = &scores.players[index];
    let dimension = |score: &score::DimensionScore| ExplainedDimension {
        dimension: score.dimension,
        weight: score.weight,
        value: score.value,
        terms: score.terms.iter().map(explained).collect(),
    };
    Ok(Explanation {
        match_id: found.id().to_owned(),
        version: scores.version.to_string(),
        mode: scores.mode,
        participant_id: own.participant_id,
        champion_key: found.info.participants[index].champion_name.to_string(),
        total: own.total,
        tier: own.tier,
        dimensions: own.dimensions.iter().map(dimension).collect(),
        partial: scores.partial.clone(),
    })
}

fn explained(term: &Term) -> ExplainedTerm {
    ExplainedTerm {
        name: term.name.to_string(),
        formula: score::formula_named(&term.name).map_or("", |formula| formula.text),
        weight: term.weight,
        value: term.value,
        inputs: term.inputs.clone(),
    }
}

/// Computes a stored score again from its own inputs and compares bit for bit.
pub fn redo(stored: &PlayerScore) -> Result<(), Difference> {
    for dimension in &stored.dimensions {
        for term in &dimension.terms {
            redo_term(term)?;
        }
        compare(dimension.dimension.as_str(), dimension.value, dimension_value(&dimension.terms))?;
    }
    match stored.total {
        Some(total) => compare("total", total, total_value(&stored.dimensions)),
        None => Ok(()),
    }
}

fn redo_term(term: &Term) -> Result<(), Difference> {
    let inputs: Vec<f64> = term.inputs.iter().map(|input| input.value).collect();
    let unknown = || Difference::UnknownFormula { name: term.name.to_string(), inputs: inputs.len() };
    let formula = score::formula_named(&term.name).filter(|formula| formula.inputs.len() == inputs.len());
    let formula = formula.ok_or_else(unknown)?;
    compare(&term.name, term.value, term_value(formula, &inputs))
}

fn compare(what: &str, stored: f64, redone: f64) -> Result<(), Difference> {
    if stored.to_bits() == redone.to_bits() {
        return Ok(());
    }
    Err(Difference::Value { what: what.to_owned(), stored, redone })
}

impl Explanation {
    /// As plain text, one line a term. Numbers are printed in full, so that a sum made from them is exact.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let total = self.total.map_or("no score".to_owned(), |total| total.to_string());
        let tier = self.tier.map_or("-", Tier::as_str);
        _ = writeln!(
            text,
            "{} {} player {} ({})",
            self.version, self.match_id, self.participant_id, self.champion_key
        );
        _ = writeln!(text, "total {total}  tier {tier}  = sum of weight * value over the dimensions");
        for dimension in &self.dimensions {
            let name = dimension.dimension.as_str();
            _ = writeln!(text, "\n{name}  weight {}  value {}", dimension.weight, dimension.value);
            for term in &dimension.terms {
                _ = writeln!(text, "  {}  weight {}  value {}", term.name, term.weight, term.value);
                let inputs: Vec<String> =
                    term.inputs.iter().map(|input| format!("{} = {}", input.name, input.value)).collect();
                _ = writeln!(text, "    {}\n    {}", term.formula, inputs.join(", "));
            }
        }
        if !self.partial.is_empty() {
            _ = writeln!(text);
        }
        for mark in &self.partial {
            _ = writeln!(text, "incomplete: {mark}");
        }
        text
    }
}
