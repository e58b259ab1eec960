//! One way in to language models: cache, budget, chaos, providers in order, then an honest degrade.
//!
//! A program builds one [`Gateway`] and calls [`Gateway::stream`] or [`Gateway::complete`]. The gateway answers
//! from the cache when it can, refuses before the call when a budget would be passed, tries the configured
//! providers in order (retry, circuit breaker, timeouts), and falls back to the caller's own offline text, always
//! marked with the reason. It never invents text: a failure is an error or a marked offline reply, never a story.
//!
//! It deliberately does not build prompts, store conversations or judge what a model wrote.

pub mod settings;

pub mod request;

pub mod gateway;

pub mod providers;

pub mod endpoint;

pub mod cache;

pub mod budget;

pub mod breaker;

pub mod degrade;

pub mod chaos;

pub mod prices;

pub mod ledger;

mod error;
mod observe;

pub use error::LlmError;
pub use gateway::{Gateway, ProviderStatus, Spending};
pub use ledger::{LedgerEntry, MIGRATIONS};
pub use request::{
    Attempt, Degraded, Endpoint, Finish, Message, OfflineText, Owner, Reply, Request, Role, StreamEvent,
    Usage,
};
pub use settings::{LlmSettings, ProviderKind, ProviderSettings};
