//! Units of work: kept whole or not at all, however they end.

use chassis::clock::Clock;
use storage::{Backend, Database, DatabaseSettings, StorageError, params};
use testkit::TempDb;

use crate::{INSERT_NOTE, count, note_ids, open, with_notes};

#[tokio::test]
async fn committed_is_kept_and_the_rest_is_not() {
    for temporary in TempDb::each().await {
        let database = with_notes(&temporary).await;

        let mut kept = database.begin().await.unwrap();
        assert_eq!(kept.execute(INSERT_NOTE, &params![1, "kept"]).await.unwrap(), 1);
        let own = kept.fetch_one("SELECT body FROM note WHERE id = $1", &params![1]).await.unwrap();
        assert_eq!(own.get::<String>("body").unwrap(), "kept");
        assert_eq!(count(&database, "note").await, 0, "others must not see it yet");
        kept.commit().await.unwrap();

        let mut rolled_back = database.begin().await.unwrap();
        rolled_back.execute(INSERT_NOTE, &params![2, "rolled back"]).await.unwrap();
        rolled_back.rollback().await.unwrap();

        let mut dropped = database.begin().await.unwrap();
        dropped.execute(INSERT_NOTE, &params![3, "dropped"]).await.unwrap();
        drop(dropped);

        // On SQLite this waits for the one writer, so the drop has been dealt with when it returns.
        database.begin().await.unwrap().commit().await.unwrap();
        assert_eq!(note_ids(&database).await, [1]);
        database.close().await;
    }
}

#[tokio::test]
async fn a_failed_statement_fails_the_whole_unit() {
    for temporary in TempDb::each().await {
        let database = with_notes(&temporary).await;
        let mut transaction = database.begin().await.unwrap();
        transaction.execute(INSERT_NOTE, &params![1, "first"]).await.unwrap();
        let failed = transaction.execute(INSERT_NOTE, &params![1, "again"]).await;
        assert!(matches!(failed, Err(StorageError::Unique { .. })));
        let after = transaction.execute(INSERT_NOTE, &params![2, "second"]).await;
        assert!(matches!(after, Err(StorageError::Aborted)), "{after:?}");
        assert!(matches!(transaction.commit().await, Err(StorageError::Aborted)));
        assert_eq!(note_ids(&database).await, [0_i64; 0]);
        database.close().await;
    }
}

#[tokio::test]
async fn a_missing_row_fails_nothing() {
    for temporary in TempDb::each().await {
        let database = with_notes(&temporary).await;
        let mut transaction = database.begin().await.unwrap();
        let none = transaction.fetch_one("SELECT id FROM note", &[]).await;
        assert!(matches!(none, Err(StorageError::MissingRow { .. })));
        transaction.execute(INSERT_NOTE, &params![1, "still fine"]).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(note_ids(&database).await, [1]);
        database.close().await;
    }
}

/// Many turns in one unit of work, each behind its own savepoint: one that fails takes nobody with it.
#[tokio::test]
async fn savepoints_keep_neighbours_apart() {
    for temporary in TempDb::each().await {
        let database = with_notes(&temporary).await;
        let mut transaction = database.begin().await.unwrap();
        for id in 0..60_i64 {
            let savepoint = transaction.savepoint().await.unwrap();
            transaction.execute(INSERT_NOTE, &params![id, "a"]).await.unwrap();
            let clashing = if id % 3 == 0 { id } else { id + 1_000 };
            match transaction.execute(INSERT_NOTE, &params![clashing, "b"]).await {
                Ok(_) => transaction.release(savepoint).await.unwrap(),
                Err(_) => transaction.rollback_to(savepoint).await.unwrap(),
            }
        }
        transaction.commit().await.unwrap();
        let kept: Vec<i64> = (0..60).filter(|id| id % 3 != 0).collect();
        let expected: Vec<i64> = kept.iter().copied().chain(kept.iter().map(|id| id + 1_000)).collect();
        assert_eq!(note_ids(&database).await, expected);
        database.close().await;
    }
}

