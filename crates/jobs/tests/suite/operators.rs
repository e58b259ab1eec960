//! What people on call do: look, pause, requeue; and what the queue tidies by itself.

use std::time::Duration;

use chassis::Clock;
use jobs::{JobId, JobState, JobsError, KindStats, NewJob, Queue, QueueSettings};

use crate::stage::{KIND, LEASE, Stage, job};

#[tokio::test]
async fn counts_by_kind() {
    for stage in Stage::each().await {
        for number in 0..5 {
            stage.enqueue(&number.to_string()).await;
        }
        stage.enqueue_job(job("later").delay(Duration::from_secs(3600))).await;
        stage.queue.enqueue_now(&NewJob::new("team", &1).unwrap()).await.unwrap();
        let claims = stage.claim(3).await;
        stage.queue.complete(&claims[0].lease).await.unwrap();
        stage.queue.bury(&claims[1].lease, "x").await.unwrap();
        stage.queue.pause(Some("team")).await.unwrap();
        stage.queue.pause(Some("unused")).await.unwrap();
        stage.clock.advance(Duration::from_secs(5));
        let zero = KindStats {
            kind: String::new(),
            ready: 0,
            delayed: 0,
            running: 0,
            dead: 0,
            oldest_ready_age: None,
            is_paused: true,
        };
        let age = Some(Duration::from_secs(5));
        let expected = [
            KindStats {
                kind: KIND.into(),
                ready: 2,
                delayed: 1,
                running: 1,
                dead: 1,
                oldest_ready_age: age,
                is_paused: false,
            },
            KindStats { kind: "team".into(), ready: 1, oldest_ready_age: age, ..zero.clone() },
            KindStats { kind: "unused".into(), ..zero },
        ];
        assert_eq!(stage.queue.stats().await.unwrap(), expected, "{}", stage.name);
        stage.end().await;
    }
}

#[tokio::test]
async fn paused_kinds_are_not_handed_out_anywhere() {
    for stage in Stage::each().await {
        stage.enqueue("a").await;
        stage.queue.enqueue_now(&NewJob::new("team", &1).unwrap()).await.unwrap();
        let other = stage.other_process().await;
        other.pause(Some(KIND)).await.unwrap();
        assert_eq!(stage.claim(1).await.len(), 0, "{}", stage.name);
        let team = stage.queue.claim("team", "tester", LEASE, 1).await.unwrap();
        assert_eq!(team.len(), 1, "{}: the other kind goes on", stage.name);
        stage.queue.give_back(&team[0].lease).await.unwrap();
        other.pause(None).await.unwrap();
        other.resume(Some(KIND)).await.unwrap();
        assert_eq!(stage.claim(1).await.len(), 0, "{}: all are paused", stage.name);
        assert!(stage.queue.stats().await.unwrap().iter().all(|kind| kind.is_paused), "{}", stage.name);
        other.resume(None).await.unwrap();
        assert_eq!(stage.claim(1).await.len(), 1, "{}", stage.name);
        stage.end().await;
    }
}

#[tokio::test]
async fn a_requeued_job_has_all_its_attempts_again() {
    for stage in Stage::each().await {
        let id = stage.enqueue_job(job("a").max_attempts(1)).await;
        assert!(matches!(stage.queue.requeue(&id).await, Err(JobsError::NotDead { .. })));
        let unknown = JobId("none".into());
        assert!(matches!(stage.queue.requeue(&unknown).await, Err(JobsError::NotFound { .. })));
        let claim = stage.claim_one().await;
        stage.queue.bury(&claim.lease, "no luck").await.unwrap();
        stage.queue.requeue(&id).await.unwrap();
        let record = stage.queue.get(&id).await.unwrap().unwrap();
        assert_eq!((record.state, record.attempts), (JobState::Ready, 0), "{}", stage.name);
        let claim = stage.claim_one().await;
        assert_eq!(claim.job.decode::<String>().unwrap(), "a", "{}: the payload was kept", stage.name);
        assert_eq!(claim.job.attempt, 1, "{}", stage.name);
        stage.end().await;
    }
}

#[tokio::test]
async fn old_jobs_are_pruned_and_payloads_of_done_ones_go_at_once() {
    for stage in Stage::each().await {
        let settings = QueueSettings {
            keep_done: Duration::from_secs(3600),
            keep_dead: Duration::from_secs(7200),
            ..stage.settings.clone()
        };
        let done = stage.enqueue("secret").await;
        let dead = stage.enqueue("dead").await;
        let claims = stage.claim(2).await;
        stage.queue.complete(&claims[0].lease).await.unwrap();
        stage.queue.bury(&claims[1].lease, "x").await.unwrap();
        let held = stage.database.fetch_all("SELECT payload FROM job_queue WHERE state = 'done'", &[]).await;
        assert_eq!(held.unwrap()[0].get::<String>("payload").unwrap(), "", "{}", stage.name);
        for (seconds, expected) in [(3600, (true, true)), (1, (false, true)), (3600, (false, false))] {
            stage.clock.advance(Duration::from_secs(seconds));
            // A queue tidies at its first claim.
            let queue =
                Queue::open(settings.clone(), stage.database.clone(), stage.clock.clone()).await.unwrap();
            queue.claim(KIND, "tester", LEASE, 1).await.unwrap();
            let kept = (queue.get(&done).await.unwrap().is_some(), queue.get(&dead).await.unwrap().is_some());
            assert_eq!(kept, expected, "{} after {seconds}", stage.name);
        }
        stage.end().await;
    }
}

#[tokio::test]
async fn a_database_without_the_tables_is_refused_at_once() {
    let temporary = testkit::TempDb::sqlite();
    let settings = storage::DatabaseSettings::at(&temporary.url);
    let database = storage::Database::open(&settings, Clock::system()).await.unwrap();
    let opened = Queue::open(QueueSettings::default(), database.clone(), Clock::system()).await;
    assert!(matches!(opened, Err(JobsError::Storage(_))), "{opened:?}");
    storage::migrate::up(&database, &[&jobs::MIGRATIONS]).await.unwrap();
    let none = QueueSettings { max_attempts: 0, ..QueueSettings::default() };
    let opened = Queue::open(none, database.clone(), Clock::system()).await;
    assert!(matches!(opened, Err(JobsError::Setting { .. })), "{opened:?}");
    database.close().await;
}

#[tokio::test]
async fn the_tables_go_and_come_back() {
    for stage in Stage::each().await {
        let down = storage::migrate::down(&stage.database, &jobs::MIGRATIONS, 1, false).await.unwrap();
        assert_eq!(down.len(), 1);
        storage::migrate::up(&stage.database, &[&jobs::MIGRATIONS]).await.unwrap();
        stage.enqueue("a").await;
        assert!(
            storage::migrate::down(&stage.database, &jobs::MIGRATIONS, 1, false).await.is_err(),
            "{}: jobs would be lost",
            stage.name
        );
        stage.end().await;
    }
}
