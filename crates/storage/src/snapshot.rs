//! Consistent copies of the database, and checks that it is sound.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sqlx::Connection;

use crate::connection::Role;
use crate::database::Database;
use crate::error::StorageError;
use crate::error::classify::classify;
use crate::settings::Backend;
use crate::source::{Source, SqliteSource, sqlite};

impl Database {
    /// Writes a compact, consistent copy of a SQLite database to `target` (mode 0600) while others read and write.
    /// The copy appears under its name only when it is complete and on disk. Costs the size of the database in
    /// space and reading. Fails when `target` exists; PostgreSQL has `pg_dump`.
    pub async fn snapshot_to(&self, target: &Path) -> Result<(), StorageError> {
        let Source::Sqlite(source) = self.source() else {
            let what = "a snapshot into a file (use pg_dump)".to_owned();
            return Err(StorageError::Unsupported { what, backend: Backend::Postgres });
        };
        if target.exists() {
            return Err(failed("write a snapshot to", target)(std::io::ErrorKind::AlreadyExists.into()));
        }
        let partial = beside(target, ".partial");
        let written = write_copy(source, &partial).await;
        let finished = written.and_then(|()| put_in_place(&partial, target));
        if finished.is_err() {
            fs::remove_file(&partial).ok();
        }
        finished
    }

    /// What is wrong with the database; empty when it is sound. SQLite: `integrity_check` and `foreign_key_check`,
    /// which read the whole file. PostgreSQL offers less from the outside: invalid indexes, constraints that were never
    /// validated and pages that failed their checksum; `pg_amcheck` looks deeper.
    pub async fn integrity_check(&self) -> Result<Vec<String>, StorageError> {
        let mut lease = self.quiet_lease(Role::Reader).await?;
        let checks: &[&str] = match self.backend() {
            Backend::Sqlite => &[
                "SELECT integrity_check AS finding FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
                "SELECT 'row ' || coalesce(\"rowid\", 0) || ' of ' || \"table\" || ' refers to a missing row of ' || \
                 \"parent\" AS finding FROM pragma_foreign_key_check",
            ],
            Backend::Postgres => &[
                "SELECT 'invalid index ' || indexrelid::regclass::text AS finding FROM pg_index WHERE NOT indisvalid",
                "SELECT 'constraint never validated: ' || conname AS finding FROM pg_constraint WHERE NOT convalidated",
                "SELECT checksum_failures || ' pages failed their checksum' AS finding FROM pg_stat_database \
                 WHERE datname = current_database() AND checksum_failures > 0",
            ],
        };
        let mut findings = Vec::new();
        for check in checks {
            for row in lease.fetch_all(check, &[]).await? {
                findings.push(row.get("finding")?);
            }
        }
        Ok(findings)
    }
}

/// On a connection of its own: the copy takes long and must keep nobody from reading.
async fn write_copy(source: &SqliteSource, partial: &Path) -> Result<(), StorageError> {
    let text = partial.to_str().ok_or_else(|| {
        failed("write a snapshot to", partial)(std::io::Error::other("the path is not valid UTF-8"))
    })?;
    match fs::remove_file(partial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(failed("remove the unfinished snapshot", partial)(error));
        }
        _ => {}
    }
    // SQLite fills an empty file; made here, it is never readable by others, not even while it grows.
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(partial);
    created.map_err(failed("create the snapshot", partial))?;
    let started = Instant::now();
    let outcome = if source.path.is_some() {
        let mut connection = source.writer.connect().await?;
        let outcome = sqlite::vacuum_into(&mut connection, text).await;
        connection.close().await.ok();
        outcome
    } else {
        let mut lease = source.writer.acquire("writer").await?;
        sqlite::vacuum_into(lease.connection()?, text).await
    };
    outcome.map_err(|error| classify(error, Role::Writer, started.elapsed()))
}

fn put_in_place(partial: &Path, target: &Path) -> Result<(), StorageError> {
    let on_disk = |path: &Path| File::open(path).and_then(|file| file.sync_all());
    on_disk(partial).map_err(failed("flush the snapshot", partial))?;
    fs::rename(partial, target).map_err(failed("rename the snapshot to", target))?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    on_disk(folder).map_err(failed("flush the folder", folder))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

fn failed<'a>(action: &'a str, path: &'a Path) -> impl FnOnce(std::io::Error) -> StorageError + 'a {
    move |cause| StorageError::File { what: format!("cannot {action} {}", path.display()), cause }
}
