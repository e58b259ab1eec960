//! The program as its users meet it: real files, real processes, real databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

mod actions;
mod check;
mod cleanup;
mod home;
mod page;
mod scheduler;
mod standings;
mod state;
mod storm;
