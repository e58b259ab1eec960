//! The acknowledgement while everything behind it hangs, and how long it takes when nothing does.

use std::time::Duration;

use chassis::Secret;
use serde_json::json;
use storage::Backend;
use testkit::{TempDb, TempRedis};

use crate::stage::{Stage, click, command, form};

/// What the acknowledgement promises with everything hanging, and some room for a busy machine.
const BOUND: Duration = Duration::from_millis(600);
const ROOM: Duration = Duration::from_millis(400);

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent).div_ceil(100) - 1]
}

#[tokio::test]
async fn healthy_acknowledgements_are_quick() {
    let stage = Stage::start().await;
    let mut took = Vec::new();
    for number in 0..200 {
        let asked =
            if number % 2 == 0 { command("analyze", &json!([])) } else { command("accounts", &json!([])) };
        let posted = stage.post(&asked).await;
        assert_eq!(posted.failure, None);
        took.push(posted.took);
    }
    took.sort();
    let (p50, p99) = (percentile(&took, 50), percentile(&took, 99));
    println!("healthy acknowledgement over 200: p50 {p50:?}, p99 {p99:?}");
    assert!(p50 < Duration::from_millis(50), "{p50:?}");
    assert!(p99 < BOUND, "{p99:?}");
    assert_eq!(stage.waiting("analyze").await, 100);
}

#[tokio::test]
async fn a_redis_that_is_gone_delays_nobody_and_loses_nothing() {
    let mut redis = TempRedis::start().await.unwrap();
    let place = TempDb::each().await.into_iter().next().unwrap();
    let stage = Stage::at(place, |config| {
        config.queue.backend = "redis".to_owned();
        config.queue.redis_url = Secret::new(redis.url.clone());
    })
    .await;
    redis.kill().await.unwrap();
    for _ in 0..20 {
        let posted = stage.post(&command("analyze", &json!([]))).await;
        assert_eq!((posted.failure, &posted.body), (None, &json!({ "type": 5 })));
        assert!(posted.took < BOUND, "{:?}", posted.took);
    }
    assert_eq!(stage.waiting("analyze").await, 20);
}

#[tokio::test]
async fn a_hanging_database_delays_nobody_and_is_admitted() {
    for place in TempDb::each().await {
        let stage = Stage::at(place, |_| {}).await;
        let mut transaction = stage.app.database.begin().await.unwrap();
        if stage.app.database.backend() == Backend::Postgres {
            // On SQLite the open writer is enough; here the tables themselves are held.
            let sql = "LOCK TABLE job_queue, accounts, user_settings, feedback IN ACCESS EXCLUSIVE MODE";
            transaction.execute(sql, &[]).await.unwrap();
        }
        let analyze = command("analyze", &json!([]));
        let bound_form = form(&[("riot_id", "A#KR1"), ("region", "kr")]);
        let others = [
            command("bind", &json!([])),
            command("help", &json!([])),
            command("settings", &json!([])),
            command("accounts", &json!([])),
            click("chimera:fb:up:EUW1_1", &[]),
        ];
        for asked in [&analyze, &bound_form].into_iter().chain(&others) {
            let posted = stage.post(asked).await;
            assert_eq!(posted.failure, None, "{asked}");
            println!("hanging database: {:?} for {}", posted.took, asked["data"]);
            assert!(posted.took < BOUND + ROOM, "{:?} for {asked}", posted.took);
        }
        // Forty a second; all at once would measure how quickly this machine makes forty clients.
        let steady = (0..40u64).map(async |number| {
            tokio::time::sleep(Duration::from_millis(25 * number)).await;
            stage.post(&command("analyze", &json!([]))).await.took
        });
        let mut took = futures::future::join_all(steady).await;
        took.sort();
        println!(
            "hanging database, 40 in a second: p50 {:?}, p99 {:?}",
            percentile(&took, 50),
            percentile(&took, 99)
        );
        assert!(percentile(&took, 99) < BOUND + ROOM, "{took:?}");
        assert!(stage.edited(&analyze).await.starts_with("Please try again"));
        assert!(stage.edited(&bound_form).await.starts_with("Please try again"));
        transaction.rollback().await.unwrap();
        assert_eq!(stage.waiting("analyze").await, 0);

        let after = command("analyze", &json!([]));
        assert_eq!(stage.answered(&after).await, json!({ "type": 5 }));
        assert_eq!(stage.waiting("analyze").await, 1);
    }
}
