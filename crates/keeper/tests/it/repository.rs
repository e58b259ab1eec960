//! Repositories in real folders: what is written comes back, and what goes wrong is said.

mod broken;
mod damage;
mod killed;
mod locks;
mod restic;
mod restoring;
pub(crate) mod workshop;

use std::{
    fs,
    io::{self, Cursor, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::Arc,
    thread,
};

use chassis::Secret;
use keeper::backup::{
    Piece,
    repository::{FolderFiles, Repository, RepositoryError, files::Files},
};
use testkit::SmallDisk;

use crate::files_contract as contract;
use workshop::{Workshop, folder, noise, stream, tree_of};

#[test]
fn what_is_written_comes_back_with_all_that_belongs_to_it() {
    let workshop = Workshop::new();
    let source = workshop.odd_folder("source");
    let repository = workshop.repository();
    let database = noise(3 << 20, 1);
    let pieces = vec![
        stream("databases/app.db", &database, 1),
        folder("folders/etc/app", &source),
        stream("commands/empty", b"", 1),
    ];
    let written = workshop.write(&repository, pieces).unwrap();
    assert_eq!(written.contents.unread, Vec::<String>::new());
    assert_eq!(written.contents.parent, None);
    assert_eq!(written.contents.vanished, 0);

    let stored = repository.snapshots().unwrap();
    let [only] = stored.as_slice() else { panic!("{stored:?}") };
    assert_eq!((only.id, only.tree), (written.id, written.contents.tree));
    assert_eq!((only.label.as_str(), only.host.as_str()), ("p/app", "box"));
    assert_eq!(only.tags, ["p/app"]);
    assert_eq!(only.taken_at, workshop::taken_at());
    let said = only.description.clone().unwrap();
    assert_eq!(said, format!("{} bytes", written.contents.size_bytes));

    let back = workshop.path("back");
    let restored = workshop.restore(&repository, &written.id, None, &back, false).unwrap();
    assert_eq!(restored.files, written.contents.files);
    assert_eq!(restored.bytes, written.contents.size_bytes);
    assert!(fs::read(back.join("databases/app.db")).unwrap() == database);
    assert_eq!(fs::read(back.join("commands/empty")).unwrap(), b"");
    assert!(tree_of(&back.join("folders/etc/app")) == tree_of(&source));
    let names: Vec<_> = fs::read_dir(&back).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "{names:?}");

    let files = repository.files(&written.id).unwrap();
    let database = files.iter().find(|file| file.path == Path::new("databases/app.db")).unwrap();
    assert_eq!((database.size_bytes, database.is_folder), (3 << 20, false));
    assert!(
        files.iter().any(|file| file.path == Path::new("folders/etc/app/empty folder") && file.is_folder)
    );
    assert_eq!(workshop.damage(&repository), []);
    assert_eq!(repository.place(), workshop.path("repository").display().to_string());
}

#[test]
fn what_has_not_changed_is_not_read_again_and_is_a_backup_all_the_same() {
    let workshop = Workshop::new();
    let source = workshop.odd_folder("source");
    let repository = workshop.repository();
    let pieces = || vec![stream("databases/app.db", &noise(2 << 20, 1), 1), folder("folders/etc", &source)];
    let first = workshop.write(&repository, pieces()).unwrap();

    let mut again = pieces();
    let Piece::Stream(database) = &mut again[0] else { panic!() };
    database.open = Box::new(|| panic!("it was read"));
    let second = workshop.write(&repository, again).unwrap();
    assert_eq!(second.contents.unread, ["databases/app.db"]);
    assert_eq!(second.contents.parent, Some(first.id));
    assert_eq!(second.contents.tree, first.contents.tree);
    assert_eq!(second.contents.size_bytes, first.contents.size_bytes);
    assert_eq!(second.contents.files, first.contents.files);
    assert_eq!(second.contents.added_bytes, 0);
    assert_ne!(second.id, first.id);
    assert_eq!(repository.snapshots().unwrap().len(), 2);

    // Another look means another content, though it is the same here: nothing is added.
    let other_look = vec![stream("databases/app.db", &noise(2 << 20, 1), 2), folder("folders/etc", &source)];
    let third = workshop.write(&repository, other_look).unwrap();
    assert_eq!(third.contents.unread, Vec::<String>::new());
    assert!(third.contents.added_bytes < 10_000, "{third:?}");

    // One byte in the middle costs the chunks around it, at most two of 8 MiB.
    let mut changed = noise(24 << 20, 1);
    workshop.write(&repository, vec![stream("databases/app.db", &changed, 3)]).unwrap();
    changed[12 << 20] ^= 1;
    let fourth = workshop.write(&repository, vec![stream("databases/app.db", &changed, 4)]).unwrap();
    assert!(fourth.contents.added_bytes < 17 << 20, "{fourth:?}");
    let back = workshop.path("back");
    workshop.restore(&repository, &fourth.id, None, &back, false).unwrap();
    assert!(fs::read(back.join("databases/app.db")).unwrap() == changed);
}

