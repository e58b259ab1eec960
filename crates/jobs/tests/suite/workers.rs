//! Workers: lanes that do not block each other, limits, lost leases, drains, and effects had exactly once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use jobs::worker::Drained;
use jobs::{DeadJob, Failure, Handler, JobId, JobState, NewJob, Running, WorkerSettings, worker};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::stage::{KIND, LEASE, SOON, Stage, job};

struct Worker {
    stop: CancellationToken,
    task: JoinHandle<Drained>,
}

fn settings() -> WorkerSettings {
    WorkerSettings { poll: Duration::from_millis(20), ..WorkerSettings::new("tester") }
}

impl Worker {
    fn start(stage: &Stage, settings: WorkerSettings, handler: impl Handler) -> Self {
        let stop = CancellationToken::new();
        let run = worker::run(stage.queue.clone(), settings, handler, stop.clone());
        Worker { stop, task: tokio::spawn(async { run.await.unwrap() }) }
    }

    async fn stop(self) -> Drained {
        self.stop.cancel();
        tokio::time::timeout(SOON, self.task).await.unwrap().unwrap()
    }
}

/// Waits until a job is there.
async fn reaches(stage: &Stage, id: &JobId, state: JobState) {
    let started = Instant::now();
    loop {
        let record = stage.queue.get(id).await.unwrap().unwrap();
        if record.state == state {
            return;
        }
        assert!(started.elapsed() < SOON, "{}: {record:?} does not become {state:?}", stage.name);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn jobs_are_done_in_their_slots() {
    for stage in Stage::each_running().await {
        let (busy, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let mut ids = Vec::new();
        for number in 0..30 {
            ids.push(stage.enqueue(&number.to_string()).await);
        }
        let counts = (busy.clone(), most.clone());
        let handler = move |running: Running| {
            let (busy, most) = counts.clone();
            async move {
                let now = busy.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(5)).await;
                busy.fetch_sub(1, Ordering::SeqCst);
                running.job.decode::<String>().map(drop)
            }
        };
        let worker = Worker::start(&stage, settings().kind(KIND, 3), handler);
        for id in &ids {
            reaches(&stage, id, JobState::Done).await;
        }
        assert_eq!(most.load(Ordering::SeqCst), 3, "{}: as many as there are slots", stage.name);
        assert_eq!(worker.stop().await, Drained { given_back: 0 });
        stage.end().await;
    }
}

#[tokio::test]
async fn a_slow_kind_does_not_block_another() {
    for stage in Stage::each_running().await {
        let gate = Arc::new(Semaphore::new(0));
        for _ in 0..5 {
            stage.queue.enqueue_now(&NewJob::new("slow", &()).unwrap().priority(50)).await.unwrap();
        }
        let quick = stage.enqueue("quick").await;
        let held = gate.clone();
        let handler = move |running: Running| {
            let gate = held.clone();
            async move {
                if running.job.kind == "slow" {
                    gate.acquire().await.unwrap().forget();
                }
                Ok(())
            }
        };
        let worker = Worker::start(&stage, settings().kind("slow", 2).kind(KIND, 1), handler);
        reaches(&stage, &quick, JobState::Done).await;
        gate.add_permits(5);
        worker.stop().await;
        stage.end().await;
    }
}

/// Fails as its payload says, and tells of the dead.
struct Failing {
    dead: mpsc::UnboundedSender<DeadJob>,
    runs: Arc<AtomicU32>,
}

impl Handler for Failing {
    async fn run(&self, running: Running) -> Result<(), Failure> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        match running.job.decode::<String>()?.as_str() {
            "permanent" => Err(Failure::permanent("it will never work")),
            "panic" => panic!("on purpose"),
            "slow" => {
                std::future::pending::<()>().await;
                Ok(())
            }
            "third time" if running.job.attempt < 3 => {
                Err(Failure::retry_after("not yet", Duration::from_millis(1)))
            }
            "put off" if self.runs.load(Ordering::SeqCst) < 5 => {
                Err(Failure::postpone("the door is shut", Duration::from_millis(1)))
            }
            "never" => Err(Failure::retry_after("no\0 luck", Duration::from_millis(1))),
            _ => Ok(()),
        }
    }

    async fn on_dead(&self, dead: DeadJob) {
        self.dead.send(dead).unwrap();
        panic!("the job is buried all the same");
    }
}

#[tokio::test]
async fn failures_lead_to_retries_and_dead_letters() {
    for stage in Stage::each_running().await {
        let (dead, mut told) = mpsc::unbounded_channel();
        let runs = Arc::new(AtomicU32::new(0));
        let mut settings = settings().kind(KIND, 2);
        settings.kinds[0].time_limit = Duration::from_millis(300);
        let worker = Worker::start(&stage, settings, Failing { dead, runs: runs.clone() });
        let once = |payload: &str| job(payload).max_attempts(1);
        let check = async |new: NewJob, state, reason: Option<&str>, expected_runs| {
            runs.store(0, Ordering::SeqCst);
            let id = stage.enqueue_job(new).await;
            reaches(&stage, &id, state).await;
            let record = stage.queue.get(&id).await.unwrap().unwrap();
            assert_eq!(record.last_error.as_deref(), reason, "{}", stage.name);
            assert_eq!(runs.load(Ordering::SeqCst), expected_runs, "{}: {reason:?}", stage.name);
        };
        check(job("permanent"), JobState::Dead, Some("it will never work"), 1).await;
        check(once("panic"), JobState::Dead, Some("the handler panicked"), 1).await;
        check(once("slow"), JobState::Dead, Some("the attempt took longer than 0.3 s"), 1).await;
        check(job("third time"), JobState::Done, Some("not yet"), 3).await;
        check(job("never").max_attempts(4), JobState::Dead, Some("no luck"), 4).await;
        check(once("put off"), JobState::Done, Some("the door is shut"), 5).await;
        let poison = NewJob::new(KIND, &[1, 2]).unwrap();
        check(poison, JobState::Dead, Some("the payload cannot be read: Data error at 1:0"), 1).await;
        let mut payloads = Vec::new();
        while let Ok(dead) = told.try_recv() {
            payloads.push(dead.job.payload);
        }
        assert_eq!(
            payloads,
            ["\"permanent\"", "\"panic\"", "\"slow\"", "\"never\"", "[1,2]"],
            "{}",
            stage.name
        );
        worker.stop().await;
        stage.end().await;
    }
}

#[tokio::test]
async fn a_job_whose_workers_died_is_given_up_without_another_run() {
    for stage in Stage::each_running().await {
        let id = stage.enqueue_job(job("poison").max_attempts(2)).await;
        stage.database.execute("UPDATE job_queue SET attempts = 2", &[]).await.unwrap();
        let (dead, mut told) = mpsc::unbounded_channel();
        let runs = Arc::new(AtomicU32::new(0));
        let worker = Worker::start(&stage, settings().kind(KIND, 1), Failing { dead, runs: runs.clone() });
        reaches(&stage, &id, JobState::Dead).await;
        assert_eq!(told.recv().await.unwrap().reason, "its 2 attempts ended with the death of their worker");
        assert_eq!(runs.load(Ordering::SeqCst), 0, "{}", stage.name);
        worker.stop().await;
        stage.end().await;
    }
}

#[tokio::test]
async fn a_long_job_is_kept_alive_and_run_once() {
    for stage in Stage::each_running().await {
        let runs = Arc::new(AtomicU32::new(0));
        let id = stage.enqueue("long").await;
        let start = || {
            let runs = runs.clone();
            let handler = move |_: Running| {
                runs.fetch_add(1, Ordering::SeqCst);
                async {
                    tokio::time::sleep(Duration::from_millis(2_500)).await;
                    Ok(())
                }
            };
            let settings = WorkerSettings { lease: Duration::from_secs(1), ..settings() };
            Worker::start(&stage, settings.kind(KIND, 1), handler)
        };
        let (first, second) = (start(), start());
        reaches(&stage, &id, JobState::Done).await;
        first.stop().await;
        second.stop().await;
        assert_eq!(runs.load(Ordering::SeqCst), 1, "{}", stage.name);
        stage.end().await;
    }
}

#[tokio::test]
async fn a_lost_lease_is_told_and_its_completion_refused() {
    for stage in Stage::each_running().await {
        let id = stage.enqueue("a").await;
        let (sender, mut lost) = mpsc::unbounded_channel();
        let handler = move |running: Running| {
            let sender = sender.clone();
            async move {
                running.lost().cancelled().await;
                sender.send(running).unwrap();
                Ok(())
            }
        };
        let settings = WorkerSettings { lease: Duration::from_millis(300), ..settings() };
        let worker = Worker::start(&stage, settings.kind(KIND, 1), handler);
        reaches(&stage, &id, JobState::Running).await;
        // Another worker has it now, far away.
        let steal = "UPDATE job_queue SET lease_token = 'other', visible_at_ms = visible_at_ms + 50000, wait_ms = 60000";
        stage.database.execute(steal, &[]).await.unwrap();
        let running = tokio::time::timeout(SOON, lost.recv()).await.unwrap().unwrap();
        let mut transaction = stage.database.begin().await.unwrap();
        running.complete_in(&mut transaction).await.unwrap_err();
        transaction.rollback().await.unwrap();
        worker.stop().await;
        let record = stage.queue.get(&id).await.unwrap().unwrap();
        assert_eq!(record.state, JobState::Running, "{}: the other one's", stage.name);
        stage.end().await;
    }
}

#[tokio::test]
async fn a_drain_lets_jobs_end_and_gives_the_rest_back() {
    for stage in Stage::each_running().await {
        let ends = stage.enqueue("ends").await;
        let hangs = stage.enqueue("hangs").await;
        let waits = stage.enqueue_job(job("waits").delay(Duration::from_millis(1))).await;
        let (sender, mut begun) = mpsc::unbounded_channel();
        let handler = move |running: Running| {
            let sender = sender.clone();
            async move {
                sender.send(()).unwrap();
                if running.job.decode::<String>()? == "hangs" {
                    std::future::pending::<()>().await;
                }
                running.stopping().cancelled().await;
                Ok(())
            }
        };
        let settings = WorkerSettings { drain: Duration::from_millis(500), ..settings() };
        let worker = Worker::start(&stage, settings.kind(KIND, 2), handler);
        begun.recv().await.unwrap();
        begun.recv().await.unwrap();
        assert_eq!(worker.stop().await, Drained { given_back: 1 }, "{}", stage.name);
        let state = async |id| stage.queue.get(id).await.unwrap().unwrap();
        assert_eq!(state(&ends).await.state, JobState::Done, "{}", stage.name);
        assert_eq!(state(&waits).await.attempts, 0, "{}: nothing was claimed any more", stage.name);
        let given_back = state(&hangs).await;
        assert_eq!((given_back.state, given_back.attempts), (JobState::Ready, 0), "{}", stage.name);
        let claims = stage.queue.claim(KIND, "next", LEASE, 1).await.unwrap();
        assert_eq!(claims[0].job.id, hangs, "{}: at once, in its old place", stage.name);
        stage.end().await;
    }
}

#[tokio::test]
async fn effects_and_completion_in_one_transaction() {
    for stage in Stage::each_running().await {
        stage.database.execute("CREATE TABLE effects (job TEXT NOT NULL)", &[]).await.unwrap();
        let database = stage.database.clone();
        let handler = move |running: Running| {
            let database = database.clone();
            async move {
                let mut transaction = database.begin().await?;
                let effect = "INSERT INTO effects (job) VALUES ($1)";
                transaction.execute(effect, &storage::params![running.job.id.as_str()]).await?;
                running.complete_in(&mut transaction).await?;
                match (running.job.decode::<String>()?.as_str(), running.job.attempt) {
                    // Forgets its commit, which is a mistake, but no effect may be lost by it.
                    ("forgets", 1) => Ok(transaction.rollback().await?),
                    // Fails after its commit: what is committed stands.
                    ("fails late", _) => {
                        transaction.commit().await?;
                        Err(Failure::permanent("too late to matter"))
                    }
                    _ => Ok(transaction.commit().await?),
                }
            }
        };
        let worker = Worker::start(&stage, settings().kind(KIND, 2), handler);
        let plain = stage.enqueue("plain").await;
        let late = stage.enqueue("fails late").await;
        let forgets = stage.enqueue("forgets").await;
        reaches(&stage, &plain, JobState::Done).await;
        reaches(&stage, &late, JobState::Done).await;
        reaches(&stage, &forgets, JobState::Delayed).await;
        let hurry =
            "UPDATE job_queue SET visible_at_ms = 0, rank_ms = 0, published = '' WHERE state = 'live'";
        stage.database.execute(hurry, &[]).await.unwrap();
        if let Some(redis) = &stage.redis {
            redis.command(&["FLUSHALL"]).await.unwrap();
        }
        reaches(&stage, &forgets, JobState::Done).await;
        worker.stop().await;
        let held = stage.database.fetch_all("SELECT job FROM effects ORDER BY job", &[]).await.unwrap();
        let jobs: Vec<String> = held.iter().map(|row| row.get("job").unwrap()).collect();
        assert_eq!(jobs, [plain.0, late.0, forgets.0], "{}", stage.name);
        stage.end().await;
    }
}

#[tokio::test]
async fn a_worker_whose_future_is_dropped_claims_no_more() {
    for stage in Stage::each_running().await {
        let done = stage.enqueue("done").await;
        let stop = CancellationToken::new();
        let idle = |_: Running| async { Ok(()) };
        let run = worker::run(stage.queue.clone(), settings().kind(KIND, 1), idle, stop.clone());
        tokio::select! {
            ended = run => panic!("it was not asked to stop: {ended:?}"),
            () = reaches(&stage, &done, JobState::Done) => {}
        }
        assert!(!stop.is_cancelled(), "the caller's token is the caller's");
        let left = stage.enqueue_job(job("left").delay(Duration::from_millis(1))).await;
        tokio::time::sleep(settings().poll * 10).await;
        let record = stage.queue.get(&left).await.unwrap().unwrap();
        assert_eq!((record.state, record.attempts), (JobState::Ready, 0), "{}", stage.name);
        stage.end().await;
    }
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let stage = Stage::each().await.remove(0);
    let idle = |_: Running| async { Ok(()) };
    for settings in [
        settings().kind(KIND, 0),
        settings().kind("No", 1),
        WorkerSettings { lease: Duration::ZERO, ..settings() },
        WorkerSettings { poll: Duration::ZERO, ..settings() },
    ] {
        let stop = CancellationToken::new();
        assert!(worker::run(stage.queue.clone(), settings, idle, stop).await.is_err());
    }
    stage.end().await;
}
