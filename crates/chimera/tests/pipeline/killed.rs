//! A program that is killed at any point neither loses nor doubles a review.

use std::{collections::BTreeSet, path::Path, time::Duration};

use serde_json::json;
use testkit::{
    DiscordKey, DiscordRules, FakeDiscord, FakeRiot, Program, Ready, RiotRules, Spawned, TempDb, TempRedis,
    free_port,
};

use crate::world::{
    CHANNEL, LIMIT, RIFT, application, interaction, match_bytes, record, timeline_bytes, words,
};

const ROUNDS: u64 = 12;
/// Requests in each round.
const EACH: u64 = 4;

struct Outside {
    discord: FakeDiscord,
    riot: FakeRiot,
    key: DiscordKey,
}

fn outside() -> Outside {
    let discord = FakeDiscord::start(DiscordRules::default());
    let riot = FakeRiot::start(RiotRules { app_limits: "2000:1".to_owned(), ..RiotRules::default() });
    riot.put_match(match_bytes(RIFT));
    riot.put_timeline(RIFT, timeline_bytes(RIFT).unwrap());
    for player in &record(RIFT).info.participants {
        let number = player.participant_id.count();
        riot.put_account(&player.puuid, &format!("Player{number}"), "TEST", "euw1");
    }
    Outside { discord, riot, key: DiscordKey::from_seed([9; 32]) }
}

/// A fresh process over the same tables.
async fn started(outside: &Outside, folder: &Path, database: &str, redis: Option<&str>) -> (Spawned, String) {
    let address = format!("127.0.0.1:{}", free_port().unwrap());
    let base_url = outside.riot.base_url();
    let public_key = outside.key.public_hex();
    let discord = outside.discord.base_url();
    let mut settings = vec![
        format!("database.url={database}"),
        format!("discord.application_id={}", application()),
        format!("discord.public_key={public_key}"),
        format!("discord.api_base_url={discord}"),
        format!("riot.base_url={base_url}"),
        "queue.lease_seconds=1".to_owned(),
        "queue.poll_ms=20".to_owned(),
        "queue.max_attempts=50".to_owned(),
    ];
    if let Some(redis) = redis {
        settings.push("queue.backend=redis".to_owned());
        settings.push(format!("queue.redis_url={redis}"));
    }
    let mut arguments = vec!["serve".to_owned(), "--bind".to_owned(), address.clone()];
    for setting in settings {
        arguments.extend(["--set".to_owned(), setting]);
    }
    let program = Program::new(env!("CARGO_BIN_EXE_chimera"))
        .args(&arguments)
        .folder(folder)
        .env("RIOT_API_KEY", &RiotRules::default().key)
        .env("DISCORD_BOT_TOKEN", outside.discord.bot_token());
    let running = program.spawn().unwrap();
    running.ready(Ready::Http(&format!("http://{address}/ready")), LIMIT).await.unwrap();
    (running, format!("http://{address}{}", chimera::discord::interactions::PATH))
}

/// Asks for reviews, kills the program at a moment that differs from round to round, and lets a last one finish.
async fn storm(database: &TempDb, redis: Option<&str>) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (outside, folder) = (outside(), tempfile::tempdir().unwrap());
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let (mut running, endpoint) = started(&outside, folder.path(), &database.url, redis).await;
        for number in 0..EACH {
            let player = (round * EACH + number) % 10 + 1;
            let token = format!("storm-{round}-{number}");
            let options = json!([{ "name": "target", "type": 3, "value": format!("Player{player}#TEST") }]);
            let asked = interaction("analyze", &options, "en-US", &token);
            let now = chassis::clock::Clock::system().now().as_second();
            let posted = outside.discord.post_interaction(&endpoint, &outside.key, now, &asked).await;
            assert_eq!(posted.failure, None, "{:?}", posted.body);
            acknowledged.push(token);
        }
        // Every round is cut at another point of its reviews.
        tokio::time::sleep(Duration::from_millis(round * 23)).await;
        running.kill().await.unwrap();
    }
    let (_running, _) = started(&outside, folder.path(), &database.url, redis).await;
    let all_there = |fake: &FakeDiscord| {
        acknowledged.iter().all(|token| fake.original(token).is_some_and(|it| it["embeds"][0].is_object()))
    };
    let done = outside.discord.wait_until(LIMIT * 2, all_there).await;
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|token| !outside.discord.original(token).is_some_and(|it| it["embeds"][0].is_object()))
        .collect();
    assert!(done, "lost: {lost:?}");
    for token in &acknowledged {
        let state = outside.discord.interaction(token).unwrap();
        let shown: BTreeSet<String> = state
            .edits
            .iter()
            .map(|edit| words(&json!({ "embeds": [{ "fields": edit["embeds"][0]["fields"] }] })))
            .collect();
        assert_eq!(shown.len(), 1, "{token} was answered in two ways");
        assert!(state.followups.is_empty());
    }
    assert!(outside.discord.channel_messages(CHANNEL).is_empty());
    assert_eq!(outside.discord.refusals(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_program_loses_and_doubles_no_review_on_sqlite() {
    storm(&TempDb::sqlite(), None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_program_loses_and_doubles_no_review_on_postgres() {
    let Some(database) = TempDb::postgres().await else { return };
    storm(&database, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_program_loses_and_doubles_no_review_through_redis() {
    let Some(redis) = TempRedis::start().await else { return };
    storm(&TempDb::sqlite(), Some(&redis.url)).await;
}
