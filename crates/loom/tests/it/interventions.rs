//! The six interventions through the program: what they change, who may use them, what is audited.

use serde_json::{Value, json};
use testkit::{
    FakeLlm,
    fake_llm::{Script, UsageShape},
    temp_db::TempDb,
};

use crate::world::{SMALL_CANON, World};

fn reply(text: &str) -> Script {
    Script::Reply { text: text.to_owned(), chunk_chars: 5, usage: UsageShape::Plain }
}

/// The whole prompt of the last call, as one text.
fn last_prompt(fake: &FakeLlm) -> String {
    let requests = fake.requests();
    let messages = requests.last().unwrap().body["messages"].as_array().unwrap().clone();
    messages.iter().map(|message| message["content"].as_str().unwrap().to_owned() + "\n").collect()
}

#[tokio::test]
async fn an_edit_is_carried_by_every_later_prompt_and_rolled_back_with_its_turn() {
    let fake = FakeLlm::openai().await;
    fake.always(reply("Ada says nothing."));
    let world = World::with_model(&fake).await;
    let session = world.session().await;
    let before = world.say(&session, "I wait.").await["turn"]["id"].clone();
    world.say(&session, "[EDIT: the door: it was bricked up years ago] I turn round.").await;
    assert!(last_prompt(&fake).contains("it was bricked up years ago"), "in force in its own turn");
    for n in 0..3 {
        world.say(&session, &format!("I count to {n}.")).await;
        assert!(last_prompt(&fake).contains("it was bricked up years ago"));
    }
    let facts = world.get(&format!("{session}/facts")).await.ok();
    assert_eq!(
        (facts["facts"][0]["subject"].as_str(), facts["facts"][0]["turn_number"].as_i64()),
        (Some("the door"), Some(2))
    );
    world.put(&format!("{session}/branches/main"), &json!({ "head": before })).await.ok();
    world.say(&session, "I look at the wall.").await;
    let prompt = last_prompt(&fake);
    assert!(!prompt.contains("bricked up"), "a rolled back fact is gone: {prompt}");
    assert_eq!(world.get(&format!("{session}/facts")).await.ok()["facts"], json!([]));
}

#[tokio::test]
async fn ooc_tone_intent_and_query_take_effect_in_the_turn() {
    let fake = FakeLlm::openai().await;
    let world = World::with_model(&fake).await;
    let session = world.session().await;
    fake.push(reply("<<answer>>\nIt never goes out by itself.\n<<end>>\nThe flame leans towards you."));
    let line =
        "I bend down. (OOC: shorter, please) [TONE: 冷峻] 【意图：看清灯芯】 [QUERY: can the lamp go out?]";
    let turn = world.say(&session, line).await["turn"].clone();
    let prompt = last_prompt(&fake);
    for expected in ["shorter, please", "冷峻", "看清灯芯", "can the lamp go out?", "I bend down."] {
        assert!(prompt.contains(expected), "{expected} is missing in {prompt}");
    }
    assert_eq!(turn["reply"], "The flame leans towards you.", "the answer is not part of the story");
    assert_eq!(turn["answers"][0]["answer"], "It never goes out by itself.");
    assert_eq!(turn["answers"][0]["by"], "narrator");
    assert_eq!(turn["interventions"].as_array().unwrap().len(), 4);
    fake.push(reply("The flame stands still."));
    world.say(&session, "I wait.").await;
    let prompt = last_prompt(&fake);
    assert!(prompt.contains("冷峻"), "a tone stays");
    assert!(
        !prompt.contains("看清灯芯")
            || prompt.matches("看清灯芯").count() == prompt.matches("意图：看清灯芯").count()
    );
}

