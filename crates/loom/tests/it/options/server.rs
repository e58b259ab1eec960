//! Options of `[server]`, `[database]`, `[logs]`, `[canon]` and `[limits]`, seen by whoever calls the running app.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use chassis::Clock;
use loom::config::Config;
use loom_core::access::Role;
use reqwest::{Client, Method};
use serde_json::json;
use storage::{Database, DatabaseSettings};
use testkit::{FakeLlm, fake_llm::Script, temp_db::TempDb};

use super::{LIMIT, until};
use crate::world::{SMALL_CANON, World, use_fake};

async fn with(change: impl FnOnce(&mut Config)) -> World {
    World::start(Some(TempDb::sqlite()), change).await
}

#[tokio::test]
async fn the_server_answers_to_the_names_it_is_given() {
    let named = with(|config| config.server.allowed_hosts = vec!["loom.example".to_owned()]).await;
    let call = async |world: &World, host: &str| {
        let request = world.request(Method::GET, "/api/v1/sessions").header("host", host);
        world.send(request).await.status.as_u16()
    };
    assert_eq!(call(&named, "loom.example:8000").await, 200);
    assert_eq!(call(&named, "other.example:8000").await, 403);
    assert_eq!(call(&with(|_| {}).await, "loom.example:8000").await, 403, "nobody named it");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let world = with(|config| config.server.body_limit_bytes = 1_000).await;
    let name = |bytes: usize| json!({ "name": "x".repeat(bytes) });
    world.post("/api/v1/sessions", &name(2_000)).await.problem(413, "body_too_large");
    world.post("/api/v1/sessions", &name(100)).await.ok();
}

#[tokio::test]
async fn a_request_over_its_time_is_answered_all_the_same() {
    let fake = FakeLlm::openai().await;
    fake.always(Script::StallBeforeHeaders);
    let world = with(|config| {
        use_fake(config, &fake);
        config.server.request_timeout_seconds = 1;
    })
    .await;
    let session = world.session().await;
    let body = json!({ "key": "k", "input": "I wait." });
    let path = format!("{session}/turns");
    let answer = tokio::time::timeout(LIMIT, world.post(&path, &body)).await.unwrap();
    answer.problem(504, "request_timeout");
}

#[tokio::test]
async fn answers_are_compressed_when_told_and_asked() {
    for compression in [true, false] {
        let world = with(|config| config.server.compression = compression).await;
        let client = Client::builder().no_gzip().build().unwrap();
        let request = client.get(format!("{}/api/openapi.json", world.url));
        let answer = request.header("accept-encoding", "gzip").send().await.unwrap();
        let encoding = answer.headers().get("content-encoding").map(|it| it.to_str().unwrap().to_owned());
        assert_eq!(encoding.as_deref(), compression.then_some("gzip"));
    }
}

#[tokio::test]
async fn browsers_are_held_to_https_when_told() {
    for hsts in [true, false] {
        let world = with(|config| config.server.hsts = hsts).await;
        let answer = world.request(Method::GET, "/").send().await.unwrap();
        assert_eq!(answer.headers().contains_key("strict-transport-security"), hsts);
    }
}

#[tokio::test]
async fn stories_are_in_the_database_that_is_named() {
    let database = TempDb::sqlite();
    let file = PathBuf::from(database.url.strip_prefix("sqlite:").unwrap());
    assert!(!file.exists());
    let world = World::start(None, |config| config.database.url.clone_from(&database.url)).await;
    world.session().await;
    assert!(file.is_file());
    assert!(!world.folder.path().join("data").exists(), "nothing went to the usual place");
}

#[tokio::test]
async fn so_many_connections_read() {
    for readers in [1, 2] {
        let world = with(|config| config.database.readers = readers).await;
        let database = &world.app.database;
        let mut held = database.begin_read().await.unwrap();
        held.fetch_one("SELECT COUNT(*) AS n FROM turns", &[]).await.unwrap();
        let mut other = tokio::spawn({
            let database = database.clone();
            async move { database.ping().await.unwrap() }
        });
        if readers > 1 {
            tokio::time::timeout(LIMIT, &mut other).await.expect("a second connection reads").unwrap();
            continue;
        }
        // Writing goes by a connection of its own; a read that could go on would be done long before.
        for _ in 0..50 {
            database.execute("DELETE FROM slow_queries", &[]).await.unwrap();
        }
        assert!(!other.is_finished(), "the only connection is held");
        drop(held);
        tokio::time::timeout(LIMIT, other).await.expect("it is free again").unwrap();
    }
}

