//! Puts `rustic_core` on top of our [`Files`], and remembers what it would forget.
//!
//! Keys, indexes and snapshots are compared with the hash that is their name whenever they are read. Snapshots can be
//! held back, writes can be ended for good, and the first write that failed stays known.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;
use keeper_core::ledger::Hash;
use rustic_core::{
    BytesList, Credentials, ErrorKind, FileType, Id, OpenStatus, ReadBackend, RepositoryBackends,
    RepositoryOptions, RusticError, RusticResult, WriteBackend, repofile::MasterKey,
};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::{
    RepositoryError,
    files::{FileError, Files},
    lock::Lease,
    progress::{Bars, Progress},
};

/// A repository of `rustic_core` that is open.
pub(super) type Opened = rustic_core::Repository<OpenStatus>;

/// Keys and configurations are small; more is not read.
const SMALL: u64 = 1 << 20;

/// Our files under `rustic_core`, for one task.
pub(super) struct Glue {
    files: Arc<dyn Files>,
    writes: RwLock<Writes>,
    state: Mutex<State>,
    options: GlueOptions,
}

/// What a task lets the glue do.
#[derive(Default)]
pub(super) struct GlueOptions {
    /// Show no key but this.
    pub(super) only_key: Option<Id>,
    /// Show no index that is damaged.
    pub(super) skip_damaged: bool,
    /// Write only as long as this lock is ours.
    pub(super) lease: Option<Arc<Lease>>,
    /// Is cancelled by the first write that fails.
    pub(super) broken: CancellationToken,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Writes {
    All,
    HoldingSnapshots,
    Ended,
}

#[derive(Default)]
struct State {
    failed: Option<RepositoryError>,
    saved: Option<Id>,
    last_read: Option<String>,
}

impl Glue {
    /// For one task.
    pub(super) fn new(files: &Arc<dyn Files>, options: GlueOptions) -> Arc<Self> {
        let (files, writes) = (Arc::clone(files), RwLock::new(Writes::All));
        Arc::new(Self { files, writes, state: Mutex::default(), options })
    }

    /// Opens the repository with the key under all keys.
    pub(super) fn open(self: &Arc<Self>, master: &MasterKey) -> Result<Opened, RepositoryError> {
        self.open_with(&Credentials::Masterkey(master.clone()), None)
    }

    /// Opens the repository, and tells somebody how far its tasks have come.
    pub(super) fn open_with(
        self: &Arc<Self>,
        credentials: &Credentials,
        progress: Option<&Arc<dyn Progress>>,
    ) -> Result<Opened, RepositoryError> {
        self.unopened(progress)
            .and_then(|closed| closed.open(credentials))
            .map_err(|error| self.explain(&error))
    }

    /// The repository before it is opened.
    pub(super) fn unopened(
        self: &Arc<Self>,
        progress: Option<&Arc<dyn Progress>>,
    ) -> RusticResult<rustic_core::Repository<()>> {
        let backends = RepositoryBackends::new(Arc::clone(self) as Arc<dyn WriteBackend>, None);
        let options = RepositoryOptions::default().no_cache(true);
        let progress = progress.cloned().unwrap_or_else(|| Arc::new(super::Quiet));
        rustic_core::Repository::new_with_progress(&options, &backends, Bars(progress))
    }

    /// Takes snapshots from now on without writing them, or no longer.
    pub(super) fn hold_snapshots(&self, hold: bool) {
        let mut writes = self.writes.write().unwrap_or_else(PoisonError::into_inner);
        *writes = if hold { Writes::HoldingSnapshots } else { Writes::All };
    }

    /// Waits for the writes under way and refuses all later ones: threads of `rustic_core` may outlive a task that
    /// failed.
    pub(super) fn end(&self) {
        *self.writes.write().unwrap_or_else(PoisonError::into_inner) = Writes::Ended;
    }

    /// The first write that failed.
    pub(super) fn failed(&self) -> Option<RepositoryError> {
        self.state().failed.clone()
    }

    /// The last snapshot that was really written.
    pub(super) fn saved(&self) -> Option<Id> {
        self.state().saved
    }

