//! Folders in which databases lie: those are left out, with a word, and never opened.

use std::{fs, path::Path, process::Command, sync::Arc};

use chassis::Secret;
use jiff::Timestamp;
use keeper::backup::{
    Piece,
    piece::FolderPiece,
    repository::{FolderFiles, Progress, Quiet, Repository, SnapshotHead},
};
use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use super::plan;
use crate::shop::{Shop, sqlite3};

const EVERYTHING: &str = r#"
[[backup]]
name = "all"
schedule = "0 0 1 1 *"
sources = [{ database = "shop" }, { folder = "data" }, { folder = "state" }, { folder = "config" }]
keep = { last = 5 }
stores = ["near"]

[[backup]]
name = "own"
schedule = "0 0 1 1 *"
sources = [{ folder = "data/shop.db" }]
keep = { last = 5 }
stores = ["near"]
"#;

#[test]
fn databases_in_a_folder_are_left_out_with_a_word() {
    let shop = Shop::new(&plan("backup/near", EVERYTHING));
    fs::write(shop.path("data/notes.txt"), "notes").unwrap();
    fs::write(shop.path("data/shop.db.old"), "a file like any other").unwrap();
    let said = shop.good("backup run all");
    assert!(said.contains("left out data/shop.db: it is backed up as a database"), "{said}");
    assert!(said.contains("left out state/keeper.db: it is keeper's own"), "{said}");
    shop.good("backup verify all");
    shop.good("backup restore all --to out");
    let mut kept: Vec<String> = fs::read_dir(shop.path("out/folders/data"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    kept.sort();
    assert_eq!(kept, ["notes.txt", "shop.db.old"]);
    assert!(!shop.path("out/folders/state/keeper.db").exists());
    assert_eq!(sqlite3(&shop.path("out/databases/shop.db"), "SELECT COUNT(*) FROM orders;"), "3000");
    shop.bad("backup run own", "a copy of its file is no backup");
    // No backup takes the database, so that leaving it out would lose it.
    let text = fs::read_to_string(shop.path("plan.toml"))
        .unwrap()
        .replace("{ database = \"shop\" }", "{ folder = \"config\" }");
    fs::write(shop.path("plan.toml"), text).unwrap();
    let said = shop.bad("backup run all", "data/shop.db is the database of the service shop");
    assert!(said.contains("add { database = \"shop\" } to the sources"), "{said}");
}

/// Whether another program is kept out of a database.
fn is_kept_out(database: &Path) -> bool {
    let output = Command::new("sqlite3").arg(database).arg("BEGIN EXCLUSIVE; COMMIT;").output().unwrap();
    !output.status.success()
}

/// A walk that opens and closes the file of a database lets go of the locks of whoever reads it in the same process,
/// and nobody notices: the second half of this is why it is left out.
#[test]
fn the_walk_lets_go_of_no_lock() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().canonicalize().unwrap().join("data");
    fs::create_dir(&data).unwrap();
    let database = data.join("shop.db");
    sqlite3(&database, "CREATE TABLE orders (id INTEGER PRIMARY KEY); INSERT INTO orders VALUES (1);");
    let files = Arc::new(FolderFiles::new(folder.path().join("repository")));
    let repository = Repository::open_or_create(files, &Secret::new("a password".to_owned())).unwrap();
    let reader = Connection::open(&database).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM orders;").unwrap();
    assert!(is_kept_out(&database));
    for (except, is_held) in [(vec![database.clone()], true), (Vec::new(), false)] {
        let piece = FolderPiece { at: "folders/data".to_owned(), path: data.clone(), except };
        let head = SnapshotHead {
            label: "p/b".to_owned(),
            tag: "p/b".to_owned(),
            host: "here".to_owned(),
            taken_at: Timestamp::UNIX_EPOCH,
        };
        let progress: Arc<dyn Progress> = Arc::new(Quiet);
        let stop = CancellationToken::new();
        repository.write(vec![Piece::Folder(piece)], &head, |_| String::new(), &progress, &stop).unwrap();
        assert_eq!(is_kept_out(&database), is_held);
    }
}
