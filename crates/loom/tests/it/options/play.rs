//! Options of `[play]`, seen in prompts and answers; and that what is remembered never changes a prompt.

use loom::config::Config;
use serde_json::{Value, json};
use storage::{Database, DatabaseSettings, params};
use testkit::{FakeLlm, fake_llm::Script, temp_db::TempDb};

use super::{LIMIT, until};
use crate::world::{World, use_fake};

async fn with(fake: &FakeLlm, change: impl FnOnce(&mut Config)) -> World {
    World::start(Some(TempDb::sqlite()), |config| {
        use_fake(config, fake);
        change(config);
    })
    .await
}

async fn explain(world: &World, session: &str, played: &Value) -> Value {
    world.get(&format!("{session}/turns/{}/explain", played["turn"]["id"].as_str().unwrap())).await.ok()
}

#[tokio::test]
async fn prompt_and_reply_keep_to_their_allowances() {
    let check = async |context_tokens: usize, reply_tokens: u32| {
        let fake = FakeLlm::openai().await;
        let world = with(&fake, |config| {
            config.play.context_tokens = context_tokens;
            config.play.reply_tokens = reply_tokens;
        })
        .await;
        let session = world.session().await;
        let played = world.say(&session, "I wait.").await;
        let budget = explain(&world, &session, &played).await["budget_tokens"].clone();
        (budget.as_u64().unwrap(), fake.requests()[0].body["max_tokens"].as_u64().unwrap())
    };
    assert_eq!(check(6_000, 1_000).await, (5_000, 1_000));
    assert_eq!(check(9_000, 1_000).await, (8_000, 1_000));
    assert_eq!(check(6_000, 250).await, (5_750, 250));
}

#[tokio::test]
async fn a_prompt_carries_so_many_turns_and_moves_on_in_steps() {
    let carried = async |history_turns: usize, window_step: usize| {
        let fake = FakeLlm::openai().await;
        let world = with(&fake, |config| {
            config.play.history_turns = history_turns;
            config.play.window_step = window_step;
        })
        .await;
        let session = world.session().await;
        for n in 1..=8 {
            world.say(&session, &format!("I take step {n}.")).await;
        }
        let requests = fake.requests();
        let messages = requests.last().unwrap().body["messages"].as_array().unwrap().clone();
        messages.iter().filter(|message| message["role"] == "assistant").count()
    };
    assert_eq!(carried(40, 10).await, 7, "all there are");
    assert_eq!(carried(5, 1).await, 5);
    assert_eq!(carried(3, 1).await, 3);
    assert_eq!(carried(5, 3).await, 4, "the window has moved on by three at once");
}

#[tokio::test]
async fn a_line_is_as_long_as_it_may_be() {
    let fake = FakeLlm::openai().await;
    let world = with(&fake, |config| config.play.input_max_bytes = 20).await;
    let session = world.session().await;
    let long = json!({ "key": "k", "input": "x".repeat(21) });
    world.post(&format!("{session}/turns"), &long).await.problem(413, "input_too_large");
    world.say(&session, &"x".repeat(20)).await;
}

#[tokio::test]
async fn tokens_are_counted_or_estimated() {
    for exact in [true, false] {
        let fake = FakeLlm::openai().await;
        let world = with(&fake, |config| config.play.exact_tokens = exact).await;
        let session = world.session().await;
        let played = world.say(&session, "I wait.").await;
        let explained = explain(&world, &session, &played).await;
        assert_eq!(explained["exact"], json!(exact));
        assert_eq!(explained["tokenizer"] == "o200k_base", exact, "{}", explained["tokenizer"]);
    }
}

#[tokio::test]
async fn so_many_turns_wait_for_one_on_their_branch() {
    let fake = FakeLlm::openai().await;
    fake.always(Script::StallBeforeHeaders);
    let world = with(&fake, |config| config.play.waiting_turns = 0).await;
    let path = format!("{}/turns", world.session().await);
    let (told, next) = (json!({ "key": "a", "input": "I wait." }), json!({ "key": "b", "input": "I go." }));
    let refused = async {
        until("the first turn is being told", || fake.calls() == 1).await;
        tokio::time::timeout(LIMIT, world.post(&path, &next)).await.expect("it does not wait")
    };
    tokio::select! {
        _ = world.post(&path, &told) => panic!("the model never answers"),
        answer = refused => { answer.problem(429, "branch_busy"); }
    }
}

#[tokio::test]
async fn a_players_endpoint_may_lead_inside_when_the_operator_says_so() {
    let fake = FakeLlm::openai().await;
    let endpoint = json!({ "kind": "openai", "base_url": fake.base_url(), "model": "gpt-4o-mini" });
    let settings = json!({ "settings": { "endpoint": endpoint } });
    for allowed in [true, false] {
        let world =
            World::start(Some(TempDb::sqlite()), |config| config.llm.allow_private_endpoints = allowed).await;
        let session = world.session().await;
        let answer = world.patch(&session, &settings).await;
        if allowed {
            answer.ok();
            let request = world.request(reqwest::Method::POST, &format!("{session}/turns"));
            let body = json!({ "key": "k", "input": "I wait." });
            let played = world.send(request.header("x-provider-key", "sk-own").json(&body)).await.ok();
            assert_eq!(played["turn"]["provider"], "own", "{played}");
        } else {
            answer.problem(422, "endpoint_private");
        }
    }
}