    /// What an error of `rustic_core` means.
    pub(super) fn explain(&self, error: &RusticError) -> RepositoryError {
        if let Some(failed) = self.failed() {
            return failed;
        }
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(inner) = cause {
            if let Some(known) = inner.downcast_ref::<RepositoryError>() {
                return known.clone();
            }
            cause = inner.source();
        }
        if error.is_incorrect_password() {
            return RepositoryError::WrongPassword { place: self.files.place() };
        }
        let text = error.display_log();
        let last_read = self.state().last_read.clone();
        match last_read {
            _ if text.contains("not found in index") => {
                RepositoryError::damaged("index", "a part of the snapshot is in no index")
            }
            _ if text.contains("Config version") => RepositoryError::TooNew { place: self.files.place() },
            Some(file) if text.contains("related to") && is_about_content(&text) => {
                RepositoryError::damaged(file, "it cannot be opened, or is not what it should be")
            }
            _ => RepositoryError::other(first_line(&text)),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, error: RepositoryError) -> Box<RusticError> {
        self.state().failed.get_or_insert_with(|| error.clone());
        self.options.broken.cancel();
        boxed(error)
    }

    fn read_whole(&self, kind: FileType, id: &Id) -> Result<Bytes, RepositoryError> {
        let path = path_of(kind, id);
        self.state().last_read = Some(path.clone());
        let bytes = self.files.read(&path).map_err(|error| RepositoryError::of_read(&path, error))?;
        if matches!(kind, FileType::Config | FileType::Key) && bytes.len() as u64 > SMALL {
            return Err(RepositoryError::damaged(path, "it is far too large"));
        }
        if !matches!(kind, FileType::Config) && hash_of(&bytes) != *id {
            return Err(RepositoryError::damaged(path, "its content does not fit its name"));
        }
        Ok(bytes)
    }

    fn ids(&self, kind: FileType) -> Result<Vec<(Id, u32)>, RepositoryError> {
        if kind == FileType::Config {
            return match self.files.read(&path_of(kind, &Id::default())) {
                Err(FileError::NotFound { .. }) => Ok(Vec::new()),
                Err(other) => Err(other.into()),
                Ok(bytes) => Ok(vec![(Id::default(), u32::try_from(bytes.len()).unwrap_or(u32::MAX))]),
            };
        }
        let files = self.files.list(kind.dirname())?;
        // Names that are no hashes belong to somebody else.
        let ids = files.into_iter().filter_map(|(name, size)| Some((name.parse().ok()?, size)));
        Ok(ids.map(|(id, size)| (id, u32::try_from(size).unwrap_or(u32::MAX))).collect())
    }

    fn write_file(&self, kind: FileType, id: &Id, content: &BytesList) -> Result<(), RepositoryError> {
        let writes = self.writes.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(failed) = self.failed() {
            return Err(failed);
        }
        if self.options.lease.as_ref().is_some_and(|lease| !lease.is_ours()) {
            return Err(RepositoryError::other("the lock of the repository was lost on the way; try again"));
        }
        match (*writes, kind) {
            (Writes::Ended, _) => return Err(RepositoryError::other("the task has ended")),
            (Writes::HoldingSnapshots, FileType::Snapshot) => return Ok(()),
            _ => {}
        }
        self.files.write(&path_of(kind, id), content.slice())?;
        if kind == FileType::Snapshot {
            self.state().saved = Some(*id);
        }
        Ok(())
    }
}

impl ReadBackend for Glue {
    fn location(&self) -> String {
        self.files.place()
    }

    fn list_with_size(&self, kind: FileType) -> RusticResult<Vec<(Id, u32)>> {
        let mut ids = self.ids(kind).map_err(boxed)?;
        match (kind, self.options.only_key) {
            (FileType::Key, Some(key)) => ids.retain(|(id, _)| *id == key),
            (FileType::Index, _) if self.options.skip_damaged => {
                ids.retain(|(id, _)| {
                    !matches!(self.read_whole(kind, id), Err(RepositoryError::Damaged { .. }))
                });
            }
            _ => {}
        }
        Ok(ids)
    }

    fn read_full(&self, kind: FileType, id: &Id) -> RusticResult<Bytes> {
        self.read_whole(kind, id).map_err(boxed)
    }

    fn read_partial(
        &self,
        kind: FileType,
        id: &Id,
        _: bool,
        offset: u32,
        length: u32,
    ) -> RusticResult<Bytes> {
        let path = path_of(kind, id);
        self.state().last_read = Some(path.clone());
        self.files
            .read_range(&path, u64::from(offset), u64::from(length))
            .map_err(|error| boxed(RepositoryError::of_read(&path, error)))
    }

    fn warmup_path(&self, kind: FileType, id: &Id) -> String {
        path_of(kind, id)
    }
}

impl WriteBackend for Glue {
    fn write_bytes(&self, kind: FileType, id: &Id, _: bool, content: BytesList) -> RusticResult<()> {
        self.write_file(kind, id, &content).map_err(|error| self.fail(error))
    }

    fn remove(&self, kind: FileType, id: &Id, _: bool) -> RusticResult<()> {
        let writes = self.writes.read().unwrap_or_else(PoisonError::into_inner);
        let is_ours = self.options.lease.as_ref().is_none_or(|lease| lease.is_ours());
        let removed = if *writes == Writes::Ended || !is_ours {
            Err(RepositoryError::other("the lock of the repository was lost on the way; try again"))
        } else {
            self.files.remove(&path_of(kind, id)).map_err(RepositoryError::from)
        };
        removed.map_err(|error| self.fail(error))
    }
}

/// Where restic keeps such a file.
pub(super) fn path_of(kind: FileType, id: &Id) -> String {
    let name = id.to_hex();
    match kind {
        FileType::Config => "config".to_owned(),
        FileType::Pack => format!("data/{}/{}", &name[..2], &*name),
        _ => format!("{}/{}", kind.dirname(), &*name),
    }
}

/// SHA-256 of this.
pub(super) fn hash_of(bytes: &[u8]) -> Id {
    Id::new(Sha256::digest(bytes).into())
}

/// The hash as the ledger writes it.
pub(super) fn ledger_hash(id: &Id) -> Hash {
    Hash::parse(&id.to_hex()).unwrap_or(Hash::NONE)
}

fn boxed(error: RepositoryError) -> Box<RusticError> {
    RusticError::with_source(ErrorKind::Backend, "the files of the repository failed", error)
}

fn is_about_content(text: &str) -> bool {
    ["MAC", "decrypt", "decode", "deserializ", "too short", "Deserializ"]
        .iter()
        .any(|word| text.contains(word))
}

fn first_line(text: &str) -> String {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no reason was given").to_owned()
}
