//! The shell around a small program, called without a server.

use std::{fs, path::Path as FilePath, time::Duration};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
    response::{
        Html, IntoResponse,
        sse::{Event, Sse},
    },
    routing::{get, post},
};
use futures::StreamExt;
use serde::Deserialize;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::{
    clock::Clock,
    logs::{LogFormat, LogSettings},
};

#[derive(Deserialize)]
struct Turn {
    text: String,
    #[serde(default)]
    seed: u32,
}

#[derive(Deserialize)]
struct Page {
    limit: u32,
}

async fn echo(Json(turn): Json<Turn>) -> Json<Value> {
    Json(serde_json::json!({ "text": turn.text, "seed": turn.seed }))
}

async fn forbidden() -> Response {
    let mut response =
        Problem::new(StatusCode::FORBIDDEN, "no_permission", "This session is not yours.", "Ask its owner.")
            .with_extra("session", "s-1")
            .with_cause("owner is bob")
            .into_response();
    response.extensions_mut().insert(UserLabel("mallory".to_owned()));
    response.headers_mut().insert("retry-after", 7.into());
    response
}

fn routes() -> Router {
    Router::new()
        .route("/echo", post(echo))
        .route("/plain-echo", post(|axum::Json(value): axum::Json<Value>| async move { axum::Json(value) }))
        .route("/page", get(|Query(page): Query<Page>| async move { page.limit.to_string() }))
        .route("/items/{id}", get(|Path(id): Path<u32>| async move { id.to_string() }))
        .route("/forbidden", get(forbidden))
        .route(
            "/panic",
            get(|| async {
                if true {
                    panic!("boom")
                }
            }),
        )
        .route("/slow", get(|| async { std::future::pending::<()>().await }))
        .route(
            "/bare",
            get(|| async { (StatusCode::INTERNAL_SERVER_ERROR, "password of the database is x") }),
        )
        .route("/html", get(|| async { Html("<p>".repeat(1000)) }))
        .route("/small", get(|| async { Html("<p>") }))
        .route("/own-policy", get(|| async { ([("content-security-policy", "default-src 'none'")], "") }))
        .route("/id", get(|axum::Extension(id): axum::Extension<RequestId>| async move { id.0 }))
        .route("/events", get(events))
}

/// One event at once, another after 60 s.
async fn events() -> impl IntoResponse {
    let later = futures::stream::once(async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok::<_, std::convert::Infallible>(Event::default().data("later"))
    });
    Sse::new(futures::stream::iter([Ok(Event::default().data("now".repeat(500)))]).chain(later))
}

fn settings() -> ShellSettings {
    ShellSettings {
        body_limit_bytes: 100,
        request_timeout: Duration::from_secs(5),
        ..ShellSettings::default()
    }
}

fn page(problem: &Problem, id: &str, _: &HeaderMap) -> Response {
    Html(format!("<h1>{}</h1> {id}", problem.detail)).into_response()
}

fn app(logs: &Logs) -> Router {
    shell(routes(), &settings(), logs, Some(Arc::new(page)))
}

fn request(line: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let (method, path) = line.split_once(' ').unwrap();
    let builder = Request::builder().method(method).uri(path).header("x-request-id", "r-1");
    headers
        .iter()
        .fold(builder, |builder, (name, value)| builder.header(*name, *value))
        .body(body.into())
        .unwrap()
}

async fn send(
    line: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let response = app(&Logs::off()).oneshot(request(line, headers, body)).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, to_bytes(body, usize::MAX).await.unwrap().to_vec())
}

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// Sends and expects a problem with this status and code.
async fn check(
    line: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
    status: u16,
    code: &str,
) -> Value {
    let (found, headers, body) = send(line, headers, body).await;
    let value: Value = serde_json::from_slice(&body).unwrap_or_default();
    assert_eq!((found.as_u16(), value["code"].as_str()), (status, Some(code)), "{line}: {value}");
    assert_eq!(headers["content-type"], "application/problem+json");
    assert_eq!((value["status"].as_u64(), value["request_id"].as_str()), (Some(status.into()), Some("r-1")));
    assert!(!value["detail"].as_str().unwrap().is_empty() && !value["action"].as_str().unwrap().is_empty());
    value
}

