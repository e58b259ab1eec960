//! Discord against the fake one: the real app behind its endpoint and its gateway, the client under bad weather.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

#[path = "discord/stage.rs"]
mod stage;

#[path = "discord/client.rs"]
mod client;
#[path = "discord/commands.rs"]
mod commands;
#[path = "discord/endpoint.rs"]
mod endpoint;
#[path = "discord/figures.rs"]
mod figures;
#[path = "discord/gateway.rs"]
mod gateway;
#[path = "discord/hanging.rs"]
mod hanging;
