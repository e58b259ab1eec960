//! Slow statements are written down in the background, without their parameters and without end.

use std::time::Duration;

use chassis::clock::{Clock, parse_utc_text};
use storage::{Database, DatabaseSettings, MIGRATIONS, migrate, params};
use testkit::TempDb;

use crate::{count, open, settings};

async fn migrated(temporary: &TempDb, slow_query: Duration) -> Database {
    let clock = Clock::fixed(parse_utc_text("2026-11-21 12:00:00.000").unwrap());
    let settings = DatabaseSettings { slow_query, ..settings(temporary) };
    let database = Database::open(&settings, clock).await.unwrap();
    migrate::up(&database, &[&MIGRATIONS]).await.unwrap();
    database
}

#[tokio::test]
async fn slow_statements_are_recorded_once_and_without_parameters() {
    for temporary in TempDb::each().await {
        let database = migrated(&temporary, Duration::ZERO).await;
        let sql = "SELECT count(*) AS held FROM slow_queries WHERE query = $1";
        for _ in 0..3 {
            database.fetch_all(sql, &params!["a secret of the player"]).await.unwrap();
        }
        database.close().await;

        // Closing waits for the recorder, so what is there now is all there will be.
        let database = open(&temporary).await;
        let rows =
            database.fetch_all("SELECT query, duration, timestamp FROM slow_queries", &[]).await.unwrap();
        assert_eq!(rows.len(), 3, "the recorder must not record itself");
        for row in rows {
            assert_eq!(row.get::<String>("query").unwrap(), sql);
            assert!((0.0..60_000.0).contains(&row.get::<f64>("duration").unwrap()));
            assert_eq!(row.get::<String>("timestamp").unwrap(), "2026-11-21 12:00:00.000");
        }
        database.close().await;
    }
}

#[tokio::test]
async fn fast_statements_are_not_recorded() {
    for temporary in TempDb::each().await {
        let database = migrated(&temporary, Duration::from_secs(3_600)).await;
        database.ping().await.unwrap();
        database.close().await;
        let database = open(&temporary).await;
        assert_eq!(count(&database, "slow_queries").await, 0);
        database.close().await;
    }
}

#[tokio::test]
async fn only_the_newest_are_kept() {
    for temporary in TempDb::each().await {
        let database = migrated(&temporary, Duration::from_secs(3_600)).await;
        let fill = "INSERT INTO slow_queries (query, duration, timestamp) WITH RECURSIVE numbers (n) AS \
                    (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10020) \
                    SELECT 'old', 1.0, '2026-01-01 ' || CAST(100000 + n AS TEXT) FROM numbers";
        assert_eq!(database.execute(fill, &[]).await.unwrap(), 10_020);
        database.close().await;
        let database = migrated(&temporary, Duration::ZERO).await;
        database.ping().await.unwrap();
        database.close().await;
        let database = open(&temporary).await;
        assert_eq!(count(&database, "slow_queries").await, 10_000);
        assert_eq!(count(&database, "slow_queries WHERE query <> 'old'").await, 1);
        database.close().await;
    }
}

/// The maintenance plan's own line, word for word.
#[tokio::test]
async fn the_maintenance_query_works() {
    let temporary = TempDb::sqlite();
    let database = open(&temporary).await;
    migrate::up(&database, &[&MIGRATIONS]).await.unwrap();
    let recent = Clock::system().now_text();
    let insert = "INSERT INTO slow_queries (query, duration, timestamp) VALUES ($1, 300.5, $2)";
    database.execute(insert, &params!["SELECT 1", &recent]).await.unwrap();
    database.execute(insert, &params!["SELECT 2", "2020-01-01 00:00:00.000"]).await.unwrap();
    let plan = "SELECT query, duration FROM slow_queries WHERE timestamp > datetime('now', '-7 days');";
    let rows = database.fetch_all(plan, &[]).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].get::<String>("query").unwrap(), "SELECT 1");
    database.close().await;
}
