//! A folder with sources, a repository, and what tests do with them.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    io::Cursor,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use chassis::Secret;
use jiff::Timestamp;
use keeper::backup::{
    Piece,
    piece::{FolderPiece, Look, StreamPiece},
    repository::{
        Damage, FolderFiles, Progress, Quiet, ReadData, Repository, RepositoryError, RestoredStats,
        SnapshotHead, SnapshotId, Written, files::Files,
    },
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A folder with all that a test needs.
pub(crate) struct Workshop {
    folder: TempDir,
    number: AtomicU32,
    pub(crate) password: Secret,
    pub(crate) stop: CancellationToken,
}

impl Workshop {
    pub(crate) fn new() -> Self {
        let (folder, password) = (tempfile::tempdir().unwrap(), Secret::new("a long password".to_owned()));
        Self { folder, number: AtomicU32::new(0), password, stop: CancellationToken::new() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path that nobody has used.
    pub(crate) fn fresh(&self, name: &str) -> PathBuf {
        self.path(&format!("{name}-{}", self.number.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) fn files(&self) -> Arc<dyn Files> {
        Arc::new(FolderFiles::new(self.path("repository")))
    }

    pub(crate) fn repository(&self) -> Repository {
        Repository::open_or_create(self.files(), &self.password)
            .unwrap()
            .with_patience(std::time::Duration::ZERO)
    }

    pub(crate) fn write(
        &self,
        repository: &Repository,
        pieces: Vec<Piece>,
    ) -> Result<Written, RepositoryError> {
        let describe =
            |contents: &keeper::backup::repository::Contents| format!("{} bytes", contents.size_bytes);
        repository.write(pieces, &head(), describe, &quiet(), &self.stop)
    }

    pub(crate) fn restore(
        &self,
        repository: &Repository,
        id: &SnapshotId,
        only: Option<&str>,
        into: &Path,
        overwrite: bool,
    ) -> Result<RestoredStats, RepositoryError> {
        repository.restore(id, only, into, overwrite, &quiet(), &self.stop)
    }

    pub(crate) fn damage(&self, repository: &Repository) -> Vec<Damage> {
        repository.check(ReadData::All, &quiet(), &self.stop).unwrap()
    }

    /// How many locks lie in the repository.
    pub(crate) fn locks(&self) -> usize {
        self.files().list("locks").unwrap().iter().filter(|(name, _)| name.len() == 64).count()
    }

    /// A folder with everything that is hard to bring back.
    pub(crate) fn odd_folder(&self, name: &str) -> PathBuf {
        let root = self.path(name);
        fs::create_dir_all(root.join("deep/er")).unwrap();
        fs::create_dir(root.join("empty folder")).unwrap();
        fs::write(root.join("big"), noise(5 << 20, 77)).unwrap();
        fs::write(root.join("empty"), "").unwrap();
        fs::write(root.join("zeros"), vec![0; 3 << 20]).unwrap();
        fs::write(root.join(".gitignore"), "*\n").unwrap();
        fs::write(root.join("deep/er/汉字 und ümläute"), "text").unwrap();
        let names: [&[u8]; 6] =
            [b"new\nline", b"quote\"back\\slash", b"\xff\xfe not utf-8", b"-rf", b"a", b"a.b"];
        for name in names {
            fs::write(root.join("deep").join(OsStr::from_bytes(name)), name).unwrap();
        }
        symlink("../big", root.join("deep/link")).unwrap();
        symlink("nowhere at all", root.join("dangling")).unwrap();
        fs::hard_link(root.join("big"), root.join("same as big")).unwrap();
        fs::set_permissions(root.join("deep/a"), fs::Permissions::from_mode(0o4751)).unwrap();
        fs::set_permissions(root.join("empty folder"), fs::Permissions::from_mode(0o1770)).unwrap();
        fs::set_permissions(root.join("empty"), fs::Permissions::from_mode(0o400)).unwrap();
        let long_ago = std::time::UNIX_EPOCH + std::time::Duration::new(1_000_000_000, 123_456_789);
        fs::File::options().write(true).open(root.join("deep/a.b")).unwrap().set_modified(long_ago).unwrap();
        root
    }
}

/// What can be compared of everything below a folder, and of the folder.
pub(crate) fn tree_of(root: &Path) -> BTreeMap<PathBuf, (u32, i64, i64, u64, Vec<u8>)> {
    let (mut open, mut found) = (vec![root.to_owned()], BTreeMap::new());
    while let Some(path) = open.pop() {
        let seen = path.symlink_metadata().unwrap();
        let content = if seen.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            Vec::new()
        } else if seen.is_symlink() {
            fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec()
        } else {
            fs::read(&path).unwrap()
        };
        let links = if seen.is_dir() { 0 } else { seen.nlink() };
        let told = (seen.mode(), seen.mtime(), seen.mtime_nsec(), links, content);
        found.insert(path.strip_prefix(root).unwrap().to_owned(), told);
    }
    found
}

/// Bytes that cannot be packed any smaller, the same for the same seed.
pub(crate) fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

pub(crate) fn taken_at() -> Timestamp {
    "2026-03-01T02:00:00.123456789Z".parse().unwrap()
}

pub(crate) fn head() -> SnapshotHead {
    SnapshotHead {
        label: "p/app".to_owned(),
        tag: "p/app".to_owned(),
        host: "box".to_owned(),
        taken_at: taken_at(),
    }
}

pub(crate) fn quiet() -> Arc<dyn Progress> {
    Arc::new(Quiet)
}

/// One file with these bytes, whose look is known by a number.
pub(crate) fn stream(at: &str, bytes: &[u8], look: i64) -> Piece {
    let (size_bytes, bytes) = (bytes.len() as u64, bytes.to_vec());
    let time = Timestamp::from_second(1_700_000_000 + look).unwrap();
    Piece::Stream(StreamPiece {
        at: at.to_owned(),
        size_bytes,
        look: Look { modified_at: time, changed_at: time, inode: 4_711 },
        open: Box::new(move || Ok(Box::new(Cursor::new(bytes)))),
    })
}

pub(crate) fn folder(at: &str, path: &Path) -> Piece {
    Piece::Folder(FolderPiece { at: at.to_owned(), path: path.to_owned(), except: Vec::new() })
}
