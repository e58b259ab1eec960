//! Options of `[llm]` that no other test changes: each is set to something else here and the gateway behaves otherwise.
//!
//! Waits are measured on a paused clock, with failures made on purpose: then no call is made, and nothing takes time but
//! what the settings say.

use std::path::PathBuf;
use std::time::Duration;

use llm::prices::{Price, PriceSetting};
use llm::settings::{ChaosSettings, RetrySettings};
use llm::{Gateway, LlmError, LlmSettings, ProviderKind, ProviderSettings, Request};
use tokio::time::{Instant, timeout};

use super::stage::{
    KEY, Stage, attempt_outcomes, clock, degraded_code, fake, open, request, settings, with_offline,
};
use testkit::fake_llm::{FakeLlm, Script, UsageShape};
use testkit::temp_db::TempDb;

const OPENAI: ProviderKind = ProviderKind::OpenAi;

/// One provider, never called because every call is spoilt before; tried once, without a breaker.
fn spoilt() -> LlmSettings {
    let mut settings = LlmSettings::default();
    let provider = ProviderSettings {
        base_url: "http://127.0.0.1:9/v1/".to_owned(),
        ..settings.providers["openai"].clone()
    };
    settings.providers.insert("a".to_owned(), provider);
    settings.order = vec!["a".to_owned()];
    settings.retry = RetrySettings { attempts: 1, base_ms: 0, max_ms: 0, jitter: 0.0 };
    settings.breaker.failures = 0;
    settings.chaos = ChaosSettings { enabled: true, error_rate: 1.0, ..ChaosSettings::default() };
    settings
}

/// A gateway on a clock that only waits move from here on.
async fn paused(settings: LlmSettings) -> Stage {
    let stage = Stage::new(settings).await;
    tokio::time::pause();
    stage
}

/// How long one request takes on the paused clock, in milliseconds.
async fn waited_ms(stage: &Stage) -> u128 {
    let began = Instant::now();
    assert_eq!(degraded_code(&stage.hear(with_offline(request())).await), "provider_unavailable");
    began.elapsed().as_millis()
}

/// Each wait may end a millisecond late, which is as fine as the clock's timers are.
#[track_caller]
fn assert_about(waited_ms: u128, expected_ms: u128) {
    assert!((expected_ms..expected_ms + 10).contains(&waited_ms), "{waited_ms} ms, not {expected_ms} ms");
}

#[tokio::test]
async fn the_waits_between_tries_are_as_configured() {
    let wait = async |attempts: u32, base_ms: u64, max_ms: u64| {
        let retry = RetrySettings { attempts, base_ms, max_ms, jitter: 0.0 };
        let waited = waited_ms(&paused(LlmSettings { retry, ..spoilt() }).await).await;
        tokio::time::resume();
        waited
    };
    assert_about(wait(1, 100, 10_000).await, 0);
    assert_about(wait(2, 100, 10_000).await, 100);
    assert_about(wait(2, 700, 10_000).await, 700);
    assert_about(wait(4, 100, 10_000).await, 100 + 200 + 400);
    assert_about(wait(4, 100, 150).await, 100 + 150 + 150);
}

#[tokio::test]
async fn the_configured_share_of_a_wait_is_random() {
    let wait = async |jitter: f64| {
        let retry = RetrySettings { attempts: 41, base_ms: 1_000, max_ms: 1_000, jitter };
        let waited = waited_ms(&paused(LlmSettings { retry, ..spoilt() }).await).await;
        tokio::time::resume();
        waited
    };
    assert!((40_000..40_100).contains(&wait(0.0).await), "nothing is left to chance");
    // The mean is 20 s and the standard deviation 1.8 s; below 30 s the share must be more than the default half.
    let waited = wait(1.0).await;
    assert!((8_000..30_000).contains(&waited), "{waited} ms");
}

