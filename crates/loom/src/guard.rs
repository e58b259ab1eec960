//! Stands before every route: which hosts and sites may call, who calls, and how often.

use std::{num::NonZeroU32, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use chassis::{
    audit::{AuditEvent, Outcome},
    http::{RequestId, UserLabel},
    problem::Problem,
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::{
    app::App,
    auth::{AuthError, Caller},
    config::LimitsConfig,
    ids::UserId,
    metric_names::{RATE_LIMITED_TOTAL, REFUSED_TOTAL},
};

/// The cookie by which a browser carries its token.
pub const TOKEN_COOKIE: &str = "loom_token";

/// Paths that need no token: the login page, what it is made of, and the probes of machines.
const OPEN_PATHS: [&str; 5] = ["/login", "/preferences", "/health", "/ready", "/metrics"];

/// What each user may use up.
#[derive(Clone)]
pub struct Limits {
    requests: Option<Arc<DefaultKeyedRateLimiter<UserId>>>,
    turns: Option<Arc<DefaultKeyedRateLimiter<UserId>>>,
}

impl Limits {
    /// 0 means no limit.
    #[must_use]
    pub fn new(config: &LimitsConfig) -> Self {
        let per_minute = |count: u32| {
            NonZeroU32::new(count).map(|count| Arc::new(RateLimiter::keyed(Quota::per_minute(count))))
        };
        Self { requests: per_minute(config.requests_per_minute), turns: per_minute(config.turns_per_minute) }
    }

    /// Counts one turn of a caller, or refuses it.
    pub fn check_turn(&self, caller: &Caller) -> Result<(), Problem> {
        check(self.turns.as_ref(), caller, "turns")
    }

    fn check_request(&self, caller: &Caller) -> Result<(), Problem> {
        check(self.requests.as_ref(), caller, "requests")
    }
}

fn check(
    limiter: Option<&Arc<DefaultKeyedRateLimiter<UserId>>>,
    caller: &Caller,
    what: &str,
) -> Result<(), Problem> {
    // Somebody alone on their own machine only slows themselves.
    let Some(limiter) = limiter.filter(|_| !caller.local) else { return Ok(()) };
    limiter.check_key(&caller.user_id).map_err(|_| {
        metrics::counter!(RATE_LIMITED_TOTAL, "what" => what.to_owned()).increment(1);
        Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            format!("You have made too many {what} within a minute."),
            "Wait a moment, then go on; nothing was lost.",
        )
    })
}

/// The middleware itself.
pub async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if is_open(&path) {
        return next.run(request).await;
    }
    let users = match app.auth.users_exist().await {
        Ok(users) => users,
        Err(error) => return crate::routes::problems::storage(&error).into_response(),
    };
    if let Err(problem) = check_site(&app, &request, users) {
        return refuse(&app, &request, "anonymous", problem);
    }
    let token = token(request.headers());
    let caller = match app.auth.identify(token.as_deref()).await {
        Ok(caller) => caller,
        Err(error) => return unauthorized(&app, &request, &error),
    };
    if let Err(problem) = app.limits.check_request(&caller) {
        return refuse(&app, &request, &caller.name, problem);
    }
    let label = UserLabel(caller.name.clone());
    request.extensions_mut().insert(caller);
    let mut response = next.run(request).await;
    response.extensions_mut().insert(label);
    response
}

fn is_open(path: &str) -> bool {
    OPEN_PATHS.contains(&path) || path.starts_with("/assets/")
}

/// Without users whoever reaches the port may do anything, so a web page elsewhere must not reach it through the
/// player's browser: the name it was called by must be one of ours (DNS rebinding), and so must be the page that
/// sent a change (cross-site requests).
fn check_site(app: &App, request: &Request, users: bool) -> Result<(), Problem> {
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let allowed = &app.config.server.allowed_hosts;
    let named = |name: &str| allowed.iter().any(|host| host.eq_ignore_ascii_case(name));
    let name = host_name(host);
    if (!users || !allowed.is_empty()) && !is_loopback_name(name) && !named(name) && !named(host) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "host_not_allowed",
            "The server was called by a name that is not one of its own.",
            "Open it by http://localhost, or add the name to `server.allowed_hosts`.",
        ));
    }
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let cross_site = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let foreign = origin
        .is_some_and(|origin| origin.split_once("://").is_none_or(|(_, site)| site != host && !named(site)));
    if cross_site || foreign {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "cross_site",
            "A page of another site tried to change something here.",
            "Open the page from this server itself.",
        ));
    }
    Ok(())
}

fn host_name(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    }
}

fn is_loopback_name(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn token(headers: &HeaderMap) -> Option<String> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if let Some(token) = bearer {
        return Some(token.trim().to_owned());
    }
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == TOKEN_COOKIE)
        .map(|(_, value)| value.to_owned())
}

fn unauthorized(app: &App, request: &Request, error: &AuthError) -> Response {
    if let AuthError::Storage(error) = error {
        return crate::routes::problems::storage(error).into_response();
    }
    let page = !request.uri().path().starts_with("/api/") && request.method() == Method::GET;
    let problem = Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        match error {
            AuthError::Missing => "This server asks for a token, and none was given.",
            _ => "The token is not valid: it is mistyped, revoked, or its user is disabled.",
        },
        "Send `Authorization: Bearer TOKEN`, or log in at /login; an operator makes tokens with `loom user token`.",
    );
    let response = refuse(app, request, "anonymous", problem);
    if page {
        return Redirect::to("/login").into_response();
    }
    let mut response = response;
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// Answers a refusal and writes it to the audit log.
fn refuse(app: &App, request: &Request, actor: &str, problem: Problem) -> Response {
    metrics::counter!(REFUSED_TOTAL, "code" => problem.code).increment(1);
    app.logs.audit().record(&AuditEvent {
        actor: actor.to_owned(),
        action: format!("http.{}", request.method().as_str().to_lowercase()),
        subject: request.uri().path().to_owned(),
        outcome: Outcome::Denied,
        detail: problem.code.to_owned(),
        request_id: request.extensions().get::<RequestId>().map(|id| id.0.clone()),
    });
    problem.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_read_without_their_port() {
        let cases = [
            ("localhost:8000", "localhost", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("[::1]:8000", "::1", true),
            ("127.9.9.9:1", "127.9.9.9", true),
            ("evil.example:8000", "evil.example", false),
            ("localhost.evil.example", "localhost.evil.example", false),
            ("", "", false),
        ];
        for (host, name, loopback) in cases {
            assert_eq!(host_name(host), name, "{host}");
            assert_eq!(is_loopback_name(name), loopback, "{host}");
        }
    }

    #[test]
    fn a_token_comes_in_the_header_or_the_cookie() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
                .collect()
        };
        let check = |pairs: &[(&'static str, &'static str)], expected: Option<&str>| {
            assert_eq!(token(&headers(pairs)).as_deref(), expected, "{pairs:?}");
        };
        check(&[("authorization", "Bearer loom_a_b")], Some("loom_a_b"));
        check(&[("cookie", "lang=en; loom_token=loom_a_b; theme=dark")], Some("loom_a_b"));
        check(&[("cookie", "not_loom_token=x")], None);
        check(&[("authorization", "Basic eA==")], None);
        check(&[], None);
    }
}
