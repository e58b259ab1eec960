//! The list of stories, and the forms that begin, change, archive and delete one.

use std::collections::HashMap;

use axum::{Extension, Form, extract::State, response::Redirect};
use chassis::{
    clock::parse_utc_text,
    http::{Path, Query, RequestId},
    problem::Problem,
};
use maud::{Markup, html};
use serde::Deserialize;
use ui::{
    Arg, Language, PageShell, Viewer,
    components::{self, Confirmation, Icon, confirm, field, icon, pager},
    time::relative_time,
};

use super::{Place, shell, text, text_with, turn::encode};
use crate::{
    app::App,
    auth::Caller,
    canon_dir::Loaded,
    ids::SessionId,
    routes::{
        problems,
        sessions::{self as api, NewSession},
        views::usd,
    },
    settings::SessionSettings,
    store::sessions::{self as rows, ListFilter, Session},
};

/// Stories on one page.
const STORIES: usize = 30;

/// Which stories.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListQuery {
    cursor: Option<String>,
    archived: Option<String>,
}

/// `GET /`.
pub(super) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    viewer: Viewer,
    Query(query): Query<ListQuery>,
) -> Result<Markup, Problem> {
    let language = viewer.language;
    let archived = query.archived.is_some();
    let filter = ListFilter { user_id: Some(caller.user_id.clone()), archived, cursor: query.cursor.clone() };
    let page =
        rows::list(&app.database, &filter, STORIES).await.map_err(|error| problems::storage(&error))?;
    let older = page
        .next
        .as_ref()
        .map(|cursor| format!("/?cursor={}{}", encode(cursor), if archived { "&archived=1" } else { "" }));
    let worlds: HashMap<String, Loaded> =
        app.canons.all().await.into_iter().map(|loaded| (loaded.key.clone(), loaded)).collect();
    let newest = query.cursor.is_some().then_some("/");
    let body = html! {
        div.page-head {
            h1 { (text(language, "sessions-title")) }
            @if !page.items.is_empty() {
                div.actions {
                    a.btn.btn-primary href="/sessions/new" { (icon(Icon::Plus)) (text(language, "session-new")) }
                }
            }
        }
        @if page.items.is_empty() {
            (components::empty_state(
                &text(language, "sessions-none"),
                &text(language, "sessions-none-text"),
                Some(("/sessions/new", &text(language, "session-new"))),
            ))
        } @else {
            ul.entry-list { @for session in &page.items { (entry(&app, language, session, &worlds)) } }
            @if newest.is_some() || older.is_some() { (pager(language, newest, older.as_deref(), "")) }
        }
        p.soft.below-list {
            @if archived { a href="/" { (text(language, "sessions-without-archived")) } }
            @else { a href="/?archived=1" { (text(language, "sessions-with-archived")) } }
        }
    };
    let title = text(language, "sessions-title");
    Ok(PageShell { main_class: "narrow", ..shell(&viewer, &caller, Place::Sessions, title, body) }.render())
}

fn entry(app: &App, language: Language, session: &Session, worlds: &HashMap<String, Loaded>) -> Markup {
    let canon = worlds.get(&session.canon).and_then(|loaded| loaded.canon.as_deref());
    let path = format!("/sessions/{}", session.id);
    let turns = [("count", Arg::Number(session.turn_count as f64))];
    html! {
        li.entry {
            h2.entry-title { a href=(path) { (session.name) } }
            p.entry-meta {
                span { (canon.map_or(session.canon.as_str(), |canon| canon.name.as_str())) }
                span { (text_with(language, "turns-count", &turns)) }
                @if session.cost_microusd > 0 { span.figure { "$" (format!("{:.4}", usd(session.cost_microusd))) } }
                @if session.archived {
                    (components::badge(components::State::Quiet, &text(language, "archived")))
                }
                @if let Ok(at) = parse_utc_text(&session.last_activity) { (relative_time(language, at, app.clock.now())) }
            }
            div.entry-side {
                a.btn-icon href=(format!("{path}/settings")) title=(text(language, "session-settings")) {
                    (icon(Icon::Pencil)) span.visually-hidden { (text(language, "session-settings")) }
                }
            }
        }
    }
}

/// `GET /sessions/new`.
pub(super) async fn new(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    viewer: Viewer,
) -> Result<Markup, Problem> {
    let language = viewer.language;
    let canons: Vec<Loaded> = app.canons.all().await.into_iter().filter(|it| it.canon.is_some()).collect();
    let body = html! {
        div.page-head { h1 { (text(language, "session-new")) } }
        @if canons.is_empty() {
            (components::empty_state(&text(language, "canon-none"), &text(language, "canon-none-text"), None))
        } @else {
            form.form method="post" action="/sessions" data-once {
                fieldset.choices {
                    legend { (text(language, "session-world")) }
                    @for (number, loaded) in canons.iter().enumerate() { (choice(&app, loaded, number)) }
                }
                (field("name", &text(language, "session-name"),
                    &html! { input.input id="name" name="name" type="text" maxlength="200"; },
                    Some(&text(language, "session-name-hint")), None))
                (model_fields(&app, language, &SessionSettings::default()))
                div.actions {
                    button.btn.btn-primary type="submit" { (text(language, "session-begin")) }
                    a.btn-quiet href="/" { (text(language, "cancel")) }
                }
            }
        }
    };
    let title = text(language, "session-new");
    Ok(PageShell { main_class: "narrow", ..shell(&viewer, &caller, Place::Sessions, title, body) }.render())
}

