//! Commands whose output is backed up: what counts, and what must not.

use std::{
    fs,
    io::Read,
    path::Path,
    time::{Duration, Instant},
};

use chassis::Clock;
use keeper::backup::freeze::{self, Frozen};
use keeper_core::plan::backup::CommandSource;
use testkit::SmallDisk;
use tokio_util::sync::CancellationToken;

async fn run_in(
    folder: &Path,
    command: &str,
    limit: Duration,
    stop: &CancellationToken,
) -> Result<Frozen, String> {
    let source = CommandSource { command: command.to_owned(), file_name: "out.txt".to_owned() };
    let frozen = freeze::command::freeze(&source, None, &[], folder, limit, &Clock::system(), stop).await;
    frozen.map_err(|error| format!("{error:#}"))
}

async fn run(folder: &Path, command: &str) -> Result<Frozen, String> {
    run_in(folder, command, Duration::from_secs(60), &CancellationToken::new()).await
}

fn nothing_in(folder: &Path) {
    let left: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn what_a_command_writes_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let frozen = run(folder.path(), "printf 'one\\0two\\n'; echo aside >&2").await.unwrap();
    let part = &frozen.parts[0];
    let mut text = String::new();
    part.set_aside().unwrap().reader().read_to_string(&mut text).unwrap();
    assert_eq!(text, "one\0two\n");
    let item = part.known().unwrap();
    assert_eq!((item.at.as_str(), item.size_bytes), ("commands/out.txt", 8));
    assert!(item.blake3.is_some());
    nothing_in(folder.path());
}

#[tokio::test]
async fn a_command_runs_where_it_shall() {
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(place.path().join("here"), "found").unwrap();
    let source =
        CommandSource { command: "cat here; printf %s \"$WORD\"".to_owned(), file_name: "x".to_owned() };
    let (clock, stop, limit) = (Clock::system(), CancellationToken::new(), Duration::from_secs(60));
    let variables = [("WORD".to_owned(), "more".to_owned())];
    let frozen =
        freeze::command::freeze(&source, Some(place.path()), &variables, folder.path(), limit, &clock, &stop)
            .await;
    assert_eq!(frozen.unwrap().parts[0].item.size_bytes, 9);
}

#[tokio::test]
async fn what_does_not_end_well_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let check = async |command: &str, expected: &str| {
        assert_eq!(run(folder.path(), command).await.unwrap_err(), expected, "{command}");
        nothing_in(folder.path());
    };
    check(
        "echo half; echo first >&2; echo 'disk on fire' >&2; echo >&2; exit 4",
        "the command for out.txt ended with code 4: disk on fire",
    )
    .await;
    check("echo half; kill -9 $$", "the command for out.txt was ended by a signal").await;
    check("echo half; exec /nowhere/program 2>/dev/null", "the command for out.txt ended with code 127")
        .await;
    check(
        "true",
        "the command for out.txt ended well and wrote nothing, which is suspicious: nothing was backed up",
    )
    .await;
    check("echo password=hunter22 >&2; exit 1", "the command for out.txt ended with code 1: password=***")
        .await;
}

#[tokio::test]
async fn limits_and_wishes_end_it() {
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let endless = "echo half; trap '' TERM; sleep 600 & wait; sleep 600";
    let limit = Duration::from_millis(300);
    let error = run_in(folder.path(), endless, limit, &CancellationToken::new()).await.unwrap_err();
    assert_eq!(error, "the command for out.txt was ended at its time limit");
    nothing_in(folder.path());
    let stop = CancellationToken::new();
    stop.cancel();
    let error = run_in(folder.path(), "sleep 600", Duration::from_secs(600), &stop).await.unwrap_err();
    assert_eq!(error, "the command for out.txt was stopped");
    nothing_in(folder.path());
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["", ".", "..", "a/b", "../x", "a\0b"] {
        let source = CommandSource { command: "echo x".to_owned(), file_name: name.to_owned() };
        let (clock, stop) = (Clock::system(), CancellationToken::new());
        let limit = Duration::from_secs(60);
        let frozen = freeze::command::freeze(&source, None, &[], folder.path(), limit, &clock, &stop).await;
        assert!(frozen.is_err(), "{name:?}");
    }
}

/// Most memory that this process ever had, in kB.
fn peak_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn large_outputs_do_not_stay_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let before = peak_kb();
    let frozen = run(folder.path(), "head -c 100000000 /dev/zero").await.unwrap();
    assert_eq!(frozen.parts[0].item.size_bytes, 100_000_000);
    // Other tests run in this process too; all of it would be far above.
    let grown = peak_kb() - before;
    assert!(grown < 60_000, "{grown} kB");
}

#[tokio::test]
async fn a_full_disk_ends_it_even_if_the_command_does_not_mind() {
    let Some(disk) = SmallDisk::new(256 * 1024) else { return };
    let folder = disk.path().join("staging");
    let error =
        run(&folder, "trap '' PIPE; head -c 1000000 /dev/zero 2>/dev/null; exit 0").await.unwrap_err();
    assert_eq!(error, "setting the output for out.txt aside: No space left on device (os error 28)");
    nothing_in(&folder);
}
