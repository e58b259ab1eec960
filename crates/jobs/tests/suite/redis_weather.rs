//! Redis going away, hanging and forgetting: enqueuing goes on, nothing is lost, nobody gets a job twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chassis::clock::Clock;
use chassis::secret::Secret;
use jobs::{Backend, JobState, JobsError, Queue, QueueSettings, Running, WorkerSettings, worker};
use tokio_util::sync::CancellationToken;

use crate::stage::{KIND, LEASE, SOON, Stage, fixed, job};

/// What a person asking for something may have to wait for at most.
const BOUND: Duration = Duration::from_millis(500);

async fn stage() -> Option<Stage> {
    Stage::with_redis(fixed()).await
}

/// Claims until nothing has come for a while longer than the relay's interval.
async fn all_payloads(stage: &Stage) -> Vec<String> {
    let mut payloads = Vec::new();
    let mut last = Instant::now();
    while last.elapsed() < Duration::from_millis(600) {
        match stage.queue.claim(KIND, "tester", LEASE, 9).await {
            Ok(claims) if claims.is_empty() => {}
            Ok(claims) => {
                payloads.extend(claims.iter().map(|claim| claim.job.decode::<String>().unwrap()));
                last = Instant::now();
            }
            Err(error) => assert!(matches!(error, JobsError::Redis { .. }), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    payloads
}

#[tokio::test]
async fn without_redis_jobs_are_accepted_and_handed_out_later() {
    let Some(mut stage) = stage().await else { return };
    stage.enqueue("before").await;
    assert_eq!(stage.queue.health().await.unwrap(), "jobs are handed out");
    stage.redis.as_mut().unwrap().stop().await.unwrap();
    let started = Instant::now();
    stage.enqueue("while it is away").await;
    assert!(started.elapsed() < BOUND, "enqueuing took {:?}", started.elapsed());
    let started = Instant::now();
    let claim = stage.queue.claim(KIND, "tester", LEASE, 1).await;
    assert!(matches!(claim, Err(JobsError::Redis { .. })), "{claim:?}");
    assert!(started.elapsed() < Duration::from_secs(5), "a claim hung for {:?}", started.elapsed());
    let health = stage.queue.health().await.unwrap_err();
    assert_eq!(health, "jobs are accepted and wait: their backend does not answer");
    stage.redis.as_mut().unwrap().restart().await.unwrap();
    assert_eq!(all_payloads(&stage).await, ["before", "while it is away"]);
    assert!(stage.queue.health().await.is_ok());
    stage.end().await;
}

#[tokio::test]
async fn a_redis_that_hangs_holds_nobody_up_for_long() {
    let Some(stage) = stage().await else { return };
    stage.queue.health().await.unwrap();
    stage.redis.as_ref().unwrap().command(&["CLIENT", "PAUSE", "4000", "ALL"]).await.unwrap();
    let started = Instant::now();
    stage.enqueue("a").await;
    assert!(started.elapsed() < BOUND, "enqueuing took {:?}", started.elapsed());
    assert!(stage.queue.claim(KIND, "tester", LEASE, 1).await.is_err());
    assert!(started.elapsed() < Duration::from_secs(3), "a claim hung for {:?}", started.elapsed());
    stage.end().await;
}

#[tokio::test]
async fn a_flush_loses_nothing_and_hands_nothing_out_twice() {
    let Some(stage) = stage().await else { return };
    stage.enqueue("held").await;
    stage.enqueue("done").await;
    stage.enqueue("failed").await;
    stage.enqueue("waiting").await;
    let claims = stage.claim(3).await;
    stage.queue.complete(&claims[1].lease).await.unwrap();
    stage.queue.retry(&claims[2].lease, Duration::from_secs(30), "x").await.unwrap();
    stage.redis.as_ref().unwrap().command(&["FLUSHALL"]).await.unwrap();
    assert_eq!(all_payloads(&stage).await, ["waiting"]);
    stage.clock.advance(Duration::from_secs(30));
    assert_eq!(all_payloads(&stage).await, ["failed"], "its backoff was kept");
    assert!(stage.queue.heartbeat(&claims[0].lease, LEASE).await.unwrap(), "the holder goes on");
    stage.clock.advance(LEASE - Duration::from_secs(1));
    assert_eq!(all_payloads(&stage).await, ["waiting"], "only the lease of this one is over");
    stage.queue.complete(&claims[0].lease).await.unwrap();
    stage.end().await;
}

#[tokio::test]
async fn a_killed_redis_may_forget_its_last_second() {
    let Some(mut stage) = stage().await else { return };
    for number in 0..50 {
        stage.enqueue(&number.to_string()).await;
    }
    let claims = stage.claim(10).await;
    for claim in &claims[..5] {
        stage.queue.complete(&claim.lease).await.unwrap();
    }
    stage.redis.as_mut().unwrap().kill().await.unwrap();
    for claim in &claims[5..7] {
        stage.queue.complete(&claim.lease).await.unwrap();
    }
    stage.redis.as_mut().unwrap().restart().await.unwrap();
    let rest = all_payloads(&stage).await;
    let expected: Vec<String> = (10..50).map(|number| number.to_string()).collect();
    assert_eq!(rest, expected);
    // What the dead worker held comes back, what was done meanwhile does not.
    stage.clock.advance(LEASE);
    let back = all_payloads(&stage).await;
    assert_eq!(back.len(), 43, "{back:?}");
    assert!(["7", "8", "9"].iter().all(|held| back.contains(&(*held).to_owned())), "{back:?}");
    stage.end().await;
}

/// Told of jobs that are long done, and knowing of none that are not: the rows decide.
#[tokio::test]
async fn what_redis_believes_does_not_count() {
    let Some(stage) = stage().await else { return };
    let done = stage.enqueue("done").await;
    let claim = stage.claim_one().await;
    stage.queue.complete(&claim.lease).await.unwrap();
    let redis = stage.redis.as_ref().unwrap();
    for id in [done.as_str(), "no-such-job"] {
        redis.command(&["ZADD", "{suite}:analyze:ready", "0", id]).await.unwrap();
        redis.command(&["HSET", "{suite}:analyze:ranks", id, "0"]).await.unwrap();
    }
    let lost = stage.enqueue("lost").await;
    assert_eq!(all_payloads(&stage).await, ["lost"]);
    let left = redis.command(&["HLEN", "{suite}:analyze:ranks"]).await.unwrap();
    assert_eq!(left, redis::Value::Int(1), "only the running one is known");
    // Lost without a restart or a flush: found again by the next tidying.
    let claim = stage.queue.get(&lost).await.unwrap().unwrap();
    assert_eq!(claim.state, JobState::Running);
    redis.command(&["DEL", "{suite}:analyze:ranks", "{suite}:analyze:leased"]).await.unwrap();
    stage.clock.advance(LEASE * 3);
    let other = stage.other_process().await;
    other.claim(KIND, "other", LEASE, 0).await.unwrap();
    let found = other.claim(KIND, "other", LEASE, 1).await.unwrap();
    assert_eq!(found[0].job.id, lost);
    // Put off for ever in Redis, but overdue by its row.
    redis.command(&["ZREM", "{suite}:analyze:leased", lost.as_str()]).await.unwrap();
    redis.command(&["ZADD", "{suite}:analyze:delayed", "9999999999999", lost.as_str()]).await.unwrap();
    stage.clock.advance(LEASE * 3);
    let other = stage.other_process().await;
    let found = other.claim(KIND, "other", LEASE, 1).await.unwrap();
    assert_eq!(found[0].job.id, lost);
    stage.end().await;
}

/// A job that another holds, or that is not due, is refused even when Redis puts it at the head of the line.
#[tokio::test]
async fn a_row_refuses_what_redis_proposes_too_early() {
    let Some(stage) = stage().await else { return };
    let held = stage.enqueue("held").await;
    let claim = stage.claim_one().await;
    let delayed = stage.enqueue_job(job("delayed").delay(Duration::from_secs(30))).await;
    stage.claim(1).await;
    let redis = stage.redis.as_ref().unwrap();
    for id in [&held, &delayed] {
        redis.command(&["ZADD", "{suite}:analyze:ready", "0", id.as_str()]).await.unwrap();
    }
    assert_eq!(all_payloads(&stage).await, [""; 0]);
    stage.clock.advance(Duration::from_secs(30));
    assert_eq!(all_payloads(&stage).await, ["delayed"], "it was put where it belongs");
    stage.queue.complete(&claim.lease).await.unwrap();
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_go_on_when_redis_comes_back() {
    let Some(mut stage) = Stage::with_redis(Clock::system()).await else { return };
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let handler = move |_: Running| {
        counted.fetch_add(1, Ordering::SeqCst);
        async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok(())
        }
    };
    let stop = CancellationToken::new();
    let settings = WorkerSettings { poll: Duration::from_millis(20), ..WorkerSettings::new("tester") };
    let worker =
        tokio::spawn(worker::run(stage.queue.clone(), settings.kind(KIND, 4), handler, stop.clone()));
    let mut ids = Vec::new();
    for round in 0..4 {
        for number in 0..30 {
            ids.push(stage.enqueue(&format!("{round} {number}")).await);
        }
        let redis = stage.redis.as_mut().unwrap();
        match round {
            0 => redis.kill().await.unwrap(),
            1 => redis.restart().await.unwrap(),
            2 => drop(redis.command(&["FLUSHALL"]).await.unwrap()),
            _ => {
                redis.stop().await.unwrap();
                redis.restart().await.unwrap();
            }
        }
    }
    let started = Instant::now();
    for id in &ids {
        while stage.queue.get(id).await.unwrap().unwrap().state != JobState::Done {
            assert!(started.elapsed() < SOON, "{:?}", stage.queue.get(id).await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    stop.cancel();
    worker.await.unwrap().unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 120, "no worker died, so every job ran once");
    stage.end().await;
}

#[tokio::test]
async fn a_wrong_password_is_an_error_that_does_not_show_it() {
    let Some(stage) = stage().await else { return };
    let open = async |url: &str| {
        let backend = Backend::Redis { url: Secret::new(url.to_owned()), prefix: "p".to_owned() };
        let settings = QueueSettings { backend, ..QueueSettings::default() };
        Queue::open(settings, stage.database.clone(), stage.clock.clone()).await
    };
    let place = stage.redis.as_ref().unwrap().url.rsplit('@').next().unwrap().to_owned();
    let queue = open(&format!("redis://default:hunter2@{place}")).await.unwrap();
    let error = queue.claim(KIND, "tester", LEASE, 1).await.unwrap_err();
    assert!(!format!("{error:?} {error} {queue:?}").contains("hunter2"), "{error:?}");
    let error = open("http://default:hunter2@localhost").await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("hunter2"), "{error:?}");
    stage.end().await;
}
