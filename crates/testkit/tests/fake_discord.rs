//! The fake Discord through a plain HTTP client: the life of a token, limits, faults, and the invalid requests.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use testkit::{
    DiscordKey, DiscordRoute, DiscordRules, DiscordStep, FakeDiscord,
    fake_discord::{LimitScope, TokenEnd},
};

const ORIGINAL: &str = "/webhooks/9001/tok/messages/@original";

fn start() -> FakeDiscord {
    FakeDiscord::start(DiscordRules { bucket_limit: 100, ..DiscordRules::default() })
}

fn text(content: &str) -> Value {
    json!({"content": content, "allowed_mentions": {"parse": []}})
}

async fn send(fake: &FakeDiscord, method: Method, path: &str, body: &Value) -> Response {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.request(method, format!("{}{path}", fake.base_url()));
    let request = request.header("user-agent", "DiscordBot (https://a.example, 1)");
    request.header("authorization", format!("Bot {}", fake.bot_token())).json(body).send().await.unwrap()
}

/// Status and code of the answer.
async fn judge(fake: &FakeDiscord, method: Method, path: &str, body: &Value) -> (u16, u64) {
    let response = send(fake, method, path, body).await;
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap_or(Value::Null);
    (status, body["code"].as_u64().unwrap_or(0))
}

#[tokio::test]
async fn an_interaction_lives_from_callback_to_expiry() {
    let fake = start();
    let edit = async || judge(&fake, Method::PATCH, ORIGINAL, &text("b")).await;
    assert_eq!(edit().await, (404, 10_015), "not known yet");
    fake.open_interaction("77", "tok", 2);
    assert_eq!(edit().await, (404, 10_015), "not acknowledged yet");
    let callback = |id: &'static str, body: Value| {
        let fake = &fake;
        async move { judge(fake, Method::POST, &format!("/interactions/{id}/tok/callback"), &body).await }
    };
    assert_eq!(callback("78", json!({"type": 5})).await, (404, 10_062));
    assert_eq!(callback("77", json!({"type": 8})).await, (400, 50_035));
    assert_eq!(callback("77", json!({"type": 5})).await.0, 204);
    assert_eq!(callback("77", json!({"type": 5})).await, (400, 40_060));
    assert_eq!(edit().await.0, 200);
    let embed = json!({"embeds": [{"title": "t"}], "allowed_mentions": {"parse": []}});
    assert_eq!(judge(&fake, Method::PATCH, ORIGINAL, &embed).await.0, 200);
    let original = fake.original("tok").unwrap();
    assert_eq!((&original["content"], &original["embeds"][0]["title"]), (&json!("b"), &json!("t")));
    assert_eq!(judge(&fake, Method::POST, "/webhooks/9001/tok", &text("more")).await.0, 200);
    let seen = fake.interaction("tok").unwrap();
    assert_eq!((seen.edits.len(), seen.followups.len()), (2, 1));
    for (end, expected) in [
        (TokenEnd::UnknownWebhook, (404, 10_015)),
        (TokenEnd::InvalidToken, (404, 50_027)),
        (TokenEnd::Unauthorized, (401, 50_027)),
    ] {
        fake.expire("tok", end);
        assert_eq!(edit().await, expected);
    }
    assert_eq!(fake.invalid_requests(), 1, "only the 401 counts");
    assert_eq!(judge(&fake, Method::POST, "/channels/5/messages", &text("late")).await.0, 200);
    assert_eq!(fake.channel_messages("5").len(), 1);
    fake.close_channel("5");
    assert_eq!(judge(&fake, Method::POST, "/channels/5/messages", &text("x")).await, (403, 50_001));
}

#[tokio::test]
async fn a_token_and_a_response_are_good_for_so_long() {
    let rules = DiscordRules {
        response_limit: Duration::ZERO,
        token_lifetime: Duration::from_millis(30),
        ..DiscordRules::default()
    };
    let fake = FakeDiscord::start(rules);
    fake.open_interaction("1", "tok", 2);
    assert_eq!(
        judge(&fake, Method::POST, "/interactions/1/tok/callback", &json!({"type": 5})).await,
        (404, 10_062)
    );
    fake.open_deferred("1", "tok");
    assert_eq!(judge(&fake, Method::PATCH, ORIGINAL, &text("a")).await.0, 200);
    std::thread::sleep(Duration::from_millis(40));
    assert_eq!(judge(&fake, Method::PATCH, ORIGINAL, &text("a")).await, (404, 10_015));
}

#[tokio::test]
async fn a_broken_payload_is_told_where_it_is_broken() {
    let fake = start();
    fake.open_deferred("1", "tok");
    let body = json!({"embeds": [{"fields": [{"name": "n", "value": "v".repeat(1_025)}]}], "allowed_mentions": {"parse": []}});
    let answer: Value = send(&fake, Method::PATCH, ORIGINAL, &body).await.json().await.unwrap();
    assert_eq!(
        answer["errors"]["embeds"]["0"]["fields"]["0"]["value"]["_errors"][0]["code"],
        "BASE_TYPE_MAX_LENGTH"
    );
    assert!(fake.original("tok").is_none());
    assert_eq!(fake.refusals().len(), 1);
}

