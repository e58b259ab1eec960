//! Damage to every kind of file: it is found, the file is named, and what does not need the file comes back.

use std::{fs, path::PathBuf};

use keeper::backup::repository::{Damage, ReadData, Repository, RepositoryError, SnapshotId};

use super::workshop::{Workshop, folder, noise, quiet, stream, tree_of};

/// Two backups that share no data, and which files each of them brought.
struct Damaged {
    workshop: Workshop,
    repository: Repository,
    first: SnapshotId,
    second: SnapshotId,
    of_first: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    FlippedAt(usize),
    FlippedAtEnd(usize),
    CutOff,
    Empty,
    Missing,
}

impl Damaged {
    fn new() -> Self {
        let workshop = Workshop::new();
        let repository = workshop.repository();
        let write = |name: &str, seed: u64| {
            let source = workshop.path(name);
            fs::create_dir_all(source.join("folder")).unwrap();
            fs::write(source.join("folder/file"), noise(300_000, seed)).unwrap();
            let pieces = vec![
                stream("databases/app.db", &noise(700_000, seed + 1), seed as i64),
                folder("folders/f", &source),
            ];
            workshop.write(&repository, pieces).unwrap().id
        };
        let root = workshop.path("repository");
        let before = files_of(&root);
        let first = write("one", 1);
        let of_first = files_of(&root).into_iter().filter(|file| !before.contains(file)).collect();
        let second = write("two", 20);
        Self { workshop, repository, first, second, of_first }
    }

    /// The file of the first backup below this folder: of the data, the one with the files or the one with folders.
    fn file(&self, below: &str, smallest: bool) -> PathBuf {
        let root = self.workshop.path("repository");
        let mut files: Vec<_> = self
            .of_first
            .iter()
            .filter(|file| file.strip_prefix(&root).unwrap().starts_with(below))
            .collect();
        files.sort_by_key(|file| fs::metadata(file).unwrap().len());
        if smallest { files[0].clone() } else { files[files.len() - 1].clone() }
    }

    /// Damages a file, looks, and mends it again.
    fn with(&self, file: &PathBuf, how: How, look: impl FnOnce(&str)) {
        let good = fs::read(file).unwrap();
        let mut bad = good.clone();
        match how {
            How::FlippedAt(at) => bad[at] ^= 0x20,
            How::FlippedAtEnd(at) => bad[good.len() - at] ^= 0x20,
            How::CutOff => bad.truncate(good.len() - 9),
            How::Empty => bad.clear(),
            How::Missing => {}
        }
        if how == How::Missing {
            fs::remove_file(file).unwrap();
        } else {
            fs::write(file, bad).unwrap();
        }
        let name = file.strip_prefix(self.workshop.path("repository")).unwrap().display().to_string();
        look(&name);
        fs::write(file, good).unwrap();
    }

    fn restores(&self, id: &SnapshotId, name: &str) -> Result<(), RepositoryError> {
        let back = self.workshop.fresh("back");
        self.workshop.restore(&self.repository, id, None, &back, false)?;
        assert!(
            tree_of(&back.join("folders/f")) == tree_of(&self.workshop.path(name)),
            "what came back is another"
        );
        Ok(())
    }

    fn check(&self, read: ReadData) -> Vec<Damage> {
        self.repository.check(read, &quiet(), &self.workshop.stop).unwrap()
    }

    fn open(&self) -> Result<Repository, RepositoryError> {
        Repository::open(self.workshop.files(), &self.workshop.password)
    }
}

fn files_of(root: &std::path::Path) -> Vec<PathBuf> {
    tree_of(root).into_keys().map(|path| root.join(path)).filter(|path| path.is_file()).collect()
}

const EVERY_WAY: [How; 6] =
    [How::FlippedAt(3), How::FlippedAt(40), How::FlippedAtEnd(5), How::CutOff, How::Empty, How::Missing];

