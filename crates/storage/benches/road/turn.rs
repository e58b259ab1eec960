//! The work that is measured: what storing one turn of a story asks of the database, and one recursive read.
//!
//! It knows sqlx and nothing of ours, so that the drivers can also be compared in an otherwise empty program.

use std::time::{Duration, Instant};

use sqlx::{Any, AnyPool, Pool, Postgres, Row, Sqlite};

pub(crate) const SCHEMA: [&str; 5] = [
    "CREATE TABLE session (id BIGINT PRIMARY KEY, version BIGINT NOT NULL, title TEXT NOT NULL)",
    "CREATE TABLE turn (id BIGINT PRIMARY KEY, parent BIGINT, session BIGINT NOT NULL, body TEXT NOT NULL)",
    "CREATE TABLE fact (id BIGINT PRIMARY KEY, turn BIGINT NOT NULL, body TEXT NOT NULL, weight DOUBLE PRECISION NOT NULL)",
    "CREATE TABLE ledger (id BIGINT PRIMARY KEY, turn BIGINT NOT NULL, tokens BIGINT NOT NULL, at TEXT NOT NULL)",
    "CREATE TABLE outbox (id BIGINT PRIMARY KEY, payload TEXT NOT NULL)",
];
pub(crate) const INSERT_SESSION: &str = "INSERT INTO session (id, version, title) VALUES (1, 0, 'a story')";
pub(crate) const SELECT_SESSION: &str = "SELECT version, title FROM session WHERE id = $1";
pub(crate) const SELECT_PARENT: &str = "SELECT id, body FROM turn WHERE id = $1";
pub(crate) const INSERT_TURN: &str = "INSERT INTO turn (id, parent, session, body) VALUES ($1, $2, $3, $4)";
pub(crate) const INSERT_FACT: &str = "INSERT INTO fact (id, turn, body, weight) VALUES ($1, $2, $3, $4)";
pub(crate) const INSERT_LEDGER: &str = "INSERT INTO ledger (id, turn, tokens, at) VALUES ($1, $2, $3, $4)";
pub(crate) const INSERT_OUTBOX: &str = "INSERT INTO outbox (id, payload) VALUES ($1, $2)";
pub(crate) const UPDATE_SESSION: &str = "UPDATE session SET version = version + 1 WHERE id = $1";
pub(crate) const UPDATE_FACT: &str = "UPDATE fact SET weight = weight * 0.9 WHERE id = $1";
pub(crate) const ANCESTORS: &str = "WITH RECURSIVE line (id, parent, body, depth) AS ( \
     SELECT id, parent, body, CAST(1 AS BIGINT) FROM turn WHERE id = $1 \
     UNION ALL SELECT turn.id, turn.parent, turn.body, line.depth + 1 FROM turn JOIN line ON turn.id = line.parent \
     WHERE line.depth < 50) SELECT id, body, depth FROM line ORDER BY depth";
pub(crate) const AT: &str = "2026-11-21 12:00:00.000";

/// About what a model writes in one turn.
pub(crate) fn story() -> String {
    "The rain had not stopped since the harbour. ".repeat(35)
}

/// One way to the database.
pub(crate) trait Road {
    fn name(&self) -> String;
    async fn prepare(&self);
    /// Two point reads, four inserts and two updates in one unit of work.
    async fn turn(&self, number: i64);
    /// The last fifty turns, read by following their parents; returns the bytes of their text.
    async fn ancestors(&self, number: i64) -> usize;
}

pub(crate) struct SqlxRoad<DB: sqlx::Database> {
    pub(crate) name: &'static str,
    pub(crate) pool: Pool<DB>,
    pub(crate) begin: &'static str,
}

