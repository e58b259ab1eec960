//! Checks a statement before it is sent, and binds its parameters.
//!
//! SQLite takes a placeholder without a value as NULL and says nothing, so the count is checked here.

use sqlx::Arguments;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;

use crate::error::StorageError;
use crate::value::Value;

/// The same two mistakes are refused on both databases: a wrong number of values, and U+0000 in a text.
pub(crate) fn check(sql: &str, params: &[Value]) -> Result<(), StorageError> {
    let expected = placeholders(sql);
    if expected != params.len() {
        return Err(StorageError::Parameters { expected, given: params.len(), sql: sql.to_owned() });
    }
    for (index, value) in params.iter().enumerate() {
        if matches!(value, Value::Text(Some(text)) if text.as_bytes().contains(&0)) {
            return Err(StorageError::NulInText { position: index + 1 });
        }
    }
    Ok(())
}

pub(crate) fn sqlite_arguments(params: &[Value]) -> Result<SqliteArguments, StorageError> {
    let mut arguments = SqliteArguments::default();
    for value in params {
        match value {
            Value::Text(text) => arguments.add(text.as_deref()),
            Value::Int(number) => arguments.add(*number),
            Value::Real(number) => arguments.add(*number),
            Value::Bytes(bytes) => arguments.add(bytes.as_deref()),
        }
        .map_err(|cause| StorageError::Other { detail: cause.to_string() })?;
    }
    Ok(arguments)
}

pub(crate) fn postgres_arguments(params: &[Value]) -> Result<PgArguments, StorageError> {
    let mut arguments = PgArguments::default();
    for value in params {
        match value {
            Value::Text(text) => arguments.add(text.as_deref()),
            Value::Int(number) => arguments.add(*number),
            Value::Real(number) => arguments.add(*number),
            Value::Bytes(bytes) => arguments.add(bytes.as_deref()),
        }
        .map_err(|cause| StorageError::Other { detail: cause.to_string() })?;
    }
    Ok(arguments)
}

/// The first word of a statement, as a metric label with few values.
pub(crate) fn operation(sql: &str) -> &'static str {
    let word = sql.split_whitespace().next().unwrap_or_default();
    let known = [
        "select",
        "insert",
        "update",
        "delete",
        "with",
        "begin",
        "commit",
        "rollback",
        "savepoint",
        "release",
    ];
    known.into_iter().find(|name| word.eq_ignore_ascii_case(name)).unwrap_or("other")
}

/// The highest `$n` outside of quotes and comments.
fn placeholders(sql: &str) -> usize {
    let bytes = sql.as_bytes();
    let mut highest = 0;
    let mut position = 0;
    while position < bytes.len() {
        position = match bytes[position] {
            quote @ (b'\'' | b'"') => end_of(bytes, position + 1, &[quote]),
            b'-' if bytes.get(position + 1) == Some(&b'-') => end_of(bytes, position + 2, b"\n"),
            b'/' if bytes.get(position + 1) == Some(&b'*') => end_of(bytes, position + 2, b"*/"),
            b'$' => {
                let digits = bytes[position + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                let number: usize = sql[position + 1..position + 1 + digits].parse().unwrap_or(0);
                highest = highest.max(number);
                position + 1 + digits
            }
            _ => position + 1,
        };
    }
    highest
}

/// The position after the next `mark`, or the end. A doubled quote simply opens the next quoted part.
fn end_of(bytes: &[u8], from: usize, mark: &[u8]) -> usize {
    bytes
        .get(from..)
        .and_then(|rest| rest.windows(mark.len()).position(|window| window == mark))
        .map_or(bytes.len(), |offset| from + offset + mark.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn placeholders_are_counted() {
        let check = |sql: &str, expected: usize| assert_eq!(placeholders(sql), expected, "{sql}");
        check("SELECT 1", 0);
        check("SELECT $1, $2, $1", 2);
        check("INSERT INTO t VALUES ($1,$12)", 12);
        check("SELECT '$3', \"$4\", $1", 1);
        check("SELECT 'it''s $5', $2", 2);
        check("SELECT $1 -- not $9\n, $2", 2);
        check("SELECT $1 /* not $9 */", 1);
        check("SELECT '$1", 0);
        check("SELECT 1 /* $1", 0);
        check("SELECT '$.a' , $", 0);
        check("SELECT $99999999999999999999999", 0);
        check("", 0);
    }

    #[test]
    fn mistakes_are_refused_before_they_are_sent() {
        let check = |sql: &str, params: &[Value], expected: &str| {
            assert_eq!(check(sql, params).unwrap_err().to_string(), expected);
        };
        check("SELECT $1, $2", &[Value::from(1)], "1 values for 2 placeholders: SELECT $1, $2");
        check("SELECT 1", &[Value::from(1)], "1 values for 0 placeholders: SELECT 1");
        check(
            "SELECT $1",
            &[Value::from("a\0b")],
            "value 1 contains the character U+0000, which cannot be stored as text: remove it",
        );
    }

    #[test]
    fn operations_are_few() {
        let check = |sql: &str, expected: &str| assert_eq!(operation(sql), expected, "{sql}");
        check("\n  select 1", "select");
        check("INSERT INTO t", "insert");
        check("PRAGMA x", "other");
        check("", "other");
    }

    proptest! {
        #[test]
        fn any_text_can_be_scanned(sql in any::<String>()) {
            placeholders(&sql);
        }

        #[test]
        fn a_quoted_text_never_counts(text in "[^']*") {
            let sql = format!("SELECT '{text}', $1");
            prop_assert_eq!(placeholders(&sql), 1);
        }
    }
}