#[test]
fn damage_to_data_is_found_and_named_and_keeps_nobody_else_from_a_restore() {
    let damaged = Damaged::new();
    assert_eq!(damaged.check(ReadData::All), []);
    for smallest in [true, false] {
        let file = damaged.file("data", smallest);
        for how in EVERY_WAY {
            damaged.with(&file, how, |name| {
                let found = damaged.check(ReadData::All);
                assert!(found.iter().any(|damage| damage.file == name), "{how:?} {name}: {found:?}");
                assert!(found.iter().all(|damage| damage.file == name), "{how:?} {name}: {found:?}");
                // Without its data, only the sizes are seen, or what is read on the way.
                let is_size = matches!(how, How::CutOff | How::Empty | How::Missing);
                let is_seen = damaged.check(ReadData::No).iter().any(|damage| damage.file == name);
                assert!(is_seen || !is_size, "{how:?} {name}");

                // The head at the end says again what the index says; a restore does not need it.
                let is_head = matches!(how, How::FlippedAtEnd(_) | How::CutOff);
                match damaged.restores(&damaged.first, "one") {
                    Err(error) => assert!(error.to_string().contains(name), "{how:?}: {error}"),
                    Ok(()) => assert!(is_head, "{how:?} {name}"),
                }
                damaged.restores(&damaged.second, "two").unwrap();
            });
        }
    }
    assert_eq!(damaged.check(ReadData::All), []);
    damaged.restores(&damaged.first, "one").unwrap();
}

#[test]
fn a_lost_or_damaged_index_keeps_nobody_from_a_restore() {
    let damaged = Damaged::new();
    let file = damaged.file("index", true);
    for how in EVERY_WAY {
        damaged.with(&file, how, |name| {
            let found = damaged.check(ReadData::No);
            let expected = if how == How::Missing { "index" } else { name };
            assert!(found.iter().any(|damage| damage.file == expected), "{how:?}: {found:?}");
            damaged.restores(&damaged.first, "one").unwrap();
            damaged.restores(&damaged.second, "two").unwrap();
            assert!(!damaged.repository.files(&damaged.first).unwrap().is_empty());
            assert_eq!(damaged.repository.snapshots().unwrap().len(), 2);
            if how != How::Missing {
                let pieces = vec![stream("databases/app.db", b"new", 9)];
                let error = damaged.workshop.write(&damaged.repository, pieces).unwrap_err().to_string();
                assert!(error.contains(name), "{how:?}: {error}");
            }
            let error = damaged.repository.prune().unwrap_err().to_string();
            assert!(how == How::Missing || error.contains(name), "{how:?}: {error}");
        });
    }
    assert_eq!(damaged.check(ReadData::All), []);
}

#[test]
fn a_damaged_snapshot_is_named_and_the_others_come_back() {
    let damaged = Damaged::new();
    let file = damaged.file("snapshots", true);
    for how in EVERY_WAY {
        damaged.with(&file, how, |name| {
            let readable = damaged.repository.readable().unwrap();
            assert_eq!(readable.snapshots.len(), 1, "{how:?}");
            damaged.restores(&damaged.second, "two").unwrap();
            let error = damaged.restores(&damaged.first, "one").unwrap_err().to_string();
            if how == How::Missing {
                assert!(error.starts_with("there is no snapshot "), "{error}");
                return;
            }
            assert!(error.contains(name), "{how:?}: {error}");
            assert_eq!(readable.damaged.len(), 1, "{how:?}");
            assert_eq!(readable.damaged[0].file, name);
            assert!(damaged.check(ReadData::No).iter().any(|damage| damage.file == name));
            assert!(damaged.repository.snapshots().unwrap_err().to_string().contains(name));
            // Its data would be lost.
            assert!(damaged.repository.prune().unwrap_err().to_string().contains(name));
        });
    }
    damaged.restores(&damaged.first, "one").unwrap();
}

#[test]
fn a_damaged_key_or_configuration_is_told_from_a_wrong_password() {
    let damaged = Damaged::new();
    let root = damaged.workshop.path("repository");
    let key = fs::read_dir(root.join("keys")).unwrap().next().unwrap().unwrap().path();
    for how in EVERY_WAY {
        damaged.with(&key, how, |name| {
            let error = damaged.open().unwrap_err().to_string();
            assert!(
                error.starts_with(if how == How::Missing { "keys of" } else { name }),
                "{how:?}: {error}"
            );
            let found = damaged.check(ReadData::No);
            assert!(found.iter().any(|damage| damage.file == name), "{how:?}: {found:?}");
        });
        damaged.with(&root.join("config"), how, |name| {
            assert_eq!(name, "config");
            let error = damaged.open().unwrap_err().to_string();
            assert!(error.starts_with("config of the repository is damaged: "), "{how:?}: {error}");
            if how != How::Missing {
                let found = damaged.check(ReadData::No);
                assert!(found.iter().any(|damage| damage.file == name), "{how:?}: {found:?}");
            }
        });
    }
    damaged.open().unwrap();
}
