//! Hostile and broken input: one clear sentence, the right status, nothing lost and nothing half-written.

use chassis::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use storage::{Database, DatabaseSettings};
use testkit::{
    FakeLlm, SmallDisk,
    fake_llm::{Script, UsageShape},
    temp_db::TempDb,
};

use crate::world::{World, use_fake};

#[tokio::test]
async fn bodies_that_cannot_be_read_are_named() {
    let world = World::offline().await;
    let session = world.session().await;
    let path = format!("{session}/turns");
    let raw = |body: Vec<u8>, kind: &str| {
        world.send(world.request(Method::POST, &path).header("content-type", kind).body(body))
    };
    let json_kind = "application/json";
    raw(b"{\"key\": \"k\", \"input\": ".to_vec(), json_kind).await.problem(400, "invalid_json");
    raw(b"{\"key\": \"k\", \"input\": \"\xff\xfe\"}".to_vec(), json_kind).await.problem(400, "invalid_utf8");
    raw(b"{}".to_vec(), "text/plain").await.problem(415, "unsupported_media_type");
    let unknown = json!({ "key": "k", "input": "x", "expected_haed": null }).to_string();
    let problem = raw(unknown.into_bytes(), json_kind).await;
    assert!(problem.text.contains("expected_haed"), "a misspelt member is no silent no-op: {}", problem.text);
    let deep = "[".repeat(100_000);
    raw(deep.into_bytes(), json_kind).await.problem(400, "invalid_json");
    assert_eq!(world.rows("turns").await, 0);
}

#[tokio::test]
async fn a_turn_of_fifty_megabytes_is_refused_and_the_story_goes_on() {
    let world = World::offline().await;
    let session = world.session().await;
    let body = json!({ "key": "big", "input": "雾".repeat(50 * 1024 * 1024 / 3) });
    world.post(&format!("{session}/turns"), &body).await.problem(413, "body_too_large");
    let long = json!({ "key": "long", "input": "a".repeat(40 * 1024) });
    world.post(&format!("{session}/turns"), &long).await.problem(413, "input_too_large");
    world.say(&session, "I go on.").await;
}

#[tokio::test]
async fn numbers_out_of_range_are_refused() {
    let world = World::offline().await;
    let session = world.session().await;
    world.say(&session, "I wait.").await;
    for query in ["limit=0", "limit=-1", "limit=1000000", "cursor=999999"] {
        let status = world.get(&format!("{session}/turns?{query}")).await.status.as_u16();
        assert!((400..500).contains(&status), "{query}: {status}");
    }
    world.get(&format!("{session}/tree?from=1&to=1000000")).await.problem(422, "invalid_value");
    let far = world.get(&format!("{session}/interventions?cursor=zzzz&limit=5")).await.ok();
    assert_eq!(far["items"], json!([]));
    for settings in
        [json!({ "temperature": 9.0 }), json!({ "reply_tokens": 1 }), json!({ "provider": "nobody" })]
    {
        let body = json!({ "settings": settings });
        world.patch(&session, &body).await.problem(422, "invalid_value");
    }
}

const HOSTILE: [&str; 6] = [
    "'); DROP TABLE turns; --",
    "<script>alert(document.cookie)</script>",
    "<img src=\"https://evil.example/x.png\" onerror=\"alert(1)\">",
    "![x](https://evil.example/pixel.png) [y](javascript:alert(1))",
    "</template><svg/onload=alert(1)>",
    "\u{202e}gnp.exe\u{2066} ${7*7} {{7*7}} %s %n",
];

#[tokio::test]
async fn hostile_text_comes_back_as_the_text_it_is() {
    for database in TempDb::each().await {
        let fake = FakeLlm::openai().await;
        let world = World::start(Some(database), |config| use_fake(config, &fake)).await;
        for text in HOSTILE {
            fake.push(Script::Reply { text: text.to_owned(), chunk_chars: 3, usage: UsageShape::Plain });
            let session = world.post("/api/v1/sessions", &json!({ "name": text })).await.ok();
            assert_eq!(session["name"], json!(text));
            let path = format!("/api/v1/sessions/{}", session["id"].as_str().unwrap());
            let turn = world.say(&path, text).await["turn"].clone();
            assert_eq!((turn["input"].clone(), turn["reply"].clone()), (json!(text), json!(text)));
            let page = world
                .send(
                    world
                        .request(Method::GET, path.trim_start_matches("/api/v1"))
                        .header("accept", "text/html"),
                )
                .await
                .text;
            for live in ["<script>alert", "<img src", "<svg/onload", "href=\"javascript:", "</template><svg"]
            {
                assert!(!page.contains(live), "{live} is live in the page for {text:?}");
            }
        }
        assert_eq!(world.rows("turns").await, HOSTILE.len() as i64);
    }
}

