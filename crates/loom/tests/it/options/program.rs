//! Options that only the process shows: where it listens, how it stops, what it writes down, what it watches.

use std::{path::Path, time::Duration};

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{
    FakeLlm,
    fake_llm::Script,
    process::{Program, Spawned},
};

use super::{LIMIT, until};
use crate::world::{SMALL_CANON, install};

/// `loom` in a folder of its own.
struct Running {
    url: String,
    program: Spawned,
    client: Client,
    folder: TempDir,
}

fn folder() -> TempDir {
    install();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("canon/small")).unwrap();
    std::fs::write(folder.path().join("canon/small/canon.md"), SMALL_CANON).unwrap();
    folder
}

fn program(folder: &Path, settings: &[(&str, &str)], command: &[&str]) -> Program {
    let usual = [("server.bind", "127.0.0.1:0"), ("canon.default", "small")];
    let settings = usual.iter().chain(settings).map(|(key, value)| format!("{key}={value}"));
    Program::new(env!("CARGO_BIN_EXE_loom"))
        .args(settings.flat_map(|setting| ["--set".to_owned(), setting]))
        .args(command)
        .folder(folder)
        .without_env("LOOM_")
}

/// Starts it and waits until it says where it listens. Later settings win over earlier ones.
async fn serve_in(folder: TempDir, settings: &[(&str, &str)]) -> Running {
    let program = program(folder.path(), settings, &["serve"]).spawn().unwrap();
    let line = program.wait_line("loom is ready at http", LIMIT).await.unwrap();
    let url = line.split_whitespace().last().unwrap().to_owned();
    Running { url, program, client: Client::new(), folder }
}

async fn serve(settings: &[(&str, &str)]) -> Running {
    serve_in(folder(), settings).await
}

/// The settings that make a scripted server the only model.
fn model(fake: &FakeLlm) -> Vec<(&'static str, String)> {
    vec![
        ("llm.order", "[\"fake\"]".to_owned()),
        ("llm.providers.fake.kind", "openai".to_owned()),
        ("llm.providers.fake.base_url", fake.base_url()),
        ("llm.providers.fake.model", "gpt-4o-mini".to_owned()),
        ("llm.providers.fake.api_key", "sk-test-key-of-the-fake".to_owned()),
        ("llm.providers.fake.price", "{ input = 1.0, output = 1.0 }".to_owned()),
    ]
}

async fn serve_with(fake: &FakeLlm, settings: &[(&str, &str)]) -> Running {
    let model = model(fake);
    let all: Vec<_> =
        model.iter().map(|(key, value)| (*key, value.as_str())).chain(settings.iter().copied()).collect();
    serve(&all).await
}

impl Running {
    async fn get(&self, path: &str) -> Value {
        self.client.get(format!("{}{path}", self.url)).send().await.unwrap().json().await.unwrap()
    }

    /// A turn of a new story; its status, or nothing when the connection was cut.
    fn turn(&self) -> impl Future<Output = Option<u16>> + use<> {
        let (client, sessions) = (self.client.clone(), format!("{}/api/v1/sessions", self.url));
        async move {
            let session = client.post(&sessions).json(&json!({})).send().await.unwrap();
            let session: Value = session.json().await.unwrap();
            let turns = format!("{sessions}/{}/turns", session["id"].as_str().unwrap());
            let sent = client.post(turns).json(&json!({ "key": "k", "input": "I wait." })).send().await;
            sent.ok().map(|answer| answer.status().as_u16())
        }
    }

    /// Asks it to stop; everything it wrote to standard output and error.
    async fn stop(&mut self) -> String {
        assert!(self.program.terminate(LIMIT).await.unwrap().success());
        self.program.output()
    }
}

#[tokio::test]
async fn the_program_listens_where_it_is_told() {
    let running = serve(&[("server.bind", "127.0.0.7:0")]).await;
    assert!(running.url.starts_with("http://127.0.0.7:"), "{}", running.url);
    assert_eq!(running.get("/health").await["status"], "ok");
}

#[tokio::test]
async fn a_turn_gets_the_drain_to_finish_and_no_longer() {
    let fake = FakeLlm::openai().await;
    fake.push(Script::Slow { delay: Duration::from_millis(500), then: Box::new(Script::Instant) });
    let mut patient = serve_with(&fake, &[("server.drain_seconds", "60")]).await;
    let turn = tokio::spawn(patient.turn());
    until("the turn is being told", || fake.calls() == 1).await;
    patient.stop().await;
    assert_eq!(turn.await.unwrap(), Some(200));

    fake.push(Script::StallBeforeHeaders);
    let mut hasty = serve_with(&fake, &[("server.drain_seconds", "0")]).await;
    let turn = tokio::spawn(hasty.turn());
    until("the turn is being told", || fake.calls() == 2).await;
    let ended = hasty.program.terminate(Duration::from_secs(15)).await;
    assert!(ended.expect("it ends long before the default drain").success());
    assert!(hasty.program.output().contains("turns that were not finished are dropped"));
    assert_ne!(turn.await.unwrap(), Some(200));
}

