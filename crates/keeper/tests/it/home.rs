//! A folder of one test's own, with a configuration, a plan and a keeper on a clock that the test moves.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use chassis::Clock;
use keeper::{
    config::{Config, RunsConfig, ServerConfig, StateConfig},
    scheduler::Keeper,
    state::HeldBy,
    store::{
        ledger_rows,
        runs::{self, RunRecord, outcome_word},
    },
};
use keeper_core::ledger::Event;
use tempfile::TempDir;

/// When the clocks of these tests begin.
pub(crate) const START: &str = "2026-03-02T00:30:00Z";

/// A role for work of people.
pub(crate) const ROLE: &str = "\n[[role]]\nname = \"chief\"\ntitle = \"Chief\"\nduties = \"all\"\n\
                               contact.email = \"chief@example.org\"\n";

pub(crate) struct Home {
    pub(crate) folder: TempDir,
    pub(crate) config: Config,
}

impl Home {
    /// A folder with this plan in it; the head of the plan is added.
    pub(crate) fn new(tasks: &str) -> Self {
        let home = Self::within(None);
        home.plan(tasks);
        home
    }

    /// A folder without a plan, in another one where that is wanted.
    pub(crate) fn within(parent: Option<&Path>) -> Self {
        let folder = parent.map_or_else(tempfile::tempdir, tempfile::tempdir_in).unwrap();
        let state = StateConfig {
            file: folder.path().join("state/keeper.db").display().to_string(),
            reserve_bytes: 64 * 1024,
        };
        let runs = RunsConfig { kill_after_seconds: 1, ..RunsConfig::default() };
        let server = ServerConfig { drain_seconds: 0, ..ServerConfig::default() };
        Self { folder, config: Config { state, runs, server, ..Config::default() } }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn plan(&self, tasks: &str) {
        let text = format!("[plan]\nname = \"p\"\ntitle = \"P\"\nzone = \"UTC\"\n{tasks}");
        // By rename, as editors do.
        fs::write(self.path("plan.new"), text).unwrap();
        fs::rename(self.path("plan.new"), self.path("plan.toml")).unwrap();
    }

    pub(crate) async fn keeper(&self, clock: &Clock) -> Keeper {
        started(|| Keeper::start(self.config.clone(), vec![self.path("plan.toml")], clock.clone())).await
    }
}

/// A keeper that takes the state file over from one of this test that has just been dropped. A process that another
/// test is starting at that moment holds the lock for as long as it is no program of its own yet.
pub(crate) async fn started<F: Future<Output = anyhow::Result<Keeper>>>(start: impl Fn() -> F) -> Keeper {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        match start().await {
            Ok(keeper) => return keeper,
            Err(error) if error.is::<HeldBy>() && Instant::now() < until => tokio::task::yield_now().await,
            Err(error) => panic!("{error:#}"),
        }
    }
}

pub(crate) fn clock() -> Clock {
    Clock::fixed(START.parse().unwrap())
}

/// A task of the plan.
pub(crate) fn task(name: &str, schedule: &str, rest: &str) -> String {
    format!("\n[[task]]\nname = \"{name}\"\nschedule = \"{schedule}\"\n{rest}\n")
}

/// Every outcome, oldest first.
pub(crate) async fn outcomes(keeper: &Keeper) -> Vec<RunRecord> {
    let mut all = runs::newest(&keeper.state().database, None, 100_000).await.unwrap();
    all.reverse();
    all
}

/// Every outcome as `TASK OUTCOME: DETAIL`, oldest first.
pub(crate) async fn told(keeper: &Keeper) -> Vec<String> {
    let line = |run: &RunRecord| {
        let task = run.occurrence.task.parts().1;
        format!("{task} {}: {}", outcome_word(run.outcome), run.detail)
    };
    outcomes(keeper).await.iter().map(line).collect()
}

/// Every event, oldest first.
pub(crate) async fn events(keeper: &Keeper) -> Vec<Event> {
    let rows = ledger_rows::after(&keeper.state().database, 0, 100_000).await.unwrap();
    rows.iter().map(|row| row.event().unwrap()).collect()
}

/// Whether a process lives; a zombie does not.
pub(crate) fn is_alive(pid: &str) -> bool {
    let stat = Path::new("/proc").join(pid.trim()).join("stat");
    !pid.trim().is_empty() && fs::read_to_string(stat).is_ok_and(|stat| !stat.contains(") Z "))
}
