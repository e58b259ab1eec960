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
