//! The outermost layer: names the request, opens its log span, and sets the headers every response has.

use axum::{
    extract::{MatchedPath, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{
            CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
            X_FRAME_OPTIONS,
        },
    },
    middleware::Next,
    response::Response,
};
use tracing::Instrument;
use uuid::Uuid;

use super::{RemoteAddress, RequestId, ShellSettings, record::Record, remote};
use crate::logs::{AccessLog, Logs};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const MAX_REQUEST_ID_BYTES: usize = 64;
/// The metrics' path of requests that match no route.
const UNMATCHED: &str = "unmatched";

#[derive(Clone)]
pub(super) struct Edge {
    access: AccessLog,
    headers: HeaderMap,
    trusted_proxies: bool,
}

impl Edge {
    pub(super) fn new(settings: &ShellSettings, logs: &Logs) -> Self {
        let mut headers = HeaderMap::new();
        match HeaderValue::from_str(&settings.content_security_policy) {
            Ok(policy) if !policy.is_empty() => {
                headers.insert(CONTENT_SECURITY_POLICY, policy);
            }
            Ok(_) => {}
            Err(_) => tracing::error!("the content security policy is no header value; none is sent"),
        }
        let fixed = [
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "same-origin"),
            (X_FRAME_OPTIONS, "DENY"),
            (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
            (PERMISSIONS_POLICY, "camera=(), geolocation=(), microphone=(), payment=()"),
        ];
        headers.extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
        if settings.hsts {
            headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
        }
        Self { access: logs.access().clone(), headers, trusted_proxies: settings.trusted_proxies }
    }
}

pub(super) async fn handle(State(edge): State<Edge>, mut request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let remote = remote::of(&request, edge.trusted_proxies);
    request.extensions_mut().insert(RequestId(id.clone()));
    if let Some(address) = remote {
        request.extensions_mut().insert(RemoteAddress(address));
    }
    let route = request.extensions().get::<MatchedPath>().map_or(UNMATCHED, MatchedPath::as_str).to_owned();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    // At error level, so that a log of errors alone still names the request.
    let span = tracing::error_span!("request", request_id = %id, method = %method, path = %path);
    let record = Record::begin(edge.access, id.clone(), remote, method, path, route);
    let mut response = next.run(request).instrument(span).await;
    for (name, value) in &edge.headers {
        response.headers_mut().entry(name).or_insert_with(|| value.clone());
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    record.respond(response)
}

/// The client's id when it is harmless, else a new one that sorts by time.
fn request_id(headers: &HeaderMap) -> String {
    let is_harmless = |id: &&str| {
        (1..=MAX_REQUEST_ID_BYTES).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let given = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(is_harmless);
    given.map_or_else(|| Uuid::now_v7().simple().to_string(), str::to_owned)
}
