//! Rows of `turns`: the append-only tree of a session.

use loom_core::session::PastTurn;
use storage::{Database, Row, StorageError, Transaction, params};

use crate::{
    ids::{SessionId, StateId, TurnId},
    store::Page,
};

/// One turn as the table has it.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Primary key.
    pub id: TurnId,
    /// Whose tree it is in.
    pub session_id: SessionId,
    /// The turn before it on its path; nothing for a first turn.
    pub parent_id: Option<TurnId>,
    /// Depth on its path, from 1.
    pub number: i64,
    /// The client's key, unique in the session; it makes a retry harmless.
    pub turn_key: String,
    /// `story`, `interventions` or `regenerated`.
    pub kind: String,
    /// The role the player held when it was played.
    pub role: String,
    /// What the player wrote, whole.
    pub input: String,
    /// The same without the interventions.
    pub story: String,
    /// What was told.
    pub reply: String,
    /// Interventions' outcomes, answers, seed and the like, as JSON.
    pub notes: String,
    /// Why no model told it, when none did.
    pub degraded_code: Option<String>,
    /// Which provider told it.
    pub provider: String,
    /// Which model told it.
    pub model: String,
    /// The canon version it was played under.
    pub canon_hash: String,
    /// What a reader remembers after it; nothing while nothing was ever recorded.
    pub state_id: Option<StateId>,
    /// Outline of the prompt, as JSON, for `explain`.
    pub outline: String,
    /// Tokens sent.
    pub input_tokens: i64,
    /// Tokens told.
    pub output_tokens: i64,
    /// The provider counted them; otherwise they are estimates.
    pub usage_exact: bool,
    /// In millionths of a US dollar.
    pub cost_microusd: i64,
    /// From the request to the last word.
    pub latency_ms: i64,
    /// UTC text.
    pub created_at: String,
}

fn from_row(row: &Row) -> Result<Turn, StorageError> {
    Ok(Turn {
        id: TurnId(row.get("id")?),
        session_id: SessionId(row.get("session_id")?),
        parent_id: row.get::<Option<String>>("parent_id")?.map(TurnId),
        number: row.get("number")?,
        turn_key: row.get("turn_key")?,
        kind: row.get("kind")?,
        role: row.get("role")?,
        input: row.get("input")?,
        story: row.get("story")?,
        reply: row.get("reply")?,
        notes: row.get("notes")?,
        degraded_code: row.get("degraded_code")?,
        provider: row.get("provider")?,
        model: row.get("model")?,
        canon_hash: row.get("canon_hash")?,
        state_id: row.get::<Option<String>>("state_id")?.map(StateId),
        outline: row.get("outline")?,
        input_tokens: row.get("input_tokens")?,
        output_tokens: row.get("output_tokens")?,
        usage_exact: row.get("usage_exact")?,
        cost_microusd: row.get("cost_microusd")?,
        latency_ms: row.get("latency_ms")?,
        created_at: row.get("created_at")?,
    })
}

/// Adds a turn. A key that is taken comes back as a unique violation.
pub async fn insert(transaction: &mut Transaction, turn: &Turn) -> Result<(), StorageError> {
    transaction
        .execute(
            "INSERT INTO turns (id, session_id, parent_id, number, turn_key, kind, role, input, story, reply, notes, \
             degraded_code, provider, model, canon_hash, state_id, outline, input_tokens, output_tokens, usage_exact, \
             cost_microusd, latency_ms, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
             $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)",
            &params![
                &turn.id,
                &turn.session_id,
                turn.parent_id.as_ref().map(TurnId::as_str),
                turn.number,
                turn.turn_key.as_str(),
                turn.kind.as_str(),
                turn.role.as_str(),
                turn.input.as_str(),
                turn.story.as_str(),
                turn.reply.as_str(),
                turn.notes.as_str(),
                turn.degraded_code.clone(),
                turn.provider.as_str(),
                turn.model.as_str(),
                turn.canon_hash.as_str(),
                turn.state_id.as_ref().map(StateId::as_str),
                turn.outline.as_str(),
                turn.input_tokens,
                turn.output_tokens,
                turn.usage_exact,
                turn.cost_microusd,
                turn.latency_ms,
                turn.created_at.as_str()
            ],
        )
        .await?;
    Ok(())
}