/// Gives some bytes and then this.
struct Ends(Cursor<Vec<u8>>, Option<io::ErrorKind>);

impl Read for Ends {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Readers may give as little as they like.
        let most = buffer.len().min(1_000);
        match (self.0.read(&mut buffer[..most])?, self.1) {
            (0, Some(kind)) => Err(kind.into()),
            (count, _) => Ok(count),
        }
    }
}

#[test]
fn a_source_that_fails_leaves_no_snapshot_and_no_lock() {
    let workshop = Workshop::new();
    let repository = workshop.repository();
    workshop.write(&repository, vec![stream("databases/a.db", &noise(1 << 20, 9), 1)]).unwrap();
    let ends_with = |bytes: usize, announced: u64, kind: Option<io::ErrorKind>| {
        let mut piece = stream("databases/app.db", &[], 5);
        let Piece::Stream(inner) = &mut piece else { panic!() };
        inner.size_bytes = announced;
        inner.open =
            Box::new(move || Ok(Box::new(Ends(Cursor::new(noise(bytes, 2)), kind)) as Box<dyn Read + Send>));
        piece
    };
    let check = |piece: Piece, expected: &str| {
        let pieces = vec![stream("commands/first", &noise(1 << 20, 3), 7), piece, stream("zz/last", b"x", 7)];
        let error = workshop.write(&repository, pieces).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(repository.snapshots().unwrap().len(), 1, "{expected}");
        assert_eq!(workshop.locks(), 0, "{expected}");
    };
    for size in [0, 10, 3 << 20] {
        let announced = size as u64;
        check(
            ends_with(size, announced + 1, Some(io::ErrorKind::BrokenPipe)),
            "databases/app.db could not be read: ",
        );
        check(ends_with(size, announced + 1, None), "databases/app.db could not be read: it became shorter");
        if size > 0 {
            check(
                ends_with(size, announced - 1, None),
                "databases/app.db could not be read: it is longer than was",
            );
        }
    }
    check(ends_with(1, 0, None), "it is longer than was announced");
    let mut closed = stream("databases/app.db", b"1", 5);
    let Piece::Stream(inner) = &mut closed else { panic!() };
    inner.open = Box::new(|| Err(io::Error::other("the server is away")));
    check(closed, "databases/app.db could not be read: the server is away");
    check(folder("folders/none", &workshop.path("not there")), "not there could not be read: No such file");
    check(stream("../up", b"1", 1), "../up could not be read: this is no path in a snapshot");
    check(
        stream("commands/first", b"1", 1),
        "commands/first could not be read: the backup puts commands/first",
    );
    check(stream("commands/first/below", b"1", 1), "the backup puts commands/first there too");
    let error = workshop.write(&repository, vec![]).unwrap_err();
    assert_eq!(error.to_string(), "the backup could not be read: it has no parts");

    let written = workshop.write(&repository, vec![ends_with(3 << 20, 3 << 20, None)]).unwrap();
    let back = workshop.path("back");
    workshop.restore(&repository, &written.id, None, &back, false).unwrap();
    assert!(fs::read(back.join("databases/app.db")).unwrap() == noise(3 << 20, 2));
    assert_eq!(workshop.damage(&repository), []);
}

