//! Everything that can stop a review ends in a sentence to the person, and the tables say what happened.

use chassis::Secret;
use chimera::{
    discord::requests::{ANALYZE_JOB, BIND_JOB},
    store::{
        analyses::{self, AnalysisKey},
        deliveries::{self, NewDelivery},
    },
};
use serde_json::{Value, json};
use testkit::{DiscordRoute, DiscordStep, RiotEndpoint, RiotStep, TempDb};

use crate::world::{CHANNEL, LIMIT, RIFT, USER, World, reply_to, words};

/// What the asker reads, and what the review's row says.
async fn told(world: &World, options: &Value) -> String {
    words(&world.answered("analyze", options, "en-US").await)
}

async fn failed_with(world: &World) -> String {
    let row = world.app.database.fetch_one("SELECT status, error FROM analyses", &[]).await.unwrap();
    assert_eq!(row.get::<String>("status").unwrap(), "failed");
    row.get("error").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_can_put_right_is_said() {
    let world = World::new().await;
    assert!(told(&world, &json!([])).await.contains("/bind"));
    world.ready(RIFT, 0).await;
    let check = async |options: Value, word: &str| {
        let text = told(&world, &options).await;
        assert!(text.contains(word), "`{word}` is missing in\n{text}");
    };
    check(json!([{ "name": "match_index", "type": 4, "value": 9 }]), "1").await;
    check(json!([{ "name": "target", "type": 3, "value": "7" }]), "1").await;
    check(json!([{ "name": "target", "type": 3, "value": "<@80351110224678999>" }]), "no account").await;
    check(json!([{ "name": "target", "type": 3, "value": "Nobody#NONE" }]), "Riot").await;
    assert_eq!(world.app.queue.dead(10).await.unwrap().len(), 0, "nobody else has to look at these");
}

#[tokio::test(flavor = "multi_thread")]
async fn anybodys_match_is_found_by_riot_id() {
    let world = World::new().await;
    world.put_match(RIFT, 5);
    let message = world
        .answered("analyze", &json!([{ "name": "target", "type": 3, "value": "Tester#TEST" }]), "en-US")
        .await;
    assert!(message["embeds"][0]["fields"].as_array().unwrap().len() > 3, "{message}");
    assert_eq!(world.rows("user_profiles").await, 0, "the match is not the asker's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_mode_is_named_and_not_tried_again() {
    let world = World::new().await;
    world.ready(RIFT, 0).await;
    world.riot.make_private(RIFT);
    let text = told(&world, &json!([])).await;
    assert!(text.contains("private") || text.contains("share"), "{text}");
    assert_eq!(failed_with(&world).await, "not_shared: Riot does not share this match");
    assert_eq!(world.riot.calls(RiotEndpoint::Match), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_is_the_operators_and_a_new_one_helps_at_once() {
    let world = World::new().await;
    world.ready(RIFT, 0).await;
    world.riot.set_key("RGAPI-rotated");
    let text = told(&world, &json!([])).await;
    assert!(!text.contains("RGAPI") && !text.to_lowercase().contains("your key"), "{text}");
    while world.app.queue.dead(10).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    world.app.riot.set_key(&Secret::new("RGAPI-rotated".to_owned()));
    assert!(told(&world, &json!([])).await.contains("Strengths"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_key_is_said_without_blaming_the_player() {
    let world = World::start(TempDb::sqlite(), None, |config| config.riot.api_key = Secret::default()).await;
    world.ready(RIFT, 0).await;
    let text = told(&world, &json!([])).await;
    assert!(text.contains("operator") || text.contains("runs this bot"), "{text}");
    assert_eq!(world.riot.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_riot_that_is_down_is_said_so_after_the_last_try() {
    let world = World::start(TempDb::sqlite(), None, |config| config.queue.max_attempts = 1).await;
    world.ready(RIFT, 0).await;
    world.riot.always([RiotStep::Status(503)]);
    let text = told(&world, &json!([])).await;
    assert!(text.contains("Riot"), "{text}");
}

/// A request that came so many minutes ago.
async fn came(world: &World, token: &str, minutes_ago: i64) {
    let at = world.app.clock.now().as_millisecond() - minutes_ago * 60 * 1_000;
    world.discord.open_deferred("1199", token);
    let payload = json!({
        "reply": reply_to(token, true, at), "kind": "analyze", "match_index": 1, "target": "primary",
    });
    let job = jobs::NewJob::new(ANALYZE_JOB, &payload).unwrap().max_attempts(1);
    world.app.queue.enqueue_now(&job).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn room_under_riots_limits_is_waited_for_while_there_is_time() {
    let limited = async |minutes_ago: i64| {
        let world = World::new().await;
        world.ready(RIFT, 0).await;
        world.riot.always([RiotStep::refuse("service", "90")]);
        came(&world, "limited", minutes_ago).await;
        world
    };
    let early = limited(1).await;
    while early.app.queue.stats().await.unwrap().iter().all(|kind| kind.delayed == 0) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let row = early.app.database.fetch_one("SELECT attempts, state FROM job_queue", &[]).await.unwrap();
    assert_eq!(
        (row.get::<i64>("attempts").unwrap(), row.get::<String>("state").unwrap()),
        (0, "live".into())
    );
    let late = limited(11).await;
    let text = words(&late.edit("limited").await);
    assert!(text.contains("limit is used up"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_whose_workers_died_is_told_and_failed() {
    let world = World::new().await;
    let puuid = world.ready(RIFT, 0).await;
    world.app.queue.pause(Some(ANALYZE_JOB)).await.unwrap();
    came(&world, "died", 1).await;
    let key = AnalysisKey { match_id: RIFT.to_owned(), puuid: puuid.clone(), kind: "analyze".to_owned() };
    let owed = NewDelivery {
        interaction_id: "1199".to_owned(),
        match_id: Some(RIFT.to_owned()),
        puuid: Some(puuid),
        kind: "analyze".to_owned(),
    };
    let now = world.app.clock.now();
    let mut left = world.app.database.begin().await.unwrap();
    analyses::start(&mut left, &key, USER, now).await.unwrap();
    deliveries::open(&mut left, &owed, now).await.unwrap();
    left.execute("UPDATE job_queue SET attempts = max_attempts", &[]).await.unwrap();
    left.commit().await.unwrap();
    world.app.queue.resume(Some(ANALYZE_JOB)).await.unwrap();
    let text = words(&world.edit("died").await);
    assert!(text.contains("could not be finished") && text.contains(RIFT), "{text}");
    assert!(failed_with(&world).await.contains("death of their worker"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_broken_timeline_makes_a_partial_review() {
    for id in ["NA1_5471452820", RIFT] {
        let world = World::new().await;
        world.ready(id, 0).await;
        if id == RIFT {
            world
                .riot
                .put_timeline(id, b"{\"metadata\":{\"matchId\":\"EUW1_7684569678\"},\"info\":{}}".to_vec());
        }
        let text = told(&world, &json!([])).await;
        assert!(text.contains("Strengths"), "{text}");
        assert!(text.to_lowercase().contains("timeline"), "what is missing is said: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn once_the_token_is_gone_the_review_goes_to_the_channel_once() {
    let world = World::start(TempDb::sqlite(), None, |config| config.queue.lease_seconds = 1).await;
    world.ready(RIFT, 0).await;
    let twenty_minutes_ago = world.app.clock.now().as_millisecond() - 20 * 60 * 1_000;
    let payload = json!({
        "reply": reply_to("long-gone", true, twenty_minutes_ago),
        "kind": "analyze", "match_index": 1, "target": "primary",
    });
    for _ in 0..2 {
        let job = jobs::NewJob::new(ANALYZE_JOB, &payload).unwrap();
        world.app.queue.enqueue_now(&job).await.unwrap();
    }
    let posted = world.discord.wait_until(LIMIT, |fake| !fake.channel_messages(CHANNEL).is_empty()).await;
    assert!(posted, "{:?}", world.discord.refusals());
    while world
        .app
        .queue
        .stats()
        .await
        .unwrap()
        .iter()
        .any(|kind| kind.ready + kind.delayed + kind.running > 0)
    {
        tokio::task::yield_now().await;
    }
    let messages = world.discord.channel_messages(CHANNEL);
    assert_eq!(messages.len(), 1);
    assert!(messages[0]["content"].as_str().unwrap().contains(USER));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_refusals_shuts_the_door_and_no_request_behind_it_is_lost() {
    const REQUESTS: usize = 250;
    let world = World::start(TempDb::sqlite(), None, |config| config.queue.max_attempts = 1).await;
    world.ready(RIFT, 0).await;
    let storm = [DiscordStep::Status(401), DiscordStep::Status(403), DiscordStep::rate_limited(0.01)];
    world.discord.always(storm);
    let now = world.app.clock.now().as_millisecond();
    for number in 0..REQUESTS {
        let (id, token) = (format!("77{number}"), format!("storm-{number}"));
        world.discord.open_deferred(&id, &token);
        let mut reply = reply_to(&token, true, now);
        reply["interaction_id"] = id.into();
        let payload = json!({ "reply": reply, "kind": "analyze", "match_index": 1, "target": "primary" });
        let job = jobs::NewJob::new(ANALYZE_JOB, &payload).unwrap().max_attempts(1);
        world.app.queue.enqueue_now(&job).await.unwrap();
    }
    let waiting = loop {
        let stats = world.app.queue.stats().await.unwrap();
        let waiting: u64 = stats.iter().map(|kind| kind.delayed).sum();
        if waiting > 0 && stats.iter().all(|kind| kind.ready + kind.running == 0) {
            break waiting;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let refused = world.discord.invalid_requests();
    assert!((50..100).contains(&refused), "{refused} refusals in ten minutes");
    assert!(waiting >= REQUESTS as u64 - 100, "only {waiting} wait for the door");

    world.discord.always([]);
    world.app.discord.guard().resume();
    // The minute that they were put off by is over.
    world
        .app
        .database
        .execute("UPDATE job_queue SET visible_at_ms = 0 WHERE state = 'live'", &[])
        .await
        .unwrap();
    let is_told = |fake: &testkit::FakeDiscord| {
        (0..REQUESTS).any(|number| {
            fake.original(&format!("storm-{number}")).is_some_and(|it| it["embeds"][0].is_object())
        })
    };
    assert!(world.discord.wait_until(LIMIT, is_told).await, "{:?}", world.discord.refusals());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discord_that_is_down_for_a_while_gets_the_review_later() {
    let world = World::new().await;
    world.ready(RIFT, 0).await;
    for _ in 0..3 {
        world.discord.push(DiscordRoute::EditOriginal, DiscordStep::Status(503));
    }
    assert!(told(&world, &json!([])).await.contains("Strengths"));
    assert_eq!(world.rows("analyses").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_linked_by_the_form() {
    let world = World::new().await;
    world.put_match(RIFT, 0);
    let payload = json!({
        "reply": reply_to("bind-token", false, world.app.clock.now().as_millisecond()),
        "game_name": "Tester", "tag_line": "TEST", "platform": "euw1", "main_roles": ["mid"], "nickname": null,
    });
    world.discord.open_deferred("1199", "bind-token");
    let job = jobs::NewJob::new(BIND_JOB, &payload).unwrap();
    world.app.queue.enqueue_now(&job).await.unwrap();
    let card = words(&world.edit("bind-token").await);
    assert!(card.contains("Tester"), "{card}");
    let accounts = chimera::store::accounts::list(&world.app.database, USER).await.unwrap();
    assert_eq!(accounts.len(), 1);
    assert!(accounts[0].is_primary);
}
