//! Many callers at once against a fake Riot with real windows: nothing is ever over a limit, and a refusal is met once.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use std::time::{Duration, Instant};

use chassis::{Clock, Secret};
use chimera::riot::{Client, Platform, RiotError, RiotSettings};
use testkit::{FakeRiot, RiotEndpoint, RiotRules, RiotStep};

fn start(app_limits: &str, method_limits: &str, latency_ms: u64) -> FakeRiot {
    let latency = Duration::from_millis(latency_ms);
    let (app_limits, method_limits) = (app_limits.to_owned(), method_limits.to_owned());
    FakeRiot::start(RiotRules { app_limits, method_limits, latency, ..RiotRules::default() })
}

fn client(fake: &FakeRiot, most_at_once: Option<u32>) -> Client {
    sharing(fake, most_at_once, 1)
}

fn sharing(fake: &FakeRiot, most_at_once: Option<u32>, key_users: u32) -> Client {
    let settings = RiotSettings {
        api_key: Secret::new("RGAPI-fake".to_owned()),
        base_url: Some(fake.base_url()),
        most_at_once,
        key_users,
        ..RiotSettings::default()
    };
    Client::new(settings, Clock::system()).unwrap()
}

/// Each caller reads a list, a match and a timeline of its own. The errors.
async fn storm(fake: &FakeRiot, client: &Client, callers: u32) -> Vec<RiotError> {
    let reviews = (0..callers).map(|caller| {
        let id = format!("KR_{caller}");
        let document = format!(r#"{{"metadata":{{"matchId":"{id}"}},"info":{{}}}}"#);
        fake.put_match_as(&id, "p1", document.clone());
        fake.put_timeline(&id, document);
        let client = client.clone();
        tokio::spawn(async move {
            client.match_ids(&format!("p{caller}"), Platform::Kr, 0, 20, None).await?;
            client.match_json(&id).await?;
            client.timeline_json(&id).await.map(drop)
        })
    });
    let results = futures::future::join_all(reviews.collect::<Vec<_>>()).await;
    results.into_iter().filter_map(|result| result.unwrap().err()).collect()
}

fn most_refusals(fake: &FakeRiot) -> usize {
    fake.over_limit().into_values().chain(fake.scripted_refusals().into_values()).max().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_limit_is_ever_overrun_and_none_is_wasted() {
    let fake = start("40:1,90:3", "25:1", 15);
    let client = client(&fake, None);
    let start = Instant::now();
    let errors = storm(&fake, &client, 60).await;
    let took = start.elapsed();
    assert_eq!((errors, fake.over_limit()), (Vec::new(), Default::default()));
    assert_eq!(fake.requests().len(), 180);
    // 90 in each 3 s: the second 90 begin after 3 s and, at 25 a second of each kind, end within 3 more. The rest of
    // the bound is for a busy machine.
    assert!((3.0..15.0).contains(&took.as_secs_f64()), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_limit_that_nobody_knows_yet_is_found_out_by_one_request() {
    let fake = start("100:1", "3:1", 30);
    let errors = storm(&fake, &client(&fake, None), 8).await;
    assert_eq!((errors, fake.over_limit()), (Vec::new(), Default::default()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_spend_counts_too() {
    let fake = start("30:2", "2000:10", 5);
    fake.spend("asia", RiotEndpoint::MatchIds, 12);
    let errors = storm(&fake, &client(&fake, None), 15).await;
    assert_eq!((errors, fake.over_limit()), (Vec::new(), Default::default()));
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_share_a_key_stay_below_its_limits_together() {
    let fake = start("30:1,60:3", "2000:10", 5);
    let (first, second) = (sharing(&fake, None, 2), sharing(&fake, None, 2));
    let errors = tokio::join!(storm(&fake, &first, 15), storm(&fake, &second, 15));
    assert_eq!((errors, fake.over_limit()), ((Vec::new(), Vec::new()), Default::default()));
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_that_shrink_and_grow_under_way_cost_one_refusal_at_most() {
    let fake = start("60:1", "2000:10", 5);
    let client = client(&fake, Some(1));
    let changes = async {
        for limits in ["9:1", "50:1,70:2", "5:1", "80:1"] {
            tokio::time::sleep(Duration::from_millis(450)).await;
            fake.set_app_limits(limits);
        }
    };
    let (errors, ()) = tokio::join!(storm(&fake, &client, 40), changes);
    assert_eq!(errors, []);
    assert!(most_refusals(&fake) <= 1, "{:?}", fake.over_limit());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overload_of_riots_is_met_once_and_all_wait() {
    let check = async |kind: Option<&str>| {
        let fake = start("20:1,100:120", "2000:10", 5);
        let client = client(&fake, None);
        assert_eq!(storm(&fake, &client, 1).await, []);
        fake.fail_for(
            Duration::from_millis(1_900),
            RiotStep::Refuse { kind: kind.map(ToOwned::to_owned), retry_after: Some("2".to_owned()) },
        );
        assert_eq!(storm(&fake, &client, 15).await, [], "{kind:?}");
        let refusals = fake.scripted_refusals();
        assert_eq!(refusals.values().copied().max(), Some(1), "{kind:?}: {refusals:?}");
        assert_eq!(fake.over_limit(), Default::default(), "{kind:?}");
    };
    tokio::join!(
        check(Some("application")),
        check(Some("method")),
        check(Some("service")),
        check(Some("server")),
        check(None),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_weather_of_every_kind_keeps_within_the_limits() {
    let fake = start("25:1,70:3", "30:2", 5);
    let odd = |text: &str| {
        let names = [
            "x-app-rate-limit",
            "x-method-rate-limit",
            "x-app-rate-limit-count",
            "x-method-rate-limit-count",
        ];
        RiotStep::Headers(names.map(|name| (name, text.to_owned())).into())
    };
    fake.always([
        RiotStep::Pass,
        RiotStep::Pass,
        odd(""),
        RiotStep::Status(500),
        RiotStep::Pass,
        RiotStep::Reset,
        odd("five:ten,-3:1"),
        RiotStep::Slow(Duration::from_millis(300), Box::new(RiotStep::Pass)),
        RiotStep::Truncated,
        RiotStep::CutMidBody,
        RiotStep::Pass,
    ]);
    let errors = storm(&fake, &client(&fake, None), 25).await;
    assert!(errors.iter().all(RiotError::is_transient), "{errors:?}");
    assert_eq!(fake.over_limit(), Default::default());
}
