//! The failing store as a client meets it. The store behind refuses what is not signed, which is all the same here.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use std::time::Duration;

use reqwest::Client;
use testkit::{FakeStore, LocalS3, StoreAsk, StoreFault, StoreRule};

/// What a client sees of one request: the status and the body as far as it came.
async fn ask(store: &FakeStore, limit: Duration) -> Result<(u16, Vec<u8>, bool), &'static str> {
    let client = Client::builder().no_proxy().timeout(limit).build().unwrap();
    let url = format!("{}/backups/config", store.access().endpoint);
    let mut answer = match client.get(url).send().await {
        Err(error) if error.is_timeout() => return Err("silence"),
        Err(_) => return Err("broken"),
        Ok(answer) => answer,
    };
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(piece)) => body.extend_from_slice(&piece),
            ended => return Ok((answer.status().as_u16(), body, ended.is_ok())),
        }
    }
}

/// A minute for what comes, a moment for what does not.
async fn seen(fault: StoreFault) -> Result<(u16, Vec<u8>, bool), &'static str> {
    let store = LocalS3::start();
    let proxy = FakeStore::before(store.access());
    let is_silent = matches!(fault, StoreFault::Hang | StoreFault::StallDownload);
    proxy.rule(StoreRule::on(StoreAsk::Read, fault));
    ask(&proxy, if is_silent { Duration::from_millis(300) } else { Duration::from_secs(60) }).await
}

#[tokio::test]
async fn without_a_rule_everything_passes() {
    let store = LocalS3::start();
    let proxy = FakeStore::before(store.access());
    let (status, body, is_whole) = ask(&proxy, Duration::from_secs(60)).await.unwrap();
    assert_eq!((status, is_whole), (403, true));
    assert!(String::from_utf8(body).unwrap().contains("<Error>"));
    let requests = proxy.take_requests();
    assert_eq!(
        (requests[0].ask, requests[0].path.as_str(), &requests[0].fault),
        (StoreAsk::Read, "config", &None)
    );
    assert_eq!(requests.len(), 1);
    assert_eq!(proxy.take_requests(), []);
}

#[tokio::test]
async fn each_fault_is_seen_as_what_it_is() {
    let (_, whole, _) = seen(StoreFault::Status(503)).await.unwrap();
    assert!(String::from_utf8(whole).unwrap().contains("<Code>SlowDown</Code>"));
    assert_eq!(seen(StoreFault::Hang).await, Err("silence"));
    assert_eq!(seen(StoreFault::Reset).await, Err("broken"));
    assert_eq!(seen(StoreFault::CutUpload).await, Err("broken"));
    assert_eq!(seen(StoreFault::LoseAnswer).await, Err("broken"));
    assert_eq!(seen(StoreFault::Text("ok".to_owned())).await, Ok((200, b"ok".to_vec(), true)));
    let (status, page, _) = seen(StoreFault::Page(404)).await.unwrap();
    assert!(status == 404 && page.starts_with(b"<html>"));
}

#[tokio::test]
async fn bodies_are_cut_and_changed() {
    let store = LocalS3::start();
    let proxy = FakeStore::before(store.access());
    let limit = Duration::from_secs(60);
    let (_, whole, _) = ask(&proxy, limit).await.unwrap();
    for (fault, limit, is_half, ends_well) in [
        (StoreFault::Truncate, limit, true, true),
        (StoreFault::CutDownload, limit, true, false),
        (StoreFault::StallDownload, Duration::from_millis(300), true, false),
        (StoreFault::Flip, limit, false, true),
    ] {
        proxy.rule(StoreRule::on_all(fault.clone()));
        let (status, body, is_whole) = ask(&proxy, limit).await.unwrap();
        assert_eq!((status, is_whole), (403, ends_well), "{fault:?}");
        let differing = body.iter().zip(&whole).filter(|(left, right)| left != right).count();
        let expected = if is_half { (whole.len() / 2, 0) } else { (whole.len(), 1) };
        assert_eq!((body.len(), differing), expected, "{fault:?}");
        proxy.heal();
    }
}
