//! Stores that fail in the middle.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use bytes::Bytes;
use keeper::backup::repository::{
    Repository, RepositoryError,
    files::{FileError, Files},
};

use super::workshop::{Workshop, noise, stream};

/// A store that takes so many writes below a folder, and no more.
#[derive(Debug)]
struct Breaking {
    inner: Arc<dyn Files>,
    folder: &'static str,
    left: AtomicI64,
}

impl Files for Breaking {
    fn place(&self) -> String {
        self.inner.place()
    }

    fn list(&self, folder: &str) -> Result<Vec<(String, u64)>, FileError> {
        self.inner.list(folder)
    }

    fn read(&self, path: &str) -> Result<Bytes, FileError> {
        self.inner.read(path)
    }

    fn read_range(&self, path: &str, offset: u64, length: u64) -> Result<Bytes, FileError> {
        self.inner.read_range(path, offset, length)
    }

    fn write(&self, path: &str, content: &[Bytes]) -> Result<(), FileError> {
        if path.starts_with(self.folder) && self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return Err(FileError::Unreachable {
                place: path.to_owned(),
                reason: "the cable is out".to_owned(),
            });
        }
        self.inner.write(path, content)
    }

    fn remove(&self, path: &str) -> Result<(), FileError> {
        self.inner.remove(path)
    }
}

#[test]
fn whichever_write_fails_no_snapshot_is_seen_and_the_next_attempt_is_well() {
    let workshop = Workshop::new();
    let whole = workshop.repository();
    let first = workshop.write(&whole, vec![stream("databases/a.db", &noise(1 << 20, 1), 1)]).unwrap();
    let pieces = || {
        let many = (0..40).map(|number| stream(&format!("small/{number}"), &noise(20_000, 100 + number), 1));
        many.chain([stream("databases/b.db", &noise(36 << 20, 2), 1)]).collect::<Vec<_>>()
    };
    // Packs of earlier attempts are in no index and so are written again; after an attempt that got as far as the
    // snapshot they are known, so that comes last.
    for (folder, allowed) in
        [("locks", 0), ("data", 0), ("data", 1), ("data", 2), ("index", 0), ("snapshots", 0)]
    {
        let broken = Arc::new(Breaking { inner: workshop.files(), folder, left: AtomicI64::new(i64::MAX) });
        let repository = Repository::open(Arc::clone(&broken) as Arc<dyn Files>, &workshop.password).unwrap();
        broken.left.store(allowed, Ordering::SeqCst);
        let error = workshop.write(&repository, pieces()).unwrap_err();
        assert!(
            matches!(&error, RepositoryError::Storage(FileError::Unreachable { .. })),
            "{folder} {allowed}: {error:?}"
        );
        assert_eq!(whole.snapshots().unwrap().len(), 1, "{folder} {allowed}");
        assert_eq!(workshop.locks(), 0, "{folder} {allowed}");
        assert_eq!(workshop.damage(&whole), [], "{folder} {allowed}");
    }
    let second = workshop.write(&whole, pieces()).unwrap();
    for (id, path, bytes) in
        [(first.id, "databases/a.db", noise(1 << 20, 1)), (second.id, "databases/b.db", noise(36 << 20, 2))]
    {
        let back = workshop.fresh("back");
        workshop.restore(&whole, &id, None, &back, false).unwrap();
        assert!(fs::read(back.join(path)).unwrap() == bytes);
    }
}
