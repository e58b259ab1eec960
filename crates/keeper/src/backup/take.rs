//! Takes a backup: freezes its sources once and writes them into every store.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use jiff::{Timestamp, tz::TimeZone};
use keeper_core::{
    ledger::{Event, Hash},
    plan::{
        backup::{Backup, Place, Source, Store},
        service::Database,
    },
};
use sha2::{Digest as _, Sha256};

use super::{
    Piece, Record,
    freeze::{self, Frozen, Staging},
    history, left_out,
    piece::FolderPiece,
    plain_copy, prune,
    record::{Item, Kind},
    repository::{Contents, Progress, Repository, RepositoryError, SnapshotHead, SnapshotId},
    work::{Work, blocking, has_repository},
};
use crate::{host, process::orphans::STATE_MARK};

/// What became of a backup in one store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The store.
    pub store: String,
    /// What was written, or why it was not.
    pub result: Result<Taken, Failed>,
}

/// Why a store has not got its backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// In a sentence.
    pub reason: String,
    /// The store is only out of reach, which it may be for a while; nothing is wrong with the source or the password.
    pub is_down: bool,
}

/// A backup that is in a store now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// By which the store knows it.
    pub snapshot: String,
    /// Size of its sources.
    pub size_bytes: u64,
    /// Size of what was added to the store; 0 where nothing had changed.
    pub added_bytes: u64,
    /// From the frozen source to the last byte in the store.
    pub took: Duration,
    /// How long the sources were looked through before that, which is done before their first backup only.
    pub examined_in: Duration,
    /// What the engines say against the sources.
    pub damage: Option<String>,
    /// Why there is no plain copy, though there should be.
    pub no_copy: Option<String>,
    /// What else is to be said, such as old ones that could not be dropped.
    pub remarks: Vec<String>,
}

/// Everything that goes into one backup.
struct Sources {
    frozen: Vec<Frozen>,
    folders: Vec<FolderPiece>,
    taken_at: Timestamp,
    remarks: Vec<String>,
    examined_in: Duration,
}

/// Takes one backup now. A store that fails does not stop the others; what became of each is in the ledger when this
/// returns, and fails only when it could not be written there.
pub async fn take(work: &Work<'_>, backup: &Backup) -> anyhow::Result<Vec<Outcome>> {
    let stores = work.stores(backup);
    let (repositories, gits): (Vec<&Store>, Vec<&Store>) =
        stores.into_iter().partition(|store| has_repository(store));
    let mut outcomes = Vec::new();
    if !repositories.is_empty() {
        match freeze(work, backup, &repositories).await {
            Ok((sources, _scratch)) => {
                let no_copy = copy(work, backup, &sources).await.err().map(|error| format!("{error:#}"));
                for store in repositories {
                    let mut result = into_repository(work, backup, store, &sources).await;
                    if let Ok(taken) = &mut result {
                        taken.no_copy.clone_from(&no_copy);
                    }
                    outcomes.push(settle(work, backup, store, &sources, result).await?);
                }
            }
            // No store is at fault.
            Err(error) => {
                for store in repositories {
                    outcomes.push(failed(work, backup, store, &error, false).await?);
                }
            }
        }
    }
    for store in gits {
        outcomes.push(match history::commit(work, backup, store).await {
            Ok(taken) => Outcome { store: store.name.to_string(), result: Ok(taken) },
            Err(error) => failed(work, backup, store, &error, is_down(&error)).await?,
        });
    }
    Ok(outcomes)
}

/// Holds every source still; what was set aside goes with the folder.
async fn freeze(
    work: &Work<'_>,
    backup: &Backup,
    stores: &[&Store],
) -> anyhow::Result<(Arc<Sources>, tempfile::TempDir)> {
    let scratch = work.scratch()?;
    let freezing = async {
        let mut sources = freeze_all(work, backup, stores, scratch.path()).await?;
        examine_first(work, backup, &mut sources).await?;
        anyhow::Ok(sources)
    };
    let sources = tokio::select! {
        sources = freezing => sources?,
        () = work.stop.cancelled() => bail!("stopped before its end"),
    };
    Ok((Arc::new(sources), scratch))
}

