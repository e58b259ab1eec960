//! What every program needs before its own work: configuration, clock, backoff, shutdown, logs, audit, metrics
//! and the HTTP shell.
//!
//! Nothing here knows what a program is for. The HTTP part (`http`, `problem`, `health` and the exporter half of
//! `metrics`) is behind the feature `http`, so that libraries do not compile a server to read a clock.

pub mod clock;
pub mod secret;

pub mod config;

pub mod backoff;
pub mod shutdown;

pub mod audit;
pub mod logs;
pub mod redact;

pub mod metrics;

#[cfg(feature = "http")]
pub mod health;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "http")]
pub mod problem;

pub use crate::{audit::AuditLog, backoff::Backoff, clock::Clock, secret::Secret, shutdown::Shutdown};

#[cfg(feature = "http")]
pub use crate::{health::Health, problem::Problem};
