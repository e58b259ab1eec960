//! Databases of every shape come back as they were.

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    os::unix::fs::{FileExt, PermissionsExt},
    path::Path,
    process::Command,
    time::Instant,
};

use rusqlite::{Connection, OpenFlags};

use super::{Scene, Way, good, names, read, sqlite3, texts};

/// Tables of every kind, with names that need care.
const TABLES: &str = r#"
    CREATE TABLE plain (id INTEGER PRIMARY KEY, x TEXT);
    INSERT INTO plain (x) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
        SELECT hex(randomblob(40)) FROM n;
    CREATE TABLE pairs (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID;
    INSERT INTO pairs VALUES (1, 1), (1, 2), (2, 1);
    CREATE TABLE "a ""quoted"" name; DROP TABLE plain" (x);
    INSERT INTO "a ""quoted"" name; DROP TABLE plain" VALUES (1);
    CREATE TABLE "表 'é'" (x);
    CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, x);
    INSERT INTO counted (x) VALUES (1), (2);
    CREATE INDEX partial ON plain (x) WHERE id > 100;
    CREATE VIEW seen AS SELECT * FROM plain;
    CREATE VIRTUAL TABLE words USING fts5 (text);
    INSERT INTO words VALUES ('hello world'), ('goodbye');
    DELETE FROM plain WHERE id % 3 = 0;
"#;

fn rows(tables: &[(&str, u64)]) -> BTreeMap<String, u64> {
    tables.iter().map(|(name, rows)| ((*name).to_owned(), *rows)).collect()
}

/// Makes a database with these settings, takes it both ways while it is open, and compares.
fn check(settings: &str, journal: &str) {
    for way in [Way::Stream, Way::File] {
        let scene = Scene::new();
        let source = scene.open();
        source.execute_batch(settings).unwrap();
        let mode: String =
            source.query_row(&format!("PRAGMA journal_mode = {journal}"), [], |row| row.get(0)).unwrap();
        assert_eq!(mode, journal.to_lowercase());
        source.execute_batch(TABLES).unwrap();
        let (item, restored) = scene.back_up(way);
        let findings = scene.prove(&item, &restored);
        assert!(good(&findings), "{settings} {journal} {way:?}:\n{}", texts(&findings));
        let expected = rows(&[
            ("plain", 334),
            ("pairs", 3),
            ("a \"quoted\" name; DROP TABLE plain", 1),
            ("表 'é'", 0),
            ("counted", 2),
        ]);
        assert!(expected.iter().all(|(name, count)| item.rows.get(name) == Some(count)), "{:?}", item.rows);
        assert!(item.rows.contains_key("words_content") && !item.rows.contains_key("words"));
        // Alone in a folder of its own, as after a restore, it is what it was.
        let alone = tempfile::tempdir().unwrap();
        let alone = alone.path().join("x.db");
        fs::copy(&restored, &alone).unwrap();
        fs::set_permissions(&alone, PermissionsExt::from_mode(0o600)).unwrap();
        for sql in [
            "PRAGMA journal_mode",
            "PRAGMA page_size",
            "PRAGMA auto_vacuum",
            "PRAGMA encoding",
            "SELECT * FROM seen",
        ] {
            let is_text = |connection: &Connection| -> Vec<String> {
                let mut statement = connection.prepare(sql).unwrap();
                let rows =
                    statement.query_map([], |row| row.get_ref(0).map(|value| format!("{value:?}"))).unwrap();
                rows.map(Result::unwrap).collect()
            };
            let (was, is) = (is_text(&source), is_text(&Connection::open(&alone).unwrap()));
            // Of the journal modes only WAL stands in the file.
            assert!(is == was || (sql.contains("journal") && journal != "WAL"), "{sql}: {is:?}, not {was:?}");
        }
        assert_eq!(names(&scene.scratch()), [""; 0], "nothing is left behind");
    }
}

#[test]
fn every_page_size() {
    for size in [512, 1024, 4096, 65536] {
        check(&format!("PRAGMA page_size = {size}"), "WAL");
        check(&format!("PRAGMA page_size = {size}"), "DELETE");
    }
}

