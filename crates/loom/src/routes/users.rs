//! `/me` and `/users`: who is calling, and, for operators, who may.

use axum::{Extension, extract::State, http::StatusCode};
use chassis::{
    audit::{AuditEvent, Outcome},
    http::{Json, Path, RequestId},
    problem::Problem,
};
use loom_core::access::Role;
use serde::{Deserialize, Serialize};
use storage::StorageError;
use utoipa::ToSchema;

use super::{
    problems,
    views::{TokenView, UserView},
};
use crate::{
    app::App,
    auth::Caller,
    ids::UserId,
    store::users::{self as rows, User},
};

/// Who is calling.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeView {
    /// Whose sessions the caller sees.
    pub id: UserId,
    /// For pages.
    pub name: String,
    /// `player`, `builder` or `operator`.
    pub role: String,
    /// The unnamed player of a server without users.
    pub local: bool,
}

/// Who is calling.
#[utoipa::path(get, path = "/me", tag = "users", responses((status = 200, body = MeView)))]
pub async fn me(Extension(caller): Extension<Caller>) -> Json<MeView> {
    Json(MeView { id: caller.user_id, name: caller.name, role: caller.role.to_string(), local: caller.local })
}

/// Lets operators through; records who else tried.
fn operator(app: &App, caller: &Caller, request_id: &RequestId, action: &str) -> Result<(), Problem> {
    if caller.role == Role::Operator {
        return Ok(());
    }
    record(app, caller, request_id, action, "users", Outcome::Denied);
    Err(problems::forbidden("manage users", "operator"))
}

fn record(app: &App, caller: &Caller, request_id: &RequestId, action: &str, subject: &str, outcome: Outcome) {
    app.logs.audit().record(&AuditEvent {
        actor: caller.name.clone(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        outcome,
        detail: String::new(),
        request_id: Some(request_id.0.clone()),
    });
}

/// A user's name, or what is wrong with it.
pub fn check_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    if (1..=64).contains(&name.chars().count()) && name.chars().all(plain) {
        return Ok(());
    }
    Err("a user's name must be 1 to 64 letters, digits, `-`, `_`, `.` or `@`".to_owned())
}

pub(crate) async fn find(app: &App, id: &UserId) -> Result<User, Problem> {
    let found = rows::find(&app.database, id).await.map_err(|error| problems::storage(&error))?;
    found.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "user_not_found",
            "There is no such user.",
            "Look at the list of users.",
        )
    })
}

/// All users, by name. Operators only.
#[utoipa::path(get, path = "/users", tag = "users", responses((status = 200, body = Vec<UserView>)))]
pub async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
) -> Result<Json<Vec<UserView>>, Problem> {
    operator(&app, &caller, &request_id, "user.list")?;
    let users = rows::list(&app.database).await.map_err(|error| problems::storage(&error))?;
    Ok(Json(users.into_iter().map(UserView::from).collect()))
}

/// A user to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Unique.
    pub name: String,
    /// `player`, `builder` or `operator`.
    pub role: String,
}

/// A new user with the first token, shown once.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddedUser {
    /// The user.
    pub user: UserView,
    /// The token; keep it, it is not shown again.
    pub token: TokenView,
}

/// Add a user. Operators only. From the first user on, every call needs a token.
#[utoipa::path(post, path = "/users", tag = "users", request_body = NewUser,
    responses((status = 201, body = AddedUser)))]
pub async fn add(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
    Json(new): Json<NewUser>,
) -> Result<(StatusCode, Json<AddedUser>), Problem> {
    operator(&app, &caller, &request_id, "user.add")?;
    check_name(&new.name).map_err(problems::invalid)?;
    let role: Role = new.role.parse().map_err(|error| problems::invalid(format!("`role`: {error}")))?;
    let user = app.auth.add_user(&new.name, role).await.map_err(|error| match error {
        StorageError::Unique { .. } => problems::taken("user", &new.name),
        error => problems::storage(&error),
    })?;
    let (token, text) =
        app.auth.add_token(&user.id, "first").await.map_err(|error| problems::auth(&error))?;
    record(&app, &caller, &request_id, "user.add", &format!("user {}", user.name), Outcome::Ok);
    let token = TokenView { token: Some(text), ..TokenView::from(token) };
    Ok((StatusCode::CREATED, Json(AddedUser { user: user.into(), token })))
}

