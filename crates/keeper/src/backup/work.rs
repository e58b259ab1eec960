//! What work on backups needs around it.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use chassis::{clock::Clock, config::Environment};
use keeper_core::{
    freshness::Standing,
    plan::{
        Plan,
        backup::{Backup, Place, Store},
        value::StoreName,
    },
    retention::Proof,
};
use tokio_util::sync::CancellationToken;

use super::{
    Location,
    repository::{Repository, RepositoryError, files},
};
use crate::{
    progress::Gauge,
    state::{Rows, State},
    store::backups,
};

/// What work on the backups of one plan needs around it.
#[derive(Debug, Clone)]
pub struct Work<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Keeper's own records.
    pub state: &'a State,
    /// Where rows of the ledger are written.
    pub rows: &'a Rows,
    /// The time.
    pub clock: &'a Clock,
    /// Where secrets may be.
    pub environment: Environment,
    /// Folder for what is set aside and for restored copies under proof.
    pub scratch: PathBuf,
    /// How far it has come.
    pub progress: Gauge,
    /// Everything ends soon after this is cancelled, and nothing half done counts.
    pub stop: CancellationToken,
}

impl<'a> Work<'a> {
    /// By which the ledger and the snapshots know a backup: `PLAN/NAME`.
    pub fn id(&self, backup: &Backup) -> String {
        format!("{}/{}", self.plan.head.name, backup.name)
    }

    /// The backup of this name, or all of the plan.
    pub fn backups(&self, wanted: Option<&str>) -> anyhow::Result<Vec<&'a Backup>> {
        let is_wanted = |backup: &&Backup| wanted.is_none_or(|wanted| wanted == backup.name.as_str());
        let found: Vec<&Backup> = self.plan.backup.iter().filter(is_wanted).collect();
        if let (Some(name), true) = (wanted, found.is_empty()) {
            bail!("the plan {} has no backup {name}", self.plan.head.name);
        }
        Ok(found)
    }

    /// The stores of a backup, in its order.
    pub fn stores(&self, backup: &Backup) -> Vec<&'a Store> {
        backup.stores.iter().filter_map(|name| self.store(name).ok()).collect()
    }

    /// The store of this name.
    pub fn store(&self, name: &StoreName) -> anyhow::Result<&'a Store> {
        let found = self.plan.store.iter().find(|store| store.name == *name);
        found.with_context(|| format!("the plan {} has no store {name}", self.plan.head.name))
    }

    /// What the newest proof of each backup in a store has found.
    pub async fn proofs(&self, backup: &Backup, store: &Store) -> anyhow::Result<BTreeMap<String, Proof>> {
        let standing = self.standing(backup, store).await?;
        let known =
            standing.kept().iter().filter_map(|taken| Some((taken.snapshot.clone(), taken.proof.as_ref()?)));
        let worth = |good: bool| if good { Proof::Proved } else { Proof::Failed };
        Ok(known.map(|(snapshot, proof)| (snapshot, worth(proof.good))).collect())
    }

    /// What the ledger says of a backup in a store.
    pub async fn standing(&self, backup: &Backup, store: &Store) -> anyhow::Result<Standing> {
        Ok(backups::of(&self.state.database, &self.id(backup), store.name.as_str()).await?)
    }

    /// Opens the repository of a store.
    pub async fn open(&self, store: &Store) -> anyhow::Result<Repository> {
        self.open_with(store, Repository::open).await
    }

    /// Opens the repository of a store, and makes one where there is none yet. Where the ledger knows of backups in
    /// it, no new one is made: its disk may just not be mounted.
    pub async fn open_or_create(&self, store: &Store) -> anyhow::Result<Repository> {
        self.open_with(store, Repository::open_or_create).await
    }

    /// How many backups lie in a store, as far as the ledger knows.
    pub async fn known(&self, store: &Store) -> anyhow::Result<u64> {
        let (plan, store) = (self.plan.head.name.as_str(), store.name.as_str());
        Ok(backups::count(&self.state.database, plan, store).await?)
    }

    async fn open_with(
        &self,
        store: &Store,
        open: impl FnOnce(
            std::sync::Arc<dyn files::Files>,
            &chassis::Secret,
        ) -> Result<Repository, RepositoryError>
        + Send
        + 'static,
    ) -> anyhow::Result<Repository> {
        let known = self.known(store).await?;
        let (store, environment) = (store.clone(), self.environment.clone());
        blocking(move || {
            let (location, password) = Location::of(&store, &environment)?;
            let files = files::open(&location)?;
            let opened = if known > 0 { Repository::open(files, &password) } else { open(files, &password) };
            Ok(opened.map_err(|error| match error {
                RepositoryError::NotThere { place } if known > 0 => RepositoryError::Gone { place, known },
                other => other,
            })?)
        })
        .await
    }

    /// A new empty folder for one piece of work, gone when it is dropped. What killed keepers have left behind goes
    /// too.
    pub fn scratch(&self) -> anyhow::Result<tempfile::TempDir> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.scratch);
        made.with_context(|| format!("making the folder {}", self.scratch.display()))?;
        sweep(&self.scratch);
        let prefix = format!("{}-", std::process::id());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(&self.scratch);
        folder.with_context(|| format!("making a folder in {}", self.scratch.display()))
    }
}

/// Runs what blocks on a thread of its own, to its end.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await.context("the work broke down")?
}

/// Removes a folder of scratch; what cannot be removed is told and swept up later.
pub(super) async fn tidy(scratch: tempfile::TempDir) {
    let removed = blocking(move || {
        let path = scratch.path().to_owned();
        // A restored folder may be one that its owner may not write.
        open_up(&path);
        scratch.close().with_context(|| format!("removing {}", path.display()))
    });
    if let Err(error) = removed.await {
        tracing::warn!("{error:#}");
    }
}

fn open_up(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let _ = fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o700));
            open_up(&entry.path());
        }
    }
}

/// Whether a store holds a repository of backups, and not one of git.
pub fn has_repository(store: &Store) -> bool {
    !matches!(store.place, Place::Git(_))
}

/// Removes folders of processes that are gone.
fn sweep(scratch: &Path) {
    for entry in fs::read_dir(scratch).into_iter().flatten().filter_map(Result::ok) {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.split_once('-')?.0.parse::<i32>().ok());
        let gone = pid.is_some_and(|pid| {
            let alive = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None);
            alive == Err(nix::Error::ESRCH)
        });
        if gone
            && let Err(error) = fs::remove_dir_all(entry.path())
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %entry.path().display(), %error, "a leftover could not be removed");
        }
    }
}
