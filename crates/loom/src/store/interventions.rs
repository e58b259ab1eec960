//! Rows of `interventions` and `citations`: what players asked for beside the story, and who mentions which fact.

use storage::{Database, Row, StorageError, Transaction, params};

use crate::{
    ids::{SessionId, TurnId},
    store::Page,
};

/// One intervention and what became of it.
#[derive(Clone, Debug)]
pub struct InterventionRow {
    /// Primary key, in order of time.
    pub id: String,
    /// The turn whose input carried it.
    pub turn_id: TurnId,
    /// `OOC`, `EDIT`, `RETCON`, `TONE`, `INTENT` or `QUERY`.
    pub kind: String,
    /// What stood in the brackets.
    pub content: String,
    /// `applied`, `denied` or `refused`.
    pub outcome: String,
    /// Why, for the person who reads the audit.
    pub detail: String,
    /// UTC text.
    pub created_at: String,
}

/// Adds one intervention.
pub async fn insert(
    transaction: &mut Transaction,
    session: &SessionId,
    row: &InterventionRow,
) -> Result<(), StorageError> {
    transaction
        .execute(
            "INSERT INTO interventions (id, session_id, turn_id, kind, content, outcome, detail, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &params![
                row.id.as_str(),
                session,
                &row.turn_id,
                row.kind.as_str(),
                row.content.as_str(),
                row.outcome.as_str(),
                row.detail.as_str(),
                row.created_at.as_str()
            ],
        )
        .await?;
    Ok(())
}

/// A session's interventions, newest first.
pub async fn list(
    database: &Database,
    session: &SessionId,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<InterventionRow>, StorageError> {
    let before = cursor.unwrap_or("~");
    let count = i64::try_from(limit).unwrap_or(i64::MAX - 1).saturating_add(1);
    let rows = database
        .fetch_all(
            "SELECT * FROM interventions WHERE session_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
            &params![session, before, count],
        )
        .await?;
    let items = rows.iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(items, limit, |row| row.id.clone()))
}

fn from_row(row: &Row) -> Result<InterventionRow, StorageError> {
    Ok(InterventionRow {
        id: row.get("id")?,
        turn_id: TurnId(row.get("turn_id")?),
        kind: row.get("kind")?,
        content: row.get("content")?,
        outcome: row.get("outcome")?,
        detail: row.get("detail")?,
        created_at: row.get("created_at")?,
    })
}

/// Records that a turn mentions a fact.
pub async fn cite(
    transaction: &mut Transaction,
    session: &SessionId,
    turn: &TurnId,
    fact: &str,
) -> Result<(), StorageError> {
    transaction
        .execute(
            "INSERT INTO citations (session_id, fact_id, turn_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            &params![session, fact, turn],
        )
        .await?;
    Ok(())
}

/// All turns that mention a fact, in order of time.
pub async fn citing_turns(
    database: &Database,
    session: &SessionId,
    fact: &str,
) -> Result<Vec<TurnId>, StorageError> {
    let rows = database
        .fetch_all(
            "SELECT turn_id FROM citations WHERE session_id = $1 AND fact_id = $2 ORDER BY turn_id",
            &params![session, fact],
        )
        .await?;
    rows.iter().map(|row| row.get::<String>("turn_id").map(TurnId)).collect()
}
