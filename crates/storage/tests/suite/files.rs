//! What can happen to a file: permissions, damage, a full or read-only disk; and copies of it.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use chassis::clock::Clock;
use storage::{Database, DatabaseSettings, StorageError, params};
use testkit::TempDb;
use testkit::disk::SmallDisk;

use crate::{INSERT_NOTE, note_ids, open, settings, with_notes};

async fn open_at(url: String) -> Result<Database, StorageError> {
    Database::open(&DatabaseSettings::at(url), Clock::system()).await
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_missing_file_and_its_folder_are_created_for_the_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new/deeper/loom.db");
    let database = open_at(format!("sqlite:{}", file.display())).await.unwrap();
    database.execute("CREATE TABLE t (a TEXT)", &[]).await.unwrap();
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(&file.with_extension("db-wal")), 0o600);
    assert_eq!(mode(file.parent().unwrap()), 0o700);
    for (pragma, expected) in [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1")] {
        let sql = format!("SELECT CAST({pragma} AS TEXT) AS held FROM pragma_{pragma}");
        let row = database.fetch_one(&sql, &[]).await.unwrap();
        assert_eq!(row.get::<String>("held").unwrap(), expected, "{pragma}");
    }
    database.close().await;
    assert!(!file.with_extension("db-wal").exists(), "closing folds the log into the file");
}

