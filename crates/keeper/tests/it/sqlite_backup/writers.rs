//! Backups of a database that is being written: each image is whole and of one instant.

use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{Scene, Way, good, texts};

const ROWS_A_SECOND: u64 = 500;
const BACKUPS: usize = 20;

/// Writes numbered rows, each in a transaction of its own, into two tables at once.
struct Writer {
    thread: Option<JoinHandle<Duration>>,
    ended: Arc<AtomicBool>,
    committed: Arc<AtomicU64>,
}

impl Writer {
    fn start(scene: &Scene, journal: &str) -> Self {
        let source = scene.open();
        source.busy_timeout(Duration::from_secs(30)).unwrap();
        source.pragma_update(None, "journal_mode", journal).unwrap();
        source.execute_batch("PRAGMA synchronous = OFF; CREATE TABLE a (n INTEGER PRIMARY KEY, x); CREATE TABLE b (n, x); CREATE INDEX i ON b (n);").unwrap();
        let (ended, committed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (end, count) = (ended.clone(), committed.clone());
        let thread = Some(thread::spawn(move || write(&source, &end, &count)));
        Self { thread, ended, committed }
    }

    fn committed(&self) -> u64 {
        self.committed.load(Ordering::SeqCst)
    }

    /// Ends the writing: the longest that one commit took.
    fn end(mut self) -> Duration {
        self.ended.store(true, Ordering::SeqCst);
        self.thread.take().unwrap().join().unwrap()
    }
}

fn write(source: &Connection, ended: &AtomicBool, committed: &AtomicU64) -> Duration {
    let (started, mut longest) = (Instant::now(), Duration::ZERO);
    for n in 1_u64.. {
        if ended.load(Ordering::SeqCst) {
            break;
        }
        let due = Duration::from_micros(n * 1_000_000 / ROWS_A_SECOND);
        // The rate at which rows come is what is being tested.
        thread::sleep(due.saturating_sub(started.elapsed()));
        let before = Instant::now();
        let sql = format!(
            "BEGIN IMMEDIATE; INSERT INTO a VALUES ({n}, randomblob(300)); INSERT INTO b VALUES ({n}, randomblob(30)); COMMIT;"
        );
        source.execute_batch(&sql).unwrap();
        longest = longest.max(before.elapsed());
        committed.store(n, Ordering::SeqCst);
    }
    longest
}

/// The image holds rows 1 to some number, in both tables, not fewer than were committed when it was asked for and not
/// more than when it was done.
fn check_prefix(image: &std::path::Path, at_least: u64, at_most: u64) {
    let image = Connection::open_with_flags(image, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let sql = "SELECT (SELECT COUNT(*) FROM a), (SELECT ifnull(MAX(n), 0) FROM a), (SELECT COUNT(*) FROM b), (SELECT ifnull(MAX(n), 0) FROM b)";
    let (count_a, last_a, count_b, last_b): (i64, i64, i64, i64) =
        image.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
    assert_eq!((count_a, count_b, last_b), (last_a, last_a, last_a));
    let last_a = u64::try_from(last_a).unwrap();
    assert!((at_least..=at_most).contains(&last_a), "{last_a} is not of {at_least} to {at_most}");
}

/// Takes backups while rows come; something else happens to the database between them.
#[expect(clippy::print_stdout, reason = "the figure is worth reading")]
fn storm(journal: &str, way: Way, between: fn(&Connection, usize)) -> Duration {
    let scene = Scene::new();
    let writer = Writer::start(&scene, journal);
    let other = scene.open();
    other.busy_timeout(Duration::from_secs(30)).unwrap();
    for round in 0..BACKUPS {
        let before = writer.committed();
        let deadline = Instant::now() + Duration::from_secs(20);
        while writer.committed() < before + 20 {
            assert!(Instant::now() < deadline, "the writer is stuck at {}", writer.committed());
            thread::yield_now();
        }
        between(&other, round);
        let at_least = writer.committed();
        let (item, restored) = scene.back_up(way);
        // The row being committed may be in it already.
        let at_most = writer.committed() + 1;
        let findings = scene.prove(&item, &restored);
        assert!(good(&findings) && item.damage.is_none(), "round {round}:\n{}", texts(&findings));
        let alone = tempfile::tempdir().unwrap();
        let alone = alone.path().join("x.db");
        fs::rename(&restored, &alone).unwrap();
        check_prefix(&alone, at_least, at_most);
    }
    let longest = writer.end();
    println!("{journal} {way:?}: the longest commit took {longest:?}");
    longest
}

fn nothing(_: &Connection, _: usize) {}

fn upkeep(other: &Connection, round: usize) {
    match round % 3 {
        0 => drop(other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))),
        1 => other.execute_batch("VACUUM").unwrap(),
        _ => other.execute_batch("CREATE TABLE IF NOT EXISTS c (x); DROP TABLE c; ANALYZE;").unwrap(),
    }
}

