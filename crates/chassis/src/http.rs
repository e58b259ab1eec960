//! The HTTP shell around a program's routes: request ids, limits, problems, security headers, compression, access
//! log, metrics, and a server that drains.
//!
//! It decides nothing about users and permissions; a handler that knows the user says so with [`UserLabel`].

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{Extensions, HeaderMap, StatusCode, Version, header::CONTENT_TYPE},
    middleware::from_fn_with_state,
    response::Response,
};
use tower_http::compression::{CompressionLayer, Predicate, predicate::SizeAbove};

use crate::{logs::Logs, problem::Problem};

mod accept;
mod edge;
mod extract;
mod faults;
mod record;
mod remote;
mod serve;

pub use self::{
    accept::prefers_html,
    extract::{Json, Path, Query},
    remote::RemoteAddress,
    serve::{ListenError, listen, serve},
};

/// Smaller bodies are not worth a gzip header.
const MIN_COMPRESSED_BYTES: u64 = 512;

/// What the shell enforces.
#[derive(Clone, Debug)]
pub struct ShellSettings {
    /// The largest request body that extractors read; a route may set its own with axum's `DefaultBodyLimit`.
    /// Handlers that take the raw body are on their own.
    pub body_limit_bytes: usize,
    /// From the request's head to the response's head; a stream that has begun is not cut.
    pub request_timeout: Duration,
    /// Whether HTML, JSON, CSS and JavaScript are compressed for clients that ask for it.
    pub compression: bool,
    /// The `Content-Security-Policy` of responses that set none themselves.
    pub content_security_policy: String,
    /// Whether to send `Strict-Transport-Security`; only for programs that are reached by HTTPS alone.
    pub hsts: bool,
    /// Whether the last address in `X-Forwarded-For` is taken for the client's; only behind a proxy of ours.
    pub trusted_proxies: bool,
}

impl Default for ShellSettings {
    fn default() -> Self {
        Self {
            body_limit_bytes: 2 * 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            compression: true,
            content_security_policy:
                "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; object-src 'none'"
                    .to_owned(),
            hsts: false,
            trusted_proxies: false,
        }
    }
}

/// The id of a request, in the request's extensions and in the response's `X-Request-Id`. The client's own id is
/// taken when it is 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

/// Put into a response's extensions by a handler, it names the user in the access log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserLabel(pub String);

/// Renders a problem as a page; called with the request's id and headers when the client prefers HTML. The shell
/// sets the response's status.
pub type PageRenderer = Arc<dyn Fn(&Problem, &str, &HeaderMap) -> Response + Send + Sync>;

/// Wraps a program's routes. Replaces the router's fallbacks by the problems `not_found` and `method_not_allowed`.
pub fn shell(
    router: Router,
    settings: &ShellSettings,
    logs: &Logs,
    page_renderer: Option<PageRenderer>,
) -> Router {
    let router = router
        .fallback(faults::not_found)
        .method_not_allowed_fallback(faults::method_not_allowed)
        .layer(DefaultBodyLimit::max(settings.body_limit_bytes))
        .layer(from_fn_with_state(settings.request_timeout, faults::contain))
        .layer(from_fn_with_state(faults::Finisher(page_renderer), faults::finish));
    let router = if settings.compression {
        let worth_it = SizeAbove::new(MIN_COMPRESSED_BYTES).and(is_compressible);
        router.layer(CompressionLayer::new().gzip(true).compress_when(worth_it))
    } else {
        router
    };
    router.layer(from_fn_with_state(edge::Edge::new(settings, logs), edge::handle))
}

/// Text of known types; never an event stream, whose events would be held back.
fn is_compressible(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    const TYPES: [&str; 6] = [
        "text/html",
        "text/css",
        "text/javascript",
        "application/javascript",
        "application/json",
        "image/svg+xml",
    ];
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    TYPES.contains(&content_type.split(';').next().unwrap_or_default().trim())
}

#[cfg(test)]
mod tests;