/// Freezes every source, so that all stores get the same.
async fn freeze_all(
    work: &Work<'_>,
    backup: &Backup,
    stores: &[&Store],
    scratch: &std::path::Path,
) -> anyhow::Result<Sources> {
    let near = matches!(stores, [only] if matches!(only.place, Place::Folder(_)));
    let staging =
        if near && backup.plain_copy.is_none() { Staging::Stream(scratch) } else { Staging::File(scratch) };
    let (mut frozen, mut folders) = (Vec::new(), Vec::new());
    for source in &backup.sources {
        match source {
            Source::Folder(path) => {
                let (at, path) = (folder_at(path), path.into());
                folders.push(FolderPiece { at, path, except: Vec::new() });
            }
            Source::Database(name) => {
                let service = work.plan.service.get(name).context("the plan has no such service")?;
                let database = service.database.as_ref();
                let database = database.with_context(|| format!("the service {name} has no database"))?;
                frozen.push(match database {
                    Database::Sqlite(path) => {
                        let (path, name) = (crate::actions::path_of(service, path), name.to_string());
                        let (near, folder) = (matches!(staging, Staging::Stream(_)), scratch.to_owned());
                        let (clock, stop) = (work.clock.clone(), work.stop.clone());
                        blocking(move || {
                            let staging =
                                if near { Staging::Stream(&folder) } else { Staging::File(&folder) };
                            freeze::sqlite::freeze(&path, &name, staging, &clock, &stop)
                        })
                        .await?
                    }
                    Database::Postgres(postgres) => {
                        freeze::postgres::freeze(postgres, name.as_str(), scratch, work.clock, &work.stop)
                            .await
                            .with_context(|| format!("dumping the database of {name}"))?
                    }
                });
            }
            Source::Command(command) => {
                let limit = Duration::from_secs(u64::from(backup.time_limit.as_seconds()));
                // What it leaves behind is found even if keeper is killed.
                let mark = [(STATE_MARK.to_owned(), work.state.mark())];
                let made =
                    freeze::command::freeze(command, None, &mark, scratch, limit, work.clock, &work.stop)
                        .await;
                frozen.push(made.with_context(|| format!("running the command for {}", command.file_name))?);
            }
        }
    }
    let remarks = left_out::from(work, &mut folders)?;
    let taken_at = frozen.iter().map(|frozen| frozen.taken_at).min().unwrap_or_else(|| work.clock.now());
    Ok(Sources { frozen, folders, taken_at, remarks, examined_in: Duration::ZERO })
}

/// Looks through a whole database before its first backup, so that one that is damaged already is not quiet until it
/// is proved. Small ones are looked through each time.
async fn examine_first(work: &Work<'_>, backup: &Backup, sources: &mut Sources) -> anyhow::Result<()> {
    for store in work.stores(backup) {
        if work.standing(backup, store).await?.newest().is_some() {
            return Ok(());
        }
    }
    let started = Instant::now();
    let parts = sources.frozen.iter_mut().flat_map(|frozen| &mut frozen.parts);
    for part in parts.filter(|part| part.item.kind == Kind::Sqlite && part.item.damage.is_none()) {
        let Some(path) = sqlite_path(work, &part.item) else { continue };
        let stop = work.stop.clone();
        part.item.damage = blocking(move || freeze::sqlite::examine(&path, &stop)).await?;
    }
    sources.examined_in = started.elapsed();
    Ok(())
}

fn sqlite_path(work: &Work<'_>, item: &Item) -> Option<PathBuf> {
    let service = work.plan.service.get(&super::verify::service_of(item)?)?;
    match service.database.as_ref()? {
        Database::Sqlite(path) => Some(crate::actions::path_of(service, path)),
        Database::Postgres(_) => None,
    }
}

/// `folders/` and the path without what leads up to it.
fn folder_at(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
    format!("folders/{}", parts.join("/"))
}

