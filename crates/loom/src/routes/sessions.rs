//! `/sessions`: list, create, show, change, delete, and what a session has cost and remembers.

use axum::{Extension, extract::State, http::StatusCode};
use chassis::{
    audit::{AuditEvent, Outcome},
    http::{Json, Path, Query, RequestId},
    problem::Problem,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    problems,
    views::{InterventionView, MemoryView, PageView, SessionView, usd},
};
use crate::{
    app::App,
    auth::Caller,
    ids::{BranchId, SessionId},
    settings::SessionSettings,
    store::{
        branches::{self, Branch},
        interventions,
        sessions::{self, ListFilter, Session},
        states, turns,
    },
};

/// The branch every session begins with.
pub const MAIN_BRANCH: &str = "main";
/// Most rows of a page.
pub const PAGE_LIMIT: usize = 200;

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub struct PageQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows, at most 200; 50 when absent.
    pub limit: Option<usize>,
}

impl PageQuery {
    /// The rows to read.
    pub fn limit(&self) -> Result<usize, Problem> {
        page_limit(self.limit)
    }
}

/// Rows of a page, or why not.
pub fn page_limit(limit: Option<usize>) -> Result<usize, Problem> {
    match limit.unwrap_or(50) {
        limit @ 1..=PAGE_LIMIT => Ok(limit),
        other => Err(problems::invalid(format!("`limit` is {other}; it must be from 1 to {PAGE_LIMIT}"))),
    }
}

/// Which sessions to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub struct ListQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows, at most 200; 50 when absent.
    pub limit: Option<usize>,
    /// Also the archived ones.
    pub archived: bool,
    /// Everybody's; only for operators.
    pub all: bool,
}

/// A session to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    /// 1 to 200 characters; the canon's name when absent.
    pub name: Option<String>,
    /// A canon's key; the configured default when absent.
    pub canon: Option<String>,
    /// Its own settings.
    #[serde(default)]
    pub settings: SessionSettings,
}

/// What to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionChange {
    /// Another name.
    pub name: Option<String>,
    /// Other settings, replacing all.
    pub settings: Option<SessionSettings>,
    /// Put it into the archive, or take it out.
    pub archived: Option<bool>,
}

/// The session, if it is the caller's to see.
pub async fn owned(app: &App, caller: &Caller, id: &SessionId) -> Result<Session, Problem> {
    let found = sessions::find(&app.database, id).await.map_err(|error| problems::storage(&error))?;
    found.filter(|session| caller.may_see(&session.user_id)).ok_or_else(problems::no_session)
}

fn check_name(name: &str) -> Result<String, Problem> {
    let name = name.trim();
    let length = name.chars().count();
    if !(1..=200).contains(&length) || name.chars().any(char::is_control) {
        return Err(problems::invalid("`name` must be 1 to 200 characters without control characters"));
    }
    Ok(name.to_owned())
}

fn check_settings(app: &App, settings: &SessionSettings) -> Result<(), Problem> {
    if let Some(complaint) = settings.complaints().into_iter().next() {
        return Err(problems::invalid(complaint));
    }
    if let Some(provider) = &settings.provider
        && !app.config.llm.providers.contains_key(provider)
    {
        let known: Vec<_> = app.config.llm.providers.keys().map(String::as_str).collect();
        return Err(problems::invalid(format!("`provider` is unknown; there are: {}", known.join(", "))));
    }
    if let Some(endpoint) = &settings.endpoint {
        let endpoint = endpoint.with_key(chassis::Secret::default()).map_err(problems::invalid)?;
        llm::endpoint::check(&endpoint, app.config.llm.allow_private_endpoints)
            .map_err(|error| problems::model(&error))?;
    }
    Ok(())
}

/// List sessions, the last played first.
#[utoipa::path(get, path = "/sessions", tag = "sessions", params(ListQuery),
    responses((status = 200, body = PageView<SessionView>)))]
