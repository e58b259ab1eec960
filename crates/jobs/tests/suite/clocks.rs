//! Clocks that jump, in both directions.

use std::time::Duration;

use chassis::clock::{Clock, parse_utc_text};
use jobs::Queue;

use crate::stage::{KIND, LEASE, Stage, job};

const HOUR: Duration = Duration::from_secs(3600);

/// The same queue on a clock that was set back by an hour.
async fn an_hour_earlier(stage: &Stage) -> (Queue, Clock) {
    let text = "2026-01-31 11:00:00.000";
    let clock = Clock::fixed(parse_utc_text(text).unwrap());
    let queue = Queue::open(stage.settings.clone(), stage.database.clone(), clock.clone()).await.unwrap();
    (queue, clock)
}

async fn payloads(queue: &Queue) -> Vec<String> {
    let claims = queue.claim(KIND, "tester", LEASE, 9).await.unwrap();
    claims.iter().map(|claim| claim.job.decode().unwrap()).collect()
}

#[tokio::test]
async fn a_clock_set_back_lengthens_no_wait() {
    for stage in Stage::each().await {
        stage.enqueue("held by the dead").await;
        stage.claim_one().await;
        stage.enqueue_job(job("retried")).await;
        let claim = stage.claim_one().await;
        stage.queue.retry(&claim.lease, Duration::from_secs(20), "x").await.unwrap();
        stage.enqueue_job(job("delayed").delay(Duration::from_secs(30))).await;
        stage.enqueue("ready").await;
        let (queue, clock) = an_hour_earlier(&stage).await;
        assert_eq!(payloads(&queue).await, ["ready"], "{}", stage.name);
        clock.advance(Duration::from_secs(20));
        assert_eq!(payloads(&queue).await, ["retried"], "{}", stage.name);
        clock.advance(Duration::from_secs(10));
        assert_eq!(payloads(&queue).await, ["delayed"], "{}", stage.name);
        clock.advance(LEASE - Duration::from_secs(30));
        assert!(payloads(&queue).await.contains(&"held by the dead".to_owned()), "{}", stage.name);
        stage.end().await;
    }
}

#[tokio::test]
async fn a_worker_that_lives_keeps_its_job_when_the_clock_is_set_back() {
    for stage in Stage::each().await {
        stage.enqueue("a").await;
        let claim = stage.claim_one().await;
        let (queue, clock) = an_hour_earlier(&stage).await;
        for _ in 0..6 {
            assert_eq!(payloads(&queue).await, [""; 0], "{}", stage.name);
            assert!(queue.heartbeat(&claim.lease, LEASE).await.unwrap(), "{}", stage.name);
            clock.advance(LEASE / 3);
        }
        queue.complete(&claim.lease).await.unwrap();
        stage.end().await;
    }
}

#[tokio::test]
async fn jobs_from_after_the_jump_do_not_overtake_those_from_before() {
    for stage in Stage::each().await {
        stage.enqueue("before 1").await;
        stage.enqueue("before 2").await;
        let (queue, clock) = an_hour_earlier(&stage).await;
        // The first claim notices; it wants nothing.
        queue.claim(KIND, "tester", LEASE, 0).await.unwrap();
        clock.advance(Duration::from_millis(5));
        queue.enqueue_now(&job("after")).await.unwrap();
        assert_eq!(payloads(&queue).await, ["before 1", "before 2", "after"], "{}", stage.name);
        stage.end().await;
    }
}

/// A jump forward ends leases early: at least once, and the completion of the first holder is refused or counts,
/// never both.
#[tokio::test]
async fn a_clock_set_forward_delivers_again_and_fences() {
    for stage in Stage::each().await {
        stage.enqueue("a").await;
        let first = stage.claim_one().await;
        stage.clock.advance(HOUR * 24 * 365);
        let second = stage.claim_one().await;
        assert!(stage.queue.complete(&first.lease).await.is_err(), "{}", stage.name);
        stage.queue.complete(&second.lease).await.unwrap();
        stage.end().await;
    }
}
