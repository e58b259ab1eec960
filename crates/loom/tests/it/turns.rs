//! Turns: keys, heads, streams, siblings, branches, on both databases.

use futures::StreamExt;
use serde_json::{Value, json};
use testkit::{
    FakeLlm,
    fake_llm::{Script, UsageShape},
    temp_db::TempDb,
};

use crate::world::World;

fn reply(text: &str) -> Script {
    Script::Reply { text: text.to_owned(), chunk_chars: 7, usage: UsageShape::NestedDetails }
}

#[tokio::test]
async fn a_key_played_twice_is_one_turn() {
    for database in TempDb::each().await {
        let world = World::start(Some(database), |_| {}).await;
        let session = world.session().await;
        let body = json!({ "key": "k1", "input": "I look at the lamp." });
        let first = world.post(&format!("{session}/turns"), &body).await.ok();
        let again = world.post(&format!("{session}/turns"), &body).await.ok();
        assert_eq!(first["turn"]["id"], again["turn"]["id"]);
        assert_eq!((first["replayed"].as_bool(), again["replayed"].as_bool()), (Some(false), Some(true)));
        assert_eq!(first["turn"]["reply"], again["turn"]["reply"]);
        let other = json!({ "key": "k1", "input": "I look at the door." });
        world.post(&format!("{session}/turns"), &other).await.problem(422, "turn_key_reused");
        assert_eq!(world.rows("turns").await, 1);
    }
}

#[tokio::test]
async fn two_writers_of_one_head_get_a_turn_and_a_conflict() {
    for database in TempDb::each().await {
        let world = World::start(Some(database), |_| {}).await;
        let session = world.session().await;
        let first = world.say(&session, "I wait.").await;
        let head = first["turn"]["id"].clone();
        let path = format!("{session}/turns");
        let body = |key: &str| json!({ "key": key, "input": "I open the door.", "expected_head": head });
        let (a, b) = (body("a"), body("b"));
        let (a, b) = tokio::join!(world.post(&path, &a), world.post(&path, &b));
        let (won, lost) = if a.status.is_success() { (a, b) } else { (b, a) };
        let won = won.ok();
        let lost = lost.problem(409, "head_moved");
        assert_eq!(lost["head"], won["turn"]["id"], "the conflict names the newer head");
        assert_eq!(world.rows("turns").await, 2);
        // The empty story is a head like any other.
        let late = json!({ "key": "c", "input": "I was first.", "expected_head": null });
        world.post(&path, &late).await.problem(409, "head_moved");
    }
}

#[tokio::test]
async fn one_branch_plays_in_order_and_sessions_play_side_by_side() {
    let world = World::offline().await;
    let session = world.session().await;
    let path = format!("{session}/turns");
    let bodies: Vec<Value> =
        (0..5).map(|n| json!({ "key": format!("k{n}"), "input": format!("step {n}") })).collect();
    let answers = futures::future::join_all(bodies.iter().map(|body| world.post(&path, body))).await;
    let mut numbers: Vec<i64> =
        answers.into_iter().map(|it| it.ok()["turn"]["number"].as_i64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5], "each turn stands on the one before");
}

/// Reads events as a client would: blocks divided by empty lines.
async fn events(answer: reqwest::Response) -> Vec<(String, Value)> {
    let mut bytes = Vec::new();
    let mut pieces = answer.bytes_stream();
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    let text = String::from_utf8(bytes).unwrap();
    let block = |block: &str| {
        let line = |name: &str| {
            block.lines().find_map(|line| line.strip_prefix(name).map(|rest| rest.trim().to_owned()))
        };
        Some((line("event:")?, serde_json::from_str(&line("data:")?).unwrap()))
    };
    text.split("\n\n").filter_map(block).collect()
}

