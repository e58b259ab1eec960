//! Plays interactive stories: world rules are Markdown, a language model interprets them turn by turn, and nothing is
//! ever lost.
//!
//! Reading order: [`config`] and [`app`] say what a running program consists of; [`play`] is what it does; [`routes`]
//! and [`pages`] are how it is reached; [`store`] is where everything ends up.

pub mod ids;
pub mod settings;

pub mod app;
pub mod cli;
pub mod config;

pub mod canon_dir;
pub mod commit;
pub mod play;
pub mod store;
pub mod tokens;

pub mod auth;
pub mod guard;
pub mod metric_names;
pub mod pages;
pub mod routes;
