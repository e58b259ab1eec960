//! What goes in comes out, and mistakes are named.

use proptest::prelude::*;
use storage::{Cell, Database, DatabaseSettings, FromColumn, StorageError, Value, params};
use testkit::TempDb;

use crate::open;

const TABLE: &str =
    "CREATE TABLE kinds (id BIGINT PRIMARY KEY, words TEXT, whole BIGINT, real DOUBLE PRECISION, raw BYTEA)";
const INSERT: &str = "INSERT INTO kinds (id, words, whole, real, raw) VALUES ($1, $2, $3, $4, $5)";
const READ: &str = "SELECT words, whole, real, raw FROM kinds WHERE id = $1";

type Kinds = (Option<String>, Option<i64>, Option<f64>, Option<Vec<u8>>);

async fn round_trip(database: &Database, id: i64, given: &Kinds) -> Kinds {
    let (words, whole, real, raw) = given.clone();
    database.execute(INSERT, &params![id, words, whole, real, raw]).await.unwrap();
    let row = database.fetch_one(READ, &params![id]).await.unwrap();
    let column = |name| row.get(name);
    (column("words").unwrap(), row.get("whole").unwrap(), row.get("real").unwrap(), row.get("raw").unwrap())
}

#[tokio::test]
async fn every_kind_of_value_survives() {
    for temporary in TempDb::each().await {
        let database = open(&temporary).await;
        database.execute(TABLE, &[]).await.unwrap();
        let cases: Vec<Kinds> = vec![
            (None, None, None, None),
            (Some(String::new()), Some(0), Some(0.0), Some(Vec::new())),
            (
                Some("雨夜 \u{1f319} it's \"quoted\" $1\n".to_owned()),
                Some(i64::MIN),
                Some(f64::MIN),
                Some(vec![0, 255]),
            ),
            (Some("x".repeat(100_000)), Some(i64::MAX), Some(1.0e-300), Some(vec![7; 100_000])),
            (Some("7".to_owned()), Some(1), Some(3.0), Some(b"text".to_vec())),
        ];
        for (id, case) in (0..).zip(&cases) {
            assert_eq!(&round_trip(&database, id, case).await, case);
        }
        database.close().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_text_is_kept_or_refused(words in prop::collection::vec(any::<String>(), 1..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let settings = DatabaseSettings::at("sqlite::memory:");
            let database = Database::open(&settings, chassis::clock::Clock::system()).await.unwrap();
            database.execute(TABLE, &[]).await.unwrap();
            for (id, text) in (0_i64..).zip(words) {
                let stored = database.execute(INSERT, &params![id, &text, 1, 1.0, Vec::new()]).await;
                if text.contains('\0') {
                    assert!(matches!(stored, Err(StorageError::NulInText { position: 2 })));
                } else {
                    stored.unwrap();
                    let row = database.fetch_one(READ, &params![id]).await.unwrap();
                    assert_eq!(row.get::<String>("words").unwrap(), text);
                }
            }
        });
    }
}

#[tokio::test]
async fn computed_columns_read_alike() {
    for temporary in TempDb::each().await {
        let database = open(&temporary).await;
        let sql = "SELECT count(*) AS counted, CAST(sum(1) AS BIGINT) AS summed, 1 AS one, length('abc') AS letters, \
                   EXISTS (SELECT 1) AS there, 'x' AS words, $1 AS given, coalesce($2, 'none') AS missing";
        let row = database.fetch_one(sql, &params![5, None::<String>]).await.unwrap();
        for (column, expected) in [("counted", 1), ("summed", 1), ("one", 1), ("letters", 3), ("given", 5)] {
            assert_eq!(row.get::<i64>(column).unwrap(), expected, "{column} on {}", database.backend());
        }
        assert!(row.get::<bool>("there").unwrap());
        assert_eq!(row.get::<f64>("one").unwrap(), 1.0);
        assert_eq!(row.get::<Option<String>>("words").unwrap().as_deref(), Some("x"));
        assert_eq!(row.get::<String>("missing").unwrap(), "none");
        assert_eq!(row.columns().len(), 8);
        database.close().await;
    }
}

