//! Rows of `states`: what a head remembers, as a chain of changes with a whole copy now and then.

use loom_core::memory::{StateChange, WorldState};
use storage::{Database, Row, StorageError, Transaction, params};

use crate::ids::{SessionId, StateId, TurnId};

/// A whole copy is written when the chain since the last one would grow longer than this, so that loading a state
/// reads a bounded number of rows however long the story is.
pub const SNAPSHOT_EVERY: i64 = 24;

/// A state to be stored: what one turn changed.
#[derive(Clone, Debug)]
pub struct NewState {
    /// Primary key.
    pub id: StateId,
    /// The state of the turn before.
    pub parent: Option<StateId>,
    /// Rows to walk to the nearest whole copy; 0 carries one itself.
    pub distance: i64,
    /// What the turn changed.
    pub changes: Vec<StateChange>,
    /// The whole state after the change, when this row is a copy.
    pub snapshot: Option<WorldState>,
}

/// A state with what is needed to build the next upon it.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Its row; nothing while nothing was ever recorded.
    pub id: Option<StateId>,
    /// Rows walked to the nearest whole copy.
    pub distance: i64,
    /// The state itself.
    pub world: WorldState,
}

impl Loaded {
    /// The row that stores `changes` on top of this state; nothing when nothing changed.
    #[must_use]
    pub fn next(&self, changes: &[StateChange]) -> Option<NewState> {
        if changes.is_empty() {
            return None;
        }
        let copy = self.id.is_none() || self.distance + 1 >= SNAPSHOT_EVERY;
        let snapshot = copy.then(|| {
            let mut world = self.world.clone();
            changes.iter().for_each(|change| world.apply(change));
            world
        });
        Some(NewState {
            id: StateId::generate(),
            parent: self.id.clone(),
            distance: if copy { 0 } else { self.distance + 1 },
            changes: changes.to_vec(),
            snapshot,
        })
    }
}

/// Adds a state.
pub async fn insert(
    transaction: &mut Transaction,
    session: &SessionId,
    turn: &TurnId,
    state: &NewState,
) -> Result<(), StorageError> {
    let changes = to_json(&state.changes)?;
    let snapshot = state.snapshot.as_ref().map(to_json).transpose()?;
    transaction
        .execute(
            "INSERT INTO states (id, session_id, turn_id, parent_id, distance, changes, snapshot) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &params![
                &state.id,
                session,
                turn,
                state.parent.as_ref().map(StateId::as_str),
                state.distance,
                changes,
                snapshot
            ],
        )
        .await?;
    Ok(())
}

/// The state that a row stands for: the nearest whole copy with the changes since, at most [`SNAPSHOT_EVERY`] rows.
pub async fn load(database: &Database, id: Option<&StateId>) -> Result<Loaded, StorageError> {
    let Some(id) = id else { return Ok(Loaded::default()) };
    let rows = database
        .fetch_all(
            "WITH RECURSIVE chain(id, parent_id, distance) AS (\
             SELECT id, parent_id, distance FROM states WHERE id = $1 \
             UNION ALL SELECT s.id, s.parent_id, s.distance FROM chain c JOIN states s ON s.id = c.parent_id \
             WHERE c.distance > 0) \
             SELECT s.distance AS distance, s.changes AS changes, s.snapshot AS snapshot \
             FROM chain JOIN states s ON s.id = chain.id ORDER BY s.distance",
            &params![id],
        )
        .await?;
    let mut loaded = Loaded { id: Some(id.clone()), ..Loaded::default() };
    for row in &rows {
        apply_row(&mut loaded, row)?;
    }
    Ok(loaded)
}

fn apply_row(loaded: &mut Loaded, row: &Row) -> Result<(), StorageError> {
    loaded.distance = row.get("distance")?;
    if let Some(snapshot) = row.get::<Option<String>>("snapshot")? {
        loaded.world = from_json(&snapshot)?;
        return Ok(());
    }
    let changes: Vec<StateChange> = from_json(&row.get::<String>("changes")?)?;
    changes.iter().for_each(|change| loaded.world.apply(change));
    Ok(())
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(|error| StorageError::Other { detail: error.to_string() })
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StorageError> {
    serde_json::from_str(text)
        .map_err(|error| StorageError::Other { detail: format!("a stored state cannot be read: {error}") })
}