/// Writes the plain copy of the first SQLite database, and deletes old ones.
async fn copy(work: &Work<'_>, backup: &Backup, sources: &Arc<Sources>) -> anyhow::Result<()> {
    let Some(copy) = &backup.plain_copy else { return Ok(()) };
    let zone = backup.zone.as_ref().unwrap_or(&work.plan.head.zone).clone();
    let to = plain_copy::path(copy, sources.taken_at, zone.rules());
    let (copy, now, sources, stop) = (copy.clone(), work.clock.now(), Arc::clone(sources), work.stop.clone());
    blocking(move || {
        let mut parts = sources.frozen.iter().flat_map(|frozen| &frozen.parts);
        let part = parts.find(|part| part.item.kind == Kind::Sqlite);
        let part = part.context("no source is a SQLite database")?;
        if let Some(damage) = part.known().and_then(|item| item.damage) {
            // A good copy of the day before is worth more.
            bail!("the source is damaged, and the copies there are stay: {damage}");
        }
        freeze::sqlite::copy_image(part, &to, &stop)?;
        plain_copy::name_for_shells(&copy, sources.taken_at, &TimeZone::system(), &to)?;
        for gone in plain_copy::delete_old(&copy, now, &zone)? {
            tracing::info!(path = %gone.display(), "an old plain copy is deleted");
        }
        Ok(())
    })
    .await
}

async fn into_repository(
    work: &Work<'_>,
    backup: &Backup,
    store: &Store,
    sources: &Sources,
) -> anyhow::Result<Taken> {
    let started = Instant::now();
    let repository = work.open_or_create(store).await?;
    let id = work.id(backup);
    let mut pieces: Vec<Piece> = sources.folders.iter().cloned().map(Piece::Folder).collect();
    for part in sources.frozen.iter().flat_map(|frozen| &frozen.parts) {
        pieces.push(part.piece().context("a source that is read once was wanted twice")?);
    }
    let head =
        SnapshotHead { label: id.clone(), tag: id.clone(), host: host::name(), taken_at: sources.taken_at };
    let known = Known::of(sources);
    let (progress, stop, taken_at) = (work.progress.clone(), work.stop.clone(), sources.taken_at);
    let (repository, written, items) = blocking(move || {
        let earlier = records(&repository, &id)?;
        let mut items = Vec::new();
        let describe = |contents: &Contents| {
            items = known.items(contents, &earlier);
            let record = Record::new(id, taken_at, items.clone());
            serde_json::to_string(&record).unwrap_or_default()
        };
        let progress: Arc<dyn Progress> = Arc::new(progress);
        let written = repository.write(pieces, &head, describe, &progress, &stop)?;
        Ok((repository, written, items))
    })
    .await?;
    let content = serde_json::to_vec(&(&items, &written.contents.tree)).map(Sha256::digest)?;
    let took = started.elapsed();
    work.rows
        .write(Event::BackupTaken {
            backup: work.id(backup),
            store: store.name.to_string(),
            snapshot: written.id.to_string(),
            taken_at,
            content: Some(Hash::from(<[u8; 32]>::from(content))),
            size_bytes: written.contents.size_bytes,
            added_bytes: written.contents.added_bytes,
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            damage: damage_of(&items),
        })
        .await?;
    let dropped = prune::after_backup(work, backup, store, repository).await;
    let mut remarks = sources.remarks.clone();
    let vanished = written.contents.vanished;
    if vanished > 0 {
        remarks.push(format!("{vanished} file(s) were gone before they could be read"));
    }
    remarks.extend(dropped.err().map(|error| format!("old ones stay: {error:#}")));
    Ok(Taken {
        snapshot: written.id.to_string(),
        size_bytes: written.contents.size_bytes,
        added_bytes: written.contents.added_bytes,
        took,
        examined_in: sources.examined_in,
        damage: damage_of(&items),
        no_copy: None,
        remarks,
    })
}

