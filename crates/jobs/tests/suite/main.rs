//! The behaviour all backends share, run unchanged on each: SQLite, PostgreSQL, and Redis over both.
#![expect(clippy::unwrap_used, reason = "a test that fails should stop where it fails")]

mod claims;
mod clocks;
mod keys;
mod operators;
mod stage;
