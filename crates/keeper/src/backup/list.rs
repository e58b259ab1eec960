//! What backups a store holds.

use jiff::Timestamp;
use keeper_core::{
    plan::backup::{Backup, Store},
    retention::Proof,
};
use serde::Serialize;

use super::{
    Record, history,
    work::{Work, blocking, has_repository},
};

/// One backup in a store.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// `PLAN/NAME`.
    pub backup: String,
    /// The store.
    pub store: String,
    /// By which the store knows it.
    pub snapshot: String,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Size of its sources, where its record says so.
    pub size_bytes: Option<u64>,
    /// What is known of its worth.
    pub proof: Proof,
}

/// The backups in a store, newest first.
pub async fn list(work: &Work<'_>, backup: &Backup, store: &Store) -> anyhow::Result<Vec<Listed>> {
    let (id, name) = (work.id(backup), store.name.to_string());
    let proofs = work.proofs(backup, store).await?;
    let proof = |snapshot: &str| proofs.get(snapshot).copied().unwrap_or(Proof::Unproved);
    let mut all = Vec::new();
    if has_repository(store) {
        let repository = work.open(store).await?;
        for stored in blocking(move || Ok(repository.readable()?.snapshots)).await? {
            if stored.tags.contains(&id) {
                let record = Record::of(&stored);
                let size_bytes = record.map(|record| record.items.iter().map(|item| item.size_bytes).sum());
                let snapshot = stored.id.to_string();
                let proof = proof(&snapshot);
                let (backup, store) = (id.clone(), name.clone());
                all.push(Listed { backup, store, snapshot, taken_at: stored.taken_at, size_bytes, proof });
            }
        }
    } else {
        for (snapshot, taken_at) in history::times(history::commits(store).await?) {
            let proof = proof(&snapshot);
            let (backup, store) = (id.clone(), name.clone());
            all.push(Listed { backup, store, snapshot, taken_at, size_bytes: None, proof });
        }
    }
    all.sort_by_key(|listed| std::cmp::Reverse(listed.taken_at));
    Ok(all)
}
