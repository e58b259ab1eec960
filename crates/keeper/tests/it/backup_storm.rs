//! Keeper killed at random points of `backup run` and `backup prune` while the database is being written: nothing that
//! was good is lost, nothing bad is called good, the next run works, and the ledger accounts for all of it.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use chassis::{Clock, Secret};
use fastrand::Rng;
use keeper::{
    backup::{
        Record, proof,
        repository::{FolderFiles, Progress, Quiet, ReadData, Repository, Stored},
    },
    config::StateConfig,
    state::{self, State},
};
use keeper_core::ledger::{Event, event::Occurrence};
use rusqlite::Connection;
use tempfile::TempDir;
use testkit::process::{Program, Ready, Spawned, free_port};
use tokio_util::sync::CancellationToken;

/// Kills of the ordinary test run; the soak asks for more.
const KILLS: usize = 8;
const LIMIT: Duration = Duration::from_secs(120);
const PASSWORD: &str = "a long password of this test";

const PLAN: &str = r#"
[plan]
name = "shop"
title = "Shop"
zone = "UTC"

[service.shop]
database.sqlite = "shop.db"

[[store]]
name = "near"
kind = "local"
place.folder = "near"
password.file = "password"

[[backup]]
name = "db"
schedule = "0 0 1 1 *"
sources = [{ database = "shop" }]
keep = { last = 3 }
stores = ["near"]
"#;

struct Stage {
    folder: TempDir,
    random: Rng,
    /// Opened once: a password costs much time.
    repository: OnceLock<Repository>,
    /// Snapshots without a row, because keeper died between the two.
    unclaimed: BTreeSet<String>,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("plan.toml"), PLAN).unwrap();
        fs::write(folder.path().join("password"), PASSWORD).unwrap();
        fs::set_permissions(folder.path().join("password"), fs::Permissions::from_mode(0o600)).unwrap();
        let (random, repository) = (Rng::with_seed(20_261_122), OnceLock::new());
        let stage = Self { folder, random, repository, unclaimed: BTreeSet::new() };
        let database = Connection::open(stage.path("shop.db")).unwrap();
        database
            .execute_batch(
                "PRAGMA journal_mode = WAL; CREATE TABLE orders (id INTEGER PRIMARY KEY, what BLOB); \
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
                 INSERT INTO orders (what) SELECT randomblob(400) FROM n;",
            )
            .unwrap();
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, line: &str) -> Program {
        Program::new(env!("CARGO_BIN_EXE_keeper"))
            .args(line.split(' '))
            .args(["--set", "plan.files=[\"plan.toml\"]", "--set", "state.file=state/keeper.db"])
            .args([
                "--set",
                "runs.scratch=scratch",
                "--set",
                "logs.directory=",
                "--set",
                "server.drain_seconds=1",
            ])
            .folder(self.folder.path())
    }

    /// A command that must succeed; how long it took.
    async fn good(&self, line: &str) -> Duration {
        let started = Instant::now();
        let mut running = self.program(line).spawn().unwrap();
        let status = running.wait(LIMIT).await.unwrap();
        assert_eq!(status.code(), Some(0), "keeper {line}:\n{}", running.output());
        started.elapsed()
    }

    fn repository(&self) -> Repository {
        let open = || {
            let files = Arc::new(FolderFiles::new(self.path("near")));
            Repository::open(files, &Secret::new(PASSWORD.to_owned())).unwrap()
        };
        self.repository.get_or_init(open).clone()
    }

    async fn state(&self) -> State {
        let file = self.path("state/keeper.db").display().to_string();
        State::open(&StateConfig { file, ..StateConfig::default() }, Clock::system()).await.unwrap()
    }

    /// Every event so far; the chain must hold.
    async fn events(&self) -> Vec<Event> {
        let state = self.state().await;
        state::verify(&state, &[]).await.unwrap().unwrap_or_else(|broken| panic!("{broken}"));
        let mut events = Vec::new();
        let take = |rows: Vec<keeper_core::ledger::Row>| {
            events.extend(rows.iter().map(|row| row.event().unwrap()));
            Ok(())
        };
        state.each_batch(take).await.unwrap();
        state.database.close().await;
        events
    }

    /// What the ledger promises is there and good, and so is whatever else can be seen.
    async fn check(&mut self) {
        let (mut promised, mut dropped) = (BTreeSet::new(), BTreeSet::new());
        for event in self.events().await {
            match event {
                Event::BackupTaken { snapshot, .. } => drop(promised.insert(snapshot)),
                Event::Pruned { dropped: gone, .. } => dropped.extend(gone),
                Event::ProofMade { good, findings, .. } => assert!(good, "{findings:?}"),
                Event::BackupFailed { reason, .. } => panic!("a backup failed: {reason}"),
                _ => {}
            }
        }
        let (repository, scratch) = (self.repository(), self.path("check"));
        let stored = repository.snapshots().unwrap();
        let seen: BTreeSet<String> = stored.iter().map(|stored| stored.id.to_string()).collect();
        let lost: Vec<_> = promised.difference(&seen).filter(|id| !dropped.contains(*id)).collect();
        assert!(lost.is_empty(), "{lost:?} are in the ledger and not in the store");
        self.unclaimed.extend(seen.difference(&promised).cloned());
        tokio::task::spawn_blocking(move || {
            for stored in &stored {
                prove(&repository, stored, &scratch);
            }
            let (quiet, stop): (Arc<dyn Progress>, _) = (Arc::new(Quiet), CancellationToken::new());
            assert_eq!(repository.check(ReadData::All, &quiet, &stop).unwrap(), []);
        })
        .await
        .unwrap();
    }

    /// Kills one command somewhere within `within` of its start; true when it lived until then.
    async fn kill(&mut self, line: &str, within: Duration) -> bool {
        let after = within.mul_f64(self.random.f64());
        let mut running: Spawned = self.program(line).spawn().unwrap();
        // A different point of the work each time; that is the storm, not a wait.
        let ended = running.wait(after).await;
        if let Ok(status) = ended {
            assert_eq!(status.code(), Some(0), "keeper {line}:\n{}", running.output());
            return false;
        }
        running.kill().await.unwrap();
        true
    }
}

