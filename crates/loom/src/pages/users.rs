//! Who may come in: users and their tokens, for operators; their own tokens for everybody else.

use axum::{
    Extension, Form,
    extract::State,
    http::header,
    response::{IntoResponse, Redirect, Response},
};
use chassis::{
    http::{Json, Path, RequestId},
    problem::Problem,
};
use jiff::Timestamp;
use maud::{Markup, html};
use ui::{
    Arg, Language, PageShell, Viewer,
    components::{self, Column, Icon, State as Mark, badge, field, icon, table},
    time::relative_time,
};

use super::{Place, shell, text, text_with};
use crate::{
    app::App,
    auth::Caller,
    ids::UserId,
    routes::{
        users::{self as api, AddedUser, NewToken, NewUser, UserChange},
        views::{TokenView, UserView},
    },
};

const ROLES: [&str; 3] = ["player", "builder", "operator"];

/// `GET /users`.
pub(super) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
    viewer: Viewer,
) -> Result<Markup, Problem> {
    let now = app.clock.now();
    let who = (Extension(caller.clone()), Extension(request_id));
    let Json(users) = api::list(State(app), who.0, who.1).await?;
    let language = viewer.language;
    let body = html! {
        div.page-head { h1 { (text(language, "nav-users")) } }
        @if users.is_empty() {
            (components::notice(Mark::Info, &text(language, "users-none"),
                &html! { p { (text(language, "users-none-text")) } }))
        } @else { (users_table(language, &users, now)) }
        section { h2 { (text(language, "user-add")) } (add_form(language, users.is_empty())) }
    };
    Ok(page(&viewer, &caller, Place::Users, text(language, "nav-users"), body))
}

fn page(viewer: &Viewer, caller: &Caller, place: Place, title: String, body: Markup) -> Markup {
    PageShell { main_class: "narrow", ..shell(viewer, caller, place, title, body) }.render()
}

fn users_table(language: Language, users: &[UserView], now: Timestamp) -> Markup {
    let columns =
        ["user-name", "user-role", "user-state", "user-since"].map(|id| Column::text(text(language, id)));
    let rows: Vec<Vec<Markup>> = users
        .iter()
        .map(|user| {
            vec![
                html! { a href=(format!("/users/{}", user.id)) { (user.name) } },
                html! { (text(language, &format!("role-{}", user.role))) },
                state(language, user.disabled),
                html! { @if let Ok(at) = user.created_at.parse() { (relative_time(language, at, now)) } },
            ]
        })
        .collect();
    table(&text(language, "nav-users"), &columns, &rows)
}

fn state(language: Language, disabled: bool) -> Markup {
    if disabled {
        badge(Mark::Warning, &text(language, "user-disabled"))
    } else {
        badge(Mark::Ok, &text(language, "user-enabled"))
    }
}

/// The first user should be the one who can add the others.
fn add_form(language: Language, first: bool) -> Markup {
    let chosen = if first { "operator" } else { "player" };
    html! {
        form.form method="post" action="/users" data-once {
            (field("name", &text(language, "user-name"), &html! {
                input.input id="name" name="name" type="text" required maxlength="64" autocomplete="off"
                    spellcheck="false" aria-describedby="name-hint";
            }, Some(&text(language, "user-name-hint")), None))
            (field("role", &text(language, "user-role"), &html! {
                select id="role" name="role" aria-describedby="role-hint" {
                    @for role in ROLES {
                        option value=(role) selected[role == chosen] { (text(language, &format!("role-{role}"))) }
                    }
                }
            }, Some(&text(language, "user-role-hint")), None))
            div.actions { button.btn.btn-primary type="submit" { (icon(Icon::Plus)) (text(language, "user-add")) } }
        }
    }
}

/// `POST /users`: adds a user and shows the first token, once.
pub(super) async fn add(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
    viewer: Viewer,
    Form(new): Form<NewUser>,
) -> Result<Response, Problem> {
    let who = (Extension(caller.clone()), Extension(request_id));
    let (_, Json(AddedUser { user, token })) = api::add(State(app), who.0, who.1, Json(new)).await?;
    Ok(shown_once(&viewer, &caller, &user, &token))
}

/// The page with a fresh token. It is the only time that the token can be read.
fn shown_once(viewer: &Viewer, caller: &Caller, user: &UserView, token: &TokenView) -> Response {
    let language = viewer.language;
    let name = [("name", Arg::Text(user.name.as_str().into()))];
    let body = html! {
        div.page-head {
            div { p.kicker { a href="/users" { (text(language, "nav-users")) } } h1 { (user.name) } }
        }
        (components::notice(Mark::Ok, &text_with(language, "token-made", &name), &html! {
            p { (text(language, "token-once")) }
            p { code.token { (token.token.as_deref().unwrap_or_default()) } }
            @if caller.local { p { (text(language, "token-first-user")) } }
        }))
        div.actions {
            @if caller.local { a.btn.btn-primary href="/login" { (text(language, "login-title")) } }
            @else { a.btn.btn-primary href=(format!("/users/{}", user.id)) { (text(language, "token-copied")) } }
        }
    };
    let page = page(viewer, caller, Place::Users, user.name.clone(), body);
    ([(header::CACHE_CONTROL, "no-store")], page).into_response()
}

