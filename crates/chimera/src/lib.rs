//! Reviews League of Legends matches on Discord: acknowledges within three seconds, fetches, scores, narrates,
//! and edits the one message. The judgement is in `chimera-core`; this crate does what has effects.

pub mod app;
pub mod cli;
pub mod config;

pub mod discord;
pub mod riot;
pub mod routes;
pub mod store;

pub mod narrative;
pub mod static_data;
pub mod worker;

pub mod metric_names;
