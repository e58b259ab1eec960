//! Sessions, branches and what they remember.

use loom_core::memory::Fact;
use serde::Serialize;
use utoipa::ToSchema;

use super::{rfc3339, usd, word};
use crate::{
    ids::{BranchId, SessionId, TurnId, UserId},
    settings::SessionSettings,
    store::{branches::Branch, interventions::InterventionRow, sessions::Session},
};

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// Primary key.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The name the player gave.
    pub name: String,
    /// Which canon it is played under.
    pub canon: String,
    /// Its own settings.
    pub settings: SessionSettings,
    /// The branch that was played last.
    pub active_branch: String,
    /// Hidden from the ordinary list.
    pub archived: bool,
    /// All turns of the tree.
    pub turn_count: i64,
    /// What its turns cost.
    pub cost_usd: f64,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
    /// RFC 3339.
    pub last_activity: String,
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            user_id: session.user_id,
            name: session.name,
            canon: session.canon,
            settings: session.settings,
            active_branch: session.active_branch,
            archived: session.archived,
            turn_count: session.turn_count,
            cost_usd: usd(session.cost_microusd),
            created_at: rfc3339(&session.created_at),
            updated_at: rfc3339(&session.updated_at),
            last_activity: rfc3339(&session.last_activity),
        }
    }
}

/// A branch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BranchView {
    /// Primary key.
    pub id: BranchId,
    /// Unique within the session.
    pub name: String,
    /// The turn it ends in; null before the first turn.
    pub head: Option<TurnId>,
    /// The head's depth.
    pub head_number: i64,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

impl From<Branch> for BranchView {
    fn from(branch: Branch) -> Self {
        Self {
            id: branch.id,
            name: branch.name,
            head: branch.head,
            head_number: branch.head_number,
            created_at: rfc3339(&branch.created_at),
            updated_at: rfc3339(&branch.updated_at),
        }
    }
}

/// Something the story has to keep to.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactView {
    /// This wording's id.
    pub id: String,
    /// What it is about.
    pub subject: String,
    /// The fact.
    pub text: String,
    /// The turn that set it.
    pub turn_id: String,
    /// That turn's number.
    pub turn_number: u64,
    /// `edit` or `retcon`.
    pub origin: String,
}

impl From<Fact> for FactView {
    fn from(fact: Fact) -> Self {
        Self {
            id: fact.id.0,
            subject: fact.subject,
            text: fact.text,
            turn_id: fact.turn_id,
            turn_number: fact.turn_number,
            origin: word(fact.origin),
        }
    }
}

/// What a branch's head remembers.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemoryView {
    /// The branch.
    pub branch: String,
    /// In the order their subjects first appeared.
    pub facts: Vec<FactView>,
    /// The tone in force.
    pub tone: Option<String>,
    /// The running summary.
    pub summary: String,
    /// The last turn that the summary covers.
    pub summary_through: u64,
}

/// One intervention of a session.
#[derive(Debug, Serialize, ToSchema)]
pub struct InterventionView {
    /// Primary key.
    pub id: String,
    /// The turn whose input carried it.
    pub turn_id: TurnId,
    /// `OOC`, `EDIT`, `RETCON`, `TONE`, `INTENT` or `QUERY`.
    pub kind: String,
    /// What stood in the brackets.
    pub content: String,
    /// `applied` or `denied`.
    pub outcome: String,
    /// Why.
    pub detail: String,
    /// RFC 3339.
    pub created_at: String,
}

impl From<InterventionRow> for InterventionView {
    fn from(row: InterventionRow) -> Self {
        Self {
            id: row.id,
            turn_id: row.turn_id,
            kind: row.kind,
            content: row.content,
            outcome: row.outcome,
            detail: row.detail,
            created_at: rfc3339(&row.created_at),
        }
    }
}
