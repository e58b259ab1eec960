//! Rows of `user_profiles`: what is known of a player over matches.

use chassis::clock::utc_text;
use jiff::Timestamp;
use storage::{Backend, Database, Row, StorageError, Transaction, params};

use super::switches;

/// A stored profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredProfile {
    /// Whose it is.
    pub discord_user_id: String,
    /// The account it was made from last.
    pub puuid: String,
    /// The profile as JSON.
    pub profile_json: String,
    /// UTC text.
    pub last_updated: String,
    /// UTC text.
    pub created_at: String,
}

impl StoredProfile {
    /// A profile that is new at this moment.
    #[must_use]
    pub fn new(user: &str, puuid: &str, profile_json: &str, now: Timestamp) -> Self {
        Self {
            discord_user_id: user.to_owned(),
            puuid: puuid.to_owned(),
            profile_json: profile_json.to_owned(),
            last_updated: utc_text(now),
            created_at: utc_text(now),
        }
    }
}

/// Why a profile was not written.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// An operator stopped the writing of profiles.
    #[error("writing profiles is switched off: `chimera profile writes on` switches it on")]
    WritesOff,
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

const COLUMNS: &str = "discord_user_id, puuid, profile_data, last_updated, created_at";

fn profile(row: &Row) -> Result<StoredProfile, StorageError> {
    Ok(StoredProfile {
        discord_user_id: row.get("discord_user_id")?,
        puuid: row.get("puuid")?,
        profile_json: row.get("profile_data")?,
        last_updated: row.get("last_updated")?,
        created_at: row.get("created_at")?,
    })
}

/// A user's profile.
pub async fn load(database: &Database, user: &str) -> Result<Option<StoredProfile>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM user_profiles WHERE discord_user_id = $1");
    database.fetch_optional(&sql, &params![user]).await?.as_ref().map(profile).transpose()
}

/// A user's profile for a change in the same unit of work; nobody else changes it meanwhile.
pub async fn load_for_change(
    transaction: &mut Transaction,
    backend: Backend,
    user: &str,
) -> Result<Option<StoredProfile>, StorageError> {
    let lock = if backend == Backend::Postgres { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT {COLUMNS} FROM user_profiles WHERE discord_user_id = $1{lock}");
    transaction.fetch_optional(&sql, &params![user]).await?.as_ref().map(profile).transpose()
}

/// Writes a user's profile, unless the writing of profiles is switched off.
pub async fn save(
    transaction: &mut Transaction,
    user: &str,
    puuid: &str,
    profile_json: &str,
    now: Timestamp,
) -> Result<(), ProfileError> {
    // One statement looks and writes: a downgrade that locks the table misses no late writer.
    let sql = "INSERT INTO user_profiles (discord_user_id, puuid, profile_data, last_updated, created_at) \
               SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($4 AS TEXT) \
               WHERE NOT EXISTS (SELECT 1 FROM switches WHERE name = $5) \
               ON CONFLICT (discord_user_id) DO UPDATE SET puuid = excluded.puuid, \
               profile_data = excluded.profile_data, last_updated = excluded.last_updated";
    let values = params![user, puuid, profile_json, utc_text(now), switches::PROFILE_WRITES];
    match transaction.execute(sql, &values).await? {
        0 => Err(ProfileError::WritesOff),
        _ => Ok(()),
    }
}

/// Forgets what is known of a user; says whether there was anything.
pub async fn delete(database: &Database, user: &str) -> Result<bool, StorageError> {
    let sql = "DELETE FROM user_profiles WHERE discord_user_id = $1";
    Ok(database.execute(sql, &params![user]).await? == 1)
}

/// How many profiles there are.
pub async fn count(database: &Database) -> Result<i64, StorageError> {
    database.fetch_one("SELECT count(*) AS profiles FROM user_profiles", &[]).await?.get("profiles")
}

/// Every profile, oldest first, in memory at once: for bringing back a snapshot.
pub async fn all(database: &Database) -> Result<Vec<StoredProfile>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM user_profiles ORDER BY created_at, discord_user_id");
    database.fetch_all(&sql, &[]).await?.iter().map(profile).collect()
}

/// Puts a profile back as it was, whatever the switch says; false when the user has one by now.
pub async fn restore(transaction: &mut Transaction, profile: &StoredProfile) -> Result<bool, StorageError> {
    let sql = format!(
        "INSERT INTO user_profiles ({COLUMNS}) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (discord_user_id) DO NOTHING"
    );
    let values = params![
        &profile.discord_user_id,
        &profile.puuid,
        &profile.profile_json,
        &profile.last_updated,
        &profile.created_at
    ];
    Ok(transaction.execute(&sql, &values).await? == 1)
}