#[tokio::test]
async fn a_turn_streams_piece_by_piece_and_ends_with_what_was_stored() {
    let fake = FakeLlm::openai().await;
    fake.always(reply("The lamp gutters, and then burns on as if nothing had been asked of it."));
    let world = World::with_model(&fake).await;
    let session = world.session().await;
    let request = world
        .request(reqwest::Method::POST, &format!("{session}/turns"))
        .header("accept", "text/event-stream")
        .json(&json!({ "key": "s", "input": "I blow at the lamp." }));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let events = events(answer).await;
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names.first(), names.last()), (Some(&"started"), Some(&"finished")));
    let told: String = events
        .iter()
        .filter(|(name, _)| name == "delta")
        .map(|(_, it)| it["text"].as_str().unwrap())
        .collect();
    let stored = &events.last().unwrap().1["turn"];
    assert!(names.iter().filter(|name| **name == "delta").count() > 3, "{names:?}");
    assert_eq!(told, stored["reply"].as_str().unwrap());
    assert_eq!(stored["degraded"], Value::Null);
    assert!(stored["cost_usd"].as_f64().unwrap() > 0.0, "{stored}");
    assert_eq!(stored["usage_exact"], json!(true));
}

#[tokio::test]
async fn a_listener_that_leaves_does_not_lose_the_turn() {
    let fake = FakeLlm::openai().await;
    fake.push(Script::Slow {
        delay: std::time::Duration::from_millis(300),
        then: Box::new(reply("It holds.")),
    });
    let world = World::with_model(&fake).await;
    let session = world.session().await;
    let body = json!({ "key": "gone", "input": "I pull the rope." });
    let request = world.request(reqwest::Method::POST, &format!("{session}/turns")).json(&body);
    let cut = request.timeout(std::time::Duration::from_millis(50)).send().await;
    assert!(cut.is_err(), "the client gave up before the model answered");
    let found = world.post(&format!("{session}/turns"), &body).await.ok();
    assert_eq!(found["turn"]["reply"], "It holds.");
    assert_eq!(fake.calls(), 1, "the model was asked once");
    assert_eq!(world.rows("turns").await, 1);
}

#[tokio::test]
async fn telling_again_gives_siblings_and_nothing_is_removed() {
    for database in TempDb::each().await {
        let world = World::start(Some(database), |_| {}).await;
        let session = world.session().await;
        let first = world.say(&session, "I wait.").await["turn"].clone();
        let second = world.say(&session, "I go to the yard.").await["turn"].clone();
        let id = second["id"].as_str().unwrap();
        let again = json!({ "key": "again", "expected_head": id });
        let sibling = world.post(&format!("{session}/turns/{id}/regenerate"), &again).await.ok();
        assert_eq!(sibling["turn"]["parent_id"], second["parent_id"]);
        assert_eq!(sibling["branch"], "main", "the head was told again, so the branch moves to it");
        let siblings = world.get(&format!("{session}/turns/{id}/siblings")).await.ok();
        assert_eq!(siblings.as_array().unwrap().len(), 2);
        // An earlier turn opens a branch of its own: what came after it stays where it is.
        let early = first["id"].as_str().unwrap();
        let branched =
            world.post(&format!("{session}/turns/{early}/regenerate"), &json!({ "key": "early" })).await.ok();
        assert_eq!(branched["branch"], "alt-1");
        assert_eq!(branched["turn"]["number"], 1);
        let main = world.get(&format!("{session}/turns?branch=main")).await.ok();
        assert_eq!(main["items"].as_array().unwrap().len(), 2);
        assert_eq!(main["items"][0]["siblings"].as_array().unwrap().len(), 2);
        assert_eq!(world.rows("turns").await, 4);
    }
}

#[tokio::test]
async fn rolling_back_moves_a_head_and_forward_again() {
    for database in TempDb::each().await {
        let world = World::start(Some(database), |_| {}).await;
        let session = world.session().await;
        let mut ids = Vec::new();
        for n in 0..4 {
            ids.push(world.say(&session, &format!("step {n}")).await["turn"]["id"].clone());
        }
        let main = format!("{session}/branches/main");
        let stale = json!({ "head": ids[0], "expected_head": ids[1] });
        world.put(&main, &stale).await.problem(409, "head_moved");
        let back = world.put(&main, &json!({ "head": ids[1], "expected_head": ids[3] })).await.ok();
        assert_eq!((back["head"].clone(), back["head_number"].as_i64()), (ids[1].clone(), Some(2)));
        let read = world.get(&format!("{session}/turns")).await.ok();
        assert_eq!(read["items"].as_array().unwrap().len(), 2);
        let on = world.say(&session, "another way").await;
        assert_eq!(
            (on["turn"]["parent_id"].clone(), on["turn"]["number"].as_i64()),
            (ids[1].clone(), Some(3))
        );
        world.put(&main, &json!({ "head": ids[3] })).await.ok();
        let begin = world.put(&main, &json!({ "head": null })).await.ok();
        assert_eq!(begin["head_number"], 0);
        assert_eq!(world.rows("turns").await, 5);
        let tree = world.get(&format!("{session}/tree")).await.ok();
        assert_eq!(tree["nodes"].as_array().unwrap().len(), 5);
        world.put(&main, &json!({ "head": "no-such-turn" })).await.problem(404, "turn_not_found");
    }
}

