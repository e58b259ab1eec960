//! Idempotency keys: one job for a key while it lives and for a while after.

use std::time::Duration;

use jobs::{JobsError, NewJob};

use crate::stage::{Stage, job};

#[tokio::test]
async fn a_key_names_one_job_while_it_lives_and_for_the_window_after() {
    for stage in Stage::each().await {
        let first = stage.queue.enqueue_now(&job("a").key("NA1_1/p/analyze")).await.unwrap();
        assert!(first.is_new);
        let keyed = || job("b").key("NA1_1/p/analyze").key_window(Duration::from_secs(60));
        let repeat = stage.queue.enqueue_now(&keyed()).await.unwrap();
        assert_eq!((repeat.is_new, &repeat.id), (false, &first.id), "{}", stage.name);
        let claim = stage.claim_one().await;
        assert_eq!(claim.job.decode::<String>().unwrap(), "a", "the first payload counts");
        assert!(!stage.queue.enqueue_now(&keyed()).await.unwrap().is_new, "{}: running", stage.name);
        stage.queue.complete(&claim.lease).await.unwrap();
        stage.clock.advance(Duration::from_secs(60));
        assert!(!stage.queue.enqueue_now(&keyed()).await.unwrap().is_new, "{}: just done", stage.name);
        let live_only = keyed().key_window(Duration::ZERO);
        assert!(stage.queue.enqueue_now(&live_only).await.unwrap().is_new, "{}: no window", stage.name);
        let claim = stage.claim_one().await;
        stage.queue.complete(&claim.lease).await.unwrap();
        stage.clock.advance(Duration::from_millis(60_001));
        let later = stage.queue.enqueue_now(&keyed()).await.unwrap();
        assert!(later.is_new && later.id != first.id, "{}: window over", stage.name);
        stage.end().await;
    }
}

#[tokio::test]
async fn keys_of_other_kinds_and_no_keys_do_not_clash() {
    for stage in Stage::each().await {
        let team = NewJob::new("team", &1).unwrap().key("k");
        for job in [job("a").key("k"), team, job("b"), job("c")] {
            assert!(stage.queue.enqueue_now(&job).await.unwrap().is_new, "{}: {job:?}", stage.name);
        }
        stage.end().await;
    }
}

#[tokio::test]
async fn a_dead_job_keeps_nobody_out_and_cannot_take_its_key_back() {
    for stage in Stage::each().await {
        let dead = stage.queue.enqueue_now(&job("a").key("k")).await.unwrap().id;
        let claim = stage.claim_one().await;
        stage.queue.bury(&claim.lease, "no luck").await.unwrap();
        let second = stage.queue.enqueue_now(&job("b").key("k")).await.unwrap();
        assert!(second.is_new, "{}", stage.name);
        let refused = stage.queue.requeue(&dead).await.unwrap_err();
        assert!(matches!(refused, JobsError::KeyTaken { .. }), "{}: {refused}", stage.name);
        let claim = stage.claim_one().await;
        stage.queue.bury(&claim.lease, "no luck either").await.unwrap();
        stage.queue.requeue(&dead).await.unwrap();
        let third = stage.queue.enqueue_now(&job("c").key("k")).await.unwrap();
        assert_eq!((third.is_new, &third.id), (false, &dead), "{}", stage.name);
        stage.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_one_is_made() {
    for stage in Stage::each().await {
        let enqueuers: Vec<_> = (0..24)
            .map(|number| {
                let queue = stage.queue.clone();
                tokio::spawn(
                    async move { queue.enqueue_now(&job(&number.to_string()).key("k")).await.unwrap() },
                )
            })
            .collect();
        let mut made = Vec::new();
        for enqueuer in enqueuers {
            made.push(enqueuer.await.unwrap());
        }
        assert_eq!(made.iter().filter(|enqueued| enqueued.is_new).count(), 1, "{}", stage.name);
        assert!(made.iter().all(|enqueued| enqueued.id == made[0].id), "{}", stage.name);
        assert_eq!(stage.claim(9).await.len(), 1, "{}", stage.name);
        stage.end().await;
    }
}

/// A refusal leaves the caller's transaction as it was.
#[tokio::test]
async fn what_is_refused_does_not_spoil_the_transaction() {
    for stage in Stage::each().await {
        let mut transaction = stage.database.begin().await.unwrap();
        let large = job(&"x".repeat(300_000));
        let refused = stage.queue.enqueue(&mut transaction, &large).await.unwrap_err();
        assert!(matches!(refused, JobsError::PayloadTooLarge { .. }), "{refused}");
        let refused = stage.queue.enqueue(&mut transaction, &job("a").key("")).await.unwrap_err();
        assert!(matches!(refused, JobsError::Name { .. }), "{refused}");
        stage.queue.enqueue(&mut transaction, &job("a").key("k")).await.unwrap();
        let again = stage.queue.enqueue(&mut transaction, &job("b").key("k")).await.unwrap();
        assert!(!again.is_new);
        transaction.commit().await.unwrap();
        stage.queue.nudge();
        assert_eq!(stage.payloads(9).await, ["a"], "{}", stage.name);
        stage.end().await;
    }
}
