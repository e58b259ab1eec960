//! Rows of `deliveries`: one for each message that has to reach a player, so that none is doubled or forgotten.

use std::time::Duration;

use chassis::clock::utc_text;
use jiff::Timestamp;
use storage::{Database, Row, StorageError, Transaction, params};

/// A message that has to reach a player.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewDelivery {
    /// The interaction that it answers.
    pub interaction_id: String,
    /// Which match it is about, once that is known.
    pub match_id: Option<String>,
    /// Which player it is about, once that is known.
    pub puuid: Option<String>,
    /// `analyze`, `team`, or whatever else was asked for.
    pub kind: String,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The interaction that it answers.
    pub interaction_id: String,
    /// Which match it is about.
    pub match_id: Option<String>,
    /// Which player it is about.
    pub puuid: Option<String>,
    /// What was asked for.
    pub kind: String,
    /// `pending`, `sending`, `delivered` or `failed`.
    pub status: String,
    /// How often somebody began to send it.
    pub attempts: i64,
    /// `edit` or `channel`.
    pub delivered_by: Option<String>,
    /// Why it could not be sent.
    pub error: Option<String>,
    /// UTC text.
    pub created_at: String,
    /// UTC text, of its end either way.
    pub finished_at: Option<String>,
}

/// Whether a message may be sent now, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The caller sends it; `attempt` counts from 1.
    Granted {
        /// How often it was tried, this time included.
        attempt: i64,
    },
    /// It reached the player, or was given up: nothing is to be done.
    Over,
    /// Another worker is at it.
    HeldByAnother,
}

const COLUMNS: &str = "interaction_id, match_id, puuid, kind, status, attempts, delivered_by, error, created_at, \
                       finished_at";

fn delivery(row: &Row) -> Result<Delivery, StorageError> {
    Ok(Delivery {
        interaction_id: row.get("interaction_id")?,
        match_id: row.get("match_id")?,
        puuid: row.get("puuid")?,
        kind: row.get("kind")?,
        status: row.get("status")?,
        attempts: row.get("attempts")?,
        delivered_by: row.get("delivered_by")?,
        error: row.get("error")?,
        created_at: row.get("created_at")?,
        finished_at: row.get("finished_at")?,
    })
}

/// Notes that a message is owed. For one that is known, match and player are filled in; nothing else changes.
pub async fn open(
    transaction: &mut Transaction,
    new: &NewDelivery,
    now: Timestamp,
) -> Result<(), StorageError> {
    let sql = "INSERT INTO deliveries (interaction_id, match_id, puuid, kind, status, attempts, created_at) \
               VALUES ($1, $2, $3, $4, 'pending', 0, $5) ON CONFLICT (interaction_id) DO UPDATE SET \
               match_id = coalesce(deliveries.match_id, excluded.match_id), \
               puuid = coalesce(deliveries.puuid, excluded.puuid)";
    let values =
        params![&new.interaction_id, new.match_id.as_deref(), new.puuid.as_deref(), &new.kind, utc_text(now)];
    transaction.execute(sql, &values).await.map(drop)
}

/// Asks to send a message. A claim lasts for `lease`; whoever died with one is followed by the next after that. The
/// same `worker` may claim again at once.
pub async fn claim(
    database: &Database,
    interaction_id: &str,
    worker: &str,
    lease: Duration,
    now: Timestamp,
) -> Result<Claim, StorageError> {
    let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
    let mut transaction = database.begin().await?;
    let sql = "UPDATE deliveries SET status = 'sending', attempts = attempts + 1, claimed_by = $1, claimed_until = $2 \
               WHERE interaction_id = $3 AND (status = 'pending' OR \
               (status = 'sending' AND (claimed_until <= $4 OR claimed_by = $1))) RETURNING attempts";
    let values = params![worker, utc_text(until), interaction_id, utc_text(now)];
    let granted = transaction.fetch_optional(sql, &values).await?;
    let status = transaction
        .fetch_one("SELECT status FROM deliveries WHERE interaction_id = $1", &params![interaction_id])
        .await?;
    transaction.commit().await?;
    if let Some(row) = granted {
        return Ok(Claim::Granted { attempt: row.get("attempts")? });
    }
    let status: String = status.get("status")?;
    Ok(if status == "sending" { Claim::HeldByAnother } else { Claim::Over })
}

/// Gives a claim back after a failure that may pass, so that the next try need not wait for the lease.
pub async fn release(
    database: &Database,
    interaction_id: &str,
    worker: &str,
    error: &str,
) -> Result<(), StorageError> {
    let sql = "UPDATE deliveries SET status = 'pending', claimed_by = NULL, claimed_until = NULL, error = $1 \
               WHERE interaction_id = $2 AND claimed_by = $3 AND status = 'sending'";
    database.execute(sql, &params![error, interaction_id, worker]).await.map(drop)
}

/// The message has reached the player, by `edit` or `channel`. False when that was known already.
pub async fn mark_delivered(
    database: &Database,
    interaction_id: &str,
    delivered_by: &str,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let sql = "UPDATE deliveries SET status = 'delivered', delivered_by = $1, error = NULL, finished_at = $2 \
               WHERE interaction_id = $3 AND status <> 'delivered'";
    Ok(database.execute(sql, &params![delivered_by, utc_text(now), interaction_id]).await? == 1)
}

/// The message can never reach the player. False when it did, or was given up already.
pub async fn mark_failed(
    database: &Database,
    interaction_id: &str,
    error: &str,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let sql = "UPDATE deliveries SET status = 'failed', error = $1, finished_at = $2 \
               WHERE interaction_id = $3 AND status IN ('pending', 'sending')";
    Ok(database.execute(sql, &params![error, utc_text(now), interaction_id]).await? == 1)
}

/// One message.
pub async fn find(database: &Database, interaction_id: &str) -> Result<Option<Delivery>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM deliveries WHERE interaction_id = $1");
    database.fetch_optional(&sql, &params![interaction_id]).await?.as_ref().map(delivery).transpose()
}
