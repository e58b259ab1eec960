//! Narratives and their checks over the real matches: every template true and clean, every lie caught.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

#[path = "texts/mutants.rs"]
mod mutants;
#[path = "texts/paraphrases.rs"]
mod paraphrases;
#[path = "texts/sheets.rs"]
mod sheets;
#[path = "texts/snapshots.rs"]
mod snapshots;
#[path = "texts/templates.rs"]
mod templates;
