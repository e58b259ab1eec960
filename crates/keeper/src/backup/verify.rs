//! Proves a backup: restores it into scratch, opens it with the real engine, and compares it with its source.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::bail;
use jiff::{SignedDuration, Timestamp};
use keeper_core::{
    ledger::Event,
    plan::{
        backup::{Backup, Store},
        service::{Database, Postgres},
        value::ServiceName,
    },
};

use tokio_util::sync::CancellationToken;

use super::{
    Record, history,
    proof::{self, Finding},
    record::{Item, Kind},
    repository::{Progress, ReadData, Repository, RepositoryError, Stored},
    work::{Work, blocking, has_repository, tidy},
};

use crate::store::proved_sessions;

/// So many damaged files are named.
const SHOWN: usize = 50;
/// A repository up to this size is read whole by every proof.
const READ_WHOLE_BYTES: u64 = 10 << 30;

/// A store has no backup of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store {store} holds no backup {backup}")]
pub struct NoBackup {
    /// The store.
    pub store: String,
    /// `PLAN/NAME`.
    pub backup: String,
}

/// What a proof has found.
#[derive(Debug, Clone)]
pub struct Proved {
    /// By which the store knows the backup.
    pub snapshot: String,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Every check.
    pub findings: Vec<Finding>,
    /// Age of the backup when the proof began: what would be lost.
    pub age: SignedDuration,
    /// From the beginning of the restore until the engine has answered.
    pub took: Duration,
    /// Keys of the sessions in the restored databases of services that have such a table.
    pub sessions: Vec<(ServiceName, Vec<String>)>,
}

impl Proved {
    /// Whether every check was good.
    pub fn good(&self) -> bool {
        !self.findings.is_empty() && self.findings.iter().all(|finding| finding.good)
    }

    /// The first thing that is wrong.
    pub fn trouble(&self) -> Option<&str> {
        self.findings.iter().find(|finding| !finding.good).map(|finding| finding.text.as_str())
    }
}

/// Proves the newest backup in a store, and writes down what was found. Fails when the store cannot be reached or has
/// none; a backup that is there and bad is a finding.
pub async fn latest(
    work: &Work<'_>,
    backup: &Backup,
    store: &Store,
    read_data: bool,
) -> anyhow::Result<Proved> {
    let proved = if has_repository(store) {
        in_repository(work, backup, store, read_data).await
    } else {
        history::prove(work, backup, store).await
    };
    let proved = match proved {
        Ok(proved) => proved,
        Err(error) => return Err(lost(work, backup, store, error).await?),
    };
    // What is wrong comes first: it is what people read.
    let mut findings: Vec<&Finding> = proved.findings.iter().collect();
    findings.sort_by_key(|finding| finding.good);
    let proof = work
        .rows
        .write(Event::ProofMade {
            backup: work.id(backup),
            store: store.name.to_string(),
            snapshot: proved.snapshot.clone(),
            good: proved.good(),
            findings: findings.into_iter().map(|finding| finding.text.clone()).collect(),
            duration_ms: u64::try_from(proved.took.as_millis()).unwrap_or(u64::MAX),
            age_seconds: u64::try_from(proved.age.as_secs()).unwrap_or_default(),
        })
        .await?;
    if proved.good() {
        for (service, ids) in &proved.sessions {
            let proved = proved_sessions::Proved {
                service: service.clone(),
                backup: work.id(backup),
                store: store.name.to_string(),
                snapshot: proved.snapshot.clone(),
                taken_at: proved.taken_at,
                proof,
            };
            // They decide which old sessions the clean-up may delete.
            proved_sessions::put(&work.state.database, &proved, ids).await?;
        }
    }
    Ok(proved)
}

