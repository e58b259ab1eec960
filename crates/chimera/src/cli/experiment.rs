//! `chimera experiment`: does the comparison of two prompts stand, and what does it say?

use std::process::ExitCode;

use chimera_core::experiment::{AuditInput, AuditSettings, SplitFinding, audit};
use clap::{Args, Subcommand};
use serde_json::json;

use super::Invocation;
use crate::store::experiments::{self, CohortCount};

/// What to do with the experiment.
#[derive(Debug, Subcommand)]
pub(super) enum Experiment {
    /// Check the split between the cohorts and compare what players thought; exit code 3 unless the split holds
    Audit(Audit),
}

/// Flags of `chimera experiment audit`.
#[derive(Args, Debug)]
pub(super) struct Audit {
    /// Planned share of cohort A, instead of `experiment.weight_a`
    #[arg(long, value_name = "SHARE")]
    expected_a: Option<f64>,
    /// Accepted chance of a false alarm, instead of `experiment.alpha`
    #[arg(long)]
    alpha: Option<f64>,
    /// Which assignment, instead of `experiment.seed`
    #[arg(long)]
    seed: Option<String>,
}

impl Experiment {
    pub(super) async fn run(self, invocation: Invocation) -> anyhow::Result<ExitCode> {
        let Self::Audit(flags) = self;
        let config = &invocation.config().experiment;
        let settings = AuditSettings {
            expected_a: flags.expected_a.unwrap_or(config.weight_a),
            alpha: flags.alpha.unwrap_or(config.alpha),
            minimum_reviews: config.minimum_reviews,
            minimum_ratings: config.minimum_ratings,
        };
        let seed = flags.seed.as_deref().unwrap_or(&config.seed);
        let database = invocation.database().await?;
        let counts = experiments::counts(&database, seed).await?;
        let input = input(&counts, experiments::opinions(&database, seed).await?);
        database.close().await;
        let report = audit(&input, &settings)?;
        if invocation.json {
            let cohorts: Vec<_> = counts.iter().map(cohort_json).collect();
            invocation.print_json(&json!({ "seed": seed, "cohorts": cohorts, "audit": report }))?;
        } else {
            println!("seed {seed}");
            for it in &counts {
                println!("{} {}: {} review(s) for {} player(s)", it.cohort, it.variant, it.reviews, it.users);
            }
            print!("{}", report.to_text());
        }
        let is_sound = matches!(report.split, SplitFinding::Pass { .. });
        Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::from(3) })
    }
}

fn cohort_json(count: &CohortCount) -> serde_json::Value {
    json!({
        "cohort": count.cohort, "variant": count.variant, "reviews": count.reviews, "players": count.users,
    })
}

/// Reviews and ratings by cohort.
fn input(counts: &[CohortCount], opinions: Vec<(String, String)>) -> AuditInput {
    let mut input = AuditInput::default();
    for count in counts {
        let cohort = if count.cohort == "A" { &mut input.a } else { &mut input.b };
        cohort.reviews += u64::try_from(count.reviews).unwrap_or(0);
    }
    for (cohort, opinion) in opinions {
        let cohort = if cohort == "A" { &mut input.a } else { &mut input.b };
        cohort.ratings.extend(rating(&opinion));
    }
    input
}

/// A star goes beside a vote, so it counts for less than one.
fn rating(opinion: &str) -> Option<f64> {
    match opinion {
        "up" => Some(1.0),
        "down" => Some(-1.0),
        "star" => Some(0.5),
        _ => None,
    }
}
