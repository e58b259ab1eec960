//! Whole backups in object stores: over two real servers, and read from them by stock restic.

use std::{collections::BTreeMap, fs, io::Cursor, path::Path, process::Command, sync::Arc};

use bytes::Bytes;
use chassis::Secret;
use jiff::Timestamp;
use keeper::backup::{
    Piece,
    piece::{FolderPiece, Look, StreamPiece},
    repository::{
        Contents, Damage, Progress, Quiet, ReadData, Repository, RepositoryError, SnapshotHead, SnapshotId,
        files::Files, s3::S3Files,
    },
};
use tempfile::TempDir;
use testkit::{LocalS3, Moto, S3Access};
use tokio_util::sync::CancellationToken;

use crate::s3::location;

pub(crate) const PREFIX: &str = "machines/loom";
const PASSWORD: &str = "correct horse battery";
pub(crate) const DATABASE: &str = "databases/app.db";
const DATABASE_BYTES: usize = 1_500_000;

pub(crate) fn password() -> Secret {
    Secret::new(PASSWORD.to_owned())
}

/// What does not compress; the same for the same number.
fn noise(number: u64, size_bytes: usize) -> Bytes {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..size_bytes.div_ceil(8)).flat_map(|_| next()).take(size_bytes).collect()
}

pub(crate) fn sources() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..20 {
        let below = folder.path().join(format!("part-{}", number % 3));
        fs::create_dir_all(&below).unwrap();
        fs::write(below.join(format!("{number}.txt")), noise(1000 + number, 2_000)).unwrap();
    }
    folder
}

fn pieces(sources: &Path, number: u64) -> Vec<Piece> {
    let content = noise(number, DATABASE_BYTES);
    let at = |second| Timestamp::from_second(second).unwrap();
    let changed_at = at(1_700_000_000 + number as i64);
    vec![
        Piece::Stream(StreamPiece {
            at: DATABASE.to_owned(),
            size_bytes: content.len() as u64,
            look: Look { modified_at: changed_at, changed_at, inode: 7 },
            open: Box::new(move || Ok(Box::new(Cursor::new(content)))),
        }),
        Piece::Folder(FolderPiece {
            at: "folders/files".to_owned(),
            path: sources.to_owned(),
            except: Vec::new(),
        }),
    ]
}

fn quiet() -> Arc<dyn Progress> {
    Arc::new(Quiet)
}

pub(crate) fn write(
    repository: &Repository,
    sources: &Path,
    number: u64,
) -> Result<(SnapshotId, Contents), RepositoryError> {
    let head = SnapshotHead {
        label: "loom/app".to_owned(),
        tag: "loom/app".to_owned(),
        host: "unit".to_owned(),
        taken_at: Timestamp::from_second(1_800_000_000 + number as i64).unwrap(),
    };
    let describe = |_: &Contents| format!("number {number}");
    let written =
        repository.write(pieces(sources, number), &head, describe, &quiet(), &CancellationToken::new())?;
    Ok((written.id, written.contents))
}

pub(crate) fn check(repository: &Repository) -> Result<Vec<Damage>, RepositoryError> {
    repository.check(ReadData::All, &quiet(), &CancellationToken::new())
}

pub(crate) fn restore(repository: &Repository, id: &SnapshotId, into: &Path) -> Result<(), RepositoryError> {
    repository.restore(id, None, into, false, &quiet(), &CancellationToken::new()).map(drop)
}

/// Every file below a folder with its content.
pub(crate) fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

pub(crate) fn assert_restored(into: &Path, sources: &Path, number: u64) {
    assert!(fs::read(into.join(DATABASE)).unwrap() == noise(number, DATABASE_BYTES), "number {number}");
    assert!(tree(&into.join("folders/files")) == tree(sources), "number {number}");
}

pub(crate) fn assert_restores(repository: &Repository, id: &SnapshotId, sources: &Path, number: u64) {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("out");
    restore(repository, id, &into).unwrap();
    assert_restored(&into, sources, number);
}

fn whole_life(access: &S3Access, can_list_deep: bool) {
    let sources = sources();
    let files: Arc<dyn Files> = Arc::new(S3Files::new(&location(access, PREFIX)).unwrap());
    let absent = Repository::open(Arc::clone(&files), &password()).unwrap_err();
    assert!(matches!(absent, RepositoryError::NotThere { .. }), "{absent}");
    let repository = Repository::open_or_create(Arc::clone(&files), &password()).unwrap();
    let (first, contents) = write(&repository, sources.path(), 1).unwrap();
    assert_eq!((contents.files, contents.size_bytes), (21, DATABASE_BYTES as u64 + 40_000));
    let (second, _) = write(&repository, sources.path(), 2).unwrap();
    let (third, contents) = write(&repository, sources.path(), 2).unwrap();
    assert_eq!((contents.unread, contents.parent), (vec![DATABASE.to_owned()], Some(second)));

    let wrong = Repository::open(Arc::clone(&files), &Secret::new("wrong".to_owned())).unwrap_err();
    assert!(matches!(wrong, RepositoryError::WrongPassword { .. }), "{wrong}");
    let repository = Repository::open(files, &password()).unwrap();
    let stored = repository.snapshots().unwrap();
    assert_eq!(stored.iter().map(|stored| stored.id).collect::<Vec<_>>().len(), 3);
    assert_eq!(check(&repository).unwrap(), []);
    assert_restores(&repository, &first, sources.path(), 1);
    assert_restores(&repository, &third, sources.path(), 2);

    repository.drop_snapshots(&[first, second]).unwrap();
    assert!(repository.prune().unwrap().marked_bytes > DATABASE_BYTES as u64 / 2);
    assert_eq!(check(&repository).unwrap(), []);
    assert_restores(&repository, &third, sources.path(), 2);
    restic_agrees(access, sources.path(), &third, can_list_deep);
}

/// Stock restic lists, checks and restores what we wrote over S3.
fn restic_agrees(access: &S3Access, sources: &Path, id: &SnapshotId, can_list_deep: bool) {
    let folder = tempfile::tempdir().unwrap();
    let Some(program) = testkit::tools::find(&["restic"], &[]) else {
        testkit::tools::missing(testkit::tools::RESTIC, "");
        return;
    };
    let restic = |arguments: &[&str]| {
        let output = Command::new(&program)
            .args(["--no-cache", "-r", &format!("s3:{}/{}/{PREFIX}", access.endpoint, access.bucket)])
            .args(arguments)
            .env("AWS_ACCESS_KEY_ID", &access.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &access.secret_access_key)
            .env("AWS_DEFAULT_REGION", &access.region)
            .env("RESTIC_PASSWORD", PASSWORD)
            .env("HOME", folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    };
    let listed = restic(&["snapshots"]);
    assert!(listed.contains(&id.short()) && listed.contains("1 snapshots"), "{listed}");
    if can_list_deep {
        assert!(restic(&["check", "--read-data"]).contains("no errors were found"));
    }
    let into = folder.path().join("out");
    restic(&["restore", &id.short(), "--target", into.to_str().unwrap()]);
    assert_restored(&into, sources, 2);
}

#[test]
fn a_repository_lives_on_the_server_of_rust() {
    let store = LocalS3::start();
    // An empty `delimiter=`, which restic sends, hides what is in folders from this one's lists.
    whole_life(store.access(), false);
}

#[tokio::test]
async fn a_repository_lives_on_the_server_of_python() {
    let Some(store) = Moto::start().await else { return };
    whole_life(store.access(), true);
}