#[tokio::test]
async fn a_retcon_opens_a_branch_at_the_changed_turn_and_names_whom_it_reaches() {
    for database in TempDb::each().await {
        let fake = FakeLlm::openai().await;
        fake.always(reply("It is so."));
        let world = World::start(Some(database), |config| crate::world::use_fake(config, &fake)).await;
        let session = world.session().await;
        let set =
            world.say(&session, "[EDIT: the key: it hangs behind the clock] I nod.").await["turn"]["id"]
                .clone();
        let plain = world.say(&session, "I go to the yard.").await["turn"]["id"].clone();
        let cites = world.say(&session, "I take the key.").await["turn"]["id"].clone();
        fake.push(reply("The key is warm in your hand."));
        let told = world.say(&session, "I close my hand.").await["turn"]["id"].clone();
        let turn =
            world.say(&session, "[RETCON: the key: it was never there] I reach behind the clock.").await;
        let retcon = &turn["turn"]["retcon"];
        assert_eq!(
            (turn["branch"].as_str(), turn["turn"]["parent_id"].clone()),
            (Some("retcon-1"), set.clone())
        );
        assert_eq!(retcon["affected"], json!([cites, told]), "both that name the key, and not {plain}");
        assert_eq!((retcon["at_turn"].clone(), retcon["from_branch"].as_str()), (set, Some("main")));
        assert!(last_prompt(&fake).contains("it was never there"));
        let main = world.get(&format!("{session}/turns?branch=main")).await.ok();
        assert_eq!(main["items"].as_array().unwrap().len(), 4, "what was left is all there");
        let again = turn["turn"]["id"].as_str().unwrap();
        let again =
            world.post(&format!("{session}/turns/{again}/regenerate"), &json!({ "key": "again" })).await.ok();
        assert_eq!((again["branch"].as_str(), again["turn"]["number"].as_i64()), (Some("retcon-1"), Some(2)));
        assert!(last_prompt(&fake).contains("it was never there"));
        let id = again["turn"]["id"].as_str().unwrap();
        let explained = world.get(&format!("{session}/turns/{id}/explain")).await.ok();
        assert_eq!(explained["faithful"], json!(true), "a retcon told again explains itself as well");
    }
}

#[tokio::test]
async fn brackets_that_cannot_be_read_are_refused_before_anything_is_played() {
    let world = World::offline().await;
    let session = world.session().await;
    let cases = [
        ("[EDIT: the door is red] I go.", "intervention_unreadable"),
        ("[EDIT: the door: it is red I go.", "intervention_unreadable"),
        ("[RETCON: the moon: it was full]", "retcon_unknown"),
        ("[RETCON: #9: nothing happened]", "retcon_unknown"),
        ("   \n ", "input_empty"),
    ];
    for (number, (input, code)) in cases.into_iter().enumerate() {
        let body = json!({ "key": format!("k{number}"), "input": input });
        world.post(&format!("{session}/turns"), &body).await.problem(422, code);
    }
    assert_eq!(world.rows("turns").await, 0);
}

#[tokio::test]
async fn what_the_canon_denies_is_left_out_reported_and_audited() {
    let fake = FakeLlm::openai().await;
    fake.always(reply("The door stays as it is."));
    let canon = SMALL_CANON
        .replace("  edit: builder\n", "  edit: builder\n  world_edit: operator\n  retcon: nobody\n");
    let world = World::start(Some(TempDb::sqlite()), |config| {
        crate::world::use_fake(config, &fake);
        std::fs::write(config.canon.directory.join("small/canon.md"), &canon).unwrap();
    })
    .await;
    let user = world.app.auth.add_user("ann", loom_core::access::Role::Player).await.unwrap();
    let (_, token) = world.app.auth.add_token(&user.id, "test").await.unwrap();
    let send = |method, path: String, body: Value| {
        let request = world.request(method, &path).bearer_auth(&token).json(&body);
        world.send(request)
    };
    let session = send(reqwest::Method::POST, "/api/v1/sessions".into(), json!({})).await.ok();
    let path = format!("/api/v1/sessions/{}/turns", session["id"].as_str().unwrap());
    let line = "[EDIT: the door: it stands open] [RETCON: #1: no] I push the door.";
    let turn =
        send(reqwest::Method::POST, path, json!({ "key": "k", "input": line })).await.ok()["turn"].clone();
    assert_eq!(
        turn["interventions"][0],
        json!({ "kind": "EDIT", "content": "the door: it stands open", "outcome": "denied", "needed": "operator" })
    );
    assert_eq!(turn["interventions"][1]["outcome"], "denied");
    assert_eq!(turn["reply"], "The door stays as it is.", "the story goes on");
    assert!(!last_prompt(&fake).contains("it stands open"));
    let denied: Vec<Value> = world.audit().into_iter().filter(|line| line["outcome"] == "denied").collect();
    assert_eq!(denied.len(), 2, "{denied:?}");
    assert_eq!(
        (denied[0]["actor"].as_str(), denied[0]["action"].as_str()),
        (Some("ann"), Some("intervention.edit"))
    );
}
