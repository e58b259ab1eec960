//! From an interaction to the edited message: the real app with its worker, against fakes of Discord, Riot and a model.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

#[path = "pipeline/bad_weather.rs"]
mod bad_weather;
#[path = "pipeline/delivered.rs"]
mod delivered;
#[path = "pipeline/killed.rs"]
mod killed;
#[path = "pipeline/models.rs"]
mod models;
#[path = "pipeline/readers.rs"]
mod readers;
#[path = "pipeline/world.rs"]
mod world;