/// What to change about a user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// Keep the user out, or let one in again.
    pub disabled: bool,
}

/// Disable or enable a user. Operators only.
#[utoipa::path(patch, path = "/users/{id}", tag = "users", params(("id" = String, Path)),
    request_body = UserChange, responses((status = 200, body = UserView)))]
pub async fn change(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
    Path(id): Path<UserId>,
    Json(change): Json<UserChange>,
) -> Result<Json<UserView>, Problem> {
    operator(&app, &caller, &request_id, "user.change")?;
    let user = find(&app, &id).await?;
    if change.disabled && user.id == caller.user_id {
        return Err(problems::invalid("you cannot disable yourself: ask another operator"));
    }
    app.auth.set_disabled(&id, change.disabled).await.map_err(|error| problems::storage(&error))?;
    let action = if change.disabled { "user.disable" } else { "user.enable" };
    record(&app, &caller, &request_id, action, &format!("user {}", user.name), Outcome::Ok);
    Ok(Json(User { disabled: change.disabled, ..user }.into()))
}

/// A user's tokens are the user's own and an operator's.
fn own_or_operator(
    app: &App,
    caller: &Caller,
    request_id: &RequestId,
    id: &UserId,
    action: &str,
) -> Result<(), Problem> {
    if &caller.user_id == id { Ok(()) } else { operator(app, caller, request_id, action) }
}

/// A user's tokens, without their secrets.
#[utoipa::path(get, path = "/users/{id}/tokens", tag = "users", params(("id" = String, Path)),
    responses((status = 200, body = Vec<TokenView>)))]
pub async fn tokens(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
    Path(id): Path<UserId>,
) -> Result<Json<Vec<TokenView>>, Problem> {
    own_or_operator(&app, &caller, &request_id, &id, "token.list")?;
    let tokens = rows::tokens(&app.database, &id).await.map_err(|error| problems::storage(&error))?;
    Ok(Json(tokens.into_iter().map(TokenView::from).collect()))
}

/// A token to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What the owner calls it, 1 to 80 characters.
    pub label: String,
}

/// Make a token. Its text is in this answer and never again.
#[utoipa::path(post, path = "/users/{id}/tokens", tag = "users", params(("id" = String, Path)),
    request_body = NewToken, responses((status = 201, body = TokenView)))]
pub async fn add_token(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
    Path(id): Path<UserId>,
    Json(new): Json<NewToken>,
) -> Result<(StatusCode, Json<TokenView>), Problem> {
    own_or_operator(&app, &caller, &request_id, &id, "token.add")?;
    if !(1..=80).contains(&new.label.chars().count()) || new.label.chars().any(char::is_control) {
        return Err(problems::invalid("`label` must be 1 to 80 characters without control characters"));
    }
    let user = find(&app, &id).await?;
    let (token, text) = app.auth.add_token(&id, &new.label).await.map_err(|error| problems::auth(&error))?;
    record(
        &app,
        &caller,
        &request_id,
        "token.add",
        &format!("user {} token {}", user.name, token.id),
        Outcome::Ok,
    );
    Ok((StatusCode::CREATED, Json(TokenView { token: Some(text), ..TokenView::from(token) })))
}

/// Refuse a token from now on.
#[utoipa::path(delete, path = "/users/{id}/tokens/{token}", tag = "users",
    params(("id" = String, Path), ("token" = String, Path)), responses((status = 204)))]
pub async fn revoke_token(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
    Path((id, token)): Path<(UserId, String)>,
) -> Result<StatusCode, Problem> {
    own_or_operator(&app, &caller, &request_id, &id, "token.revoke")?;
    let revoked = app.auth.revoke_token(&id, &token).await.map_err(|error| problems::storage(&error))?;
    if !revoked {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "token_not_found",
            "The user has no such token.",
            "Look at the user's tokens.",
        ));
    }
    record(&app, &caller, &request_id, "token.revoke", &format!("token {token}"), Outcome::Ok);
    Ok(StatusCode::NO_CONTENT)
}
