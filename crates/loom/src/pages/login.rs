//! Logging in with a token, which a cookie then carries, and out again.

use axum::{
    Extension, Form,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use chassis::{
    audit::{AuditEvent, Outcome},
    http::RequestId,
    problem::Problem,
};
use maud::{Markup, html};
use serde::Deserialize;
use ui::{PageShell, Viewer, components::field};

use super::{ASSETS, text};
use crate::{
    app::App,
    auth::{AuthError, Caller},
    guard::TOKEN_COOKIE,
    routes::problems,
};

/// How long a browser keeps the token: thirty days.
const COOKIE_SECONDS: u32 = 30 * 24 * 60 * 60;

/// `GET /login`.
pub(super) async fn show(State(app): State<App>, viewer: Viewer) -> Result<Response, Problem> {
    // Without users there is nothing to log in to.
    if !app.auth.users_exist().await.map_err(|error| problems::storage(&error))? {
        return Ok(Redirect::to("/").into_response());
    }
    Ok(page(&viewer, None).into_response())
}

/// What was typed.
#[derive(Deserialize)]
pub(super) struct LoginForm {
    token: String,
}

/// `POST /login`: keeps the token in a cookie that no script reads and no other site sends.
pub(super) async fn log_in(
    State(app): State<App>,
    Extension(request_id): Extension<RequestId>,
    viewer: Viewer,
    headers: HeaderMap,
    Form(form): Form<LoginForm>,
) -> Result<Response, Problem> {
    let language = viewer.language;
    // This path stands before the guard, so it looks itself: another site must not log its own user in here.
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        record(&app, &request_id, "anonymous", "login", Outcome::Denied, "cross_site");
        return Ok((StatusCode::FORBIDDEN, page(&viewer, Some(&text(language, "problem-cross_site"))))
            .into_response());
    }
    let token = form.token.trim();
    match app.auth.identify(Some(token)).await {
        Ok(caller) if caller.local => Ok(Redirect::to("/").into_response()),
        Ok(caller) => {
            record(&app, &request_id, &caller.name, "login", Outcome::Ok, "");
            Ok((cookie(&app, token, COOKIE_SECONDS), Redirect::to("/")).into_response())
        }
        Err(AuthError::Storage(error)) => Err(problems::storage(&error)),
        Err(error @ AuthError::Hash(_)) => Err(problems::auth(&error)),
        Err(AuthError::Missing | AuthError::Invalid) => {
            record(&app, &request_id, "anonymous", "login", Outcome::Denied, "the token is not valid");
            let page = page(&viewer, Some(&text(language, "login-wrong")));
            Ok((StatusCode::UNAUTHORIZED, page).into_response())
        }
    }
}

/// `POST /logout`.
pub(super) async fn log_out(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
) -> Response {
    record(&app, &request_id, &caller.name, "logout", Outcome::Ok, "");
    (cookie(&app, "", 0), Redirect::to("/login")).into_response()
}

fn record(app: &App, request_id: &RequestId, actor: &str, action: &str, outcome: Outcome, detail: &str) {
    app.logs.audit().record(&AuditEvent {
        actor: actor.to_owned(),
        action: action.to_owned(),
        subject: "pages".to_owned(),
        outcome,
        detail: detail.to_owned(),
        request_id: Some(request_id.0.clone()),
    });
}

/// Strict, so that no page elsewhere acts in the player's name. `Secure` where the operator says that the way here
/// is encrypted: over plain HTTP browsers would drop such a cookie.
fn cookie(app: &App, token: &str, seconds: u32) -> [(HeaderName, String); 2] {
    let secure = if app.config.server.hsts { "; Secure" } else { "" };
    let cookie =
        format!("{TOKEN_COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    [(header::SET_COOKIE, cookie), (header::CACHE_CONTROL, "no-store".to_owned())]
}

fn page(viewer: &Viewer, error: Option<&str>) -> Markup {
    let language = viewer.language;
    let body = html! {
        div.page-head { h1 { (text(language, "login-title")) } }
        p.lead { (text(language, "login-text")) }
        form.form method="post" action="/login" data-once {
            (field("token", &text(language, "login-token"), &input(error.is_some()),
                Some(&text(language, "login-hint")), error))
            div.actions { button.btn.btn-primary type="submit" { (text(language, "login-button")) } }
        }
    };
    PageShell {
        main_class: "narrow",
        styles: vec![ASSETS.url("loom.css")],
        ..PageShell::new("loom", text(language, "login-title"), viewer, body)
    }
    .render()
}

fn input(invalid: bool) -> Markup {
    html! {
        input.input id="token" name="token" type="password" required autofocus autocomplete="current-password"
            spellcheck="false" maxlength="200" aria-invalid=[invalid.then_some("true")]
            aria-describedby=(if invalid { "token-error" } else { "token-hint" });
    }
}

#[cfg(test)]
mod tests {
    use ui::{Language, Theme};

    use super::*;

    #[test]
    fn a_wrong_token_is_said_at_the_field_and_not_shown_again() {
        for language in Language::ALL {
            let viewer = Viewer { language, theme: Theme::Auto, request_path: "/login".to_owned() };
            let quiet = page(&viewer, None).into_string();
            assert!(!quiet.contains("field-error") && quiet.contains("type=\"password\""), "{quiet}");
            let wrong = page(&viewer, Some(&text(language, "login-wrong"))).into_string();
            assert!(
                wrong.contains("id=\"token-error\"") && wrong.contains("aria-invalid=\"true\""),
                "{wrong}"
            );
            assert!(!wrong.contains("value=\"loom_"), "{wrong}");
        }
    }
}