#[tokio::test]
async fn savepoints_nest() {
    for temporary in TempDb::each().await {
        let database = with_notes(&temporary).await;
        let mut transaction = database.begin().await.unwrap();
        let outer = transaction.savepoint().await.unwrap();
        transaction.execute(INSERT_NOTE, &params![1, "outer"]).await.unwrap();
        let inner = transaction.savepoint().await.unwrap();
        transaction.execute(INSERT_NOTE, &params![2, "inner"]).await.unwrap();
        transaction.rollback_to(inner).await.unwrap();
        let inner = transaction.savepoint().await.unwrap();
        transaction.execute(INSERT_NOTE, &params![3, "inner again"]).await.unwrap();
        transaction.release(outer).await.unwrap();
        let stale = transaction.rollback_to(inner).await;
        assert!(matches!(stale, Err(StorageError::StaleSavepoint)), "ended with the outer one");
        transaction.commit().await.unwrap();
        assert_eq!(note_ids(&database).await, [1, 3]);

        let mut first = database.begin().await.unwrap();
        let foreign = first.savepoint().await.unwrap();
        first.commit().await.unwrap();
        let mut second = database.begin().await.unwrap();
        second.savepoint().await.unwrap();
        assert!(matches!(second.release(foreign).await, Err(StorageError::StaleSavepoint)));
        second.rollback().await.unwrap();
        database.close().await;
    }
}

/// A future that is given up half-way leaves a unit of work that can only be rolled back, to a savepoint or whole.
#[tokio::test]
async fn a_statement_cut_off_is_a_failed_one() {
    for temporary in TempDb::each().await {
        let database = with_notes(&temporary).await;
        let mut transaction = database.begin().await.unwrap();
        transaction.execute(INSERT_NOTE, &params![1, "before"]).await.unwrap();
        let savepoint = transaction.savepoint().await.unwrap();
        // Long enough that it cannot be done by the time it has been polled once.
        let long = "INSERT INTO note (id, body) WITH RECURSIVE numbers (n) AS \
                    (SELECT CAST(1000 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < 200000) \
                    SELECT n, 'cut off' FROM numbers";
        poll_once(transaction.execute(long, &[])).await;
        let after = transaction.execute(INSERT_NOTE, &params![3, "after"]).await;
        assert!(matches!(after, Err(StorageError::Aborted)));
        transaction.rollback_to(savepoint).await.unwrap();
        transaction.execute(INSERT_NOTE, &params![4, "rescued"]).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(note_ids(&database).await, [1, 4]);
        database.close().await;
    }
}

/// Beginning and committing can be given up at any point as well; nothing stays locked and nothing is half kept.
#[tokio::test]
async fn given_up_units_leave_no_lock() {
    for temporary in TempDb::each().await {
        let database = with_notes(&temporary).await;
        for id in 0..20_i64 {
            poll_once(database.begin()).await;
            poll_once(database.execute(INSERT_NOTE, &params![100 + id, "perhaps"])).await;
            let mut transaction = database.begin().await.unwrap();
            transaction.execute(INSERT_NOTE, &params![id, "a"]).await.unwrap();
            transaction.execute(INSERT_NOTE, &params![id + 1_000, "b"]).await.unwrap();
            poll_once(transaction.commit()).await;
        }
        database.execute(INSERT_NOTE, &params![5_000, "the end"]).await.unwrap();
        let ids = note_ids(&database).await;
        for id in 0..20 {
            assert_eq!(ids.contains(&id), ids.contains(&(id + 1_000)), "unit {id} was kept by half");
        }
        assert!(ids.contains(&5_000));
        database.close().await;
    }
}

