//! Who may speak to the endpoint: signatures, freshness, replays, broken bodies; and the public vectors.

use std::path::PathBuf;

use chimera::discord::{incoming::Interaction, verify::Verifier};
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Value, json};

use crate::stage::{Stage, command};

/// Vectors and payloads that lie beside the project.
fn data(folder: &str) -> PathBuf {
    let path =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/discord")).join(folder);
    assert!(path.is_dir(), "the test data is not at {}", path.display());
    path
}

fn read(path: &std::path::Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

async fn raw(stage: &Stage, headers: &[(&str, String)], body: &[u8]) -> (u16, Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.post(&stage.endpoint).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let response = request.body(body.to_vec()).send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
}

#[tokio::test]
async fn only_fresh_requests_signed_by_discord_are_taken_and_once() {
    let stage = Stage::start().await;
    let now_s = stage.app.clock.now().as_second();
    let body = command("analyze", &json!([])).to_string();
    let signed = |at_s: i64| stage.key.sign(&at_s.to_string(), body.as_bytes());
    let stranger = testkit::DiscordKey::from_seed([8; 32]);

    let check = async |headers: &[(&str, String)], body: &str, expected: (u16, &str)| {
        let (status, answer) = raw(&stage, headers, body.as_bytes()).await;
        assert_eq!((status, answer["code"].as_str().unwrap_or_default()), expected, "{answer}");
    };
    let refused = (401, "signature_refused");
    check(&[], &body, refused).await;
    check(&stranger.sign(&now_s.to_string(), body.as_bytes()), &body, refused).await;
    check(&signed(now_s), &body.replace("analyze", "unbind"), refused).await;
    check(&signed(now_s - 301), &body, refused).await;
    check(&signed(now_s + 302), &body, refused).await;
    assert_eq!(stage.waiting("analyze").await, 0);

    check(&signed(now_s), &body, (200, "")).await;
    check(&signed(now_s), &body, refused).await;
    check(&signed(now_s - 5), &body, refused).await;
    assert_eq!(stage.waiting("analyze").await, 1);
}

#[tokio::test]
async fn a_ping_is_answered_and_broken_bodies_are_not() {
    let stage = Stage::start().await;
    let ping = read(&data("interaction").join("ping_interaction.json"));
    assert_eq!(stage.answered(&ping).await, json!({ "type": 1 }));
    let now = stage.app.clock.now().as_second().to_string();
    for body in ["", "{", "[]", "{\"id\":7}", "{\"type\":2}", "null"] {
        let (status, answer) = raw(&stage, &stage.key.sign(&now, body.as_bytes()), body.as_bytes()).await;
        assert_eq!((status, answer["code"].as_str()), (400, Some("invalid_interaction")), "{body}");
    }
    let huge = vec![b' '; 600 * 1024];
    assert_eq!(raw(&stage, &stage.key.sign(&now, &huge), &huge).await.0, 413);
}

#[tokio::test]
async fn what_is_unknown_gets_a_clean_reply() {
    let stage = Stage::start().await;
    let mut newer = command("analyze", &json!([]));
    newer["type"] = json!(77);
    let posted = stage.post(&newer).await;
    assert_eq!((posted.status, posted.body["type"].as_u64()), (200, Some(4)));
    let other = stage.answered(&command("from-the-future", &json!([]))).await;
    assert_eq!(other["data"]["flags"], 64);
    assert!(other.to_string().contains("unknown"), "{other}");
}

#[tokio::test]
async fn every_example_of_discords_is_read_and_answered() {
    let stage = Stage::start().await;
    let now = stage.app.clock.now().as_second().to_string();
    let mut count = 0;
    for entry in std::fs::read_dir(data("interaction")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        serde_json::from_slice::<Interaction>(&bytes)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (status, answer) = raw(&stage, &stage.key.sign(&now, &bytes), &bytes).await;
        // Two of the examples share an id; the second is a replay.
        assert!(status == 200 || (status == 401 && count > 0), "{}: {status} {answer}", path.display());
        count += 1;
    }
    assert!(count >= 6, "{count}");
}

/// Discord prefixes the timestamp to what it signs, so a vector fits where its message begins with digits or the
/// check is made below the endpoint; all of them go through the same strict function.
#[test]
fn the_public_vectors_hold() {
    let hex = |value: &Value| hex::decode(value.as_str().unwrap()).unwrap();
    let verdict = |key: &[u8], message: &[u8], signature: &[u8]| {
        let key = <[u8; 32]>::try_from(key).ok().and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
        let signature = Signature::from_slice(signature).ok();
        key.zip(signature).is_some_and(|(key, signature)| key.verify_strict(message, &signature).is_ok())
    };
    let rfc = read(&data("ed25519").join("sign_input_a.json"));
    for vector in rfc.as_array().unwrap() {
        let (key, message, signature) = (hex(&vector["public"]), hex(&vector["msg"]), hex(&vector["sig"]));
        assert!(verdict(&key, &message, &signature), "{vector}");
        assert!(Verifier::new([vector["public"].as_str().unwrap()]).is_ok());
        let mut other = message.clone();
        other.push(0);
        assert!(!verdict(&key, &other, &signature));
    }
    let wycheproof = read(&data("ed25519").join("wycheproof_ed25519_a.json"));
    let mut count = 0;
    for group in wycheproof["testGroups"].as_array().unwrap() {
        let key = hex(&group["publicKey"]["pk"]);
        for test in group["tests"].as_array().unwrap() {
            let is_valid = test["result"] == "valid";
            assert_eq!(verdict(&key, &hex(&test["msg"]), &hex(&test["sig"])), is_valid, "{test}");
            count += 1;
        }
    }
    assert!(count >= 90, "{count}");
}
