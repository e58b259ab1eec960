//! The fake Riot through a plain HTTP client: documents, key, limits, and every way to fail.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};
use testkit::{FakeRiot, RiotEndpoint, RiotRules, RiotStep};

async fn get(fake: &FakeRiot, routing: &str, path: &str) -> Response {
    ask(fake, routing, path).await.unwrap()
}

async fn ask(fake: &FakeRiot, routing: &str, path: &str) -> reqwest::Result<Response> {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_millis(500)).build().unwrap();
    let url = format!("{}{path}", fake.base_url().replace("{routing}", routing));
    client.get(url).header("x-riot-token", "RGAPI-fake").send().await
}

async fn judge(fake: &FakeRiot, routing: &str, path: &str) -> (u16, Value) {
    let response = get(fake, routing, path).await;
    (response.status().as_u16(), response.json().await.unwrap_or(Value::Null))
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

fn document(id: &str, puuid: &str, queue_id: u64, began_s: u64) -> String {
    let info = json!({"gameCreation": began_s * 1_000, "queueId": queue_id});
    json!({"metadata": {"matchId": id, "participants": [puuid, "other"]}, "info": info}).to_string()
}

const MATCH: &str = "/lol/match/v5/matches/KR_1";

#[tokio::test]
async fn accounts_and_lists_are_found_as_riot_finds_them() {
    let fake = FakeRiot::start(RiotRules { app_limits: "1000:1".to_owned(), ..RiotRules::default() });
    fake.put_account("p1", "Hide on bush", "KR1", "kr");
    for (id, queue_id, began_s) in [("KR_1", 420, 100), ("KR_2", 450, 200), ("KR_3", 420, 300)] {
        assert_eq!(fake.put_match(document(id, "p1", queue_id, began_s)), id);
    }
    fake.list_match("NA1_9", "p1", 420, 400);
    let account = json!({"puuid": "p1", "gameName": "Hide on bush", "tagLine": "KR1"});
    let accounts = "/riot/account/v1";
    let check = async |routing: &str, path: &str, expected: Value| {
        assert_eq!(judge(&fake, routing, path).await, (200, expected), "{path}");
    };
    check("asia", &format!("{accounts}/accounts/by-riot-id/hide%20ON%20bush/kr1"), account.clone()).await;
    check("europe", &format!("{accounts}/accounts/by-puuid/p1"), account).await;
    let region = json!({"puuid": "p1", "game": "lol", "region": "kr"});
    check("asia", &format!("{accounts}/region/by-game/lol/by-puuid/p1"), region).await;
    let ids = "/lol/match/v5/matches/by-puuid/p1/ids";
    check("asia", ids, json!(["KR_3", "KR_2", "KR_1"])).await;
    check("asia", &format!("{ids}?start=1&count=1"), json!(["KR_2"])).await;
    check("asia", &format!("{ids}?queue=420"), json!(["KR_3", "KR_1"])).await;
    check("asia", &format!("{ids}?startTime=150&endTime=250"), json!(["KR_2"])).await;
    check("asia", &format!("{ids}?startTime=150000"), json!([])).await;
    check("americas", ids, json!(["NA1_9"])).await;
    check("asia", "/lol/match/v5/matches/by-puuid/nobody/ids", json!([])).await;
    for (routing, path, status) in [
        ("asia", format!("{accounts}/accounts/by-riot-id/nobody/x"), 404),
        ("sea", format!("{accounts}/accounts/by-puuid/p1"), 404),
        ("asia", format!("{ids}?count=101"), 400),
        ("asia", format!("{ids}?start=x"), 400),
        ("asia", "/lol/summoner/v4".to_owned(), 404),
        ("americas", MATCH.to_owned(), 404),
        ("asia", MATCH.to_owned(), 200),
        ("asia", format!("{MATCH}/timeline"), 404),
    ] {
        assert_eq!(judge(&fake, routing, &path).await.0, status, "{routing}{path}");
    }
}

#[tokio::test]
async fn matches_may_be_private_or_late_and_keys_wrong() {
    let fake = FakeRiot::start(RiotRules::default());
    fake.put_match(document("KR_1", "p1", 420, 0));
    fake.hide("KR_1", 2);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(judge(&fake, "asia", MATCH).await.0);
    }
    assert_eq!(seen, [404, 404, 200]);
    fake.make_private("KR_1");
    assert_eq!(judge(&fake, "asia", MATCH).await.0, 403);
    fake.set_key("RGAPI-new");
    let (status, body) = judge(&fake, "asia", "/riot/account/v1/accounts/by-puuid/p1").await;
    assert_eq!((status, &body["status"]["status_code"]), (403, &json!(403)));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}{MATCH}", fake.base_url().replace("{routing}", "asia"));
    assert_eq!(client.get(url).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn limits_are_counted_and_enforced_by_routing_value() {
    let rules = RiotRules { app_limits: "3:1,100:60".to_owned(), ..RiotRules::default() };
    let fake = FakeRiot::start(rules);
    fake.set_method_limits(RiotEndpoint::Match, "2:60");
    let first = get(&fake, "asia", MATCH).await;
    assert_eq!(header(&first, "x-app-rate-limit"), Some("3:1,100:60"));
    assert_eq!(header(&first, "x-app-rate-limit-count"), Some("1:1,1:60"));
    assert_eq!(header(&first, "x-method-rate-limit"), Some("2:60"));
    assert_eq!(header(&first, "x-method-rate-limit-count"), Some("1:60"));
    get(&fake, "asia", MATCH).await;
    let refused = get(&fake, "asia", MATCH).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(
        (header(&refused, "x-rate-limit-type"), header(&refused, "retry-after")),
        (Some("method"), Some("60"))
    );
    get(&fake, "asia", &format!("{MATCH}/timeline")).await;
    let refused = get(&fake, "asia", &format!("{MATCH}/timeline")).await;
    assert_eq!(
        (header(&refused, "x-rate-limit-type"), header(&refused, "retry-after")),
        (Some("application"), Some("1"))
    );
    assert_eq!(get(&fake, "europe", MATCH).await.status(), 404, "another routing value counts for itself");
    let over: Vec<_> = fake.over_limit().into_iter().collect();
    assert_eq!(over, [("asia/application".to_owned(), 1), ("asia/match/method".to_owned(), 1)]);
    fake.spend("europe", RiotEndpoint::Match, 1);
    assert_eq!(get(&fake, "europe", MATCH).await.status(), 429);
    fake.set_app_limits("50:1");
    let after = get(&fake, "asia", &format!("{MATCH}/timeline")).await;
    assert_eq!(header(&after, "x-app-rate-limit"), Some("50:1"));
    assert_eq!(fake.calls(RiotEndpoint::Match), 5);
}

#[tokio::test]
async fn it_fails_in_every_way() {
    let fake = FakeRiot::start(RiotRules { app_limits: "1000:1".to_owned(), ..RiotRules::default() });
    fake.put_match(document("KR_1", "p1", 420, 0));
    let step = async |step: RiotStep| {
        fake.push(RiotEndpoint::Match, step);
        ask(&fake, "asia", MATCH).await
    };
    let response = step(RiotStep::Refuse { kind: None, retry_after: None }).await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (429, None));
    assert_eq!(header(&response, "x-rate-limit-type"), None);
    let response = step(RiotStep::refuse("server", "21")).await.unwrap();
    assert_eq!(
        (header(&response, "x-rate-limit-type"), header(&response, "retry-after")),
        (Some("server"), Some("21"))
    );
    assert_eq!(step(RiotStep::Status(503)).await.unwrap().status(), 503);
    let odd = vec![("x-app-rate-limit", "five:ten".to_owned()), ("x-method-rate-limit", String::new())];
    let response = step(RiotStep::Headers(odd)).await.unwrap();
    assert_eq!(
        (header(&response, "x-app-rate-limit"), header(&response, "x-method-rate-limit")),
        (Some("five:ten"), None)
    );
    let whole = document("KR_1", "p1", 420, 0);
    assert_eq!(step(RiotStep::Truncated).await.unwrap().text().await.unwrap(), whole[..whole.len() / 2]);
    assert_eq!(step(RiotStep::Garbage(b"<html>".to_vec())).await.unwrap().text().await.unwrap(), "<html>");
    assert!(step(RiotStep::Huge(1_000_000)).await.unwrap().bytes().await.unwrap().len() >= 1_000_000);
    assert!(step(RiotStep::CutMidBody).await.unwrap().text().await.is_err());
    assert!(step(RiotStep::StallMidBody).await.unwrap().text().await.unwrap_err().is_timeout());
    assert!(step(RiotStep::StallBeforeHeaders).await.unwrap_err().is_timeout());
    assert!(step(RiotStep::Reset).await.is_err());
    let slow = RiotStep::Slow(Duration::from_millis(20), Box::new(RiotStep::Status(500)));
    assert_eq!(step(slow).await.unwrap().status(), 500);
    fake.always([RiotStep::Status(500), RiotStep::Pass]);
    assert_eq!(get(&fake, "asia", MATCH).await.status(), 500);
    assert_eq!(get(&fake, "asia", MATCH).await.status(), 200);
    fake.fail_for(Duration::from_secs(60), RiotStep::refuse("service", "1"));
    assert_eq!(get(&fake, "asia", MATCH).await.status(), 429);
    assert_eq!(fake.scripted_refusals()["asia/match/service"], 1);
    assert_eq!(fake.over_limit().len(), 0);
}
