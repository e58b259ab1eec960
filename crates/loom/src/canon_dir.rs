//! The canon folder: reads worlds from disk, reloads them when they change, and keeps the last good version playing.
//!
//! It carries text to `loom_core::canon` and never looks into it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use chassis::clock::Clock;
use loom_core::canon::{self, Canon, CanonProblem, ReadFailure};
use storage::Database;
use tokio::sync::RwLock;

use crate::store::canons::{self, CanonVersion};

pub mod edit;
mod files;
mod git;

pub use files::{CanonKeyError, FILE_LIMIT_BYTES};

/// A canon as it was last read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The folder or file name that sessions refer to.
    pub key: String,
    /// The world, when it can be played.
    pub canon: Option<Arc<Canon>>,
    /// What is wrong with it, worst first as the parser gave it.
    pub problems: Arc<Vec<CanonProblem>>,
    /// Path within the canon to text.
    pub files: Arc<BTreeMap<String, String>>,
    /// The commit of the work tree it stands in.
    pub commit: Option<String>,
    /// True while `canon` is an older version because the newest cannot be played.
    pub stale: bool,
    signature: files::Signature,
}

/// Why there is no canon to play under.
#[derive(Debug, thiserror::Error)]
pub enum CanonError {
    /// Neither the folder nor the database knows it.
    #[error("there is no canon `{key}`; there are: {known}")]
    Unknown {
        /// What was asked for.
        key: String,
        /// What there is.
        known: String,
    },
    /// It was never playable.
    #[error("canon `{key}` cannot be played: {first_problem}")]
    Unplayable {
        /// Which.
        key: String,
        /// The first error with file and line.
        first_problem: String,
    },
    /// The name is not one of a folder entry.
    #[error(transparent)]
    Key(#[from] CanonKeyError),
    /// The database refused.
    #[error(transparent)]
    Storage(#[from] storage::StorageError),
}

/// All canons of the folder.
#[derive(Clone)]
pub struct CanonDir {
    root: Arc<PathBuf>,
    database: Database,
    clock: Clock,
    loaded: Arc<RwLock<BTreeMap<String, Loaded>>>,
    recorded: Arc<RwLock<BTreeSet<(String, String)>>>,
}

impl CanonDir {
    /// Reads every canon of the folder. A folder that does not exist is an empty one.
    pub async fn open(root: &Path, database: Database, clock: Clock) -> Self {
        let canons = Self {
            root: Arc::new(root.to_owned()),
            database,
            clock,
            loaded: Arc::default(),
            recorded: Arc::default(),
        };
        canons.refresh().await;
        canons
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every canon as it was last read, by key.
    pub async fn all(&self) -> Vec<Loaded> {
        self.loaded.read().await.values().cloned().collect()
    }

    /// One canon as it was last read.
    pub async fn get(&self, key: &str) -> Option<Loaded> {
        self.loaded.read().await.get(key).cloned()
    }

    /// Reads again what changed on disk since the last look; returns the keys that were read.
    pub async fn refresh(&self) -> Vec<String> {
        let root = Arc::clone(&self.root);
        let seen = files::blocking(move || files::scan(&root)).await;
        let stale: Vec<(String, files::Signature)> = {
            let loaded = self.loaded.read().await;
            seen.iter()
                .filter(|(key, signature)| {
                    loaded.get(*key).is_none_or(|known| known.signature != **signature)
                })
                .map(|(key, signature)| (key.clone(), signature.clone()))
                .collect()
        };
        for (key, signature) in &stale {
            self.read(key, signature.clone()).await;
        }
        self.forget_missing(&seen).await;
        stale.into_iter().map(|(key, _)| key).collect()
    }

    /// A canon whose files are gone stays, marked stale, so that its sessions go on.
    async fn forget_missing(&self, seen: &BTreeMap<String, files::Signature>) {
        let mut loaded = self.loaded.write().await;
        for (key, entry) in loaded.iter_mut() {
            if !seen.contains_key(key) && !entry.stale {
                tracing::warn!(canon = %key, "the canon's files are gone; its sessions go on with the last version");
                entry.stale = true;
                entry.signature = files::Signature::default();
            }
        }
        loaded.retain(|_, entry| !entry.stale || entry.canon.is_some());
    }

    async fn read(&self, key: &str, signature: files::Signature) {
        let root = Arc::clone(&self.root);
        let name = key.to_owned();
        let read = files::blocking(move || files::read_canon(&root, &name)).await;
        let commit = git::commit_of(&self.root, key).await;
        let errors = read.parsed.canon.is_none();
        let mut loaded = self.loaded.write().await;
        let before = loaded.get(key).and_then(|entry| entry.canon.clone());
        if errors {
            tracing::warn!(canon = %key, problems = read.parsed.problems.len(), "the canon cannot be played as it stands");
        } else {
            tracing::info!(canon = %key, "canon read");
        }
        let fresh = read.parsed.canon.map(Arc::new);
        let stale = fresh.is_none() && before.is_some();
        loaded.insert(
            key.to_owned(),
            Loaded {
                key: key.to_owned(),
                canon: fresh.or(before),
                problems: Arc::new(read.parsed.problems),
                files: Arc::new(read.files),
                commit,
                stale,
                signature,
            },
        );
    }

    /// The canon that a turn of `key` is played under now, stored whole under its hash beforehand. A canon that is
    /// broken or gone is played in its last good version, from memory or from the database.
    pub async fn for_play(&self, key: &str) -> Result<Arc<Canon>, CanonError> {
        files::check_key(key)?;
        if let Some(loaded) = self.get(key).await
            && let Some(canon) = &loaded.canon
        {
            if !loaded.stale {
                self.record(&loaded, canon).await?;
            }
            return Ok(Arc::clone(canon));
        }
        let newest = canons::list(&self.database, key, 1).await?;
        if let Some(canon) = newest.first().and_then(|version| parse_version(version).canon) {
            return Ok(Arc::new(canon));
        }
        Err(self.explain_missing(key).await)
    }

    async fn explain_missing(&self, key: &str) -> CanonError {
        let loaded = self.loaded.read().await;
        let key = key.to_owned();
        match loaded.get(&key) {
            Some(entry) => {
                let first_problem = entry.problems.first().map_or_else(
                    || "it is empty".to_owned(),
                    |it| format!("{}:{}: {}", it.path, it.line, it.message),
                );
                CanonError::Unplayable { key, first_problem }
            }
            None => CanonError::Unknown { key, known: loaded.keys().cloned().collect::<Vec<_>>().join(", ") },
        }
    }

    /// Stores a version once; later calls for the same hash cost a look-up in memory.
    async fn record(&self, loaded: &Loaded, canon: &Canon) -> Result<(), CanonError> {
        let mark = (loaded.key.clone(), canon.hash.clone());
        if self.recorded.read().await.contains(&mark) {
            return Ok(());
        }
        let version = CanonVersion {
            canon: loaded.key.clone(),
            hash: canon.hash.clone(),
            version: canon.version.clone(),
            commit: loaded.commit.clone(),
            files: loaded.files.as_ref().clone(),
            first_seen_at: self.clock.now_text(),
        };
        canons::insert(&self.database, &version).await?;
        self.recorded.write().await.insert(mark);
        Ok(())
    }

    /// The canon of a stored version, for explaining a turn that was played under it.
    pub async fn version(&self, key: &str, hash: &str) -> Result<Option<Arc<Canon>>, CanonError> {
        if let Some(loaded) = self.get(key).await
            && let Some(canon) = &loaded.canon
            && canon.hash == hash
        {
            return Ok(Some(Arc::clone(canon)));
        }
        let stored = canons::find(&self.database, key, hash).await?;
        Ok(stored.and_then(|version| parse_version(&version).canon).map(Arc::new))
    }
}

/// Parses a version as the database keeps it.
#[must_use]
pub fn parse_version(version: &CanonVersion) -> canon::ParsedCanon {
    parse_files(&version.canon, &version.files)
}

/// Parses a canon from its files in memory: a stored version, or what an editor holds.
#[must_use]
pub fn parse_files(key: &str, files: &BTreeMap<String, String>) -> canon::ParsedCanon {
    let entry = files::entry_of(key, files.keys().map(String::as_str));
    let synthetic = files::synthetic_entry(&entry, files.keys().map(String::as_str));
    canon::parse(&entry, &mut |path| match (files.get(path), &synthetic) {
        (Some(text), _) => Ok(text.clone()),
        (None, Some(text)) if path == entry => Ok(text.clone()),
        _ => Err(ReadFailure::Missing),
    })
}

/// Looks at the folder every second until the program stops. Looking is a walk over a few dozen file dates, which
/// works on network folders and container mounts too, where change notices do not arrive.
pub async fn watch(canons: CanonDir, stop: tokio_util::sync::CancellationToken) {
    let mut tick = tokio::time::interval(std::time::Duration::from_secs(1));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => { canons.refresh().await; }
        }
    }
}

/// Reads and parses a canon anywhere on disk: `key` names a file or folder in `folder`.
pub async fn read_at(folder: &Path, key: &str) -> canon::ParsedCanon {
    let (folder, key) = (folder.to_owned(), key.to_owned());
    files::blocking(move || files::read_canon(&folder, &key).parsed).await
}
