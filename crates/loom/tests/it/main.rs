//! The program through its own HTTP side: the real app on a random port, a temporary database, scripted model servers.
#![expect(unreachable_pub, reason = "a test binary has no outside")]
#![expect(clippy::print_stdout, reason = "storms and skipped tests say so")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod world;

mod auth;
mod bad_input;
mod browser;
mod canons;
mod config;
mod interventions;
mod kill;
mod options;
mod sessions;
mod turns;
