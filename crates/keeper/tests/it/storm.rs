//! Keeper killed again and again: nothing that was asked for is lost or done twice, and the ledger holds.

use std::{collections::BTreeMap, time::Duration};

use keeper::{
    state::{self, State},
    store::{
        requests::{self, Answer, Request, Wish},
        runs,
    },
};
use testkit::process::{Program, Ready, free_port};

use crate::home::{Home, task};

const KILLS: u32 = 20;
const LIMIT: Duration = Duration::from_secs(60);

fn program(home: &Home, port: u16) -> Program {
    let state = format!("state.file={}", home.config.state.file);
    Program::new(env!("CARGO_BIN_EXE_keeper"))
        .args(["run", "plan.toml", "--set", &state, "--set", "logs.directory=", "--set", "logs.stderr=false"])
        .args(["--set", "server.drain_seconds=1", "--bind", &format!("127.0.0.1:{port}")])
        .folder(home.folder.path())
}

fn request(number: u32) -> Request {
    Request {
        id: format!("request-{number:04}"),
        wish: Wish::Run,
        task: ["p/quick", "p/slow"][(number % 2) as usize].to_owned(),
        asked_by: "storm".to_owned(),
    }
}

#[tokio::test]
async fn twenty_kills_lose_nothing() {
    let all = "overlap = \"queue\"\nmissed = \"run-all\"";
    let home = Home::new(
        &(task("quick", "manual", &format!("action.shell = \"true\"\n{all}"))
            + &task(
                "slow",
                "manual",
                &format!("action.shell = \"sleep 0.05\"\ninterrupted = \"rerun\"\n{all}"),
            )),
    );
    let port = free_port().unwrap();
    let mut asked = 0;
    for round in 0..KILLS {
        let mut running = program(&home, port).spawn().unwrap();
        running.ready(Ready::Line("keeper is ready"), LIMIT).await.unwrap();
        let state = State::open(&home.config.state, chassis::Clock::system()).await.unwrap();
        for _ in 0..6 {
            requests::add(&state.database, &request(asked), state.clock.now()).await.unwrap();
            asked += 1;
        }
        // A different moment of its second each time; that is the storm, not a wait.
        tokio::time::sleep(Duration::from_millis(u64::from(round * 97 % 1_300))).await;
        running.kill().await.unwrap();
        state.database.close().await;
    }
    let mut running = program(&home, port).spawn().unwrap();
    running.ready(Ready::Line("keeper is ready"), LIMIT).await.unwrap();
    let state = State::open(&home.config.state, chassis::Clock::system()).await.unwrap();
    let started = std::time::Instant::now();
    let mut settled = BTreeMap::new();
    while settled.len() < asked as usize && started.elapsed() < LIMIT {
        settled.clear();
        for number in 0..asked {
            let answer = requests::answer_to(&state.database, &request(number).id).await.unwrap();
            if let Some(Answer::Row(seq)) = answer
                && let Some(run) = runs::of_trigger(&state.database, seq).await.unwrap()
            {
                settled.insert(number, run);
            }
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(settled.len(), asked as usize, "every request has an outcome");
    let every = runs::newest(&state.database, None, 10_000).await.unwrap();
    assert_eq!(every.len(), asked as usize, "and only one");
    assert_eq!(running.terminate(LIMIT).await.unwrap().code(), Some(0), "{}", running.output());
    let held = state::verify(&state, &[]).await.unwrap();
    assert!(held.is_ok(), "{held:?}");
}

#[tokio::test]
async fn a_second_daemon_is_refused_with_its_own_exit_code() {
    let home = Home::new(&task("quick", "manual", "action.shell = \"true\""));
    let mut first = program(&home, free_port().unwrap()).spawn().unwrap();
    first.ready(Ready::Line("keeper is ready"), LIMIT).await.unwrap();
    let mut second = program(&home, free_port().unwrap()).spawn().unwrap();
    let status = second.wait(LIMIT).await.unwrap();
    assert_eq!(status.code(), Some(4), "{}", second.output());
    assert!(second.output().contains(&format!("process {} on ", first.id())), "{}", second.output());
    first.terminate(LIMIT).await.unwrap();
}
