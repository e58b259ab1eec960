//! Locks that nobody holds any more, and those that several hold.

use std::{fs, sync::mpsc, thread, time::Duration};

use keeper::backup::{Piece, repository::RepositoryError};

use super::workshop::{Workshop, noise, stream};

#[test]
fn several_write_at_once_and_one_alone_prunes() {
    let workshop = Workshop::new();
    let repository = workshop.repository();
    let (begun, begins) = mpsc::channel();
    let (go, goes) = mpsc::channel::<()>();
    let mut slow = stream("slow", b"x", 1);
    let Piece::Stream(inner) = &mut slow else { panic!() };
    inner.open = Box::new(move || {
        begun.send(()).unwrap();
        goes.recv().unwrap();
        Ok(Box::new(std::io::Cursor::new(b"x")))
    });
    let other = repository.clone();
    let (password, stop) = (workshop.password.clone(), workshop.stop.clone());
    let writer = thread::spawn(move || {
        let _ = (password, stop.clone());
        let describe = |_: &keeper::backup::repository::Contents| String::new();
        let head = super::workshop::head();
        other.write(vec![slow], &head, describe, &super::workshop::quiet(), &stop).unwrap()
    });
    begins.recv().unwrap();
    workshop.write(&repository, vec![stream("quick", &noise(100_000, 1), 1)]).unwrap();
    let error = repository.prune().unwrap_err();
    assert!(matches!(error, RepositoryError::Held { exclusive: false, .. }), "{error}");
    let error = repository.drop_snapshots(&[]).unwrap_err();
    assert!(matches!(error, RepositoryError::Held { exclusive: false, .. }), "{error}");
    go.send(()).unwrap();
    // Somebody patient gets his turn.
    repository.clone().with_patience(Duration::from_secs(60)).prune().unwrap();
    writer.join().unwrap();
    assert_eq!(repository.snapshots().unwrap().len(), 2);
    assert_eq!(workshop.locks(), 0);
}

#[test]
fn a_lock_that_cannot_be_read_blocks_nobody_and_is_named() {
    let workshop = Workshop::new();
    let repository = workshop.repository();
    let lock = workshop.path("repository/locks").join("ab".repeat(32));
    for content in [&b""[..], b"{}", &noise(200, 1)] {
        fs::create_dir_all(lock.parent().unwrap()).unwrap();
        fs::write(&lock, content).unwrap();
        workshop.write(&repository, vec![stream("a", b"1", 1)]).unwrap();
        let found = workshop.damage(&repository);
        let [only] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(only.file, format!("locks/{}", "ab".repeat(32)));
        repository.prune().unwrap();
        assert!(!lock.exists());
        assert_eq!(workshop.damage(&repository), []);
    }
}
