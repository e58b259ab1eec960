//! The client towards Discord: limits, faults, tokens that end, and the storm that must not become a ban.

use std::time::{Duration, Instant};

use chassis::{Backoff, Secret, clock::Clock};
use chimera::{
    config::Config,
    discord::{
        Api, ApiError, ApiSettings, Message, api::Delivered, commands, guard::GuardState,
        incoming::InteractionToken, requests::ReplyTo,
    },
};
use testkit::{
    DiscordRoute, DiscordStep, FakeDiscord,
    fake_discord::{DiscordRules, LimitScope, TokenEnd},
};

const TOKEN: &str = "aW50ZXJhY3Rpb246secret";

fn api(fake: &FakeDiscord, change: impl FnOnce(&mut ApiSettings)) -> Api {
    let mut settings = ApiSettings {
        base_url: fake.base_url(),
        bot_token: Secret::new(fake.bot_token().to_owned()),
        backoff: Backoff {
            base: Duration::from_millis(5),
            factor: 2.0,
            max: Duration::from_millis(20),
            jitter: 0.0,
        },
        request_timeout: Duration::from_millis(500),
        call_timeout: Duration::from_secs(5),
        ..ApiSettings::default()
    };
    change(&mut settings);
    Api::new(settings, Clock::system()).unwrap()
}

fn message(text: &str) -> Message {
    Message { content: Some(text.to_owned()), ..Message::default() }
}

/// A reply to an interaction that came `age_ms` ago.
fn reply(is_public: bool, age_ms: i64) -> ReplyTo {
    ReplyTo {
        interaction_id: "77".to_owned(),
        application_id: "9001".to_owned(),
        token: InteractionToken::new(TOKEN.to_owned()),
        channel_id: "42".to_owned(),
        user_id: "5".to_owned(),
        is_public,
        received_at_ms: Clock::system().now().as_millisecond() - age_ms,
        ..ReplyTo::default()
    }
}

fn stage() -> FakeDiscord {
    let fake = FakeDiscord::start(DiscordRules::default());
    fake.open_deferred("77", TOKEN);
    fake
}

