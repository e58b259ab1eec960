//! A worker process killed at random moments, over and over: every effect is had, and had once where the job was
//! completed with it.
//!
//! The worker is this very test program, told to run [`storm_worker`] only.

use std::time::{Duration, Instant};

use chassis::clock::Clock;
use chassis::config::Environment;
use chassis::secret::Secret;
use jobs::{Backend, Failure, JobState, NewJob, Queue, QueueSettings, Running, WorkerSettings, worker};
use storage::{Database, DatabaseSettings, params};
use testkit::process::{Program, Spawned};
use tokio_util::sync::CancellationToken;

use crate::stage::{SOON, Stage};

/// Kills of the ordinary test run; the soak asks for more.
const ROUNDS: usize = 20;
/// Jobs of each kind enqueued before every kill.
const JOBS: usize = 12;
/// Completes the job together with its effect.
const ONCE: &str = "once";
/// Has its effect first and is completed afterwards.
const AT_LEAST_ONCE: &str = "at_least_once";
const EFFECT: &str = "INSERT INTO effects (job) VALUES ($1)";

fn queue_settings(redis: Option<&str>) -> QueueSettings {
    let backend = redis.map_or(Backend::Database, |url| Backend::Redis {
        url: Secret::new(url.to_owned()),
        prefix: "{storm}".to_owned(),
    });
    // So many deaths are not the job's fault.
    QueueSettings { backend, max_attempts: 10_000, ..QueueSettings::default() }
}

async fn open_database(url: &str) -> Database {
    let settings = DatabaseSettings { busy_timeout: Duration::from_secs(30), ..DatabaseSettings::at(url) };
    Database::open(&settings, Clock::system()).await.unwrap()
}

/// The worker of a storm, in a process of its own until it is killed.
#[tokio::test]
#[ignore = "runs as the child of a storm only"]
async fn storm_worker() {
    let environment = Environment::read();
    let Some(url) = environment.get("STORM_DATABASE") else { return };
    let database = open_database(url).await;
    let settings = queue_settings(environment.get("STORM_REDIS"));
    let queue = Queue::open(settings, database.clone(), Clock::system()).await.unwrap();
    let settings = WorkerSettings {
        lease: Duration::from_millis(700),
        poll: Duration::from_millis(10),
        ..WorkerSettings::new(format!("process {}", std::process::id()))
    };
    println!("storm worker runs");
    let handler = move |running| work(database.clone(), running);
    let settings = settings.kind(ONCE, 3).kind(AT_LEAST_ONCE, 3);
    worker::run(queue, settings, handler, CancellationToken::new()).await.unwrap();
}

async fn work(database: Database, running: Running) -> Result<(), Failure> {
    tokio::time::sleep(Duration::from_micros(fastrand::u64(0..8_000))).await;
    if fastrand::u32(0..20) == 0 {
        return Err(Failure::retry_after("chance", Duration::from_millis(fastrand::u64(0..50))));
    }
    let mut transaction = database.begin().await?;
    transaction.execute(EFFECT, &params![running.job.id.as_str()]).await?;
    if running.job.kind == ONCE {
        running.complete_in(&mut transaction).await?;
    }
    transaction.commit().await?;
    tokio::time::sleep(Duration::from_micros(fastrand::u64(0..4_000))).await;
    Ok(())
}

fn start(stage: &Stage) -> Spawned {
    let mut program = Program::new(std::env::current_exe().unwrap())
        .args(["storm::storm_worker", "--exact", "--ignored", "--nocapture"])
        .env("STORM_DATABASE", &stage.temporary.url);
    if let Some(redis) = &stage.redis {
        program = program.env("STORM_REDIS", &redis.url);
    }
    program.spawn().unwrap()
}