#[test]
fn a_stop_ends_a_backup_and_leaves_nothing_to_be_seen() {
    let workshop = Workshop::new();
    let repository = workshop.repository();
    let mut piece = stream("databases/app.db", &[], 5);
    let Piece::Stream(inner) = &mut piece else { panic!() };
    inner.size_bytes = u64::MAX / 2;
    let stop = workshop.stop.clone();
    inner.open = Box::new(move || {
        stop.cancel();
        Ok(Box::new(io::repeat(7)))
    });
    let error = workshop.write(&repository, vec![piece]).unwrap_err();
    assert_eq!(error, RepositoryError::Stopped);
    assert_eq!(repository.snapshots().unwrap(), []);
    assert_eq!(workshop.locks(), 0);
}

#[test]
fn a_folder_that_lies_in_another_is_taken_once() {
    let workshop = Workshop::new();
    let repository = workshop.repository();
    let source = workshop.odd_folder("source");
    let pieces = vec![folder("folders/a", &source), folder("folders/a/deep", &source.join("deep"))];
    let written = workshop.write(&repository, pieces).unwrap();
    let back = workshop.path("back");
    workshop.restore(&repository, &written.id, None, &back, false).unwrap();
    assert!(tree_of(&back.join("folders/a")) == tree_of(&source));
    // A single file, and a link to a folder, are followed by their names.
    std::os::unix::fs::symlink(&source, workshop.path("link")).unwrap();
    let pieces =
        vec![folder("folders/b", &workshop.path("link")), folder("folders/c", &source.join("zeros"))];
    let written = workshop.write(&repository, pieces).unwrap();
    let back = workshop.path("back2");
    workshop.restore(&repository, &written.id, None, &back, false).unwrap();
    assert!(tree_of(&back.join("folders/b")) == tree_of(&source));
    assert!(fs::read(back.join("folders/c")).unwrap() == fs::read(source.join("zeros")).unwrap());
}

#[test]
fn files_are_kept_in_a_folder_for_the_owner_alone() {
    let workshop = Workshop::new();
    for check in [contract::keeps_files, contract::keeps_odd_names, contract::keeps_many, contract::keeps_big]
    {
        let folder = workshop.fresh("files");
        check(&FolderFiles::new(&folder));
        assert_eq!(fs::read_dir(folder.join("tmp")).unwrap().count(), 0);
    }
    let root = workshop.fresh("modes");
    let files = FolderFiles::new(&root);
    files.write("data/00/0011", &["x".into()]).unwrap();
    let mode = |path: &str| fs::metadata(root.join(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("data/00/0011"), mode("data/00"), mode("data"), mode("")), (0o600, 0o700, 0o700, 0o700));

    // What a killed writer left is no file, and is gone once somebody sweeps.
    fs::write(root.join("tmp/half"), "ha").unwrap();
    assert_eq!(files.list("").unwrap(), [("0011".to_owned(), 1)]);
    files.sweep().unwrap();
    assert_eq!(fs::read_dir(root.join("tmp")).unwrap().count(), 0);
    assert_eq!(files.read("data/00/0011").unwrap(), "x");
}

#[test]
fn a_full_disk_is_said_and_leaves_what_was_there() {
    let Some(disk) = SmallDisk::new(24 << 20) else { return };
    let workshop = Workshop::new();
    let files: Arc<dyn Files> = Arc::new(FolderFiles::new(disk.path().join("repository")));
    let repository = Repository::open_or_create(files, &workshop.password).unwrap();
    let first = workshop.write(&repository, vec![stream("databases/a.db", &noise(4 << 20, 1), 1)]).unwrap();
    let error =
        workshop.write(&repository, vec![stream("databases/b.db", &noise(60 << 20, 2), 1)]).unwrap_err();
    assert!(error.to_string().starts_with("no space is left for "), "{error}");
    assert_eq!(repository.snapshots().unwrap().len(), 1);
    let back = workshop.path("back");
    workshop.restore(&repository, &first.id, None, &back, false).unwrap();
    assert!(fs::read(back.join("databases/a.db")).unwrap() == noise(4 << 20, 1));
}

