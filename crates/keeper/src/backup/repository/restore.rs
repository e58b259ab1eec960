//! Restoring a snapshot, or one path of it.
//!
//! Everything is built in a folder of its own inside the target, every byte compared with the hash it is stored
//! under, and only then moved to where it belongs: until then, what was there stays as it was.

mod attributes;
mod contents;
mod entry;
mod place;

use std::{
    fs::{self, DirBuilder},
    io::ErrorKind,
    os::unix::fs::DirBuilderExt,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Progress, Repository, RepositoryError, SnapshotId, tree::Walk};
use contents::Plan;
use entry::Entry;

/// What was restored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RestoredStats {
    /// Files, links and the like; without folders.
    pub files: u64,
    /// Bytes of files.
    pub bytes: u64,
    /// Owners and attributes that this user or file system may not set.
    pub unset_attributes: u64,
}

/// The folder that a restore is built in, removed when dropped.
struct Building {
    folder: PathBuf,
}

impl Repository {
    /// Restores a snapshot, or `only` one path of it. Everything keeps its path inside the snapshot: the item at
    /// `databases/app.db` becomes `into/databases/app.db`. The target must be empty or absent, unless what is there
    /// may be overwritten; then files that are not in the snapshot stay.
    pub fn restore(
        &self,
        id: &SnapshotId,
        only: Option<&str>,
        into: &Path,
        overwrite: bool,
        progress: &Arc<dyn Progress>,
        stop: &CancellationToken,
    ) -> Result<RestoredStats, RepositoryError> {
        let _lock = self.share_to_read(stop)?;
        let tree = self.snapshot(id)?.tree;
        let only = only.map(plain).transpose()?;
        let (entries, plan) = self.with_index(|repository, glue| {
            let (mut entries, mut plan) = (Vec::new(), Plan::default());
            Walk { repository, glue, only: only.as_deref(), stop }.each(tree, |path, node| {
                let entry = Entry::of(path, node);
                plan.add(entries.len(), &entry, node, repository)?;
                entries.push(entry);
                Ok(())
            })?;
            Ok((entries, plan))
        })?;
        if let Some(only) = &only
            && !entries.iter().any(|entry| entry.path == *only)
        {
            let path = only.display().to_string();
            return Err(RepositoryError::NoSuchPath { path, id: id.short() });
        }

        let building = Building::new(into, overwrite)?;
        make_empty(&building.folder, &entries)?;
        plan.fill(&building.folder, &entries, &self.files, &self.master.0, progress, stop)?;
        let mut unset_attributes = attributes::set_files(&building.folder, &entries)?;
        place::check(&building.folder, into)?;
        if overwrite {
            place::to_disk(&building.folder)?;
        }
        place::merge(&building.folder, into)?;
        unset_attributes += attributes::set_folders(into, &entries)?;
        let files = entries.iter().filter(|entry| !entry.is_folder()).count() as u64;
        let bytes = entries.iter().map(|entry| entry.size_bytes).sum();
        Ok(RestoredStats { files, bytes, unset_attributes })
    }
}

impl Building {
    fn new(into: &Path, overwrite: bool) -> Result<Self, RepositoryError> {
        let failed = |error| RepositoryError::target(into, error);
        match fs::read_dir(into) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                DirBuilder::new().recursive(true).mode(0o700).create(into).map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
            Ok(mut entries) => {
                if !overwrite && entries.next().is_some() {
                    return Err(RepositoryError::target(into, "there is something in it already"));
                }
            }
        }
        let folder = into.join(format!(".keeper-restore-{}", Uuid::new_v4().simple()));
        DirBuilder::new().mode(0o700).create(&folder).map_err(failed)?;
        Ok(Self { folder })
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %error, "what a restore was built in could not be removed");
        }
    }
}

/// Makes the folders, and empty files for those that no content is written into.
fn make_empty(root: &Path, entries: &[Entry]) -> Result<(), RepositoryError> {
    for entry in entries {
        let path = root.join(&entry.path);
        let made = if entry.is_folder() {
            DirBuilder::new().mode(0o700).create(&path)
        } else if entry.is_file() && !entry.has_content {
            contents::create(&path).map(drop)
        } else {
            continue;
        };
        made.map_err(|error| RepositoryError::target(&path, error))?;
    }
    Ok(())
}

/// A path inside a snapshot; slashes at its ends are no part of it.
fn plain(path: &str) -> Result<PathBuf, RepositoryError> {
    let plain = Path::new(path.trim_matches('/'));
    let is_plain = plain.components().all(|component| matches!(component, Component::Normal(_)));
    (is_plain && !plain.as_os_str().is_empty())
        .then(|| plain.components().collect())
        .ok_or_else(|| RepositoryError::source(path, "this is no path in a snapshot"))
}
