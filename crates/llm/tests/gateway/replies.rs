//! What comes back when all goes well: text, usage, cost, cache, and the offline text.

use std::sync::Arc;

use llm::ledger::{self, Scope};
use llm::{
    Degraded, Finish, LlmError, LlmSettings, Message, OfflineText, Owner, ProviderKind, Reply, Request,
    StreamEvent,
};
use serde_json::json;
use testkit::fake_llm::{Script, Stop, UsageShape, tokens};
use testkit::temp_db::TempDb;

use super::stage::{KINDS, Stage, fake, request, settings, with_offline};

const STORY: &str =
    "雨夜的门开了。The hinges do not make a sound, and behind the door there is \u{1F56F}\u{FE0F} light.";

#[tokio::test]
async fn every_protocol_streams_text_and_counts_tokens() {
    for kind in KINDS {
        for usage in [UsageShape::Plain, UsageShape::NestedDetails, UsageShape::Missing] {
            let fake = fake(kind).await;
            fake.cut_bodies_every(7);
            fake.push(Script::Reply { text: STORY.to_owned(), chunk_chars: 5, usage });
            let stage = Stage::new(settings(&[(kind, &fake)])).await;
            let heard = stage.hear(request()).await;
            assert_eq!(fake.refusals(), [""; 0], "{kind:?}");
            let reply = heard.end.unwrap();
            assert_eq!(reply.text, STORY, "{kind:?} {usage:?}");
            assert!(matches!(&heard.events[0], StreamEvent::Started { provider, .. } if provider == "a"));
            assert!(heard.events.len() > 4, "{kind:?} came in one piece");
            assert_eq!(
                reply.usage.exact,
                usage != UsageShape::Missing,
                "{kind:?} {usage:?} {:?}",
                reply.usage
            );
            if reply.usage.exact {
                assert_eq!(reply.usage.output_tokens, tokens(STORY), "{kind:?} {usage:?}");
            }
            let nested_is_cached = usage == UsageShape::NestedDetails && reply.usage.cached_input_tokens > 0;
            assert!(nested_is_cached || usage != UsageShape::NestedDetails, "{kind:?}: {:?}", reply.usage);
            assert_eq!(
                reply.cost_microusd > 0,
                kind != ProviderKind::Ollama,
                "{kind:?} {}",
                reply.cost_microusd
            );
            assert_eq!(
                (reply.degraded.as_ref(), reply.cached, reply.finish),
                (None, false, Finish::Complete)
            );
        }
    }
}

#[tokio::test]
async fn cost_is_the_price_of_the_counted_tokens() {
    let fake = fake(ProviderKind::OpenAi).await;
    fake.push(Script::Reply { text: "x".repeat(400), chunk_chars: 50, usage: UsageShape::Plain });
    let mut settings = settings(&[(ProviderKind::OpenAi, &fake)]);
    settings.providers.get_mut("a").unwrap().model = "gpt-4o-2024-08-06".to_owned();
    let stage = Stage::new(settings).await;
    let reply = stage.gateway.complete(request()).await.unwrap();
    let input = tokens("You are a narrator.") + tokens("I open the door.");
    assert_eq!((reply.usage.input_tokens, reply.usage.output_tokens), (input, 100));
    // 9 input tokens at 2.5 and 100 output tokens at 10 millionths of a dollar.
    assert_eq!(reply.cost_microusd, 1_023);
    assert_eq!(reply.ledger.unwrap().price_version, stage.gateway.price_version());
}

#[tokio::test]
async fn parameters_of_the_request_reach_the_provider() {
    let fake = fake(ProviderKind::OpenAi).await;
    let stage = Stage::new(settings(&[(ProviderKind::OpenAi, &fake)])).await;
    let asked = Request {
        model: Some("gpt-4o-mini".to_owned()),
        temperature: Some(0.3),
        max_output_tokens: Some(77),
        messages: vec![Message::system("a"), Message::system("b"), Message::user("c")],
        ..request()
    };
    stage.gateway.complete(asked).await.unwrap();
    let body = fake.requests().remove(0).body;
    assert_eq!(body["model"], "gpt-4o-mini");
    assert_eq!(body["temperature"], 0.3);
    assert_eq!(body["max_tokens"], 77);
    let messages = json!([{"role": "system", "content": "a\n\nb"}, {"role": "user", "content": "c"}]);
    assert_eq!(body["messages"], messages);
}

#[tokio::test]
async fn a_chosen_provider_goes_first_and_the_order_follows() {
    let (first, second) = (fake(ProviderKind::OpenAi).await, fake(ProviderKind::Anthropic).await);
    let fakes = [(ProviderKind::OpenAi, &first), (ProviderKind::Anthropic, &second)];
    let stage = Stage::new(settings(&fakes)).await;
    let asked = Request { provider: Some("b".to_owned()), cacheable: false, ..request() };
    assert_eq!(stage.gateway.complete(asked.clone()).await.unwrap().provider, "b");
    second.push(Script::status(400));
    assert_eq!(stage.gateway.complete(asked).await.unwrap().provider, "a");
}

