//! SQLite databases are backed up as one image of one instant, and a proof opens what came back.

mod damage;
mod shapes;
mod unchanged;
mod writers;

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use chassis::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use keeper::backup::{
    Piece,
    freeze::{
        Frozen, Part, Staging,
        sqlite::{freeze, write_image},
    },
    proof::{self, Finding},
    record::Item,
};
use rusqlite::Connection;
use tempfile::TempDir;
use testkit::disk::SmallDisk;
use tokio_util::sync::CancellationToken;

/// A folder with a database, a scratch folder, and a clock that is far enough ahead for nothing to be racy.
struct Scene {
    folder: TempDir,
    clock: Clock,
    stop: CancellationToken,
}

/// How an image is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Stream,
    File,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["source", "scratch"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let ahead = Clock::system().now() + SignedDuration::from_hours(1);
        Self { folder, clock: Clock::fixed(ahead), stop: CancellationToken::new() }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("source/shop.db")
    }

    fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }

    fn open(&self) -> Connection {
        Connection::open(self.database()).unwrap()
    }

    fn freeze(&self, way: Way) -> anyhow::Result<Frozen> {
        let scratch = self.scratch();
        let staging = match way {
            Way::Stream => Staging::Stream(&scratch),
            Way::File => Staging::File(&scratch),
        };
        freeze(&self.database(), "shop", staging, &self.clock, &self.stop)
    }

    /// Backs up and "restores": the item as recorded, and the file.
    fn back_up(&self, way: Way) -> (Item, PathBuf) {
        let frozen = self.freeze(way).unwrap();
        let (item, bytes) = read(&frozen.parts[0]).unwrap();
        let restored = self.folder.path().join(format!("restored-{way:?}.db"));
        fs::write(&restored, bytes).unwrap();
        fs::set_permissions(&restored, PermissionsExt::from_mode(0o400)).unwrap();
        (item, restored)
    }

    fn prove(&self, item: &Item, restored: &Path) -> Vec<Finding> {
        proof::sqlite::prove(item, restored, &self.stop).unwrap()
    }
}

/// Reads a part as a repository does.
fn read(part: &Part) -> io::Result<(Item, Vec<u8>)> {
    let Some(Piece::Stream(stream)) = part.piece() else { panic!("no piece of {part:?}") };
    let (mut bytes, size) = (Vec::new(), stream.size_bytes);
    (stream.open)()?.read_to_end(&mut bytes)?;
    assert_eq!(bytes.len(), usize::try_from(size).unwrap());
    Ok((part.known().unwrap(), bytes))
}

fn good(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.good)
}

