//! Migrations as a program declares them, and the checks on the declaration.

use sha2::{Digest, Sha256};

use crate::error::StorageError;
use crate::settings::Backend;

/// One reversible change. The text for a backend is the shared one followed by its own; `""` means none.
/// Usually made with [`migration!`](crate::migration).
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// 1 for the first of its set, and so on without gaps.
    pub version: i64,
    /// What it is about, as in its file name.
    pub name: &'static str,
    /// Forward, both backends.
    pub up: &'static str,
    /// Backward, both backends; runs after the backend's own part, as the mirror of `up`.
    pub down: &'static str,
    /// Forward, SQLite only.
    pub sqlite_up: &'static str,
    /// Backward, SQLite only.
    pub sqlite_down: &'static str,
    /// Forward, PostgreSQL only.
    pub postgres_up: &'static str,
    /// Backward, PostgreSQL only.
    pub postgres_down: &'static str,
}

/// The migrations of one program or crate.
#[derive(Clone, Copy, Debug)]
pub struct MigrationSet {
    /// Key of the set in the history: never rename it.
    pub name: &'static str,
    /// Oldest first.
    pub migrations: &'static [Migration],
}

/// One migration from the files `migrations/NNNN_name.{up,down}.sql` of the calling crate. Files for one backend are
/// named by it, `migrations/NNNN_name.sqlite.{up,down}.sql`, and have to be announced:
///
/// ```ignore
/// const MIGRATIONS: MigrationSet = MigrationSet {
///     name: "loom",
///     migrations: &[migration!("0001", "init"), migration!("0002", "search", sqlite, postgres)],
/// };
/// ```
#[macro_export]
macro_rules! migration {
    (@file $number:literal, $name:literal, $ending:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $number, "_", $name, $ending))
    };
    ($number:literal, $name:literal) => {
        $crate::Migration {
            version: $crate::migrate::version_of($number),
            name: $name,
            up: $crate::migration!(@file $number, $name, ".up.sql"),
            down: $crate::migration!(@file $number, $name, ".down.sql"),
            sqlite_up: "",
            sqlite_down: "",
            postgres_up: "",
            postgres_down: "",
        }
    };
    ($number:literal, $name:literal, sqlite) => {
        $crate::Migration {
            sqlite_up: $crate::migration!(@file $number, $name, ".sqlite.up.sql"),
            sqlite_down: $crate::migration!(@file $number, $name, ".sqlite.down.sql"),
            ..$crate::migration!($number, $name)
        }
    };
    ($number:literal, $name:literal, postgres) => {
        $crate::Migration {
            postgres_up: $crate::migration!(@file $number, $name, ".postgres.up.sql"),
            postgres_down: $crate::migration!(@file $number, $name, ".postgres.down.sql"),
            ..$crate::migration!($number, $name)
        }
    };
    ($number:literal, $name:literal, sqlite, postgres) => {
        $crate::Migration {
            postgres_up: $crate::migration!(@file $number, $name, ".postgres.up.sql"),
            postgres_down: $crate::migration!(@file $number, $name, ".postgres.down.sql"),
            ..$crate::migration!($number, $name, sqlite)
        }
    };
}

/// The number in a file name, `"0012"` to 12, while compiling. A text that is not a number gives -1, which
/// [`up`](crate::migrate::up) refuses.
pub const fn version_of(number: &str) -> i64 {
    let digits = number.as_bytes();
    let mut version: i64 = 0;
    let mut position = 0;
    while position < digits.len() {
        if !digits[position].is_ascii_digit() || position > 17 {
            return -1;
        }
        version = version * 10 + (digits[position] - b'0') as i64;
        position += 1;
    }
    if digits.is_empty() { -1 } else { version }
}

impl Migration {
    pub(crate) fn up_text(&self, backend: Backend) -> String {
        let own = match backend {
            Backend::Sqlite => self.sqlite_up,
            Backend::Postgres => self.postgres_up,
        };
        format!("{}\n{own}", self.up)
    }

    pub(crate) fn down_text(&self, backend: Backend) -> String {
        let own = match backend {
            Backend::Sqlite => self.sqlite_down,
            Backend::Postgres => self.postgres_down,
        };
        format!("{own}\n{}", self.down)
    }

    /// Of the forward text for this backend, so that a part for one backend can be added without upsetting the other.
    /// Line endings do not count: a checkout may change them.
    pub(crate) fn checksum(&self, backend: Backend) -> String {
        hex::encode(Sha256::digest(self.up_text(backend).replace("\r\n", "\n").trim()))
    }
}

/// Versions run 1, 2, 3, … in each set, and no set is given twice.
pub(crate) fn check_all(sets: &[&MigrationSet]) -> Result<(), StorageError> {
    for (index, set) in sets.iter().enumerate() {
        let wrong = |reason: String| StorageError::MigrationList { set: set.name.to_owned(), reason };
        if sets[..index].iter().any(|other| other.name == set.name) {
            return Err(wrong("the set is given twice".to_owned()));
        }
        for (expected, migration) in (1..).zip(set.migrations) {
            if migration.version != expected {
                let Migration { version, name, .. } = migration;
                return Err(wrong(format!("{name} has version {version} where {expected} is next")));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Migration = Migration {
        version: 1,
        name: "plain",
        up: "CREATE TABLE a (b TEXT);",
        down: "DROP TABLE a;",
        sqlite_up: "",
        sqlite_down: "",
        postgres_up: "CREATE INDEX c ON a (b);",
        postgres_down: "DROP INDEX c;",
    };

    #[test]
    fn numbers() {
        let check = |number: &str, expected: i64| assert_eq!(version_of(number), expected, "{number}");
        check("0001", 1);
        check("0120", 120);
        check("", -1);
        check("1a", -1);
        check("99999999999999999999", -1);
    }

    #[test]
    fn texts_mirror_each_other() {
        assert_eq!(PLAIN.up_text(Backend::Postgres), "CREATE TABLE a (b TEXT);\nCREATE INDEX c ON a (b);");
        assert_eq!(PLAIN.down_text(Backend::Postgres), "DROP INDEX c;\nDROP TABLE a;");
    }

    #[test]
    fn the_checksum_follows_the_text_of_its_backend_only() {
        let windows = Migration { up: "CREATE TABLE a (b TEXT);\r\n", ..PLAIN };
        let edited = Migration { up: "CREATE TABLE a (b BIGINT);", ..PLAIN };
        let indexed = Migration { postgres_up: "", ..PLAIN };
        let sum = |migration: &Migration| migration.checksum(Backend::Sqlite);
        assert_eq!(sum(&windows), sum(&PLAIN));
        assert_eq!(sum(&indexed), sum(&PLAIN));
        assert_ne!(sum(&edited), sum(&PLAIN));
        assert_ne!(indexed.checksum(Backend::Postgres), PLAIN.checksum(Backend::Postgres));
    }

    #[test]
    fn lists_are_checked() {
        const GAP: MigrationSet =
            MigrationSet { name: "gap", migrations: &[PLAIN, Migration { version: 3, ..PLAIN }] };
        const GOOD: MigrationSet = MigrationSet { name: "good", migrations: &[PLAIN] };
        let check = |sets: &[&MigrationSet], expected: &str| {
            let found = check_all(sets).map_or_else(|error| error.to_string(), |()| "fine".to_owned());
            assert_eq!(found, expected);
        };
        check(&[&GOOD], "fine");
        check(&[&GOOD, &GAP], "the migrations of gap are wrong: plain has version 3 where 2 is next");
        check(&[&GOOD, &GOOD], "the migrations of good are wrong: the set is given twice");
    }
}