#[test]
fn a_wal_writer_is_never_kept_waiting() {
    let longest = storm("WAL", Way::Stream, nothing);
    assert!(longest < Duration::from_secs(2), "a commit took {longest:?}");
}

#[test]
fn a_wal_writer_with_checkpoints_and_vacuum_in_between() {
    storm("WAL", Way::File, upkeep);
    storm("WAL", Way::Stream, upkeep);
}

#[test]
fn a_rollback_journal_writer_waits_no_longer_than_the_image_is_set_aside() {
    let longest = storm("DELETE", Way::Stream, nothing);
    assert!(longest < Duration::from_secs(5), "a commit took {longest:?}");
    storm("DELETE", Way::File, upkeep);
}

#[test]
fn a_database_that_is_deleted_and_made_anew_while_it_is_read() {
    let scene = Scene::new();
    let source = scene.open();
    source.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a (n, x); CREATE TABLE b (n, x);").unwrap();
    let frozen = scene.freeze(Way::Stream).unwrap();
    drop(source);
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(scene.folder.path().join(format!("source/shop.db{ending}")));
    }
    scene.open().execute_batch("CREATE TABLE other (x)").unwrap();
    let (item, _) = super::read(&frozen.parts[0]).unwrap();
    assert_eq!(item.rows.keys().collect::<Vec<_>>(), ["a", "b"]);
    let (item, restored) = scene.back_up(Way::Stream);
    assert_eq!(item.rows.keys().collect::<Vec<_>>(), ["other"]);
    assert!(good(&scene.prove(&item, &restored)));
}

/// Another process writes, with the stock program, and is killed in the middle of it.
fn check_another_process(journal: &str, way: Way) {
    let scene = Scene::new();
    let settings =
        format!("PRAGMA journal_mode = {journal}; PRAGMA synchronous = OFF; PRAGMA cache_size = 5;");
    scene
        .open()
        .execute_batch(&format!(
            "{settings} CREATE TABLE a (n INTEGER PRIMARY KEY, x); CREATE TABLE b (n, x);"
        ))
        .unwrap();
    let mut child = Command::new("sqlite3")
        .arg(scene.database())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, ".timeout 30000\n{settings}").unwrap();
    let (sent, mut rounds) = (AtomicU64::new(0), 0);
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1_u64.. {
                let row = format!("BEGIN IMMEDIATE; INSERT INTO a VALUES ({n}, randomblob(3000)); INSERT INTO b VALUES ({n}, randomblob(30)); COMMIT;");
                sent.store(n, Ordering::SeqCst);
                if ended.load(Ordering::SeqCst) || writeln!(input, "{row}").is_err() {
                    break;
                }
            }
            // Most of it spills into the file before it could be committed, and it never is.
            let long = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT -i, randomblob(900) FROM n";
            let _ = writeln!(input, "BEGIN; INSERT INTO a {long}; COMMIT;");
        });
        while rounds < 6 {
            let (item, restored) = scene.back_up(way);
            let findings = scene.prove(&item, &restored);
            assert!(good(&findings), "{}", texts(&findings));
            let alone = scene.folder.path().join("alone.db");
            fs::rename(&restored, &alone).unwrap();
            check_prefix(&alone, 0, sent.load(Ordering::SeqCst));
            rounds += 1;
        }
        ended.store(true, Ordering::SeqCst);
    });
    let spilled = scene.folder.path().join(if journal == "WAL" {
        "source/shop.db-wal"
    } else {
        "source/shop.db-journal"
    });
    let (before, deadline) =
        (fs::metadata(&spilled).map_or(0, |file| file.len()), Instant::now() + Duration::from_secs(20));
    while fs::metadata(&spilled).map_or(0, |file| file.len()) <= before + 100_000 && journal == "WAL" {
        assert!(Instant::now() < deadline, "nothing spills");
        thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (item, restored) = scene.back_up(way);
    let findings = scene.prove(&item, &restored);
    assert!(good(&findings), "{}", texts(&findings));
    check_prefix(&restored, 1, sent.load(Ordering::SeqCst));
}

#[test]
fn another_process_writes_and_is_killed() {
    check_another_process("WAL", Way::Stream);
    check_another_process("DELETE", Way::File);
}
