//! Finds what a backward migration would delete, by reading its text, and counts the rows.
//!
//! It knows `DROP TABLE`, `ALTER TABLE … DROP COLUMN` and `DELETE FROM`; a backward migration that deletes in another
//! way is not seen.

use crate::error::StorageError;
use crate::transaction::Transaction;

/// Something a text deletes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Table(String),
    Column(String, String),
}

/// What would go and how many rows of it hold data; without the empty ones and those that do not exist. Leaves the
/// unit of work as it was.
pub(crate) async fn count(
    transaction: &mut Transaction,
    text: &str,
) -> Result<Vec<(String, i64)>, StorageError> {
    let mut losses = Vec::new();
    for target in targets(text) {
        let (label, sql) = match &target {
            Target::Table(table) => (table.clone(), format!("SELECT count(*) AS held FROM {table}")),
            Target::Column(table, column) => {
                (format!("{table}.{column}"), format!("SELECT count({column}) AS held FROM {table}"))
            }
        };
        // A table created further down the history than the text reaches may not exist; that fails the statement.
        let savepoint = transaction.savepoint().await?;
        match transaction.fetch_one(&sql, &[]).await {
            Ok(row) => {
                let held: i64 = row.get("held")?;
                transaction.release(savepoint).await?;
                if held > 0 {
                    losses.push((label, held));
                }
            }
            Err(StorageError::Other { .. }) => transaction.rollback_to(savepoint).await?,
            Err(error) => return Err(error),
        }
    }
    Ok(losses)
}

fn targets(text: &str) -> Vec<Target> {
    let text = without_comments(text);
    let mut found = Vec::new();
    for statement in text.split(';') {
        let separated = statement.replace(',', " , ").replace(['(', ')'], " ");
        let words: Vec<&str> = separated.split_whitespace().collect();
        let upper: Vec<String> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
        let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
        match upper.as_slice() {
            ["DROP", "TABLE", "IF", "EXISTS", ..] => found.extend(tables(&words[4..])),
            ["DROP", "TABLE", ..] => found.extend(tables(&words[2..])),
            ["DELETE", "FROM", ..] => {
                found.extend(words.get(2).map(|table| Target::Table((*table).to_owned())));
            }
            ["ALTER", "TABLE", ..] => found.extend(dropped_columns(&words, &upper)),
            _ => {}
        }
    }
    found.dedup();
    found
}

/// `a, b CASCADE`
fn tables(words: &[&str]) -> Vec<Target> {
    let names = words
        .iter()
        .filter(|word| !matches!(word.to_ascii_uppercase().as_str(), "," | "CASCADE" | "RESTRICT"));
    names.map(|name| Target::Table((*name).to_owned())).collect()
}

/// `ALTER TABLE [IF EXISTS] [ONLY] a DROP [COLUMN] [IF EXISTS] b, DROP …`
fn dropped_columns(words: &[&str], upper: &[&str]) -> Vec<Target> {
    let Some(table) = (2..words.len()).find(|index| !matches!(upper[*index], "IF" | "EXISTS" | "ONLY"))
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for drop in (table + 1..words.len()).filter(|index| upper[*index] == "DROP") {
        let subject =
            (drop + 1..words.len()).find(|index| !matches!(upper[*index], "COLUMN" | "IF" | "EXISTS"));
        if let Some(subject) = subject
            && !matches!(upper[subject], "CONSTRAINT" | "NOT" | "DEFAULT" | "EXPRESSION" | "IDENTITY")
        {
            found.push(Target::Column(words[table].to_owned(), words[subject].to_owned()));
        }
    }
    found
}

fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let line = rest.find("--");
        let block = rest.find("/*");
        let (start, end) = match (line, block) {
            (None, None) => break,
            (Some(line), block) if block.is_none_or(|block| line < block) => (line, "\n"),
            (_, Some(block)) => (block, "*/"),
            (Some(line), None) => (line, "\n"),
        };
        kept.push_str(&rest[..start]);
        kept.push('\n');
        let comment = &rest[start..];
        rest = comment.find(end).map_or("", |length| &comment[length + end.len()..]);
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn deletions_are_found() {
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<String> = targets(text)
                .into_iter()
                .map(|target| match target {
                    Target::Table(table) => table,
                    Target::Column(table, column) => format!("{table}.{column}"),
                })
                .collect();
            assert_eq!(found, expected, "{text}");
        };
        check("DROP TABLE a;", &["a"]);
        check("drop table if exists a, b cascade;\nDROP TABLE c", &["a", "b", "c"]);
        check("DROP INDEX a; DROP TRIGGER b;", &[]);
        check("-- DROP TABLE a;\nDROP TABLE b; /* DROP TABLE c; */ DROP TABLE d -- e", &["b", "d"]);
        check("ALTER TABLE a DROP COLUMN b;", &["a.b"]);
        check("ALTER TABLE IF EXISTS ONLY a DROP b, DROP COLUMN IF EXISTS c", &["a.b", "a.c"]);
        check("ALTER TABLE a DROP CONSTRAINT b; ALTER TABLE a ALTER COLUMN b DROP NOT NULL", &[]);
        check("ALTER TABLE a RENAME TO b", &[]);
        check("DELETE FROM a WHERE b = 1", &["a"]);
        check("DROP TABLE", &[]);
        check("ALTER TABLE", &[]);
        check("", &[]);
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in any::<String>()) {
            targets(&text);
        }

        #[test]
        fn a_comment_hides_nothing_after_its_line(comment in "[^\n]*", table in "[a-z]{1,9}") {
            let text = format!("-- {comment}\nDROP TABLE {table};");
            prop_assert_eq!(targets(&text), vec![Target::Table(table)]);
        }
    }
}
