//! Jobs a second on every backend: enqueued, claimed, completed, and all three by a worker.
//!
//! `cargo bench -p jobs --bench throughput`; the figures are in `docs/benchmarks.md`. The temporary PostgreSQL does not
//! flush to disk, SQLite does.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a report for people; a failure may stop it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chassis::clock::Clock;
use chassis::secret::Secret;
use jobs::{Backend, MIGRATIONS, NewJob, Queue, QueueSettings, Running, WorkerSettings, worker};
use storage::{Database, DatabaseSettings};
use testkit::{TempDb, TempRedis};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const KIND: &str = "bench";
const JOBS: u64 = 2_000;
/// Jobs that wait for their time meanwhile, as when a server they need is away.
const DELAYED: u64 = 20_000;
const LEASE: Duration = Duration::from_secs(600);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    println!("jobs a second, {JOBS} jobs each; delayed: with {DELAYED} more jobs that are not due\n");
    println!(
        "| backend | enqueue, one a commit | enqueue, 100 a commit | claim 1 | claim 16 | complete | worker, \
         16 slots | delayed: worker, 16 slots | delayed: empty claim |\n|---|---|---|---|---|---|---|---|---|"
    );
    for with_redis in [false, true] {
        for temporary in TempDb::each().await {
            let redis = if with_redis { TempRedis::start().await } else { None };
            let database =
                Database::open(&DatabaseSettings::at(&temporary.url), Clock::system()).await.unwrap();
            storage::migrate::up(&database, &[&storage::MIGRATIONS, &MIGRATIONS]).await.unwrap();
            measure(&database, redis.as_ref()).await;
            database.close().await;
        }
    }
}

async fn measure(database: &Database, redis: Option<&TempRedis>) {
    let backend = redis.map_or(Backend::Database, |redis| Backend::Redis {
        url: Secret::new(redis.url.clone()),
        prefix: "bench".to_owned(),
    });
    let settings = QueueSettings { backend, ..QueueSettings::default() };
    let queue = Queue::open(settings, database.clone(), Clock::system()).await.unwrap();
    let single = rate(async {
        for number in 0..JOBS {
            queue.enqueue_now(&job(number)).await.unwrap();
        }
    });
    let mut cells =
        vec![single.await, rate(enqueue_by_hundreds(&queue, database, JOBS, Duration::ZERO)).await];
    let mut leases = Vec::new();
    for limit in [1, 16] {
        let claiming = rate(async {
            let wanted = leases.len() + JOBS as usize;
            while leases.len() < wanted {
                let claims = queue.claim(KIND, "bench", LEASE, limit).await.unwrap();
                leases.extend(claims.into_iter().map(|claim| claim.lease));
            }
        });
        cells.push(claiming.await);
    }
    let completing = rate(async {
        for lease in &leases[..JOBS as usize] {
            queue.complete(lease).await.unwrap();
        }
    });
    cells.push(completing.await);
    enqueue_by_hundreds(&queue, database, JOBS, Duration::ZERO).await;
    cells.push(rate(work(&queue)).await);
    enqueue_by_hundreds(&queue, database, DELAYED, Duration::from_secs(3_600)).await;
    enqueue_by_hundreds(&queue, database, JOBS, Duration::ZERO).await;
    cells.push(rate(work(&queue)).await);
    let empty = rate(async {
        for _ in 0..JOBS {
            assert!(queue.claim(KIND, "bench", LEASE, 1).await.unwrap().is_empty());
        }
    });
    cells.push(empty.await);
    let line = if redis.is_some() { "Redis over " } else { "" };
    println!("| {line}{} | {} |", database.backend(), cells.join(" | "));
}

fn job(number: u64) -> NewJob {
    NewJob::new(KIND, &number).unwrap().key(format!("{number}/{}", fastrand::u64(..)))
}

async fn enqueue_by_hundreds(queue: &Queue, database: &Database, count: u64, delay: Duration) {
    for hundred in 0..count / 100 {
        let mut transaction = database.begin().await.unwrap();
        for number in 0..100 {
            queue.enqueue(&mut transaction, &job(hundred * 100 + number).delay(delay)).await.unwrap();
        }
        transaction.commit().await.unwrap();
    }
    queue.nudge();
}

/// A worker whose handler does nothing, until it has done all jobs.
async fn work(queue: &Queue) {
    let (done, all) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
    let (count, finished) = (done.clone(), all.clone());
    let handler = move |_: Running| {
        if count.fetch_add(1, Ordering::SeqCst) + 1 == JOBS {
            finished.notify_one();
        }
        async { Ok(()) }
    };
    let stop = CancellationToken::new();
    let settings = WorkerSettings { poll: Duration::from_millis(10), ..WorkerSettings::new("bench") };
    let worker = tokio::spawn(worker::run(queue.clone(), settings.kind(KIND, 16), handler, stop.clone()));
    all.notified().await;
    stop.cancel();
    worker.await.unwrap().unwrap();
}

async fn rate(work: impl Future<Output = ()>) -> String {
    let started = Instant::now();
    work.await;
    format!("{:.0}", JOBS as f64 / started.elapsed().as_secs_f64())
}
