//! Cohorts of an experiment and their audit.
//!
//! A person's cohort is a stable function of who they are and of the experiment's seed. The audit says whether the split
//! is as planned (a chi-square test) and whether the ratings differ (Welch's interval); with too little data it says so
//! and never "pass".

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

mod distribution;

/// One of the two prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cohort {
    /// The baseline.
    A,
    /// The variant.
    B,
}

impl Cohort {
    /// `A` or `B`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Cohort::A => "A",
            Cohort::B => "B",
        }
    }
}

impl fmt::Display for Cohort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The cohort of a person: the first 32 bits of `sha256("{user_id}:{seed}")` as a share of their largest value; below
/// `weight_a` is A.
#[must_use]
pub fn assign(user_id: &str, seed: &str, weight_a: f64) -> Cohort {
    let digest = Sha256::digest(format!("{user_id}:{seed}"));
    let bits = digest.iter().take(4).fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte));
    if f64::from(bits) / f64::from(u32::MAX) < weight_a { Cohort::A } else { Cohort::B }
}

/// How an audit is judged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AuditSettings {
    /// The planned share of A, above 0 and below 1.
    pub expected_a: f64,
    /// The risk of a false alarm, above 0 and below 1.
    pub alpha: f64,
    /// Below this many reviews in all nothing is said about the split.
    pub minimum_reviews: u64,
    /// Below this many ratings in either cohort nothing is said about them.
    pub minimum_ratings: u64,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self { expected_a: 0.5, alpha: 0.05, minimum_reviews: 100, minimum_ratings: 30 }
    }
}

/// What one cohort brought.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CohortData {
    /// Reviews written for it.
    pub reviews: u64,
    /// One number a rating, for example 1 for helpful and −1 for not.
    pub ratings: Vec<f64>,
}

/// What an audit looks at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AuditInput {
    /// The baseline.
    pub a: CohortData,
    /// The variant.
    pub b: CohortData,
}

/// Settings or data that no audit can be made of.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The planned share is no share.
    #[error("the expected share of A is {0}, it must be above 0 and below 1")]
    Share(f64),
    /// The risk is no probability.
    #[error("alpha is {0}, it must be above 0 and below 1")]
    Alpha(f64),
    /// A rating is not a number.
    #[error("a rating of cohort {0} is not a finite number")]
    Rating(Cohort),
}

/// What an audit says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditReport {
    /// How it was judged.
    pub settings: AuditSettings,
    /// Reviews of A and B.
    pub reviews: [u64; 2],
    /// Ratings of A and B.
    pub ratings: [u64; 2],
    /// Whether the split is the planned one.
    pub split: SplitFinding,
    /// Whether the ratings differ.
    pub satisfaction: SatisfactionFinding,
}

/// Whether the split is the planned one (sample ratio mismatch).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum SplitFinding {
    /// Too few reviews for a judgement.
    InsufficientData {
        /// How many there are.
        reviews: u64,
        /// How many are needed: the set minimum, or so many that the rarer cohort should have five.
        needed: u64,
    },
    /// No sign of a wrong split.
    Pass {
        /// The statistic, one degree of freedom.
        chi_square: f64,
        /// The chance of a split at least this uneven.
        p_value: f64,
    },
    /// The split is not the planned one: no other number of the experiment can be trusted.
    Mismatch {
        /// The statistic, one degree of freedom.
        chi_square: f64,
        /// The chance of a split at least this uneven.
        p_value: f64,
    },
}

/// Whether the ratings differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum SatisfactionFinding {
    /// Too few ratings for a judgement.
    InsufficientData {
        /// The smaller cohort.
        ratings: u64,
        /// How many each needs.
        needed: u64,
    },
    /// The interval holds 0.
    NoDifference(Difference),
    /// B is rated higher.
    BHigher(Difference),
    /// A is rated higher.
    AHigher(Difference),
}

/// The difference of two means, B minus A, with Welch's interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Mean of A.
    pub mean_a: f64,
    /// Mean of B.
    pub mean_b: f64,
    /// Mean of B minus mean of A.
    pub difference: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// The confidence of the interval, 1 − alpha.
    pub confidence: f64,
    /// Degrees of freedom after Welch and Satterthwaite; 0 where no rating differs from another.
    pub degrees_of_freedom: f64,
}

/// Audits an experiment.
pub fn audit(input: &AuditInput, settings: &AuditSettings) -> Result<AuditReport, AuditError> {
    let is_share = |share: f64| share > 0.0 && share < 1.0;
    if !is_share(settings.expected_a) {
        return Err(AuditError::Share(settings.expected_a));
    }
    if !is_share(settings.alpha) {
        return Err(AuditError::Alpha(settings.alpha));
    }
    for (cohort, data) in [(Cohort::A, &input.a), (Cohort::B, &input.b)] {
        if data.ratings.iter().any(|rating| !rating.is_finite()) {
            return Err(AuditError::Rating(cohort));
        }
    }
    Ok(AuditReport {
        settings: *settings,
        reviews: [input.a.reviews, input.b.reviews],
        ratings: [input.a.ratings.len() as u64, input.b.ratings.len() as u64],
        split: split(input.a.reviews, input.b.reviews, settings),
        satisfaction: satisfaction(&input.a.ratings, &input.b.ratings, settings),
    })
}

