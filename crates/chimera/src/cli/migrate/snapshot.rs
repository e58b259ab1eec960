//! Saves the rows that a downgrade is about to delete.

use std::path::Path;

use anyhow::Context;
use storage::{Backend, Database};

use crate::cli::files::NewFile;

/// Rows that are held in memory at once.
const BATCH: i64 = 500;

/// Writes the rows of the tables in `losses` (`table` or `table.column`) into a new file: on SQLite a copy of the
/// whole database, on PostgreSQL one line of JSON for each row, with its table.
pub(super) async fn write(database: &Database, losses: &[(String, i64)], file: &Path) -> anyhow::Result<()> {
    if database.backend() == Backend::Sqlite {
        return database
            .snapshot_to(file)
            .await
            .context("the snapshot could not be taken; nothing was changed");
    }
    let mut tables: Vec<&str> =
        losses.iter().map(|(what, _)| what.split('.').next().unwrap_or(what)).collect();
    tables.dedup();
    json_lines(database, &tables, file).await.context("the snapshot could not be taken; nothing was changed")
}

async fn json_lines(database: &Database, tables: &[&str], file: &Path) -> anyhow::Result<()> {
    let mut lines = NewFile::create(file)?;
    let mut transaction = database.begin().await?;
    for table in tables {
        // The names come from the program's own migrations. The lock waits for those who write and keeps others out.
        transaction.execute(&format!("LOCK TABLE {table} IN SHARE MODE"), &[]).await?;
        let rows = format!(
            "DECLARE going NO SCROLL CURSOR FOR \
             SELECT CAST(json_build_object('table', '{table}', 'row', row_to_json(t)) AS TEXT) AS line FROM {table} t"
        );
        transaction.execute(&rows, &[]).await?;
        loop {
            let batch = transaction.fetch_all(&format!("FETCH {BATCH} FROM going"), &[]).await?;
            for row in &batch {
                lines.line(&row.get::<String>("line")?)?;
            }
            if batch.is_empty() {
                break;
            }
        }
        transaction.execute("CLOSE going", &[]).await?;
    }
    transaction.commit().await?;
    lines.finish()
}
