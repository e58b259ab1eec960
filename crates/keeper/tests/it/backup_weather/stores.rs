//! Stores that are read-only, gone, or closed.

use std::{fs, process::Command};

use testkit::SmallDisk;

use super::{change, listed, plan};
use crate::shop::Shop;

const HISTORY: &str = r#"
[[store]]
name = "history"
kind = "git"
place.git = "backup/config.git"

[[backup]]
name = "config"
schedule = "on change"
sources = [{ folder = "config" }]
keep = { forever = true }
stores = ["history"]

[[backup]]
name = "files"
schedule = "0 0 1 1 *"
sources = [{ folder = "config" }]
keep = { last = 5 }
stores = ["near"]
"#;

fn remount(disk: &SmallDisk, how: &str) {
    let mut mount = Command::new("mount");
    let status = mount.args(["-o", &format!("remount,{how}")]).arg(disk.path()).status().unwrap();
    assert!(status.success(), "remount,{how}");
}

#[test]
fn a_read_only_store_is_read_and_not_written() {
    let Some(disk) = SmallDisk::new(8 << 20) else { return };
    let store = disk.path().join("repository");
    let shop = Shop::new(&plan(store.to_str().unwrap(), ""));
    remount(&disk, "ro");
    shop.bad("backup run db", "may not be used: Read-only file system");
    remount(&disk, "rw");
    shop.good("backup run db");
    change(&shop);
    remount(&disk, "ro");
    shop.bad("backup run db", "may not be used: Read-only file system");
    shop.good("backup verify db");
    shop.good("backup restore db --to out");
    shop.bad("backup prune db", "may not be used: Read-only file system");
    assert_eq!(listed(&shop, "backup list db"), 1);
    remount(&disk, "rw");
    shop.good("backup run db");
    shop.good("backup verify db");
    assert_eq!(shop.count(["backup_taken", "backup_failed", "proof_made"]), [2, 2, 2]);
}

#[test]
fn a_repository_that_is_gone_is_not_made_anew() {
    let shop = Shop::new(&plan("backup/near", HISTORY));
    shop.good("backup run db");
    shop.good("backup run config");
    for (store, backup) in [("near", "db"), ("near", "files"), ("config.git", "config")] {
        let (place, aside) = (shop.path(&format!("backup/{store}")), shop.path("backup/aside"));
        fs::rename(&place, &aside).unwrap();
        // Without a mount point, and with one that is empty.
        for is_mount_point in [false, true] {
            if is_mount_point {
                fs::create_dir(&place).unwrap();
            }
            let said = shop.bad(&format!("backup run {backup}"), "is gone, and 1 backup(s) were in it");
            assert!(said.contains("is its disk mounted?"), "{said}");
            let made = fs::read_dir(&place).map_or(0, Iterator::count);
            assert!(place.exists() == is_mount_point && made == 0, "{backup}: {made}");
        }
        let (code, said) = shop.keeper(&format!("backup verify {backup}"));
        assert!(code != 0 && !said.contains("GREEN"), "{said}");
        fs::remove_dir(&place).unwrap();
        fs::rename(&aside, &place).unwrap();
    }
    shop.good("backup run");
    shop.good("backup verify");
    // One that is lost for good gets another name.
    fs::remove_dir_all(shop.path("backup/near")).unwrap();
    shop.bad("backup verify db", "is its disk mounted?");
    let text = fs::read_to_string(shop.path("plan.toml")).unwrap().replace("\"near\"", "\"nearer\"");
    fs::write(shop.path("plan.toml"), text).unwrap();
    shop.good("backup run db");
    shop.good("backup verify db");
}

#[test]
fn without_the_right_password_nothing_is_written_and_nothing_is_told() {
    let shop = Shop::new(&plan("backup/near", ""));
    shop.good("backup run db");
    let secret = shop.path("password");
    let right = fs::read(&secret).unwrap();
    for (round, wrong) in ["another one\n", "", "a long password of this tes\n"].into_iter().enumerate() {
        fs::write(&secret, wrong).unwrap();
        let said = shop.bad("backup run db", "password");
        assert!(wrong.is_empty() || !said.contains(wrong.trim()), "{said}");
        let failed = shop.events("backup_failed");
        assert_eq!(failed.len(), round + 1);
        assert!(failed[round]["reason"].as_str().unwrap().contains("password"), "{failed:?}");
    }
    fs::remove_file(&secret).unwrap();
    shop.bad("backup run db", "there is no secret in password");
    fs::write(&secret, right).unwrap();
    shop.bad("backup run db", "chmod 600");
    crate::shop::close(&secret);
    shop.good("backup verify db");
    assert_eq!(fs::read_dir(shop.path("backup/near/snapshots")).unwrap().count(), 1);
}
