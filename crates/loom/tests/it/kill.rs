//! Killing the program in the middle of turns: what was acknowledged is there afterwards, and nothing half-written.

use std::{collections::BTreeMap, time::Duration};

use reqwest::Client;
use serde_json::{Value, json};
use storage::{Database, DatabaseSettings};
use testkit::{
    process::{Program, Ready, Spawned, free_port},
    temp_db::TempDb,
};

use crate::world::{SMALL_CANON, install};

/// Rounds of the ordinary test run; the soak asks for more.
const ROUNDS: usize = 20;
/// Stories that are played at the same time.
const PLAYERS: usize = 6;

/// One storm: rounds of play, each ended by SIGKILL at a moment that the seed chooses.
async fn storm(database: &TempDb, rounds: usize) {
    install();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("canon/small")).unwrap();
    std::fs::write(folder.path().join("canon/small/canon.md"), SMALL_CANON).unwrap();
    let client = Client::new();
    let mut acknowledged: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut random = fastrand::Rng::with_seed(20_261_121);
    for round in 0..rounds {
        let (url, mut program) = start(folder.path(), &database.url).await;
        if acknowledged.is_empty() {
            for _ in 0..PLAYERS {
                acknowledged.insert(create(&client, &url).await, Vec::new());
            }
        }
        let players = acknowledged.keys().map(|session| play(&client, &url, session, round));
        let kill = async {
            tokio::time::sleep(Duration::from_micros(random.u64(0..250_000))).await;
            program.kill().await.unwrap();
        };
        let (played, ()) = tokio::join!(futures::future::join_all(players), kill);
        for (session, turns) in acknowledged.keys().cloned().collect::<Vec<_>>().into_iter().zip(played) {
            acknowledged.get_mut(&session).unwrap().extend(turns);
        }
        check(&database.url, &acknowledged, round).await;
    }
    let total: usize = acknowledged.values().map(Vec::len).sum();
    println!(
        "{rounds} kills, {total} acknowledged turns, none lost ({})",
        database.url.split(':').next().unwrap()
    );
    assert!(total > rounds, "too few turns were played for the storm to mean anything: {total}");
}

async fn start(folder: &std::path::Path, database: &str) -> (String, Spawned) {
    let port = free_port().unwrap();
    let bind = format!("127.0.0.1:{port}");
    let settings = [
        format!("server.bind={bind}"),
        format!("database.url={database}"),
        "canon.directory=canon".to_owned(),
        "canon.default=small".to_owned(),
        "logs.directory=".to_owned(),
    ];
    let mut arguments = vec!["serve".to_owned()];
    arguments.extend(settings.into_iter().flat_map(|setting| ["--set".to_owned(), setting]));
    let program =
        Program::new(env!("CARGO_BIN_EXE_loom")).args(arguments).folder(folder).without_env("LOOM_");
    let spawned = program.spawn().unwrap();
    let url = format!("http://{bind}");
    let ready = format!("{url}/ready");
    spawned.ready(Ready::Http(&ready), Duration::from_secs(60)).await.unwrap();
    (url, spawned)
}

async fn create(client: &Client, url: &str) -> String {
    let answer = client.post(format!("{url}/api/v1/sessions")).json(&json!({})).send().await.unwrap();
    answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
}

/// Plays until the program is gone; the ids of the turns that were acknowledged.
async fn play(client: &Client, url: &str, session: &str, round: usize) -> Vec<String> {
    let mut turns = Vec::new();
    for step in 0.. {
        let input = format!("[EDIT: thing {step}: it is {round}] I walk on, step {step}.");
        let body = json!({ "key": format!("{round}-{step}"), "input": input });
        let sent = client.post(format!("{url}/api/v1/sessions/{session}/turns")).json(&body).send().await;
        let Ok(answer) = sent else { return turns };
        if !answer.status().is_success() {
            return turns;
        }
        let Ok(played) = answer.json::<Value>().await else { return turns };
        turns.push(played["turn"]["id"].as_str().unwrap().to_owned());
    }
    turns
}

/// What must hold after every kill.
async fn check(url: &str, acknowledged: &BTreeMap<String, Vec<String>>, round: usize) {
    let database = Database::open(&DatabaseSettings::at(url), chassis::Clock::system()).await.unwrap();
    assert_eq!(database.integrity_check().await.unwrap(), Vec::<String>::new(), "round {round}");
    let count = |sql: &'static str| {
        let database = database.clone();
        async move { database.fetch_one(sql, &[]).await.unwrap().get::<i64>("n").unwrap() }
    };
    for (session, turns) in acknowledged {
        for turn in turns {
            let sql = "SELECT id FROM turns WHERE id = $1 AND session_id = $2";
            let found = database.fetch_optional(sql, &storage::params![turn, session]).await.unwrap();
            assert!(found.is_some(), "round {round}: the acknowledged turn {turn} is lost");
        }
    }
    for orphans in [
        "SELECT COUNT(*) AS n FROM turns WHERE session_id NOT IN (SELECT id FROM sessions)",
        "SELECT COUNT(*) AS n FROM turns t WHERE parent_id IS NOT NULL AND parent_id NOT IN (SELECT id FROM turns)",
        "SELECT COUNT(*) AS n FROM turns WHERE state_id IS NOT NULL AND state_id NOT IN (SELECT id FROM states)",
        "SELECT COUNT(*) AS n FROM states WHERE turn_id NOT IN (SELECT id FROM turns)",
        "SELECT COUNT(*) AS n FROM interventions WHERE turn_id NOT IN (SELECT id FROM turns)",
        "SELECT COUNT(*) AS n FROM branches WHERE head_turn_id IS NOT NULL AND head_turn_id NOT IN (SELECT id FROM turns)",
        "SELECT COUNT(*) AS n FROM sessions s WHERE turn_count <> (SELECT COUNT(*) FROM turns t WHERE t.session_id = s.id)",
    ] {
        assert_eq!(count(orphans).await, 0, "round {round}: {orphans}");
    }
    database.close().await;
}

#[tokio::test]
async fn no_acknowledged_turn_is_lost_on_sqlite() {
    storm(&TempDb::sqlite(), ROUNDS).await;
}

#[tokio::test]
async fn no_acknowledged_turn_is_lost_on_postgres() {
    if let Some(database) = TempDb::postgres().await {
        storm(&database, ROUNDS).await;
    }
}

/// `cargo xtask soak` sets the rounds.
fn soak_rounds() -> usize {
    let environment = chassis::config::Environment::read();
    environment.get("SOAK_ROUNDS").map_or(200, |rounds| rounds.parse().expect("SOAK_ROUNDS is a number"))
}

#[tokio::test]
#[ignore = "soak: kills the program 200 times on SQLite"]
async fn soak_kill_sqlite() {
    storm(&TempDb::sqlite(), soak_rounds()).await;
}

#[tokio::test]
#[ignore = "soak: kills the program 200 times on PostgreSQL"]
async fn soak_kill_postgres() {
    if let Some(database) = TempDb::postgres().await {
        storm(&database, soak_rounds()).await;
    }
}
