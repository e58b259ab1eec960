//! Damaged databases are kept byte for byte, and never called good.

use std::{collections::BTreeMap, fs, path::Path, time::Instant};

use keeper::backup::freeze::sqlite::examine;
use serde_json::Value;

use super::{Scene, Way, good, read, texts};

/// Files that the version built in finds damaged, though the 3.40.1 of the expectations did not, and the other way
/// round: newer versions look at more.
const NEWER_SEES: [(&str, bool); 0] = [];

fn data() -> std::path::PathBuf {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/sqlite"));
    assert!(folder.is_dir(), "the databases of {} are missing", folder.display());
    folder.to_owned()
}

/// Whether SQLite 3.40.1 says that a file is sound.
fn expected() -> BTreeMap<String, bool> {
    let text = fs::read_to_string(data().join("expect_sqlite_3.40.1.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let sound =
        |said: &Value| said["integrity_check"]["rc"] == 0 && said["integrity_check"]["out"][0] == "ok";
    all["files"].as_object().unwrap().iter().map(|(name, said)| (name.clone(), sound(said))).collect()
}

#[test]
fn the_verdict_is_that_of_the_engine() {
    let (mut wrong, mut verdicts) = (Vec::new(), [0, 0]);
    for (name, sound) in expected() {
        let original = fs::read(data().join(&name)).unwrap();
        for way in [Way::Stream, Way::File] {
            let started = Instant::now();
            let scene = Scene::new();
            fs::write(scene.database(), &original).unwrap();
            let frozen = scene.freeze(way).unwrap();
            let (item, bytes) = read(&frozen.parts[0]).unwrap();
            let sound = NEWER_SEES.iter().find(|(other, _)| *other == name).map_or(sound, |(_, sees)| *sees);
            verdicts[usize::from(sound)] += 1;
            if item.damage.is_none() != sound {
                wrong.push(format!("{name} {way:?}: {:?}", item.damage));
            }
            // A file that ends within a page is filled up to it, and what a sound one has behind its last page is
            // nothing of the database.
            let common = bytes.len().min(original.len());
            let filled = bytes[common..].iter().all(|byte| *byte == 0);
            if bytes[..common] != original[..common] || !filled || (!sound && common < original.len()) {
                wrong.push(format!("{name} {way:?}: {} bytes of {} are others", bytes.len(), original.len()));
            }
            assert!(
                item.damage
                    .as_ref()
                    .is_none_or(|damage| damage.chars().count() < 2_000 && !damage.contains('\n'))
            );
            let restored = scene.folder.path().join("restored.db");
            fs::write(&restored, bytes).unwrap();
            let findings = scene.prove(&item, &restored);
            if good(&findings) != sound {
                wrong.push(format!("{name} {way:?}: the proof says\n{}", texts(&findings)));
            }
            let seen = examine(&scene.database(), &scene.stop).unwrap();
            if seen.is_none() != sound {
                wrong.push(format!("{name}: examined {seen:?}"));
            }
            if started.elapsed().as_secs() > 20 {
                wrong.push(format!("{name} {way:?} took {:?}", started.elapsed()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are judged wrongly:\n{}", wrong.len(), wrong.join("\n"));
    assert!(verdicts[0] > 150 && verdicts[1] > 10, "{verdicts:?}");
}

#[test]
fn a_file_that_is_no_database_is_kept_with_its_log() {
    let scene = Scene::new();
    fs::write(scene.database(), "not a database at all, but somebody's words").unwrap();
    fs::write(scene.folder.path().join("source/shop.db-wal"), "log").unwrap();
    let frozen = scene.freeze(Way::Stream).unwrap();
    let kept: Vec<_> = frozen.parts.iter().map(|part| (part.item.at.clone(), read(part).unwrap())).collect();
    let names: Vec<_> = kept.iter().map(|(at, _)| at.as_str()).collect();
    assert_eq!(names, ["databases/shop.db", "databases/shop.db-wal"]);
    assert_eq!(kept[1].1.1, b"log");
    for (at, (item, _)) in &kept {
        assert_eq!(item.damage.as_deref(), Some("file is not a database"), "{at}");
    }
    let again = scene.freeze(Way::Stream).unwrap();
    assert_ne!(again.parts[0].look, frozen.parts[0].look, "damage is said again at each backup");
}

#[test]
fn a_page_that_went_bad_is_found_and_the_rest_is_kept() {
    for (journal, way) in [("WAL", Way::Stream), ("WAL", Way::File), ("DELETE", Way::File)] {
        let scene = Scene::new();
        let source = scene.open();
        source
            .execute_batch(&format!(
                "PRAGMA journal_mode = {journal}; CREATE TABLE a (x); CREATE TABLE b (x);"
            ))
            .unwrap();
        source.execute_batch("INSERT INTO a VALUES (zeroblob(9000)); INSERT INTO b VALUES (1); PRAGMA wal_checkpoint(TRUNCATE);").unwrap();
        drop(source);
        let mut bytes = fs::read(scene.database()).unwrap();
        let page_of_a = 4_096;
        bytes[page_of_a..page_of_a + 100].fill(0xee);
        fs::write(scene.database(), &bytes).unwrap();
        let (item, restored) = scene.back_up(way);
        assert!(item.damage.as_ref().is_some_and(|said| said.contains("page 2")), "{:?}", item.damage);
        assert_eq!(item.rows.get("b"), Some(&1));
        assert_eq!(fs::read(&restored).unwrap(), bytes);
        let findings = scene.prove(&item, &restored);
        assert!(
            !good(&findings)
                && findings[0].text.starts_with("the source was damaged when it was backed up: ")
        );
    }
}

#[test]
fn a_restored_file_that_changed_is_not_good() {
    let scene = Scene::new();
    scene.open().execute_batch("CREATE TABLE a (x); INSERT INTO a VALUES ('some words')").unwrap();
    let (item, restored) = scene.back_up(Way::File);
    let original = fs::read(&restored).unwrap();
    let other = scene.folder.path().join("other.db");
    for at in (0..original.len()).step_by(61) {
        let mut bytes = original.clone();
        bytes[at] ^= 0x40;
        fs::write(&other, bytes).unwrap();
        assert!(!good(&scene.prove(&item, &other)), "byte {at}");
    }
    for length in [0, 1, 100, 4_096, original.len() - 1] {
        fs::write(&other, &original[..length]).unwrap();
        assert!(!good(&scene.prove(&item, &other)), "{length} bytes");
    }
    assert!(!good(&scene.prove(&item, &scene.folder.path().join("absent.db"))));
}
