//! How long an acknowledgement takes, measured: the figures of docs/benchmarks.md.

use std::time::{Duration, Instant};

use chassis::Secret;
use serde_json::{Value, json};
use storage::Backend;
use testkit::{TempDb, TempRedis};
use tokio::net::TcpListener;

use crate::stage::{Stage, command};

/// What everybody who waits is promised.
const HEALTHY: Duration = Duration::from_millis(50);
const HANGING: Duration = Duration::from_millis(600);

/// Asks `count` times at a steady rate, whether or not answers have come; the times until each answer, sorted.
async fn times(stage: &Stage, count: u64, every: Duration) -> Vec<Duration> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let one = async |number: u64| {
        tokio::time::sleep(every * u32::try_from(number).unwrap()).await;
        let body = command("analyze", &json!([])).to_string();
        let now = stage.app.clock.now().as_second().to_string();
        let mut request = client.post(&stage.endpoint).header("content-type", "application/json");
        for (name, value) in stage.key.sign(&now, body.as_bytes()) {
            request = request.header(name, value);
        }
        let begin = Instant::now();
        let answer: Value = request.body(body).send().await.unwrap().json().await.unwrap();
        let took = begin.elapsed();
        assert_eq!(answer, json!({ "type": 5 }));
        took
    };
    let mut took = futures::future::join_all((0..count).map(one)).await;
    took.sort();
    took
}

#[track_caller]
#[expect(clippy::print_stdout, reason = "the figures are what this is for")]
fn report(what: &str, took: &[Duration], promised: Duration) {
    let at = |permille: usize| took[(took.len() * permille).div_ceil(1_000) - 1];
    let (p50, p99, most) = (at(500), at(990), at(1_000));
    println!("{what}: {} asked, p50 {p50:.1?}, p99 {p99:.1?}, longest {most:.1?}", took.len());
    assert!(p99 < promised, "{what}: {p99:?} is more than {promised:?}");
}

/// Takes a connection and never says a word.
async fn silence() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            held.push(connection);
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures for a minute; a busy machine fails it"]
async fn acknowledgements_healthy_and_with_everything_hanging() {
    for place in TempDb::each().await {
        let redis = TempRedis::start().await.unwrap();
        let silent = silence().await;
        let stage = Stage::at(place, |config| {
            config.queue.backend = "redis".to_owned();
            config.queue.redis_url = Secret::new(redis.url.clone());
            config.riot.api_key = Secret::new("RGAPI-test".to_owned());
            config.riot.base_url.clone_from(&silent);
            config.llm.order = vec!["openai".to_owned()];
            config.llm.providers.get_mut("openai").unwrap().base_url.clone_from(&silent);
        })
        .await;
        let backend = stage.app.database.backend();
        times(&stage, 40, Duration::from_millis(25)).await;
        let healthy = times(&stage, 400, Duration::from_millis(25)).await;
        report(&format!("{backend}, healthy"), &healthy, HEALTHY);

        // Reviews wait for Riot in every slot of a worker, Redis answers nobody, and the tables are held.
        let works = (stage.app.clone(), stage.shutdown.token());
        tokio::spawn(async move { chimera::worker::run(works.0, works.1).await.unwrap() });
        tokio::time::sleep(Duration::from_secs(1)).await;
        redis.command(&["CLIENT", "PAUSE", "600000", "ALL"]).await.unwrap();
        let mut transaction = stage.app.database.begin().await.unwrap();
        if backend == Backend::Postgres {
            let sql = "LOCK TABLE job_queue, accounts, user_settings, analyses, deliveries IN ACCESS EXCLUSIVE MODE";
            transaction.execute(sql, &[]).await.unwrap();
        }
        let hanging = times(&stage, 400, Duration::from_millis(25)).await;
        report(&format!("{backend}, everything hanging"), &hanging, HANGING);
        transaction.rollback().await.unwrap();
    }
}
