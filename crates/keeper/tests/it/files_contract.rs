//! What every place of a repository's files has to do, whatever it is.

use std::{collections::BTreeSet, thread};

use bytes::Bytes;
use keeper::backup::repository::{
    FolderFiles,
    files::{FileError, Files},
};

const MANY: usize = 1_500;
const WRITERS: usize = 6;
const BIG_BYTES: usize = 40 << 20;

#[test]
fn a_folder_keeps_files() {
    let folder = tempfile::tempdir().unwrap();
    let files = |name: &str| FolderFiles::new(folder.path().join(name));
    keeps_files(&files("loom"));
    keeps_odd_names(&files("deep/down/ü b+c"));
    keeps_many(&files("many"));
    keeps_big(&files("big"));
}

/// Keeps, lists and forgets single files.
pub(crate) fn keeps_files(files: &dyn Files) {
    check_list(files, "", &[]);
    check_list(files, "data", &[]);
    check_absent(files, "config");
    files.remove("config").unwrap();

    files.write("config", &[Bytes::from_static(b"one")]).unwrap();
    let pieces = [Bytes::from_static(b"0123"), Bytes::new(), Bytes::from_static(b"456789")];
    files.write("data/4f/4f1c", &pieces).unwrap();
    files.write("data/50/50aa", &[]).unwrap();
    files.write("data-not/51", &[Bytes::from_static(b"!")]).unwrap();
    check_list(files, "", &[("4f1c", 10), ("50aa", 0), ("51", 1), ("config", 3)]);
    check_list(files, "data", &[("4f1c", 10), ("50aa", 0)]);
    check_list(files, "dat", &[]);

    assert_eq!(files.read("config").unwrap(), "one");
    assert_eq!(files.read("data/4f/4f1c").unwrap(), "0123456789");
    assert_eq!(files.read("data/50/50aa").unwrap(), "");
    check_ranges(files, "data/4f/4f1c");

    files.remove("data/4f/4f1c").unwrap();
    files.remove("data/4f/4f1c").unwrap();
    check_absent(files, "data/4f/4f1c");
    check_list(files, "data", &[("50aa", 0)]);
}

fn check_ranges(files: &dyn Files, path: &str) {
    for (offset, length, expected) in [
        (0, 10, Some("0123456789")),
        (3, 4, Some("3456")),
        (9, 1, Some("9")),
        (4, 0, Some("")),
        (6, 5, None),
        (10, 1, None),
        (400, 3, None),
    ] {
        match (files.read_range(path, offset, length), expected) {
            (Ok(bytes), Some(expected)) => assert_eq!(bytes, expected, "{length} at {offset}"),
            (Err(FileError::CutOff { place }), None) => assert!(place.contains(path), "{place}"),
            (found, _) => panic!("{length} at {offset}: {found:?}"),
        }
    }
}

fn check_absent(files: &dyn Files, path: &str) {
    for found in [files.read(path), files.read_range(path, 0, 1)] {
        match found {
            Err(FileError::NotFound { place }) => assert!(place.contains(path), "{place}"),
            found => panic!("{path}: {found:?}"),
        }
    }
}

fn check_list(files: &dyn Files, folder: &str, expected: &[(&str, u64)]) {
    let mut found = files.list(folder).unwrap();
    found.sort();
    let found: Vec<_> = found.iter().map(|(name, size_bytes)| (name.as_str(), *size_bytes)).collect();
    assert_eq!(found, expected, "{folder:?}");
}

/// Names that a URL or an XML text could break.
pub(crate) fn keeps_odd_names(files: &dyn Files) {
    let names = ["a b", "a+b", "100%", "%41", "q?x=1&y=2#z", "ü 汉字", "<tag>&amp;'\"", "~._-", "=;:@!$*(),"];
    for (number, name) in names.iter().enumerate() {
        let path = format!("keys/{name}");
        files.write(&path, &[Bytes::from(vec![7; number])]).unwrap();
        assert_eq!(files.read(&path).unwrap().len(), number, "{name}");
    }
    let listed: BTreeSet<_> = files.list("keys").unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(listed, names.iter().map(ToString::to_string).collect());
    names.iter().for_each(|name| files.remove(&format!("keys/{name}")).unwrap());
    assert_eq!(files.list("keys").unwrap(), []);
}

/// More files than one page of a list holds, written from several threads at once.
pub(crate) fn keeps_many(files: &dyn Files) {
    let name = |number: usize| format!("{number:04x}");
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || {
                for number in (writer..MANY).step_by(WRITERS) {
                    let path = format!("data/{:02x}/{}", number % 256, name(number));
                    files.write(&path, &[Bytes::from(vec![1; number % 7])]).unwrap();
                }
            });
        }
    });
    let mut listed = files.list("data").unwrap();
    listed.sort();
    let expected: Vec<_> = (0..MANY).map(|number| (name(number), (number % 7) as u64)).collect();
    assert_eq!(listed.len(), MANY);
    assert_eq!(listed, expected);
}

/// One file that is bigger than what travels at once.
pub(crate) fn keeps_big(files: &dyn Files) {
    let content: Vec<u8> =
        (0..BIG_BYTES as u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let content = Bytes::from(content);
    let pieces: Vec<_> =
        (0..content.len()).step_by(1 << 20).map(|at| content.slice(at..(at + (1 << 20)))).collect();
    files.write("data/00/big", &pieces).unwrap();
    assert_eq!(files.list("data").unwrap(), [("big".to_owned(), BIG_BYTES as u64)]);
    assert!(files.read("data/00/big").unwrap() == content);
    let (from, to) = (17 << 20, (17 << 20) + 3_333_333);
    let part = files.read_range("data/00/big", from as u64, (to - from) as u64).unwrap();
    assert!(part == content[from..to]);
}
