//! Up, down and up again on both databases, and every way in which a history may not fit.

use std::time::Duration;

use chassis::clock::Clock;
use storage::migrate::{Applied, down, status, up};
use storage::{Database, DatabaseSettings, MIGRATIONS, Migration, MigrationSet, StorageError, params};
use testkit::TempDb;

use crate::{count, open, settings};

const FIRST: Migration = Migration {
    version: 1,
    name: "stories",
    up: "CREATE TABLE story (id BIGINT PRIMARY KEY, title TEXT NOT NULL); -- ; not the end
         CREATE TABLE empty_one (id BIGINT PRIMARY KEY);",
    down: "DROP TABLE empty_one; DROP TABLE story;",
    sqlite_up: "CREATE TRIGGER no_empty_title BEFORE INSERT ON story WHEN NEW.title = '' \
                BEGIN SELECT RAISE(ABORT, 'empty title'); END;",
    sqlite_down: "DROP TRIGGER no_empty_title;",
    postgres_up: "ALTER TABLE story ADD CONSTRAINT no_empty_title CHECK (title <> '');",
    postgres_down: "ALTER TABLE story DROP CONSTRAINT no_empty_title;",
};
const SECOND: Migration = Migration {
    version: 2,
    name: "authors",
    up: "ALTER TABLE story ADD COLUMN author TEXT;",
    down: "ALTER TABLE story DROP COLUMN author;",
    sqlite_up: "",
    sqlite_down: "",
    postgres_up: "",
    postgres_down: "",
};
const BROKEN: Migration = Migration {
    version: 2,
    name: "broken",
    up: "CREATE TABLE half (id BIGINT); INSERT INTO nowhere VALUES (1);",
    ..SECOND
};

static ONE: MigrationSet = MigrationSet { name: "stories", migrations: &[FIRST] };
static TWO: MigrationSet = MigrationSet { name: "stories", migrations: &[FIRST, SECOND] };
static BROKEN_SET: MigrationSet = MigrationSet { name: "stories", migrations: &[FIRST, BROKEN] };
static EDITED: MigrationSet = MigrationSet {
    name: "stories",
    migrations: &[Migration { up: "CREATE TABLE story (id BIGINT)", ..FIRST }],
};

fn versions(applied: &[Applied]) -> Vec<(&str, i64)> {
    applied.iter().map(|migration| (migration.set, migration.version)).collect()
}

#[tokio::test]
async fn up_down_and_up_again() {
    for temporary in TempDb::each().await {
        let database = open(&temporary).await;
        let fresh = status(&database, &[&MIGRATIONS, &TWO]).await.unwrap();
        assert!(fresh.len() == 3 && fresh.iter().all(|migration| migration.applied_at.is_none()));

        let applied = up(&database, &[&MIGRATIONS, &TWO]).await.unwrap();
        assert_eq!(versions(&applied), [("storage", 1), ("stories", 1), ("stories", 2)]);
        assert_eq!(up(&database, &[&MIGRATIONS, &TWO]).await.unwrap(), []);
        let all = status(&database, &[&MIGRATIONS, &TWO]).await.unwrap();
        assert!(all.iter().all(|migration| migration.applied_at.as_deref().is_some_and(|at| at.len() == 23)));
        let refused = database.execute("INSERT INTO story (id, title) VALUES (1, '')", &[]).await;
        assert!(refused.is_err(), "the part for {} is missing", database.backend());

        let taken_back = down(&database, &TWO, 1, false).await.unwrap();
        assert_eq!(versions(&taken_back), [("stories", 2)]);
        assert!(database.fetch_all("SELECT author FROM story", &[]).await.is_err());
        let taken_back = down(&database, &TWO, 9, false).await.unwrap();
        assert_eq!(versions(&taken_back), [("stories", 1)]);
        assert_eq!(down(&database, &TWO, 1, false).await.unwrap(), []);
        assert_eq!(count(&database, "slow_queries").await, 0, "the other set stays");

        let applied = up(&database, &[&MIGRATIONS, &TWO]).await.unwrap();
        assert_eq!(versions(&applied), [("stories", 1), ("stories", 2)]);
        database.fetch_all("SELECT author FROM story", &[]).await.unwrap();
        database.close().await;
    }
}

