//! `backup run|list|verify|prune|restore` on the backups of a plan.

mod list;
mod prune;
mod restore;
mod run;
mod verify;

use anyhow::Context;
use chassis::config::Environment;
use keeper_core::plan::{
    backup::{Backup, Store},
    command::Command,
};

use super::Surroundings;
use crate::backup::work::Work;

pub(super) use list::list;
pub(crate) use prune::prune;
pub(crate) use restore::restore;
pub(super) use restore::test;
pub(crate) use run::run;
pub(super) use verify::verify;

/// What work on backups needs; they are nothing without the ledger.
fn work<'a>(around: &'a Surroundings<'_>) -> anyhow::Result<Work<'a>> {
    let state = around.state.context("backups need the state file")?;
    Ok(Work {
        plan: around.plan,
        state,
        rows: around.rows.context("backups need the ledger")?,
        clock: around.clock,
        environment: Environment::read(),
        scratch: around.scratch.to_owned(),
        progress: around.progress.clone(),
        stop: around.stop.clone(),
    })
}

/// The wanted backups with each of their stores.
fn pairs<'a>(work: &Work<'a>, command: &Command) -> anyhow::Result<Vec<(&'a Backup, &'a Store)>> {
    let mut pairs = Vec::new();
    for backup in work.backups(command.operand())? {
        pairs.extend(work.stores(backup).into_iter().map(|store| (backup, store)));
    }
    Ok(pairs)
}

/// Enough of an id for people.
fn short(id: &str) -> String {
    id.chars().take(8).collect()
}

/// Whether a store has failed for no longer than its tolerance: since its newest backup, or its first failure.
async fn tolerated(work: &Work<'_>, backup: &Backup, store: &Store) -> anyhow::Result<bool> {
    let failing = work.standing(backup, store).await?.failure.and_then(|failure| failure.since);
    let tolerance = store.tolerance.duration();
    Ok(failing.is_none_or(|since| work.clock.now().duration_since(since) <= tolerance))
}
