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
pub mod schema;
pub mod settings;
pub mod switches;

use storage::{MigrationSet, migration};

/// The program's own tables, oldest change first.
pub const MIGRATIONS: MigrationSet = MigrationSet {
    name: "chimera",
    migrations: &[migration!("0001", "reviews"), migration!("0002", "user_profiles")],
};

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_migration_of_the_folder_is_in_the_list() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let names =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let files: BTreeSet<String> = names.map(|name| name.split('.').next().unwrap().to_owned()).collect();
        let listed: BTreeSet<String> =
            MIGRATIONS.migrations.iter().map(|it| format!("{:04}_{}", it.version, it.name)).collect();
        assert_eq!(files, listed);
    }
}
