//! What happens when providers fail: retries, the next provider, discards, the breaker, and honest marks.

use std::time::{Duration, Instant};

use futures::StreamExt;
use llm::breaker::BreakerState;
use llm::{Gateway, LlmSettings, ProviderKind, Request, StreamEvent};
use testkit::fake_llm::Script;
use testkit::temp_db::TempDb;

use super::stage::{
    KEY, KINDS, Stage, attempt_outcomes, clock, degraded_code, fake, hear, open, request, settings,
    with_offline,
};

const OPENAI: ProviderKind = ProviderKind::OpenAi;

#[tokio::test]
async fn busy_and_broken_servers_are_tried_again() {
    for kind in KINDS {
        for script in [Script::retry_after(429, "0"), Script::status(500), Script::status(503)] {
            let fake = fake(kind).await;
            fake.push(script.clone());
            let stage = Stage::new(settings(&[(kind, &fake)])).await;
            let heard = stage.hear(request()).await;
            let failed =
                if script == Script::retry_after(429, "0") { "rate_limited" } else { "provider_unavailable" };
            assert_eq!(attempt_outcomes(&heard), [format!("a {failed}"), "a ok".to_owned()], "{kind:?}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_stays_broken_hands_over_to_the_next() {
    let (first, second) = (fake(OPENAI).await, fake(ProviderKind::Anthropic).await);
    let stage = Stage::new(settings(&[(OPENAI, &first), (ProviderKind::Anthropic, &second)])).await;
    let check = async |script: Script, expected: &[&str]| {
        first.always(script);
        let heard = stage.hear(Request { cacheable: false, ..request() }).await;
        assert_eq!(attempt_outcomes(&heard), expected);
    };
    let unavailable = "a provider_unavailable";
    check(Script::status(500), &[unavailable, unavailable, unavailable, "b ok"]).await;
    check(Script::status(400), &["a rejected", "b ok"]).await;
    check(Script::status(401), &["a unauthorized", "b ok"]).await;
    let quota = r#"{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}"#;
    let no_money = Script::Status { code: 429, body: quota.to_owned(), retry_after: None };
    check(no_money, &["a rate_limited", "b ok"]).await;
}

#[tokio::test]
async fn nobody_waits_for_a_provider_that_asks_for_more_time_than_there_is() {
    let (first, second) = (fake(OPENAI).await, fake(OPENAI).await);
    first.always(Script::retry_after(429, "3600"));
    let began = Instant::now();
    let stage = Stage::new(settings(&[(OPENAI, &first), (OPENAI, &second)])).await;
    let heard = stage.hear(request()).await;
    assert_eq!(attempt_outcomes(&heard), ["a rate_limited", "b ok"]);
    let stage = Stage::new(settings(&[(OPENAI, &first)])).await;
    assert_eq!(degraded_code(&stage.hear(with_offline(request())).await), "rate_limited");
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[tokio::test]
async fn text_that_broke_off_is_discarded_and_never_part_of_the_reply() {
    let broken = |text: &str| {
        let text_before = text.to_owned();
        [
            (Script::CutMidStream { text_before: text_before.clone() }, "provider_unavailable"),
            (Script::EndMidStream { text_before: text_before.clone() }, "invalid_reply"),
            (Script::ErrorMidStream { text_before: text_before.clone() }, "provider_unavailable"),
            (Script::StallMidStream { text_before }, "timeout"),
        ]
    };
    for kind in KINDS {
        for (script, reason) in broken("Half a sto") {
            // genai drops Ollama's error lines; what is left is a stream without an end.
            let is_error = matches!(script, Script::ErrorMidStream { .. });
            let reason = if kind == ProviderKind::Ollama && is_error { "invalid_reply" } else { reason };
            let (first, second) = (fake(kind).await, fake(OPENAI).await);
            first.push(script.clone());
            second.push(Script::reply("A whole story."));
            let mut settings = settings(&[(kind, &first), (OPENAI, &second)]);
            if matches!(script, Script::StallMidStream { .. }) {
                settings.timeout_idle_ms = 150;
            }
            let stage = Stage::new(settings).await;
            let heard = stage.hear(request()).await;
            let discarded = heard.events.iter().find_map(|event| match event {
                StreamEvent::Discarded { reason } => Some(*reason),
                _ => None,
            });
            assert_eq!(discarded, Some(reason), "{kind:?} {script:?} {:?}", heard.events);
            assert_eq!((first.calls(), heard.text.as_str()), (1, "A whole story."), "{kind:?} {script:?}");
            assert_eq!(stage.outcomes().await, ["discarded"], "what the first one wrote is billed");
        }
    }
}

#[tokio::test]
async fn what_is_not_a_reply_degrades_with_its_reason() {
    let check = async |kind: ProviderKind, script: Script, expected: &str| {
        let fake = fake(kind).await;
        fake.always(script.clone());
        let mut settings = settings(&[(kind, &fake)]);
        if script == Script::StallBeforeHeaders {
            settings.timeout_first_token_ms = 150;
        }
        settings.max_reply_bytes = 1_000;
        let stage = Stage::new(settings).await;
        let heard = stage.hear(with_offline(request())).await;
        assert_eq!(degraded_code(&heard), expected, "{kind:?} {script:?}");
        assert!(heard.text.starts_with("离线叙述者"), "{}", heard.text);
    };
    for kind in KINDS {
        check(kind, Script::Empty, "invalid_reply").await;
        check(kind, Script::reply("  \n "), "invalid_reply").await;
        check(kind, Script::Garbage(b"\xff\xfe\x00 not text".to_vec()), "invalid_reply").await;
        check(kind, Script::Garbage(b"data: {broken\n\n{broken\n".to_vec()), "invalid_reply").await;
        check(kind, Script::Garbage(b"<html>502 Bad Gateway</html>".to_vec()), "invalid_reply").await;
        check(kind, Script::Garbage(Vec::new()), "invalid_reply").await;
        check(kind, Script::StallBeforeHeaders, "timeout").await;
        check(kind, Script::reply("long ".repeat(300)), "reply_too_large").await;
        check(kind, Script::status(404), "rejected").await;
    }
}

#[tokio::test]
async fn a_closed_port_is_unavailable() {
    let mut settings = settings(&[(OPENAI, &fake(OPENAI).await)]);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    settings.providers.get_mut("a").unwrap().base_url = format!("http://{closed}/v1/");
    let heard = Stage::new(settings).await.hear(with_offline(request())).await;
    assert_eq!(degraded_code(&heard), "provider_unavailable");
    let errors = heard.end.unwrap().degraded.unwrap().provider_errors;
    assert!(errors[0].starts_with("a: no connection"), "{errors:?}");
}

#[tokio::test]
async fn the_total_time_bounds_everything() {
    let fake = fake(OPENAI).await;
    fake.always(Script::status(500));
    let mut settings = settings(&[(OPENAI, &fake)]);
    settings.timeout_total_ms = 300;
    settings.retry = llm::settings::RetrySettings { attempts: 1_000, base_ms: 50, max_ms: 50, jitter: 0.0 };
    settings.breaker.failures = 0;
    let began = Instant::now();
    let heard = Stage::new(settings).await.hear(with_offline(request())).await;
    assert_eq!(degraded_code(&heard), "provider_unavailable");
    assert!(began.elapsed() < Duration::from_secs(10) && fake.calls() < 20);
}

#[tokio::test]
async fn the_breaker_leaves_a_failing_provider_alone_and_says_so() {
    let fake = fake(OPENAI).await;
    fake.always(Script::status(500));
    let mut settings = settings(&[(OPENAI, &fake)]);
    settings.retry.attempts = 1;
    settings.breaker.failures = 2;
    let stage = Stage::new(settings).await;
    for _ in 0..4 {
        assert_eq!(degraded_code(&stage.hear(with_offline(request())).await), "provider_unavailable");
    }
    assert_eq!(fake.calls(), 2);
    let status = stage.gateway.status().into_iter().find(|status| status.name == "a").unwrap();
    assert_eq!((status.breaker, status.in_order), (BreakerState::Open, true));
    assert!(status.last_error.unwrap().starts_with("HTTP 500"));
}

#[tokio::test]
async fn chaos_fails_calls_without_making_them() {
    let check = async |rates: [f64; 3], expected: &str| {
        let fake = fake(OPENAI).await;
        let mut settings = settings(&[(OPENAI, &fake)]);
        settings.chaos.enabled = true;
        [settings.chaos.error_rate, settings.chaos.timeout_rate, settings.chaos.garbage_rate] = rates;
        let heard = Stage::new(settings).await.hear(with_offline(request())).await;
        assert_eq!((degraded_code(&heard), fake.calls()), (expected, 0));
    };
    check([1.0, 0.0, 0.0], "provider_unavailable").await;
    check([0.0, 1.0, 0.0], "timeout").await;
    check([0.0, 0.0, 1.0], "invalid_reply").await;
}

#[tokio::test]
async fn a_caller_who_leaves_stops_the_work_and_what_was_written_is_booked() {
    let fake = fake(OPENAI).await;
    fake.push(Script::StallMidStream { text_before: "Half a story".to_owned() });
    let stage = Stage::new(settings(&[(OPENAI, &fake)])).await;
    let mut stream = Box::pin(stage.gateway.stream(request()));
    while !matches!(stream.next().await, Some(Ok(StreamEvent::Delta(_)))) {}
    drop(stream);
    let booked = async {
        while stage.outcomes().await != ["cancelled"] {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), booked).await.unwrap();
}

#[tokio::test]
async fn a_key_that_a_provider_quotes_back_is_masked() {
    let fake = fake(OPENAI).await;
    let body =
        format!(r#"{{"error":{{"message":"Incorrect API key provided: {KEY}, secret of plain-key-77"}}}}"#);
    fake.always(Script::Status { code: 401, body, retry_after: None });
    let stage = Stage::new(settings(&[(OPENAI, &fake)])).await;
    let error = stage.hear(request()).await.end.unwrap_err();
    let shown = format!("{error} {error:?} {:?} {:?}", stage.gateway.status(), stage.gateway);
    assert!(shown.contains("Incorrect API key") && !shown.contains(KEY), "{shown}");
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_with_what_to_do() {
    let files = TempDb::sqlite();
    let database = open(&files).await;
    let check = async |edit: fn(&mut LlmSettings)| {
        let mut settings = LlmSettings::default();
        edit(&mut settings);
        match Gateway::new(settings, database.clone(), clock()).await {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        }
    };
    let report = [
        check(|_| {}).await,
        check(|settings| settings.order = vec!["openai".to_owned()]).await,
        check(|settings| settings.order = vec!["opnai".to_owned()]).await,
        check(|settings| settings.order = vec!["ollama".to_owned()]).await,
        check(|settings| settings.providers.get_mut("openai").unwrap().model = "gpt-99".to_owned()).await,
        check(|settings| settings.providers.get_mut("openai").unwrap().base_url = "None".to_owned()).await,
        check(|settings| settings.budget.monthly_usd = -1.0).await,
        check(|settings| settings.retry.attempts = 0).await,
        check(|settings| settings.prices_file = Some("/nonexistent/prices.toml".into())).await,
    ];
    insta::assert_snapshot!(report.join("\n"));
}

#[tokio::test]
async fn a_stream_outlives_its_gateway() {
    let fake = fake(OPENAI).await;
    let stage = Stage::new(settings(&[(OPENAI, &fake)])).await;
    let stream = stage.gateway.stream(request());
    let Stage { gateway, database, .. } = stage;
    drop(gateway);
    assert!(hear(stream).await.end.is_ok());
    drop(database);
}
