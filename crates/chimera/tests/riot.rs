//! The client of Riot's API against a fake as strict as the real one: what it asks for, what it makes of faults, and
//! what it does about the key.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use chassis::{Clock, Secret};
use chimera::riot::{Client, Platform, Region, RiotError, RiotSettings};
use testkit::{FakeRiot, RiotEndpoint, RiotRules, RiotStep};

const KEY: &str = "RGAPI-fake";

fn roomy() -> FakeRiot {
    let rules = RiotRules { app_limits: "5000:1".to_owned(), ..RiotRules::default() };
    FakeRiot::start(rules)
}

fn settings(fake: &FakeRiot) -> RiotSettings {
    RiotSettings {
        api_key: Secret::new(KEY.to_owned()),
        base_url: Some(fake.base_url()),
        request_timeout: Duration::from_secs(10),
        ..RiotSettings::default()
    }
}

fn client(settings: RiotSettings) -> Client {
    Client::new(settings, Clock::system()).unwrap()
}

fn document(id: &str) -> String {
    format!(
        r#"{{"metadata":{{"matchId":"{id}","participants":["p1"]}},"info":{{"gameCreation":1000,"queueId":420}}}}"#
    )
}

/// A pair out of the shared collection of real matches.
fn real(folder: &str, id: &str) -> Vec<u8> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/lol");
    let path: PathBuf = [root, folder, &format!("{id}.json")].iter().collect();
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[tokio::test]
async fn accounts_and_lists_are_asked_for_where_they_are() {
    let fake = roomy();
    fake.put_account("p1", "雨 / ..?#", "OCE", "oc1");
    for (id, began_s) in [("OC1_1", 1), ("OC1_2", 2), ("OC1_3", 3)] {
        fake.list_match(id, "p1", if began_s == 2 { 450 } else { 420 }, began_s);
    }
    let client = client(settings(&fake));
    let region = Platform::Oc1.region();
    let account = client.account_by_riot_id(region, "雨 / ..?#", "oce").await.unwrap();
    assert_eq!((account.puuid.as_str(), account.tag_line.as_str()), ("p1", "OCE"));
    assert_eq!(client.account_by_puuid(region, "p1").await.unwrap(), account);
    assert_eq!(client.platform_of_account(region, "p1").await.unwrap(), Platform::Oc1);
    assert_eq!(client.account_by_riot_id(region, "nobody", "x").await, Err(RiotError::NotFound));
    let ids =
        async |start, count, queue_id| client.match_ids("p1", Platform::Oc1, start, count, queue_id).await;
    assert_eq!(ids(0, 20, None).await.unwrap(), ["OC1_3", "OC1_2", "OC1_1"]);
    assert_eq!(ids(1, 1, None).await.unwrap(), ["OC1_2"]);
    assert_eq!(ids(0, 500, Some(420)).await.unwrap(), ["OC1_3", "OC1_1"]);
    assert_eq!(ids(2, 0, None).await.unwrap(), ["OC1_1"]);
    let routings: Vec<_> = fake.requests().into_iter().map(|request| request.routing).collect();
    assert_eq!(routings, ["asia", "asia", "asia", "asia", "sea", "sea", "sea", "sea"]);
}

#[tokio::test]
async fn a_match_is_fetched_once_however_many_ask() {
    let fake = FakeRiot::start(RiotRules { latency: Duration::from_millis(50), ..RiotRules::default() });
    let (bytes, timeline) = (real("matches", "KR_7014499581"), real("timelines", "KR_7014499581"));
    fake.put_match(bytes.clone());
    fake.put_timeline("KR_7014499581", timeline.clone());
    let client = client(settings(&fake));
    let fetched = futures::future::join_all((0..50).map(|_| client.match_json("kr_7014499581"))).await;
    assert!(fetched.iter().all(|result| result.as_deref() == Ok(&bytes)));
    assert_eq!(client.match_json("KR_7014499581").await.unwrap(), bytes);
    assert_eq!(client.timeline_json("KR_7014499581").await.unwrap(), timeline);
    assert_eq!(client.timeline_json("KR_7014499581").await.unwrap(), timeline);
    assert_eq!((fake.calls(RiotEndpoint::Match), fake.calls(RiotEndpoint::Timeline)), (1, 1));
    for odd in ["", "KR", "KR_", "KR_x", "XX_1", "KR_1/timeline", "../KR_1"] {
        assert_eq!(client.match_json(odd).await, Err(RiotError::NotFound), "{odd}");
    }
    assert_eq!(fake.requests().len(), 2, "no request is made for what cannot be a match");
}

