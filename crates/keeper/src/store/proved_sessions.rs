//! Rows of `proved_sessions`: which sessions of a service a proved backup holds, newest proof of each backup and store.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
};

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use jiff::Timestamp;
use keeper_core::plan::value::ServiceName;
use storage::{Database, StorageError, params};

use super::{holder::bad_row, ledger_rows::number};

/// Keys in one row.
const PART: usize = 10_000;
/// A part that unpacks to more than this was not written by keeper.
const PART_BYTES: u64 = 64 * 1024 * 1024;

/// A proof, and the backup that it was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// The service whose database was in it.
    pub service: ServiceName,
    /// `PLAN/NAME`.
    pub backup: String,
    /// The store.
    pub store: String,
    /// By which the store knows it.
    pub snapshot: String,
    /// When its source was frozen.
    pub taken_at: Timestamp,
    /// Number of the row that says that it was proved.
    pub proof: u64,
}

/// Remembers the sessions that were found in a restored copy, in place of those of an older proof of the same backup
/// in the same store. An older proof than the one that is known changes nothing.
pub async fn put(database: &Database, proved: &Proved, ids: &[String]) -> Result<(), StorageError> {
    let Proved { service, backup, store, snapshot, taken_at, proof } = proved;
    let key = params![service.as_str(), backup, store];
    let mut transaction = database.begin().await?;
    let sql =
        "SELECT MAX(proof) AS newest FROM proved_sessions WHERE service = $1 AND backup = $2 AND store = $3";
    let newest: Option<i64> = transaction.fetch_one(sql, &key).await?.get("newest")?;
    if newest.is_some_and(|newest| newest > number(*proof)) {
        return transaction.rollback().await;
    }
    let sql = "DELETE FROM proved_sessions WHERE service = $1 AND backup = $2 AND store = $3";
    transaction.execute(sql, &key).await?;
    let sql = "INSERT INTO proved_sessions (service, backup, store, part, snapshot, taken_at, proof, ids) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    // A backup without a session is known too.
    let parts = ids.chunks(PART).chain(ids.is_empty().then_some(ids));
    for (part, ids) in (0_u32..).zip(parts) {
        let packed = pack(ids)?;
        let taken_at = taken_at.to_string();
        let values =
            params![service.as_str(), backup, store, part, snapshot, taken_at, number(*proof), packed];
        transaction.execute(sql, &values).await?;
    }
    transaction.commit().await
}

/// The newest proofs of a service's backups, those taken last first.
pub async fn newest(database: &Database, service: &ServiceName) -> Result<Vec<Proved>, StorageError> {
    let sql = "SELECT backup, store, snapshot, taken_at, proof FROM proved_sessions \
               WHERE service = $1 AND part = 0";
    let rows = database.fetch_all(sql, &params![service.as_str()]).await?;
    let read = |row: &storage::Row| {
        let taken_at = row.get::<String>("taken_at")?;
        Ok(Proved {
            service: service.clone(),
            backup: row.get("backup")?,
            store: row.get("store")?,
            snapshot: row.get("snapshot")?,
            taken_at: taken_at.parse().map_err(|_| bad_row("proved_sessions", "taken_at"))?,
            proof: row.get("proof")?,
        })
    };
    let mut all = rows.iter().map(read).collect::<Result<Vec<_>, StorageError>>()?;
    all.sort_by(|one, other| other.taken_at.cmp(&one.taken_at).then_with(|| one.backup.cmp(&other.backup)));
    Ok(all)
}

/// Those of these sessions that a backup held when this proof was made; none when a newer proof has taken its place.
pub async fn held(
    database: &Database,
    proved: &Proved,
    wanted: &BTreeSet<&str>,
) -> Result<BTreeSet<String>, StorageError> {
    let sql = "SELECT ids FROM proved_sessions \
               WHERE service = $1 AND backup = $2 AND store = $3 AND part = $4 AND proof = $5";
    let mut found = BTreeSet::new();
    for part in 0_u32.. {
        let Proved { service, backup, store, proof, .. } = proved;
        let key = params![service.as_str(), backup, store, part, number(*proof)];
        let Some(row) = database.fetch_optional(sql, &key).await? else { break };
        let ids = unpack(&row.get::<Vec<u8>>("ids")?)?;
        found.extend(ids.into_iter().filter(|id| wanted.contains(id.as_str())));
    }
    Ok(found)
}

fn pack(ids: &[String]) -> Result<Vec<u8>, StorageError> {
    let failed = |error: &dyn std::fmt::Display| StorageError::Other { detail: error.to_string() };
    let text = serde_json::to_vec(ids).map_err(|error| failed(&error))?;
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&text).map_err(|error| failed(&error))?;
    encoder.finish().map_err(|error| failed(&error))
}

fn unpack(packed: &[u8]) -> Result<Vec<String>, StorageError> {
    let bad = || bad_row("proved_sessions", "ids");
    let mut text = Vec::new();
    DeflateDecoder::new(packed).take(PART_BYTES).read_to_end(&mut text).map_err(|_| bad())?;
    serde_json::from_slice(&text).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unpacked_as_they_were_packed() {
        let ids: Vec<String> = ["a", "line\nbreak", "会话", ""].map(str::to_owned).into();
        assert_eq!(unpack(&pack(&ids).unwrap()).unwrap(), ids);
        assert!(unpack(b"nonsense").is_err());
        assert!(unpack(&[]).is_err());
    }
}