pub async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(query): Query<ListQuery>,
) -> Result<Json<PageView<SessionView>>, Problem> {
    if query.all && caller.role != loom_core::access::Role::Operator {
        return Err(problems::forbidden("list everybody's sessions", "operator"));
    }
    let user_id = (!query.all).then(|| caller.user_id.clone());
    let filter = ListFilter { user_id, archived: query.archived, cursor: query.cursor };
    let page = sessions::list(&app.database, &filter, page_limit(query.limit)?)
        .await
        .map_err(|error| problems::storage(&error))?;
    Ok(Json(PageView {
        items: page.items.into_iter().map(SessionView::from).collect(),
        next_cursor: page.next,
    }))
}

/// Begin a story.
#[utoipa::path(post, path = "/sessions", tag = "sessions", request_body = NewSession,
    responses((status = 201, body = SessionView)))]
pub async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(new): Json<NewSession>,
) -> Result<(StatusCode, Json<SessionView>), Problem> {
    let session = begin(&app, &caller, new).await?;
    Ok((StatusCode::CREATED, Json(session.into())))
}

/// Stores a new session with its first branch.
pub async fn begin(app: &App, caller: &Caller, new: NewSession) -> Result<Session, Problem> {
    let canon_key = new.canon.unwrap_or_else(|| app.config.canon.default.clone());
    let canon = app.canons.for_play(&canon_key).await.map_err(|error| problems::canon(&error))?;
    let name = check_name(new.name.as_deref().unwrap_or(&canon.name))?;
    check_settings(app, &new.settings)?;
    let limit = app.config.limits.sessions_per_user;
    if limit > 0 && !caller.local {
        let owned = sessions::count(&app.database, &caller.user_id)
            .await
            .map_err(|error| problems::storage(&error))?;
        if owned >= i64::from(limit) {
            return Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_sessions",
                format!("You own {owned} sessions, and {limit} is the limit."),
                "Delete one you no longer need.",
            ));
        }
    }
    let now = app.clock.now_text();
    let session = Session {
        id: SessionId::generate(),
        user_id: caller.user_id.clone(),
        name,
        canon: canon_key,
        settings: new.settings,
        active_branch: MAIN_BRANCH.to_owned(),
        archived: false,
        turn_count: 0,
        cost_microusd: 0,
        created_at: now.clone(),
        updated_at: now.clone(),
        last_activity: now,
    };
    store(app, &session).await.map_err(|error| problems::storage(&error))?;
    Ok(session)
}

async fn store(app: &App, session: &Session) -> Result<(), storage::StorageError> {
    let branch = Branch {
        id: BranchId::generate(),
        session_id: session.id.clone(),
        name: MAIN_BRANCH.to_owned(),
        head: None,
        head_number: 0,
        created_at: session.created_at.clone(),
        updated_at: session.created_at.clone(),
    };
    let mut transaction = app.database.begin().await?;
    sessions::insert(&mut transaction, session).await?;
    branches::insert(&mut transaction, &branch).await?;
    transaction.commit().await
}

/// Show a session.
#[utoipa::path(get, path = "/sessions/{id}", tag = "sessions", params(("id" = String, Path)),
    responses((status = 200, body = SessionView)))]
pub async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<SessionId>,
) -> Result<Json<SessionView>, Problem> {
    Ok(Json(owned(&app, &caller, &id).await?.into()))
}

/// Rename a session, change its settings, archive it or take it out of the archive.
#[utoipa::path(patch, path = "/sessions/{id}", tag = "sessions", params(("id" = String, Path)),
    request_body = SessionChange, responses((status = 200, body = SessionView)))]
pub async fn change(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<SessionId>,
    Json(change): Json<SessionChange>,
) -> Result<Json<SessionView>, Problem> {
    Ok(Json(apply(&app, &caller, &id, change).await?.into()))
}

/// Changes a session as asked, whole or not at all.
pub async fn apply(
    app: &App,
    caller: &Caller,
    id: &SessionId,
    change: SessionChange,
) -> Result<Session, Problem> {
    let mut session = owned(app, caller, id).await?;
    if let Some(name) = &change.name {
        session.name = check_name(name)?;
    }
    if let Some(settings) = change.settings {
        check_settings(app, &settings)?;
        session.settings = settings;
    }
    session.archived = change.archived.unwrap_or(session.archived);
    session.updated_at = app.clock.now_text();
    sessions::update(&app.database, &session).await.map_err(|error| problems::storage(&error))?;
    Ok(session)
}

