//! Restores a backup, whole or one path of it, and opens what was restored with the real engine.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use jiff::Timestamp;
use keeper_core::{
    ledger::Event,
    plan::backup::{Backup, Store},
};

use super::{
    Record, history,
    proof::Finding,
    repository::{Progress, Repository, Stored},
    verify,
    work::{Work, blocking, has_repository},
};

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which of the backups.
    pub which: Which,
    /// Only this path inside it, such as `folders/config` or `databases/loom.db`.
    pub path: Option<String>,
    /// Where to: an empty folder, or one that is made.
    pub into: PathBuf,
    /// Files that are there may be replaced, and the folder need not be empty.
    pub overwrite: bool,
}

/// Which of the backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The newest.
    Latest,
    /// The newest that was taken no later than this.
    At(Timestamp),
    /// The one whose id begins so.
    Id(String),
}

/// What was restored.
#[derive(Debug, Clone)]
pub struct Restored {
    /// From which store.
    pub store: String,
    /// By which the store knows the backup.
    pub snapshot: String,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// What the real engines say of it.
    pub findings: Vec<Finding>,
    /// From start to end.
    pub took: Duration,
    /// The part of it in which what was restored was read again, opened and compared.
    pub proved_in: Duration,
}

impl Restored {
    /// Whether everything is as it was.
    pub fn good(&self) -> bool {
        self.findings.iter().all(|finding| finding.good)
    }
}

/// Restores from a store, and writes down how that went.
pub async fn restore(
    work: &Work<'_>,
    backup: &Backup,
    store: &Store,
    wanted: &Wanted,
) -> anyhow::Result<Restored> {
    is_free(&wanted.into, wanted.overwrite)?;
    let started = Instant::now();
    let found = if has_repository(store) {
        let (repository, stored) = choose(work, backup, store, &wanted.which).await?;
        let (snapshot, taken_at) = (stored.id.to_string(), stored.taken_at);
        (snapshot, taken_at, from_repository(work, repository, stored, wanted).await)
    } else {
        let commit = history::newest(store, &wanted.which).await?;
        let commit = commit.with_context(|| history::absent(store, &wanted.which))?;
        let findings = history::restore(store, &commit, wanted).await;
        (commit.id.to_string(), commit.at, findings.map(|findings| (findings, Duration::ZERO)))
    };
    let (snapshot, taken_at, found) = found;
    let good = found.as_ref().is_ok_and(|(all, _)| all.iter().all(|finding| finding.good));
    work.rows
        .write(Event::Restored {
            backup: work.id(backup),
            store: store.name.to_string(),
            snapshot: snapshot.clone(),
            target: wanted.into.display().to_string(),
            overwrite: wanted.overwrite,
            good,
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
        .await?;
    let (findings, proved_in) = found?;
    let (store, took) = (store.name.to_string(), started.elapsed());
    Ok(Restored { store, snapshot, taken_at, findings, took, proved_in })
}

/// Whether something may be restored there.
pub fn is_free(into: &Path, overwrite: bool) -> anyhow::Result<()> {
    match fs::read_dir(into) {
        Ok(mut entries) => {
            if !overwrite && entries.next().is_some() {
                bail!("{} is not empty; name an empty folder, or say --overwrite", into.display());
            }
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("looking at {}", into.display())),
    }
}

async fn choose(
    work: &Work<'_>,
    backup: &Backup,
    store: &Store,
    which: &Which,
) -> anyhow::Result<(Repository, Stored)> {
    let (id, name, which) = (work.id(backup), store.name.clone(), which.clone());
    let repository = work.open(store).await?;
    blocking(move || {
        let mut stored = repository.readable()?.snapshots;
        stored.retain(|stored| match &which {
            // Of this backup, or one that another program has made.
            Which::Id(prefix) => {
                let is_own = stored.tags.contains(&id) || Record::of(stored).is_none();
                is_own && stored.id.to_string().starts_with(&prefix.to_lowercase())
            }
            _ => stored.tags.contains(&id),
        });
        stored.sort_by_key(|stored| stored.taken_at);
        let found = match &which {
            Which::Latest => {
                stored.pop().with_context(|| format!("the store {name} holds no backup {id}"))?
            }
            Which::At(at) => {
                stored.retain(|stored| stored.taken_at <= *at);
                stored
                    .pop()
                    .with_context(|| format!("the store {name} holds no backup {id} of {at} or before"))?
            }
            Which::Id(prefix) => match stored.len() {
                1 => stored.remove(0),
                0 => bail!("the store {name} holds no backup {prefix}; `keeper backup list` shows them"),
                count => bail!("{count} backups begin with {prefix}; write more of the id"),
            },
        };
        Ok((repository, found))
    })
    .await
}

async fn from_repository(
    work: &Work<'_>,
    repository: Repository,
    stored: Stored,
    wanted: &Wanted,
) -> anyhow::Result<(Vec<Finding>, Duration)> {
    let (snapshot, options, progress, stop) =
        (stored.id, wanted.clone(), work.progress.clone(), work.stop.clone());
    let stats = blocking(move || {
        let Wanted { path, into, overwrite, .. } = options;
        let progress: Arc<dyn Progress> = Arc::new(progress);
        Ok(repository.restore(&snapshot, path.as_deref(), &into, overwrite, &progress, &stop)?)
    })
    .await?;
    let mut findings =
        vec![Finding::good(format!("{} file(s), {} bytes restored", stats.files, stats.bytes))];
    if stats.unset_attributes > 0 {
        let count = stats.unset_attributes;
        findings.push(Finding::good(format!(
            "{count} owner(s) or attribute(s) may not be set by this user here"
        )));
    }
    let Some(record) = Record::of(&stored) else {
        findings.push(Finding::good(
            "another program made it: there is no record of its sources to compare with",
        ));
        return Ok((findings, Duration::ZERO));
    };
    let proving = Instant::now();
    for item in record.items {
        // A part of a folder has no record of its own: its bytes were compared as they were written.
        if wanted.path.as_deref().is_none_or(|path| path.trim_matches('/') == item.at) {
            let at = item.at.clone();
            match verify::of_item(work, item, &wanted.into).await {
                Ok(seen) => findings.extend(seen),
                // It is restored all the same: on such a day the server may be away.
                Err(error) => findings.push(Finding::bad(format!("{at} could not be proved: {error:#}"))),
            }
        }
    }
    Ok((findings, proving.elapsed()))
}
