//! What keeper costs while it waits, measured on one machine: `cargo bench -p keeper@0.0.0 --bench looks`.
//!
//! The real scheduler on a real state file in a temporary folder; the clock stands, and nothing is carried out.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints figures, and stops when it cannot go on"
)]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use chassis::Clock;
use keeper::{
    config::{Config, StateConfig},
    scheduler::Keeper,
    state::{Entry, Writer},
};
use keeper_core::{
    ledger::{
        Event,
        event::{Occurrence, Outcome},
    },
    plan::set::TaskId,
};

const TASKS: usize = 1_000;
const LOOKS: usize = 1_000;
/// Between two times at which the tasks are due.
const QUIET: &str = "2026-03-02T00:30:30Z";

#[tokio::main]
async fn main() {
    println!("{:<58} {:>10} {:>10} {:>10}", "path", "median", "p95", "p99");
    let plans = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plans");
    let four = ["loom", "chimera", "postgres-app", "static-site"];
    let four: Vec<PathBuf> = four.iter().map(|name| format!("{plans}/{name}.toml").into()).collect();
    looks("a look at the four plans, nothing due", &four).await;
    let folder = tempfile::tempdir().unwrap();
    let many = folder.path().join("many.toml");
    fs::write(&many, many_tasks()).unwrap();
    looks("a look at 1,000 tasks, nothing due", std::slice::from_ref(&many)).await;
    for rows in [10_000, 100_000] {
        start_on(rows, &four).await;
    }
}

fn many_tasks() -> String {
    let mut text = "[plan]\nname = \"many\"\ntitle = \"Many\"\nzone = \"Asia/Shanghai\"\n".to_owned();
    for number in 0..TASKS {
        let (minute, hour) = (number % 29, number % 24);
        let _ = write!(
            text,
            "\n[[task]]\nname = \"t{number}\"\nschedule = \"{minute} {hour} * * *\"\naction.shell = \"true\"\n"
        );
    }
    text
}

fn config(folder: &Path) -> Config {
    let file = folder.join("keeper.db").display().to_string();
    Config { state: StateConfig { file, ..StateConfig::default() }, ..Config::default() }
}

async fn looks(name: &str, files: &[PathBuf]) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::fixed(QUIET.parse().unwrap());
    let mut keeper = Keeper::start(config(folder.path()), files.to_vec(), clock.clone()).await.unwrap();
    keeper.tick().await.unwrap();
    let mut samples = Vec::new();
    for _ in 0..LOOKS {
        clock.advance(Duration::from_millis(10));
        let started = Instant::now();
        keeper.tick().await.unwrap();
        samples.push(started.elapsed());
    }
    report(name, samples);
}

/// A start reads the end of the ledger and what was kept of the rest, which is looked at once it is up.
async fn start_on(rows: usize, files: &[PathBuf]) {
    let folder = tempfile::tempdir().unwrap();
    let (config, clock) = (config(folder.path()), Clock::fixed(QUIET.parse().unwrap()));
    let mut writer = Writer::take(&config.state, clock.clone()).await.unwrap();
    for batch in 0..rows / 1_000 {
        let entries = (0..1_000).map(|row| Entry::from(settled(batch * 1_000 + row, &clock)));
        writer.append(clock.now(), entries.collect()).await.unwrap();
    }
    writer.release().await.unwrap();
    let mut samples = Vec::new();
    for _ in 0..9 {
        let started = Instant::now();
        let keeper = Keeper::start(config.clone(), files.to_vec(), clock.clone()).await.unwrap();
        samples.push(started.elapsed());
        let database = keeper.state().database.clone();
        drop(keeper);
        database.close().await;
    }
    report(&format!("start of the four plans on a ledger of {rows} rows"), samples);
}

fn settled(number: usize, clock: &Clock) -> Event {
    let task = TaskId::new("loom", &format!("task-{}", number % 60));
    Event::Settled {
        occurrence: Occurrence { task, due: clock.now(), trigger: Some(number as u64) },
        outcome: Outcome::Ran,
        detail: "every part answers in time: health, page, database".to_owned(),
        duration_ms: Some(120),
        exit_code: Some(0),
    }
}

fn report(name: &str, mut samples: Vec<Duration>) {
    samples.sort_unstable();
    let at = |share: f64| {
        let rank = (share * (samples.len() - 1) as f64).round() as usize;
        format!("{:.3} ms", samples[rank].as_secs_f64() * 1_000.0)
    };
    println!("{name:<58} {:>10} {:>10} {:>10}", at(0.5), at(0.95), at(0.99));
}
