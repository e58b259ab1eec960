//! Dropping snapshots, and giving back the space that nothing needs any more.

use rustic_core::{FileType, PruneOptions, ReadBackend, RusticError, WriteBackend};
use tokio_util::sync::CancellationToken;

use super::{
    Repository, RepositoryError, SnapshotId,
    glue::{Glue, GlueOptions},
};

/// What pruning did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Size of the files that were removed.
    pub removed_bytes: u64,
    /// Size of the files that are not needed any more, and are removed by a later run.
    pub marked_bytes: u64,
    /// Size of what was written anew, because it shared files with what is not needed.
    pub repacked_bytes: u64,
    /// Size of what nothing needs and that stays, because it is too little to be worth the work.
    pub unused_bytes: u64,
}

impl Repository {
    /// Removes snapshots from the list; [`prune`](Self::prune) gives back their space. One that is not there is well.
    pub fn drop_snapshots(&self, ids: &[SnapshotId]) -> Result<(), RepositoryError> {
        let lock = self.lock_alone(&CancellationToken::new())?;
        let glue =
            Glue::new(&self.files, GlueOptions { lease: Some(lock.lease()), ..GlueOptions::default() });
        for id in ids {
            glue.remove(FileType::Snapshot, &id.id(), false).map_err(|error| glue.explain(&error))?;
        }
        Ok(())
    }

    /// Gives back space that no snapshot needs: what is not needed is marked, and removed by a later run a day after.
    /// Refuses when a snapshot or an index cannot be read, because it could not know what that one needs.
    pub fn prune(&self) -> Result<Pruned, RepositoryError> {
        self.prune_with(&PruneOptions::default())
    }

    /// Waits less, and repacks however little is unused.
    #[cfg(test)]
    fn prune_at_once(&self) -> Result<Pruned, RepositoryError> {
        use rustic_core::LimitOption::{Percentage, Unlimited};

        let options = PruneOptions::default().max_unused(Percentage(0)).max_repack(Unlimited);
        self.prune_with(&options.keep_delete(jiff::Span::new()))
    }

    fn prune_with(&self, options: &PruneOptions) -> Result<Pruned, RepositoryError> {
        let lock = self.lock_alone(&CancellationToken::new())?;
        self.snapshots()?;
        let glue =
            Glue::new(&self.files, GlueOptions { lease: Some(lock.lease()), ..GlueOptions::default() });
        let explain = |error: Box<RusticError>| glue.explain(&error);
        let opened = glue.open(&self.master.0)?;
        let before = total(&glue)?;
        let plan = opened.prune_plan(options).map_err(explain)?;
        let (sizes, marked) = (plan.stats.size_sum(), plan.stats.size_to_delete);
        let pruned = opened.prune(options, plan).map_err(explain);
        glue.end();
        pruned?;
        if let Some(failed) = glue.failed() {
            return Err(failed);
        }
        Ok(Pruned {
            removed_bytes: before.saturating_add(sizes.repack - sizes.repackrm).saturating_sub(total(&glue)?),
            marked_bytes: sizes.remove + sizes.repack + marked.keep,
            repacked_bytes: sizes.repack - sizes.repackrm,
            unused_bytes: sizes.unused_after_prune(),
        })
    }
}

fn total(glue: &Glue) -> Result<u64, RepositoryError> {
    let packs = glue.list_with_size(FileType::Pack).map_err(|error| glue.explain(&error))?;
    Ok(packs.iter().map(|(_, size)| u64::from(*size)).sum())
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Cursor, sync::Arc};

    use chassis::Secret;
    use jiff::Timestamp;

    use super::*;
    use crate::backup::{
        Piece,
        piece::{Look, StreamPiece},
        repository::{FolderFiles, Progress, Quiet, ReadData, SnapshotHead},
    };

    fn noise(seed: u8, size: usize) -> Vec<u8> {
        let blocks = (0..size / 32).flat_map(|block| {
            let mut input = block.to_le_bytes().to_vec();
            input.push(seed);
            <sha2::Sha256 as sha2::Digest>::digest(&input)
        });
        blocks.collect()
    }

    fn write(repository: &Repository, parts: &[u8]) -> SnapshotId {
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let piece = |seed: &u8| {
            let bytes = noise(*seed, 3 << 20);
            Piece::Stream(StreamPiece {
                at: format!("part{seed}"),
                size_bytes: bytes.len() as u64,
                look: Look { modified_at: at, changed_at: at, inode: 1 },
                open: Box::new(|| Ok(Box::new(Cursor::new(bytes)))),
            })
        };
        let head = SnapshotHead { label: "p".into(), tag: "p".into(), host: "h".into(), taken_at: at };
        let quiet: Arc<dyn Progress> = Arc::new(Quiet);
        let pieces = parts.iter().map(piece).collect();
        repository.write(pieces, &head, |_| String::new(), &quiet, &CancellationToken::new()).unwrap().id
    }

    #[test]
    fn what_is_kept_comes_back_and_what_is_not_needed_goes_with_the_second_run() {
        let folder = tempfile::tempdir().unwrap();
        let files = Arc::new(FolderFiles::new(folder.path().join("repository")));
        let repository = Repository::open_or_create(files, &Secret::new("password".to_owned())).unwrap();
        let quiet: Arc<dyn Progress> = Arc::new(Quiet);
        let stop = CancellationToken::new();
        // The first and the second share a data file with what only the first needs.
        let first = write(&repository, &[1, 2]);
        let second = write(&repository, &[2, 3]);
        let size = || -> u64 { repository.files.list("data").unwrap().iter().map(|(_, size)| size).sum() };
        let all = size();
        repository.drop_snapshots(&[first]).unwrap();
        let pruned = repository.prune_at_once().unwrap();
        assert_eq!(pruned.removed_bytes, 0, "{pruned:?}");
        assert!(pruned.repacked_bytes > 3 << 20 && pruned.marked_bytes > 6 << 20, "{pruned:?}");
        assert!(size() > all);
        let pruned = repository.prune_at_once().unwrap();
        assert!(pruned.removed_bytes > 6 << 20, "{pruned:?}");
        assert!(size() < (6 << 20) + (1 << 19), "{} of {all}", size());
        assert_eq!(repository.check(ReadData::All, &quiet, &stop).unwrap(), []);
        let back = folder.path().join("back");
        repository.restore(&second, None, &back, false, &quiet, &stop).unwrap();
        for part in [2, 3] {
            assert!(fs::read(back.join(format!("part{part}"))).unwrap() == noise(part, 3 << 20));
        }
        assert!(matches!(
            repository.restore(&first, None, &folder.path().join("no"), false, &quiet, &stop),
            Err(RepositoryError::NoSuchSnapshot { .. })
        ));
    }
}
