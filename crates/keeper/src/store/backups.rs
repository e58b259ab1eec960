//! Rows of `backups` and `backup_tries`: what lies in each store and how far it can be relied on, so that nobody has
//! to read the ledger for it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use keeper_core::{
    freshness::{Failure, Proof, Restore, Standing, Taken},
    ledger::Event,
};
use storage::{Database, StorageError, Transaction, params};

use super::{holder::bad_row, ledger_rows::number};

/// A backup, `PLAN/NAME`, and a store of its plan.
pub type Pair = (String, String);

/// Whether a row of the ledger changes any standing.
#[must_use]
pub fn concerns(event: &Event) -> bool {
    use Event::{BackupFailed, BackupTaken, ProofMade, Pruned, Restored};
    matches!(
        event,
        BackupTaken { .. } | BackupFailed { .. } | ProofMade { .. } | Pruned { .. } | Restored { .. }
    )
}

/// Takes a row of the ledger in, in the unit of work that writes it.
pub async fn apply(transaction: &mut Transaction, at: Timestamp, event: &Event) -> Result<(), StorageError> {
    match event {
        Event::BackupTaken { .. } => taken(transaction, event).await,
        Event::BackupFailed { backup, store, reason } => failed(transaction, at, backup, store, reason).await,
        Event::ProofMade { .. } => proved(transaction, at, event).await,
        Event::Restored { .. } => restored(transaction, at, event).await,
        Event::Pruned { backup, store, dropped, .. } => {
            for snapshot in dropped {
                let sql = "DELETE FROM backups WHERE backup = $1 AND store = $2 AND snapshot = $3";
                transaction.execute(sql, &params![backup, store, snapshot]).await?;
            }
            let sql = "INSERT INTO backup_tries (backup, store, failures, pruned_at) VALUES ($1, $2, 0, $3) \
                       ON CONFLICT (backup, store) DO UPDATE SET pruned_at = excluded.pruned_at";
            transaction.execute(sql, &params![backup, store, at.to_string()]).await.map(drop)
        }
        _ => Ok(()),
    }
}

/// The standing of every backup and store of which the ledger says anything. It reads what lies in the stores, not
/// what ever did.
pub async fn all(database: &Database) -> Result<BTreeMap<Pair, Standing>, StorageError> {
    let mut kept: BTreeMap<Pair, Vec<Taken>> = BTreeMap::new();
    for row in &database.fetch_all(&format!("{SELECT_BACKUPS} ORDER BY backup, store"), &[]).await? {
        kept.entry(pair(row)?).or_default().push(read_taken(row)?);
    }
    let mut all = BTreeMap::new();
    for row in &database.fetch_all(SELECT_TRIES, &[]).await? {
        let pair = pair(row)?;
        let taken = kept.remove(&pair).unwrap_or_default();
        all.insert(pair, Standing::new(taken, read_failure(row)?, read_restore(row)?));
    }
    all.extend(kept.into_iter().map(|(pair, taken)| (pair, Standing::new(taken, None, None))));
    Ok(all)
}

/// The standing of one backup in one store.
pub async fn of(database: &Database, backup: &str, store: &str) -> Result<Standing, StorageError> {
    let which = params![backup, store];
    let sql = format!("{SELECT_BACKUPS} WHERE backup = $1 AND store = $2");
    let kept = database.fetch_all(&sql, &which).await?.iter().map(read_taken).collect::<Result<_, _>>()?;
    let sql = format!("{SELECT_TRIES} WHERE backup = $1 AND store = $2");
    let Some(row) = database.fetch_optional(&sql, &which).await? else {
        return Ok(Standing::new(kept, None, None));
    };
    Ok(Standing::new(kept, read_failure(&row)?, read_restore(&row)?))
}

/// How many backups of a plan lie in a store, as far as the rows know.
pub async fn count(database: &Database, plan: &str, store: &str) -> Result<u64, StorageError> {
    // Between `PLAN/` and what comes after every text that begins so.
    let sql = "SELECT COUNT(*) AS known FROM backups WHERE store = $1 AND backup >= $2 AND backup < $3";
    let row = database.fetch_one(sql, &params![store, format!("{plan}/"), format!("{plan}0")]).await?;
    Ok(whole(&row, "known")?.unwrap_or_default())
}

/// When old backups were dropped from a store for the last time.
pub async fn pruned_at(
    database: &Database,
    backup: &str,
    store: &str,
) -> Result<Option<Timestamp>, StorageError> {
    let sql = "SELECT pruned_at FROM backup_tries WHERE backup = $1 AND store = $2";
    let row = database.fetch_optional(sql, &params![backup, store]).await?;
    row.map_or(Ok(None), |row| time(&row, "backup_tries", "pruned_at"))
}

const SELECT_BACKUPS: &str = "SELECT backup, store, snapshot, taken_at, size_bytes, added_bytes, duration_ms, damage, \
                              proved_at, proof_good, proof_finding, proof_ms FROM backups";
const SELECT_TRIES: &str = "SELECT backup, store, failed_at, failure, failing_since, failures, restored_at, \
                            restored_good, restored_ms FROM backup_tries";

