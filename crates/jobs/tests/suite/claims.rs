//! Enqueue, claim in order, leases, fencing, retries, delays and the dead.

use std::collections::BTreeSet;
use std::time::Duration;

use jobs::{JobState, JobsError};

use crate::stage::{KIND, LEASE, Stage, job};

#[tokio::test]
async fn first_come_first_served_and_each_once() {
    for stage in Stage::each().await {
        for number in 0..20 {
            stage.enqueue(&number.to_string()).await;
        }
        assert_eq!(stage.payloads(3).await, ["0", "1", "2"], "{}", stage.name);
        assert_eq!(stage.payloads(1).await, ["3"], "{}", stage.name);
        assert_eq!(stage.payloads(0).await, [""; 0], "{}", stage.name);
        assert_eq!(stage.payloads(100).await.len(), 16, "{}", stage.name);
        assert_eq!(stage.payloads(100).await, [""; 0], "{}", stage.name);
        stage.end().await;
    }
}

#[tokio::test]
async fn a_job_exists_when_its_transaction_is_committed() {
    for stage in Stage::each().await {
        let mut transaction = stage.database.begin().await.unwrap();
        stage.queue.enqueue(&mut transaction, &job("kept")).await.unwrap();
        // On SQLite a claim would wait for the writer; the look before it finds nothing.
        assert_eq!(stage.payloads(9).await, [""; 0], "{}", stage.name);
        transaction.commit().await.unwrap();
        let mut transaction = stage.database.begin().await.unwrap();
        stage.queue.enqueue(&mut transaction, &job("dropped")).await.unwrap();
        transaction.rollback().await.unwrap();
        stage.queue.nudge();
        assert_eq!(stage.payloads(9).await, ["kept"], "{}", stage.name);
        stage.end().await;
    }
}

#[tokio::test]
async fn what_is_done_is_done() {
    for stage in Stage::each().await {
        let id = stage.enqueue("a").await;
        let claim = stage.claim_one().await;
        assert_eq!((claim.job.attempt, &claim.job.id), (1, &id));
        stage.queue.complete(&claim.lease).await.unwrap();
        stage.queue.complete(&claim.lease).await.unwrap();
        stage.clock.advance(LEASE * 2);
        assert_eq!(stage.payloads(9).await, [""; 0], "{}", stage.name);
        assert_eq!(stage.queue.get(&id).await.unwrap().unwrap().state, JobState::Done);
        let late = stage.queue.retry(&claim.lease, Duration::ZERO, "too late").await;
        assert!(matches!(late, Err(JobsError::LeaseLost { .. })), "{}: {late:?}", stage.name);
        stage.end().await;
    }
}

#[tokio::test]
async fn a_lease_that_runs_out_goes_to_another_and_the_first_holder_is_refused() {
    for stage in Stage::each().await {
        let id = stage.enqueue("a").await;
        let first = stage.claim_one().await;
        stage.clock.advance(LEASE - Duration::from_millis(1));
        assert_eq!(stage.claim(1).await.len(), 0, "{}", stage.name);
        stage.clock.advance(Duration::from_millis(1));
        let second = stage.claim_one().await;
        assert_eq!((&second.job.id, second.job.attempt), (&id, 2), "{}", stage.name);
        assert!(!stage.queue.heartbeat(&first.lease, LEASE).await.unwrap());
        let refused = [
            stage.queue.complete(&first.lease).await,
            stage.queue.retry(&first.lease, Duration::ZERO, "x").await,
            stage.queue.bury(&first.lease, "x").await,
            stage.queue.give_back(&first.lease).await,
        ];
        for outcome in refused {
            assert!(matches!(outcome, Err(JobsError::LeaseLost { .. })), "{}: {outcome:?}", stage.name);
        }
        let mut transaction = stage.database.begin().await.unwrap();
        let outcome = stage.queue.complete_in(&mut transaction, &first.lease).await;
        assert!(matches!(outcome, Err(JobsError::LeaseLost { .. })), "{}: {outcome:?}", stage.name);
        transaction.rollback().await.unwrap();
        stage.queue.complete(&second.lease).await.unwrap();
        stage.end().await;
    }
}

#[tokio::test]
async fn a_heartbeat_keeps_a_lease() {
    for stage in Stage::each().await {
        stage.enqueue("a").await;
        let claim = stage.claim_one().await;
        for _ in 0..5 {
            stage.clock.advance(LEASE / 2);
            assert!(stage.queue.heartbeat(&claim.lease, LEASE).await.unwrap(), "{}", stage.name);
            assert_eq!(stage.claim(1).await.len(), 0, "{}", stage.name);
        }
        // Late, but nobody else has it yet.
        stage.clock.advance(LEASE * 3);
        assert!(stage.queue.heartbeat(&claim.lease, LEASE).await.unwrap(), "{}", stage.name);
        assert_eq!(stage.claim(1).await.len(), 0, "{}", stage.name);
        stage.queue.complete(&claim.lease).await.unwrap();
        stage.end().await;
    }
}

