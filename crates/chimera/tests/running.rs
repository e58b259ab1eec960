//! The programs that run until they are told to stop: they say so, show their health, and stop in order.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use std::{path::Path, time::Duration};

use serde_json::Value;
use testkit::{DiscordKey, DiscordRules, FakeDiscord, Program, Ready, Spawned, free_port};

const LIMIT: Duration = Duration::from_secs(30);

fn program(folder: &Path, arguments: &[&str]) -> Program {
    let program = Program::new(env!("CARGO_BIN_EXE_chimera")).args(arguments).folder(folder);
    ["CHIMERA_", "DISCORD_", "RIOT_", "DATABASE_", "REDIS_", "FEATURE_", "ARENA_", "AB_"]
        .into_iter()
        .fold(program, Program::without_env)
}

async fn started(program: Program) -> (Spawned, String) {
    let address = format!("127.0.0.1:{}", free_port().unwrap());
    let running = program.args(["--bind", &address]).spawn().unwrap();
    let ready = format!("http://{address}/ready");
    running.ready(Ready::Http(&ready), LIMIT).await.unwrap();
    (running, address)
}

async fn health(address: &str) -> Value {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("http://{address}/health")).send().await.unwrap();
    answer.json().await.unwrap()
}

fn component<'a>(health: &'a Value, name: &str) -> &'a Value {
    let components = health["components"].as_array().unwrap();
    components.iter().find(|component| component["name"] == name).unwrap()
}

#[tokio::test]
async fn server_and_worker_start_without_anything_and_stop_when_told() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["serve"][..], &["serve", "--no-worker"], &["worker"]] {
        let (mut running, address) = started(program(folder.path(), arguments)).await;
        let health = health(&address).await;
        assert_eq!((&health["status"], &health["service"]), (&"ok".into(), &"chimera".into()), "{health}");
        assert_eq!(component(&health, "database")["detail"], "SQLite");
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let metrics = client.get(format!("http://{address}/metrics")).send().await.unwrap();
        assert!(metrics.text().await.unwrap().contains("build_info"), "{arguments:?}");
        let status = running.terminate(LIMIT).await.unwrap();
        assert!(status.success(), "{arguments:?} ended with {status}: {}", running.output());
    }
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut running = program(folder.path(), &["serve", "--bind", &address]).spawn().unwrap();
    let status = running.wait(LIMIT).await.unwrap();
    assert!(!status.success() && running.output().contains(&address), "{}", running.output());
}

#[tokio::test]
async fn a_riot_key_in_a_file_is_taken_up_when_it_changes() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, "\n").unwrap();
    let (running, address) =
        started(program(folder.path(), &["serve", "--set", "riot.api_key_file=key"])).await;
    let before = health(&address).await;
    assert!(component(&before, "riot")["detail"].as_str().unwrap().contains("no key"), "{before}");
    std::fs::write(&key, "RGAPI-00000000-0000-0000-0000-000000000000\n").unwrap();
    running.wait_line("the Riot key was replaced", LIMIT).await.unwrap();
    let seen = async {
        while component(&health(&address).await, "riot")["detail"] != "a key is set" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LIMIT, seen).await.unwrap();
    assert!(!running.output().contains("RGAPI-0000"), "{}", running.output());
}

#[tokio::test]
async fn commands_are_registered_with_the_bots_token() {
    let folder = tempfile::tempdir().unwrap();
    let discord = FakeDiscord::start(DiscordRules::default());
    let base_url = format!("discord.api_base_url={}", discord.base_url());
    let register = |token: &str| {
        program(folder.path(), &["register-commands", "--set", &base_url])
            .env("DISCORD_APPLICATION_ID", "9001")
            .env("DISCORD_BOT_TOKEN", token)
            .spawn()
            .unwrap()
    };
    let mut nobody = program(folder.path(), &["register-commands"]).spawn().unwrap();
    assert!(!nobody.wait(LIMIT).await.unwrap().success());
    assert!(nobody.output().contains("DISCORD_APPLICATION_ID"), "{}", nobody.output());
    let mut wrong = register("some-other-token");
    assert!(!wrong.wait(LIMIT).await.unwrap().success());
    assert!(!wrong.output().contains("some-other-token"), "{}", wrong.output());
    let mut right = register(discord.bot_token());
    assert!(right.wait(LIMIT).await.unwrap().success(), "{}", right.output());
    let names: Vec<String> =
        discord.commands().as_array().unwrap().iter().map(|it| it["name"].to_string()).collect();
    for name in ["bind", "analyze", "team-analyze", "settings", "help"] {
        assert!(names.contains(&format!("{name:?}")), "{name} is missing in {names:?}");
    }
}

/// The server has the endpoint, and a worker has not.
#[tokio::test]
async fn interactions_are_taken_by_the_server_alone() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let key = DiscordKey::from_seed([7; 32]);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (arguments, expected) in [("serve", [401, 200]), ("worker", [404, 404])] {
        let program = program(folder.path(), &[arguments])
            .env("DISCORD_APPLICATION_ID", "9001")
            .env("DISCORD_PUBLIC_KEY", key.public_hex());
        let (_running, address) = started(program).await;
        let url = format!("http://{address}/discord/interactions");
        let body = r#"{"id":"1","application_id":"9001","type":1,"token":"t","version":1}"#;
        let forged = client.post(&url).body(body).send().await.unwrap();
        let now = chassis::clock::Clock::system().now().as_second().to_string();
        let signed = key.sign(&now, body.as_bytes());
        let request = signed.into_iter().fold(client.post(&url), |it, (name, value)| it.header(name, value));
        let signed = request.body(body).send().await.unwrap();
        assert_eq!([forged.status().as_u16(), signed.status().as_u16()], expected, "{arguments}");
        if expected[1] == 200 {
            assert_eq!(signed.json::<Value>().await.unwrap()["type"], 1);
        }
    }
}