/// A success ends the failures in a row.
async fn taken(transaction: &mut Transaction, event: &Event) -> Result<(), StorageError> {
    let Event::BackupTaken {
        backup,
        store,
        snapshot,
        taken_at,
        size_bytes,
        added_bytes,
        duration_ms,
        damage,
        ..
    } = event
    else {
        return Ok(());
    };
    let sql = "INSERT INTO backups (backup, store, snapshot, taken_at, size_bytes, added_bytes, duration_ms, damage) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
               ON CONFLICT (backup, store, snapshot) DO UPDATE SET taken_at = excluded.taken_at, \
               size_bytes = excluded.size_bytes, added_bytes = excluded.added_bytes, \
               duration_ms = excluded.duration_ms, damage = excluded.damage";
    let (taken_at, damage) = (taken_at.to_string(), damage.as_ref());
    let (size, added, took) = (number(*size_bytes), number(*added_bytes), number(*duration_ms));
    let values = params![backup, store, snapshot, taken_at, size, added, took, damage.map(String::as_str)];
    transaction.execute(sql, &values).await?;
    let sql = "UPDATE backup_tries SET failing_since = NULL, failures = 0 WHERE backup = $1 AND store = $2";
    transaction.execute(sql, &params![backup, store]).await.map(drop)
}

async fn failed(
    transaction: &mut Transaction,
    at: Timestamp,
    backup: &str,
    store: &str,
    reason: &str,
) -> Result<(), StorageError> {
    let sql = "INSERT INTO backup_tries (backup, store, failed_at, failure, failing_since, failures) \
               VALUES ($1, $2, $3, $4, $3, 1) \
               ON CONFLICT (backup, store) DO UPDATE SET failed_at = excluded.failed_at, \
               failure = excluded.failure, \
               failing_since = COALESCE(backup_tries.failing_since, excluded.failing_since), \
               failures = backup_tries.failures + 1";
    transaction.execute(sql, &params![backup, store, at.to_string(), reason]).await.map(drop)
}

/// A backup that the ledger does not know, made elsewhere perhaps, was taken as long ago as the proof says.
async fn proved(transaction: &mut Transaction, at: Timestamp, event: &Event) -> Result<(), StorageError> {
    let Event::ProofMade { backup, store, snapshot, good, findings, duration_ms, age_seconds } = event else {
        return Ok(());
    };
    let age = SignedDuration::from_secs(i64::try_from(*age_seconds).unwrap_or(i64::MAX));
    let taken_at = at.saturating_sub(age).unwrap_or(Timestamp::MIN);
    let sql = "INSERT INTO backups \
               (backup, store, snapshot, taken_at, proved_at, proof_good, proof_finding, proof_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
               ON CONFLICT (backup, store, snapshot) DO UPDATE SET proved_at = excluded.proved_at, \
               proof_good = excluded.proof_good, proof_finding = excluded.proof_finding, \
               proof_ms = excluded.proof_ms";
    let (taken_at, at, finding) = (taken_at.to_string(), at.to_string(), findings.join("; "));
    let values =
        params![backup, store, snapshot, taken_at, at, i64::from(*good), finding, number(*duration_ms)];
    transaction.execute(sql, &values).await.map(drop)
}

async fn restored(transaction: &mut Transaction, at: Timestamp, event: &Event) -> Result<(), StorageError> {
    let Event::Restored { backup, store, good, duration_ms, .. } = event else { return Ok(()) };
    let sql = "INSERT INTO backup_tries (backup, store, failures, restored_at, restored_good, restored_ms) \
               VALUES ($1, $2, 0, $3, $4, $5) \
               ON CONFLICT (backup, store) DO UPDATE SET restored_at = excluded.restored_at, \
               restored_good = excluded.restored_good, restored_ms = excluded.restored_ms";
    let values = params![backup, store, at.to_string(), i64::from(*good), number(*duration_ms)];
    transaction.execute(sql, &values).await.map(drop)
}

fn pair(row: &storage::Row) -> Result<Pair, StorageError> {
    Ok((row.get("backup")?, row.get("store")?))
}

fn read_taken(row: &storage::Row) -> Result<Taken, StorageError> {
    let proof = match time(row, "backups", "proved_at")? {
        None => None,
        Some(at) => Some(Proof {
            at,
            good: row.get::<i64>("proof_good")? == 1,
            finding: row.get("proof_finding")?,
            duration_ms: whole(row, "proof_ms")?.unwrap_or_default(),
        }),
    };
    Ok(Taken {
        snapshot: row.get("snapshot")?,
        taken_at: time(row, "backups", "taken_at")?.ok_or_else(|| bad_row("backups", "taken_at"))?,
        size_bytes: whole(row, "size_bytes")?,
        added_bytes: whole(row, "added_bytes")?,
        duration_ms: whole(row, "duration_ms")?,
        damage: row.get("damage")?,
        proof,
    })
}

fn read_failure(row: &storage::Row) -> Result<Option<Failure>, StorageError> {
    let Some(at) = time(row, "backup_tries", "failed_at")? else { return Ok(None) };
    let since = time(row, "backup_tries", "failing_since")?;
    let times = whole(row, "failures")?.unwrap_or_default();
    Ok(Some(Failure { at, reason: row.get("failure")?, since, times }))
}

fn read_restore(row: &storage::Row) -> Result<Option<Restore>, StorageError> {
    let Some(at) = time(row, "backup_tries", "restored_at")? else { return Ok(None) };
    let duration_ms = whole(row, "restored_ms")?.unwrap_or_default();
    Ok(Some(Restore { at, good: row.get::<i64>("restored_good")? == 1, duration_ms }))
}

fn time(row: &storage::Row, table: &str, column: &str) -> Result<Option<Timestamp>, StorageError> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|_| bad_row(table, column))).transpose()
}

fn whole(row: &storage::Row, column: &str) -> Result<Option<u64>, StorageError> {
    Ok(row.get::<Option<i64>>(column)?.and_then(|value| u64::try_from(value).ok()))
}
