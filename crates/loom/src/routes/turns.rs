//! `/sessions/{id}/turns`: play, read, explain, tell again.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use chassis::{
    http::{Json, Path, Query, RequestId},
    problem::Problem,
    secret::Secret,
};
use serde::{Deserialize, Deserializer};
use utoipa::{IntoParams, ToSchema};

use super::{
    problems, sessions, stream,
    views::{ExplainView, PageView, PlayedView, TurnView},
};
use crate::{
    app::App,
    auth::Caller,
    ids::{SessionId, TurnId},
    play::{Action, ExpectedHead, Flight, PlayRequest, explain as explaining, tree},
    store::{sessions::Session, turns as rows},
};

/// The header that carries a player's own provider key for one turn.
pub const PROVIDER_KEY_HEADER: &str = "x-provider-key";
/// Most nodes that a page of turns looks at for siblings.
const SIBLINGS_LIMIT: i64 = 5_000;

/// A turn to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTurn {
    /// Chosen by the client, 1 to 100 characters; sending it again gives the same turn.
    pub key: String,
    /// The player's line, interventions included.
    pub input: String,
    /// The branch; the one played last when absent.
    pub branch: Option<String>,
    /// The head the player saw; null means the empty story. When absent, whatever the head is.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub expected_head: Option<Option<TurnId>>,
}

/// A turn to be told again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Again {
    /// Chosen by the client, 1 to 100 characters; sending it again gives the same turn.
    pub key: String,
    /// The branch that moves when it ends in the turn; the one played last when absent.
    pub branch: Option<String>,
    /// The head the player saw.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub expected_head: Option<Option<TurnId>>,
}

/// Keeps `null` apart from an absent member.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<TurnId>>, D::Error> {
    Option::<TurnId>::deserialize(deserializer).map(Some)
}

fn check_key(key: &str) -> Result<(), Problem> {
    if (1..=100).contains(&key.chars().count()) && !key.chars().any(char::is_control) {
        return Ok(());
    }
    Err(problems::invalid("`key` must be 1 to 100 characters without control characters"))
}

fn expected(head: Option<Option<TurnId>>) -> ExpectedHead {
    head.map_or(ExpectedHead::Any, ExpectedHead::Is)
}

/// The parts of a request that a turn keeps.
struct Asking {
    caller: Caller,
    session: SessionId,
    request_id: RequestId,
    headers: HeaderMap,
}

impl Asking {
    fn request(
        &self,
        key: String,
        action: Action,
        branch: Option<String>,
        head: Option<Option<TurnId>>,
    ) -> PlayRequest {
        let own_key = self.headers.get(PROVIDER_KEY_HEADER).and_then(|value| value.to_str().ok());
        PlayRequest {
            caller: self.caller.clone(),
            session: self.session.clone(),
            branch,
            key,
            action,
            expected_head: expected(head),
            provider_key: own_key.map(|key| Secret::new(key.to_owned())),
            request_id: self.request_id.0.clone(),
        }
    }

    fn wants_events(&self) -> bool {
        let accept = self.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        accept.is_some_and(|accept| accept.contains("text/event-stream"))
    }

    async fn answer(&self, flight: Arc<Flight>) -> Result<Response, Problem> {
        if self.wants_events() {
            return stream::events(flight).await;
        }
        let (turn, branch, replayed) = flight.outcome().await.map_err(|error| problems::play(&error))?;
        Ok(Json(PlayedView { turn: turn.as_ref().clone().into(), branch, replayed }).into_response())
    }
}

/// Play a turn. With `Accept: text/event-stream` the story comes as it is told: events `started`, `delta`,
/// `discarded`, `finished`, `failed`.
#[utoipa::path(post, path = "/sessions/{id}/turns", tag = "turns", params(("id" = String, Path)),
    request_body = NewTurn, responses((status = 200, body = PlayedView), (status = 409, description = "the head moved")))]
pub async fn play(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
    Path(session): Path<SessionId>,
    headers: HeaderMap,
    Json(new): Json<NewTurn>,
) -> Result<Response, Problem> {
    check_key(&new.key)?;
    app.limits.check_turn(&caller)?;
    let asking = Asking { caller, session, request_id, headers };
    let request = asking.request(new.key, Action::Say(new.input), new.branch, new.expected_head);
    asking.answer(app.player.play(request)).await
}

/// Tell a turn again: a sibling of it, from the same line.
#[utoipa::path(post, path = "/sessions/{id}/turns/{turn}/regenerate", tag = "turns",
    params(("id" = String, Path), ("turn" = String, Path)), request_body = Again,
    responses((status = 200, body = PlayedView)))]
pub async fn regenerate(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
    Path((session, turn)): Path<(SessionId, TurnId)>,
    headers: HeaderMap,
    Json(again): Json<Again>,
) -> Result<Response, Problem> {
    check_key(&again.key)?;
    app.limits.check_turn(&caller)?;
    let asking = Asking { caller, session, request_id, headers };
    let request = asking.request(again.key, Action::Regenerate(turn), again.branch, again.expected_head);
    asking.answer(app.player.play(request)).await
}

