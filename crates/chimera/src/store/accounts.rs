//! Rows of `accounts`: which Riot accounts belong to which Discord user.

use chassis::clock::utc_text;
use jiff::Timestamp;
use storage::{Backend, Database, Row, StorageError, Transaction, params};

/// Accounts that one user may bind; what a select menu of Discord can show.
pub const MOST_ACCOUNTS: i64 = 25;

/// A bound Riot account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whose it is.
    pub discord_user_id: String,
    /// Riot's id of the account.
    pub puuid: String,
    /// The part of the Riot ID before `#`.
    pub game_name: String,
    /// The part of the Riot ID after `#`.
    pub tag_line: String,
    /// In lower case, such as `na1`.
    pub platform: String,
    /// What the owner calls it.
    pub nickname: Option<String>,
    /// Such as `top`; may be empty.
    pub main_roles: Vec<String>,
    /// Whether it is the one that is meant when none is named.
    pub is_primary: bool,
    /// UTC text.
    pub created_at: String,
    /// UTC text.
    pub last_used_at: String,
}

/// An account to be bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewAccount {
    /// Whose it becomes.
    pub discord_user_id: String,
    /// Riot's id of the account.
    pub puuid: String,
    /// The part of the Riot ID before `#`.
    pub game_name: String,
    /// The part of the Riot ID after `#`.
    pub tag_line: String,
    /// In lower case, such as `na1`.
    pub platform: String,
    /// What the owner calls it.
    pub nickname: Option<String>,
    /// Such as `top`; may be empty.
    pub main_roles: Vec<String>,
}

/// What binding did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// Whether it is the user's primary account now.
    pub is_primary: bool,
    /// False when it was bound already and only its names and roles were renewed.
    pub is_new: bool,
}

/// Why an account cannot be bound.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Another Discord user has bound it.
    #[error("the account is bound to another Discord user")]
    OwnedByAnother,
    /// The user has as many as there may be.
    #[error("{MOST_ACCOUNTS} accounts are bound already")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

const COLUMNS: &str = "discord_user_id, puuid, game_name, tag_line, platform, nickname, main_roles, is_primary, \
                       created_at, last_used_at";

fn account(row: &Row) -> Result<Account, StorageError> {
    let roles: String = row.get("main_roles")?;
    Ok(Account {
        discord_user_id: row.get("discord_user_id")?,
        puuid: row.get("puuid")?,
        game_name: row.get("game_name")?,
        tag_line: row.get("tag_line")?,
        platform: row.get("platform")?,
        nickname: row.get("nickname")?,
        main_roles: roles.split(',').filter(|role| !role.is_empty()).map(str::to_owned).collect(),
        is_primary: row.get("is_primary")?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
    })
}

/// A user's accounts: the primary one first, then by the time they were bound.
pub async fn list(database: &Database, user: &str) -> Result<Vec<Account>, StorageError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM accounts WHERE discord_user_id = $1 \
         ORDER BY is_primary DESC, created_at, puuid"
    );
    let rows = database.fetch_all(&sql, &params![user]).await?;
    rows.iter().map(account).collect()
}

/// The account that is meant when a user names none.
pub async fn primary(database: &Database, user: &str) -> Result<Option<Account>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE discord_user_id = $1 AND is_primary = 1");
    database.fetch_optional(&sql, &params![user]).await?.as_ref().map(account).transpose()
}

/// Binds an account; the first of a user becomes the primary one. Binding one's own again renews names and roles.
pub async fn add(database: &Database, new: &NewAccount, now: Timestamp) -> Result<Added, AccountError> {
    match try_add(database, new, now).await {
        // Two first accounts of one user at the same moment: the other became the primary one.
        Err(AccountError::Storage(StorageError::Unique { .. })) => try_add(database, new, now).await,
        outcome => outcome,
    }
}