#[tokio::test]
async fn a_page_allows_no_script_or_image_of_others() {
    let world = World::offline().await;
    let answer = world.request(Method::GET, "/").header("accept", "text/html").send().await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    for forbidden in ["unsafe-inline", "unsafe-eval", "http:", "https:", "*"] {
        assert!(!policy.contains(forbidden), "{policy}");
    }
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn a_players_endpoint_must_not_lead_inside() {
    let world = World::offline().await;
    let session = world.session().await;
    for address in [
        "http://127.0.0.1:9/v1",
        "http://10.0.0.8/v1",
        "http://192.168.1.1/v1",
        "http://169.254.169.254/latest",
        "http://[::1]/v1",
        "http://[::ffff:127.0.0.1]/v1",
        "http://0x7f000001/v1",
        "http://2130706433/v1",
        "http://0.0.0.0/v1",
    ] {
        let endpoint = json!({ "kind": "openai", "base_url": address, "model": "m" });
        let answer = world.patch(&session, &json!({ "settings": { "endpoint": endpoint } })).await;
        assert_eq!(answer.status.as_u16(), 422, "{address}: {}", answer.text);
        assert!(answer.body["action"].as_str().is_some(), "{address}");
    }
    for address in
        ["ftp://example.com/", "file:///etc/passwd", "not an address", "http://user:pass@example.com/"]
    {
        let endpoint = json!({ "kind": "openai", "base_url": address, "model": "m" });
        let answer = world.patch(&session, &json!({ "settings": { "endpoint": endpoint } })).await;
        answer.problem(422, "endpoint_invalid");
    }
}

/// A name may be public when it is set and private when it is used, so the address is checked again then.
#[tokio::test]
async fn an_endpoint_that_is_stored_already_is_checked_when_it_is_used() {
    let world = World::offline().await;
    let session = world.session().await;
    let id = session.rsplit('/').next().unwrap();
    let settings =
        json!({ "endpoint": { "kind": "openai", "base_url": "http://localhost:9/v1/", "model": "m" } });
    world
        .app
        .database
        .execute(
            "UPDATE sessions SET settings = $1 WHERE id = $2",
            &storage::params![settings.to_string(), id],
        )
        .await
        .unwrap();
    let answer = world.post(&format!("{session}/turns"), &json!({ "key": "k", "input": "I wait." })).await;
    match answer.status.as_u16() {
        422 => {
            answer.problem(422, "endpoint_private");
        }
        _ => assert_eq!(answer.ok()["turn"]["degraded"]["code"], "endpoint_refused"),
    }
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_says_so() {
    let Some(disk) = SmallDisk::new(24 * 1024 * 1024) else {
        println!("SKIPPED (a small disk can be mounted by root only)");
        return;
    };
    let url = format!("sqlite:{}", disk.path().join("loom.db").display());
    let world = World::start(None, |config| config.database.url = url).await;
    let session = world.session().await;
    let mut acknowledged = Vec::new();
    for n in 0..3 {
        acknowledged.push(world.say(&session, &format!("step {n}")).await["turn"]["id"].clone());
    }
    disk.fill(0).unwrap();
    let mut refused = 0;
    for n in 0..40 {
        let body = json!({ "key": format!("full {n}"), "input": "I write on. ".repeat(600) });
        let answer = world.post(&format!("{session}/turns"), &body).await;
        if answer.status.is_success() {
            acknowledged.push(answer.ok()["turn"]["id"].clone());
        } else {
            answer.problem(507, "disk_full");
            refused += 1;
        }
    }
    assert!(refused > 0, "the disk never filled");
    disk.make_room().unwrap();
    world.say(&session, "There is room again.").await;
    let read = world.get(&format!("{session}/turns?limit=200")).await.ok();
    let stored: Vec<&Value> = read["items"].as_array().unwrap().iter().map(|turn| &turn["id"]).collect();
    assert!(acknowledged.iter().all(|id| stored.contains(&id)), "every acknowledged turn is there");
    assert_eq!(stored.len(), acknowledged.len() + 1, "and no other");
    assert_eq!(world.app.database.integrity_check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_database_locked_by_another_program_is_waited_for_and_then_named() {
    let world = World::start(None, |config| config.database.busy_timeout_ms = 200).await;
    let session = world.session().await;
    let mut other = std::process::Command::new("sqlite3")
        .arg(world.folder.path().join("data/loom.db"))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the Debian package sqlite3 is needed for this test");
    use std::io::{BufRead, BufReader, Write};
    let mut stdin = other.stdin.take().unwrap();
    stdin.write_all(b"BEGIN IMMEDIATE;\nSELECT 'held';\n").unwrap();
    stdin.flush().unwrap();
    let mut line = String::new();
    BufReader::new(other.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line.trim(), "held");
    let body = json!({ "key": "k", "input": "I wait." });
    world.post(&format!("{session}/turns"), &body).await.problem(503, "storage_busy");
    world.get(&format!("{session}/turns")).await.ok();
    stdin.write_all(b"ROLLBACK;\n.quit\n").unwrap();
    drop(stdin);
    other.wait().unwrap();
    let played = world.post(&format!("{session}/turns"), &body).await.ok();
    assert_eq!(played["replayed"], json!(false), "the refused turn left nothing under its key");
}

/// What a program that has ended left in `slow_queries`: closing the database writes what is still queued.
async fn recorded(slow_query_ms: u64) -> Vec<String> {
    let world = World::start(None, |config| config.database.slow_query_ms = slow_query_ms).await;
    let session = world.session().await;
    world.say(&session, "a secret line that must not be recorded").await;
    world.app.database.close().await;
    let settings = DatabaseSettings::at(&world.app.config.database.url);
    let database = Database::open(&settings, Clock::system()).await.unwrap();
    let sql = "SELECT query, duration, timestamp FROM slow_queries";
    let rows = database.fetch_all(sql, &[]).await.unwrap();
    assert!(rows.iter().all(|row| row.get::<f64>("duration").unwrap() >= 0.0));
    rows.iter().map(|row| row.get("query").unwrap()).collect()
}

#[tokio::test]
async fn a_slow_statement_is_recorded_without_its_values() {
    let all = recorded(0).await;
    assert!(all.iter().any(|query| query.contains("INSERT INTO turns")), "{all:?}");
    assert!(all.iter().all(|query| !query.contains("secret line")), "{all:?}");
    assert_eq!(recorded(3_600_000).await, Vec::<String>::new(), "nothing here takes an hour");
}
