//! Drops old backups by the plan's rules, the reasons first; the newest proved one stays whatever they say.

use jiff::tz::TimeZone;
use keeper_core::{
    ledger::Event,
    plan::backup::{Backup, Store},
    retention::{self, Judged, Proof, Snapshot, Verdict},
};

use super::{
    repository::{Pruned, Repository, SnapshotId, Stored},
    work::{Work, blocking},
};
use crate::store::backups;

/// What becomes of the backups in one store.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Every one, newest first, with its reasons.
    pub judged: Vec<Judged>,
}

impl Plan {
    /// Those that go.
    pub fn dropped(&self) -> Vec<String> {
        let drops = self.judged.iter().filter(|judged| matches!(judged.verdict, Verdict::Drop { .. }));
        drops.map(|judged| judged.id.clone()).collect()
    }

    /// How many stay.
    pub fn kept(&self) -> usize {
        self.judged.iter().filter(|judged| matches!(judged.verdict, Verdict::Keep(_))).count()
    }
}

/// Says what becomes of the backups in one store; nothing has happened yet.
pub async fn plan(
    work: &Work<'_>,
    backup: &Backup,
    store: &Store,
    stored: &[Stored],
) -> anyhow::Result<Plan> {
    let id = work.id(backup);
    let proofs = work.proofs(backup, store).await?;
    let own = stored.iter().filter(|stored| stored.tags.contains(&id));
    let snapshots: Vec<Snapshot> = own
        .map(|stored| Snapshot {
            id: stored.id.to_string(),
            source: id.clone(),
            taken_at: stored.taken_at,
            tags: stored.tags.clone(),
            proof: proofs.get(&stored.id.to_string()).copied().unwrap_or(Proof::Unproved),
        })
        .collect();
    let zone = backup.zone.as_ref().unwrap_or(&work.plan.head.zone);
    Ok(Plan { judged: retention::judge(&snapshots, &backup.keep, zone, work.clock.now()) })
}

/// Does what a plan says, written down first, and gives the space back.
pub async fn carry_out(
    work: &Work<'_>,
    backup: &Backup,
    store: &Store,
    repository: Repository,
    plan: &Plan,
) -> anyhow::Result<Pruned> {
    write_down(work, backup, store, plan).await?;
    drop_and(repository, plan.dropped(), true).await
}

/// Drops what the rules no longer want after a new backup, and gives the space back about once a day.
pub(super) async fn after_backup(
    work: &Work<'_>,
    backup: &Backup,
    store: &Store,
    repository: Repository,
) -> anyhow::Result<()> {
    let (repository, stored) = blocking(move || {
        let stored = repository.readable()?.snapshots;
        Ok((repository, stored))
    })
    .await?;
    let plan = plan(work, backup, store, &stored).await?;
    if plan.dropped().is_empty() {
        return Ok(());
    }
    let (id, now) = (work.id(backup), work.clock.now());
    let last = backups::pruned_at(&work.state.database, &id, store.name.as_str()).await?;
    // The first that drops anything on a day.
    let day = |at: jiff::Timestamp| TimeZone::UTC.to_datetime(at).date();
    let reclaim = last.is_none_or(|at| day(at) != day(now));
    write_down(work, backup, store, &plan).await?;
    drop_and(repository, plan.dropped(), reclaim).await.map(drop)
}

/// The row comes before the deed: what is dropped without one would be missing without a reason.
async fn write_down(work: &Work<'_>, backup: &Backup, store: &Store, plan: &Plan) -> anyhow::Result<()> {
    let dropped = plan.dropped();
    if dropped.is_empty() {
        return Ok(());
    }
    let (backup, store) = (work.id(backup), store.name.to_string());
    work.rows.write(Event::Pruned { backup, store, dropped, kept: plan.kept() as u64 }).await.map(drop)
}

async fn drop_and(repository: Repository, dropped: Vec<String>, reclaim: bool) -> anyhow::Result<Pruned> {
    blocking(move || {
        if !dropped.is_empty() {
            let ids: Vec<SnapshotId> = dropped.iter().filter_map(|id| SnapshotId::parse(id)).collect();
            repository.drop_snapshots(&ids)?;
        }
        Ok(if reclaim { repository.prune()? } else { Pruned::default() })
    })
    .await
}
