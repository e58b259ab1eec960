//! Callers in line, on a paused clock.

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::{StatusCode, header::HeaderMap};

use super::*;

const ALONE: Restraint = Restraint { most_at_once: None, key_users: 1 };

fn learn(status: u16, headers: &[(&'static str, &str)]) -> Learnt {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    Learnt::of(StatusCode::from_u16(status).unwrap(), &headers, jiff::Timestamp::UNIX_EPOCH)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(600)
}

#[tokio::test(start_paused = true)]
async fn callers_go_in_order_and_none_before_its_time() {
    let gates = Arc::new(Gates::new(ALONE));
    let start = Instant::now();
    let order = Arc::new(Mutex::new(Vec::new()));
    let callers = (0..25).map(|caller| {
        let (gates, order) = (Arc::clone(&gates), Arc::clone(&order));
        async move {
            let permit = gates.acquire(Region::Asia, Endpoint::Match, soon()).await.unwrap();
            order.lock().unwrap().push((caller, start.elapsed().as_secs()));
            permit.answered(&learn(200, &[("x-app-rate-limit", "10:5"), ("x-method-rate-limit", "100:1")]));
        }
    });
    futures::future::join_all(callers).await;
    let expected: Vec<_> = (0..25).map(|caller| (caller, caller / 10 * 5)).collect();
    assert_eq!(*order.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_keeps_all_of_its_scope_waiting_and_no_one_else() {
    let check = async |headers: &[(&'static str, &str)], same: u64, sibling: u64, other_region: u64| {
        let gates = Gates::new(ALONE);
        let first = gates.acquire(Region::Asia, Endpoint::Match, soon()).await.unwrap();
        first.answered(&learn(429, headers));
        let start = Instant::now();
        let wait = async |region, endpoint| {
            gates.acquire(region, endpoint, soon()).await.unwrap().answered(&learn(200, &[]));
            start.elapsed().as_millis() as u64
        };
        let waits = tokio::join!(
            wait(Region::Asia, Endpoint::Match),
            wait(Region::Asia, Endpoint::Timeline),
            wait(Region::Europe, Endpoint::Match),
        );
        assert_eq!(waits, (same, sibling, other_region), "{headers:?}");
    };
    check(&[("x-rate-limit-type", "application"), ("retry-after", "3")], 3_500, 3_500, 0).await;
    check(&[("x-rate-limit-type", "server"), ("retry-after", "3")], 3_500, 3_500, 0).await;
    check(&[("x-rate-limit-type", "method"), ("retry-after", "3")], 3_500, 0, 0).await;
    check(&[("x-rate-limit-type", "service"), ("retry-after", "3")], 3_500, 0, 0).await;
    check(&[("retry-after", "3")], 3_500, 0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_cannot_be_served_in_time_learns_it_at_once() {
    let gates = Gates::new(ALONE);
    let first = gates.acquire(Region::Asia, Endpoint::Match, soon()).await.unwrap();
    first.answered(&learn(429, &[("retry-after", "90")]));
    let start = Instant::now();
    let deadline = start + Duration::from_secs(30);
    let error = gates.acquire(Region::Asia, Endpoint::Match, deadline).await.unwrap_err();
    assert_eq!(error, RiotError::RateLimited { retry_after: Duration::from_millis(90_500) });
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_for_an_answer_no_longer_than_it_may() {
    let gates = Gates::new(ALONE);
    let stalled = gates.acquire(Region::Asia, Endpoint::Match, soon()).await.unwrap();
    let deadline = Instant::now() + Duration::from_millis(400);
    let error = gates.acquire(Region::Asia, Endpoint::Match, deadline).await.unwrap_err();
    assert_eq!(error, RiotError::RateLimited { retry_after: Duration::from_millis(4_600) });
    stalled.unused();
    assert!(gates.acquire(Region::Asia, Endpoint::Match, soon()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_holds_nobody_up() {
    let gates = Arc::new(Gates::new(ALONE));
    let served = Arc::new(AtomicU32::new(0));
    let first = gates.acquire(Region::Asia, Endpoint::Match, soon()).await.unwrap();
    let mut waiting: Vec<_> = (0..3)
        .map(|_| {
            let (gates, served) = (Arc::clone(&gates), Arc::clone(&served));
            tokio::spawn(async move {
                let permit = gates.acquire(Region::Asia, Endpoint::Match, soon()).await.unwrap();
                served.fetch_add(1, Ordering::Relaxed);
                permit.answered(&learn(200, &[]));
            })
        })
        .collect();
    tokio::task::yield_now().await;
    waiting.remove(0).abort();
    drop(first);
    futures::future::join_all(waiting).await;
    assert_eq!(served.load(Ordering::Relaxed), 2);
}
