//! A database that was written is never taken for unchanged.

use std::{fs, io::Write, time::Duration};

use chassis::clock::Clock;
use jiff::SignedDuration;
use keeper::backup::freeze::Frozen;
use proptest::prelude::*;
use rusqlite::Connection;

use super::{Scene, Way, modified, read};

/// What somebody does to a database between backups.
#[derive(Debug, Clone, Copy)]
enum Step {
    Insert,
    Update,
    BigInsert,
    Delete,
    Vacuum,
    Checkpoint,
    Truncate,
    Mode(bool),
    Recreate,
    Close,
    Nothing,
    /// The clock of the machine stands at one of a few instants, so that times come again.
    Clock(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Insert),
        4 => Just(Step::Update),
        1 => Just(Step::BigInsert),
        1 => Just(Step::Delete),
        1 => Just(Step::Vacuum),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Truncate),
        1 => any::<bool>().prop_map(Step::Mode),
        1 => Just(Step::Recreate),
        2 => Just(Step::Close),
        3 => Just(Step::Nothing),
        2 => (0..3_u8).prop_map(Step::Clock),
    ];
    prop::collection::vec(step, 1..12)
}

fn fresh(scene: &Scene) -> Connection {
    let source = scene.open();
    source.execute_batch("CREATE TABLE IF NOT EXISTS a (x); INSERT INTO a VALUES (zeroblob(100))").unwrap();
    source
}

fn act(scene: &Scene, source: &mut Option<Connection>, step: Step) {
    let open = source.get_or_insert_with(|| scene.open());
    let sql = match step {
        Step::Insert => "INSERT INTO a VALUES (randomblob(9))",
        Step::Update => "UPDATE a SET x = randomblob(100) WHERE rowid = 1",
        Step::BigInsert => "INSERT INTO a VALUES (randomblob(60000))",
        Step::Delete => "DELETE FROM a WHERE rowid > 2",
        Step::Vacuum => "VACUUM",
        Step::Checkpoint => "PRAGMA wal_checkpoint",
        Step::Truncate => "PRAGMA wal_checkpoint(TRUNCATE)",
        Step::Mode(true) => "PRAGMA journal_mode = WAL",
        Step::Mode(false) => "PRAGMA journal_mode = DELETE",
        Step::Recreate => {
            *source = None;
            for ending in ["", "-wal", "-shm"] {
                let _ = fs::remove_file(scene.folder.path().join(format!("source/shop.db{ending}")));
            }
            *source = Some(fresh(scene));
            return;
        }
        Step::Close => {
            *source = None;
            return;
        }
        Step::Nothing | Step::Clock(_) => return,
    };
    open.execute_batch(sql).unwrap();
}

/// Gives the database the time that a clock would have given it that stands at `instant`, as coarse as one comes.
fn stamp(scene: &Scene, before: &[u8], instant: SignedDuration) {
    let time = jiff::Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365 * 50) + instant;
    let path = scene.database();
    if fs::read(&path).unwrap() != before {
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_modified(time.into()).unwrap();
    }
}

/// As a repository compares.
fn looks_like(new: &Frozen, old: &Frozen) -> bool {
    let (new, old) = (&new.parts[0], &old.parts[0]);
    new.look == old.look && new.item.size_bytes == old.item.size_bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Also where the times of the content come again, as under a clock that is set back. Times of change cannot be
    /// set by anybody.
    #[test]
    fn never_unchanged_after_a_write(script in steps()) {
        let scene = Scene::new();
        let mut source = Some(fresh(&scene));
        let mut instant = SignedDuration::ZERO;
        let mut seen: Vec<(Frozen, Vec<u8>)> = Vec::new();
        for step in script {
            if let Step::Clock(at) = step {
                instant = SignedDuration::from_secs(i64::from(at));
            }
            let before = fs::read(scene.database()).unwrap();
            act(&scene, &mut source, step);
            stamp(&scene, &before, instant);
            let frozen = scene.freeze(Way::Stream).unwrap();
            let (_, image) = read(&frozen.parts[0]).unwrap();
            for (old, old_image) in &seen {
                prop_assert!(!looks_like(&frozen, old) || image == *old_image, "{step:?} was not seen");
            }
            seen.push((frozen, image));
        }
    }
}

#[test]
fn an_unchanged_database_looks_the_same() {
    for journal in ["WAL", "DELETE"] {
        let scene = Scene::new();
        let source = scene.open();
        source.execute_batch(&format!("PRAGMA journal_mode = {journal}; CREATE TABLE a (x);")).unwrap();
        let first = scene.freeze(Way::Stream).unwrap();
        assert!(looks_like(&scene.freeze(Way::File).unwrap(), &first), "{journal}");
        drop(source);
        let closed = scene.freeze(Way::Stream).unwrap();
        // Reading a closed database in WAL mode makes an empty log.
        assert!(looks_like(&scene.freeze(Way::Stream).unwrap(), &closed), "{journal}");
        scene.open().execute_batch("INSERT INTO a VALUES (1)").unwrap();
        assert!(!looks_like(&scene.freeze(Way::Stream).unwrap(), &closed), "{journal}");
    }
}

#[test]
fn what_was_written_just_now_is_read_again() {
    let mut scene = Scene::new();
    scene.open().execute_batch("CREATE TABLE a (x)").unwrap();
    let written = modified(&scene.database());
    let same_after = |scene: &mut Scene, seconds: i64| {
        scene.clock = Clock::fixed(written + SignedDuration::from_millis(seconds * 1_000 + 100));
        let (first, second) = (scene.freeze(Way::File).unwrap(), scene.freeze(Way::File).unwrap());
        looks_like(&second, &first)
    };
    assert!(!same_after(&mut scene, 0));
    assert!(!same_after(&mut scene, 1));
    assert!(same_after(&mut scene, 2));
    // A clock that was set back by a day makes everything racy, not unchanged.
    assert!(!same_after(&mut scene, -86_400));
    scene.clock.advance(Duration::from_secs(2 * 86_400));
    assert!(looks_like(&scene.freeze(Way::File).unwrap(), &scene.freeze(Way::File).unwrap()));
}

#[test]
fn a_log_that_grew_is_seen_though_its_time_came_again() {
    let scene = Scene::new();
    let source = scene.open();
    source.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a (x);").unwrap();
    let log = scene.folder.path().join("source/shop.db-wal");
    let time = modified(&scene.database());
    let set = || fs::OpenOptions::new().write(true).open(&log).unwrap().set_modified(time.into()).unwrap();
    set();
    let first = scene.freeze(Way::Stream).unwrap();
    source.execute_batch("INSERT INTO a VALUES (1)").unwrap();
    set();
    assert!(!looks_like(&scene.freeze(Way::Stream).unwrap(), &first));
    // Nor does it help to put the size back.
    drop(source);
    fs::OpenOptions::new().append(true).open(scene.database()).unwrap().write_all(&[0; 1]).unwrap();
    assert!(!looks_like(&scene.freeze(Way::Stream).unwrap(), &first));
}
