//! Carries out a maintenance plan: runs what is due, writes down what became of it, and shows both.
//!
//! What is due, and what a row of the ledger means, is decided in `keeper-core`; this crate does what has effects.

pub mod cli;
pub mod config;

pub mod duty;
pub mod plan_file;
