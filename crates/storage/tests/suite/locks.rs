//! Somebody else holds the lock: the wait is bounded and reported.

use std::time::Duration;

use chassis::clock::Clock;
use storage::{Backend, Database, DatabaseSettings, StorageError, params};
use testkit::TempDb;

use crate::{INSERT_NOTE, note_ids, settings, with_notes};

const PATIENCE: Duration = Duration::from_millis(150);

async fn impatient(temporary: &TempDb) -> Database {
    let settings = DatabaseSettings { busy_timeout: PATIENCE, ..settings(temporary) };
    Database::open(&settings, Clock::system()).await.unwrap()
}

/// Two handles stand for two processes: each has its own writer.
#[tokio::test]
async fn a_lock_held_elsewhere_is_reported_with_the_time_waited() {
    for temporary in TempDb::each().await {
        let holder = with_notes(&temporary).await;
        holder.execute(INSERT_NOTE, &params![1, "first"]).await.unwrap();
        let other = impatient(&temporary).await;
        let change = "UPDATE note SET body = $1 WHERE id = 1";

        let mut holding = holder.begin().await.unwrap();
        holding.execute(change, &params!["held"]).await.unwrap();
        let error = match other.backend() {
            Backend::Sqlite => other.begin().await.err().unwrap(),
            Backend::Postgres => other.execute(change, &params!["second"]).await.unwrap_err(),
        };
        let StorageError::Locked { waited } = error else { panic!("{error}") };
        assert!(waited >= PATIENCE, "{waited:?}");
        assert!(waited < Duration::from_secs(20), "{waited:?}");
        assert!(StorageError::Locked { waited }.is_retryable());
        other.fetch_all("SELECT id FROM note", &[]).await.unwrap();

        holding.commit().await.unwrap();
        other.execute(INSERT_NOTE, &params![2, "after the lock"]).await.unwrap();
        assert_eq!(note_ids(&other).await, [1, 2]);
        other.close().await;
        holder.close().await;
    }
}

/// The message names the time, so that an operator can tell a busy moment from a stuck process.
#[test]
fn the_message_says_how_long() {
    let error = StorageError::Locked { waited: Duration::from_millis(5_004) };
    assert_eq!(
        error.to_string(),
        "the database was locked by another writer for 5004 ms: find who holds it, or raise the busy timeout"
    );
}

#[tokio::test]
async fn a_deadlock_is_a_conflict_to_be_run_again() {
    let Some(temporary) = TempDb::postgres().await else { return };
    let database = with_notes(&temporary).await;
    for id in [1, 2] {
        database.execute(INSERT_NOTE, &params![id, "x"]).await.unwrap();
    }
    let change = "UPDATE note SET body = 'y' WHERE id = $1";
    let mut one = database.begin().await.unwrap();
    let mut two = database.begin().await.unwrap();
    one.execute(change, &params![1]).await.unwrap();
    two.execute(change, &params![2]).await.unwrap();
    let cross = tokio::spawn(async move { one.execute(change, &params![2]).await });
    let second = two.execute(change, &params![1]).await;
    drop(two);
    let first = cross.await.unwrap();
    let lost = [first, second].into_iter().filter_map(Result::err).next().unwrap();
    assert!(matches!(lost, StorageError::Conflict { .. }), "{lost}");
    assert!(lost.is_retryable());
    database.close().await;
}
