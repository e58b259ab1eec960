//! Who writes: a model that keeps to the facts, or the template when it lies, breaks a rule, is slow, down or too dear.

use serde_json::{Value, json};
use testkit::{FakeLlm, Script, TempDb};

use crate::world::{RIFT, World, use_model, words};

/// What a model answers that keeps to the schema.
fn says(narrative: &str) -> Script {
    Script::reply(json!({ "narrative": narrative, "suggestions": [] }).to_string())
}

struct Written {
    message: Value,
    source: String,
    degraded: Option<String>,
    world: World,
}

async fn written(script: Script, change: impl FnOnce(&mut chimera::config::Config)) -> Written {
    let fake = FakeLlm::openai().await;
    fake.always(script);
    let world = World::start(TempDb::sqlite(), None, |config| {
        use_model(config, &fake);
        change(config);
    })
    .await;
    world.ready(RIFT, 3).await;
    let message = world.answered("analyze", &json!([]), "en-US").await;
    let row = world
        .app
        .database
        .fetch_one("SELECT narrative_source, degraded_reason FROM analyses", &[])
        .await
        .unwrap();
    let (source, degraded) = (row.get("narrative_source").unwrap(), row.get("degraded_reason").unwrap());
    Written { message, source, degraded, world }
}

const HONEST: &str =
    "A steady game. Keep an eye on the map before you walk up, and trade when your spells are back.";

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_keeps_to_the_facts_is_shown_and_paid_for() {
    let written = written(says(HONEST), |_| {}).await;
    assert_eq!((written.source.as_str(), written.degraded), ("model:gpt-4o-mini", None));
    let text = words(&written.message);
    assert!(text.contains("Keep an eye on the map"), "{text}");
    assert!(!text.contains("template"), "{text}");
    assert_eq!(written.world.rows("llm_ledger").await, 1, "the call is in the ledger");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_be_shown_is_replaced_by_the_template_and_marked() {
    let check = async |script: Script, reason: &str, forbidden: &str| {
        let written = written(script, |_| {}).await;
        assert_eq!((written.source.as_str(), written.degraded.as_deref()), ("template", Some(reason)));
        let text = words(&written.message);
        assert!(!text.contains(forbidden), "{forbidden} in\n{text}");
        assert!(text.to_lowercase().contains("template"), "the mark is missing in\n{text}");
    };
    check(says("You dealt 987654 damage and ended 47/0/31."), "unsupported_claims", "987654").await;
    check(says("You are a useless feeder and should uninstall."), "compliance", "useless").await;
    check(Script::reply("Sure! Here is your review: great game."), "malformed", "Here is your review").await;
    check(Script::status(500), "model_unavailable", "500").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_model_is_not_waited_for() {
    let slow = Script::StallBeforeHeaders;
    let written = written(slow, |config| config.narrative.timeout_ms = 50).await;
    assert_eq!((written.source.as_str(), written.degraded.as_deref()), ("template", Some("model_slow")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_is_used_up_calls_nobody() {
    let written = written(says(HONEST), |config| config.llm.budget.monthly_usd = 0.000_001).await;
    assert_eq!((written.source.as_str(), written.degraded.as_deref()), ("template", Some("over_budget")));
    assert_eq!(written.world.rows("llm_ledger").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_costs_no_more_than_its_share() {
    let written = written(says(HONEST), |config| config.llm.budget.per_session_usd = 0.000_001).await;
    assert_eq!((written.source.as_str(), written.degraded.as_deref()), ("template", Some("over_budget")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tier_decides_who_writes_and_what_a_model_is_shown() {
    let asked = async |tier: &str| {
        let fake = FakeLlm::openai().await;
        fake.always(says(HONEST));
        let world = World::start(TempDb::sqlite(), None, |config| {
            use_model(config, &fake);
            config.narrative.tier = tier.to_owned();
            config.narrative.strong_model = "gpt-4o-mini".to_owned();
        })
        .await;
        world.ready(RIFT, 3).await;
        world.answered("analyze", &json!([]), "en-US").await;
        fake.requests().iter().map(|request| request.body.to_string().len()).collect::<Vec<_>>()
    };
    assert_eq!(asked("template").await, Vec::<usize>::new());
    let (small, strong) = (asked("small").await, asked("strong").await);
    assert!(small.len() == 1 && strong.len() == 1 && small[0] < strong[0], "{small:?} {strong:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cohort_changes_the_prompt_and_leaves_one_row_a_review() {
    let prompt = async |weight_a: f64| {
        let fake = FakeLlm::openai().await;
        fake.always(says(HONEST));
        let world = World::start(TempDb::sqlite(), None, |config| {
            use_model(config, &fake);
            config.experiment.enabled = true;
            config.experiment.weight_a = weight_a;
        })
        .await;
        world.ready(RIFT, 3).await;
        world.answered("analyze", &json!([]), "en-US").await;
        world.answered("analyze", &json!([]), "en-US").await;
        assert_eq!(world.rows("experiments").await, 1);
        let row = world.app.database.fetch_one("SELECT cohort, variant FROM experiments", &[]).await.unwrap();
        let cohort: String = row.get("cohort").unwrap();
        (cohort, fake.requests()[0].body.to_string())
    };
    let (a, b) = (prompt(1.0).await, prompt(0.0).await);
    assert_eq!((a.0.as_str(), b.0.as_str()), ("A", "B"));
    assert_ne!(a.1, b.1);
}