#[tokio::test]
async fn identity_is_asked_for() {
    let fake = start();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/channels/5/messages", fake.base_url());
    let status = |request: reqwest::RequestBuilder| async move {
        request.json(&text("x")).send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(client.post(&url)).await, 403, "no user agent");
    let agent = "DiscordBot (https://a.example, 1)";
    assert_eq!(status(client.post(&url).header("user-agent", agent)).await, 401);
    let wrong = client.post(&url).header("user-agent", agent).header("authorization", "Bot no");
    assert_eq!(status(wrong).await, 401);
    assert_eq!(judge(&fake, Method::POST, "/channels/5/nothing", &text("x")).await.0, 404);
    let gateway: Value = send(&fake, Method::GET, "/gateway/bot", &json!({})).await.json().await.unwrap();
    assert_eq!(gateway["url"], fake.gateway_url());
    let commands = json!([{"name": "help", "description": "Shows help"}]);
    assert_eq!(judge(&fake, Method::PUT, "/applications/9001/commands", &commands).await.0, 200);
    assert_eq!(fake.commands(), commands);
    assert_eq!(judge(&fake, Method::PUT, "/applications/9002/commands", &commands).await.0, 403);
}

#[tokio::test]
async fn limits_have_scopes_and_say_when() {
    let rules =
        DiscordRules { bucket_limit: 2, bucket_window: Duration::from_secs(60), ..DiscordRules::default() };
    let fake = FakeDiscord::start(rules);
    let post = async || send(&fake, Method::POST, "/channels/5/messages", &text("x")).await;
    assert_eq!(post().await.headers()["x-ratelimit-remaining"], "1");
    post().await;
    let refused = post().await;
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["x-ratelimit-scope"]),
        (429, &"user".parse().unwrap())
    );
    assert!(refused.headers().contains_key("retry-after"));
    let body: Value = refused.json().await.unwrap();
    assert!(body["retry_after"].as_f64().unwrap() > 50.0 && body["global"] == json!(false));
    let step = |scope, says_when| DiscordStep::RateLimited { scope, retry_after: 0.2, says_when };
    fake.push(DiscordRoute::ChannelMessage, step(LimitScope::Shared, true));
    fake.push(DiscordRoute::ChannelMessage, step(LimitScope::Global, false));
    let shared = post().await;
    assert_eq!(
        (&shared.headers()["x-ratelimit-scope"], &shared.headers()["retry-after"]),
        (&"shared".parse().unwrap(), &"1".parse().unwrap())
    );
    let global = post().await;
    assert_eq!(global.headers()["x-ratelimit-global"], "true");
    assert!(!global.headers().contains_key("retry-after"));
    assert_eq!(fake.invalid_requests(), 2, "the shared one does not count");
}

#[tokio::test]
async fn faults_come_on_command_and_enough_of_them_end_in_a_ban() {
    let fake =
        FakeDiscord::start(DiscordRules { ban_after: 4, bucket_limit: 100, ..DiscordRules::default() });
    fake.open_deferred("1", "tok");
    fake.always([DiscordStep::Status(401), DiscordStep::Status(403), DiscordStep::Pass]);
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(judge(&fake, Method::PATCH, ORIGINAL, &text("x")).await.0);
    }
    assert_eq!(seen, [401, 403, 200, 401, 403, 429]);
    fake.always([]);
    let banned = send(&fake, Method::PATCH, ORIGINAL, &text("x")).await;
    assert!(banned.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(banned.text().await.unwrap().contains("1015"));
}

#[tokio::test]
async fn connections_break_before_or_after_the_work() {
    let fake = start();
    fake.open_deferred("1", "tok");
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().unwrap();
    let edit = || {
        let request = client.patch(format!("{}{ORIGINAL}", fake.base_url()));
        request.header("user-agent", "DiscordBot (x, 1)").json(&text("x")).send()
    };
    fake.push(DiscordRoute::EditOriginal, DiscordStep::Reset);
    assert!(edit().await.is_err());
    assert!(fake.original("tok").is_none());
    fake.push(DiscordRoute::EditOriginal, DiscordStep::CarryOutAndReset);
    assert!(edit().await.is_err());
    assert!(fake.original("tok").is_some());
    fake.push(
        DiscordRoute::EditOriginal,
        DiscordStep::Slow(Duration::from_millis(5), Box::new(DiscordStep::Pass)),
    );
    assert_eq!(edit().await.unwrap().status(), 200);
}

#[tokio::test]
async fn it_posts_interactions_signed_and_judges_the_response() {
    use axum::{Router, http::HeaderMap, routing::post};
    let fake = start();
    let key = DiscordKey::from_seed([7; 32]);
    let endpoint = |response: Value| async move {
        let answer = move |headers: HeaderMap, _: String| {
            let is_signed =
                headers.contains_key("x-signature-ed25519") && headers.contains_key("x-signature-timestamp");
            let response = response.clone();
            async move { if is_signed { response.to_string() } else { String::new() } }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/discord/interactions", listener.local_addr().unwrap());
        tokio::spawn(async move {
            axum::serve(listener, Router::new().route("/discord/interactions", post(answer))).await
        });
        url
    };
    let interaction = json!({"id": "1", "token": "tok", "type": 2, "channel_id": "5"});
    let posted =
        fake.post_interaction(&endpoint(json!({"type": 5})).await, &key, 1_700_000_000, &interaction).await;
    assert_eq!((posted.status, posted.failure), (200, None));
    assert!(fake.interaction("tok").unwrap().is_acknowledged);
    let posted =
        fake.post_interaction(&endpoint(json!({"type": 4})).await, &key, 1_700_000_000, &interaction).await;
    assert!(posted.failure.unwrap().contains("Invalid Form Body"));
    assert_eq!(fake.refusals().len(), 1);
}
