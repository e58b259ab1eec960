//! What the ledger says up to one of its rows, kept beside it: a start reads only the rows after that one.
//!
//! It is not believed: its row must be in the ledger under the same hash, and whoever looks at the whole ledger also
//! finds out whether its rows say the same.

use keeper_core::{ledger::Anchor, schedule::history::History};
use storage::StorageError;

use super::State;
use crate::store::{
    checkpoint::{self, Kept},
    ledger_rows,
};

/// Of what a history means: it grows whenever a row changes a history in another way than before.
const VERSION: u32 = 1;
/// So many rows are read anew at most, some hundredths of a second.
pub(super) const EVERY: u64 = 5_000;

/// A row, and what the ledger says up to it.
#[derive(Debug, Clone)]
pub(super) struct Checkpoint {
    pub(super) anchor: Anchor,
    pub(super) history: History,
}

/// The one that is kept, or the empty one at the beginning.
pub(super) async fn newest(state: &State) -> Result<Checkpoint, StorageError> {
    let found = match kept(state).await? {
        Some(Kept { anchor, history }) => match serde_json::from_str(&history) {
            Ok(history) => Some(Checkpoint { anchor, history }),
            Err(error) => {
                tracing::warn!(%error, "what was kept of the ledger cannot be read, and all of it is read anew");
                None
            }
        },
        None => None,
    };
    Ok(found.unwrap_or_else(|| Checkpoint { anchor: Anchor::EMPTY, history: History::default() }))
}

/// What is kept of rows that are still there.
pub(super) async fn kept(state: &State) -> Result<Option<Kept>, StorageError> {
    let Some(kept) = checkpoint::current(&state.database, VERSION).await? else { return Ok(None) };
    let hash = ledger_rows::hash(&state.database, kept.anchor.seq).await?;
    Ok((hash == Some(kept.anchor.hash)).then_some(kept))
}

/// Keeps what the ledger says up to this row.
pub(super) async fn keep(state: &State, anchor: Anchor, history: &History) -> anyhow::Result<()> {
    let kept = Kept { anchor, history: text(history)? };
    Ok(checkpoint::replace(&state.database, VERSION, &kept).await?)
}

/// Forgets it, so that the next start reads everything.
pub(super) async fn forget(state: &State) -> anyhow::Result<()> {
    Ok(checkpoint::remove(&state.database).await?)
}

/// As it is kept; equal histories have equal texts.
pub(super) fn text(history: &History) -> serde_json::Result<String> {
    serde_json::to_string(history)
}
