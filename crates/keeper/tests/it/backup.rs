//! Backups as a person at a terminal meets them: taken, listed, proved, damaged, dropped, restored, and all of it in
//! the ledger.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
};

use serde_json::Value;

use crate::shop::{Shop, packs, sqlite3};

const PLAN: &str = r#"
[plan]
name = "shop"
title = "Shop"
zone = "Asia/Shanghai"

[service.shop]
database.sqlite = "data/shop.db"

[[store]]
name = "near"
kind = "local"
place.folder = "backup/near"
password.file = "password"

[[store]]
name = "far"
kind = "off-site"
place.folder = "backup/far"
password.file = "password"
tolerance = "1d"

[[store]]
name = "history"
kind = "git"
place.git = "backup/config.git"

[[backup]]
name = "full"
schedule = "daily 02:00"
sources = [{ database = "shop" }, { folder = "config" }, { command = { command = "echo roles", file_name = "roles.sql" } }]
keep = { last = 2 }
stores = ["near", "far"]
plain_copy = { path = "backup/shop-{date}.db", keep_days = 30 }

[[backup]]
name = "shop-db"
schedule = "hourly"
sources = [{ database = "shop" }]
keep = { days = 7 }
stores = ["near"]

[[backup]]
name = "config"
schedule = "on change"
sources = [{ folder = "config" }]
keep = { forever = true }
stores = ["history"]
"#;

#[test]
fn a_backup_is_taken_proved_and_restored() {
    let shop = Shop::new(PLAN);
    let said = shop.good("backup run full");
    assert!(said.contains("shop/backup/full") && said.contains("near:") && said.contains("far:"), "{said}");
    let today = chassis::Clock::system().now().in_tz("Asia/Shanghai").unwrap().strftime("%Y%m%d").to_string();
    let copy = shop.path(&format!("backup/shop-{today}.db"));
    assert_eq!(sqlite3(&copy, "SELECT COUNT(*) FROM orders;"), "3000");
    assert_eq!(fs::metadata(&copy).unwrap().mode() & 0o777, 0o600);

    let said = shop.good("backup verify full --latest");
    assert_eq!(said.matches("GREEN").count(), 2, "{said}");
    let listed = shop.json("backup list full");
    let all = listed[0]["report"]["data"]["backups"].as_array().unwrap();
    assert_eq!(all.len(), 2, "{listed}");
    assert!(all.iter().all(|one| one["proof"] == "proved"), "{listed}");

    shop.good("backup restore full --to out");
    let rows = sqlite3(&shop.path("out/databases/shop.db"), "SELECT COUNT(*), MAX(what) FROM orders;");
    assert_eq!(rows, shop.sql("SELECT COUNT(*), MAX(what) FROM orders;"));
    let same = |name: &str| {
        fs::read(shop.path("out/folders").join(name)).unwrap() == fs::read(shop.path(name)).unwrap()
    };
    assert!(same("config/shop.toml") && same("config/deep/标准.txt"));
    assert_eq!(fs::read_to_string(shop.path("out/commands/roles.sql")).unwrap(), "roles\n");
    let (code, said) = shop.keeper("backup restore full --to out");
    assert!(code == 1 && said.contains("is not empty"), "{said}");
    shop.good("backup restore full --to out --overwrite");
    shop.good("backup restore full --to one --path folders/config/shop.toml");
    assert_eq!(fs::read_to_string(shop.path("one/folders/config/shop.toml")).unwrap(), "open = true\n");

    let counts = shop.count(["backup_taken", "backup_failed", "proof_made", "restored"]);
    assert_eq!(counts, [2, 0, 2, 3]);
    let proof = &shop.events("proof_made")[0];
    assert!(
        proof["good"] == true && proof["duration_ms"].is_u64() && proof["age_seconds"].is_u64(),
        "{proof}"
    );
    shop.good("ledger verify");
    let left: Vec<_> = fs::read_dir(shop.path("state/scratch")).unwrap().collect();
    assert!(left.is_empty(), "nothing is left in the scratch folder: {left:?}");
}

