//! Backups in a git repository: a commit for each change, kept for ever.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::bail;
use jiff::Timestamp;
use keeper_core::{
    ledger::Event,
    plan::backup::{Backup, Place, Source, Store},
};

use super::{
    git::{self, Commit},
    proof::Finding,
    repository::RepositoryError,
    restore::{Wanted, Which},
    take::Taken,
    verify::{NoBackup, Proved},
    work::{Work, blocking, tidy},
};

/// More commits than this are not listed.
const MOST: usize = 10_000;

/// Commits the folders of a backup, if something has changed; the row of the ledger is written then.
pub(super) async fn commit(work: &Work<'_>, backup: &Backup, store: &Store) -> anyhow::Result<Taken> {
    let (bare, id, clock) = (place(store)?, work.id(backup), work.clock.clone());
    let mut folders = Vec::new();
    for source in &backup.sources {
        let Source::Folder(path) = source else {
            bail!("a git repository only takes files and folders, and {} has another source", backup.name)
        };
        folders.push(PathBuf::from(path));
    }
    let known = work.known(store).await?;
    if known > 0 && !bare.join("HEAD").exists() {
        return Err(RepositoryError::Gone { place: bare.display().to_string(), known }.into());
    }
    let (taken_at, started, message) = (work.clock.now(), Instant::now(), format!("{id}: as it is now"));
    let committed = blocking(move || git::commit(&folders, &bare, &message, &clock)).await?;
    let took = started.elapsed();
    let standing = work.standing(backup, store).await?;
    let is_failing = standing.failure.as_ref().is_some_and(|failure| failure.since.is_some());
    let newest = match &committed.id {
        Some(commit) => Some((commit.to_string(), taken_at)),
        // It had not changed since a commit that was never written down, or since failures that are over now.
        None if is_failing || standing.newest().is_none() => {
            self::newest(store, &Which::Latest).await?.map(|commit| (commit.id.to_string(), commit.at))
        }
        None => None,
    };
    if let Some((snapshot, taken_at)) = newest {
        work.rows
            .write(Event::BackupTaken {
                backup: id,
                store: store.name.to_string(),
                snapshot,
                taken_at,
                content: None,
                size_bytes: 0,
                added_bytes: 0,
                duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                damage: None,
            })
            .await?;
    }
    let remarks = committed.left_out.iter().map(|left| format!("left out {left}")).collect();
    let snapshot = committed.id.map(|id| id.to_string()).unwrap_or_default();
    let (size_bytes, added_bytes, examined_in, damage, no_copy) = (0, 0, Duration::ZERO, None, None);
    Ok(Taken { snapshot, size_bytes, added_bytes, took, examined_in, damage, no_copy, remarks })
}

/// Checks every object of the repository, and restores the newest commit into scratch.
pub(super) async fn prove(work: &Work<'_>, backup: &Backup, store: &Store) -> anyhow::Result<Proved> {
    let (bare, scratch, began) = (place(store)?, work.scratch()?, work.clock.now());
    let newest = newest(store, &Which::Latest).await?;
    let newest = newest.ok_or_else(|| NoBackup { store: store.name.to_string(), backup: work.id(backup) })?;
    let (started, id, into) = (Instant::now(), newest.id.clone(), scratch.path().join("restored"));
    let findings = blocking(move || {
        let mut findings = Vec::new();
        match git::restore(&bare, &id, None, &into) {
            Ok(restored) => findings.push(Finding::good(format!(
                "{} file(s), {} bytes restored, each compared with its hash",
                restored.files, restored.bytes
            ))),
            Err(error) => findings.push(Finding::bad(format!("{error:#}"))),
        }
        let damage = git::check(&bare)?;
        if damage.is_empty() {
            findings.push(Finding::good("git fsck read every object of the repository, and it is sound"));
        }
        findings.extend(damage.into_iter().map(Finding::bad));
        Ok(findings)
    })
    .await?;
    let took = started.elapsed();
    tidy(scratch).await;
    let age = began.duration_since(newest.at);
    Ok(Proved {
        snapshot: newest.id.to_string(),
        taken_at: newest.at,
        findings,
        age,
        took,
        sessions: Vec::new(),
    })
}

/// The commits of a store, newest first.
pub(super) async fn commits(store: &Store) -> anyhow::Result<Vec<Commit>> {
    let bare = place(store)?;
    if !bare.exists() {
        return Ok(Vec::new());
    }
    blocking(move || git::list(&bare, MOST)).await
}

/// The commit that is wanted.
pub(super) async fn newest(store: &Store, which: &Which) -> anyhow::Result<Option<Commit>> {
    let mut all = commits(store).await?.into_iter();
    Ok(match which {
        Which::Latest => all.next(),
        Which::At(at) => all.find(|commit| commit.at <= *at),
        Which::Id(prefix) => all.find(|commit| commit.id.to_string().starts_with(&prefix.to_lowercase())),
    })
}

/// Restores a commit, or one path of it, below a folder at its absolute path.
pub(super) async fn restore(store: &Store, commit: &Commit, wanted: &Wanted) -> anyhow::Result<Vec<Finding>> {
    if wanted.overwrite {
        bail!("a commit is only restored into an empty folder; leave --overwrite out");
    }
    let (bare, id, into) = (place(store)?, commit.id.clone(), wanted.into.clone());
    let only = wanted.path.as_ref().map(|path| Path::new("/").join(path.trim_start_matches('/')));
    let restored = blocking(move || git::restore(&bare, &id, only.as_deref(), &into)).await?;
    let (files, bytes) = (restored.files, restored.bytes);
    Ok(vec![Finding::good(format!("{files} file(s), {bytes} bytes restored, each compared with its hash"))])
}

/// What is said where a store has not what is wanted.
pub(super) fn absent(store: &Store, which: &Which) -> String {
    match which {
        Which::Latest => format!("the store {} holds no commit", store.name),
        Which::At(at) => format!("the store {} holds no commit of {at} or before", store.name),
        Which::Id(prefix) => format!("the store {} holds no commit {prefix}", store.name),
    }
}

fn place(store: &Store) -> anyhow::Result<PathBuf> {
    match &store.place {
        Place::Git(path) => Ok(PathBuf::from(path)),
        _ => bail!("the store {} is no git repository", store.name),
    }
}

/// When a commit was made, for lists.
pub(super) fn times(commits: Vec<Commit>) -> impl Iterator<Item = (String, Timestamp)> {
    commits.into_iter().map(|commit| (commit.id.to_string(), commit.at))
}