/// Delete a session with its whole tree. There is no way back but a backup.
#[utoipa::path(delete, path = "/sessions/{id}", tag = "sessions", params(("id" = String, Path)),
    responses((status = 204)))]
pub async fn delete(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    let session = owned(&app, &caller, &id).await?;
    remove(&app, &caller, &session, request_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a session with its whole tree and writes down who did, also when it could not be done.
pub async fn remove(
    app: &App,
    caller: &Caller,
    session: &Session,
    request_id: RequestId,
) -> Result<(), Problem> {
    let deleted = sessions::delete(&app.database, &session.id).await;
    app.logs.audit().record(&AuditEvent {
        actor: caller.name.clone(),
        action: "session.delete".to_owned(),
        subject: format!("session {}", session.id),
        outcome: if deleted.is_ok() { Outcome::Ok } else { Outcome::Failed },
        detail: format!("{} turn(s)", session.turn_count),
        request_id: Some(request_id.0),
    });
    deleted.map_err(|error| problems::storage(&error))?;
    Ok(())
}

/// What a session has cost.
#[derive(Debug, Serialize, ToSchema)]
pub struct CostView {
    /// All turns of the tree, from the session itself.
    pub turns_usd: f64,
    /// Everything booked on the session, failed attempts included, from the ledger.
    pub ledger_usd: f64,
    /// Tokens sent.
    pub input_tokens: i64,
    /// Tokens told.
    pub output_tokens: i64,
}

/// What a session has cost.
#[utoipa::path(get, path = "/sessions/{id}/cost", tag = "sessions", params(("id" = String, Path)),
    responses((status = 200, body = CostView)))]
pub async fn cost(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<SessionId>,
) -> Result<Json<CostView>, Problem> {
    let session = owned(&app, &caller, &id).await?;
    let booked = llm::ledger::totals(&app.database, &llm::ledger::Scope::Session(id.0.clone()))
        .await
        .map_err(|error| problems::storage(&error))?;
    Ok(Json(CostView {
        turns_usd: usd(session.cost_microusd),
        ledger_usd: usd(booked.cost_microusd),
        input_tokens: booked.input_tokens,
        output_tokens: booked.output_tokens,
    }))
}

/// Which branch to look at.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub struct BranchQuery {
    /// A branch's name; the one played last when absent.
    pub branch: Option<String>,
}

/// What a branch's head remembers: facts, tone, running summary.
#[utoipa::path(get, path = "/sessions/{id}/facts", tag = "sessions", params(("id" = String, Path), BranchQuery),
    responses((status = 200, body = MemoryView)))]
pub async fn facts(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<SessionId>,
    Query(query): Query<BranchQuery>,
) -> Result<Json<MemoryView>, Problem> {
    let session = owned(&app, &caller, &id).await?;
    let name = query.branch.unwrap_or_else(|| session.active_branch.clone());
    let branch = super::branches::named(&app, &session, &name).await?;
    let memory = async {
        let head = match &branch.head {
            Some(head) => turns::find(&app.database, &session.id, head).await?,
            None => None,
        };
        states::load(&app.database, head.and_then(|turn| turn.state_id).as_ref()).await
    };
    let world = memory.await.map_err(|error| problems::storage(&error))?.world;
    Ok(Json(MemoryView {
        branch: name,
        facts: world.facts.into_iter().map(Into::into).collect(),
        tone: world.tone,
        summary: world.summary.text,
        summary_through: world.summary.through_turn,
    }))
}

/// A session's interventions, newest first.
#[utoipa::path(get, path = "/sessions/{id}/interventions", tag = "sessions",
    params(("id" = String, Path), PageQuery), responses((status = 200, body = PageView<InterventionView>)))]
pub async fn interventions(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<SessionId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<PageView<InterventionView>>, Problem> {
    let session = owned(&app, &caller, &id).await?;
    let page = interventions::list(&app.database, &session.id, query.cursor.as_deref(), query.limit()?)
        .await
        .map_err(|error| problems::storage(&error))?;
    Ok(Json(PageView {
        items: page.items.into_iter().map(InterventionView::from).collect(),
        next_cursor: page.next,
    }))
}
