//! The program's tables, and the few statements it runs on databases of others: rows in, plain values out.

pub mod backups;
pub mod checkpoint;
pub mod foreign;
pub mod holder;
pub mod ledger_rows;
pub mod proved_sessions;
pub mod requests;
pub mod runs;
pub mod watched;

use storage::{MigrationSet, migration};

/// The program's own tables, oldest change first.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    name: "keeper",
    migrations: &[
        migration!("0001", "ledger"),
        migration!("0002", "proved_sessions"),
        migration!("0003", "backups"),
        migration!("0004", "checkpoint"),
    ],
};

/// Every set of the state file, in the order they are applied.
pub const MIGRATION_SETS: [&MigrationSet; 2] = [&storage::MIGRATIONS, &MIGRATIONS];
