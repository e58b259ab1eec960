//! Writing a backup: all of it becomes visible at once, or none of it.

mod read;
mod source;
mod tally;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Arc,
};

use jiff::{Timestamp, tz::TimeZone};
use keeper_core::ledger::Hash;
use rustic_core::{
    BackupOptions, ParentOptions, SnapshotGroupCriterion, SnapshotOptions,
    repofile::{SnapshotFile, SnapshotSummary},
};
use tokio_util::sync::CancellationToken;

use super::{
    Progress, Repository, RepositoryError, SnapshotId,
    glue::{Glue, GlueOptions, ledger_hash},
};
use crate::backup::Piece;
use source::Source;
use tally::Tally;

/// How a backup is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotHead {
    /// `PLAN/NAME` of the backup.
    pub label: String,
    /// The same, for programs that know no labels.
    pub tag: String,
    /// This machine.
    pub host: String,
    /// When its sources were frozen.
    pub taken_at: Timestamp,
}

/// What was put into the repository, before the snapshot that shows it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Hash of all of it.
    pub tree: Hash,
    /// Size of all files.
    pub size_bytes: u64,
    /// Size of what was not there before, as it is stored.
    pub added_bytes: u64,
    /// Number of files, links and the like; without folders.
    pub files: u64,
    /// Streams that were not read, because the snapshot before has the same look and size, by their paths inside.
    pub unread: Vec<String>,
    /// Entries of folders that were gone before they could be read; not in the snapshot.
    pub vanished: u64,
    /// The snapshot before.
    pub parent: Option<SnapshotId>,
}

/// A backup that is in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// By which the repository knows it.
    pub id: SnapshotId,
    /// What is in it.
    pub contents: Contents,
}

impl Repository {
    /// Writes a snapshot of these pieces. It becomes visible only when each of them arrived whole; `describe` gives
    /// the text that is kept with it. What was written before an error or a stop is used by the next attempt.
    pub fn write(
        &self,
        pieces: Vec<Piece>,
        head: &SnapshotHead,
        describe: impl FnOnce(&Contents) -> String,
        progress: &Arc<dyn Progress>,
        stop: &CancellationToken,
    ) -> Result<Written, RepositoryError> {
        let lock = self.share(stop)?;
        let broken = CancellationToken::new();
        let tally = Arc::new(Tally::new(stop.clone(), broken.clone()));
        let source = Source::new(pieces, Arc::clone(&tally))?;
        let glue = Glue::new(
            &self.files,
            GlueOptions { lease: Some(lock.lease()), broken, ..GlueOptions::default() },
        );
        let written = archive(self, &glue, &source, head, describe, &tally, progress);
        // Whatever became of it, no thread that is left behind writes after this.
        glue.end();
        drop(lock);
        written
    }
}

fn archive(
    repository: &Repository,
    glue: &Arc<Glue>,
    source: &Source,
    head: &SnapshotHead,
    describe: impl FnOnce(&Contents) -> String,
    tally: &Tally,
    progress: &Arc<dyn Progress>,
) -> Result<Written, RepositoryError> {
    let credentials = rustic_core::Credentials::Masterkey(repository.master.0.clone());
    let opened = glue.open_with(&credentials, Some(progress))?;
    let indexed = opened.to_indexed_ids().map_err(|error| glue.explain(&error))?;
    let paths: Vec<PathBuf> = source.paths();
    let empty = snapshot_of(head).map_err(|error| glue.explain(&error))?;

    glue.hold_snapshots(true);
    let archived = catch_unwind(AssertUnwindSafe(|| indexed.archive(&options(), source, empty, &paths)));
    let snapshot = match (archived, glue.failed().or_else(|| tally.failed())) {
        (_, Some(failed)) => return Err(failed),
        (Err(_), None) => return Err(RepositoryError::other("the backup ended in a fault of its library")),
        (Ok(Err(error)), None) => return Err(glue.explain(&error)),
        (Ok(Ok(snapshot)), None) => snapshot,
    };
    let contents = contents_of(&snapshot, tally)?;

    let snapshot = SnapshotFile { description: Some(describe(&contents)), ..snapshot };
    glue.hold_snapshots(false);
    indexed.save_snapshots(vec![snapshot]).map_err(|error| glue.explain(&error))?;
    let id = glue.saved().ok_or_else(|| RepositoryError::other("the snapshot was not written"))?;
    Ok(Written { id: SnapshotId::of(&id), contents })
}

/// Compares what arrived with what was sent: the library leaves out what fails, and says nothing.
fn contents_of(snapshot: &SnapshotFile, tally: &Tally) -> Result<Contents, RepositoryError> {
    let summary = snapshot.summary.as_ref();
    let number = |pick: fn(&SnapshotSummary) -> u64| summary.map_or(0, pick);
    let files = number(|summary| summary.total_files_processed);
    let size_bytes = number(|summary| summary.total_bytes_processed);
    if (files, size_bytes) != tally.sent() {
        let (files_sent, bytes_sent) = tally.sent();
        return Err(RepositoryError::other(format!(
            "{files_sent} files of {bytes_sent} bytes were sent to the repository and {files} of {size_bytes} arrived"
        )));
    }
    Ok(Contents {
        tree: ledger_hash(&snapshot.tree),
        size_bytes,
        added_bytes: number(|summary| summary.data_added_packed),
        files,
        unread: tally.unread()?,
        vanished: tally.vanished(),
        parent: snapshot.parent.map(|parent| SnapshotId::of(&parent)),
    })
}

fn snapshot_of(head: &SnapshotHead) -> rustic_core::RusticResult<SnapshotFile> {
    SnapshotOptions::default()
        .label(head.label.clone())
        .host(head.host.clone())
        .time(head.taken_at.to_zoned(TimeZone::UTC))
        // Or the whole command line of this process would be kept.
        .command("keeper".to_owned())
        .add_tags(&head.tag)?
        .to_snapshot()
}

fn options() -> BackupOptions {
    let group = SnapshotGroupCriterion::new().hostname(true).label(true).tags(true);
    BackupOptions::default().parent_opts(ParentOptions::default().group_by(group))
}