/// Runs one fetch against `steps`, the last of which goes on for ever.
async fn run(
    steps: &[RiotStep],
    change: impl FnOnce(&mut RiotSettings),
) -> (Result<usize, RiotError>, usize, Duration) {
    let fake = roomy();
    fake.put_match_as("KR_1", "p1", document("KR_1"));
    let (last, first) = steps.split_last().unwrap();
    first.iter().for_each(|step| fake.push(RiotEndpoint::Match, step.clone()));
    fake.always([last.clone()]);
    let mut settings = settings(&fake);
    change(&mut settings);
    let start = Instant::now();
    let result = client(settings).match_json("KR_1").await;
    (result.map(|bytes| bytes.len()), fake.calls(RiotEndpoint::Match), start.elapsed())
}

#[tokio::test]
async fn faults_that_pass_are_tried_again_and_others_are_not() {
    let whole = document("KR_1").len();
    let check = async |steps: Vec<RiotStep>, expected: Result<usize, RiotError>, calls: usize| {
        let stalls = |step: &RiotStep| matches!(step, RiotStep::StallBeforeHeaders | RiotStep::StallMidBody);
        let has_stall = steps.iter().any(stalls);
        let change = |settings: &mut RiotSettings| {
            settings.max_body_bytes = 1_000_000;
            settings.request_timeout = Duration::from_secs(if has_stall { 1 } else { 10 });
        };
        let (result, called, _) = run(&steps, change).await;
        assert_eq!((result, called), (expected, calls), "{steps:?}");
    };
    let odd = |what| Err(RiotError::Malformed { what });
    let other = RiotStep::Garbage(document("KR_2").into_bytes());
    tokio::join!(
        check(vec![RiotStep::Status(404)], Err(RiotError::NotFound), 1),
        check(vec![RiotStep::Status(400)], Err(RiotError::BadRequest { status: 400 }), 1),
        check(vec![RiotStep::Status(415)], Err(RiotError::BadRequest { status: 415 }), 1),
        check(vec![RiotStep::Status(500), RiotStep::Pass], Ok(whole), 2),
        check(vec![RiotStep::Status(502), RiotStep::Status(504), RiotStep::Pass], Ok(whole), 3),
        check(vec![RiotStep::Status(503)], Err(RiotError::Unavailable { status: 503 }), 3),
        check(vec![RiotStep::Status(301)], odd("a status that no answer has"), 3),
        check(vec![RiotStep::Truncated, RiotStep::Pass], Ok(whole), 2),
        check(vec![RiotStep::Truncated], odd("not a match"), 3),
        check(vec![RiotStep::Garbage(Vec::new())], odd("not a match"), 3),
        check(vec![other], odd("another match"), 3),
        check(vec![RiotStep::Huge(2_000_000)], Err(RiotError::TooLarge { limit_bytes: 1_000_000 }), 1),
        check(
            vec![RiotStep::Garbage(vec![b' '; 1_000_001])],
            Err(RiotError::TooLarge { limit_bytes: 1_000_000 }),
            1
        ),
        check(vec![RiotStep::CutMidBody, RiotStep::Pass], Ok(whole), 2),
        check(vec![RiotStep::StallMidBody, RiotStep::Pass], Ok(whole), 2),
        check(vec![RiotStep::StallBeforeHeaders], Err(RiotError::Timeout), 3),
        check(vec![RiotStep::Slow(Duration::from_millis(100), Box::new(RiotStep::Pass))], Ok(whole), 1),
    );
    let (result, calls, _) = run(&[RiotStep::Reset], |_| {}).await;
    assert!(matches!(result, Err(RiotError::Unreachable { .. })), "{result:?}");
    assert!(calls >= 3, "{calls} calls");
}

