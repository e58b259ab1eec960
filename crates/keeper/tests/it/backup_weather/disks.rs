//! Full disks: of the store, of the scratch folder, of a restore, of the plain copy, of the state file.

use std::{fs, path::Path};

use testkit::SmallDisk;

use super::{change, listed, plan};
use crate::shop::{Shop, sqlite3};

const MEGABYTE: u64 = 1 << 20;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

#[test]
fn a_full_store_keeps_what_it_has_and_goes_on_by_itself() {
    let Some(disk) = SmallDisk::new(8 * MEGABYTE) else { return };
    let store = disk.path().join("repository");
    let shop = Shop::new(&plan(store.to_str().unwrap(), ""));
    // At the key, at the configuration, and among the packs of the first backup.
    for (times, leave) in [0, 8 << 10, 64 << 10].into_iter().enumerate() {
        disk.fill(leave).unwrap();
        shop.bad("backup run db", "no space is left for ");
        assert_eq!(shop.count(["backup_taken", "backup_failed"]), [0, times + 1]);
        disk.make_room().unwrap();
        assert_eq!(listed(&shop, "backup list db"), 0, "{leave} bytes were free");
    }
    shop.good("backup run db");
    shop.good("backup verify db");
    for leave in [0, 64 << 10] {
        change(&shop);
        disk.fill(leave).unwrap();
        shop.bad("backup run db", "no space is left for ");
        // Reading needs no space.
        let said = shop.good("backup verify db");
        assert!(said.contains("GREEN"), "{said}");
        disk.make_room().unwrap();
        assert_eq!(listed(&shop, "backup list db"), 1);
    }
    shop.good("backup run db");
    shop.good("backup verify db");
    assert_eq!(listed(&shop, "backup list db"), 2);
    assert_eq!(shop.count(["backup_taken", "backup_failed"]), [2, 5]);
    shop.good("ledger verify");
}

#[test]
fn a_full_scratch_folder_and_a_full_target_lose_nothing() {
    let Some(disk) = SmallDisk::new(4 * MEGABYTE) else { return };
    let copy = "plain_copy = { path = \"backup/shop-{date}.db\", keep_days = 3 }";
    let shop = Shop::new(&plan("backup/near", copy)).with("runs.scratch", &disk.path().join("s").display());
    shop.good("backup run db");
    disk.fill(64 << 10).unwrap();
    change(&shop);
    shop.bad("backup run db", "could not be set aside in ");
    assert_eq!(shop.count(["backup_taken", "backup_failed"]), [1, 1]);

    // A proof that has no room is not a bad backup: there is no row that says so.
    let said = shop.bad("backup verify db", "could not be restored: No space left");
    assert!(said.contains("RED"), "{said}");
    assert_eq!(shop.count(["proof_made"]), [0]);

    let target = disk.path().join("out");
    shop.bad(&format!("backup restore db --to {}", target.display()), "could not be restored: No space left");
    assert!(shop.events("restored")[0]["good"] == false);
    assert!(names(&target).is_empty(), "{:?}", names(&target));
    assert!(names(&disk.path().join("s")).is_empty(), "nothing is left in the scratch folder");

    disk.make_room().unwrap();
    shop.good("backup verify db");
    shop.good("backup run db");
    shop.good("backup verify db");
    shop.good(&format!("backup restore db --to {}", target.display()));
    assert_eq!(
        sqlite3(&target.join("databases/shop.db"), "SELECT COUNT(*), MAX(what) FROM orders;"),
        shop.sql("SELECT COUNT(*), MAX(what) FROM orders;")
    );
    assert_eq!(shop.count(["backup_taken", "backup_failed", "proof_made", "restored"]), [2, 1, 2, 2]);
}

#[test]
fn a_full_disk_of_the_plain_copy_does_not_keep_the_stores_from_theirs() {
    let Some(disk) = SmallDisk::new(2 * MEGABYTE) else { return };
    let copies = disk.path().join("copies");
    let copy = format!("plain_copy = {{ path = \"{}/shop-{{date}}.db\", keep_days = 3 }}", copies.display());
    let history = r#"
[[store]]
name = "history"
kind = "git"
place.git = "backup/config.git"
"#;
    let text = plan("backup/near", &(copy + history));
    let text = text.replace(
        "sources = [{ database = \"shop\" }]",
        "sources = [{ database = \"shop\" }, { folder = \"config\" }]",
    );
    let shop = Shop::new(&text);
    shop.good("backup run db");
    let before = names(&copies);
    let old = fs::read(copies.join(&before[0])).unwrap();
    change(&shop);
    disk.fill(32 << 10).unwrap();
    let said = shop.bad("backup run db", "could not be written: No space left");
    assert!(said.contains("the copy "), "{said}");
    assert_eq!(names(&copies), before, "no part of a copy stays");
    assert_eq!(fs::read(copies.join(&before[0])).unwrap(), old, "the copy of before is whole");
    assert_eq!(shop.count(["backup_taken", "backup_failed"]), [2, 0]);
    shop.good("backup verify db");
    disk.make_room().unwrap();
    shop.good("backup run db");
    assert_eq!(
        sqlite3(&copies.join(&before[0]), "SELECT MAX(what) FROM orders;"),
        shop.sql("SELECT MAX(what) FROM orders;")
    );
}

#[test]
fn a_full_disk_of_the_state_file_is_written_down_in_the_space_set_aside() {
    let Some(disk) = SmallDisk::new(4 * MEGABYTE) else { return };
    let shop = Shop::new(&plan("backup/near", ""))
        .with("state.file", &disk.path().join("keeper.db").display())
        .with("state.reserve_bytes", &MEGABYTE);
    shop.good("backup run db");
    change(&shop);
    disk.fill(0).unwrap();
    // The rows go into the space set aside.
    shop.good("backup run db");
    assert!(shop.events("note").iter().any(|note| note["subject"] == "disk full"));
    shop.good("ledger verify");
    // And when that is used up, nothing is begun whose row could not be written.
    disk.fill(0).unwrap();
    let before = listed_files(&shop);
    let (code, said) = shop.keeper("backup run db");
    assert!(code == 1 && said.contains("disk"), "{code}: {said}");
    assert_eq!(listed_files(&shop), before);
    disk.make_room().unwrap();
    shop.good("backup run db");
    shop.good("backup verify db");
    shop.good("ledger verify");
    assert!(disk.path().join("keeper.db.reserve").exists(), "space is set aside again");
}

fn listed_files(shop: &Shop) -> usize {
    fs::read_dir(shop.path("backup/near/snapshots")).unwrap().count()
}