#[tokio::test]
async fn memory_needs_no_file() {
    let database = open_at("sqlite::memory:".to_owned()).await.unwrap();
    database.execute("CREATE TABLE t (a TEXT)", &[]).await.unwrap();
    database.execute("INSERT INTO t (a) VALUES ($1)", &params!["x"]).await.unwrap();
    assert_eq!(crate::count(&database, "t").await, 1);
    let folder = tempfile::tempdir().unwrap();
    database.snapshot_to(&folder.path().join("copy.db")).await.unwrap();
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn starters_at_the_same_moment_all_start() {
    let temporary = TempDb::sqlite();
    let starters: Vec<_> = (0..8)
        .map(|_| {
            let settings = settings(&temporary);
            tokio::spawn(async move { Database::open(&settings, Clock::system()).await })
        })
        .collect();
    for starter in starters {
        starter.await.unwrap().unwrap().close().await;
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let inside = open_at(format!("sqlite:{}/loom.db", file.display())).await.err().unwrap().to_string();
    assert!(inside.contains("cannot open the database sqlite:"), "{inside}");

    // Port 1 of this machine: refused at once instead of after the pool's patience.
    let started = std::time::Instant::now();
    let refused =
        open_at("postgres://ann:hunter2@127.0.0.1:1/loom".to_owned()).await.err().unwrap().to_string();
    assert!(
        refused.starts_with("cannot open the database postgres://ann:***@127.0.0.1:1/loom: "),
        "{refused}"
    );
    assert!(started.elapsed().as_secs() < 5);
}

#[tokio::test]
async fn a_server_without_the_database_says_so() {
    let Some(temporary) = TempDb::postgres().await else { return };
    let url = temporary.url.replace("/test_", "/missing_");
    let error = open_at(url).await.err().unwrap().to_string();
    assert!(error.contains("does not exist"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_damaged() {
    let temporary = TempDb::sqlite();
    let path = temporary.path().unwrap();
    fs::write(&path, "this is a poem and not a database\n".repeat(200)).unwrap();
    let error = Database::open(&settings(&temporary), Clock::system()).await.err().unwrap();
    assert!(matches!(error, StorageError::Corrupt { .. }), "{error}");
    assert!(fs::read_to_string(&path).unwrap().starts_with("this is a poem"), "it must be left alone");
}

#[tokio::test]
async fn damage_inside_is_found() {
    let temporary = TempDb::sqlite();
    let database = with_notes(&temporary).await;
    let mut transaction = database.begin().await.unwrap();
    for id in 0..500 {
        transaction.execute(INSERT_NOTE, &params![id, "word ".repeat(40)]).await.unwrap();
    }
    transaction.commit().await.unwrap();
    assert_eq!(database.integrity_check().await.unwrap(), [""; 0]);
    database.close().await;

    let mut file = fs::OpenOptions::new().write(true).open(temporary.path().unwrap()).unwrap();
    file.seek(SeekFrom::Start(4096 * 5)).unwrap();
    file.write_all(&[0xA5; 4096]).unwrap();
    drop(file);
    let database = open(&temporary).await;
    match database.integrity_check().await {
        Ok(findings) => assert!(!findings.is_empty()),
        Err(error) => assert!(matches!(error, StorageError::Corrupt { .. }), "{error}"),
    }
    let read = database.fetch_all("SELECT body FROM note", &[]).await;
    assert!(matches!(read, Err(StorageError::Corrupt { .. })));
    database.close().await;
}

#[tokio::test]
async fn rows_that_refer_to_nothing_are_found() {
    let temporary = TempDb::sqlite();
    let database = open(&temporary).await;
    for sql in [
        "CREATE TABLE story (id BIGINT PRIMARY KEY)",
        "CREATE TABLE page (story BIGINT REFERENCES story (id))",
        "PRAGMA foreign_keys = OFF",
        "INSERT INTO page (story) VALUES (7)",
    ] {
        database.execute(sql, &[]).await.unwrap();
    }
    assert_eq!(database.integrity_check().await.unwrap(), ["row 1 of page refers to a missing row of story"]);
    database.close().await;
}

#[tokio::test]
async fn a_sound_server_has_no_findings() {
    let Some(temporary) = TempDb::postgres().await else { return };
    let database = with_notes(&temporary).await;
    assert_eq!(database.integrity_check().await.unwrap(), [""; 0]);
    let error = database.snapshot_to(Path::new("copy.db")).await.unwrap_err();
    assert_eq!(error.to_string(), "a snapshot into a file (use pg_dump) is not supported on PostgreSQL");
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_whole_while_others_write() {
    let temporary = TempDb::sqlite();
    let database = with_notes(&temporary).await;
    let writing = {
        let database = database.clone();
        tokio::spawn(async move {
            for id in 0..300_i64 {
                let mut transaction = database.begin().await.unwrap();
                transaction.execute(INSERT_NOTE, &params![id * 2, "even"]).await.unwrap();
                transaction.execute(INSERT_NOTE, &params![id * 2 + 1, "odd"]).await.unwrap();
                transaction.commit().await.unwrap();
            }
        })
    };
    let folder = tempfile::tempdir().unwrap();
    for number in 0..5 {
        let copy = folder.path().join(format!("copy{number}.db"));
        database.snapshot_to(&copy).await.unwrap();
        assert_eq!(mode(&copy), 0o600);
        let opened = open_at(format!("sqlite:{}", copy.display())).await.unwrap();
        assert_eq!(opened.integrity_check().await.unwrap(), [""; 0]);
        assert_eq!(note_ids(&opened).await.len() % 2, 0, "half a unit of work was copied");
        opened.close().await;
    }
    writing.await.unwrap();
    let existing = folder.path().join("copy0.db");
    let refused = database.snapshot_to(&existing).await.unwrap_err().to_string();
    assert_eq!(refused, format!("cannot write a snapshot to {}: entity already exists", existing.display()));
    let nowhere = database.snapshot_to(&folder.path().join("missing/copy.db")).await.unwrap_err();
    assert!(matches!(nowhere, StorageError::File { .. }), "{nowhere}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5, "no unfinished copies are left");
    database.close().await;
}

/// A full disk refuses the unit of work, harms nothing that was kept, and the same handle goes on once there is room.
#[tokio::test]
async fn a_full_disk_is_survived() {
    let Some(disk) = SmallDisk::new(2 << 20) else { return };
    let database = open_at(format!("sqlite:{}/loom.db", disk.path().display())).await.unwrap();
    database.execute("CREATE TABLE note (id BIGINT PRIMARY KEY, body TEXT NOT NULL)", &[]).await.unwrap();
    database.execute(INSERT_NOTE, &params![0, "before"]).await.unwrap();
    disk.fill(400_000).unwrap();

    let body = "x".repeat(50_000);
    let mut kept = vec![0];
    let mut refused = 0;
    for id in 1..40_i64 {
        let mut transaction = database.begin().await.unwrap();
        let outcome = match transaction.execute(INSERT_NOTE, &params![id, &body]).await {
            Ok(_) => transaction.commit().await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => kept.push(id),
            Err(error) => {
                assert!(matches!(error, StorageError::DiskFull { .. }), "{error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "the disk never filled");
    assert_eq!(note_ids(&database).await, kept);

    disk.make_room().unwrap();
    database.execute(INSERT_NOTE, &params![1_000, "after"]).await.unwrap();
    kept.push(1_000);
    assert_eq!(note_ids(&database).await, kept);
    assert_eq!(database.integrity_check().await.unwrap(), [""; 0]);
    database.close().await;
}

/// After a full disk took the whole unit of work, going back to a savepoint is refused instead of carrying on with
/// statements that would each be kept by themselves.
#[tokio::test]
async fn a_full_disk_takes_the_savepoints_with_it() {
    let Some(disk) = SmallDisk::new(1 << 20) else { return };
    let database = open_at(format!("sqlite:{}/loom.db", disk.path().display())).await.unwrap();
    database.execute("CREATE TABLE note (id BIGINT PRIMARY KEY, body TEXT NOT NULL)", &[]).await.unwrap();
    let mut transaction = database.begin().await.unwrap();
    transaction.execute(INSERT_NOTE, &params![1, "small"]).await.unwrap();
    let savepoint = transaction.savepoint().await.unwrap();
    let body = "x".repeat(20_000_000);
    let error = transaction.execute(INSERT_NOTE, &params![2, body]).await.unwrap_err();
    assert!(matches!(error, StorageError::DiskFull { .. }), "{error}");
    assert!(matches!(transaction.rollback_to(savepoint).await, Err(StorageError::Aborted)));
    assert!(matches!(transaction.execute(INSERT_NOTE, &params![3, "x"]).await, Err(StorageError::Aborted)));
    assert!(matches!(transaction.commit().await, Err(StorageError::Aborted)));
    assert_eq!(note_ids(&database).await, [0_i64; 0]);
    database.execute(INSERT_NOTE, &params![4, "after"]).await.unwrap();
    database.close().await;
}

#[tokio::test]
async fn a_read_only_folder_is_named() {
    let Some(disk) = SmallDisk::new(2 << 20) else { return };
    let url = format!("sqlite:{}/loom.db", disk.path().display());
    let database = open_at(url.clone()).await.unwrap();
    database.execute("CREATE TABLE t (a TEXT)", &[]).await.unwrap();
    database.close().await;
    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(disk.path()).status();
    assert!(remounted.unwrap().success());
    let error = open_at(url).await.err().unwrap();
    assert!(matches!(error, StorageError::ReadOnly { .. }), "{error}");
    let error = open_at(format!("sqlite:{}/other.db", disk.path().display())).await.err().unwrap();
    assert!(matches!(error, StorageError::ReadOnly { .. }), "{error}");
}
