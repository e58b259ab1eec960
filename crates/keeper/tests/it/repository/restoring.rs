//! Where a restore goes, and what it leaves alone.

use std::fs;

use keeper::backup::repository::{RepositoryError, SnapshotId};

use super::workshop::{Workshop, folder, noise, stream, tree_of};

#[test]
fn one_path_comes_back_alone() {
    let workshop = Workshop::new();
    let source = workshop.odd_folder("source");
    let repository = workshop.repository();
    let pieces = vec![stream("databases/app.db", b"database", 1), folder("folders/etc", &source)];
    let id = workshop.write(&repository, pieces).unwrap().id;
    let paths_of = |only: &str| {
        let back = workshop.fresh("back");
        let stats = workshop.restore(&repository, &id, Some(only), &back, false).unwrap();
        let files = tree_of(&back).into_iter().filter(|(path, _)| !back.join(path).is_dir());
        let paths: Vec<_> = files.map(|(path, _)| path.display().to_string()).collect();
        assert_eq!(stats.files, paths.len() as u64);
        paths
    };
    assert_eq!(paths_of("databases/app.db"), ["databases/app.db"]);
    assert_eq!(paths_of("/folders/etc/deep/er/"), ["folders/etc/deep/er/汉字 und ümläute"]);
    assert_eq!(paths_of("folders/etc/deep/a"), ["folders/etc/deep/a"]);
    assert_eq!(paths_of("folders/etc/empty folder"), Vec::<String>::new());
    // Of a file with two names, the one that is asked for has its content.
    assert_eq!(paths_of("folders/etc/same as big"), ["folders/etc/same as big"]);

    let into = workshop.fresh("back");
    let error =
        |only: &str| workshop.restore(&repository, &id, Some(only), &into, false).unwrap_err().to_string();
    assert_eq!(
        error("databases/none.db"),
        format!("databases/none.db is not in the snapshot {}", id.short())
    );
    assert_eq!(error("../etc"), "../etc could not be read: this is no path in a snapshot");
    assert!(!into.exists());
    let unknown = SnapshotId::parse(&"ab".repeat(32)).unwrap();
    let error = workshop.restore(&repository, &unknown, None, &into, false).unwrap_err();
    assert!(matches!(error, RepositoryError::NoSuchSnapshot { .. }), "{error}");
}

#[test]
fn what_is_there_is_overwritten_only_when_that_is_said() {
    let workshop = Workshop::new();
    let source = workshop.odd_folder("source");
    let repository = workshop.repository();
    let id = workshop.write(&repository, vec![folder("folders/etc", &source)]).unwrap().id;
    let into = workshop.path("into");
    fs::create_dir_all(into.join("folders/etc/deep")).unwrap();
    fs::write(into.join("folders/etc/deep/a"), "older").unwrap();
    fs::write(into.join("folders/etc/mine"), "mine").unwrap();
    let before = tree_of(&into);
    let error = workshop.restore(&repository, &id, None, &into, false).unwrap_err().to_string();
    assert_eq!(error, format!("{} could not be restored: there is something in it already", into.display()));
    assert_eq!(tree_of(&into), before);

    workshop.restore(&repository, &id, None, &into, true).unwrap();
    assert_eq!(fs::read(into.join("folders/etc/mine")).unwrap(), b"mine");
    fs::remove_file(into.join("folders/etc/mine")).unwrap();
    let same_times = |mut tree: std::collections::BTreeMap<_, _>| {
        tree.remove(std::path::Path::new(""));
        tree
    };
    assert_eq!(same_times(tree_of(&into.join("folders/etc"))), same_times(tree_of(&source)));
}

#[test]
fn a_restore_that_cannot_be_done_changes_nothing() {
    let workshop = Workshop::new();
    let source = workshop.odd_folder("source");
    let repository = workshop.repository();
    let id = workshop.write(&repository, vec![folder("folders/etc", &source)]).unwrap().id;
    let check = |prepare: &dyn Fn(&std::path::Path), expected: &str| {
        let into = workshop.fresh("into");
        fs::create_dir_all(into.join("folders/etc")).unwrap();
        prepare(&into.join("folders/etc"));
        let before = tree_of(&into);
        let error = workshop.restore(&repository, &id, None, &into, true).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        let mut after = tree_of(&into);
        // The folder it was built in has come and gone.
        for tree in [&mut after, &mut before.clone()] {
            tree.remove(std::path::Path::new(""));
        }
        let mut before = before;
        before.remove(std::path::Path::new(""));
        assert_eq!(after, before);
    };
    check(&|at| fs::create_dir(at.join("empty")).unwrap(), "a folder is there, and the backup has none");
    check(
        &|at| fs::write(at.join("deep"), "x").unwrap(),
        "a file or link is there, and the backup has a folder",
    );
    let outside = workshop.path("outside");
    fs::create_dir(&outside).unwrap();
    check(
        &|at| std::os::unix::fs::symlink(&outside, at.join("deep")).unwrap(),
        "a file or link is there, and the backup has a folder",
    );
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);

    // A link in place of a file is replaced, not followed.
    let into = workshop.fresh("into");
    fs::create_dir_all(into.join("folders/etc")).unwrap();
    fs::write(outside.join("kept"), "kept").unwrap();
    std::os::unix::fs::symlink(outside.join("kept"), into.join("folders/etc/big")).unwrap();
    workshop.restore(&repository, &id, None, &into, true).unwrap();
    assert_eq!(fs::read(outside.join("kept")).unwrap(), b"kept");
    assert!(fs::read(into.join("folders/etc/big")).unwrap() == noise(5 << 20, 77));

    workshop.stop.cancel();
    let into = workshop.fresh("into");
    let error = workshop.restore(&repository, &id, None, &into, false).unwrap_err();
    assert_eq!(error, RepositoryError::Stopped);
}