#[tokio::test]
async fn a_refusal_is_waited_out_whatever_it_says() {
    let check = async |kind: Option<&str>, retry_after: Option<&str>, least_ms: u64, most_ms: u64| {
        let owned = |text: &str| text.to_owned();
        let refuse = RiotStep::Refuse { kind: kind.map(owned), retry_after: retry_after.map(owned) };
        let (result, calls, took) = run(&[refuse, RiotStep::Pass], |_| {}).await;
        let took = took.as_millis() as u64;
        assert!(result.is_ok() && calls == 2, "{kind:?} {retry_after:?}: {result:?} after {calls} calls");
        assert!((least_ms..most_ms).contains(&took), "{kind:?} {retry_after:?}: {took} ms");
    };
    tokio::join!(
        check(Some("application"), Some("1"), 1_500, 9_000),
        check(Some("method"), Some("1"), 1_500, 9_000),
        check(Some("service"), Some("2"), 2_500, 9_000),
        check(Some("server"), Some("1"), 1_500, 9_000),
        check(Some("service"), None, 800, 8_000),
        check(None, None, 800, 8_000),
        check(Some("\u{7f}?!"), Some("later"), 800, 8_000),
    );
}

#[tokio::test]
async fn one_who_cannot_be_served_in_time_is_told_when_to_come_back() {
    let patience = |settings: &mut RiotSettings| settings.longest_wait = Duration::from_secs(2);
    let (result, calls, took) = run(&[RiotStep::refuse("application", "60")], patience).await;
    let Err(RiotError::RateLimited { retry_after }) = result else { panic!("{result:?}") };
    assert!((59..=61).contains(&retry_after.as_secs()), "{retry_after:?}");
    assert!(calls == 1 && took < Duration::from_secs(2), "{calls} calls in {took:?}");
}

#[tokio::test]
async fn odd_limits_in_headers_do_no_harm() {
    for text in
        ["", "x", "20", "20:", ":1", "-1:-1", "0:0", "99999999999999999999:1", "20:1,,;100", "1:1:1", "１:１"]
    {
        let names = [
            "x-app-rate-limit",
            "x-app-rate-limit-count",
            "x-method-rate-limit",
            "x-method-rate-limit-count",
        ];
        let headers = names.map(|name| (name, text.to_owned()));
        let (result, calls, _) = run(&[RiotStep::Headers(headers.into())], |_| {}).await;
        assert!(result.is_ok() && calls == 1, "{text}: {result:?}");
    }
}

#[tokio::test]
async fn without_a_key_nothing_is_sent() {
    let fake = roomy();
    let client = client(RiotSettings { api_key: Secret::default(), ..settings(&fake) });
    assert_eq!(client.check_key(), Err(RiotError::KeyMissing));
    assert_eq!(client.match_json("KR_1").await, Err(RiotError::KeyMissing));
    assert_eq!(client.account_by_riot_id(Region::Asia, "a", "b").await, Err(RiotError::KeyMissing));
    assert_eq!(fake.requests().len(), 0);
}

#[tokio::test]
async fn a_refused_key_rests_and_a_new_one_works_at_once() {
    let fake = roomy();
    fake.put_account("p1", "a", "b", "kr");
    fake.put_match(document("KR_1"));
    let client = client(settings(&fake));
    let sibling = client.clone();
    fake.set_key("RGAPI-next");
    assert_eq!(client.account_by_riot_id(Region::Asia, "a", "b").await, Err(RiotError::KeyRejected));
    assert_eq!(client.match_json("KR_1").await, Err(RiotError::KeyRejected));
    assert_eq!(client.check_key(), Err(RiotError::KeyRejected));
    assert_eq!(fake.requests().len(), 1, "a refused key is not shown again");
    client.set_key(&Secret::new("RGAPI-next".to_owned()));
    assert!(sibling.match_json("KR_1").await.is_ok());
    assert_eq!(sibling.check_key(), Ok(()));
}