#[test]
fn keys_come_and_go_and_only_they_open_it() {
    let workshop = Workshop::new();
    let repository = workshop.repository();
    let written = workshop.write(&repository, vec![stream("a", b"1", 1)]).unwrap();
    let (old, new) = (workshop.password.clone(), Secret::new("another one".to_owned()));
    let open = |password: &Secret| Repository::open(workshop.files(), password);
    assert!(matches!(open(&new), Err(RepositoryError::WrongPassword { .. })));
    let added = repository.add_key(&new).unwrap();
    let keys = repository.keys().unwrap();
    assert_eq!(keys.len(), 2);
    let current = keys.iter().find(|key| key.is_current).unwrap().id.clone();
    assert!(keys.iter().any(|key| key.id == added && !key.is_current && key.created_at.is_some()));

    let refused = repository.remove_key(&current).unwrap_err().to_string();
    assert!(refused.contains("it is the one in use"), "{refused}");
    let refused = repository.remove_key(&"0".repeat(64)).unwrap_err().to_string();
    assert!(refused.contains("there is no such key"), "{refused}");
    let by_new = open(&new).unwrap();
    by_new.remove_key(&current).unwrap();
    assert!(matches!(open(&old), Err(RepositoryError::WrongPassword { .. })));
    assert_eq!(by_new.snapshots().unwrap()[0].id, written.id);
    workshop.restore(&by_new, &written.id, None, &workshop.path("back"), false).unwrap();
}

#[test]
fn a_place_that_is_no_repository_is_told_from_one_that_is_half_made() {
    let workshop = Workshop::new();
    let at = |folder: &str| -> Arc<dyn Files> { Arc::new(FolderFiles::new(workshop.path(folder))) };
    let open = |folder: &str| Repository::open(at(folder), &workshop.password).map(drop);
    let create = |folder: &str| Repository::open_or_create(at(folder), &workshop.password);

    assert!(matches!(open("nothing"), Err(RepositoryError::NotThere { .. })));
    assert!(!workshop.path("nothing").exists());
    fs::create_dir_all(workshop.path("foreign/data")).unwrap();
    fs::write(workshop.path("foreign/data/diary.txt"), "dear").unwrap();
    assert!(matches!(open("foreign"), Err(RepositoryError::NotThere { .. })));
    assert!(matches!(create("foreign").map(drop), Err(RepositoryError::Foreign { .. })));
    assert_eq!(fs::read_dir(workshop.path("foreign")).unwrap().count(), 1);

    // Killed between the key and the configuration.
    let orphan = create("half").unwrap().keys().unwrap()[0].id.clone();
    fs::remove_file(workshop.path("half/config")).unwrap();
    assert!(matches!(open("half"), Err(RepositoryError::NotThere { .. })));
    let again = create("half").unwrap();
    assert_eq!(again.keys().unwrap().len(), 1);
    assert_ne!(again.keys().unwrap()[0].id, orphan);
    workshop.write(&again, vec![stream("a", b"1", 1)]).unwrap();
    open("half").unwrap();

    // Several that make one at the same moment end up with the same.
    let all: Vec<_> = thread::scope(|scope| {
        let making: Vec<_> = (0..4).map(|_| scope.spawn(|| create("at once").unwrap())).collect();
        making.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for (number, one) in all.iter().enumerate() {
        workshop.write(one, vec![stream("a", &noise(1_000, number as u64), number as i64)]).unwrap();
    }
    assert_eq!(all[0].snapshots().unwrap().len(), 4);
    open("at once").unwrap();

    // With backups in it, nothing is made anew.
    fs::remove_file(workshop.path("half/config")).unwrap();
    let error = create("half").map(drop).unwrap_err().to_string();
    assert!(error.starts_with("config of the repository is damaged: it is not there"), "{error}");
}
