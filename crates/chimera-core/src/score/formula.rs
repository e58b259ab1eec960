//! A formula: its inputs, how they are found in a match, and the sum that is made of them.

use super::facts::Facts;
use super::{Dimension, DimensionScore, Input, PlayerScore, Term, Tier};

/// Below this, twelve decimals are kept: a number of fifteen digits survives JSON unchanged whatever the parser.
/// As the formulas use nothing but plain arithmetic, a score is the same on every machine.
const SMALL: f64 = 1e3;

/// Below this, six decimals are kept, and above it none.
const LARGE: f64 = 1e8;

/// Below this share of the weights there is no total: too little is known for an honest one.
const LEAST_WEIGHT: f64 = 0.5;

/// One formula. Its value is clamped to 0..=1 wherever it is used.
pub(crate) struct Formula {
    /// The stable name.
    pub name: &'static str,
    /// The names of the inputs.
    pub inputs: &'static [&'static str],
    /// The formula as a person reads it.
    pub text: &'static str,
    /// The sum; it is given as many numbers as there are inputs.
    pub value: fn(&[f64]) -> f64,
    /// The inputs of a player, by place in the list; `None` where one is not known.
    pub gather: fn(&Facts<'_>, usize) -> Option<Vec<f64>>,
}

/// A dimension as a weighted mean of formulas.
pub(crate) struct Recipe {
    /// What is measured.
    pub dimension: Dimension,
    /// Its share of the total.
    pub weight: f64,
    /// Formulas and their shares.
    pub terms: &'static [(&'static Formula, f64)],
}

/// Rounds to what survives JSON; what is not a number becomes 0.
pub(crate) fn tidy(value: f64) -> f64 {
    let size = value.abs();
    let rounded = if !value.is_finite() {
        0.0
    } else if size < SMALL {
        (value * 1e12).round() / 1e12
    } else if size < LARGE {
        (value * 1e6).round() / 1e6
    } else {
        value.round()
    };
    // Minus zero is written like zero by some and unlike it by others.
    rounded + 0.0
}

/// The value of a term from its inputs.
pub(crate) fn term_value(formula: &Formula, inputs: &[f64]) -> f64 {
    let value = (formula.value)(inputs);
    if value.is_finite() { tidy(value.clamp(0.0, 1.0)) } else { 0.0 }
}

/// The value of a dimension from its terms.
pub(crate) fn dimension_value(terms: &[Term]) -> f64 {
    let sum: f64 = terms.iter().map(|term| term.weight * term.value).sum();
    tidy((100.0 * sum).clamp(0.0, 100.0))
}

/// The total from the dimensions.
pub(crate) fn total_value(dimensions: &[DimensionScore]) -> f64 {
    let sum: f64 = dimensions.iter().map(|dimension| dimension.weight * dimension.value).sum();
    tidy(sum.clamp(0.0, 100.0))
}

/// Fills a player's score. Terms whose inputs are not known are left out and their weight goes to the others.
pub(crate) fn fill(score: &mut PlayerScore, recipes: &[Recipe], facts: &Facts<'_>, index: usize) {
    let mut weight = 0.0;
    for recipe in recipes {
        let terms = terms(recipe, facts, index);
        if terms.is_empty() {
            continue;
        }
        weight += recipe.weight;
        let value = dimension_value(&terms);
        score.dimensions.push(DimensionScore {
            dimension: recipe.dimension,
            weight: recipe.weight,
            value,
            terms,
        });
    }
    if weight < LEAST_WEIGHT {
        score.dimensions.clear();
        return;
    }
    for dimension in &mut score.dimensions {
        dimension.weight = tidy(dimension.weight / weight);
    }
    let total = total_value(&score.dimensions);
    score.total = Some(total);
    score.tier = Some(Tier::of(facts.mode, total));
}

fn terms(recipe: &Recipe, facts: &Facts<'_>, index: usize) -> Vec<Term> {
    let mut terms = Vec::with_capacity(recipe.terms.len());
    let mut known = 0.0;
    for &(formula, weight) in recipe.terms {
        let Some(inputs) = (formula.gather)(facts, index) else { continue };
        let inputs: Vec<f64> = inputs.into_iter().map(tidy).collect();
        let value = term_value(formula, &inputs);
        let named = formula.inputs.iter().zip(&inputs);
        let inputs = named.map(|(&name, &value)| Input { name: name.into(), value }).collect();
        known += weight;
        terms.push(Term { name: formula.name.into(), weight, value, inputs });
    }
    for term in &mut terms {
        term.weight = tidy(term.weight / known);
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: f64, expected: f64) {
        assert_eq!(tidy(value), expected);
    }

    #[test]
    fn what_is_kept_survives_json() {
        check(1.0 / 3.0, 0.333333333333);
        check(f64::NAN, 0.0);
        check(f64::NEG_INFINITY, 0.0);
        check(-1e-15, 0.0);
        assert!(tidy(-1e-15).is_sign_positive());
        for largest in [100.0, 999.0, 1e6, 99_999_999.0, 1e15] {
            for number in 0..20_000u32 {
                let value = tidy(f64::from(number) * largest / 19_999.0);
                let back: f64 = serde_json::from_str(&serde_json::to_string(&value).unwrap()).unwrap();
                assert_eq!(back.to_bits(), value.to_bits(), "{value}");
            }
        }
    }
}