/// Which turns to read.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub struct HistoryQuery {
    /// A branch's name; the one played last when absent.
    pub branch: Option<String>,
    /// `next_cursor` of the page before: the turn to read on from, upwards.
    pub cursor: Option<String>,
    /// Turns, at most 200; 50 when absent.
    pub limit: Option<usize>,
}

/// Read a branch, newest turn first.
#[utoipa::path(get, path = "/sessions/{id}/turns", tag = "turns", params(("id" = String, Path), HistoryQuery),
    responses((status = 200, body = PageView<TurnView>)))]
pub async fn history(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<SessionId>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<PageView<TurnView>>, Problem> {
    let session = sessions::owned(&app, &caller, &id).await?;
    Ok(Json(read_page(&app, &session, &query).await?))
}

/// A page of a branch with the siblings of each of its turns.
pub async fn read_page(
    app: &App,
    session: &Session,
    query: &HistoryQuery,
) -> Result<PageView<TurnView>, Problem> {
    let limit = sessions::page_limit(query.limit)?;
    let from = match &query.cursor {
        Some(cursor) => Some(TurnId(cursor.clone())),
        None => {
            let name = query.branch.as_deref().unwrap_or(&session.active_branch);
            super::branches::named(app, session, name).await?.head
        }
    };
    let Some(from) = from else { return Ok(PageView { items: Vec::new(), next_cursor: None }) };
    let storage = |error| problems::storage(&error);
    let page = rows::page(&app.database, &session.id, &from, limit).await.map_err(storage)?;
    if page.items.is_empty() {
        return Err(problems::invalid("`cursor` is not one that this list gave"));
    }
    let (lowest, highest) =
        (page.items.last().map_or(0, |it| it.number), page.items.first().map_or(0, |it| it.number));
    let nodes =
        rows::nodes(&app.database, &session.id, lowest, highest, SIBLINGS_LIMIT).await.map_err(storage)?;
    let mut families: HashMap<Option<TurnId>, Vec<TurnId>> = HashMap::new();
    for node in nodes {
        families.entry(node.parent_id).or_default().push(node.id);
    }
    let view = |turn: rows::Turn| {
        let siblings = families.get(&turn.parent_id).cloned().unwrap_or_default();
        TurnView { siblings, ..TurnView::from(turn) }
    };
    Ok(PageView { items: page.items.into_iter().map(view).collect(), next_cursor: page.next })
}

async fn found(app: &App, session: &Session, turn: &TurnId) -> Result<rows::Turn, Problem> {
    tree::turn(&app.player, &session.id, turn).await.map_err(|error| problems::play(&error))
}

/// Read one turn with its siblings.
#[utoipa::path(get, path = "/sessions/{id}/turns/{turn}", tag = "turns",
    params(("id" = String, Path), ("turn" = String, Path)), responses((status = 200, body = TurnView)))]
pub async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, turn)): Path<(SessionId, TurnId)>,
) -> Result<Json<TurnView>, Problem> {
    let session = sessions::owned(&app, &caller, &id).await?;
    let turn = found(&app, &session, &turn).await?;
    let siblings = rows::siblings(&app.database, &turn).await.map_err(|error| problems::storage(&error))?;
    Ok(Json(TurnView { siblings, ..TurnView::from(turn) }))
}

/// All tellings of a turn's moment, oldest first, itself included.
#[utoipa::path(get, path = "/sessions/{id}/turns/{turn}/siblings", tag = "turns",
    params(("id" = String, Path), ("turn" = String, Path)), responses((status = 200, body = Vec<TurnView>)))]
pub async fn siblings(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, turn)): Path<(SessionId, TurnId)>,
) -> Result<Json<Vec<TurnView>>, Problem> {
    let session = sessions::owned(&app, &caller, &id).await?;
    let turn = found(&app, &session, &turn).await?;
    let ids = rows::siblings(&app.database, &turn).await.map_err(|error| problems::storage(&error))?;
    let mut views = Vec::with_capacity(ids.len());
    for id in ids.iter().take(sessions::PAGE_LIMIT) {
        views.push(TurnView { siblings: ids.clone(), ..TurnView::from(found(&app, &session, id).await?) });
    }
    Ok(Json(views))
}

/// How a turn's prompt came about: its parts with their tokens, in order.
#[utoipa::path(get, path = "/sessions/{id}/turns/{turn}/explain", tag = "turns",
    params(("id" = String, Path), ("turn" = String, Path)), responses((status = 200, body = ExplainView)))]
pub async fn explain(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, turn)): Path<(SessionId, TurnId)>,
) -> Result<Json<ExplainView>, Problem> {
    let session = sessions::owned(&app, &caller, &id).await?;
    Ok(Json(explained(&app, &session, &turn).await?))
}

/// The explanation of a turn, for the API and the page.
pub async fn explained(app: &App, session: &Session, turn: &TurnId) -> Result<ExplainView, Problem> {
    let turn = found(app, session, turn).await?;
    let explanation =
        explaining::explain(&app.player, session, &turn).await.map_err(|error| problems::play(&error))?;
    Ok(ExplainView::new(&turn, explanation))
}