/// Requests and turns share the drain. A turn whose listener waits for it was once given it twice.
#[tokio::test]
async fn stopping_takes_one_drain() {
    let fake = FakeLlm::openai().await;
    fake.push(Script::StallBeforeHeaders);
    let mut running = serve_with(&fake, &[("server.drain_seconds", "5")]).await;
    let turn = tokio::spawn(running.turn());
    until("the turn is being told", || fake.calls() == 1).await;
    let ended = running.program.terminate(Duration::from_millis(9_500)).await;
    assert!(ended.expect("it ends long before a second drain").success());
    assert_ne!(turn.await.unwrap(), Some(200));
}

#[tokio::test]
async fn pending_migrations_are_applied_only_when_told() {
    let folder = folder();
    let by_hand = [("database.migrate", "false")];
    let mut refused = program(folder.path(), &by_hand, &["serve"]).spawn().unwrap();
    let status = refused.wait(LIMIT).await.unwrap();
    assert!(!status.success() && refused.output().contains("loom migrate up"), "{}", refused.output());
    let mut migrated = program(folder.path(), &by_hand, &["migrate", "up"]).spawn().unwrap();
    assert!(migrated.wait(LIMIT).await.unwrap().success(), "{}", migrated.output());
    serve_in(folder, &by_hand).await;
    serve(&[("database.migrate", "true")]).await;
}

#[tokio::test]
async fn the_log_has_the_level_the_form_and_the_places_it_is_told() {
    let words = |running: &Running, file: &str| {
        std::fs::read_to_string(running.folder.path().join(file)).unwrap_or_default()
    };
    let mut usual = serve(&[]).await;
    let output = usual.stop().await;
    assert!(output.contains("loom is ready address="), "{output}");
    let log = words(&usual, "logs/loom.log");
    assert!(log.contains("loom is ready") && !log.starts_with('{'), "{log}");

    let mut quiet = serve(&[("logs.level", "error")]).await;
    assert_eq!(quiet.stop().await.lines().count(), 1, "one line says where it listens");
    assert_eq!(words(&quiet, "logs/loom.log"), "");

    let mut written =
        serve(&[("logs.format", "json"), ("logs.stderr", "false"), ("logs.directory", "words")]).await;
    let output = written.stop().await;
    assert_eq!(output.lines().count(), 1, "nothing goes to standard error: {output}");
    let log = words(&written, "words/loom.log");
    assert!(log.contains("loom is ready"), "{log}");
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{log}");
}

/// Renames the small world and waits until a program has seen it.
async fn rename(folder: &Path, name: &str, watcher: &Running) {
    let text = SMALL_CANON.replace("Small World", name);
    std::fs::write(folder.join("small/canon.md"), text).unwrap();
    let seen = async {
        while watcher.get("/api/v1/canons/small").await["name"] != name {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, seen).await.expect("the change is seen");
}

/// The watcher looks once a second. By the time it has seen a second change, another watcher would have seen the first.
#[tokio::test]
async fn changed_worlds_are_read_again_only_when_told() {
    let watcher = serve(&[]).await;
    let canons = watcher.folder.path().join("canon");
    let shared = canons.display().to_string();
    let blind = serve(&[("canon.directory", &shared), ("canon.watch", "false")]).await;
    for name in ["First Change", "Second, Longer Change"] {
        rename(&canons, name, &watcher).await;
    }
    assert_eq!(blind.get("/api/v1/canons/small").await["name"], "Small World");
}

#[tokio::test]
async fn a_budget_warns_at_the_configured_share() {
    let fake = FakeLlm::openai().await;
    let warning = "a model budget is nearly used up";
    let budget = ("llm.budget.monthly_usd", "1000");
    let early = serve_with(&fake, &[budget, ("llm.budget.alert_share", "0")]).await;
    assert_eq!(early.turn().await, Some(200));
    early.program.wait_line(warning, LIMIT).await.unwrap();
    let mut late = serve_with(&fake, &[budget, ("llm.budget.alert_share", "1")]).await;
    assert_eq!(late.turn().await, Some(200));
    assert!(!late.stop().await.contains(warning));
}
