//! Limits hold before the call, across concurrent calls and across replicas, and no cost is forgotten.

use futures::future::join_all;
use llm::ledger::{self, Scope};
use llm::{LlmError, LlmSettings, Owner, ProviderKind, Request};
use testkit::fake_llm::{FakeLlm, Script};
use testkit::temp_db::TempDb;

use super::stage::{Stage, fake, request, settings, with_offline};

const OPENAI: ProviderKind = ProviderKind::OpenAi;

/// A call costs at most 10 input tokens at 2 and 500 output tokens at 10 millionths of a dollar: about 0.005 USD.
fn limited(fake: &FakeLlm, edit: fn(&mut LlmSettings)) -> LlmSettings {
    let mut settings = settings(&[(OPENAI, fake)]);
    edit(&mut settings);
    settings
}

fn owned(user_id: &str, session_id: &str) -> Request {
    let owner =
        Owner { user_id: Some(user_id.to_owned()), session_id: Some(session_id.to_owned()), turn_id: None };
    Request { owner, cacheable: false, ..with_offline(request()) }
}

#[tokio::test]
async fn a_call_that_could_pass_a_limit_is_not_made() {
    let check = async |edit: fn(&mut LlmSettings), expected: Option<&str>| {
        let fake = fake(OPENAI).await;
        let stage = Stage::new(limited(&fake, edit)).await;
        let refused = match stage.hear(owned("u", "s")).await.end {
            Err(LlmError::BudgetExhausted { scope, .. }) => Some(scope),
            Ok(reply) if reply.degraded.is_none() => None,
            other => panic!("{other:?}"),
        };
        assert_eq!((refused, fake.calls()), (expected, usize::from(expected.is_none())));
    };
    check(|_| {}, None).await;
    check(|settings| settings.budget.monthly_usd = 0.001, Some("monthly")).await;
    check(|settings| settings.budget.per_user_monthly_usd = 0.001, Some("user")).await;
    check(|settings| settings.budget.per_session_usd = 0.001, Some("session")).await;
    check(|settings| settings.budget.monthly_usd = 0.1, None).await;
    let free: fn(&mut LlmSettings) = |settings| {
        settings.budget.monthly_usd = 0.000_001;
        settings.providers.get_mut("a").unwrap().price = Some(llm::prices::PriceSetting::Free);
    };
    check(free, None).await;
}

#[tokio::test]
async fn the_refusal_says_how_much_is_spent() {
    let fake = fake(OPENAI).await;
    let stage = Stage::new(limited(&fake, |settings| settings.budget.monthly_usd = 0.001)).await;
    let error = stage.hear(owned("u", "s")).await.end.unwrap_err();
    insta::assert_snapshot!(error, @"the call could pass the monthly budget: 0.0000 of 0.001 USD are spent or reserved for running calls");
}

#[tokio::test]
async fn limits_are_counted_per_user_and_session() {
    let fake = fake(OPENAI).await;
    fake.always(Script::reply("x".repeat(1_600)));
    let edit: fn(&mut LlmSettings) = |settings| {
        settings.budget.per_user_monthly_usd = 0.015;
        settings.budget.per_session_usd = 0.008;
    };
    let stage = Stage::new(limited(&fake, edit)).await;
    let mut results = Vec::new();
    for (user, session) in
        [("u1", "s1"), ("u1", "s1"), ("u1", "s2"), ("u1", "s3"), ("u1", "s4"), ("u2", "s5")]
    {
        let end = stage.hear(owned(user, session)).await.end;
        results.push(match end {
            Ok(_) => "ok",
            Err(LlmError::BudgetExhausted { scope, .. }) => scope,
            Err(other) => panic!("{other}"),
        });
    }
    let expected = ["ok", "session", "ok", "ok", "user", "ok"];
    assert_eq!(results, expected);
}

#[tokio::test]
async fn concurrent_calls_together_stay_below_the_limit() {
    for files in TempDb::each().await {
        let fake = fake(OPENAI).await;
        fake.always(Script::reply("x".repeat(1_900)));
        let stage = Stage::on(files, limited(&fake, |settings| settings.budget.monthly_usd = 0.05)).await;
        let ends = join_all((0..60).map(|index| stage.hear(owned("u", &index.to_string())))).await;
        let spent: i64 =
            ends.iter().filter_map(|heard| heard.end.as_ref().ok()).map(|reply| reply.cost_microusd).sum();
        assert!((40_000..=50_000).contains(&spent), "{spent}");
        assert_eq!(stage.gateway.spending(Some("u"), None).await.unwrap().month_microusd, spent);
        stage.database.close().await;
    }
}

#[tokio::test]
async fn replicas_see_each_others_spending_and_nothing_is_counted_twice() {
    let fake = fake(OPENAI).await;
    let here = Stage::new(settings(&[(OPENAI, &fake)])).await;
    let there = here.replica(settings(&[(OPENAI, &fake)])).await;
    let reply = here.hear(owned("u", "s")).await.end.unwrap();
    let spending = async |stage: &Stage| {
        let spending = stage.gateway.spending(Some("u"), Some("s")).await.unwrap();
        assert_eq!(spending.user_microusd, Some(spending.month_microusd));
        assert_eq!(spending.session_microusd, Some(spending.month_microusd));
        spending.month_microusd
    };
    assert_eq!((spending(&here).await, spending(&there).await), (reply.cost_microusd, 0));
    let mut transaction = here.database.begin().await.unwrap();
    ledger::insert(&mut transaction, reply.ledger.as_ref().unwrap()).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!((spending(&here).await, spending(&there).await), (reply.cost_microusd, reply.cost_microusd));
}

#[tokio::test]
async fn an_entry_that_its_caller_forgot_is_stored_at_the_end() {
    let fake = fake(OPENAI).await;
    let stage = Stage::new(settings(&[(OPENAI, &fake)])).await;
    let reply = stage.hear(owned("u", "s")).await.end.unwrap();
    let stored = async || ledger::totals(&stage.database, &Scope::Session("s".to_owned())).await.unwrap();
    assert_eq!(stored().await.calls, 0);
    stage.gateway.flush().await.unwrap();
    assert_eq!((stored().await.calls, stored().await.cost_microusd), (1, reply.cost_microusd));
    stage.gateway.flush().await.unwrap();
    assert_eq!(stored().await.calls, 1);
}