struct NoteId(i64);

impl FromColumn for NoteId {
    const EXPECTED: &'static str = "the id of a note";

    fn from_cell(cell: Cell) -> Option<Self> {
        i64::from_cell(cell).map(NoteId)
    }
}

#[tokio::test]
async fn reading_mistakes_are_named() {
    for temporary in TempDb::each().await {
        let database = open(&temporary).await;
        let row = database.fetch_one("SELECT 7 AS id, 'x' AS words, NULL AS absent", &[]).await.unwrap();
        assert_eq!(row.get::<NoteId>("id").unwrap().0, 7);
        let message = |error: Option<StorageError>| error.unwrap().to_string();
        assert_eq!(
            message(row.get::<i64>("words").err()),
            "column words holds TEXT where a whole number was expected: CAST it in the statement"
        );
        assert_eq!(
            message(row.get::<String>("absent").err()),
            "column absent holds NULL where text was expected: CAST it in the statement"
        );
        assert_eq!(
            message(row.get::<bool>("id").err()).split(" where ").nth(1),
            Some("0 or 1 was expected: CAST it in the statement")
        );
        assert_eq!(
            message(row.get::<i64>("other").err()),
            "the result has no column other: it has id, words, absent"
        );
        let none = database.fetch_one("SELECT 1 AS one WHERE 1 = 2", &[]).await;
        assert_eq!(message(none.err()), "no row where one was expected: SELECT 1 AS one WHERE 1 = 2");
        database.close().await;
    }
}

#[tokio::test]
async fn refusals_are_told_apart() {
    for temporary in TempDb::each().await {
        let database = open(&temporary).await;
        let tables = [
            "CREATE TABLE story (id BIGINT PRIMARY KEY, title TEXT NOT NULL UNIQUE, pages BIGINT CHECK (pages > 0))",
            "CREATE TABLE page (story BIGINT NOT NULL REFERENCES story (id))",
            "INSERT INTO story (id, title, pages) VALUES (1, 'a', 1)",
            "INSERT INTO page (story) VALUES (1)",
        ];
        for sql in tables {
            database.execute(sql, &[]).await.unwrap();
        }
        let kind = |error: StorageError| match error {
            StorageError::Unique { table, constraint } => {
                assert!(constraint == "story.title" || constraint == "story_title_key", "{constraint}");
                format!("unique {table}")
            }
            StorageError::ForeignKey { .. } => "foreign key".to_owned(),
            StorageError::Constraint { .. } => "constraint".to_owned(),
            StorageError::Parameters { expected, given, .. } => format!("{given} for {expected}"),
            StorageError::Other { .. } => "other".to_owned(),
            other => panic!("{other}"),
        };
        let cases: [(&str, &[Value], &str); 7] = [
            ("INSERT INTO story (id, title, pages) VALUES (2, 'a', 1)", &[], "unique story"),
            ("INSERT INTO page (story) VALUES (9)", &[], "foreign key"),
            ("DELETE FROM story WHERE id = 1", &[], "foreign key"),
            ("INSERT INTO story (id, title, pages) VALUES (3, NULL, 1)", &[], "constraint"),
            ("INSERT INTO story (id, title, pages) VALUES (3, 'c', 0)", &[], "constraint"),
            ("DELETE FROM story WHERE id = $1 AND title = $2", &params![1], "1 for 2"),
            ("DELETE FROM nowhere", &[], "other"),
        ];
        for (sql, params, expected) in cases {
            let error = database.execute(sql, params).await.unwrap_err();
            assert!(!error.is_retryable(), "{error}");
            assert_eq!(kind(error), expected, "{sql}");
        }
        database.close().await;
    }
}
