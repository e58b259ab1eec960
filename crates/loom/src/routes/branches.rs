//! `/sessions/{id}/branches` and `/tree`: named heads, rolling back, and the shape of the tree.

use axum::{Extension, extract::State, http::StatusCode};
use chassis::{
    http::{Json, Path, Query},
    problem::Problem,
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{problems, sessions, views::BranchView};
use crate::{
    app::App,
    auth::Caller,
    ids::{SessionId, TurnId},
    play::{PlayError, tree as moving},
    store::{
        branches::{self as rows, Branch},
        sessions::Session,
        turns,
    },
};

/// Branches that a list shows; far beyond what a person opens.
const LIMIT: i64 = 1_000;
/// Levels of the tree that one answer covers, and the nodes in it.
const LEVELS: i64 = 400;
const NODES: i64 = 2_000;

/// A branch of a session by its name.
pub async fn named(app: &App, session: &Session, name: &str) -> Result<Branch, Problem> {
    rows::find(&app.database, &session.id, name)
        .await
        .map_err(|error| problems::storage(&error))?
        .ok_or_else(|| problems::play(&PlayError::NoBranch(name.chars().take(80).collect())))
}

/// A session's branches, oldest first.
#[utoipa::path(get, path = "/sessions/{id}/branches", tag = "branches", params(("id" = String, Path)),
    responses((status = 200, body = Vec<BranchView>)))]
pub async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<SessionId>,
) -> Result<Json<Vec<BranchView>>, Problem> {
    let session = sessions::owned(&app, &caller, &id).await?;
    let branches =
        rows::list(&app.database, &session.id, LIMIT).await.map_err(|error| problems::storage(&error))?;
    Ok(Json(branches.into_iter().map(BranchView::from).collect()))
}

/// A branch to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBranch {
    /// 1 to 80 characters; `branch-N` when absent.
    pub name: Option<String>,
    /// The turn it ends in; null for the empty story.
    pub at: Option<TurnId>,
}

/// Open a branch at a turn, and make it the one that is played.
#[utoipa::path(post, path = "/sessions/{id}/branches", tag = "branches", params(("id" = String, Path)),
    request_body = NewBranch, responses((status = 201, body = BranchView)))]
pub async fn open(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<SessionId>,
    Json(new): Json<NewBranch>,
) -> Result<(StatusCode, Json<BranchView>), Problem> {
    let session = sessions::owned(&app, &caller, &id).await?;
    let name = match new.name {
        Some(name) => check_name(&name)?,
        None => rows::free_name(&app.database, &session.id, "branch")
            .await
            .map_err(|error| problems::storage(&error))?,
    };
    let opened = moving::open_branch(&app.player, &session, &name, new.at.as_ref()).await;
    let branch = opened.map_err(|error| match &error {
        PlayError::Storage(inner) if matches!(**inner, storage::StorageError::Unique { .. }) => {
            problems::taken("branch", &name)
        }
        _ => problems::play(&error),
    })?;
    Ok((StatusCode::CREATED, Json(branch.into())))
}

fn check_name(name: &str) -> Result<String, Problem> {
    let name = name.trim();
    if (1..=80).contains(&name.chars().count()) && !name.chars().any(|c| c.is_control() || c == '/') {
        return Ok(name.to_owned());
    }
    Err(problems::invalid("a branch's `name` must be 1 to 80 characters without `/` and control characters"))
}

/// Show a branch.
#[utoipa::path(get, path = "/sessions/{id}/branches/{name}", tag = "branches",
    params(("id" = String, Path), ("name" = String, Path)), responses((status = 200, body = BranchView)))]
pub async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, name)): Path<(SessionId, String)>,
) -> Result<Json<BranchView>, Problem> {
    let session = sessions::owned(&app, &caller, &id).await?;
    Ok(Json(named(&app, &session, &name).await?.into()))
}

