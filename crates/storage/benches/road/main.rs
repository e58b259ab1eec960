//! Compares the ways to the database on the turn path: sqlx's common driver, its native drivers, and this crate.
//!
//! `cargo bench -p storage --bench road`; the figures that decided are in `docs/storage-road.md`.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a report for people; a failure may stop it")]

mod turn;

use chassis::clock::Clock;
use storage::{Database, DatabaseSettings, params};
use testkit::TempDb;
use turn::{
    ANCESTORS, AT, INSERT_FACT, INSERT_LEDGER, INSERT_OUTBOX, INSERT_SESSION, INSERT_TURN, Road, SCHEMA,
    SELECT_PARENT, SELECT_SESSION, UPDATE_FACT, UPDATE_SESSION, measure, story,
};

const TURNS: i64 = 1_000;
/// Turns in one unit of work, as a group commit writes them.
const GROUP: i64 = 16;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    println!("microseconds, {TURNS} turns each\n");
    println!(
        "| road | turn, median | turn, p95 | 50-row read, median | 50-row read, p95 |\n|---|---|---|---|---|"
    );
    let path = |temporary: &TempDb| temporary.path().unwrap().display().to_string();
    let temporary = TempDb::sqlite();
    println!("{}", measure(&turn::any_sqlite(&path(&temporary)).await, TURNS).await);
    let temporary = TempDb::sqlite();
    println!("{}", measure(&turn::native_sqlite(&path(&temporary)).await, TURNS).await);
    let temporary = TempDb::sqlite();
    let database = open(&temporary).await;
    println!("{}", measure(&OurRoad(database.clone()), TURNS).await);
    println!("{}", grouped(&database, false).await);
    println!("{}", grouped(&database, true).await);
    database.close().await;
    let (Some(any), Some(native), Some(ours)) =
        (TempDb::postgres().await, TempDb::postgres().await, TempDb::postgres().await)
    else {
        return;
    };
    println!("{}", measure(&turn::any_postgres(&any.url).await, TURNS).await);
    println!("{}", measure(&turn::native_postgres(&native.url).await, TURNS).await);
    let database = open(&ours).await;
    println!("{}", measure(&OurRoad(database.clone()), TURNS).await);
    println!("{}", grouped(&database, false).await);
    println!("{}", grouped(&database, true).await);
    database.close().await;
}

async fn open(temporary: &TempDb) -> Database {
    Database::open(&DatabaseSettings::at(&temporary.url), Clock::system()).await.unwrap()
}

struct OurRoad(Database);

impl Road for OurRoad {
    fn name(&self) -> String {
        format!("this crate on {}", self.0.backend())
    }

    async fn prepare(&self) {
        for sql in SCHEMA.into_iter().chain([INSERT_SESSION]) {
            self.0.execute(sql, &[]).await.unwrap();
        }
    }

    async fn turn(&self, number: i64) {
        let mut unit = self.0.begin().await.unwrap();
        write_turn(&mut unit, number).await;
        unit.commit().await.unwrap();
    }

    async fn ancestors(&self, number: i64) -> usize {
        let rows = self.0.fetch_all(ANCESTORS, &params![number]).await.unwrap();
        assert_eq!(rows.len(), 50);
        rows.iter()
            .map(|row| row.get::<String>("body").unwrap().len() + row.get::<i64>("depth").unwrap() as usize)
            .sum()
    }
}

async fn write_turn(unit: &mut storage::Transaction, number: i64) {
    let session = unit.fetch_one(SELECT_SESSION, &params![1]).await.unwrap();
    std::hint::black_box(session.get::<String>("title").unwrap());
    let parent = unit.fetch_optional(SELECT_PARENT, &params![number - 1]).await.unwrap();
    std::hint::black_box(parent.map(|row| row.get::<String>("body").unwrap()));
    unit.execute(INSERT_TURN, &params![number, number - 1, 1, story()]).await.unwrap();
    unit.execute(INSERT_FACT, &params![number, number, "it rains", 0.5]).await.unwrap();
    unit.execute(INSERT_LEDGER, &params![number, number, 900, AT]).await.unwrap();
    unit.execute(INSERT_OUTBOX, &params![number, "{}"]).await.unwrap();
    unit.execute(UPDATE_SESSION, &params![1]).await.unwrap();
    unit.execute(UPDATE_FACT, &params![number]).await.unwrap();
}

/// What one turn costs when `GROUP` of them share a commit, bare or each behind its own savepoint.
async fn grouped(database: &Database, savepoints: bool) -> String {
    let groups = TURNS / GROUP;
    let first = if savepoints { 200_000 } else { 100_000 };
    let started = std::time::Instant::now();
    for group in 0..groups {
        let mut unit = database.begin().await.unwrap();
        for number in 0..GROUP {
            let savepoint = if savepoints { Some(unit.savepoint().await.unwrap()) } else { None };
            write_turn(&mut unit, first + group * GROUP + number).await;
            if let Some(savepoint) = savepoint {
                unit.release(savepoint).await.unwrap();
            }
        }
        unit.commit().await.unwrap();
    }
    let each = started.elapsed().as_secs_f64() * 1e6 / (groups * GROUP) as f64;
    let how = if savepoints { "behind savepoints" } else { "bare" };
    format!(
        "| this crate on {}, {GROUP} turns a commit, {how} (mean) | {each:.0} | | | |",
        database.backend()
    )
}
