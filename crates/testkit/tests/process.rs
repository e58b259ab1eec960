//! Child programs: output, readiness, signals, and what is left when the test process itself is killed.

use std::{os::unix::process::ExitStatusExt, path::Path, time::Duration};

use testkit::{FakeLlm, Program, Ready, TempDb};

const LIMIT: Duration = Duration::from_secs(20);

fn shell(script: &str) -> Program {
    Program::new("/bin/sh").args(["-c", script])
}

/// Whether the process exists and is not just waiting to be reaped.
fn is_running(process_id: &str) -> bool {
    let status =
        std::fs::read_to_string(Path::new("/proc").join(process_id).join("status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let seen = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(LIMIT, seen).await.is_ok(), "{what}");
}

#[tokio::test]
async fn output_and_status_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let program = shell("pwd; echo \"$GREETING\" >&2; exit 3").env("GREETING", "雨夜").folder(folder.path());
    let mut spawned = program.spawn().unwrap();
    assert_eq!(spawned.wait(LIMIT).await.unwrap().code(), Some(3));
    assert!(spawned.output().contains(folder.path().to_str().unwrap()), "{}", spawned.output());
    assert!(spawned.output().contains("雨夜\n"), "{}", spawned.output());
    assert_eq!(spawned.exit_status().and_then(|status| status.code()), Some(3));
}

#[tokio::test]
async fn a_ready_line_is_waited_for() {
    let spawned = shell("echo starting; echo listening on 4711; exec sleep 600").spawn().unwrap();
    spawned.ready(Ready::Line("listening"), LIMIT).await.unwrap();
    assert_eq!(spawned.wait_line("on 4711", LIMIT).await.unwrap(), "listening on 4711");
    assert_eq!(spawned.exit_status(), None);
}

#[tokio::test]
async fn a_program_that_ends_before_it_is_ready_is_reported_with_its_output() {
    let spawned = shell("echo port 8000 is in use >&2; exit 1").spawn().unwrap();
    let error = spawned.ready(Ready::Line("listening"), LIMIT).await.unwrap_err().to_string();
    assert!(error.contains("port 8000 is in use"), "{error}");
    let spawned = shell("echo port 8000 is in use >&2; exit 1").spawn().unwrap();
    let error = spawned.ready(Ready::Http("http://127.0.0.1:9/"), LIMIT).await.unwrap_err().to_string();
    assert!(error.contains("ended with exit status: 1"), "{error}");
    let spawned = shell("echo busy; exec sleep 600").spawn().unwrap();
    let error =
        spawned.ready(Ready::Line("listening"), Duration::from_millis(300)).await.unwrap_err().to_string();
    assert!(error.contains("not seen within 300ms"), "{error}");
    assert!(Program::new("/no/such/program").spawn().is_err());
}

#[tokio::test]
async fn readiness_over_http_needs_a_success() {
    let fake = FakeLlm::ollama().await; // answers 404 to everything but its one path
    let spawned = shell("exec sleep 600").spawn().unwrap();
    let waited = spawned.ready(Ready::Http(&fake.base_url()), Duration::from_millis(200)).await;
    assert!(waited.is_err() && fake.calls() > 1, "{} calls", fake.calls());
}

#[tokio::test]
async fn signals_reach_the_program() {
    let mut polite =
        shell("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done").spawn().unwrap();
    polite.ready(Ready::Line("up"), LIMIT).await.unwrap();
    assert_eq!(polite.terminate(LIMIT).await.unwrap().code(), Some(0));
    assert!(polite.output().ends_with("bye\n"), "{}", polite.output());

    let mut killed = shell("echo up; exec sleep 600").spawn().unwrap();
    assert_eq!(killed.kill().await.unwrap().signal(), Some(9));
    killed.signal(nix::sys::signal::Signal::SIGTERM).unwrap(); // of no effect on the dead

    let mut stubborn = shell("exec sleep 600").spawn().unwrap();
    let error = stubborn.wait(Duration::from_millis(50)).await.unwrap_err().to_string();
    assert!(error.contains("still runs"), "{error}");
}

#[tokio::test]
async fn dropping_kills_the_program_and_its_children() {
    let spawned = shell("sleep 600 & echo child $!; wait").spawn().unwrap();
    spawned.ready(Ready::Line("child"), LIMIT).await.unwrap();
    let line = spawned.wait_line("child", LIMIT).await.unwrap();
    let (parent, child) = (spawned.id().to_string(), line.trim_start_matches("child ").to_owned());
    assert!(is_running(&parent) && is_running(&child));
    drop(spawned);
    until("the children are still there", || !is_running(&parent) && !is_running(&child)).await;
}

/// Not a test: what [`nothing_outlives_a_killed_test_process`] runs in another process and kills.
#[tokio::test]
#[ignore = "a part of another test"]
async fn victim() {
    let spawned = shell("exec sleep 600").spawn().unwrap();
    let database = TempDb::postgres().await;
    let port = database.map(|database| database.url.split(['@', '/']).nth(3).unwrap().to_owned());
    println!("victim {} {}", spawned.id(), port.unwrap_or_default());
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn nothing_outlives_a_killed_test_process() {
    let mut other = Program::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "victim"])
        .without_env("TEST_POSTGRES_URL")
        .spawn()
        .unwrap();
    let line = other.wait_line("victim ", Duration::from_secs(90)).await.unwrap();
    let mut words = line.split("victim ").nth(1).unwrap().split_whitespace();
    let (child, address) = (words.next().unwrap().to_owned(), words.next().map(str::to_owned));
    let answers = || address.as_ref().is_some_and(|address| std::net::TcpStream::connect(address).is_ok());
    assert!(is_running(&child));
    assert_eq!(answers(), address.is_some());

    other.kill().await.unwrap();
    until("the grandchild is still there", || !is_running(&child)).await;
    until("PostgreSQL is still there", || !answers()).await;
}