macro_rules! sqlx_road {
    ($database:ty) => {
        impl Road for SqlxRoad<$database> {
            fn name(&self) -> String {
                self.name.to_owned()
            }

            async fn prepare(&self) {
                for sql in SCHEMA {
                    sqlx::query(sql).execute(&self.pool).await.unwrap();
                }
                sqlx::query(INSERT_SESSION).execute(&self.pool).await.unwrap();
            }

            async fn turn(&self, number: i64) {
                let mut unit = self.pool.begin_with(self.begin).await.unwrap();
                let session = sqlx::query(SELECT_SESSION).bind(1_i64).fetch_one(&mut *unit).await.unwrap();
                std::hint::black_box(session.get::<String, _>("title"));
                let parent =
                    sqlx::query(SELECT_PARENT).bind(number - 1).fetch_optional(&mut *unit).await.unwrap();
                std::hint::black_box(parent.map(|row| row.get::<String, _>("body")));
                let turn = sqlx::query(INSERT_TURN).bind(number).bind(number - 1).bind(1_i64).bind(story());
                turn.execute(&mut *unit).await.unwrap();
                let fact = sqlx::query(INSERT_FACT)
                    .bind(number)
                    .bind(number)
                    .bind("it rains".to_owned())
                    .bind(0.5_f64);
                fact.execute(&mut *unit).await.unwrap();
                let ledger =
                    sqlx::query(INSERT_LEDGER).bind(number).bind(number).bind(900_i64).bind(AT.to_owned());
                ledger.execute(&mut *unit).await.unwrap();
                let outbox = sqlx::query(INSERT_OUTBOX).bind(number).bind("{}".to_owned());
                outbox.execute(&mut *unit).await.unwrap();
                sqlx::query(UPDATE_SESSION).bind(1_i64).execute(&mut *unit).await.unwrap();
                sqlx::query(UPDATE_FACT).bind(number).execute(&mut *unit).await.unwrap();
                unit.commit().await.unwrap();
            }

            async fn ancestors(&self, number: i64) -> usize {
                let rows = sqlx::query(ANCESTORS).bind(number).fetch_all(&self.pool).await.unwrap();
                assert_eq!(rows.len(), 50);
                rows.iter()
                    .map(|row| row.get::<String, _>("body").len() + row.get::<i64, _>("depth") as usize)
                    .sum()
            }
        }
    };
}

sqlx_road!(Sqlite);
sqlx_road!(Postgres);
sqlx_road!(Any);

/// The common driver on SQLite, set up as the native one: write-ahead log, full durability.
pub(crate) async fn any_sqlite(path: &str) -> SqlxRoad<Any> {
    sqlx::any::install_default_drivers();
    let options = sqlx::any::AnyPoolOptions::new().max_connections(1).after_connect(|connection, _| {
        Box::pin(async move {
            let pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON";
            sqlx::raw_sql(pragmas).execute(connection).await.map(drop)
        })
    });
    let pool: AnyPool = options.connect(&format!("sqlite://{path}?mode=rwc")).await.unwrap();
    SqlxRoad { name: "sqlx Any on SQLite", pool, begin: "BEGIN IMMEDIATE" }
}

/// The native driver behind sqlx's own pool.
pub(crate) async fn native_sqlite(path: &str) -> SqlxRoad<Sqlite> {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
        .synchronous(sqlx::sqlite::SqliteSynchronous::Full);
    let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    SqlxRoad { name: "sqlx native on SQLite", pool, begin: "BEGIN IMMEDIATE" }
}

pub(crate) async fn any_postgres(url: &str) -> SqlxRoad<Any> {
    sqlx::any::install_default_drivers();
    let pool = sqlx::any::AnyPoolOptions::new().max_connections(1).connect(url).await.unwrap();
    SqlxRoad { name: "sqlx Any on PostgreSQL", pool, begin: "BEGIN" }
}

pub(crate) async fn native_postgres(url: &str) -> SqlxRoad<Postgres> {
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(url).await.unwrap();
    SqlxRoad { name: "sqlx native on PostgreSQL", pool, begin: "BEGIN" }
}

/// Medians and 95th percentiles of `turns` turns and as many reads, one after the other, after a warm-up.
pub(crate) async fn measure(road: &impl Road, turns: i64) -> String {
    road.prepare().await;
    for number in 1..=100 {
        road.turn(number).await;
        if number >= 50 {
            std::hint::black_box(road.ancestors(number).await);
        }
    }
    let mut writing = Vec::new();
    let mut reading = Vec::new();
    for number in 101..=100 + turns {
        let started = Instant::now();
        road.turn(number).await;
        writing.push(started.elapsed());
        let started = Instant::now();
        std::hint::black_box(road.ancestors(number).await);
        reading.push(started.elapsed());
    }
    let figures = [
        percentile(&mut writing, 50),
        percentile(&mut writing, 95),
        percentile(&mut reading, 50),
        percentile(&mut reading, 95),
    ];
    let [turn, slow_turn, read, slow_read] = figures.map(|figure| figure.as_secs_f64() * 1e6);
    format!("| {} | {turn:.0} | {slow_turn:.0} | {read:.0} | {slow_read:.0} |", road.name())
}

fn percentile(samples: &mut [Duration], percent: usize) -> Duration {
    samples.sort_unstable();
    samples[(samples.len() - 1) * percent / 100]
}