#[test]
fn every_vacuum_and_encoding_and_journal() {
    check("PRAGMA auto_vacuum = FULL; PRAGMA encoding = 'UTF-16le'", "WAL");
    check("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA encoding = 'UTF-16be'", "TRUNCATE");
    check("", "PERSIST");
}

#[test]
fn a_database_in_which_nothing_was_ever_made() {
    let scene = Scene::new();
    fs::write(scene.database(), []).unwrap();
    for way in [Way::Stream, Way::File] {
        let (item, restored) = scene.back_up(way);
        assert_eq!((item.size_bytes, item.rows.len(), &item.damage), (0, 0, &None));
        let findings = scene.prove(&item, &restored);
        assert!(good(&findings), "{}", texts(&findings));
    }
}

#[test]
fn a_proof_reads_like_this() {
    let scene = Scene::new();
    let source = scene.open();
    source
        .execute_batch(
            "CREATE TABLE a (x); INSERT INTO a VALUES (1), (2); CREATE TABLE b (y REFERENCES a (x));",
        )
        .unwrap();
    source.execute_batch("PRAGMA foreign_keys = OFF; INSERT INTO b VALUES (7)").unwrap();
    let (mut item, restored) = scene.back_up(Way::File);
    let engine = format!("SQLite {} reads", rusqlite::version());
    let told = |item: &keeper::backup::record::Item| {
        texts(&scene.prove(item, &restored)).replace(&engine, "SQLite reads")
    };
    insta::assert_snapshot!(told(&item), @"
    good all 12288 bytes are those of the source (BLAKE3)
    good SQLite reads all of it, integrity_check says ok
    good foreign_key_check cannot be carried out: foreign key mismatch - \"b\" referencing \"a\"
    good 3 row(s) in 2 table(s), as counted in the source
    ");
    item.rows.insert("a".to_owned(), 5);
    item.rows.insert("c".to_owned(), 1);
    insta::assert_snapshot!(told(&item).lines().last().unwrap(), @"bad  other rows than in the source: a has 2, the source had 5; c has no such table, the source had 1");
}

#[test]
fn what_only_the_service_has_is_no_damage() {
    let scene = Scene::new();
    scene
        .open()
        .execute_batch(
            "CREATE TABLE a (x COLLATE BINARY); INSERT INTO a VALUES ('x'); CREATE INDEX i ON a (x);",
        )
        .unwrap();
    // As a service does that brings a collation of its own.
    let source = scene.open();
    source
        .execute_batch(
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'BINARY', 'PINYIN')",
        )
        .unwrap();
    drop(source);
    let (item, restored) = scene.back_up(Way::File);
    assert_eq!(item.damage, None);
    let findings = scene.prove(&item, &restored);
    assert!(good(&findings), "{}", texts(&findings));
    assert!(
        findings[1].text.contains("needs what only the service has: no such collation sequence: PINYIN"),
        "{}",
        findings[1].text
    );
}

#[test]
fn a_transaction_that_died_is_rolled_back_first() {
    let scene = Scene::new();
    let source = scene.open();
    source.execute_batch("PRAGMA cache_size = 10; CREATE TABLE a (x); INSERT INTO a VALUES (1);").unwrap();
    // Pages of an unfinished transaction are in the file, and the journal beside it undoes them: what a killed
    // process leaves behind.
    source.execute_batch("BEGIN; INSERT INTO a WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT hex(randomblob(100)) FROM n;").unwrap();
    let dead = Scene::new();
    for name in names(&scene.folder.path().join("source")) {
        fs::copy(
            scene.folder.path().join("source").join(&name),
            dead.folder.path().join("source").join(&name),
        )
        .unwrap();
    }
    assert_eq!(names(&dead.folder.path().join("source")), ["shop.db", "shop.db-journal"]);
    let (item, restored) = dead.back_up(Way::Stream);
    assert_eq!((item.rows["a"], &item.damage), (1, &None));
    let findings = dead.prove(&item, &restored);
    assert!(good(&findings), "{}", texts(&findings));
}

