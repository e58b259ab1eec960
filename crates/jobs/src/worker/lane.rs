//! One kind's line to its slots: claims as many jobs as there are free slots.

use std::sync::Arc;
use std::time::Duration;

use chassis::backoff::Backoff;
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::{Handler, KindSettings, Shop, slot};
use crate::job::Claimed;
use crate::observe;

/// While the backend does not answer.
const UNREACHABLE: Backoff =
    Backoff { base: Duration::from_millis(200), factor: 2.0, max: Duration::from_secs(5), jitter: 0.5 };

pub(super) async fn serve<H: Handler>(shop: Arc<Shop<H>>, kind: KindSettings) {
    let slots = Arc::new(Semaphore::new(kind.concurrency as usize));
    let mut failures: u32 = 0;
    while wait_for_slot(&shop, &slots).await {
        let free = u32::try_from(slots.available_permits()).unwrap_or(u32::MAX);
        // Registered before the look, so that a nudge in between is not missed.
        let news = shop.queue.news();
        tokio::pin!(news);
        news.as_mut().enable();
        let pause = match shop.queue.claim(&kind.kind, &shop.settings.name, shop.settings.lease, free).await {
            Ok(claims) => {
                if failures > 0 {
                    tracing::info!(job.kind = kind.kind, "jobs are handed out again");
                    failures = 0;
                }
                let is_empty = claims.is_empty();
                claims.into_iter().for_each(|claim| start(&shop, &kind, &slots, claim));
                if is_empty { shop.settings.poll } else { Duration::ZERO }
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                observe::claim_failed(&kind.kind);
                if failures == 1 {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, job.kind = kind.kind, "no jobs are handed out for now");
                }
                UNREACHABLE.delay(failures, fastrand::f64())
            }
        };
        if !pause.is_zero() {
            tokio::select! {
                () = shop.stopping.cancelled() => {}
                () = sleep(pause) => {}
                () = news, if failures == 0 => {}
            }
        }
    }
}

/// False when it is time to stop.
async fn wait_for_slot<H>(shop: &Shop<H>, slots: &Semaphore) -> bool {
    if shop.stopping.is_cancelled() {
        return false;
    }
    tokio::select! {
        biased;
        () = shop.stopping.cancelled() => false,
        permit = slots.acquire() => permit.is_ok(),
    }
}

/// There is a free slot for every claim: only this lane takes them.
fn start<H: Handler>(shop: &Arc<Shop<H>>, kind: &KindSettings, slots: &Arc<Semaphore>, claim: Claimed) {
    let permit = slots.clone().try_acquire_owned().ok();
    let (shop, time_limit) = (shop.clone(), kind.time_limit);
    let tracker = shop.slots.clone();
    tracker.spawn(async move {
        slot::work(&shop, claim, time_limit).await;
        drop(permit);
    });
}
