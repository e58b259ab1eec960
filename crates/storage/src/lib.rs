//! SQLite and PostgreSQL behind one SQL text: open by URL, units of work, reversible migrations, snapshots.
//!
//! Statements are written once, with `$1` placeholders and four column types (TEXT, BIGINT, DOUBLE PRECISION,
//! BYTEA). The native drivers run them; `docs/storage-road.md` has the figures and the reasons for that. On SQLite
//! there is exactly one writing connection and several reading ones; on PostgreSQL one pool.
//!
//! This crate does not build SQL, map rows to structs or hide which database is behind it: the few statements
//! that must differ branch on [`Database::backend`].

mod connection;
mod database;
mod error;
pub mod migrate;
mod observe;
mod row;
mod settings;
mod snapshot;
mod source;
mod statement;
mod transaction;
mod value;

pub use database::Database;
pub use error::StorageError;
pub use migrate::{Migration, MigrationSet};
pub use observe::names as metric_names;
pub use row::Row;
pub use settings::{Backend, DatabaseSettings, redacted_url};
pub use transaction::{Savepoint, Transaction};
pub use value::{Cell, FromColumn, Value};

/// The tables of this crate itself (`slow_queries`); every program applies this set before its own.
pub const MIGRATIONS: MigrationSet =
    MigrationSet { name: "storage", migrations: &[migration!("0001", "slow_queries")] };