#[test]
fn one_flipped_byte_of_any_pack_is_red_and_says_where() {
    let shop = Shop::new(PLAN);
    shop.good("backup run shop-db");
    shop.sql("UPDATE orders SET what = 'other ' || hex(randomblob(20)) WHERE id % 3 = 0;");
    shop.good("backup run shop-db");
    shop.good("backup verify --latest shop-db");
    for pack in packs(&shop.path("backup/near")) {
        let sound = fs::read(&pack).unwrap();
        let mut damaged = sound.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        fs::set_permissions(&pack, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&pack, &damaged).unwrap();
        let (code, said) = shop.keeper("backup verify --latest shop-db");
        let name = pack.file_name().unwrap().to_str().unwrap();
        assert!(code == 1 && said.contains("RED") && said.contains(&name[..8]), "{name}: {said}");
        fs::write(&pack, &sound).unwrap();
    }
    shop.good("backup verify --latest shop-db");
    let proofs = shop.events("proof_made");
    assert!(proofs.iter().any(|proof| proof["good"] == false), "{proofs:?}");
}

#[test]
fn a_store_that_is_down_does_not_stop_the_other() {
    let shop = Shop::new(PLAN);
    // Something that is no repository stands where the far one should be.
    fs::create_dir_all(shop.path("backup/far")).unwrap();
    fs::write(shop.path("backup/far/holiday.jpg"), "x").unwrap();
    let said = shop.good("backup run full");
    assert!(said.contains("far: ") && said.contains("holds files and no repository"), "{said}");
    let (taken, failed) = (shop.events("backup_taken"), shop.events("backup_failed"));
    assert_eq!((taken.len(), failed.len()), (1, 1));
    assert_eq!((&taken[0]["store"], &failed[0]["store"]), (&"near".into(), &"far".into()));
    let said = shop.good("backup verify full --latest");
    assert!(said.contains("GREEN  shop/full in near") && said.contains("AMBER  shop/full in far"), "{said}");
    fs::remove_file(shop.path("backup/far/holiday.jpg")).unwrap();
    assert!(shop.good("backup run full").contains("far: "));
    assert_eq!(shop.events("backup_taken").len(), 3);
}

#[test]
fn old_ones_go_by_the_rules_and_the_plan_is_shown_first() {
    let shop = Shop::new(PLAN);
    for round in 0..4 {
        shop.sql(&format!("INSERT INTO orders (what) VALUES ('round {round}');"));
        shop.good("backup run full");
        if round == 0 {
            shop.good("backup verify full");
        }
    }
    // Two by the rule, and the only one that was ever proved.
    let listed = shop.json("backup list full");
    let all = listed[0]["report"]["data"]["backups"].as_array().unwrap().clone();
    assert_eq!(all.iter().filter(|one| one["store"] == "near").count(), 3, "{listed}");
    assert_eq!(all.iter().filter(|one| one["proof"] == "proved").count(), 2, "one in each store: {listed}");
    let said = shop.good("backup prune full --dry-run");
    assert!(said.contains("the last one that was proved to be good"), "{said}");
    shop.good("backup verify full");
    let said = shop.good("backup prune full");
    assert!(said.contains("drop") && said.contains("not among the newest 2"), "{said}");
    assert!(said.contains("2 backup(s) dropped"), "{said}");
    assert!(shop.events("pruned").len() >= 2);
    shop.good("backup verify full");
    shop.good("backup restore full --to out");
}

