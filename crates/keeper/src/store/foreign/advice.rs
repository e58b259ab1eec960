//! Which slow statements read whole tables, and which index would help.

use std::collections::BTreeSet;

use serde::Serialize;
use storage::{Backend, Database, StorageError, Value, params};

/// Tables below this many rows are read whole without harm.
const FEW_ROWS: i64 = 10_000;

/// One thing that could be better.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// What was found.
    pub finding: String,
    /// The index that would help, as a statement; none where that is not plain.
    pub proposal: Option<String>,
}

/// Looks at how these statements are carried out (SQLite), or at what the server has counted (PostgreSQL). Carries
/// none of them out.
pub async fn advise(database: &Database, queries: &[String]) -> Result<Vec<Advice>, StorageError> {
    if database.backend() == Backend::Postgres {
        return counted(database).await;
    }
    let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
    for query in queries.iter().filter(|query| can_be_explained(query)) {
        for table in scanned(database, query).await? {
            let columns = columns(database, &table).await?;
            let proposal = proposal(&table, query, &columns);
            if seen.insert((table.clone(), proposal.clone().unwrap_or_else(|| query.clone()))) {
                all.push(Advice { finding: format!("reads all of {table}: {query}"), proposal });
            }
        }
    }
    Ok(all)
}

/// Carries a proposal out.
pub async fn apply(database: &Database, proposal: &str) -> Result<(), StorageError> {
    database.execute(proposal, &[]).await.map(drop)
}

/// One statement that reads or changes rows; a second one behind it would be carried out and not explained.
fn can_be_explained(query: &str) -> bool {
    let first = query.split_whitespace().next().unwrap_or_default().to_uppercase();
    let body = query.trim_end().trim_end_matches(';');
    matches!(first.as_str(), "SELECT" | "UPDATE" | "DELETE" | "WITH") && !body.contains(';')
}

/// Tables that a statement reads whole; empty when it cannot be planned any more, such as after a change of tables.
async fn scanned(database: &Database, query: &str) -> Result<Vec<String>, StorageError> {
    let sql = format!("EXPLAIN QUERY PLAN {}", query.trim_end().trim_end_matches(';'));
    let values = vec![Value::Text(None); placeholders(query)];
    let rows = match database.fetch_all(&sql, &values).await {
        Ok(rows) => rows,
        Err(StorageError::Other { .. } | StorageError::Parameters { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut tables = Vec::new();
    for row in &rows {
        let detail: String = row.get("detail")?;
        let mut words = detail.split_whitespace();
        if words.next() == Some("SCAN") && !detail.contains("USING") {
            tables.extend(words.next().filter(|name| is_plain(name)).map(str::to_owned));
        }
    }
    Ok(tables)
}

fn placeholders(query: &str) -> usize {
    let numbers = query.split('$').skip(1).map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().unwrap_or_default()
    });
    numbers.max().unwrap_or_default()
}

async fn columns(database: &Database, table: &str) -> Result<Vec<String>, StorageError> {
    let rows = database.fetch_all("SELECT name FROM pragma_table_info($1)", &params![table]).await?;
    rows.iter().map(|row| row.get("name")).collect()
}

/// An index over the columns that the statement compares, those compared for equality first.
fn proposal(table: &str, query: &str, columns: &[String]) -> Option<String> {
    let lower = query.to_lowercase();
    let conditions = lower.split_once(" where ")?.1;
    let conditions = [" order by ", " group by ", " limit "]
        .iter()
        .fold(conditions, |text, end| text.split_once(end).map_or(text, |(before, _)| before));
    let mut equal = Vec::new();
    let mut ranged = Vec::new();
    for condition in conditions.split(" and ") {
        let mut words = condition.trim_start_matches('(').split_whitespace();
        let (Some(name), Some(operator)) = (words.next(), words.next()) else { continue };
        let name = name.rsplit('.').next().unwrap_or(name);
        if !columns.iter().any(|column| column.to_lowercase() == name) || !is_plain(name) {
            continue;
        }
        match operator {
            "=" | "in" | "is" => equal.push(name),
            "<" | ">" | "<=" | ">=" | "between" => ranged.push(name),
            _ => {}
        }
    }
    equal.extend(ranged.into_iter().take(1));
    if equal.is_empty() || conditions.contains(" or ") {
        return None;
    }
    let (name, list) = (equal.join("_"), equal.join(", "));
    Some(format!("CREATE INDEX IF NOT EXISTS keeper_{table}_{name} ON {table} ({list})"))
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.as_bytes()[0].is_ascii_digit()
}

/// What PostgreSQL has counted: large tables that are mostly read whole, and indexes that nobody uses.
async fn counted(database: &Database) -> Result<Vec<Advice>, StorageError> {
    let tables = "SELECT CAST(relname AS TEXT) AS name, seq_scan, n_live_tup FROM pg_stat_user_tables \
                  WHERE n_live_tup > $1 AND seq_scan > 100 AND seq_scan > COALESCE(idx_scan, 0) \
                  ORDER BY seq_tup_read DESC LIMIT 20";
    let mut all = Vec::new();
    for row in database.fetch_all(tables, &params![FEW_ROWS]).await? {
        let (name, times, rows): (String, i64, i64) =
            (row.get("name")?, row.get("seq_scan")?, row.get("n_live_tup")?);
        let finding = format!("{name}, {rows} rows, was read whole {times} times");
        all.push(Advice { finding, proposal: None });
    }
    let unused = "SELECT CAST(s.indexrelname AS TEXT) AS name, CAST(s.relname AS TEXT) AS of \
                  FROM pg_stat_user_indexes s JOIN pg_index i ON i.indexrelid = s.indexrelid \
                  WHERE s.idx_scan = 0 AND NOT i.indisunique AND pg_relation_size(s.indexrelid) > 1048576 \
                  ORDER BY pg_relation_size(s.indexrelid) DESC LIMIT 20";
    for row in database.fetch_all(unused, &[]).await? {
        let (name, of): (String, String) = (row.get("name")?, row.get("of")?);
        all.push(Advice { finding: format!("the index {name} of {of} was never used"), proposal: None });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expected: Option<&str>) {
        let columns = ["id", "owner", "created_at", "state"].map(str::to_owned);
        let expected = expected.map(|rest| format!("CREATE INDEX IF NOT EXISTS keeper_t_{rest}"));
        assert_eq!(proposal("t", query, &columns), expected, "{query}");
    }

    #[test]
    fn indexes_are_proposed_where_they_are_plain() {
        check("SELECT * FROM t WHERE owner = $1", Some("owner ON t (owner)"));
        check(
            "SELECT * FROM t WHERE created_at > $1 AND t.owner = $2 ORDER BY id",
            Some("owner_created_at ON t (owner, created_at)"),
        );
        check("SELECT * FROM t WHERE lower(owner) = $1", None);
        check("SELECT * FROM t WHERE owner = $1 OR state = $2", None);
        check("SELECT * FROM t", None);
        check("SELECT * FROM t WHERE \"owner; DROP TABLE t\" = $1", None);
    }

    #[test]
    fn only_one_harmless_statement_is_explained() {
        assert!(can_be_explained("SELECT 1;") && can_be_explained("delete from t where a = $1"));
        assert!(!can_be_explained("SELECT 1; DROP TABLE t"));
        assert!(!can_be_explained("PRAGMA wal_checkpoint"));
        assert_eq!(placeholders("a = $2 AND b = $10"), 10);
    }
}