#[test]
fn what_a_killed_service_left_in_its_log_is_in_the_image() {
    let scene = Scene::new();
    let source = scene.open();
    source
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a (x); INSERT INTO a VALUES (1), (2);")
        .unwrap();
    let dead = Scene::new();
    for ending in ["", "-wal"] {
        let name = format!("source/shop.db{ending}");
        fs::copy(scene.folder.path().join(&name), dead.folder.path().join(&name)).unwrap();
    }
    let (item, _) = dead.back_up(Way::Stream);
    assert_eq!((item.rows["a"], &item.damage), (2, &None));
}

/// SQLite never uses the page at 1 GiB, on which it locks.
#[expect(clippy::print_stdout, reason = "the figure is worth reading")]
fn lock_page(page_bytes: u64, total_bytes: u64) {
    let scene = Scene::new();
    let source = scene.open();
    source
        .execute_batch(&format!(
            "PRAGMA page_size = {page_bytes}; PRAGMA synchronous = OFF; CREATE TABLE a (x);"
        ))
        .unwrap();
    for _ in 0..4 {
        source
            .execute("INSERT INTO a VALUES (zeroblob(?1))", [i64::try_from(total_bytes / 4).unwrap()])
            .unwrap();
    }
    source.execute_batch("CREATE TABLE b (x); INSERT INTO b VALUES ('after the lock page');").unwrap();
    let started = Instant::now();
    let frozen = scene.freeze(Way::File).unwrap();
    println!("{page_bytes}: {} bytes set aside in {:?}", frozen.parts[0].item.size_bytes, started.elapsed());
    let item = frozen.parts[0].known().unwrap();
    assert!(item.size_bytes > total_bytes && item.damage.is_none());
    let restored = scene.folder.path().join("restored.db");
    write_sparse(frozen.parts[0].set_aside().unwrap().reader(), &restored);
    drop(frozen);
    let findings = scene.prove(&item, &restored);
    assert!(good(&findings), "{}", texts(&findings));
    assert_eq!(sqlite3(&restored, "SELECT x FROM b; SELECT COUNT(*) FROM a;"), "after the lock page\n4\n");
}

/// Blocks of zeroes take neither time nor space.
fn write_sparse(mut from: impl Read, to: &Path) {
    let (file, mut block, mut at) = (fs::File::create(to).unwrap(), vec![0; 1 << 20], 0);
    loop {
        let length = from.read(&mut block).unwrap();
        if length == 0 {
            return file.set_len(at).unwrap();
        }
        if block[..length].iter().any(|byte| *byte != 0) {
            file.write_all_at(&block[..length], at).unwrap();
        }
        at += u64::try_from(length).unwrap();
    }
}

#[test]
fn a_database_beyond_its_lock_page() {
    lock_page(65_536, 1_100 << 20);
}

#[test]
#[ignore = "soak: two databases of 2 GB"]
fn soak_lock_page() {
    for page_bytes in [4_096, 65_536] {
        lock_page(page_bytes, 2_000_000_000);
    }
}

#[test]
fn a_reader_sees_what_it_froze_whatever_is_written_later() {
    let scene = Scene::new();
    let source = scene.open();
    source.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a (x); INSERT INTO a VALUES (1);").unwrap();
    let frozen = scene.freeze(Way::Stream).unwrap();
    source.execute_batch("INSERT INTO a VALUES (2); CREATE TABLE later (x); PRAGMA wal_checkpoint;").unwrap();
    let (item, bytes) = read(&frozen.parts[0]).unwrap();
    assert_eq!(item.rows, rows(&[("a", 1)]));
    let restored = scene.folder.path().join("x.db");
    fs::write(&restored, bytes).unwrap();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let count: i64 = Connection::open_with_flags(&restored, flags)
        .unwrap()
        .query_row("SELECT COUNT(*) FROM a", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 1);
}

#[test]
fn rights_are_asked_for_where_they_are_missing() {
    // Root may read everything, so the database is looked at as somebody else where we are root.
    let scene = Scene::new();
    scene.open().execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a (x)").unwrap();
    let folder = scene.folder.path().join("source");
    fs::set_permissions(&folder, PermissionsExt::from_mode(0o500)).unwrap();
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let frozen = scene.freeze(Way::Stream);
    fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
    if !is_root {
        let error = format!("{:#}", frozen.unwrap_err());
        assert!(error.contains("run keeper as the service's user"), "{error}");
    }
}
