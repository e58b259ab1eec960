//! Carries out a maintenance plan: runs what is due, writes down what became of it, and shows both.
//!
//! What is due, and what a row of the ledger means, is decided in `keeper-core`; this crate does what has effects.

pub mod app;
pub mod cli;
pub mod config;

pub mod scheduler;
pub mod web;

pub mod actions;
pub mod backup;
pub mod process;
pub mod progress;
pub mod report;
pub mod runner;

pub mod state;
pub mod store;

pub mod duty;
pub mod host;
pub mod metric_names;
pub mod plan_file;
pub mod secrets;
