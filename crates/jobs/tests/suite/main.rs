//! The behaviour all backends share, run unchanged on each: SQLite, PostgreSQL, and Redis over both.
#![expect(clippy::unwrap_used, reason = "a test that fails should stop where it fails")]
#![expect(clippy::print_stdout, reason = "a storm says what it saw")]

mod claims;
mod clocks;
mod keys;
mod operators;
mod redis_weather;
mod stage;
mod storm;
mod workers;