#[tokio::test]
async fn the_same_question_is_paid_for_once() {
    let fake = fake(ProviderKind::OpenAi).await;
    let stage = Stage::new(settings(&[(ProviderKind::OpenAi, &fake)])).await;
    let first = stage.gateway.complete(request()).await.unwrap();
    let again = stage.hear(request()).await.end.unwrap();
    assert_eq!(fake.calls(), 1);
    assert_eq!((again.text.as_str(), again.cached, again.cost_microusd), (first.text.as_str(), true, 0));
    let fresh = stage.gateway.complete(Request { cacheable: false, ..request() }).await.unwrap();
    assert_eq!((fake.calls(), fresh.cached), (2, false));
    let other = Request { temperature: Some(0.9), ..request() };
    stage.gateway.complete(other).await.unwrap();
    assert_eq!(fake.calls(), 3);
}

#[tokio::test]
async fn a_token_limit_is_a_finish_and_a_refusal_is_not() {
    for kind in KINDS {
        let fake = fake(kind).await;
        fake.push(Script::Stopped { text: "Once upon".to_owned(), stop: Stop::TokenLimit });
        let stage = Stage::new(settings(&[(kind, &fake)])).await;
        let reply = stage.gateway.complete(request()).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.finish), ("Once upon", Finish::Length), "{kind:?}");
        if kind == ProviderKind::Ollama {
            continue;
        }
        fake.push(Script::Stopped { text: "I can".to_owned(), stop: Stop::Refused });
        let refused = stage.hear(with_offline(Request { cacheable: false, ..request() })).await;
        assert_eq!(super::stage::degraded_code(&refused), "content_filtered", "{kind:?}");
    }
}

#[tokio::test]
async fn without_a_provider_the_offline_text_is_streamed_and_marked() {
    let stage = Stage::new(LlmSettings::default()).await;
    let heard = stage.hear(with_offline(request())).await;
    assert!(heard.events.len() > 3, "{:?}", heard.events);
    let reply = heard.end.unwrap();
    assert_eq!(reply.text, "离线叙述者：雨还在下。(no_provider)");
    assert_eq!(reply.degraded.unwrap().code, "no_provider");
    assert_eq!((reply.provider.as_str(), reply.cost_microusd, reply.ledger), ("offline", 0, None));
    assert_eq!(stage.hear(request()).await.end.unwrap_err().code(), "model_unavailable");
}

#[tokio::test]
async fn an_offline_text_that_fails_is_an_error() {
    let stage = Stage::new(LlmSettings::default()).await;
    let empty: OfflineText = Arc::new(|_: &Degraded| "  ".to_owned());
    let broken: OfflineText = Arc::new(|_: &Degraded| -> String { panic!("a broken narrator") });
    for offline in [empty, broken] {
        let asked = Request { offline: Some(offline), ..request() };
        assert!(matches!(stage.hear(asked).await.end, Err(LlmError::OfflineFailed(_))));
    }
}

#[tokio::test]
async fn a_request_without_a_question_is_refused() {
    let stage = Stage::new(LlmSettings::default()).await;
    for messages in [vec![], vec![Message::system("x")], vec![Message::user(" \n")]] {
        let end = stage.hear(with_offline(Request::new("turn", messages))).await.end;
        assert!(matches!(end, Err(LlmError::EmptyRequest)), "{end:?}");
    }
}

#[tokio::test]
async fn ledger_entries_survive_and_add_up_on_every_database() {
    for files in TempDb::each().await {
        let fake = fake(ProviderKind::OpenAi).await;
        let stage = Stage::on(files, settings(&[(ProviderKind::OpenAi, &fake)])).await;
        let owner = Owner {
            user_id: Some("user-1".to_owned()),
            session_id: Some("session-1".to_owned()),
            turn_id: Some("turn-1".to_owned()),
        };
        let asked = Request { owner, ..request() };
        let first = stage.gateway.complete(asked.clone()).await.unwrap();
        let cached = stage.gateway.complete(asked).await.unwrap();
        for _ in 0..2 {
            store(&stage, &first).await;
        }
        store(&stage, &cached).await;
        let entry = first.ledger.clone().unwrap();
        assert_eq!(ledger::of_turn(&stage.database, "turn-1").await.unwrap()[0], entry);
        for scope in [
            Scope::Month("2026-11".to_owned()),
            Scope::User { month: "2026-11".to_owned(), user_id: "user-1".to_owned() },
            Scope::Session("session-1".to_owned()),
            Scope::Turn("turn-1".to_owned()),
        ] {
            let totals = ledger::totals(&stage.database, &scope).await.unwrap();
            assert_eq!((totals.calls, totals.cost_microusd), (2, first.cost_microusd), "{scope:?}");
        }
        let empty = ledger::totals(&stage.database, &Scope::Month("2026-10".to_owned())).await.unwrap();
        assert_eq!(empty, ledger::Totals::default());
        let models = ledger::by_model(&stage.database, "2026-11").await.unwrap();
        assert_eq!((models.len(), models[0].totals.cost_microusd), (1, first.cost_microusd));
        stage.database.close().await;
    }
}

async fn store(stage: &Stage, reply: &Reply) {
    let mut transaction = stage.database.begin().await.unwrap();
    ledger::insert(&mut transaction, reply.ledger.as_ref().unwrap()).await.unwrap();
    transaction.commit().await.unwrap();
}
