//! The HTTP side: what probes and Prometheus ask, and Discord's interactions.

use std::time::Duration;

use axum::Router;
use chassis::http::{ShellSettings, shell};

use crate::{app::App, discord};

/// What a worker shows: health, readiness, metrics.
pub fn probes(app: &App) -> Router {
    wrapped(app, app.health.routes().merge(app.metrics.routes()))
}

/// What the server shows.
pub fn router(app: &App) -> Router {
    wrapped(
        app,
        app.health.routes().merge(app.metrics.routes()).merge(discord::interactions::routes(app.clone())),
    )
}

fn wrapped(app: &App, inner: Router) -> Router {
    let server = &app.config.server;
    let settings = ShellSettings {
        body_limit_bytes: server.body_limit_bytes,
        request_timeout: Duration::from_secs(server.request_timeout_seconds),
        ..ShellSettings::default()
    };
    shell(inner, &settings, &app.logs, None)
}
