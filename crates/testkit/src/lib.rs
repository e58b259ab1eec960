//! What the tests of this workspace share: temporary databases, scripted model servers, a browser, child
//! programs and small full disks. It imports none of our crates, so that every crate may use it.
//!
//! Everything here is a real thing on this machine (a PostgreSQL server, an HTTP server, Chromium), never a
//! mock trait. Each one is its own, cleans up when dropped, and cannot outlive the test process even when that
//! is killed. A tool that is not installed fails the test loudly, unless the environment variable
//! `TESTKIT_ALLOW_MISSING` names it (see [`tools`]).

pub mod fake_llm;
pub mod leash;
pub mod temp_db;
pub mod tools;

pub use fake_llm::{FakeLlm, Script, UsageShape};
pub use temp_db::TempDb;