#[tokio::test]
async fn going_down_spares_data_unless_told_otherwise() {
    for temporary in TempDb::each().await {
        let database = open(&temporary).await;
        up(&database, &[&TWO]).await.unwrap();
        for (id, author) in [(1, None), (2, Some("Ann")), (3, Some("Bo"))] {
            let sql = "INSERT INTO story (id, title, author) VALUES ($1, 'x', $2)";
            database.execute(sql, &params![id, author]).await.unwrap();
        }
        let error = down(&database, &TWO, 2, false).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "going down would delete rows (story.author: 2, story: 3): back up, then allow data loss explicitly"
        );
        assert_eq!(count(&database, "story").await, 3);
        assert!(down(&database, &TWO, 1, false).await.is_err());
        assert_eq!(
            versions(&down(&database, &TWO, 2, true).await.unwrap()),
            [("stories", 2), ("stories", 1)]
        );
        assert!(database.fetch_all("SELECT id FROM story", &[]).await.is_err());
        database.close().await;
    }
}

#[tokio::test]
async fn a_migration_that_fails_leaves_no_trace() {
    for temporary in TempDb::each().await {
        let database = open(&temporary).await;
        let error = up(&database, &[&BROKEN_SET]).await.unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("migration 2 (broken) of stories failed and was rolled back: "), "{text}");
        assert!(text.contains("nowhere"), "{text}");
        assert!(database.fetch_all("SELECT id FROM half", &[]).await.is_err(), "half of it stayed");
        assert_eq!(count(&database, "story").await, 0, "the one before it stays applied");
        assert_eq!(versions(&up(&database, &[&TWO]).await.unwrap()), [("stories", 2)]);
        database.close().await;
    }
}

#[tokio::test]
async fn a_history_that_does_not_fit_is_refused() {
    for temporary in TempDb::each().await {
        let database = open(&temporary).await;
        up(&database, &[&TWO]).await.unwrap();
        let problem = |error: StorageError| match error {
            StorageError::MigrationHistory { version, problem, .. } => format!("{version} {problem}"),
            other => panic!("{other}"),
        };
        let older_program = problem(up(&database, &[&ONE]).await.unwrap_err());
        assert!(older_program.starts_with("2 is not known here"), "{older_program}");
        assert!(problem(status(&database, &[&ONE]).await.unwrap_err()).starts_with("2 is not known here"));
        assert!(
            problem(down(&database, &ONE, 1, true).await.unwrap_err()).starts_with("2 is not known here")
        );
        let edited = problem(up(&database, &[&EDITED]).await.unwrap_err());
        assert!(edited.starts_with("1 was edited"), "{edited}");
        database.execute("DELETE FROM schema_history WHERE version = 1", &[]).await.unwrap();
        let gap = problem(up(&database, &[&TWO]).await.unwrap_err());
        assert!(gap.starts_with("1 is missing"), "{gap}");
        database.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn programs_that_start_together_apply_each_once() {
    for temporary in TempDb::each().await {
        let starters: Vec<_> = (0..6)
            .map(|_| {
                let settings = DatabaseSettings {
                    readers: 2,
                    busy_timeout: Duration::from_secs(30),
                    ..settings(&temporary)
                };
                tokio::spawn(async move {
                    let database = Database::open(&settings, Clock::system()).await?;
                    let applied = up(&database, &[&MIGRATIONS, &TWO]).await;
                    database.close().await;
                    applied
                })
            })
            .collect();
        let mut applied = Vec::new();
        for starter in starters {
            applied.extend(starter.await.unwrap().unwrap());
        }
        let mut applied = versions(&applied);
        applied.sort_unstable();
        assert_eq!(applied, [("storage", 1), ("stories", 1), ("stories", 2)]);
    }
}
