//! Riot's API: one client that never goes over a limit.
//!
//! [`Client`] finds accounts, lists matches and fetches matches and timelines. It holds each application and method
//! limit before it sends, fetches a resource once however many ask for it, and says in [`RiotError`] whose fault a
//! failure is. It does not store anything and does not read what is in a match; both are for others.

pub mod routing;

mod client;
mod endpoint;
mod error;
mod limits;

pub use client::{Client, RiotAccount, RiotSettings};
pub use endpoint::Endpoint;
pub use error::RiotError;
pub use routing::{Platform, Region};
