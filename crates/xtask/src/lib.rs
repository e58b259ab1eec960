//! The project's chores: start everything (`up`), check everything (`test`), run the long storms (`soak`).
//!
//! This crate is compiled before anything else, so it stays light: no async runtime, no HTTP client, none of our
//! other crates. What it starts runs on a [`leash`], so that nothing outlives it, however it ends.

pub mod cli;
pub mod console;
pub mod signals;

pub mod cargo;
pub mod leash;
pub mod workspace;

pub mod soak;
pub mod test_run;
pub mod up;

pub mod deny_file;
pub mod dependency_tree;
pub mod duplicates;
pub mod licences;
pub mod moto;
pub mod servers;
pub mod summary;
pub mod tools;
pub mod unused;