async fn try_add(database: &Database, new: &NewAccount, now: Timestamp) -> Result<Added, AccountError> {
    let mut transaction = database.begin().await?;
    let owner = transaction
        .fetch_optional(
            "SELECT discord_user_id, is_primary FROM accounts WHERE puuid = $1",
            &params![&new.puuid],
        )
        .await?;
    if let Some(row) = owner {
        if row.get::<String>("discord_user_id")? != new.discord_user_id {
            return Err(AccountError::OwnedByAnother);
        }
        renew(&mut transaction, new).await?;
        transaction.commit().await?;
        return Ok(Added { is_primary: row.get("is_primary")?, is_new: false });
    }
    let others = transaction
        .fetch_one(
            "SELECT count(*) AS bound, CAST(coalesce(sum(is_primary), 0) AS BIGINT) AS primaries \
             FROM accounts WHERE discord_user_id = $1",
            &params![&new.discord_user_id],
        )
        .await?;
    if others.get::<i64>("bound")? >= MOST_ACCOUNTS {
        return Err(AccountError::TooMany);
    }
    let is_primary = others.get::<i64>("primaries")? == 0;
    insert(&mut transaction, new, is_primary, &utc_text(now)).await?;
    transaction.commit().await?;
    Ok(Added { is_primary, is_new: true })
}

async fn renew(transaction: &mut Transaction, new: &NewAccount) -> Result<u64, StorageError> {
    transaction
        .execute(
            "UPDATE accounts SET game_name = $1, tag_line = $2, platform = $3, nickname = $4, main_roles = $5 \
             WHERE puuid = $6",
            &params![
                &new.game_name,
                &new.tag_line,
                &new.platform,
                new.nickname.as_deref(),
                new.main_roles.join(","),
                &new.puuid
            ],
        )
        .await
}

async fn insert(
    transaction: &mut Transaction,
    new: &NewAccount,
    is_primary: bool,
    now: &str,
) -> Result<u64, StorageError> {
    let sql = format!("INSERT INTO accounts ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)");
    transaction
        .execute(
            &sql,
            &params![
                &new.discord_user_id,
                &new.puuid,
                &new.game_name,
                &new.tag_line,
                &new.platform,
                new.nickname.as_deref(),
                new.main_roles.join(","),
                is_primary,
                now
            ],
        )
        .await
}

/// Takes an account away from a user; says whether it was theirs. Without its primary one, the user's account that
/// was used last takes its place.
pub async fn remove(database: &Database, user: &str, puuid: &str) -> Result<bool, StorageError> {
    let mut transaction = database.begin().await?;
    lock(&mut transaction, database.backend(), user).await?;
    let removed = transaction
        .execute("DELETE FROM accounts WHERE discord_user_id = $1 AND puuid = $2", &params![user, puuid])
        .await?;
    transaction
        .execute(
            "UPDATE accounts SET is_primary = 1 WHERE puuid = (SELECT puuid FROM accounts \
             WHERE discord_user_id = $1 ORDER BY last_used_at DESC, puuid LIMIT 1) \
             AND NOT EXISTS (SELECT 1 FROM accounts WHERE discord_user_id = $1 AND is_primary = 1)",
            &params![user],
        )
        .await?;
    transaction.commit().await?;
    Ok(removed == 1)
}

/// Makes an account the primary one; false when it is not the user's.
pub async fn set_primary(database: &Database, user: &str, puuid: &str) -> Result<bool, StorageError> {
    let mut transaction = database.begin().await?;
    lock(&mut transaction, database.backend(), user).await?;
    let owned = transaction
        .fetch_optional(
            "SELECT puuid FROM accounts WHERE discord_user_id = $1 AND puuid = $2",
            &params![user, puuid],
        )
        .await?;
    if owned.is_none() {
        return Ok(false);
    }
    transaction
        .execute(
            "UPDATE accounts SET is_primary = 0 WHERE discord_user_id = $1 AND is_primary = 1",
            &params![user],
        )
        .await?;
    transaction.execute("UPDATE accounts SET is_primary = 1 WHERE puuid = $1", &params![puuid]).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Two changes of one user's accounts at the same moment would leave none or two primary ones.
async fn lock(transaction: &mut Transaction, backend: Backend, user: &str) -> Result<(), StorageError> {
    if backend == Backend::Postgres {
        let sql = "SELECT puuid FROM accounts WHERE discord_user_id = $1 ORDER BY puuid FOR UPDATE";
        transaction.fetch_all(sql, &params![user]).await?;
    }
    Ok(())
}

/// Notes that an account was used.
pub async fn touch(database: &Database, puuid: &str, now: Timestamp) -> Result<(), StorageError> {
    let sql = "UPDATE accounts SET last_used_at = $1 WHERE puuid = $2";
    database.execute(sql, &params![utc_text(now), puuid]).await.map(drop)
}