#[tokio::test]
async fn history_is_read_by_pages_upwards() {
    let world = World::offline().await;
    let session = world.session().await;
    for n in 0..7 {
        world.say(&session, &format!("step {n}")).await;
    }
    let mut cursor = String::new();
    let mut seen = Vec::new();
    loop {
        let page = world.get(&format!("{session}/turns?limit=3{cursor}")).await.ok();
        seen.extend(page["items"].as_array().unwrap().iter().map(|turn| turn["number"].as_i64().unwrap()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    world.get(&format!("{session}/turns?cursor=nonsense")).await.problem(422, "invalid_value");
    world.get(&format!("{session}/turns?limit=1000000")).await.problem(422, "invalid_value");
}

#[tokio::test]
async fn explain_adds_up_and_is_what_was_sent() {
    let fake = FakeLlm::openai().await;
    fake.always(reply("Ada nods."));
    let world = World::with_model(&fake).await;
    let session = world.session().await;
    world.say(&session, "[EDIT: the door: it is painted red] I greet Ada.").await;
    let turn = world.say(&session, "I ask about the lamp. [TONE: dry]").await["turn"].clone();
    let explained =
        world.get(&format!("{session}/turns/{}/explain", turn["id"].as_str().unwrap())).await.ok();
    let parts = explained["parts"].as_array().unwrap();
    let sum: u64 = parts.iter().map(|part| part["tokens"].as_u64().unwrap()).sum();
    assert_eq!(Some(sum), explained["total_tokens"].as_u64());
    assert_eq!((explained["faithful"].as_bool(), explained["exact"].as_bool()), (Some(true), Some(true)));
    assert_eq!(explained["tokenizer"], "o200k_base");
    let text: String = parts.iter().map(|part| part["text"].as_str().unwrap()).collect();
    let sent: String = fake.requests().last().unwrap().body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert_eq!(text, sent, "the parts, joined, are the request");
    let rule =
        parts.iter().find(|part| part["kind"] == "rules" && !part["sources"].as_array().unwrap().is_empty());
    assert!(rule.unwrap()["sources"][0].as_str().unwrap().starts_with("canon.md:"), "{rule:?}");
}

#[tokio::test]
async fn a_model_that_fails_is_never_dressed_up_as_story() {
    let cases: Vec<(Script, &str)> = vec![
        (Script::Status { code: 500, body: String::new(), retry_after: None }, "provider_unavailable"),
        (
            Script::Status { code: 429, body: String::new(), retry_after: Some("0".to_owned()) },
            "rate_limited",
        ),
        (Script::Status { code: 401, body: String::new(), retry_after: None }, "unauthorized"),
        (Script::CutMidStream { text_before: "The do".to_owned() }, "provider_unavailable"),
        (Script::Garbage(vec![0xff, 0xfe, 0x00, 0x41, 0x0a, 0x0a]), "invalid_reply"),
        (Script::Empty, "invalid_reply"),
    ];
    for (script, code) in cases {
        let fake = FakeLlm::openai().await;
        fake.always(script.clone());
        let world = World::with_model(&fake).await;
        let session = world.session().await;
        let turn = world.say(&session, "I open the door.").await["turn"].clone();
        assert_eq!(turn["degraded"]["code"], code, "{script:?}: {turn}");
        assert_eq!(turn["provider"], "offline");
        assert!(!turn["reply"].as_str().unwrap().contains("The do"), "no half reply is kept: {turn}");
        assert!(!turn.to_string().contains("sk-test-key"), "the key stays secret");
        fake.always(reply("The door opens."));
        let id = turn["id"].as_str().unwrap();
        let again =
            world.post(&format!("{session}/turns/{id}/regenerate"), &json!({ "key": "again" })).await.ok();
        assert_eq!(again["turn"]["number"], 1);
    }
}
