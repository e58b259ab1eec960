//! Rows of `branches`: named heads of a session's tree.

use storage::{Database, Row, StorageError, Transaction, params};

use crate::ids::{BranchId, SessionId, TurnId};

/// A named head.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Primary key.
    pub id: BranchId,
    /// Whose tree it is in.
    pub session_id: SessionId,
    /// Unique within the session.
    pub name: String,
    /// The turn it ends in; nothing before the first turn.
    pub head: Option<TurnId>,
    /// The head's depth, 0 before the first turn.
    pub head_number: i64,
    /// UTC text.
    pub created_at: String,
    /// UTC text, the last move of the head.
    pub updated_at: String,
}

fn from_row(row: &Row) -> Result<Branch, StorageError> {
    Ok(Branch {
        id: BranchId(row.get("id")?),
        session_id: SessionId(row.get("session_id")?),
        name: row.get("name")?,
        head: row.get::<Option<String>>("head_turn_id")?.map(TurnId),
        head_number: row.get("head_number")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// Adds a branch. A name that is taken comes back as a unique violation.
pub async fn insert(transaction: &mut Transaction, branch: &Branch) -> Result<(), StorageError> {
    transaction
        .execute(
            "INSERT INTO branches (id, session_id, name, head_turn_id, head_number, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &params![
                &branch.id,
                &branch.session_id,
                branch.name.as_str(),
                branch.head.as_ref().map(TurnId::as_str),
                branch.head_number,
                branch.created_at.as_str(),
                branch.updated_at.as_str()
            ],
        )
        .await?;
    Ok(())
}

/// One branch by its name.
pub async fn find(
    database: &Database,
    session: &SessionId,
    name: &str,
) -> Result<Option<Branch>, StorageError> {
    let row = database
        .fetch_optional("SELECT * FROM branches WHERE session_id = $1 AND name = $2", &params![session, name])
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// All branches of a session, oldest first, at most `limit`.
pub async fn list(database: &Database, session: &SessionId, limit: i64) -> Result<Vec<Branch>, StorageError> {
    let rows = database
        .fetch_all(
            "SELECT * FROM branches WHERE session_id = $1 ORDER BY id LIMIT $2",
            &params![session, limit],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

/// The first free name `prefix-N`.
pub async fn free_name(
    database: &Database,
    session: &SessionId,
    prefix: &str,
) -> Result<String, StorageError> {
    let pattern = format!("{prefix}-%");
    let rows = database
        .fetch_all(
            "SELECT name FROM branches WHERE session_id = $1 AND name LIKE $2",
            &params![session, pattern],
        )
        .await?;
    let mut highest = 0_u64;
    for row in &rows {
        let name: String = row.get("name")?;
        let number = name.rsplit('-').next().and_then(|digits| digits.parse::<u64>().ok()).unwrap_or(0);
        highest = highest.max(number);
    }
    Ok(format!("{prefix}-{}", highest + 1))
}

/// Moves a head if it still is where the caller saw it; says whether it did.
pub async fn move_head(
    transaction: &mut Transaction,
    id: &BranchId,
    expected: Option<&TurnId>,
    head: Option<&TurnId>,
    number: i64,
    now: &str,
) -> Result<bool, StorageError> {
    let moved = if let Some(expected) = expected {
        transaction
            .execute(
                "UPDATE branches SET head_turn_id = $1, head_number = $2, updated_at = $3 \
                 WHERE id = $4 AND head_turn_id = $5",
                &params![head.map(TurnId::as_str), number, now, id, expected],
            )
            .await?
    } else {
        transaction
            .execute(
                "UPDATE branches SET head_turn_id = $1, head_number = $2, updated_at = $3 \
                 WHERE id = $4 AND head_turn_id IS NULL",
                &params![head.map(TurnId::as_str), number, now, id],
            )
            .await?
    };
    Ok(moved == 1)
}