#[tokio::test]
async fn a_problem_has_one_shape() {
    let (_, headers, body) = send("GET /forbidden", &[], "").await;
    // Sorted, because the order of a JSON object depends on the features of the build.
    let members: std::collections::BTreeMap<String, Value> = serde_json::from_slice(&body).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&members).unwrap(), @r#"
    {
      "action": "Ask its owner.",
      "code": "no_permission",
      "detail": "This session is not yours.",
      "request_id": "r-1",
      "session": "s-1",
      "status": 403,
      "title": "Forbidden",
      "type": "/problems/no_permission"
    }
    "#);
    assert_eq!(headers["retry-after"], "7");
}

#[tokio::test]
async fn every_refusal_is_a_problem() {
    check("GET /nowhere", &[], "", 404, "not_found").await;
    check("DELETE /echo", &[], "", 405, "method_not_allowed").await;
    check("POST /echo", &[], "{}", 415, "unsupported_media_type").await;
    check("POST /echo", &[("content-type", "text/html")], "{}", 415, "unsupported_media_type").await;
    check("POST /echo", &JSON, vec![b'"', 0xff, b'"'], 400, "invalid_utf8").await;
    check("POST /echo", &JSON, "", 400, "invalid_json").await;
    check("POST /echo", &JSON, "[".repeat(90), 400, "invalid_json").await;
    check("POST /echo", &JSON, " ".repeat(101), 413, "body_too_large").await;
    check("POST /plain-echo", &JSON, " ".repeat(101), 413, "body_too_large").await;
    check("POST /plain-echo", &JSON, "{", 400, "bad_request").await;
    check("GET /page", &[], "", 400, "invalid_query").await;
    check("GET /page?limit=many", &[], "", 400, "invalid_query").await;
    check("GET /items/abc", &[], "", 400, "invalid_path").await;
    check("GET /items/%ff", &[], "", 400, "invalid_path").await;
}

#[tokio::test]
async fn bad_json_is_pointed_at() {
    let value = check("POST /echo", &JSON, "{\n  \"text\": 5\n}", 400, "invalid_json").await;
    assert_eq!((value["line"].as_u64(), value["column"].as_u64()), (Some(2), Some(11)), "{value}");
    let long = format!("{{\"text\":\"{}\"}}", "x".repeat(80));
    assert_eq!(send("POST /echo", &JSON, long).await.0, StatusCode::OK);
    let marked = [("content-type", "application/x+json; charset=utf-8")];
    let (status, _, body) = send("POST /echo", &marked, r#"{"text":"字"}"#).await;
    let value: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &value["text"], &value["seed"]), (StatusCode::OK, &"字".into(), &0.into()));
}

#[tokio::test]
async fn methods_are_named_when_one_is_refused() {
    let (_, headers, _) = send("DELETE /echo", &[], "").await;
    assert_eq!(headers["allow"], "POST");
}

#[tokio::test]
async fn a_panic_stays_in_its_request() {
    let value = check("GET /panic", &[], "", 500, "internal_error").await;
    assert!(!value.to_string().contains("boom"), "{value}");
}

