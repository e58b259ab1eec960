//! The fake gateway with the shard of the library that our program uses.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{DiscordRules, FakeDiscord};
use tokio::sync::mpsc;
use twilight_gateway::{
    ConfigBuilder, Event, EventTypeFlags, Intents, Shard, ShardId, StreamExt, error::ReceiveMessageErrorType,
};

const LIMIT: Duration = Duration::from_secs(30);

fn start(heartbeat_ms: u64) -> FakeDiscord {
    let heartbeat_interval = Duration::from_millis(heartbeat_ms);
    FakeDiscord::start(DiscordRules { heartbeat_interval, ..DiscordRules::default() })
}

fn shard(fake: &FakeDiscord, token: &str) -> Shard {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let config = ConfigBuilder::new(token.to_owned(), Intents::empty()).proxy_url(fake.gateway_url()).build();
    Shard::with_config(ShardId::ONE, config)
}

/// Runs a shard; the tokens of the interactions it hears of.
fn run(mut shard: Shard) -> mpsc::UnboundedReceiver<String> {
    let (heard, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(item) = shard.next_event(EventTypeFlags::all()).await {
            match item {
                Ok(Event::InteractionCreate(interaction)) => heard.send(interaction.token.clone()).unwrap(),
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ReceiveMessageErrorType::Deserializing { .. }) => {
                    panic!("{error:?}")
                }
                Err(_) => {}
            }
        }
    });
    receiver
}

fn interaction(token: &str) -> Value {
    json!({
        "id": "1", "type": 2, "token": token, "channel_id": "5", "data": {"id": "5", "name": "analyze", "type": 1},
        "user": {"id": "3", "username": "u", "discriminator": "0", "avatar": null},
    })
}

async fn next(heard: &mut mpsc::UnboundedReceiver<String>) -> String {
    tokio::time::timeout(LIMIT, heard.recv()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_shard_identifies_beats_and_hears() {
    let fake = start(40);
    fake.send_interaction(&interaction("before"));
    let mut heard = run(shard(&fake, fake.bot_token()));
    assert_eq!(next(&mut heard).await, "before");
    fake.send_interaction(&interaction("after"));
    assert_eq!(next(&mut heard).await, "after");
    assert!(fake.wait_until(LIMIT, |fake| fake.gateway_counts().heartbeats >= 3).await);
    let counts = fake.gateway_counts();
    assert_eq!((counts.connections, counts.identifies, counts.resumes), (1, 1, 0));
    assert_eq!(fake.gateway_refusals(), Vec::<String>::new());
    assert!(fake.interaction("after").is_some_and(|state| !state.is_acknowledged));
}

#[tokio::test]
async fn a_lost_connection_is_resumed_and_nothing_is_missed() {
    let check = async |cut: &dyn Fn(&FakeDiscord), what: &str| {
        let fake = start(5_000);
        let mut heard = run(shard(&fake, fake.bot_token()));
        fake.send_interaction(&interaction("one"));
        assert_eq!(next(&mut heard).await, "one", "{what}");
        cut(&fake);
        fake.send_interaction(&interaction("two"));
        assert_eq!(next(&mut heard).await, "two", "{what}");
        assert!(fake.wait_until(LIMIT, |fake| fake.gateway_counts().resumes == 1).await, "{what}");
        assert_eq!(fake.gateway_counts().identifies, 1, "{what}");
    };
    check(&|fake| fake.drop_gateway(), "cut").await;
    check(&|fake| fake.close_gateway(4000), "closed").await;
    check(&|fake| fake.ask_to_reconnect(), "asked to reconnect").await;
    check(&|fake| fake.invalidate_session(true), "invalid, to be resumed").await;
}

#[tokio::test]
async fn an_invalid_session_is_begun_anew() {
    let fake = start(5_000);
    let mut heard = run(shard(&fake, fake.bot_token()));
    fake.send_interaction(&interaction("one"));
    assert_eq!(next(&mut heard).await, "one");
    fake.invalidate_session(false);
    fake.send_interaction(&interaction("two"));
    assert_eq!(next(&mut heard).await, "two");
    assert_eq!(fake.gateway_counts().identifies, 2);
}

#[tokio::test]
async fn a_silent_gateway_is_left_and_found_again() {
    let fake = start(100);
    let mut heard = run(shard(&fake, fake.bot_token()));
    assert!(fake.wait_until(LIMIT, FakeDiscord::has_session).await);
    fake.silence_heartbeats(true);
    assert!(fake.wait_until(LIMIT, |fake| fake.gateway_counts().connections >= 2).await);
    fake.silence_heartbeats(false);
    fake.send_interaction(&interaction("again"));
    assert_eq!(next(&mut heard).await, "again");
}

#[tokio::test]
async fn a_wrong_token_ends_it_for_good() {
    let fake = start(5_000);
    let mut shard = shard(&fake, "wrong");
    let ended = async { while shard.next_event(EventTypeFlags::all()).await.is_some() {} };
    tokio::time::timeout(LIMIT, ended).await.unwrap();
    assert_eq!(fake.gateway_refusals(), ["4004: authentication failed"]);
}
