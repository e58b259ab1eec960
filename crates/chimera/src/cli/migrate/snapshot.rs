//! Saves the rows that a downgrade is about to delete.

use std::path::Path;

use anyhow::Context;
use storage::{Backend, Database};

use crate::{cli::files::NewFile, store::schema};

/// Writes the rows of the tables in `losses` (`table` or `table.column`) into a new file: on SQLite a copy of the
/// whole database, on PostgreSQL one line of JSON for each row, with its table.
pub(super) async fn write(database: &Database, losses: &[(String, i64)], file: &Path) -> anyhow::Result<()> {
    let failed = "the snapshot could not be taken; the tables are as they were";
    if database.backend() == Backend::Sqlite {
        return database.snapshot_to(file).await.context(failed);
    }
    let mut tables: Vec<&str> =
        losses.iter().map(|(what, _)| what.split('.').next().unwrap_or(what)).collect();
    tables.dedup();
    json_lines(database, &tables, file).await.context(failed)
}

async fn json_lines(database: &Database, tables: &[&str], file: &Path) -> anyhow::Result<()> {
    let mut lines = NewFile::create(file)?;
    schema::json_lines(database, tables, |line| lines.line(line)).await?;
    lines.finish()
}
