//! The program as its users meet it: real files, real processes, real databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

mod actions;
mod backup;
mod backup_postgres;
mod backup_storm;
mod backup_weather;
mod certificates;
mod check;
mod cleanup;
mod command_backup;
mod days;
mod files_contract;
mod git_store;
mod home;
mod page;
mod postgres_backup;
mod repository;
mod s3;
mod s3_repository;
mod s3_storms;
mod s3_weather;
mod scheduler;
mod shop;
mod sqlite_backup;
mod standings;
mod state;
mod storm;
