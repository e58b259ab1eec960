//! Databases that exist for one test: a SQLite file, or a fresh database in a PostgreSQL server.
//!
//! The PostgreSQL server is the one at `TEST_POSTGRES_URL`; without that variable each test process starts its
//! own in a temporary folder, on first use.

use std::{
    path::{Path, PathBuf},
    thread,
};

use anyhow::Context;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;

mod server;

/// A database of one test's own, gone when the value is dropped.
///
/// Close your connections first if you can: a SQLite file disappears under its readers, and PostgreSQL's sessions
/// are ended by force.
#[derive(Debug)]
pub struct TempDb {
    /// Where to connect: `sqlite:/tmp/…/test.db` (the file does not exist yet) or
    /// `postgres://user:password@127.0.0.1:port/test_…` (an empty database).
    pub url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Folder(TempDir),
    Database { name: String, admin_url: String },
}

impl TempDb {
    /// A path for a SQLite file in a folder of its own.
    ///
    /// # Panics
    /// When no temporary folder can be created.
    pub fn sqlite() -> Self {
        match tempfile::Builder::new().prefix("testkit-sqlite-").tempdir() {
            Ok(folder) => {
                let url = format!("sqlite:{}", folder.path().join("test.db").display());
                Self { url, place: Place::Folder(folder) }
            }
            Err(error) => panic!("creating a folder for a temporary database: {error}"),
        }
    }

    /// A fresh, empty PostgreSQL database. `None`, after a line on standard error, when there is no PostgreSQL on
    /// this machine and `TESTKIT_ALLOW_MISSING` says that this may be.
    ///
    /// The first call in a process may take a few seconds, for it starts the server.
    ///
    /// # Panics
    /// When PostgreSQL is missing and may not be, or the server does not do as it should.
    pub async fn postgres() -> Option<Self> {
        // Our own thread and runtime: the connection must not depend on the caller's runtime, whose clock may
        // be paused.
        let created = tokio::task::spawn_blocking(|| -> anyhow::Result<Option<Self>> {
            let Some(admin_url) = server::admin_url()? else { return Ok(None) };
            let name = format!("test_{}", uuid::Uuid::new_v4().simple());
            run_statement(&admin_url, &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))?;
            let url = with_database(&admin_url, &name)?;
            Ok(Some(Self { url, place: Place::Database { name, admin_url } }))
        });
        match created.await {
            Ok(Ok(database)) => database,
            Ok(Err(error)) => panic!("no temporary PostgreSQL database: {error:#}"),
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }

    /// One database of every kind we support, for suites that run unchanged on all of them.
    ///
    /// # Panics
    /// As [`TempDb::sqlite`] and [`TempDb::postgres`].
    pub async fn each() -> Vec<Self> {
        let mut databases = vec![Self::sqlite()];
        databases.extend(Self::postgres().await);
        databases
    }

    /// The SQLite file, which may not exist yet; `None` for PostgreSQL.
    pub fn path(&self) -> Option<PathBuf> {
        match &self.place {
            Place::Folder(folder) => Some(folder.path().join("test.db")),
            Place::Database { .. } => None,
        }
    }

    /// The folder the SQLite file lies in; `None` for PostgreSQL.
    pub fn folder(&self) -> Option<&Path> {
        match &self.place {
            Place::Folder(folder) => Some(folder.path()),
            Place::Database { .. } => None,
        }
    }

    /// Whether this is a PostgreSQL database.
    pub fn is_postgres(&self) -> bool {
        matches!(self.place, Place::Database { .. })
    }
}

impl Drop for TempDb {
    fn drop(&mut self) {
        let Place::Database { name, admin_url } = &self.place else { return };
        let (statement, admin_url) =
            (format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), admin_url.clone());
        // A thread, because a destructor inside a runtime may not block on another one.
        let dropped = thread::spawn(move || run_statement(&admin_url, &statement)).join();
        if let (Ok(Err(error)), false) = (dropped, thread::panicking()) {
            panic!("dropping temporary database {name}: {error:#}");
        }
    }
}

/// Runs one statement over a connection of its own. Blocks; must not be called on a runtime's thread.
fn run_statement(url: &str, statement: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = PgConnection::connect(url).await.context("connecting to the test server")?;
        connection
            .execute(AssertSqlSafe(statement.to_owned()))
            .await
            .with_context(|| statement.to_owned())?;
        connection.close().await.context("closing the connection")
    })
}

/// The same URL with another database name; everything else, parameters included, stays.
fn with_database(admin_url: &str, name: &str) -> anyhow::Result<String> {
    let mut url = reqwest::Url::parse(admin_url).context("TEST_POSTGRES_URL is not a URL")?;
    url.set_path(name);
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_replaced_and_the_rest_of_the_address_kept() {
        let check =
            |input: &str, expected: &str| assert_eq!(with_database(input, "fresh").unwrap(), expected);
        check("postgres://u:p@127.0.0.1:5432/postgres", "postgres://u:p@127.0.0.1:5432/fresh");
        check("postgres://u@localhost", "postgres://u@localhost/fresh");
        check(
            "postgres://u@h/old?host=/run/pg&sslmode=disable",
            "postgres://u@h/fresh?host=/run/pg&sslmode=disable",
        );
        assert!(with_database("not a url", "fresh").is_err());
    }

    #[test]
    fn a_sqlite_folder_is_private_and_goes_away() {
        let (first, second) = (TempDb::sqlite(), TempDb::sqlite());
        assert_ne!(first.url, second.url);
        assert_eq!(first.url, format!("sqlite:{}", first.path().unwrap().display()));
        let folder = first.folder().unwrap().to_owned();
        assert!(folder.exists());
        drop(first);
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn postgres_databases_are_empty_separate_and_dropped() {
        let Some(first) = TempDb::postgres().await else { return };
        let second = TempDb::postgres().await.unwrap();
        let mut connection = PgConnection::connect(&first.url).await.unwrap();
        connection.execute("CREATE TABLE mark (n bigint)").await.unwrap();
        let mut other = PgConnection::connect(&second.url).await.unwrap();
        assert!(
            other.execute("SELECT n FROM mark").await.is_err(),
            "the second database sees the first one's table"
        );

        let url = first.url.clone();
        drop(first); // with a session still open
        let error = PgConnection::connect(&url).await.unwrap_err();
        assert!(error.to_string().contains("does not exist"), "{error}");
    }

    #[tokio::test]
    async fn each_gives_one_of_both_kinds() {
        let kinds: Vec<bool> = TempDb::each().await.iter().map(TempDb::is_postgres).collect();
        assert_eq!(kinds.first(), Some(&false));
        assert!(kinds.len() == 2 || tools_allow_missing_postgres(), "{kinds:?}");
    }

    fn tools_allow_missing_postgres() -> bool {
        crate::tools::variable("TESTKIT_ALLOW_MISSING").is_some_and(|words| words.contains("postgres"))
    }
}
