//! The program's tables: one module a noun, rows in, plain values out. Nothing else in the program writes SQL.
//!
//! Functions that belong to somebody's unit of work take its transaction; the others take the database.

pub mod accounts;
pub mod analyses;
pub mod deliveries;
pub mod experiments;
pub mod feedback;
pub mod matches;
pub mod profiles;
pub mod settings;
pub mod switches;

use storage::{MigrationSet, migration};

/// The program's own tables, oldest change first.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    name: "chimera",
    migrations: &[migration!("0001", "reviews"), migration!("0002", "user_profiles")],
};