#[tokio::test]
async fn a_lock_is_waited_for_no_longer_than_told() {
    let world = World::start(None, |config| config.database.busy_timeout_ms = 50).await;
    let session = world.session().await;
    let settings = DatabaseSettings::at(&world.app.config.database.url);
    let other = Database::open(&settings, Clock::system()).await.unwrap();
    let mut lock = other.begin().await.unwrap();
    lock.execute("DELETE FROM slow_queries", &[]).await.unwrap();
    let began = Instant::now();
    let body = json!({ "key": "k", "input": "I wait." });
    world.post(&format!("{session}/turns"), &body).await.problem(503, "storage_busy");
    assert!(began.elapsed() < Duration::from_secs(4), "the default is 5 s: {:?}", began.elapsed());
}

#[tokio::test]
async fn log_files_are_in_the_folder_that_is_named_or_nowhere() {
    let logs = tempfile::tempdir().unwrap();
    let world = with(|config| config.logs.directory = logs.path().display().to_string()).await;
    world.get("/api/v1/sessions").await.ok();
    assert!(logs.path().join("access.log").is_file());
    assert!(!world.folder.path().join("logs").exists());
    let world = with(|config| config.logs.directory = String::new()).await;
    world.delete(&world.session().await).await;
    let left: Vec<_> = std::fs::read_dir(world.folder.path()).unwrap().map(|it| it.unwrap().path()).collect();
    assert_eq!(left, [world.folder.path().join("canon")]);
}

#[tokio::test]
async fn decisions_are_written_down_when_told() {
    for audit in [true, false] {
        let world = with(|config| config.logs.audit = audit).await;
        world.delete(&world.session().await).await;
        assert_eq!(world.audit().len(), usize::from(audit));
        assert_eq!(world.folder.path().join("logs/audit.log").exists(), audit);
    }
}

#[tokio::test]
async fn worlds_come_from_the_folder_that_is_named_and_one_is_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["one.md", "two.md"];
    for name in names {
        std::fs::write(folder.path().join(name), SMALL_CANON).unwrap();
    }
    for default in names {
        let world = with(|config| {
            config.canon.directory = folder.path().to_owned();
            config.canon.default = default.to_owned();
        })
        .await;
        let canons = world.get("/api/v1/canons").await.ok();
        let keys: Vec<_> = canons.as_array().unwrap().iter().map(|it| it["key"].as_str().unwrap()).collect();
        assert_eq!(keys, names);
        let session = world.post("/api/v1/sessions", &json!({})).await.ok();
        assert_eq!(session["canon"], default);
    }
}

#[tokio::test]
async fn a_user_may_ask_so_often_a_minute() {
    let world = with(|config| config.limits.requests_per_minute = 3).await;
    let user = world.app.auth.add_user("ann", Role::Player).await.unwrap();
    let (_, token) = world.app.auth.add_token(&user.id, "test").await.unwrap();
    let ask = || world.send(world.request(Method::GET, "/api/v1/sessions").bearer_auth(&token));
    for _ in 0..3 {
        ask().await.ok();
    }
    ask().await.problem(429, "rate_limited");
}

/// When the first of two turns takes its time, the second is told before it or has to wait for it.
#[tokio::test]
async fn so_many_turns_are_played_at_the_same_time() {
    for concurrent_turns in [1, 2] {
        let fake = FakeLlm::openai().await;
        fake.push(Script::Slow { delay: Duration::from_millis(400), then: Box::new(Script::Instant) });
        fake.always(Script::Instant);
        let world = with(|config| {
            use_fake(config, &fake);
            config.limits.concurrent_turns = concurrent_turns;
        })
        .await;
        let (one, two) = (world.session().await, world.session().await);
        let quick = async {
            until("the first turn is being told", || fake.calls() == 1).await;
            world.say(&two, "I go too.").await
        };
        let (slow, quick) = tokio::join!(world.say(&one, "I go."), quick);
        let told_at = |played: &serde_json::Value| played["turn"]["created_at"].as_str().unwrap().to_owned();
        let waited = told_at(&slow) <= told_at(&quick);
        assert_eq!(waited, concurrent_turns == 1, "{} {}", told_at(&slow), told_at(&quick));
    }
}