#[tokio::test]
async fn a_private_match_is_told_apart_from_a_refused_key() {
    let fake = roomy();
    fake.put_match(document("KR_1"));
    fake.make_private("KR_1");
    let client = client(settings(&fake));
    assert_eq!(client.match_json("KR_1").await, Err(RiotError::NotShared));
    assert_eq!(client.timeline_json("KR_1").await, Err(RiotError::NotShared));
    assert_eq!((fake.calls(RiotEndpoint::Match), fake.calls(RiotEndpoint::AccountByRiotId)), (1, 1));
    assert_eq!(fake.calls(RiotEndpoint::Timeline), 0, "a private match is remembered");
    assert_eq!(client.check_key(), Ok(()));
    // The same status with a key that is refused everywhere.
    fake.set_key("RGAPI-next");
    fake.put_match(document("KR_2"));
    assert_eq!(client.match_json("KR_2").await, Err(RiotError::KeyRejected));
    client.set_key(&Secret::new("RGAPI-next".to_owned()));
    assert!(client.match_json("KR_2").await.is_ok());
}

#[tokio::test]
async fn a_late_match_is_asked_for_again() {
    let fake = roomy();
    fake.put_match(document("KR_1"));
    fake.hide("KR_1", 1);
    let client = client(settings(&fake));
    let first = client.match_json("KR_1").await.map_err(|error| error.when_listed(1));
    assert_eq!(first, Err(RiotError::RetryLater { after: Duration::from_secs(20) }));
    assert!(client.match_json("KR_1").await.is_ok(), "that it was missing is not remembered");
}

#[tokio::test]
async fn the_key_shows_nowhere_and_the_counters_move() {
    let metrics = chassis::metrics::install();
    let fake = roomy();
    let key = "RGAPI-hunter2-hunter2";
    let client = client(RiotSettings { api_key: Secret::new(key.to_owned()), ..settings(&fake) });
    let mut shown = format!("{client:?} {:?}", settings(&fake));
    for (step, other_key) in [
        (RiotStep::Pass, "x"),
        (RiotStep::Reset, key),
        (RiotStep::Status(500), key),
        (RiotStep::Truncated, key),
    ] {
        fake.set_key(other_key);
        fake.always([step]);
        client.set_key(&Secret::new(key.to_owned()));
        let error = client.match_ids("p1", Platform::Kr, 0, 20, None).await.unwrap_err();
        shown += &format!("{error} {error:?} {:#}", anyhow::Error::new(error.clone()));
    }
    fake.always([RiotStep::refuse("method", "0"), RiotStep::Pass]);
    client.match_ids("p1", Platform::Kr, 0, 20, None).await.unwrap();
    let text = metrics.render();
    assert!(!shown.contains("hunter2") && !text.contains("hunter2"), "{shown}");
    for line in [
        r#"chimera_riot_api_requests_total{endpoint="match_ids",status="success"}"#,
        r#"chimera_riot_api_requests_total{endpoint="match_ids",status="key_rejected"}"#,
        r#"chimera_riot_api_requests_total{endpoint="match_ids",status="server_error"} 3"#,
        r#"chimera_riot_api_requests_total{endpoint="match_ids",status="unreachable"} 3"#,
        r#"chimera_riot_api_requests_total{endpoint="match_ids",status="rate_limited"} 1"#,
        r#"chimera_riot_api_429_total{endpoint="match_ids"} 1"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn an_address_that_is_none_is_refused_at_the_start() {
    for base_url in ["", "riot", "file:///x", "mailto:a@b", "http://"] {
        let settings = RiotSettings { base_url: Some(base_url.to_owned()), ..RiotSettings::default() };
        assert!(Client::new(settings, Clock::system()).is_err(), "{base_url}");
    }
}