/// A story that is being played, and the digests of its prompts in the order of play.
struct Story<'a> {
    world: &'a World,
    session: String,
    turns: Vec<String>,
    digests: Vec<String>,
}

impl Story<'_> {
    /// Takes up what was played: its prompt can be put together again, byte for byte.
    async fn take(&mut self, played: Value) {
        let explained = explain(self.world, &self.session, &played).await;
        assert_eq!(explained["faithful"], json!(true), "{}", played["turn"]["input"]);
        let id = played["turn"]["id"].as_str().unwrap().to_owned();
        let sql = "SELECT outline FROM turns WHERE id = $1";
        let row = self.world.app.database.fetch_one(sql, &params![&id]).await.unwrap();
        let outline: Value = serde_json::from_str(&row.get::<String>("outline").unwrap()).unwrap();
        self.digests.push(outline["digest"].as_str().unwrap().to_owned());
        self.turns.push(id);
    }

    async fn say(&mut self, input: &str) {
        let played = self.world.say(&self.session, input).await;
        self.take(played).await;
    }

    async fn again(&mut self, turn: usize) {
        let path = format!("{}/turns/{}/regenerate", self.session, self.turns[turn]);
        let key = format!("again {}", self.turns.len());
        let played = self.world.post(&path, &json!({ "key": key })).await.ok();
        self.take(played).await;
    }
}

/// Plays a story with everything that moves a head; the digests of all its prompts.
async fn digests(recent_bytes: u64) -> Vec<String> {
    let fake = FakeLlm::openai().await;
    let world = with(&fake, |config| {
        config.play.recent_bytes = recent_bytes;
        config.play.history_turns = 4;
        config.play.window_step = 2;
    })
    .await;
    let session = world.session().await;
    let mut story = Story { world: &world, session, turns: Vec::new(), digests: Vec::new() };
    for n in 0..7 {
        story.say(&format!("I take step {n}.")).await;
    }
    story.say("[EDIT: the door: it is painted red] I look at the door.").await;
    story.say("[TONE: dry] I go on.").await;
    let main = format!("{}/branches/main", story.session);
    world.put(&main, &json!({ "head": story.turns[4] })).await.ok();
    story.say("I take another way.").await;
    story.say("I follow it.").await;
    story.again(10).await;
    story.say("I go on behind what was told again.").await;
    world.put(&main, &json!({ "head": story.turns[8] })).await.ok();
    story.say("I am back on the first way.").await;
    story.again(6).await;
    story.say("I go on behind an earlier turn told again.").await;
    world
        .post(&format!("{}/branches", story.session), &json!({ "name": "side", "at": story.turns[2] }))
        .await
        .ok();
    for n in 0..4 {
        story.say(&format!("I take step {n} aside.")).await;
    }
    story.say("[RETCON: #2: the lamp was never lit] I look up.").await;
    story.say("I go on in the dark.").await;
    story.digests
}

#[tokio::test]
async fn what_is_remembered_never_changes_a_prompt() {
    let remembered = digests(Config::default().play.recent_bytes).await;
    assert_eq!(remembered.len(), 22);
    assert_eq!(remembered, digests(0).await);
    assert_eq!(remembered, digests(3_000).await, "what is forgotten is read again");
}

/// How often the turns before were read from the database while a story of five turns was played.
async fn histories_read(recent_bytes: u64) -> usize {
    let fake = FakeLlm::openai().await;
    let database = TempDb::sqlite();
    let settings = DatabaseSettings::at(database.url.clone());
    let world = World::start(Some(database), |config| {
        use_fake(config, &fake);
        config.play.recent_bytes = recent_bytes;
        config.database.slow_query_ms = 0;
    })
    .await;
    let session = world.session().await;
    for n in 0..5 {
        world.say(&session, &format!("I take step {n}.")).await;
    }
    // Closing writes the last statements down.
    world.app.database.close().await;
    let database = Database::open(&settings, chassis::Clock::system()).await.unwrap();
    let rows = database.fetch_all("SELECT query FROM slow_queries", &[]).await.unwrap();
    let queries = rows.iter().map(|row| row.get::<String>("query").unwrap());
    queries.filter(|query| query.contains("t.reply AS reply") && query.contains("path")).count()
}

#[tokio::test]
async fn what_is_remembered_is_not_read_again() {
    assert_eq!(histories_read(Config::default().play.recent_bytes).await, 0);
    assert_eq!(histories_read(0).await, 4);
}
