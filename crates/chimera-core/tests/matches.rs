//! Scores and reviews of real matches, of broken ones, and against the original's numbers.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

#[path = "matches/cutting.rs"]
mod cutting;
#[path = "matches/data.rs"]
mod data;
#[path = "matches/fights.rs"]
mod fights;
#[path = "matches/monotone.rs"]
mod monotone;
#[path = "matches/mutants.rs"]
mod mutants;
#[path = "matches/order.rs"]
mod order;
#[path = "matches/parity.rs"]
mod parity;
#[path = "matches/profiles.rs"]
mod profiles;
#[path = "matches/real.rs"]
mod real;
#[path = "matches/rules.rs"]
mod rules;
#[path = "matches/views.rs"]
mod views;
