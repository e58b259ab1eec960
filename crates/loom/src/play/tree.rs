//! Moving about in a session's tree: roll back, open a branch, look at siblings. Nothing is ever removed.

use std::collections::HashMap;

use loom_core::{memory::FactId, turn::RetconPlan};
use storage::StorageError;

use super::{PlayError, Player, locks::Place, prepare};
use crate::{
    ids::{BranchId, SessionId, TurnId},
    store::{
        branches::{self, Branch},
        interventions,
        sessions::{self, Session},
        turns::{self, Turn},
    },
};

/// Turns read at once while walking a path.
const STRIDE: usize = 500;

/// One turn of a session, or the error that says there is none.
pub async fn turn(player: &Player, session: &SessionId, id: &TurnId) -> Result<Turn, PlayError> {
    turns::find(&player.database, session, id).await?.ok_or_else(|| PlayError::NoTurn(id.clone()))
}

/// Moves a branch's head to any turn of the session: back, to a sibling, or forward again. `expected` guards against
/// moving what somebody else has played on.
pub async fn move_head(
    player: &Player,
    session: &Session,
    name: &str,
    head: Option<&TurnId>,
    expected: Option<&Option<TurnId>>,
) -> Result<Branch, PlayError> {
    let place = Place::of(&session.id, name);
    let _guard = player.locks.acquire(&place).await.map_err(|waiting| PlayError::BranchBusy { waiting })?;
    let found = branches::find(&player.database, &session.id, name).await?;
    let branch = found.ok_or_else(|| PlayError::NoBranch(name.to_owned()))?;
    if expected.is_some_and(|expected| *expected != branch.head) {
        return Err(prepare::conflict(player, &branch).await);
    }
    let number = match head {
        Some(id) => turn(player, &session.id, id).await?.number,
        None => 0,
    };
    let now = player.clock.now_text();
    let mut transaction = player.database.begin().await?;
    let moved =
        branches::move_head(&mut transaction, &branch.id, branch.head.as_ref(), head, number, &now).await?;
    if !moved {
        transaction.rollback().await?;
        return Err(prepare::conflict(player, &branch).await);
    }
    sessions::activate_branch(&mut transaction, &session.id, name, &now).await?;
    transaction.commit().await?;
    Ok(Branch { head: head.cloned(), head_number: number, updated_at: now, ..branch })
}

/// Opens a branch that ends in a turn, or in the empty story.
pub async fn open_branch(
    player: &Player,
    session: &Session,
    name: &str,
    at: Option<&TurnId>,
) -> Result<Branch, PlayError> {
    let number = match at {
        Some(id) => turn(player, &session.id, id).await?.number,
        None => 0,
    };
    let now = player.clock.now_text();
    let branch = Branch {
        id: BranchId::generate(),
        session_id: session.id.clone(),
        name: name.to_owned(),
        head: at.cloned(),
        head_number: number,
        created_at: now.clone(),
        updated_at: now.clone(),
    };
    let mut transaction = player.database.begin().await?;
    branches::insert(&mut transaction, &branch).await?;
    sessions::activate_branch(&mut transaction, &session.id, name, &now).await?;
    transaction.commit().await?;
    Ok(branch)
}

/// A later turn, as far as a RETCON asks about it.
pub(super) struct PathTurn {
    pub(super) id: String,
    pub(super) number: u64,
    pub(super) input: String,
    pub(super) reply: String,
    pub(super) citations: Vec<FactId>,
}

/// The turns behind `at` on a branch's path, oldest first. Its cost is the length of that stretch, because each of
/// its turns is asked whether it leans on the change.
pub(super) async fn path_after(
    player: &Player,
    branch: &Branch,
    plan: &RetconPlan,
    at: &TurnId,
) -> Result<Vec<PathTurn>, PlayError> {
    let mut later = Vec::new();
    let mut next = branch.head.clone();
    while let Some(head) = next.take() {
        let stretch = turns::history(&player.database, &branch.session_id, &head, STRIDE).await?;
        let Some(first) = stretch.first() else { break };
        let ended = stretch.iter().any(|turn| turn.id == at.0) || first.number <= 1;
        if !ended {
            let parent = turn(player, &branch.session_id, &TurnId(first.id.clone())).await?.parent_id;
            next = parent.filter(|parent| parent != at);
        }
        let number = plan.turn_number;
        later.extend(stretch.into_iter().rev().filter(|turn| turn.number > number).map(|turn| PathTurn {
            id: turn.id,
            number: turn.number,
            input: turn.input,
            reply: turn.reply,
            citations: Vec::new(),
        }));
    }
    later.reverse();
    let mut citations = citations(player, &branch.session_id, plan).await?;
    for turn in &mut later {
        turn.citations = citations.remove(&turn.id).unwrap_or_default();
    }
    Ok(later)
}

async fn citations(
    player: &Player,
    session: &SessionId,
    plan: &RetconPlan,
) -> Result<HashMap<String, Vec<FactId>>, StorageError> {
    let mut by_turn: HashMap<String, Vec<FactId>> = HashMap::new();
    for (fact, _) in &plan.facts {
        for turn in interventions::citing_turns(&player.database, session, &fact.0).await? {
            by_turn.entry(turn.0).or_default().push(fact.clone());
        }
    }
    Ok(by_turn)
}
