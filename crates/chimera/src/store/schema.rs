//! The tables themselves: whether they are there, and their rows before a downgrade deletes them.

use storage::{Backend, Database, StorageError, params};

/// Rows that are held in memory at once.
const BATCH: i64 = 500;

/// What a schema consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A table.
    Table,
    /// An index.
    Index,
}

impl Part {
    /// In a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Index => "index",
        }
    }
}

/// Whether the database has a table or index of this name.
pub async fn exists(database: &Database, part: Part, name: &str) -> Result<bool, StorageError> {
    let sql = match database.backend() {
        Backend::Sqlite => "SELECT count(*) AS found FROM sqlite_schema WHERE type = $1 AND name = $2",
        Backend::Postgres => {
            "SELECT count(*) AS found FROM pg_class WHERE oid = to_regclass($2) \
             AND relkind = CASE WHEN $1 = 'table' THEN 'r' ELSE 'i' END"
        }
    };
    let row = database.fetch_one(sql, &params![part.name(), name]).await?;
    Ok(row.get::<i64>("found")? > 0)
}

/// Hands over every row of some tables of PostgreSQL as a line of JSON, `{"table": …, "row": {…}}`, all as of one
/// moment. Waits for those who write and keeps others from it until the end. The names have to be the program's own.
pub async fn json_lines<E: From<StorageError>>(
    database: &Database,
    tables: &[&str],
    mut take: impl FnMut(&str) -> Result<(), E>,
) -> Result<(), E> {
    let mut transaction = database.begin().await?;
    for table in tables {
        transaction.execute(&format!("LOCK TABLE {table} IN SHARE MODE"), &[]).await?;
        let rows = format!(
            "DECLARE going NO SCROLL CURSOR FOR \
             SELECT CAST(json_build_object('table', '{table}', 'row', row_to_json(t)) AS TEXT) AS line FROM {table} t"
        );
        transaction.execute(&rows, &[]).await?;
        loop {
            let batch = transaction.fetch_all(&format!("FETCH {BATCH} FROM going"), &[]).await?;
            for row in &batch {
                take(&row.get::<String>("line")?)?;
            }
            if batch.is_empty() {
                break;
            }
        }
        transaction.execute("CLOSE going", &[]).await?;
    }
    Ok(transaction.commit().await?)
}