/// What the engines say against the sources, in one sentence.
fn damage_of(items: &[Item]) -> Option<String> {
    let all: Vec<String> = items
        .iter()
        .filter_map(|item| item.damage.as_ref().map(|text| format!("{}: {text}", item.at)))
        .collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// What is known of every part by itself.
struct Known {
    parts: Vec<(String, freeze::Digest, Item)>,
    folders: Vec<FolderPiece>,
}

impl Known {
    fn of(sources: &Sources) -> Self {
        let parts = sources.frozen.iter().flat_map(|frozen| &frozen.parts);
        let parts = parts.map(|part| (part.item.at.clone(), part.digest.clone(), part.item.clone()));
        Self { parts: parts.collect(), folders: sources.folders.clone() }
    }

    /// The items of a backup that has just been written; what was not read because it is unchanged is as it was in
    /// the backup before.
    fn items(&self, written: &Contents, earlier: &BTreeMap<SnapshotId, Vec<Item>>) -> Vec<Item> {
        let before = written.parent.as_ref().and_then(|parent| earlier.get(parent));
        let mut items = Vec::new();
        for (at, digest, item) in &self.parts {
            let unread = written.unread.contains(at);
            let same = before.and_then(|items| items.iter().find(|item| item.at == *at)).filter(|_| unread);
            items.push(match (digest.learnt(), same) {
                // What was found against it now counts, though it was not read.
                (learnt, Some(same)) => {
                    let found =
                        learnt.and_then(|learnt| learnt.damage.clone()).or_else(|| item.damage.clone());
                    Item { damage: found.or_else(|| same.damage.clone()), ..same.clone() }
                }
                (Some(learnt), None) => learnt.of(item),
                (None, None) => item.clone(),
            });
        }
        for folder in &self.folders {
            items.push(Item {
                at: folder.at.clone(),
                kind: Kind::Folder,
                size_bytes: 0,
                blake3: None,
                rows: BTreeMap::new(),
                content: None,
                damage: None,
            });
        }
        items
    }
}

/// What the records of earlier snapshots of this backup say.
fn records(repository: &Repository, id: &str) -> anyhow::Result<BTreeMap<SnapshotId, Vec<Item>>> {
    let readable = repository.readable()?;
    let own = readable.snapshots.into_iter().filter(|stored| stored.tags.iter().any(|tag| tag == id));
    Ok(own.filter_map(|stored| Some((stored.id, Record::of(&stored)?.items))).collect())
}

async fn settle(
    work: &Work<'_>,
    backup: &Backup,
    store: &Store,
    sources: &Sources,
    result: anyhow::Result<Taken>,
) -> anyhow::Result<Outcome> {
    match result {
        Ok(taken) => Ok(Outcome { store: store.name.to_string(), result: Ok(taken) }),
        Err(error) => {
            tracing::debug!(taken_at = %sources.taken_at, "a store has not got its backup");
            failed(work, backup, store, &error, is_down(&error)).await
        }
    }
}

/// Whether a store is out of reach: it does not answer, its secrets are not set, or its disk is not mounted.
fn is_down(error: &anyhow::Error) -> bool {
    use RepositoryError::{Foreign, Gone, NotThere};
    error.downcast_ref::<RepositoryError>().is_none_or(|error| {
        error.is_out_of_reach() || matches!(error, NotThere { .. } | Gone { .. } | Foreign { .. })
    })
}

/// Writes down that a store has not got its backup.
async fn failed(
    work: &Work<'_>,
    backup: &Backup,
    store: &Store,
    error: &anyhow::Error,
    is_down: bool,
) -> anyhow::Result<Outcome> {
    let reason = chassis::redact::text(&format!("{error:#}")).into_owned();
    let (backup, store) = (work.id(backup), store.name.to_string());
    tracing::warn!(backup, store, reason, "a backup was not written");
    work.rows.write(Event::BackupFailed { backup, store: store.clone(), reason: reason.clone() }).await?;
    Ok(Outcome { store, result: Err(Failed { reason, is_down }) })
}