async fn storm(mut stage: Stage, rounds: usize) {
    stage.database.execute("CREATE TABLE effects (job TEXT NOT NULL)", &[]).await.unwrap();
    let redis_url = stage.redis.as_ref().map(|redis| redis.url.clone());
    let settings = queue_settings(redis_url.as_deref());
    let queue = Queue::open(settings, stage.database.clone(), Clock::system()).await.unwrap();
    let mut random = fastrand::Rng::with_seed(20_261_121);
    let mut ids = Vec::new();
    for round in 0..rounds {
        let mut child = start(&stage);
        child.wait_line("storm worker runs", SOON).await.unwrap();
        for number in 0..JOBS {
            for kind in [ONCE, AT_LEAST_ONCE] {
                let job = NewJob::new(kind, &number).unwrap().key(format!("{round}/{number}"));
                ids.push(queue.enqueue_now(&job).await.unwrap().id);
            }
        }
        tokio::time::sleep(Duration::from_micros(random.u64(0..120_000))).await;
        if let Some(redis) = &mut stage.redis {
            match round % 5 {
                1 => redis.kill().await.unwrap(),
                3 => drop(redis.command(&["FLUSHALL"]).await.unwrap()),
                _ => {}
            }
        }
        child.kill().await.unwrap();
        if let (Some(redis), 1) = (&mut stage.redis, round % 5) {
            redis.restart().await.unwrap();
        }
    }
    let mut last = start(&stage);
    let started = Instant::now();
    for id in &ids {
        while queue.get(id).await.unwrap().unwrap().state != JobState::Done {
            assert!(started.elapsed() < SOON * 4, "{}: {:?}", stage.name, queue.get(id).await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    last.kill().await.unwrap();
    let repeated = check_effects(&stage).await;
    println!(
        "{}: {rounds} kills, {} jobs, none lost; effects had more than once: 0 of those completed with \
         their effect, {repeated} of the others",
        stage.name,
        ids.len()
    );
    stage.end().await;
}

/// Returns how many effects were had more than once, all of them where that is allowed.
async fn check_effects(stage: &Stage) -> u64 {
    let sql =
        "SELECT id, kind, attempts, (SELECT COUNT(*) FROM effects WHERE job = id) AS effects FROM job_queue";
    let mut repeated = 0;
    let (mut attempts, mut jobs) = (0, 0);
    for row in stage.database.fetch_all(sql, &[]).await.unwrap() {
        let kind: String = row.get("kind").unwrap();
        let tries: i64 = row.get("attempts").unwrap();
        let effects: i64 = row.get("effects").unwrap();
        let most = if kind == ONCE { 1 } else { tries };
        assert!((1..=most).contains(&effects), "{}: {kind} {tries} attempts, {effects} effects", stage.name);
        repeated += u64::from(effects > 1);
        attempts += tries;
        jobs += 1;
    }
    assert!(attempts > jobs, "{}: no attempt was ever cut off, so nothing was shown", stage.name);
    repeated
}

#[tokio::test]
async fn no_job_is_lost_by_kills_on_sqlite() {
    storm(Stage::each_running().await.remove(0), ROUNDS).await;
}

#[tokio::test]
async fn no_job_is_lost_by_kills_on_postgres() {
    if let Some(stage) = postgres(false).await {
        storm(stage, ROUNDS).await;
    }
}

#[tokio::test]
async fn no_job_is_lost_by_kills_on_redis_over_sqlite() {
    if let Some(stage) = Stage::with_redis(Clock::system()).await {
        storm(stage, ROUNDS).await;
    }
}

#[tokio::test]
async fn no_job_is_lost_by_kills_on_redis_over_postgres() {
    if let Some(stage) = postgres(true).await {
        storm(stage, ROUNDS).await;
    }
}

async fn postgres(with_redis: bool) -> Option<Stage> {
    Stage::each_running()
        .await
        .into_iter()
        .find(|stage| stage.temporary.is_postgres() && stage.redis.is_some() == with_redis)
}

/// `cargo xtask soak` sets the rounds.
fn soak_rounds() -> usize {
    Environment::read().get("SOAK_ROUNDS").map_or(200, |rounds| rounds.parse().unwrap())
}

#[tokio::test]
#[ignore = "soak: kills a worker 200 times on SQLite"]
async fn soak_jobs_kill_sqlite() {
    storm(Stage::each_running().await.remove(0), soak_rounds()).await;
}

#[tokio::test]
#[ignore = "soak: kills a worker 200 times on PostgreSQL"]
async fn soak_jobs_kill_postgres() {
    if let Some(stage) = postgres(false).await {
        storm(stage, soak_rounds()).await;
    }
}

#[tokio::test]
#[ignore = "soak: kills a worker 200 times on Redis, and Redis with it"]
async fn soak_jobs_kill_redis() {
    if let Some(stage) = postgres(true).await {
        storm(stage, soak_rounds()).await;
    }
}