#[tokio::test]
async fn a_servers_own_text_is_not_shown() {
    let value = check("GET /bare", &[], "", 500, "internal_error").await;
    assert!(!value.to_string().contains("password"), "{value}");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_is_given_up() {
    check("GET /slow", &[], "", 504, "request_timeout").await;
}

#[tokio::test]
async fn browsers_get_a_page() {
    let (status, headers, body) = send("GET /forbidden", &[("accept", "text/html,*/*;q=0.8")], "").await;
    assert_eq!(
        (status, String::from_utf8(body).unwrap().as_str()),
        (StatusCode::FORBIDDEN, "<h1>This session is not yours.</h1> r-1")
    );
    assert_eq!(headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(headers["retry-after"], "7");
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_neither_cut_nor_compressed_nor_held_back() {
    let response =
        app(&Logs::off()).oneshot(request("GET /events", &[("accept-encoding", "gzip")], "")).await.unwrap();
    assert!(!response.headers().contains_key("content-encoding"));
    let mut frames = response.into_body().into_data_stream();
    let began = tokio::time::Instant::now();
    assert!(frames.next().await.unwrap().unwrap().starts_with(b"data: now"));
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(frames.next().await.unwrap().unwrap(), "data: later\n\n");
    assert!(began.elapsed() >= Duration::from_secs(60) && frames.next().await.is_none());
}

#[tokio::test]
async fn text_is_compressed_for_those_who_ask() {
    let gzip = [("accept-encoding", "gzip")];
    let (_, headers, body) = send("GET /html", &gzip, "").await;
    assert_eq!((&headers["content-encoding"], body.len() < 500), (&"gzip".parse().unwrap(), true));
    assert!(!send("GET /html", &[], "").await.1.contains_key("content-encoding"));
    assert!(!send("GET /small", &gzip, "").await.1.contains_key("content-encoding"));
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
    for path in ["GET /html", "GET /nowhere", "GET /panic"] {
        let (_, headers, _) = send(path, &[], "").await;
        for name in [
            "content-security-policy",
            "x-content-type-options",
            "referrer-policy",
            "x-frame-options",
            "cross-origin-opener-policy",
            "permissions-policy",
            "x-request-id",
        ] {
            assert!(headers.contains_key(name), "{path} lacks {name}");
        }
        assert!(!headers.contains_key("strict-transport-security"));
    }
    let (_, headers, _) = send("GET /own-policy", &[], "").await;
    assert_eq!(headers["content-security-policy"], "default-src 'none'");
    let strict = ShellSettings { hsts: true, ..settings() };
    let response =
        shell(routes(), &strict, &Logs::off(), None).oneshot(request("GET /small", &[], "")).await.unwrap();
    assert!(response.headers().contains_key("strict-transport-security"));
}

#[tokio::test]
async fn a_harmless_request_id_is_kept() {
    let too_long = "x".repeat(65);
    for (given, is_kept) in
        [("A-z_0.9", true), ("", false), ("a b", false), ("a\"b", false), (too_long.as_str(), false)]
    {
        let request =
            Request::builder().uri("/id").header("x-request-id", given).body(Body::empty()).unwrap();
        let response = app(&Logs::off()).oneshot(request).await.unwrap();
        let told = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        assert_eq!(told == given, is_kept, "{given} became {told}");
        assert_eq!(to_bytes(response.into_body(), 100).await.unwrap(), told);
    }
}

fn logs_in(folder: &FilePath) -> Logs {
    let settings = LogSettings {
        directory: Some(folder.to_owned()),
        level: "info".to_owned(),
        format: LogFormat::Human,
        stderr: false,
        program: "loom".to_owned(),
        audit: false,
    };
    Logs::open(&settings, Clock::system())
}

/// The lines without the time in front and with the duration replaced.
fn access_lines(folder: &FilePath) -> String {
    let text = fs::read_to_string(folder.join("access.log")).unwrap_or_default();
    let shorten = |line: &str| {
        let words = line.split(' ').skip(2).map(|word| if word.ends_with("ms") { "TIME" } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(shorten).collect::<Vec<_>>().join("\n")
}

#[tokio::test(start_paused = true)]
async fn every_request_leaves_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(&logs_in(folder.path()));
    for line in
        ["GET /forbidden?token=abc", "GET /nowhere", "GET /panic", "GET /slow", "HEAD /small", "GET /events"]
    {
        let response = app.clone().oneshot(request(line, &[], "")).await.unwrap();
        to_bytes(response.into_body(), usize::MAX).await.unwrap();
    }
    insta::assert_snapshot!(access_lines(folder.path()), @r"
    r-1 - mallory GET /forbidden 403 Forbidden TIME 189B
    r-1 - - GET /nowhere 404 Not Found TIME 172B
    r-1 - - GET /panic 500 Internal Server Error TIME 239B
    r-1 - - GET /slow 504 Gateway Timeout TIME 228B
    r-1 - - HEAD /small 200 OK TIME 0B
    r-1 - - GET /events 200 OK TIME 1521B
    ");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_is_logged_too() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(&logs_in(folder.path()));
    let left =
        tokio::time::timeout(Duration::from_secs(1), app.clone().oneshot(request("GET /slow", &[], "")))
            .await;
    assert!(left.is_err());
    let response = app.oneshot(request("GET /events", &[], "")).await.unwrap();
    let mut frames = response.into_body().into_data_stream();
    frames.next().await;
    drop(frames);
    insta::assert_snapshot!(access_lines(folder.path()), @r"
    r-1 - - GET /slow 499 Client Closed Request TIME 0B
    r-1 - - GET /events 200 OK TIME 1508B
    ");
}

#[test]
fn a_result_with_a_problem_stays_small() {
    assert!(size_of::<Problem>() < 128, "{}", size_of::<Problem>());
}