/// Writes down that a store which answers no longer opens, or lacks what it once had. One that is out of reach proves
/// nothing.
async fn lost(
    work: &Work<'_>,
    backup: &Backup,
    store: &Store,
    error: anyhow::Error,
) -> anyhow::Result<anyhow::Error> {
    let out_of_reach = match error.downcast_ref::<RepositoryError>() {
        // There is no room to restore it to, which says nothing of it.
        Some(RepositoryError::Target { .. }) => true,
        Some(error) => error.is_out_of_reach(),
        None => !error.is::<NoBackup>(),
    };
    let standing = work.standing(backup, store).await?;
    let Some(known) = standing.newest().filter(|_| !out_of_reach) else { return Ok(error) };
    let reason = chassis::redact::text(&format!("{error:#}")).into_owned();
    let age = work.clock.now().duration_since(known.taken_at);
    work.rows
        .write(Event::ProofMade {
            backup: work.id(backup),
            store: store.name.to_string(),
            snapshot: known.snapshot.clone(),
            good: false,
            findings: vec![reason],
            duration_ms: 0,
            age_seconds: u64::try_from(age.as_secs()).unwrap_or_default(),
        })
        .await?;
    Ok(error)
}

async fn in_repository(
    work: &Work<'_>,
    backup: &Backup,
    store: &Store,
    read_data: bool,
) -> anyhow::Result<Proved> {
    let (id, scratch, began) = (work.id(backup), work.scratch()?, work.clock.now());
    let repository = work.open(store).await?;
    let listed = blocking(move || {
        let readable = repository.readable()?;
        Ok((repository, readable))
    });
    let (repository, readable) = listed.await?;
    let own: Vec<Stored> =
        readable.snapshots.into_iter().filter(|stored| stored.tags.contains(&id)).collect();
    // One from the future was taken under a wrong clock; it is not what would be restored now.
    let newest = own.iter().max_by_key(|stored| (stored.taken_at <= began, stored.taken_at)).cloned();
    let newest = newest.ok_or_else(|| NoBackup { store: store.name.to_string(), backup: id })?;
    let (mut findings, mut sessions, started) = (vec![], vec![], Instant::now());
    findings.extend(missing(work, backup, store, &own).await?);
    let into = scratch.path().join("restored");
    let (progress, stop, target, snapshot) =
        (work.progress.clone(), work.stop.clone(), into.clone(), newest.id);
    let (repository, restored) = blocking(move || {
        let progress: Arc<dyn Progress> = Arc::new(progress);
        let restored = repository.restore(&snapshot, None, &target, false, &progress, &stop);
        Ok((repository, restored))
    })
    .await?;
    if work.stop.is_cancelled() {
        bail!("stopped before its end");
    }
    match restored {
        Ok(stats) => {
            findings.push(Finding::good(format!("{} file(s), {} bytes restored", stats.files, stats.bytes)));
            let looked = contents(work, &newest, &into).await?;
            findings.extend(looked.findings);
            sessions = looked.sessions;
        }
        Err(error @ RepositoryError::Damaged { .. }) => findings.push(Finding::bad(error.to_string())),
        Err(error) => return Err(error.into()),
    }
    let took = started.elapsed();
    let (progress, stop): (Arc<dyn Progress>, _) = (Arc::new(work.progress.clone()), work.stop.clone());
    findings.extend(blocking(move || check(&repository, read_data, &progress, &stop)).await?);
    tidy(scratch).await;
    let age = began.duration_since(newest.taken_at);
    Ok(Proved { snapshot: newest.id.to_string(), taken_at: newest.taken_at, findings, age, took, sessions })
}

/// The ledger may know of a newer one than the store still has.
async fn missing(
    work: &Work<'_>,
    backup: &Backup,
    store: &Store,
    own: &[Stored],
) -> anyhow::Result<Option<Finding>> {
    let standing = work.standing(backup, store).await?;
    let is_there = |snapshot: &str| own.iter().any(|stored| stored.id.to_string() == snapshot);
    let gone = standing.kept().iter().rev().find(|known| !is_there(&known.snapshot));
    Ok(gone.map(|gone| {
        let short = &gone.snapshot[..gone.snapshot.len().min(8)];
        Finding::bad(format!("the backup {short} of {} is gone from the store", gone.taken_at))
    }))
}