#[test]
fn configuration_is_committed_on_change_and_comes_back() {
    let shop = Shop::new(PLAN);
    shop.good("backup run config");
    assert!(shop.good("backup run config").contains("nothing has changed"));
    fs::write(shop.path("config/shop.toml"), "open = false\n").unwrap();
    shop.good("backup run config");
    assert_eq!(shop.events("backup_taken").len(), 2);
    let said = shop.good("backup verify config");
    assert!(said.contains("GREEN  shop/config in history"), "{said}");
    let listed = shop.json("backup list config");
    let all = listed[0]["report"]["data"]["backups"].as_array().unwrap().clone();
    assert_eq!(all.len(), 2);
    let first = all[1]["snapshot"].as_str().unwrap();
    shop.good(&format!("backup restore config --to old --id {first}"));
    shop.good("backup restore config --to new");
    // Everything is at its whole path, below the folder that was named.
    let whole = fs::canonicalize(shop.path("config/shop.toml")).unwrap();
    let restored =
        |into: &str| fs::read_to_string(shop.path(into).join(whole.strip_prefix("/").unwrap())).unwrap();
    assert_eq!(restored("old"), "open = true\n");
    assert_eq!(restored("new"), "open = false\n");
}

#[test]
fn passwords_are_added_and_removed() {
    let shop = Shop::new(PLAN);
    shop.good("backup run shop-db");
    fs::write(shop.path("second"), "another password\n").unwrap();
    let (code, said) = shop.keeper("backup key add near --new-password-file second");
    assert!(code == 1 && said.contains("chmod 600"), "{said}");
    fs::set_permissions(shop.path("second"), fs::Permissions::from_mode(0o600)).unwrap();
    shop.good("backup key add near --new-password-file second");
    fs::rename(shop.path("second"), shop.path("password")).unwrap();
    let keys = shop.json("backup key list near");
    let old = keys.as_array().unwrap().iter().find(|key| key["is_current"] == false).unwrap();
    shop.good(&format!("backup key remove near {}", old["id"].as_str().unwrap()));
    shop.good("backup run shop-db");
    fs::write(shop.path("password"), "a long password of this test\n").unwrap();
    let (code, said) = shop.keeper("backup list shop-db");
    assert!(code == 1 && said.contains("password"), "{said}");
    let (code, said) = shop.keeper("backup run shop-db");
    assert!(said.contains("password") && shop.events("backup_failed").len() == 1, "{code} {said}");
}

#[test]
fn the_running_keeper_writes_the_rows_of_a_command() {
    let shop = Shop::new(PLAN);
    let port = testkit::free_port().unwrap();
    let mut daemon = shop
        .command(&format!("run --bind 127.0.0.1:{port} --set logs.stderr=false --set logs.directory=logs"));
    let mut daemon = daemon.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut output = std::io::BufReader::new(daemon.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut output, &mut line).unwrap();
    assert!(line.contains("keeper is ready"), "{line}");
    let said = shop.good("backup run shop-db");
    assert!(said.contains("ran"), "{said}");
    shop.good("backup verify shop-db --latest");
    shop.good("backup restore shop-db --to out");
    let of_ours = |event: &&Value| event["backup"] == "shop/shop-db";
    let counts = ["backup_taken", "proof_made", "restored"]
        .map(|kind| shop.events(kind).iter().filter(of_ours).count());
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    assert_eq!(counts, [1, 1, 1]);
}

#[test]
fn wrong_names_and_missing_secrets_are_said_in_one_line() {
    let shop = Shop::new(PLAN);
    let check = |line: &str, expected: &str| {
        let (code, said) = shop.keeper(line);
        assert!(code != 0 && said.contains(expected), "{line}: {said}");
        assert!(!said.contains("a long password"), "{said}");
    };
    check(
        "backup run nothing",
        "no plan has a backup nothing; the plans have shop/full, shop/shop-db, shop/config",
    );
    check("backup restore --to out", "name the backup");
    check("backup restore shop-db --to out --at yesterday", "is no time");
    check("backup restore shop-db --to out", "there is no repository at");
    check("backup key list elsewhere", "no plan has a store elsewhere");
    shop.good("backup run shop-db");
    check("backup restore shop-db --to out --id ffffffff", "holds no backup ffffffff");
    check("backup restore shop-db --to out --at 2020-01-01T00:00", "or before");
    check("backup restore shop-db --to out --path databases/other.db", "databases/other.db");
    fs::remove_file(shop.path("password")).unwrap();
    check("backup run shop-db", "there is no secret in password");
}