fn texts(findings: &[Finding]) -> String {
    let mark =
        |finding: &Finding| format!("{} {}\n", if finding.good { "good" } else { "bad " }, finding.text);
    findings.iter().map(mark).collect()
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn modified(path: &Path) -> Timestamp {
    File::open(path).unwrap().metadata().unwrap().modified().unwrap().try_into().unwrap()
}

/// What the stock program says.
fn sqlite3(database: &Path, sql: &str) -> String {
    let output = Command::new("sqlite3").arg(database).arg(sql).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_plain_copy_opens_with_the_stock_program_where_nothing_can_be_written() {
    let scene = Scene::new();
    let source = scene.open();
    source
        .execute_batch(
            "PRAGMA journal_mode = WAL; CREATE TABLE sessions (id); INSERT INTO sessions VALUES (1), (2);",
        )
        .unwrap();
    let folder = scene.folder.path().join("backup");
    let copy = folder.join("loom-20260302.db");
    for rows in [2, 3] {
        let item = write_image(&scene.database(), &copy, &scene.clock, &scene.stop).unwrap();
        assert_eq!((item.at.as_str(), item.rows["sessions"]), ("loom-20260302.db", rows));
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&folder, PermissionsExt::from_mode(0o500)).unwrap();
        assert_eq!(sqlite3(&copy, "SELECT COUNT(*) FROM sessions;"), format!("{rows}\n"));
        assert_eq!(sqlite3(&copy, "PRAGMA integrity_check; PRAGMA journal_mode;"), "ok\ndelete\n");
        let findings = scene.prove(&item, &copy);
        assert!(good(&findings), "{}", texts(&findings));
        assert_eq!(names(&folder), ["loom-20260302.db"]);
        fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
        source.execute_batch("INSERT INTO sessions VALUES (3)").unwrap();
    }
}

#[test]
fn trouble_is_one_sentence_that_says_what_to_do() {
    let scene = Scene::new();
    let said = |scene: &Scene| {
        let error = format!("{:#}", scene.freeze(Way::File).unwrap_err());
        error.replace(scene.folder.path().to_str().unwrap(), "")
    };
    assert_eq!(said(&scene), "there is no database at /source/shop.db");
    fs::create_dir(scene.database()).unwrap();
    assert_eq!(said(&scene), "/source/shop.db is not a file");
    fs::remove_dir(scene.database()).unwrap();
    scene.open().execute_batch("CREATE TABLE a (x)").unwrap();
    let holder = scene.open();
    holder.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;").unwrap();
    scene.stop.cancel();
    assert_eq!(said(&scene), "stopped");
    assert_eq!(names(&scene.scratch()), [""; 0]);
}

#[test]
fn stopping_ends_the_reading_and_lets_the_writer_go_on() {
    let scene = Scene::new();
    let source = scene.open();
    source
        .execute_batch(
            "PRAGMA journal_mode = WAL; CREATE TABLE a (x); INSERT INTO a VALUES (zeroblob(20000000));",
        )
        .unwrap();
    let frozen = scene.freeze(Way::Stream).unwrap();
    let Some(Piece::Stream(stream)) = frozen.parts[0].piece() else { panic!("no piece") };
    assert!(frozen.parts[0].piece().is_none(), "read once");
    let mut reader = (stream.open)().unwrap();
    reader.read_exact(&mut [0; 4096]).unwrap();
    scene.stop.cancel();
    let error = io::copy(&mut reader, &mut io::sink()).unwrap_err();
    assert_eq!(error.to_string(), "stopped");
    assert_eq!(frozen.parts[0].known(), None);
    drop(reader);
    // The log can be emptied only when nobody reads from it.
    let busy: i64 = source.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    assert_eq!(busy, 0);
}

#[test]
fn a_frozen_source_that_nobody_reads_is_let_go() {
    let scene = Scene::new();
    let source = scene.open();
    source.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a (x);").unwrap();
    drop(scene.freeze(Way::Stream).unwrap());
    let frozen = scene.freeze(Way::Stream).unwrap();
    let Some(Piece::Stream(stream)) = frozen.parts[0].piece() else { panic!("no piece") };
    drop((stream.open)().unwrap());
    source.execute_batch("INSERT INTO a VALUES (1)").unwrap();
    let busy: i64 = source.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    assert_eq!(busy, 0);
}

#[test]
fn a_full_disk_is_said_and_the_copy_of_before_stays() {
    let Some(disk) = SmallDisk::new(2 << 20) else { return };
    let scene = Scene::new();
    let source = scene.open();
    source.execute_batch("CREATE TABLE a (x); INSERT INTO a VALUES (1)").unwrap();
    let copy = disk.path().join("copy.db");
    write_image(&scene.database(), &copy, &scene.clock, &scene.stop).unwrap();
    source.execute_batch("INSERT INTO a VALUES (randomblob(5000000))").unwrap();
    let error = write_image(&scene.database(), &copy, &scene.clock, &scene.stop).unwrap_err();
    let said = format!("{error:#}").replace(scene.folder.path().to_str().unwrap(), "");
    let place = disk.path().display();
    assert_eq!(
        said,
        format!(
            "the database /source/shop.db could not be backed up: the database could not be set aside in {place}: \
             No space left on device (os error 28)"
        )
    );
    assert_eq!(names(disk.path()), ["copy.db"]);
    assert_eq!(sqlite3(&copy, "SELECT COUNT(*) FROM a"), "1\n");
}
