//! Turns everything that goes wrong around a handler into problems, and problems into their final form.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody, to_bytes},
    extract::{Request, State},
    http::{
        HeaderMap, Method, StatusCode, Uri,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;

use super::{PageRenderer, RequestId, accept::prefers_html, extract::body_too_large};
use crate::problem::{Attached, Problem};

/// The text of a plain error response is taken over up to this size.
const MAX_PLAIN_BYTES: u64 = 2048;

/// Renders problems for this program.
#[derive(Clone)]
pub(super) struct Finisher(pub(super) Option<PageRenderer>);

pub(super) async fn not_found(uri: Uri) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        format!("There is nothing at {}.", uri.path().chars().take(200).collect::<String>()),
        "Check the address.",
    )
}

pub(super) async fn method_not_allowed(method: Method) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("This address does not take {method}."),
        "The header `Allow` names the methods it takes.",
    )
}

/// Bounds the handler's time and keeps its panics to its own request. The panic hook has logged the panic.
pub(super) async fn contain(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    let handler = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(limit, handler).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => Problem::internal_logged().into_response(),
        Err(_) => timed_out(limit).into_response(),
    }
}

fn timed_out(limit: Duration) -> Problem {
    Problem::new(
        StatusCode::GATEWAY_TIMEOUT,
        "request_timeout",
        format!("The request was given up after {} s.", limit.as_secs_f64()),
        "Try again; if it stays, the service is overloaded.",
    )
}

/// Gives problems their request id and form, and turns plain error responses into problems.
pub(super) async fn finish(State(finisher): State<Finisher>, request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    // Most requests go well; their headers are needed again only for a page.
    let page =
        finisher.0.filter(|_| prefers_html(request.headers())).map(|page| (page, request.headers().clone()));
    let mut response = next.run(request).await;
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return response;
    }
    let problem = match response.extensions_mut().remove::<Attached>() {
        Some(attached) => attached.0,
        None if is_plain(&response) => match from_plain(&mut response).await {
            Some(problem) => Arc::new(problem),
            None => return response,
        },
        None => return response,
    };
    log_cause(&problem);
    let rendered = match page {
        Some((render, headers)) => render(&problem, &id, &headers),
        None => problem.json_response(Some(&id)),
    };
    replace(response, rendered, problem.status)
}

fn log_cause(problem: &Problem) {
    let Some(cause) = problem.cause() else { return };
    let (code, status) = (problem.code, problem.status.as_u16());
    if problem.status.is_server_error() {
        tracing::error!(code, status, "request failed: {cause}");
    } else {
        tracing::warn!(code, status, "request refused: {cause}");
    }
}

/// The rendered body with the headers and extensions (`Allow`, `Retry-After`, cookies, the user) of the original.
fn replace(original: Response, rendered: Response, status: StatusCode) -> Response {
    let (mut parts, _) = original.into_parts();
    let (rendered_parts, body) = rendered.into_parts();
    parts.status = status;
    parts.headers.remove(CONTENT_LENGTH);
    for (name, value) in &rendered_parts.headers {
        parts.headers.insert(name.clone(), value.clone());
    }
    Response::from_parts(parts, body)
}

/// Whether a response is one that axum or tower made out of a status and perhaps a sentence.
fn is_plain(response: &Response) -> bool {
    let is_short = response.body().size_hint().exact().is_some_and(|bytes| bytes <= MAX_PLAIN_BYTES);
    let is_text = |headers: &HeaderMap| match headers.get(CONTENT_TYPE) {
        Some(value) => value.to_str().is_ok_and(|value| value.starts_with("text/plain")),
        None => true,
    };
    is_short && is_text(response.headers())
}

async fn from_plain(response: &mut Response) -> Option<Problem> {
    let status = response.status();
    let body = std::mem::replace(response.body_mut(), Body::empty());
    let bytes = to_bytes(body, MAX_PLAIN_BYTES as usize).await.ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Some(body_too_large());
    }
    let code = match status {
        StatusCode::UNAUTHORIZED => "unauthorized",
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
        StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        _ if status.is_server_error() => return Some(internal(status, text)),
        _ => "bad_request",
    };
    let detail =
        if text.is_empty() { status.canonical_reason().unwrap_or("Refused").to_owned() } else { text };
    Some(Problem::new(status, code, detail, "Correct the request and send it again."))
}

/// The text of a server's own fault is for the log, not for the client.
fn internal(status: StatusCode, text: String) -> Problem {
    let cause = if text.is_empty() { "a handler answered with a bare status".to_owned() } else { text };
    let mut problem = Problem::internal(cause);
    problem.status = status;
    problem
}