/// Where a head goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeadChange {
    /// Any turn of the session; null for the empty story.
    pub head: Option<TurnId>,
    /// The head the player saw. When absent, whatever it is.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub expected_head: Option<Option<TurnId>>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<TurnId>>, D::Error> {
    Option::<TurnId>::deserialize(deserializer).map(Some)
}

/// Move a branch's head: roll back, choose a sibling, or go forward again. No turn is removed.
#[utoipa::path(put, path = "/sessions/{id}/branches/{name}", tag = "branches",
    params(("id" = String, Path), ("name" = String, Path)), request_body = HeadChange,
    responses((status = 200, body = BranchView), (status = 409, description = "the head moved")))]
pub async fn move_head(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, name)): Path<(SessionId, String)>,
    Json(change): Json<HeadChange>,
) -> Result<Json<BranchView>, Problem> {
    let session = sessions::owned(&app, &caller, &id).await?;
    let expected = change.expected_head.as_ref();
    let moved = moving::move_head(&app.player, &session, &name, change.head.as_ref(), expected).await;
    Ok(Json(moved.map_err(|error| problems::play(&error))?.into()))
}

/// Which levels of the tree.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub struct TreeQuery {
    /// Lowest depth; 400 levels up from the highest when absent.
    pub from: Option<i64>,
    /// Highest depth; the deepest turn when absent.
    pub to: Option<i64>,
}

/// Part of a session's tree.
#[derive(Debug, Serialize, ToSchema)]
pub struct TreeView {
    /// Lowest depth shown.
    pub from: i64,
    /// Highest depth shown.
    pub to: i64,
    /// By depth; at most 2000.
    pub nodes: Vec<NodeView>,
    /// There are more nodes in these levels than were shown.
    pub cut: bool,
    /// The named heads.
    pub branches: Vec<BranchView>,
}

/// One turn of the tree.
#[derive(Debug, Serialize, ToSchema)]
pub struct NodeView {
    /// The turn.
    pub id: TurnId,
    /// The turn above it.
    pub parent_id: Option<TurnId>,
    /// Depth, from 1.
    pub number: i64,
    /// How the player's line begins.
    pub snippet: String,
    /// No model told it.
    pub degraded: bool,
}

/// The tree of a session, level by level.
#[utoipa::path(get, path = "/sessions/{id}/tree", tag = "branches", params(("id" = String, Path), TreeQuery),
    responses((status = 200, body = TreeView)))]
pub async fn tree(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<SessionId>,
    Query(query): Query<TreeQuery>,
) -> Result<Json<TreeView>, Problem> {
    let session = sessions::owned(&app, &caller, &id).await?;
    Ok(Json(read_tree(&app, &session, &query).await?))
}

/// The levels of the tree, for the API and the page.
pub async fn read_tree(app: &App, session: &Session, query: &TreeQuery) -> Result<TreeView, Problem> {
    let storage = |error| problems::storage(&error);
    let branches = rows::list(&app.database, &session.id, LIMIT).await.map_err(storage)?;
    let deepest = turns::deepest(&app.database, &session.id).await.map_err(storage)?;
    let to = query.to.unwrap_or_else(|| deepest.max(1));
    let from = query.from.unwrap_or_else(|| to.saturating_sub(LEVELS - 1).max(1));
    if from < 1 || to < from || to - from >= LEVELS {
        return Err(problems::invalid(format!("`from` and `to` must span 1 to {LEVELS} levels, from 1 on")));
    }
    let mut nodes = turns::nodes(&app.database, &session.id, from, to, NODES + 1).await.map_err(storage)?;
    let cut = nodes.len() > usize::try_from(NODES).unwrap_or(usize::MAX);
    nodes.truncate(usize::try_from(NODES).unwrap_or(usize::MAX));
    let view = |node: turns::Node| NodeView {
        id: node.id,
        parent_id: node.parent_id,
        number: node.number,
        snippet: node.snippet,
        degraded: node.degraded,
    };
    Ok(TreeView {
        from,
        to,
        nodes: nodes.into_iter().map(view).collect(),
        cut,
        branches: branches.into_iter().map(BranchView::from).collect(),
    })
}