/// `GET /users/{id}`: a user's tokens, and whether the user may come in.
pub(super) async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
    viewer: Viewer,
    Path(id): Path<UserId>,
) -> Result<Markup, Problem> {
    let now = app.clock.now();
    let who = (Extension(caller.clone()), Extension(request_id));
    let user = api::find(&app, &id).await;
    let Json(tokens) = api::tokens(State(app), who.0, who.1, Path(id)).await?;
    let user = UserView::from(user?);
    let language = viewer.language;
    let operator = caller.role == loom_core::access::Role::Operator;
    let own = user.id == caller.user_id;
    let path = format!("/users/{}", user.id);
    let body = html! {
        div.page-head {
            div {
                p.kicker {
                    @if operator { a href="/users" { (text(language, "nav-users")) } " · " }
                    (text(language, &format!("role-{}", user.role)))
                }
                h1 { (user.name) }
            }
            div.actions {
                (state(language, user.disabled))
                // The header has no room for it on a phone.
                @if own && !caller.local {
                    form method="post" action="/logout" { button.btn type="submit" { (text(language, "log-out")) } }
                }
            }
        }
        (tokens_list(language, &path, &tokens, now))
        (token_form(language, &path))
        @if operator && !own { (disable_form(language, &path, user.disabled)) }
    };
    let place = if own { Place::Account } else { Place::Users };
    Ok(page(&viewer, &caller, place, user.name, body))
}

fn tokens_list(language: Language, path: &str, tokens: &[TokenView], now: Timestamp) -> Markup {
    html! {
        section {
            h2 { (text(language, "token-list")) }
            @if tokens.is_empty() { p.soft { (text(language, "token-none")) } }
            @else {
                ul.entry-list {
                    @for token in tokens {
                        li.entry {
                            p.entry-title { (token.label) }
                            p.entry-meta {
                                code { "loom_" (token.id) "_…" }
                                @if token.revoked { (badge(Mark::Quiet, &text(language, "token-revoked"))) }
                                @if let Ok(at) = token.created_at.parse() { (relative_time(language, at, now)) }
                            }
                            @if !token.revoked {
                                form.entry-side method="post" action=(format!("{path}/tokens/{}/revoke", token.id)) {
                                    button.btn.btn-danger-quiet type="submit" { (text(language, "token-revoke")) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn token_form(language: Language, path: &str) -> Markup {
    html! {
        section {
            h2 { (text(language, "token-add")) }
            form.form method="post" action=(format!("{path}/tokens")) data-once {
                (field("label", &text(language, "token-label"), &html! {
                    input.input id="label" name="label" type="text" required maxlength="80" autocomplete="off"
                        aria-describedby="label-hint";
                }, Some(&text(language, "token-label-hint")), None))
                div.actions { button.btn type="submit" { (icon(Icon::Plus)) (text(language, "token-add")) } }
            }
        }
    }
}

fn disable_form(language: Language, path: &str, disabled: bool) -> Markup {
    let (id, class) =
        if disabled { ("user-enable", "btn") } else { ("user-disable", "btn btn-danger-quiet") };
    html! {
        section {
            h2 { (text(language, id)) }
            p.soft { (text(language, &format!("{id}-text"))) }
            form method="post" action=(path) {
                input type="hidden" name="disabled" value=(!disabled);
                button class=(class) type="submit" { (text(language, id)) }
            }
        }
    }
}

/// `POST /users/{id}`: keeps a user out, or lets one in again.
pub(super) async fn change(
    State(app): State<App>,
    caller: Extension<Caller>,
    request_id: Extension<RequestId>,
    Path(id): Path<UserId>,
    Form(change): Form<UserChange>,
) -> Result<Redirect, Problem> {
    let address = format!("/users/{id}");
    let _changed = api::change(State(app), caller, request_id, Path(id), Json(change)).await?;
    Ok(Redirect::to(&address))
}

/// `POST /users/{id}/tokens`: makes a token and shows it, once.
pub(super) async fn add_token(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
    viewer: Viewer,
    Path(id): Path<UserId>,
    Form(new): Form<NewToken>,
) -> Result<Response, Problem> {
    let who = (Extension(caller.clone()), Extension(request_id));
    let (_, Json(token)) =
        api::add_token(State(app.clone()), who.0, who.1, Path(id.clone()), Json(new)).await?;
    let user = UserView::from(api::find(&app, &id).await?);
    Ok(shown_once(&viewer, &caller, &user, &token))
}

/// `POST /users/{id}/tokens/{token}/revoke`.
pub(super) async fn revoke_token(
    state: State<App>,
    caller: Extension<Caller>,
    request_id: Extension<RequestId>,
    Path((id, token)): Path<(UserId, String)>,
) -> Result<Redirect, Problem> {
    let address = format!("/users/{id}");
    api::revoke_token(state, caller, request_id, Path((id, token))).await?;
    Ok(Redirect::to(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_labels_stay_text() {
        let hostile = "<script>alert(1)</script>\"onmouseover=\"x";
        let now = "2026-11-21T17:40:00Z".parse().unwrap();
        let token = TokenView {
            id: "abc".to_owned(),
            label: hostile.to_owned(),
            revoked: false,
            created_at: "2026-11-21T17:30:00Z".to_owned(),
            token: None,
        };
        let user = UserView {
            id: UserId("u".to_owned()),
            name: hostile.to_owned(),
            role: "builder".to_owned(),
            disabled: true,
            created_at: "2026-11-21T17:30:00Z".to_owned(),
        };
        for language in Language::ALL {
            let page = html! {
                (users_table(language, std::slice::from_ref(&user), now))
                (tokens_list(language, "/users/u", std::slice::from_ref(&token), now))
            }
            .into_string();
            assert!(!page.contains("<script") && !page.contains("\"onmouseover"), "{page}");
            assert!(page.contains("/users/u/tokens/abc/revoke") && page.contains("state-warning"), "{page}");
        }
    }

    #[test]
    fn the_first_user_is_offered_as_operator() {
        let chosen = |first| add_form(Language::En, first).into_string();
        assert!(chosen(true).contains("value=\"operator\" selected"));
        assert!(chosen(false).contains("value=\"player\" selected"));
    }
}