fn split(a: u64, b: u64, settings: &AuditSettings) -> SplitFinding {
    let total = a.saturating_add(b);
    let rarer = settings.expected_a.min(1.0 - settings.expected_a);
    let needed = settings.minimum_reviews.max((5.0 / rarer).ceil() as u64).max(1);
    if total < needed {
        return SplitFinding::InsufficientData { reviews: total, needed };
    }
    let expected_a = total as f64 * settings.expected_a;
    let expected_b = total as f64 - expected_a;
    let chi_square =
        (a as f64 - expected_a).powi(2) / expected_a + (b as f64 - expected_b).powi(2) / expected_b;
    let p_value = distribution::chi_square_tail(chi_square);
    if p_value > settings.alpha {
        SplitFinding::Pass { chi_square, p_value }
    } else {
        SplitFinding::Mismatch { chi_square, p_value }
    }
}

fn satisfaction(a: &[f64], b: &[f64], settings: &AuditSettings) -> SatisfactionFinding {
    let ratings = a.len().min(b.len()) as u64;
    let needed = settings.minimum_ratings.max(2);
    if ratings < needed {
        return SatisfactionFinding::InsufficientData { ratings, needed };
    }
    let found = welch(a, b, settings.alpha);
    if found.low > 0.0 {
        SatisfactionFinding::BHigher(found)
    } else if found.high < 0.0 {
        SatisfactionFinding::AHigher(found)
    } else {
        SatisfactionFinding::NoDifference(found)
    }
}

/// Welch's interval: B. L. Welch, "The generalization of Student's problem when several different population variances are
/// involved", Biometrika 34 (1947).
fn welch(a: &[f64], b: &[f64], alpha: f64) -> Difference {
    let (mean_a, error_a) = mean_and_squared_error(a);
    let (mean_b, error_b) = mean_and_squared_error(b);
    let squared = error_a + error_b;
    let degrees = squared.powi(2)
        / (error_a.powi(2) / (a.len() as f64 - 1.0) + error_b.powi(2) / (b.len() as f64 - 1.0));
    let degrees_of_freedom = if degrees.is_finite() { degrees } else { 0.0 };
    let reach = if degrees_of_freedom > 0.0 {
        distribution::t_quantile(1.0 - alpha / 2.0, degrees_of_freedom) * squared.sqrt()
    } else {
        0.0
    };
    let difference = mean_b - mean_a;
    let (low, high) = (difference - reach, difference + reach);
    Difference { mean_a, mean_b, difference, low, high, confidence: 1.0 - alpha, degrees_of_freedom }
}

/// The mean and the squared standard error of the mean.
fn mean_and_squared_error(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let spread = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, spread / count)
}

impl AuditReport {
    /// The report for a person, in English.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let [a, b] = self.reviews;
        let _ =
            writeln!(text, "reviews:      A {a}, B {b} (planned share of A {})", self.settings.expected_a);
        let _ = writeln!(text, "ratings:      A {}, B {}", self.ratings[0], self.ratings[1]);
        let _ = match &self.split {
            SplitFinding::InsufficientData { reviews, needed } => {
                writeln!(text, "split:        insufficient data ({reviews} reviews, {needed} needed)")
            }
            SplitFinding::Pass { chi_square, p_value } => {
                writeln!(text, "split:        pass (chi-square {chi_square:.4}, p {p_value:.4})")
            }
            SplitFinding::Mismatch { chi_square, p_value } => {
                writeln!(
                    text,
                    "split:        MISMATCH (chi-square {chi_square:.4}, p {p_value:.4}); trust no figure below"
                )
            }
        };
        let (verdict, found) = match &self.satisfaction {
            SatisfactionFinding::InsufficientData { ratings, needed } => {
                let _ = writeln!(
                    text,
                    "satisfaction: insufficient data ({ratings} ratings in the smaller cohort, {needed} needed)"
                );
                return text;
            }
            SatisfactionFinding::NoDifference(found) => ("no difference shown", found),
            SatisfactionFinding::BHigher(found) => ("B is rated higher", found),
            SatisfactionFinding::AHigher(found) => ("A is rated higher", found),
        };
        let percent = found.confidence * 100.0;
        let _ = writeln!(
            text,
            "satisfaction: {verdict}: B - A = {:.4}, {percent:.1} % interval {:.4} to {:.4}",
            found.difference, found.low, found.high
        );
        text
    }
}

#[cfg(test)]
mod tests;