#[tokio::test]
async fn a_provider_is_left_alone_for_the_configured_time() {
    for cool_down_ms in [2_000, 90_000] {
        let mut settings = spoilt();
        settings.breaker.failures = 1;
        settings.breaker.cool_down_ms = cool_down_ms;
        let stage = paused(settings).await;
        let outcome = async || attempt_outcomes(&stage.hear(with_offline(request())).await).remove(0);
        assert_eq!(outcome().await, "a provider_unavailable");
        tokio::time::advance(Duration::from_millis(cool_down_ms - 100)).await;
        assert_eq!(outcome().await, "a circuit_open", "{cool_down_ms}");
        tokio::time::advance(Duration::from_millis(100)).await;
        assert_eq!(outcome().await, "a provider_unavailable", "{cool_down_ms}");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn chaos_waits_before_a_call_as_long_as_told() {
    let mut settings = spoilt();
    settings.chaos.latency_ms = 12_345;
    assert_about(waited_ms(&paused(settings).await).await, 12_345);
}

#[tokio::test]
async fn another_seed_fails_other_calls_and_the_same_seed_the_same() {
    let failures = async |seed: u64| {
        let chaos = ChaosSettings { seed, error_rate: 0.5, timeout_rate: 0.5, ..spoilt().chaos };
        let stage = Stage::new(LlmSettings { chaos, ..spoilt() }).await;
        let mut codes = Vec::new();
        for _ in 0..32 {
            codes.push(degraded_code(&stage.hear(with_offline(request())).await));
        }
        codes
    };
    let (first, again, other) = (failures(7).await, failures(7).await, failures(8).await);
    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[tokio::test]
async fn each_timeout_ends_what_it_is_for() {
    let check = async |edit: fn(&mut LlmSettings), script: Script, expected: &str| {
        let fake = fake(OPENAI).await;
        fake.always(script);
        let mut settings = settings(&[(OPENAI, &fake)]);
        settings.timeout_first_token_ms = 600_000;
        settings.timeout_idle_ms = 600_000;
        settings.timeout_total_ms = 600_000;
        edit(&mut settings);
        let stage = Stage::new(settings).await;
        let heard = timeout(Duration::from_secs(60), stage.hear(with_offline(request()))).await;
        let degraded = heard.expect(expected).end.unwrap().degraded.unwrap();
        assert_eq!(degraded.code, "timeout");
        assert!(degraded.provider_errors[0].contains(expected), "{degraded:?}");
    };
    let mid_stream = Script::StallMidStream { text_before: "The lamp".to_owned() };
    check(|it| it.timeout_first_token_ms = 150, Script::StallBeforeHeaders, "no first piece within 150 ms")
        .await;
    check(|it| it.timeout_idle_ms = 150, mid_stream, "silent for 150 ms").await;
    check(|it| it.timeout_total_ms = 150, Script::StallBeforeHeaders, "not finished within 150 ms").await;
}

#[tokio::test]
async fn providers_are_tried_in_the_configured_order() {
    let fakes = [fake(OPENAI).await, fake(OPENAI).await];
    for order in [["a", "b"], ["b", "a"]] {
        let mut settings = settings(&[(OPENAI, &fakes[0]), (OPENAI, &fakes[1])]);
        settings.order = order.map(str::to_owned).to_vec();
        assert_eq!(Stage::new(settings).await.gateway.complete(request()).await.unwrap().provider, order[0]);
    }
}

#[tokio::test]
async fn without_room_or_age_every_question_is_asked() {
    let calls = async |edit: fn(&mut LlmSettings)| {
        let fake = fake(OPENAI).await;
        let mut settings = settings(&[(OPENAI, &fake)]);
        edit(&mut settings);
        let stage = Stage::new(settings).await;
        for _ in 0..2 {
            stage.gateway.complete(request()).await.unwrap();
        }
        fake.calls()
    };
    assert_eq!(calls(|_| {}).await, 1);
    assert_eq!(calls(|settings| settings.cache.size = 0).await, 2);
    assert_eq!(calls(|settings| settings.cache.ttl_seconds = 0).await, 2);
}

/// A provider `a` with one thing changed, whose replies are 400 characters long.
async fn changed(edit: impl FnOnce(&mut ProviderSettings)) -> (FakeLlm, Stage) {
    let fake = fake(OPENAI).await;
    fake.always(Script::Reply { text: "x".repeat(400), chunk_chars: 0, usage: UsageShape::Plain });
    let mut settings = settings(&[(OPENAI, &fake)]);
    edit(settings.providers.get_mut("a").unwrap());
    let stage = Stage::new(settings).await;
    (fake, stage)
}

#[tokio::test]
async fn the_configured_model_temperature_and_length_are_asked_for() {
    let edit = |provider: &mut ProviderSettings| {
        provider.model = "gpt-4o-mini".to_owned();
        provider.temperature = Some(0.25);
        provider.max_output_tokens = 321;
    };
    let (fake, stage) = changed(edit).await;
    stage.gateway.complete(request()).await.unwrap();
    let body = fake.requests().remove(0).body;
    assert_eq!((body["model"].as_str(), body["temperature"].as_f64()), (Some("gpt-4o-mini"), Some(0.25)));
    assert_eq!(body["max_tokens"], 321);
    let (fake, stage) = changed(|_| {}).await;
    stage.gateway.complete(request()).await.unwrap();
    assert_eq!(fake.requests().remove(0).body.get("temperature"), None, "some models refuse one");
}

#[tokio::test]
async fn the_configured_price_is_what_a_reply_costs() {
    let cost = async |price: Option<PriceSetting>| {
        let (_fake, stage) = changed(|provider| provider.price = price).await;
        stage.gateway.complete(request()).await.unwrap().cost_microusd
    };
    let seven = PriceSetting::PerMillion(Price { output: 7.0, ..Price::FREE });
    assert_eq!(cost(Some(seven)).await, 700, "100 tokens");
    assert_eq!(cost(Some(PriceSetting::Free)).await, 0);
    assert!(![0, 700].contains(&cost(None).await), "the table's price");
}

/// A file of this test run alone.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn a_price_file_prices_models_that_the_table_does_not_know() {
    let path = file(
        "options-prices.toml",
        "version = \"own-1\"\n[models]\n\"our-model\" = { input = 0.0, output = 1000.0 }\n",
    );
    let fake = fake(OPENAI).await;
    fake.always(Script::Reply { text: "x".repeat(400), chunk_chars: 0, usage: UsageShape::Plain });
    let mut settings = settings(&[(OPENAI, &fake)]);
    settings.providers.get_mut("a").unwrap().model = "our-model".to_owned();
    let files = TempDb::sqlite();
    let unpriced = Gateway::new(settings.clone(), open(&files).await, clock()).await;
    assert!(matches!(unpriced, Err(LlmError::UnknownPrice { .. })), "{unpriced:?}");
    settings.prices_file = Some(path);
    let stage = Stage::new(settings).await;
    assert_eq!(stage.gateway.complete(request()).await.unwrap().cost_microusd, 100_000);
    assert!(stage.gateway.price_version().ends_with("+own-1"), "{}", stage.gateway.price_version());
}

#[tokio::test]
async fn the_configured_key_opens_the_provider_from_the_settings_or_a_file() {
    let path = file("options-key", &format!("{KEY}\n"));
    let answer = async |edit: &dyn Fn(&mut ProviderSettings)| {
        let (_fake, stage) = changed(edit).await;
        degraded_code(&stage.hear(with_offline(Request { cacheable: false, ..request() })).await)
    };
    assert_eq!(answer(&|_| {}).await, "not degraded");
    assert_eq!(answer(&|provider| provider.api_key = chassis::Secret::default()).await, "unauthorized");
    let from_file = |provider: &mut ProviderSettings| {
        provider.api_key = chassis::Secret::default();
        provider.api_key_file = Some(path.clone());
    };
    assert_eq!(answer(&from_file).await, "not degraded");
}