#[tokio::test]
async fn a_retry_waits_and_a_restart_does_not_forget_it() {
    for stage in Stage::each().await {
        let id = stage.enqueue("a").await;
        let claim = stage.claim_one().await;
        stage.queue.retry(&claim.lease, Duration::from_secs(40), "no luck").await.unwrap();
        let record = stage.queue.get(&id).await.unwrap().unwrap();
        assert_eq!(
            (record.state, record.last_error.as_deref()),
            (JobState::Delayed, Some("no luck")),
            "{}",
            stage.name
        );
        let other = stage.other_process().await;
        stage.clock.advance(Duration::from_secs(39));
        assert_eq!(other.claim(KIND, "other", LEASE, 1).await.unwrap().len(), 0, "{}", stage.name);
        stage.clock.advance(Duration::from_secs(1));
        let again = other.claim(KIND, "other", LEASE, 1).await.unwrap();
        assert_eq!(again[0].job.attempt, 2, "{}", stage.name);
        other.complete(&again[0].lease).await.unwrap();
        stage.end().await;
    }
}

#[tokio::test]
async fn given_back_jobs_keep_their_place_and_their_attempts() {
    for stage in Stage::each().await {
        stage.enqueue("a").await;
        stage.enqueue("b").await;
        let claim = stage.claim_one().await;
        stage.queue.give_back(&claim.lease).await.unwrap();
        let again = stage.claim(2).await;
        assert_eq!(again[0].job.decode::<String>().unwrap(), "a", "{}", stage.name);
        assert_eq!(again[0].job.attempt, 1, "{}", stage.name);
        stage.end().await;
    }
}

#[tokio::test]
async fn delayed_jobs_wait_for_their_time() {
    for stage in Stage::each().await {
        stage.enqueue_job(job("later").delay(Duration::from_secs(30))).await;
        stage.enqueue_job(job("sooner").delay(Duration::from_secs(20))).await;
        stage.enqueue("now").await;
        assert_eq!(stage.payloads(9).await, ["now"], "{}", stage.name);
        stage.clock.advance(Duration::from_secs(20));
        assert_eq!(stage.payloads(9).await, ["sooner"], "{}", stage.name);
        stage.clock.advance(Duration::from_secs(10));
        assert_eq!(stage.payloads(9).await, ["later"], "{}", stage.name);
        stage.end().await;
    }
}

#[tokio::test]
async fn higher_priorities_go_first_and_low_ones_do_not_starve() {
    for stage in Stage::each().await {
        stage.enqueue_job(job("low").priority(-1)).await;
        stage.clock.advance(Duration::from_secs(1));
        for number in 0..3 {
            stage.enqueue_job(job(&format!("plain {number}"))).await;
        }
        stage.enqueue_job(job("high").priority(2)).await;
        assert_eq!(stage.finish(3).await, ["high", "plain 0", "plain 1"], "{}", stage.name);
        // The low one has waited for longer than its handicap: new plain ones come after it.
        stage.clock.advance(Duration::from_secs(60));
        stage.enqueue("new").await;
        assert_eq!(stage.finish(9).await, ["plain 2", "low", "new"], "{}", stage.name);
        stage.end().await;
    }
}

#[tokio::test]
async fn a_job_that_kills_its_workers_is_exhausted_in_the_end() {
    for stage in Stage::each().await {
        let id = stage.enqueue_job(job("poison").max_attempts(2)).await;
        for attempt in 1..=2 {
            let claim = stage.claim_one().await;
            assert_eq!((claim.job.attempt, claim.job.is_exhausted()), (attempt, false));
            stage.clock.advance(LEASE);
        }
        let claim = stage.claim_one().await;
        assert!(claim.job.is_exhausted(), "{}", stage.name);
        stage.queue.bury(&claim.lease, "it killed its workers").await.unwrap();
        let dead = stage.queue.dead(10).await.unwrap();
        assert_eq!((dead.len(), &dead[0].id, dead[0].state), (1, &id, JobState::Dead), "{}", stage.name);
        stage.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_claimers_never_get_the_same_job() {
    for stage in Stage::each().await {
        for number in 0..200 {
            stage.enqueue(&number.to_string()).await;
        }
        let mut claimers = Vec::new();
        for number in 0..8 {
            let queue = stage.other_process().await;
            claimers.push(tokio::spawn(async move {
                let mut ids = Vec::new();
                let mut empty = 0;
                while empty < 3 {
                    let claims = match queue.claim(KIND, &format!("claimer {number}"), LEASE, 3).await {
                        // PostgreSQL may break a deadlock between two of them; a worker looks again too.
                        Err(error) if error.is_retryable() => continue,
                        claims => claims.unwrap(),
                    };
                    empty = if claims.is_empty() { empty + 1 } else { 0 };
                    ids.extend(claims.into_iter().map(|claim| claim.job.id));
                }
                ids
            }));
        }
        let mut all = Vec::new();
        for claimer in claimers {
            all.extend(claimer.await.unwrap());
        }
        let distinct: BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len(), "{}: a job was handed out twice", stage.name);
        assert_eq!(all.len(), 200, "{}", stage.name);
        stage.end().await;
    }
}