#[tokio::test]
async fn a_reply_is_edited_or_goes_to_the_channel_once_the_token_is_gone() {
    for end in
        [None, Some(TokenEnd::UnknownWebhook), Some(TokenEnd::InvalidToken), Some(TokenEnd::Unauthorized)]
    {
        let fake = stage();
        let api = api(&fake, |_| {});
        if let Some(end) = end {
            fake.expire(TOKEN, end);
        }
        let delivered = api.deliver(&reply(true, 60_000), &message("done")).await;
        match end {
            None => {
                assert_eq!(delivered, Ok(Delivered::Edited));
                assert_eq!(fake.original(TOKEN).unwrap()["content"], "done");
            }
            Some(_) => {
                assert_eq!(delivered, Ok(Delivered::Channel), "{end:?}");
                assert_eq!(fake.channel_messages("42")[0]["content"], "done");
            }
        }
        assert_eq!(fake.refusals(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn after_fifteen_minutes_the_edit_is_not_even_tried() {
    let fake = stage();
    let api = api(&fake, |_| {});
    let late = reply(true, 15 * 60_000);
    assert_eq!(api.deliver(&late, &Message::default()).await, Ok(Delivered::Channel));
    assert_eq!(fake.channel_messages("42")[0]["content"], "<@5>", "the channel sees whom it is for");
    assert!(
        fake.requests().iter().all(|request| request.path.contains("/channels/")),
        "{:?}",
        fake.requests()
    );
    assert!(api.deliver(&reply(false, 15 * 60_000), &message("private")).await.unwrap_err().is_token_gone());
    assert_eq!(fake.channel_messages("42").len(), 1, "a private reply never reaches the channel");
}

#[tokio::test]
async fn an_edit_waits_for_its_deferral_to_arrive() {
    let fake = FakeDiscord::start(DiscordRules::default());
    fake.open_interaction("77", TOKEN, 2);
    let api = api(&fake, |_| {});
    let (editing, fake) = {
        let api = api.clone();
        (tokio::spawn(async move { api.deliver(&reply(true, 0), &message("quick")).await }), fake)
    };
    assert!(fake.wait_until(Duration::from_secs(5), |fake| fake.calls() >= 1).await);
    fake.open_deferred("77", TOKEN);
    assert_eq!(editing.await.unwrap(), Ok(Delivered::Edited));
    assert_eq!(fake.original(TOKEN).unwrap()["content"], "quick");
}

#[tokio::test]
async fn faults_that_pass_are_tried_again_and_others_are_not() {
    let check = async |steps: &[DiscordStep], expected_calls: usize, is_ok: bool| {
        let fake = stage();
        let api = api(&fake, |_| {});
        for step in steps {
            fake.push(DiscordRoute::EditOriginal, step.clone());
        }
        let token = InteractionToken::new(TOKEN.to_owned());
        let result = api.edit_original("9001", &token, &message("x")).await;
        assert_eq!((result.is_ok(), fake.calls()), (is_ok, expected_calls), "{steps:?}: {result:?}");
        if let Err(error) = result {
            let text = format!("{error} {error:?}");
            assert!(!text.contains(TOKEN) && !text.contains("127.0.0.1:"), "{text}");
        }
    };
    use DiscordStep::{CarryOutAndReset, Reset, Stall, Status};
    check(&[Status(502)], 2, true).await;
    check(&[Status(500), Status(503)], 3, true).await;
    check(&[Status(500), Status(500), Status(500)], 3, false).await;
    check(&[Reset], 2, true).await;
    check(&[CarryOutAndReset], 2, true).await;
    check(&[Stall], 2, true).await;
    check(&[DiscordStep::rate_limited(0.02)], 2, true).await;
    for status in [400, 401, 403, 404] {
        check(&[Status(status)], 1, false).await;
    }
    check(&[DiscordStep::CloudflarePage(403)], 1, false).await;
}

#[tokio::test]
async fn nobody_sends_into_a_bucket_that_is_empty() {
    let fake = FakeDiscord::start(DiscordRules {
        bucket_limit: 3,
        bucket_window: Duration::from_millis(400),
        ..DiscordRules::default()
    });
    let api = api(&fake, |_| {});
    let sends: Vec<_> = (0..9)
        .map(|number| {
            let api = api.clone();
            tokio::spawn(async move { api.create_message("42", &message("x"), &format!("n{number}")).await })
        })
        .collect();
    for send in sends {
        assert_eq!(send.await.unwrap(), Ok(()));
    }
    assert_eq!((fake.channel_messages("42").len(), fake.invalid_requests()), (9, 0));
}

#[tokio::test]
async fn a_429_is_waited_for_by_all_who_follow() {
    let fake = stage();
    let api = api(&fake, |_| {});
    fake.push(
        DiscordRoute::ChannelMessage,
        DiscordStep::RateLimited { scope: LimitScope::User, retry_after: 1.0, says_when: true },
    );
    let begin = Instant::now();
    let sends: Vec<_> = (0..4)
        .map(|number| {
            let api = api.clone();
            tokio::spawn(async move { api.create_message("42", &message("x"), &format!("n{number}")).await })
        })
        .collect();
    for send in sends {
        assert_eq!(send.await.unwrap(), Ok(()));
    }
    assert!(begin.elapsed() >= Duration::from_millis(990), "{:?}", begin.elapsed());
    assert_eq!((fake.calls(), fake.invalid_requests()), (5, 1));
}

#[tokio::test]
async fn a_refused_bot_token_is_not_used_again() {
    let fake = stage();
    let api = api(&fake, |settings| settings.bot_token = Secret::new("wrong".to_owned()));
    for _ in 0..5 {
        assert_eq!(api.create_message("42", &message("x"), "n").await, Err(ApiError::TokenRejected));
    }
    assert_eq!(fake.calls(), 1);
    assert_eq!(api.deliver(&reply(true, 60_000), &message("x")).await, Ok(Delivered::Edited));
}

#[tokio::test]
async fn ten_thousand_refusals_stay_below_a_hundred() {
    let fake = stage();
    fake.always([
        DiscordStep::Status(403),
        DiscordStep::Code { status: 401, code: 50_027 },
        DiscordStep::RateLimited { scope: LimitScope::User, retry_after: 0.0, says_when: false },
        DiscordStep::CloudflarePage(429),
        DiscordStep::Status(404),
    ]);
    let api = api(&fake, |settings| settings.call_timeout = Duration::from_secs(4));
    let calls: Vec<_> = (0..10_000)
        .map(|number| {
            let api = api.clone();
            tokio::spawn(async move {
                let token = InteractionToken::new(format!("token{number}"));
                api.edit_original("9001", &token, &message("x")).await.is_err()
            })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap());
    }
    println!("a storm of 10,000 calls: {} sent, {} of them invalid", fake.calls(), fake.invalid_requests());
    assert!(fake.invalid_requests() < 100, "{}", fake.invalid_requests());
    assert!(matches!(api.guard().state(), GuardState::Open { .. }), "{:?}", api.guard().state());
    assert_eq!(api.create_message("42", &message("x"), "n").await, Err(ApiError::Shut));
}

/// A call that is given up may have been refused all the same; Discord counts it, so it is counted here.
#[tokio::test]
async fn a_refusal_that_nobody_waits_for_still_counts() {
    let fake = stage();
    fake.push(
        DiscordRoute::EditOriginal,
        DiscordStep::Slow(Duration::from_millis(200), Box::new(DiscordStep::Status(403))),
    );
    let api = api(&fake, |settings| settings.call_timeout = Duration::from_millis(60));
    let token = InteractionToken::new(TOKEN.to_owned());
    assert!(api.edit_original("9001", &token, &message("x")).await.is_err());
    assert_eq!(api.guard().invalid_in_window(), 0);
    let end = Instant::now() + Duration::from_secs(5);
    while api.guard().invalid_in_window() == 0 && Instant::now() < end {
        tokio::task::yield_now().await;
    }
    assert_eq!(api.guard().invalid_in_window(), 1);
}

#[tokio::test]
async fn the_commands_are_registered() {
    let fake = stage();
    let api = api(&fake, |_| {});
    let all = commands::all(&Config::default());
    assert_eq!(api.register_commands("9001", None, &all).await, Ok(8));
    assert_eq!(api.register_commands("9001", Some("123"), &all).await, Ok(8));
    assert_eq!(fake.refusals(), Vec::<String>::new());
    assert_eq!(fake.commands()[4]["name_localizations"]["zh-CN"], "点评");
}
