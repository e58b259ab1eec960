//! The same commands through a gateway connection that breaks.

use chimera::discord::gateway::{self, GatewayError};
use serde_json::json;
use testkit::FakeDiscord;

use crate::stage::{PATIENCE, Stage, command, text_of};

#[tokio::test]
async fn interactions_come_through_a_gateway_that_breaks() {
    let stage = Stage::start().await;
    let running = tokio::spawn(gateway::run(stage.app.clone(), stage.shutdown.token()));
    assert!(
        stage.fake.wait_until(PATIENCE, FakeDiscord::has_session).await,
        "{:?}",
        stage.fake.gateway_refusals()
    );

    let analyze = command("analyze", &json!([]));
    stage.fake.send_interaction(&analyze);
    let acknowledged = |token: &str| {
        let token = token.to_owned();
        move |fake: &FakeDiscord| fake.interaction(&token).is_some_and(|seen| seen.is_acknowledged)
    };
    let token = analyze["token"].as_str().unwrap();
    assert!(stage.fake.wait_until(PATIENCE, acknowledged(token)).await, "{:?}", stage.fake.refusals());
    assert_eq!(stage.waiting("analyze").await, 1);

    stage.fake.drop_gateway();
    assert!(stage.fake.wait_until(PATIENCE, |fake| fake.gateway_counts().resumes >= 1).await);
    let help = command("help", &json!([]));
    stage.fake.send_interaction(&help);
    assert!(stage.fake.wait_until(PATIENCE, acknowledged(help["token"].as_str().unwrap())).await);
    assert!(text_of(&stage.seen(&help).original.unwrap()).starts_with("What I can do"));

    let accounts = command("accounts", &json!([]));
    stage.fake.send_interaction(&accounts);
    assert!(stage.edited(&accounts).await.starts_with("Linked accounts"));

    stage.fake.send_interaction(&analyze);
    let settings = command("settings", &json!([]));
    stage.fake.send_interaction(&settings);
    stage.edited(&settings).await;
    assert_eq!(stage.waiting("analyze").await, 1, "a repeated event is taken once");

    stage.shutdown.trigger();
    assert_eq!(tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap(), Ok(()));
    assert_eq!(stage.fake.refusals(), Vec::<String>::new());
    assert_eq!(stage.fake.gateway_refusals(), Vec::<String>::new());
}

#[tokio::test]
async fn a_refused_token_ends_the_gateway_with_a_reason() {
    let stage = Stage::start().await;
    let running = tokio::spawn(gateway::run(stage.app.clone(), stage.shutdown.token()));
    assert!(stage.fake.wait_until(PATIENCE, FakeDiscord::has_session).await);
    stage.fake.close_gateway(4004);
    let ended = tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap();
    assert_eq!(ended, Err(GatewayError::ClosedForGood));
}
