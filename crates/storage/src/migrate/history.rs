//! The table `schema_history`: what was applied, and whether it fits the program.

use crate::error::StorageError;
use crate::migrate::set::MigrationSet;
use crate::params;
use crate::settings::Backend;
use crate::transaction::Transaction;

/// One row of the history.
pub(crate) struct Recorded {
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) checksum: String,
    pub(crate) applied_at: String,
}

/// Any number will do, as long as every program of this workspace takes the same: "schema" in ASCII.
const ADVISORY_LOCK: i64 = 0x0073_6368_656d_6100;

/// Held until the unit of work ends.
pub(crate) async fn lock(transaction: &mut Transaction) -> Result<(), StorageError> {
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &params![ADVISORY_LOCK]).await.map(drop)
}

pub(crate) async fn create(transaction: &mut Transaction) -> Result<(), StorageError> {
    let sql = "CREATE TABLE IF NOT EXISTS schema_history (set_name TEXT NOT NULL, version BIGINT NOT NULL, \
               name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TEXT NOT NULL, PRIMARY KEY (set_name, version))";
    transaction.execute(sql, &[]).await.map(drop)
}

pub(crate) async fn exists(transaction: &mut Transaction, backend: Backend) -> Result<bool, StorageError> {
    let sql = match backend {
        Backend::Sqlite => "SELECT count(*) AS tables FROM sqlite_schema WHERE name = 'schema_history'",
        Backend::Postgres => {
            "SELECT count(*) AS tables FROM pg_class WHERE oid = to_regclass('schema_history')"
        }
    };
    transaction.fetch_one(sql, &[]).await?.get("tables")
}

/// Oldest first.
pub(crate) async fn read(
    transaction: &mut Transaction,
    set: &MigrationSet,
) -> Result<Vec<Recorded>, StorageError> {
    let sql =
        "SELECT version, name, checksum, applied_at FROM schema_history WHERE set_name = $1 ORDER BY version";
    let rows = transaction.fetch_all(sql, &params![set.name]).await?;
    let recorded = rows.iter().map(|row| {
        Ok(Recorded {
            version: row.get("version")?,
            name: row.get("name")?,
            checksum: row.get("checksum")?,
            applied_at: row.get("applied_at")?,
        })
    });
    recorded.collect()
}

pub(crate) async fn add(
    transaction: &mut Transaction,
    set: &MigrationSet,
    row: &Recorded,
) -> Result<(), StorageError> {
    let sql = "INSERT INTO schema_history (set_name, version, name, checksum, applied_at) VALUES ($1, $2, $3, $4, $5)";
    let Recorded { version, name, checksum, applied_at } = row;
    transaction.execute(sql, &params![set.name, *version, name, checksum, applied_at]).await.map(drop)
}

pub(crate) async fn remove(
    transaction: &mut Transaction,
    set: &MigrationSet,
    version: i64,
) -> Result<(), StorageError> {
    let sql = "DELETE FROM schema_history WHERE set_name = $1 AND version = $2";
    transaction.execute(sql, &params![set.name, version]).await.map(drop)
}

/// The history must be the beginning of the set, unchanged.
pub(crate) fn check(set: &MigrationSet, recorded: &[Recorded], backend: Backend) -> Result<(), StorageError> {
    let wrong = |version: i64, problem: &'static str| StorageError::MigrationHistory {
        set: set.name.to_owned(),
        version,
        problem,
    };
    for (expected, row) in (1..).zip(recorded) {
        if row.version != expected {
            return Err(wrong(expected, "is missing from its history: restore the rows of schema_history"));
        }
        let Some(migration) = set.migrations.get(expected as usize - 1) else {
            return Err(wrong(
                row.version,
                "is not known here: start the newer program, or take it back with that",
            ));
        };
        if row.checksum != migration.checksum(backend) {
            return Err(wrong(
                row.version,
                "was edited after it was applied: undo the edit, add a new migration",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::set::Migration;

    const FIRST: Migration = Migration {
        version: 1,
        name: "first",
        up: "CREATE TABLE a (b TEXT)",
        down: "DROP TABLE a",
        sqlite_up: "",
        sqlite_down: "",
        postgres_up: "",
        postgres_down: "",
    };
    const SET: MigrationSet = MigrationSet {
        name: "loom",
        migrations: &[FIRST, Migration { version: 2, name: "second", ..FIRST }],
    };

    fn recorded(version: i64, checksum: &str) -> Recorded {
        let checksum =
            if checksum.is_empty() { FIRST.checksum(Backend::Sqlite) } else { checksum.to_owned() };
        Recorded { version, name: "x".to_owned(), checksum, applied_at: String::new() }
    }

    #[test]
    fn a_history_that_does_not_fit_is_refused() {
        let check = |rows: &[(i64, &str)], expected: &str| {
            let rows: Vec<Recorded> = rows.iter().map(|(version, sum)| recorded(*version, sum)).collect();
            let found = check(&SET, &rows, Backend::Sqlite);
            assert_eq!(found.map_or_else(|error| error.to_string(), |()| "fine".to_owned()), expected);
        };
        check(&[], "fine");
        check(&[(1, "")], "fine");
        check(&[(1, ""), (2, "")], "fine");
        check(
            &[(2, "")],
            "the database does not fit this program: migration 1 of loom is missing from its history: \
             restore the rows of schema_history",
        );
        check(
            &[(1, ""), (2, ""), (3, "")],
            "the database does not fit this program: migration 3 of loom is not known here: \
             start the newer program, or take it back with that",
        );
        check(
            &[(1, "abc")],
            "the database does not fit this program: migration 1 of loom was edited after it was applied: \
             undo the edit, add a new migration",
        );
    }
}
