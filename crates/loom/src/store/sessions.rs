//! Rows of `sessions`: one story of one user.

use storage::{Database, Row, StorageError, Transaction, params};

use crate::{
    ids::{SessionId, UserId},
    settings::SessionSettings,
    store::Page,
};

/// One session as the table has it.
#[derive(Clone, Debug)]
pub struct Session {
    /// Primary key.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The name the player gave.
    pub name: String,
    /// Which canon it is played under (a folder or file name in the canon folder).
    pub canon: String,
    /// Model and play settings of this session alone.
    pub settings: SessionSettings,
    /// The branch that was played last.
    pub active_branch: String,
    /// Hidden from the ordinary list; nothing is lost.
    pub archived: bool,
    /// All turns of the tree, siblings and abandoned ones included.
    pub turn_count: i64,
    /// What its turns cost, in millionths of a US dollar.
    pub cost_microusd: i64,
    /// UTC text.
    pub created_at: String,
    /// UTC text, the last change of name, settings or story.
    pub updated_at: String,
    /// UTC text, the last turn or the creation.
    pub last_activity: String,
}

const COLUMNS: &str = "id, user_id, name, canon, settings, active_branch, archived, turn_count, cost_microusd, \
     created_at, updated_at, last_activity";

fn from_row(row: &Row) -> Result<Session, StorageError> {
    let settings: String = row.get("settings")?;
    Ok(Session {
        id: SessionId(row.get("id")?),
        user_id: UserId(row.get("user_id")?),
        name: row.get("name")?,
        canon: row.get("canon")?,
        settings: SessionSettings::from_json(&settings),
        active_branch: row.get("active_branch")?,
        archived: row.get("archived")?,
        turn_count: row.get("turn_count")?,
        cost_microusd: row.get("cost_microusd")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        last_activity: row.get("last_activity")?,
    })
}

/// Adds a session; its first branch is added by [`super::branches::insert`] in the same transaction.
pub async fn insert(transaction: &mut Transaction, session: &Session) -> Result<(), StorageError> {
    transaction
        .execute(
            "INSERT INTO sessions (id, user_id, name, canon, settings, active_branch, archived, turn_count, \
             cost_microusd, created_at, updated_at, last_activity) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            &params![
                &session.id,
                &session.user_id,
                session.name.as_str(),
                session.canon.as_str(),
                session.settings.to_json(),
                session.active_branch.as_str(),
                session.archived,
                session.turn_count,
                session.cost_microusd,
                session.created_at.as_str(),
                session.updated_at.as_str(),
                session.last_activity.as_str()
            ],
        )
        .await?;
    Ok(())
}

/// One session, or nothing.
pub async fn find(database: &Database, id: &SessionId) -> Result<Option<Session>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM sessions WHERE id = $1");
    let row = database.fetch_optional(&sql, &params![id]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Whether the session is still there, as the transaction sees it.
pub async fn exists(transaction: &mut Transaction, id: &SessionId) -> Result<bool, StorageError> {
    Ok(transaction
        .fetch_optional("SELECT 1 AS one FROM sessions WHERE id = $1", &params![id])
        .await?
        .is_some())
}

/// Sessions whose id begins with some characters, at most `limit`. Ids are lower-case hexadecimal digits and dashes, so
/// a prefix with anything else matches nothing.
pub async fn with_prefix(
    database: &Database,
    prefix: &str,
    limit: i64,
) -> Result<Vec<Session>, StorageError> {
    if prefix.is_empty() || !prefix.chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {COLUMNS} FROM sessions WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3");
    // `g` sorts behind every character an id may have.
    let rows = database.fetch_all(&sql, &params![prefix, format!("{prefix}g"), limit]).await?;
    rows.iter().map(from_row).collect()
}

/// What a list shows: whose, which, and from where on.
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    /// Only this user's; `None` lists everybody's.
    pub user_id: Option<UserId>,
    /// Also the archived ones.
    pub archived: bool,
    /// Where the page before this one ended.
    pub cursor: Option<String>,
}

/// Sessions by last activity, newest first. Reads `limit + 1` index entries whatever the table's size.
pub async fn list(
    database: &Database,
    filter: &ListFilter,
    limit: usize,
) -> Result<Page<Session>, StorageError> {
    let (after_activity, after_id) = match filter.cursor.as_deref().and_then(|cursor| cursor.split_once('|'))
    {
        Some((activity, id)) => (activity.to_owned(), id.to_owned()),
        None => ("9999".to_owned(), String::new()),
    };
    let count = i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1;
    let archived = i64::from(filter.archived);
    let rows = if let Some(user_id) = &filter.user_id {
        let sql = format!(
            "SELECT {COLUMNS} FROM sessions WHERE user_id = $1 AND (last_activity, id) < ($2, $3) AND archived <= $4 \
             ORDER BY last_activity DESC, id DESC LIMIT $5"
        );
        database.fetch_all(&sql, &params![user_id, after_activity, after_id, archived, count]).await?
    } else {
        let sql = format!(
            "SELECT {COLUMNS} FROM sessions WHERE (last_activity, id) < ($1, $2) AND archived <= $3 \
             ORDER BY last_activity DESC, id DESC LIMIT $4"
        );
        database.fetch_all(&sql, &params![after_activity, after_id, archived, count]).await?
    };
    let sessions = rows.iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(sessions, limit, |session| format!("{}|{}", session.last_activity, session.id)))
}

/// How many sessions a user has, archived ones included.
pub async fn count(database: &Database, user_id: &UserId) -> Result<i64, StorageError> {
    let row = database
        .fetch_one("SELECT COUNT(*) AS n FROM sessions WHERE user_id = $1", &params![user_id])
        .await?;
    row.get("n")
}

/// Saves name, settings and the archived flag. An UPDATE, never a replacing insert: the turns stay where they are.
pub async fn update(database: &Database, session: &Session) -> Result<(), StorageError> {
    database
        .execute(
            "UPDATE sessions SET name = $1, settings = $2, archived = $3, updated_at = $4 WHERE id = $5",
            &params![
                session.name.as_str(),
                session.settings.to_json(),
                session.archived,
                session.updated_at.as_str(),
                &session.id
            ],
        )
        .await?;
    Ok(())
}

/// Counts one turn more on a session and moves its activity to `now`.
pub async fn record_turn(
    transaction: &mut Transaction,
    id: &SessionId,
    active_branch: &str,
    cost_microusd: i64,
    now: &str,
) -> Result<u64, StorageError> {
    transaction
        .execute(
            "UPDATE sessions SET turn_count = turn_count + 1, cost_microusd = cost_microusd + $1, \
             active_branch = $2, last_activity = $3, updated_at = $3 WHERE id = $4",
            &params![cost_microusd, active_branch, now, id],
        )
        .await
}

/// Makes another branch the one that is played.
pub async fn activate_branch(
    transaction: &mut Transaction,
    id: &SessionId,
    branch: &str,
    now: &str,
) -> Result<(), StorageError> {
    transaction
        .execute(
            "UPDATE sessions SET active_branch = $1, updated_at = $2 WHERE id = $3",
            &params![branch, now, id],
        )
        .await?;
    Ok(())
}

/// Deletes a session with all that hangs on it; says whether there was one.
pub async fn delete(database: &Database, id: &SessionId) -> Result<bool, StorageError> {
    let removed = database.execute("DELETE FROM sessions WHERE id = $1", &params![id]).await?;
    Ok(removed > 0)
}
