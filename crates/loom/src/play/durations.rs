//! How long the last turns took, for the performance panel. The metrics say the same to Prometheus; a page needs it
//! without one.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Turns that are remembered.
const REMEMBERED: usize = 2_048;

/// The durations of the last turns.
#[derive(Clone, Default)]
pub struct Durations {
    last: Arc<Mutex<VecDeque<Duration>>>,
}

/// Quantiles of the last turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantiles {
    /// How many were measured.
    pub count: usize,
    /// Half of them took no longer.
    pub p50: Duration,
    /// 95 in 100 took no longer.
    pub p95: Duration,
    /// 99 in 100 took no longer.
    pub p99: Duration,
}

impl Durations {
    pub(super) fn record(&self, duration: Duration) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == REMEMBERED {
            last.pop_front();
        }
        last.push_back(duration);
    }

    /// By nearest rank.
    #[must_use]
    pub fn quantiles(&self) -> Quantiles {
        let mut sorted: Vec<Duration> =
            self.last.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        sorted.sort_unstable();
        let at = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100).max(1);
            sorted.get(rank - 1).copied().unwrap_or_default()
        };
        Quantiles { count: sorted.len(), p50: at(50), p95: at(95), p99: at(99) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_by_nearest_rank_over_the_last_turns() {
        let durations = Durations::default();
        assert_eq!(durations.quantiles(), Quantiles::default());
        for milliseconds in 1..=REMEMBERED as u64 + 100 {
            durations.record(Duration::from_millis(milliseconds));
        }
        let quantiles = durations.quantiles();
        assert_eq!(quantiles.count, REMEMBERED);
        assert_eq!(quantiles.p50, Duration::from_millis(100 + 1_024));
        assert_eq!(quantiles.p99, Duration::from_millis(100 + 2_028));
    }
}