/// What was seen in what was restored.
#[derive(Debug, Default)]
struct Looked {
    findings: Vec<Finding>,
    sessions: Vec<(ServiceName, Vec<String>)>,
}

/// Compares every part with what was recorded of its source.
async fn contents(work: &Work<'_>, stored: &Stored, restored: &Path) -> anyhow::Result<Looked> {
    let Some(record) = Record::of(stored) else {
        let finding = Finding::bad("it has no record of its sources to compare with");
        return Ok(Looked { findings: vec![finding], ..Looked::default() });
    };
    let mut all = Looked::default();
    for item in record.items {
        let (path, service) = (restored.join(&item.at), service_of(&item));
        let findings = of_item(work, item.clone(), restored).await?;
        let good = findings.iter().all(|finding| finding.good);
        all.findings.extend(findings);
        if let Some(service) = service.filter(|_| good) {
            let ids = proof::sessions(&item, &path, &work.stop).await?;
            all.sessions.extend(ids.map(|ids| (service, ids)));
        }
    }
    Ok(all)
}

/// Every check of one restored part.
pub(super) async fn of_item(work: &Work<'_>, item: Item, restored: &Path) -> anyhow::Result<Vec<Finding>> {
    let path = restored.join(&item.at);
    let (own, own_path, stop) = (item.clone(), path.clone(), work.stop.clone());
    let findings = blocking(move || {
        Ok(match own.kind {
            Kind::Sqlite => proof::sqlite::prove(&own, &own_path, &stop)?,
            Kind::Postgres | Kind::Command => vec![proof::bytes(&own, &own_path)],
            Kind::Folder => vec![proof::folder(&own, &own_path)],
        })
    });
    let mut findings = findings.await?;
    if item.kind == Kind::Postgres {
        let server = server_of(work, &item)?;
        let proof = proof::postgres::prove(&item, &path, server, work.clock, &work.stop);
        findings.extend(proof.await?);
    }
    Ok(findings)
}

/// The service whose database a part is.
pub(super) fn service_of(item: &Item) -> Option<ServiceName> {
    let file = item.at.strip_prefix("databases/")?;
    let name = file.strip_suffix(".db").or_else(|| file.strip_suffix(".dump"))?;
    ServiceName::parse(name).ok()
}

/// The server whose scratch database a dump is restored into: that of its service.
fn server_of<'a>(work: &Work<'a>, item: &Item) -> anyhow::Result<&'a Postgres> {
    let service = service_of(item).and_then(|name| work.plan.service.get(&name));
    match service.and_then(|service| service.database.as_ref()) {
        Some(Database::Postgres(postgres)) => Ok(postgres),
        _ => bail!("the plan has no PostgreSQL database of a service to prove {} with", item.at),
    }
}

/// Looks at the whole repository; what is wrong anywhere in it is a finding, though this backup may not need it.
fn check(
    repository: &Repository,
    read_data: bool,
    progress: &Arc<dyn Progress>,
    stop: &CancellationToken,
) -> anyhow::Result<Vec<Finding>> {
    let all = read_data || repository.size_bytes()? <= READ_WHOLE_BYTES;
    let damages = repository.check(if all { ReadData::All } else { ReadData::No }, progress, stop)?;
    if damages.is_empty() {
        let how = "every byte of the repository was read and is sound";
        return Ok(vec![Finding::good(if all { how } else { "the repository is complete" })]);
    }
    let count = damages.len();
    let shown = damages.into_iter().take(SHOWN);
    let mut findings: Vec<Finding> =
        shown.map(|damage| Finding::bad(format!("{}: {}", damage.file, damage.text))).collect();
    if count > SHOWN {
        findings.push(Finding::bad(format!("{} more files are damaged or missing", count - SHOWN)));
    }
    Ok(findings)
}
