//! Circuit breaker: after some failures in a row a provider is left alone, then one probe decides.
//!
//! Closed lets everything through. Open lets nothing through until the cool-down is over. Half-open lets exactly one
//! call through; its success closes the breaker, its failure opens it again. A probe that is given up without an
//! outcome frees the place for the next one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::settings::BreakerSettings;

/// What a breaker lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Everything.
    Closed,
    /// Nothing.
    Open,
    /// One probe.
    HalfOpen,
}

/// The breaker of one provider; clones share their state.
#[derive(Clone, Debug)]
pub struct Breaker {
    failures_to_open: u32,
    cool_down: Duration,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    failures: u32,
    opened_at: Option<Instant>,
    probe_running: bool,
}

/// Leave to make one call; its outcome must be told. Dropped untold it counts as neither success nor failure.
#[derive(Debug)]
pub struct Permit {
    breaker: Breaker,
    is_probe: bool,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(settings: &BreakerSettings) -> Breaker {
        Breaker {
            failures_to_open: settings.failures,
            cool_down: Duration::from_millis(settings.cool_down_ms),
            inner: Arc::default(),
        }
    }

    /// Leave for one call, or `None` while the provider is left alone.
    #[must_use]
    pub fn permit(&self) -> Option<Permit> {
        let mut inner = self.lock();
        let is_probe = match self.state_of(&inner) {
            BreakerState::Closed => false,
            BreakerState::Open => return None,
            BreakerState::HalfOpen if inner.probe_running => return None,
            BreakerState::HalfOpen => true,
        };
        inner.probe_running |= is_probe;
        Some(Permit { breaker: self.clone(), is_probe })
    }

    /// The state at this moment.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        self.state_of(&self.lock())
    }

    fn state_of(&self, inner: &Inner) -> BreakerState {
        match inner.opened_at {
            None => BreakerState::Closed,
            Some(at) if at.elapsed() < self.cool_down => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// The provider answered: closes the breaker.
    pub fn success(self) {
        let mut inner = self.breaker.lock();
        inner.failures = 0;
        inner.opened_at = None;
    }

    /// The provider failed: opens the breaker when it was the probe or one failure too many.
    pub fn failure(self) {
        let mut inner = self.breaker.lock();
        inner.failures = inner.failures.saturating_add(1);
        let limit = self.breaker.failures_to_open;
        if self.is_probe || limit > 0 && inner.failures >= limit && inner.opened_at.is_none() {
            inner.opened_at = Some(Instant::now());
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.is_probe {
            self.breaker.lock().probe_running = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker(failures: u32) -> Breaker {
        Breaker::new(&BreakerSettings { failures, cool_down_ms: 1_000 })
    }

    #[tokio::test(start_paused = true)]
    async fn opens_after_failures_in_a_row_and_closes_after_a_good_probe() {
        let breaker = breaker(2);
        breaker.permit().unwrap().failure();
        breaker.permit().unwrap().success();
        breaker.permit().unwrap().failure();
        assert_eq!(
            breaker.state(),
            BreakerState::Closed,
            "a success between two failures starts the count again"
        );
        breaker.permit().unwrap().failure();
        assert_eq!(breaker.state(), BreakerState::Open);
        assert!(breaker.permit().is_none());

        tokio::time::advance(Duration::from_millis(1_000)).await;
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        let probe = breaker.permit().unwrap();
        assert!(breaker.permit().is_none(), "one probe at a time");
        probe.success();
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_probe_opens_it_for_another_cool_down() {
        let breaker = breaker(1);
        breaker.permit().unwrap().failure();
        tokio::time::advance(Duration::from_millis(1_000)).await;
        breaker.permit().unwrap().failure();
        assert_eq!(breaker.state(), BreakerState::Open);
        tokio::time::advance(Duration::from_millis(999)).await;
        assert_eq!(breaker.state(), BreakerState::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_given_up_frees_its_place() {
        let breaker = breaker(1);
        breaker.permit().unwrap().failure();
        tokio::time::advance(Duration::from_millis(1_000)).await;
        drop(breaker.permit().unwrap());
        assert!(breaker.permit().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn late_failures_of_calls_that_began_before_do_not_prolong_the_rest() {
        let breaker = breaker(1);
        let late = breaker.permit().unwrap();
        breaker.permit().unwrap().failure();
        tokio::time::advance(Duration::from_millis(900)).await;
        late.failure();
        tokio::time::advance(Duration::from_millis(100)).await;
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
    }

    #[tokio::test]
    async fn zero_never_opens() {
        let breaker = breaker(0);
        for _ in 0..100 {
            breaker.permit().unwrap().failure();
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
    }
}