/// Restores a snapshot, lets the engine open it and compares it with its record.
fn prove(repository: &Repository, stored: &Stored, scratch: &Path) {
    let record = Record::of(stored).unwrap_or_else(|| panic!("{stored:?} has no record"));
    let (quiet, stop): (Arc<dyn Progress>, _) = (Arc::new(Quiet), CancellationToken::new());
    repository.restore(&stored.id, None, scratch, false, &quiet, &stop).unwrap();
    for item in &record.items {
        let restored = scratch.join(&item.at);
        let findings = proof::sqlite::prove(item, &restored, &stop).unwrap();
        assert!(findings.iter().all(|finding| finding.good), "{:?}: {findings:?}", stored.id);
    }
    fs::remove_dir_all(scratch).unwrap();
}

/// Writes to the database until it is dropped.
struct Writing {
    thread: Option<thread::JoinHandle<()>>,
    ended: Arc<AtomicBool>,
}

impl Writing {
    fn start(database: &Path) -> Self {
        let (database, ended) = (Connection::open(database).unwrap(), Arc::new(AtomicBool::new(false)));
        database.busy_timeout(LIMIT).unwrap();
        let until = Arc::clone(&ended);
        let write = move || {
            while !until.load(Ordering::Relaxed) {
                let sql = "UPDATE orders SET what = randomblob(400) WHERE id = 1 + abs(random() % 20000); \
                           INSERT INTO orders (what) VALUES (randomblob(100));";
                database.execute_batch(sql).unwrap();
                // The rate at which rows come.
                thread::sleep(Duration::from_millis(5));
            }
        };
        Self { thread: Some(thread::spawn(write)), ended }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Starts a keeper and waits until nothing that was started is without an outcome.
async fn settle(stage: &Stage) {
    let line = format!("run --bind 127.0.0.1:{}", free_port().unwrap());
    let mut daemon = stage.program(&line).spawn().unwrap();
    daemon.ready(Ready::Line("keeper is ready"), LIMIT).await.unwrap();
    let until = Instant::now() + LIMIT;
    loop {
        let (mut started, mut settled) = (BTreeSet::new(), Vec::new());
        for event in stage.events().await {
            match event {
                Event::RunStarted { occurrence, .. } => drop(started.insert(occurrence)),
                Event::Settled { occurrence, .. } => settled.push(occurrence),
                _ => {}
            }
        }
        let once: BTreeSet<Occurrence> = settled.iter().cloned().collect();
        assert_eq!(once.len(), settled.len(), "an occurrence has two outcomes");
        if started.is_subset(&once) {
            break;
        }
        assert!(Instant::now() < until, "no outcome: {:?}", started.difference(&once).collect::<Vec<_>>());
        tokio::task::yield_now().await;
    }
    assert_eq!(daemon.terminate(LIMIT).await.unwrap().code(), Some(0), "{}", daemon.output());
}

async fn storm(kills: usize, breath: usize) -> String {
    let mut stage = Stage::new();
    let writing = Writing::start(&stage.path("shop.db"));
    let took = (stage.good("backup run db").await, stage.good("backup prune db").await);
    let (mut done, mut ended, mut rounds) = (0, 0, 0);
    while done < kills {
        let (line, within) =
            if rounds % 3 == 2 { ("backup prune db", took.1) } else { ("backup run db", took.0) };
        if stage.kill(line, within).await {
            done += 1;
        } else {
            ended += 1;
        }
        rounds += 1;
        stage.check().await;
        if rounds % breath == 0 {
            stage.good("backup run db").await;
            stage.good("backup verify db").await;
        }
    }
    settle(&stage).await;
    stage.good("backup run db").await;
    stage.good("backup verify db").await;
    stage.good("backup prune db").await;
    stage.good("ledger verify").await;
    stage.check().await;
    drop(writing);
    let unclaimed = stage.unclaimed.len();
    format!("{done} kills, {ended} came too late, {unclaimed} whole backups seen whose row came too late")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_kills_of_backups_lose_nothing() {
    storm(KILLS, KILLS).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "soak: kills backup run and backup prune 100 times"]
async fn soak_keeper_backup_kill() {
    let environment = chassis::config::Environment::read();
    // Half as many as other storms: each of them proves everything that is there.
    let rounds = environment.get("SOAK_ROUNDS").map_or(200, |rounds| rounds.parse().unwrap());
    println!("{}", storm(rounds / 2, 4).await);
}