/// A database in memory lives in its one connection, which must outlast every failed or given up unit of work.
#[tokio::test]
async fn memory_outlasts_given_up_units() {
    let database = Database::open(&DatabaseSettings::at("sqlite::memory:"), Clock::system()).await.unwrap();
    database.execute("CREATE TABLE note (id BIGINT PRIMARY KEY, body TEXT)", &[]).await.unwrap();
    for id in 0..10_i64 {
        poll_once(database.begin()).await;
        let mut transaction = database.begin().await.unwrap();
        transaction.execute(INSERT_NOTE, &params![id, "a"]).await.unwrap();
        poll_once(transaction.commit()).await;
        let mut failing = database.begin().await.unwrap();
        failing.execute("DELETE FROM nowhere", &[]).await.unwrap_err();
        drop(failing);
    }
    count(&database, "note").await;
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_writers_lose_nothing() {
    for temporary in TempDb::each().await {
        let database = with_notes(&temporary).await;
        database.execute(INSERT_NOTE, &params![0, "0"]).await.unwrap();
        let writers: Vec<_> = (1..=200_i64)
            .map(|id| {
                let database = database.clone();
                tokio::spawn(async move {
                    let mut transaction = database.begin().await?;
                    transaction.execute(INSERT_NOTE, &params![id, "written"]).await?;
                    let sql = "UPDATE note SET body = CAST(CAST(body AS BIGINT) + 1 AS TEXT) WHERE id = 0";
                    transaction.execute(sql, &[]).await?;
                    transaction.commit().await?;
                    database.fetch_one("SELECT body FROM note WHERE id = $1", &params![id]).await
                })
            })
            .collect();
        for writer in writers {
            let row = writer.await.unwrap().unwrap();
            assert_eq!(
                row.get::<String>("body").unwrap(),
                "written",
                "a writer must read its own row at once"
            );
        }
        assert_eq!(count(&database, "note").await, 201);
        let total = database.fetch_one("SELECT body FROM note WHERE id = 0", &[]).await.unwrap();
        assert_eq!(total.get::<String>("body").unwrap(), "200");
        database.close().await;
    }
}

#[tokio::test]
async fn a_reading_unit_sees_one_moment() {
    for temporary in TempDb::each().await {
        let database = with_notes(&temporary).await;
        database.execute(INSERT_NOTE, &params![1, "before"]).await.unwrap();
        let mut reading = database.begin_read().await.unwrap();
        let sql = "SELECT count(*) AS held FROM note";
        assert_eq!(reading.fetch_one(sql, &[]).await.unwrap().get::<i64>("held").unwrap(), 1);
        database.execute(INSERT_NOTE, &params![2, "during"]).await.unwrap();
        assert_eq!(reading.fetch_one(sql, &[]).await.unwrap().get::<i64>("held").unwrap(), 1);
        let written = reading.execute(INSERT_NOTE, &params![3, "by the reader"]).await;
        assert!(matches!(written, Err(StorageError::WriteInRead { .. })), "{written:?}");
        reading.rollback().await.unwrap();
        assert_eq!(note_ids(&database).await, [1, 2]);
        if database.backend() == Backend::Sqlite {
            let sneaked = database.fetch_all("DELETE FROM note RETURNING id", &[]).await;
            assert!(matches!(sneaked, Err(StorageError::WriteInRead { .. })));
        }
        database.close().await;
    }
}

#[tokio::test]
async fn a_closed_database_says_so() {
    for temporary in TempDb::each().await {
        let database = open(&temporary).await;
        database.ping().await.unwrap();
        let clone = database.clone();
        database.close().await;
        database.close().await;
        assert!(matches!(clone.ping().await, Err(StorageError::Closed)));
        assert!(matches!(clone.begin().await.err(), Some(StorageError::Closed)));
    }
}

/// Polls a future one time and drops it.
async fn poll_once<F: Future>(future: F) {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|context| {
        let _ = future.as_mut().poll(context);
        std::task::Poll::Ready(())
    })
    .await;
}
