//! The list of routes. Handlers parse, authorise, call and reply; they decide nothing about the story.

use axum::{Json, Router, middleware, response::IntoResponse, routing::get};
use chassis::http::{ShellSettings, shell};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, guard, pages};

pub mod branches;
pub mod canons;
pub mod problems;
pub mod sessions;
pub mod status;
pub mod stream;
pub mod turns;
pub mod users;
pub mod views;

/// The OpenAPI document's head; the operations come from the handlers.
#[derive(OpenApi)]
#[openapi(info(
    title = "loom",
    description = "Interactive stories under rules written as Markdown. Errors are `application/problem+json` with a \
                   stable `code`, a sentence for the person and what to do next.",
    license(name = "MIT OR Apache-2.0")
))]
struct Document;

/// Every route of the API under `/api/v1`, with its description.
fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi()).nest(
        "/api/v1",
        OpenApiRouter::new()
            .routes(routes!(sessions::list, sessions::create))
            .routes(routes!(sessions::show, sessions::change, sessions::delete))
            .routes(routes!(sessions::cost))
            .routes(routes!(sessions::facts))
            .routes(routes!(sessions::interventions))
            .routes(routes!(turns::history, turns::play))
            .routes(routes!(turns::show))
            .routes(routes!(turns::siblings))
            .routes(routes!(turns::explain))
            .routes(routes!(turns::regenerate))
            .routes(routes!(branches::list, branches::open))
            .routes(routes!(branches::show, branches::move_head))
            .routes(routes!(branches::tree))
            .routes(routes!(canons::list))
            .routes(routes!(canons::show))
            .routes(routes!(canons::read_file, canons::save_file))
            .routes(routes!(canons::validate))
            .routes(routes!(canons::history))
            .routes(routes!(canons::diff))
            .routes(routes!(users::me))
            .routes(routes!(users::list, users::add))
            .routes(routes!(users::change))
            .routes(routes!(users::tokens, users::add_token))
            .routes(routes!(users::revoke_token))
            .routes(routes!(status::status)),
    )
}

/// The OpenAPI document as JSON text.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    let mut document = api().split_for_parts().1;
    crate::app::VERSION.clone_into(&mut document.info.version);
    document.to_pretty_json()
}

/// The whole HTTP side of the program.
pub fn router(app: &App) -> Router {
    let (api, mut document) = api().split_for_parts();
    crate::app::VERSION.clone_into(&mut document.info.version);
    let server = &app.config.server;
    let settings = ShellSettings {
        body_limit_bytes: server.body_limit_bytes,
        request_timeout: std::time::Duration::from_secs(server.request_timeout_seconds),
        compression: server.compression,
        content_security_policy: ui::CONTENT_SECURITY_POLICY.to_owned(),
        hsts: server.hsts,
        ..ShellSettings::default()
    };
    let inner = api
        .route("/api/openapi.json", get(move || openapi(document.clone())))
        .merge(pages::router())
        .with_state(app.clone())
        .merge(pages::assets().router())
        .merge(ui::preferences::routes())
        .merge(app.health.routes())
        .merge(app.metrics.routes())
        .layer(middleware::from_fn_with_state(app.clone(), guard::guard));
    shell(inner, &settings, &app.logs, Some(pages::problem_renderer()))
}

async fn openapi(document: utoipa::openapi::OpenApi) -> impl IntoResponse {
    Json(document)
}