fn choice(app: &App, loaded: &Loaded, number: usize) -> Markup {
    let chosen =
        loaded.key == app.config.canon.default || (number == 0 && app.config.canon.default.is_empty());
    html! {
        @if let Some(canon) = &loaded.canon {
            label.check.world lang=(canon.language.tag()) {
                input type="radio" name="canon" value=(loaded.key) checked[chosen] required;
                span {
                    strong { (canon.name) }
                    @if let Some(summary) = &canon.summary { span.soft { (summary) } }
                }
            }
        }
    }
}

fn model_fields(app: &App, language: Language, settings: &SessionSettings) -> Markup {
    html! {
        details.more {
            summary { (text(language, "session-model")) }
            div.field-row {
                (field("provider", &text(language, "session-provider"), &html! {
                    select id="provider" name="provider" {
                        option value="" { (text(language, "session-provider-default")) }
                        @for name in app.config.llm.providers.keys() {
                            option value=(name) selected[settings.provider.as_ref() == Some(name)] { (name) }
                        }
                    }
                }, None, None))
                (field("model", &text(language, "session-model-name"),
                    &html! { input.input id="model" name="model" type="text" maxlength="200"
                        value=(settings.model.as_deref().unwrap_or_default()); },
                    Some(&text(language, "session-model-hint")), None))
                (field("temperature", &text(language, "session-temperature"),
                    &html! { input.input id="temperature" name="temperature" type="number" min="0" max="2" step="0.1"
                        value=[settings.temperature]; },
                    None, None))
            }
        }
    }
}

/// A session's form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SessionForm {
    name: String,
    canon: Option<String>,
    provider: String,
    model: String,
    temperature: String,
}

impl SessionForm {
    fn settings(&self, before: SessionSettings) -> Result<SessionSettings, Problem> {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let temperature = given(&self.temperature)
            .map(|text| {
                text.parse().map_err(|_| problems::invalid("`temperature` must be a number from 0 to 2"))
            })
            .transpose()?;
        Ok(SessionSettings {
            provider: given(&self.provider),
            model: given(&self.model),
            temperature,
            ..before
        })
    }
}

/// `POST /sessions` from the form.
pub(super) async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Form(form): Form<SessionForm>,
) -> Result<Redirect, Problem> {
    let settings = form.settings(SessionSettings::default())?;
    let name = Some(form.name.trim().to_owned()).filter(|name| !name.is_empty());
    let session = api::begin(&app, &caller, NewSession { name, canon: form.canon, settings }).await?;
    Ok(Redirect::to(&format!("/sessions/{}", session.id)))
}

/// `GET /sessions/{id}/settings`.
pub(super) async fn settings(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    viewer: Viewer,
    Path(id): Path<SessionId>,
) -> Result<Markup, Problem> {
    let session = api::owned(&app, &caller, &id).await?;
    let language = viewer.language;
    let path = format!("/sessions/{id}");
    let archive = if session.archived { "unarchive" } else { "archive" };
    let turns = [("count", Arg::Number(session.turn_count as f64))];
    let body = html! {
        div.page-head {
            div { p.kicker { a href=(path) { (session.name) } } h1 { (text(language, "session-settings")) } }
        }
        form.form method="post" action=(format!("{path}/settings")) data-once {
            (field("name", &text(language, "session-name"),
                &html! { input.input id="name" name="name" type="text" maxlength="200" required value=(session.name); },
                None, None))
            (model_fields(&app, language, &session.settings))
            div.actions {
                button.btn.btn-primary type="submit" { (text(language, "save")) }
                a.btn-quiet href=(path) { (text(language, "cancel")) }
            }
        }
        form method="post" action=(format!("{path}/archive")) {
            button.btn type="submit" { (text(language, archive)) }
        }
        (confirm(language, &Confirmation {
            id: "delete-word",
            summary: &text(language, "session-delete"),
            plan: html! { p { (text_with(language, "session-delete-plan", &turns)) } },
            action: &format!("{path}/delete"),
            hidden: &[],
            word: &session.name,
            button: &text_with(language, "session-delete-button", &turns),
        }))
    };
    let title = text(language, "session-settings");
    Ok(PageShell { main_class: "narrow", ..shell(&viewer, &caller, Place::Sessions, title, body) }.render())
}

/// `POST /sessions/{id}/settings`.
pub(super) async fn change(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<SessionId>,
    Form(form): Form<SessionForm>,
) -> Result<Redirect, Problem> {
    let session = api::owned(&app, &caller, &id).await?;
    let change = api::SessionChange {
        name: Some(form.name.clone()),
        settings: Some(form.settings(session.settings)?),
        archived: None,
    };
    api::apply(&app, &caller, &id, change).await?;
    Ok(Redirect::to(&format!("/sessions/{id}")))
}

/// `POST /sessions/{id}/archive`: into the archive, or out of it.
pub(super) async fn archive(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<SessionId>,
) -> Result<Redirect, Problem> {
    let session = api::owned(&app, &caller, &id).await?;
    let change = api::SessionChange { name: None, settings: None, archived: Some(!session.archived) };
    api::apply(&app, &caller, &id, change).await?;
    Ok(Redirect::to(if session.archived { "/?archived=1" } else { "/" }))
}

/// The typed word.
#[derive(Debug, Deserialize)]
pub(super) struct ConfirmForm {
    confirm: String,
}

/// `POST /sessions/{id}/delete`.
pub(super) async fn delete(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
    Path(id): Path<SessionId>,
    Form(form): Form<ConfirmForm>,
) -> Result<Redirect, Problem> {
    let session = api::owned(&app, &caller, &id).await?;
    if form.confirm.trim() != session.name.trim() {
        return Err(problems::invalid("the name that was typed is not the session's; nothing was deleted"));
    }
    api::remove(&app, &caller, &session, request_id).await?;
    Ok(Redirect::to("/"))
}
