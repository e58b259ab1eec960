//! `chimera experiment audit` over reviews and opinions that were really stored.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use std::process::{Command, Output};

use chassis::clock::{Clock, parse_utc_text};
use chimera::{
    app::MIGRATION_SETS,
    store::{
        analyses::AnalysisKey,
        experiments::{self, ExperimentRow},
        feedback::{self, Opinion},
    },
};
use serde_json::Value;
use storage::{Database, DatabaseSettings};
use testkit::TempDb;

const SEED: &str = "s1";

/// Stores one review each for so many players of A and of B, the first tenth of whom vote.
async fn store(database: &Database, a: usize, b: usize) {
    let now = parse_utc_text("2026-01-31 20:00:00.000").unwrap();
    for (cohort, count) in [("A", a), ("B", b)] {
        for number in 0..count {
            let user = format!("{cohort}{number}");
            let row = ExperimentRow {
                key: AnalysisKey {
                    match_id: "NA1_1".to_owned(),
                    puuid: user.clone(),
                    kind: "analyze".to_owned(),
                },
                discord_user_id: user.clone(),
                cohort: cohort.to_owned(),
                variant: format!("prompt_{cohort}"),
                seed: SEED.to_owned(),
                input_tokens: 1,
                output_tokens: 1,
                cost_microusd: 1,
                model_ms: 1,
                total_ms: 1,
            };
            let mut work = database.begin().await.unwrap();
            experiments::record(&mut work, &row, now).await.unwrap();
            work.commit().await.unwrap();
            let opinion = if cohort == "B" || number % 3 == 0 { Opinion::Up } else { Opinion::Down };
            feedback::record(database, &user, "NA1_1", opinion, Some("v"), now).await.unwrap();
        }
    }
}

fn audit(url: &str, extra: &[&str]) -> (Output, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_chimera"))
        .args(["experiment", "audit", "--json", "--seed", SEED])
        .args(extra)
        .env("DATABASE_URL", url)
        .output()
        .unwrap();
    let document = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output, document)
}

#[tokio::test]
async fn an_even_split_passes_an_uneven_one_does_not_and_an_empty_one_says_so() {
    for (a, b, verdict, code) in
        [(0, 0, "insufficient_data", 3), (60, 62, "pass", 0), (90, 40, "mismatch", 3)]
    {
        let place = TempDb::sqlite();
        let database = Database::open(&DatabaseSettings::at(&place.url), Clock::system()).await.unwrap();
        storage::migrate::up(&database, &MIGRATION_SETS).await.unwrap();
        store(&database, a, b).await;
        database.close().await;
        let (output, document) = audit(&place.url, &[]);
        assert_eq!(document["audit"]["split"]["verdict"], verdict, "{document}");
        assert_eq!(output.status.code(), Some(code), "{document}");
        if a > 0 {
            assert_eq!(document["audit"]["satisfaction"]["verdict"], "b_higher", "{document}");
            assert_eq!(document["cohorts"][0]["players"], a);
        }
        let planned = audit(&place.url, &["--expected-a", "0.692"]).1;
        let expected = if a == 90 {
            "pass"
        } else if a == 60 {
            "mismatch"
        } else {
            "insufficient_data"
        };
        assert_eq!(planned["audit"]["split"]["verdict"], expected, "{planned}");
    }
}