/// One turn of a session, or nothing. A turn of another session is nothing too.
pub async fn find(
    database: &Database,
    session: &SessionId,
    id: &TurnId,
) -> Result<Option<Turn>, StorageError> {
    let row = database
        .fetch_optional("SELECT * FROM turns WHERE id = $1 AND session_id = $2", &params![id, session])
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// The turn that a client's key made, or nothing.
pub async fn find_by_key(
    database: &Database,
    session: &SessionId,
    key: &str,
) -> Result<Option<Turn>, StorageError> {
    let row = database
        .fetch_optional("SELECT * FROM turns WHERE session_id = $1 AND turn_key = $2", &params![session, key])
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// A path upwards from `head`: the walk reads one row a turn, never the whole history.
const PATH: &str = "WITH RECURSIVE path(id, parent_id, step) AS (\
     SELECT id, parent_id, 0 FROM turns WHERE id = $1 AND session_id = $2 \
     UNION ALL SELECT t.id, t.parent_id, p.step + 1 FROM path p JOIN turns t ON t.id = p.parent_id \
     WHERE p.step + 1 < $3)";

/// The `limit` last turns of the path that ends in `head`, oldest first, with just what a prompt needs.
pub async fn history(
    database: &Database,
    session: &SessionId,
    head: &TurnId,
    limit: usize,
) -> Result<Vec<PastTurn>, StorageError> {
    let sql = format!(
        "{PATH} SELECT t.id AS id, t.number AS number, t.input AS input, t.story AS story, t.reply AS reply, \
         t.degraded_code AS degraded_code FROM path JOIN turns t ON t.id = path.id ORDER BY t.number"
    );
    let rows =
        database.fetch_all(&sql, &params![head, session, i64::try_from(limit).unwrap_or(i64::MAX)]).await?;
    rows.iter().map(past_turn).collect()
}

/// The turn as the turns after it see it: what [`history`] would read.
#[must_use]
pub fn past(turn: &Turn) -> PastTurn {
    PastTurn {
        id: turn.id.0.clone(),
        number: u64::try_from(turn.number).unwrap_or(0),
        input: turn.input.clone(),
        story: turn.story.clone(),
        reply: turn.reply.clone(),
        degraded: turn.degraded_code.is_some(),
    }
}

fn past_turn(row: &Row) -> Result<PastTurn, StorageError> {
    Ok(PastTurn {
        id: row.get("id")?,
        number: u64::try_from(row.get::<i64>("number")?).unwrap_or(0),
        input: row.get("input")?,
        story: row.get("story")?,
        reply: row.get("reply")?,
        degraded: row.get::<Option<String>>("degraded_code")?.is_some(),
    })
}

/// A page of the path that ends in `head`, newest first; the next page begins at the last turn's parent.
pub async fn page(
    database: &Database,
    session: &SessionId,
    head: &TurnId,
    limit: usize,
) -> Result<Page<Turn>, StorageError> {
    let sql = format!("{PATH} SELECT t.* FROM path JOIN turns t ON t.id = path.id ORDER BY t.number DESC");
    let count = i64::try_from(limit).unwrap_or(i64::MAX - 1).saturating_add(1);
    let rows = database.fetch_all(&sql, &params![head, session, count]).await?;
    let mut turns = rows.iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
    let next = turns.get(limit).map(|turn| turn.id.0.clone());
    turns.truncate(limit);
    Ok(Page { items: turns, next })
}

/// The turn at depth `number` on the path that ends in `head`: a walk over ids alone.
pub async fn ancestor_at(
    database: &Database,
    session: &SessionId,
    head: &TurnId,
    number: i64,
) -> Result<Option<TurnId>, StorageError> {
    let row = database
        .fetch_optional(
            "WITH RECURSIVE path(id, parent_id, number) AS (\
             SELECT id, parent_id, number FROM turns WHERE id = $1 AND session_id = $2 \
             UNION ALL SELECT t.id, t.parent_id, t.number FROM path p JOIN turns t ON t.id = p.parent_id \
             WHERE p.number > $3) SELECT id FROM path WHERE number = $3",
            &params![head, session, number],
        )
        .await?;
    row.map(|row| row.get::<String>("id").map(TurnId)).transpose()
}

/// Turns with the same parent, oldest first: the swipes of one moment.
pub async fn siblings(database: &Database, turn: &Turn) -> Result<Vec<TurnId>, StorageError> {
    let rows = if let Some(parent) = &turn.parent_id {
        database
            .fetch_all(
                "SELECT id FROM turns WHERE session_id = $1 AND parent_id = $2 ORDER BY id",
                &params![&turn.session_id, parent],
            )
            .await?
    } else {
        database
            .fetch_all(
                "SELECT id FROM turns WHERE session_id = $1 AND parent_id IS NULL ORDER BY id",
                &params![&turn.session_id],
            )
            .await?
    };
    rows.iter().map(|row| row.get::<String>("id").map(TurnId)).collect()
}

/// A turn as the tree drawing needs it.
#[derive(Clone, Debug)]
pub struct Node {
    /// Primary key.
    pub id: TurnId,
    /// The node above.
    pub parent_id: Option<TurnId>,
    /// Depth, from 1.
    pub number: i64,
    /// The first characters of the player's line.
    pub snippet: String,
    /// Whether no model told it.
    pub degraded: bool,
}

/// The depth of the deepest turn of the whole tree, 0 without turns: one look into the index.
pub async fn deepest(database: &Database, session: &SessionId) -> Result<i64, StorageError> {
    let row = database
        .fetch_optional(
            "SELECT number FROM turns WHERE session_id = $1 ORDER BY number DESC LIMIT 1",
            &params![session],
        )
        .await?;
    row.map_or(Ok(0), |row| row.get("number"))
}

/// The nodes of depths `from..=to`, at most `limit`, by depth.
pub async fn nodes(
    database: &Database,
    session: &SessionId,
    from: i64,
    to: i64,
    limit: i64,
) -> Result<Vec<Node>, StorageError> {
    let rows = database
        .fetch_all(
            "SELECT id, parent_id, number, substr(input, 1, 48) AS snippet, degraded_code FROM turns \
             WHERE session_id = $1 AND number >= $2 AND number <= $3 ORDER BY number, id LIMIT $4",
            &params![session, from, to, limit],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Node {
                id: TurnId(row.get("id")?),
                parent_id: row.get::<Option<String>>("parent_id")?.map(TurnId),
                number: row.get("number")?,
                snippet: row.get("snippet")?,
                degraded: row.get::<Option<String>>("degraded_code")?.is_some(),
            })
        })
        .collect()
}
