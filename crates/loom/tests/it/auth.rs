//! Who may call: tokens, roles, names the server may be called by, limits.

use loom_core::access::Role;
use reqwest::Method;
use serde_json::json;
use testkit::temp_db::TempDb;

use crate::world::World;

#[tokio::test]
async fn from_the_first_user_on_every_call_needs_a_token() {
    for database in TempDb::each().await {
        let world = World::start(Some(database), |_| {}).await;
        world.get("/api/v1/sessions").await.ok();
        let added = world.post("/api/v1/users", &json!({ "name": "ops", "role": "operator" })).await.ok();
        let token = added["token"]["token"].as_str().unwrap().to_owned();
        let refused = world.get("/api/v1/sessions").await;
        refused.problem(401, "unauthorized");
        let send = |token: &str, path: &str| world.send(world.request(Method::GET, path).bearer_auth(token));
        send(&token, "/api/v1/sessions").await.ok();
        for wrong in ["", "loom_x_y", "loom_", &format!("{token}x"), &token.replace("loom_", "mool_")] {
            send(wrong, "/api/v1/sessions").await.problem(401, "unauthorized");
        }
        for open in ["/health", "/ready", "/metrics"] {
            assert!(world.get(open).await.status.is_success(), "{open} stays open for probes");
        }
        let log = std::fs::read_to_string(world.folder.path().join("logs/access.log")).unwrap();
        assert!(log.contains("401 Unauthorized"), "{log}");
        assert!(
            world.audit().iter().any(|line| line["outcome"] == "denied" && line["detail"] == "unauthorized")
        );
        let files = [log, std::fs::read_to_string(world.folder.path().join("logs/audit.log")).unwrap()];
        assert!(files.iter().all(|text| !text.contains(&token)), "no token in any log");
    }
}

#[tokio::test]
async fn users_see_their_own_and_operators_manage() {
    let world = World::offline().await;
    let mut tokens = Vec::new();
    for (name, role) in [("ann", Role::Player), ("bob", Role::Player), ("ops", Role::Operator)] {
        let user = world.app.auth.add_user(name, role).await.unwrap();
        tokens.push((user.id.clone(), world.app.auth.add_token(&user.id, "test").await.unwrap().1));
    }
    let call = |who: usize, method: Method, path: &str, body: serde_json::Value| {
        world.send(world.request(method, path).bearer_auth(&tokens[who].1).json(&body))
    };
    let session = call(0, Method::POST, "/api/v1/sessions", json!({ "name": "ann's" })).await.ok();
    let path = format!("/api/v1/sessions/{}", session["id"].as_str().unwrap());
    for method in [Method::GET, Method::DELETE] {
        call(1, method, &path, json!({})).await.problem(404, "session_not_found");
    }
    let turn = json!({ "key": "k", "input": "I sneak in." });
    call(1, Method::POST, &format!("{path}/turns"), turn).await.problem(404, "session_not_found");
    call(2, Method::GET, &path, json!({})).await.ok();
    call(1, Method::GET, "/api/v1/sessions?all=true", json!({})).await.problem(403, "forbidden");
    call(1, Method::GET, "/api/v1/users", json!({})).await.problem(403, "forbidden");
    call(1, Method::POST, "/api/v1/users", json!({ "name": "eve", "role": "operator" }))
        .await
        .problem(403, "forbidden");
    assert!(world.audit().iter().any(|line| line["action"] == "user.add" && line["outcome"] == "denied"));
    let ann = format!("/api/v1/users/{}", tokens[0].0);
    call(2, Method::PATCH, &ann, json!({ "disabled": true })).await.ok();
    call(0, Method::GET, &path, json!({})).await.problem(401, "unauthorized");
    call(2, Method::PATCH, &ann, json!({ "disabled": false })).await.ok();
    call(0, Method::GET, &path, json!({})).await.ok();
    let listed = call(0, Method::GET, &format!("{ann}/tokens"), json!({})).await.ok();
    let token = listed[0]["id"].as_str().unwrap();
    assert_eq!(listed[0].get("token"), None, "a token is shown once");
    assert_eq!(
        call(0, Method::DELETE, &format!("{ann}/tokens/{token}"), json!({})).await.status.as_u16(),
        204
    );
    call(0, Method::GET, &path, json!({})).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn tokens_are_hashed_with_argon2() {
    let world = World::offline().await;
    let user = world.app.auth.add_user("ann", Role::Player).await.unwrap();
    let (_, token) = world.app.auth.add_token(&user.id, "test").await.unwrap();
    let row = world.app.database.fetch_one("SELECT hash FROM user_tokens", &[]).await.unwrap();
    let hash: String = row.get("hash").unwrap();
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    assert!(!hash.contains(token.rsplit('_').next().unwrap()));
}

#[tokio::test]
async fn a_page_of_another_site_reaches_nothing() {
    let world = World::offline().await;
    let named = world.request(Method::GET, "/api/v1/sessions").header("host", "evil.example:8000");
    world.send(named).await.problem(403, "host_not_allowed");
    for (header, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        let posted = world.request(Method::POST, "/api/v1/sessions").header(header, value).json(&json!({}));
        world.send(posted).await.problem(403, "cross_site");
    }
    let own = world.request(Method::POST, "/api/v1/sessions").header("origin", &world.url).json(&json!({}));
    world.send(own).await.ok();
    let log = std::fs::read_to_string(world.folder.path().join("logs/access.log")).unwrap();
    assert!(log.contains("403 Forbidden"), "{log}");
}

#[tokio::test]
async fn other_machines_are_let_in_only_once_there_is_a_user() {
    let world =
        World::start(Some(TempDb::sqlite()), |config| "0.0.0.0:0".clone_into(&mut config.server.bind)).await;
    let refused = world.app.bind_address().await.unwrap_err().to_string();
    assert!(refused.contains("loom user add"), "{refused}");
    world.app.auth.add_user("ops", Role::Operator).await.unwrap();
    assert!(!world.app.bind_address().await.unwrap().ip().is_loopback());
}

#[tokio::test]
async fn a_user_has_limits_and_the_local_player_has_none() {
    let world = World::start(Some(TempDb::sqlite()), |config| {
        config.limits.turns_per_minute = 2;
        config.limits.sessions_per_user = 1;
    })
    .await;
    let local = world.session().await;
    world.session().await;
    for n in 0..4 {
        world.say(&local, &format!("step {n}")).await;
    }
    let user = world.app.auth.add_user("ann", Role::Player).await.unwrap();
    let (_, token) = world.app.auth.add_token(&user.id, "test").await.unwrap();
    let post = |path: String, body: serde_json::Value| {
        world.send(world.request(Method::POST, &path).bearer_auth(&token).json(&body))
    };
    let session = post("/api/v1/sessions".into(), json!({})).await.ok();
    post("/api/v1/sessions".into(), json!({})).await.problem(429, "too_many_sessions");
    let path = format!("/api/v1/sessions/{}/turns", session["id"].as_str().unwrap());
    for n in 0..2 {
        post(path.clone(), json!({ "key": n.to_string(), "input": "I wait." })).await.ok();
    }
    post(path, json!({ "key": "3", "input": "I wait." })).await.problem(429, "rate_limited");
}
