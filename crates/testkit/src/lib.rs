//! What the tests of this workspace share: temporary databases, scripted servers of models, Riot and Discord, object
//! stores, a browser, child programs and small full disks. It imports none of our crates, so that every crate may
//! use it.
//!
//! Everything here is a real thing on this machine (a PostgreSQL server, an HTTP server, Chromium), never a
//! mock trait. Each one is its own and cleans up when dropped; no process outlives the test process even when that
//! is killed. A tool that is not installed fails the test loudly, unless the environment variable
//! `TESTKIT_ALLOW_MISSING` names it (see [`tools`]).

pub mod browser;
pub mod discord_signing;
pub mod disk;
pub mod fake_discord;
pub mod fake_llm;
pub mod fake_riot;
pub mod fake_store;
pub mod leash;
mod loopback;
pub mod process;
pub mod s3_server;
pub mod temp_db;
pub mod temp_redis;
pub mod tools;

pub use browser::{Browser, BrowserOptions};
pub use discord_signing::DiscordKey;
pub use disk::SmallDisk;
pub use fake_discord::{DiscordRoute, DiscordRules, DiscordStep, FakeDiscord};
pub use fake_llm::{FakeLlm, Script, UsageShape};
pub use fake_riot::{FakeRiot, RiotEndpoint, RiotRules, RiotStep};
pub use fake_store::{FakeStore, StoreAsk, StoreFault, StoreRule};
pub use process::{Program, Ready, Spawned, free_port};
pub use s3_server::{LocalS3, Moto, S3Access};
pub use temp_db::TempDb;
pub use temp_redis::TempRedis;
