//! Calls for the same resource at the same time become one request.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use futures::{
    FutureExt,
    future::{Shared, WeakShared},
};

use crate::riot::{RiotError, endpoint::Call};

type Answer = Result<Bytes, RiotError>;
type Flight = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// The requests on their way.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<Call, WeakShared<Flight>>>);

impl Flights {
    /// Joins the request for `call`, or starts it. It lives as long as one of its callers does.
    pub(super) async fn join<F>(&self, call: Call, start: impl FnOnce(Call) -> F) -> Answer
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let flight: Shared<Flight> = {
            let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match flights.get(&call).and_then(WeakShared::upgrade).filter(|flight| flight.peek().is_none()) {
                Some(flight) => flight,
                None => {
                    let flight = start(call.clone()).boxed().shared();
                    flights.retain(|_, flight| flight.upgrade().is_some());
                    flights.extend(flight.downgrade().map(|weak| (call.clone(), weak)));
                    flight
                }
            }
        };
        flight.await
    }
}

impl std::fmt::Debug for Flights {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Flights")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use tokio::time::{Duration, sleep, timeout};

    use super::*;
    use crate::riot::Region;

    fn call(id: &str) -> Call {
        Call::match_record(Region::Asia, id)
    }

    #[tokio::test(start_paused = true)]
    async fn callers_share_a_request_and_survive_each_other() {
        let (flights, started) = (Arc::new(Flights::default()), Arc::new(AtomicU32::new(0)));
        let join = |id: &'static str| {
            let (flights, started) = (Arc::clone(&flights), Arc::clone(&started));
            async move {
                let start = move |_| async move {
                    started.fetch_add(1, Ordering::Relaxed);
                    sleep(Duration::from_secs(5)).await;
                    Ok(Bytes::from_static(b"{}"))
                };
                flights.join(call(id), start).await
            }
        };
        let impatient = timeout(Duration::from_secs(1), join("KR_1"));
        let (first, second, third, other) = tokio::join!(impatient, join("KR_1"), join("KR_1"), join("KR_2"));
        assert!(first.is_err() && second.is_ok() && third.is_ok() && other.is_ok());
        assert_eq!(started.load(Ordering::Relaxed), 2);
        assert!(join("KR_1").await.is_ok());
        assert_eq!(started.load(Ordering::Relaxed), 3, "an answer that is there is not kept");
    }
}
