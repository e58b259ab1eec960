//! Where SQL may stand: in the crate that runs it, and in each program's stores.

use crate::code::{Source, string_literals};

/// Crates that may hold SQL anywhere: the database layer, the job queue that lives in tables of its own, and the two
/// that only test and build.
const CRATES: &[&str] = &["storage", "jobs", "testkit", "xtask"];

/// Other files that hold SQL, each with its reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "crates/keeper/src/backup/freeze/sqlite/engine.rs",
        "reads databases of others, of which only the engine's own tables are known",
    ),
    ("crates/keeper/benches/restic/data.rs", "makes the database of somebody else that is backed up"),
    (
        "crates/loom/benches/paths.rs",
        "ends a branch in thousands of turns at once, which the store does turn by turn",
    ),
];

/// How a statement begins.
const BEGINNINGS: &[&str] = &["SELECT", "INSERT INTO", "UPDATE", "DELETE FROM", "CREATE", "WITH"];

/// Statements in a file that is no store.
pub(crate) fn outside_the_stores(source: &Source) -> Vec<String> {
    let excepted = EXCEPTIONS.iter().any(|(path, _)| *path == source.path);
    if excepted || may_hold_sql(&source.path) {
        return Vec::new();
    }
    let finding = |line: usize| format!("{}:{line}: SQL outside a store", source.path);
    statements(source).into_iter().map(finding).collect()
}

/// Entries of the exception list that no file needs any more.
pub(crate) fn needless_exceptions(sources: &[Source]) -> Vec<String> {
    let is_needed =
        |path: &str| sources.iter().any(|source| source.path == path && !statements(source).is_empty());
    EXCEPTIONS
        .iter()
        .filter(|(path, _)| !is_needed(path))
        .map(|(path, reason)| format!("{path} needs no exception any more ({reason})"))
        .collect()
}

fn may_hold_sql(path: &str) -> bool {
    let name = path.split('/').nth(1).unwrap_or_default();
    let is_store = path.contains("/src/store/") || path.ends_with("/src/ledger.rs");
    let is_test = path.contains("/tests/") || path.ends_with("/tests.rs");
    CRATES.contains(&name) || is_store || is_test
}

/// The lines of a file's own code on which a statement begins.
fn statements(source: &Source) -> Vec<usize> {
    let own_lines = source.lines_before_tests();
    let literals = string_literals(&source.text).into_iter();
    literals.filter(|(line, text)| *line <= own_lines && is_statement(text)).map(|(line, _)| line).collect()
}

fn is_statement(literal: &str) -> bool {
    let mut text = literal.trim_start();
    while let Some(rest) = text.strip_prefix("\\n").or_else(|| text.strip_prefix("\\\n")) {
        text = rest.trim_start();
    }
    BEGINNINGS.iter().any(|beginning| {
        text.strip_prefix(beginning)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\n', '\t', '\\']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[usize]) {
        let expected: Vec<_> =
            expected.iter().map(|line| format!("{path}:{line}: SQL outside a store")).collect();
        assert_eq!(outside_the_stores(&Source::new(path, text)), expected, "{path}: {text}");
    }

    #[test]
    fn sql_outside_a_store_is_found() {
        let play = "crates/loom/src/play.rs";
        check(play, "fn f() {\n    run(\"SELECT 1\");\n}", &[2]);
        check(play, "const A: &str = r#\"\n    INSERT INTO a VALUES (1)\"#;", &[1]);
        check(play, "const A: &str = \"\\\n    UPDATE a SET b = 1\";", &[1]);
        check(play, "f(&format!(\"DELETE FROM {table}\")); f(\"\\nWITH a AS (SELECT 1)\");", &[1, 1]);
        check(play, "f(\"CREATE TABLE a (b text)\");", &[1]);
        check("crates/llm/src/budget.rs", "f(\"SELECT\\n 1\");", &[1]);
        check("crates/loom/src/restore.rs", "f(\"SELECT 1\");", &[1]);
    }

    #[test]
    fn stores_tests_and_plain_words_pass() {
        let statement = "f(\"SELECT 1\");";
        for path in [
            "crates/loom/src/store/turns.rs",
            "crates/llm/src/ledger.rs",
            "crates/loom/tests/it/world.rs",
            "crates/chassis/src/http/tests.rs",
            "crates/storage/src/observe.rs",
            "crates/jobs/src/claim.rs",
        ] {
            check(path, statement, &[]);
        }
        let play = "crates/loom/src/play.rs";
        check(
            play,
            "// \"SELECT 1\"\nf(\"DELETE /sessions/1\", \"SELECTED\", \"Update it\", \"WITHOUT\");",
            &[],
        );
        check(play, &format!("#[cfg(test)]\nmod tests {{\n    {statement}\n}}\n"), &[]);
    }

    #[test]
    fn an_exception_that_nobody_needs_is_found() {
        assert_eq!(needless_exceptions(&[]).len(), EXCEPTIONS.len());
        let needed = |(path, _): &(&str, &str)| Source::new(path, "f(\"SELECT 1\");");
        let sources: Vec<_> = EXCEPTIONS.iter().map(needed).collect();
        assert_eq!(needless_exceptions(&sources), [""; 0]);
    }
}
