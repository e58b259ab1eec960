//! Durations in a high dynamic range histogram: microseconds, three significant digits.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// The first bucket of a printed histogram ends here; each further one is twice as wide as the last.
const FIRST_BUCKET_US: u64 = 100;

/// Longer durations count as this: an hour.
const LONGEST_US: u64 = 3_600_000_000;

/// The usual points of a distribution, in microseconds; all 0 when nothing was recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    /// Median.
    pub p50_us: u64,
    /// 90th percentile.
    pub p90_us: u64,
    /// 95th percentile.
    pub p95_us: u64,
    /// 99th percentile.
    pub p99_us: u64,
    /// 99.9th percentile.
    pub p999_us: u64,
    /// The largest value.
    pub max_us: u64,
}

/// How many values lie above the previous bucket's end and at or below this one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// The upper end, in microseconds.
    pub up_to_us: u64,
    /// The number of values.
    pub count: u64,
}

/// Recorded durations.
#[derive(Debug, Clone)]
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    pub(crate) fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_US, 3);
        Self(histogram.unwrap_or_else(|_| unreachable!("these bounds and digits are legal")))
    }

    /// Records a duration, rounded up to a whole microsecond.
    pub(crate) fn record(&mut self, duration: Duration) {
        let microseconds = duration.as_nanos().div_ceil(1_000);
        self.0.saturating_record(u64::try_from(microseconds).unwrap_or(u64::MAX));
    }

    pub(crate) fn percentiles(&self) -> Percentiles {
        let at = |quantile: f64| self.0.value_at_quantile(quantile);
        Percentiles {
            p50_us: at(0.5),
            p90_us: at(0.9),
            p95_us: at(0.95),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: self.0.max(),
        }
    }

    /// From the first bucket with a value to the last one.
    pub(crate) fn buckets(&self) -> Vec<Bucket> {
        let mut buckets: Vec<Bucket> = Vec::new();
        let mut up_to_us = FIRST_BUCKET_US;
        let mut count = 0;
        for step in self.0.iter_recorded() {
            while step.value_iterated_to() > up_to_us {
                buckets.push(Bucket { up_to_us, count });
                count = 0;
                up_to_us = up_to_us.saturating_mul(2);
            }
            count += step.count_since_last_iteration();
        }
        buckets.push(Bucket { up_to_us, count });
        let first = buckets.iter().position(|bucket| bucket.count > 0).unwrap_or(buckets.len());
        buckets.split_off(first)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn recorded(microseconds: &[u64]) -> Latencies {
        let mut latencies = Latencies::new();
        microseconds.iter().for_each(|value| latencies.record(Duration::from_micros(*value)));
        latencies
    }

    #[test]
    fn percentiles_of_one_to_a_thousand() {
        let all: Vec<u64> = (1..=1_000).collect();
        let expected =
            Percentiles { p50_us: 500, p90_us: 900, p95_us: 950, p99_us: 990, p999_us: 999, max_us: 1_000 };
        assert_eq!(recorded(&all).percentiles(), expected);
        assert_eq!(recorded(&[]).percentiles(), Percentiles::default());
    }

    #[test]
    fn durations_are_rounded_up_and_the_unmeasurable_is_kept_at_the_top() {
        let mut latencies = Latencies::new();
        latencies.record(Duration::from_nanos(1));
        assert_eq!(latencies.percentiles().max_us, 1);
        latencies.record(Duration::MAX);
        assert!(latencies.percentiles().max_us >= LONGEST_US);
    }

    #[test]
    fn buckets_double_and_start_at_the_first_value() {
        let check = |values: &[u64], expected: &[(u64, u64)]| {
            let buckets: Vec<(u64, u64)> =
                recorded(values).buckets().iter().map(|bucket| (bucket.up_to_us, bucket.count)).collect();
            assert_eq!(buckets, expected, "{values:?}");
        };
        check(&[], &[]);
        check(&[1, 100], &[(100, 2)]);
        check(&[150, 200, 900], &[(200, 2), (400, 0), (800, 0), (1_600, 1)]);
    }

    proptest! {
        #[test]
        fn buckets_hold_every_value_and_percentiles_rise(
            values in prop::collection::vec(0_u64..LONGEST_US, 1..200),
        ) {
            let latencies = recorded(&values);
            let total: u64 = latencies.buckets().iter().map(|bucket| bucket.count).sum();
            prop_assert_eq!(total, values.len() as u64);
            let Percentiles { p50_us, p90_us, p95_us, p99_us, p999_us, max_us } = latencies.percentiles();
            let rising = [p50_us, p90_us, p95_us, p99_us, p999_us, max_us];
            prop_assert!(rising.is_sorted(), "{:?}", rising);
            let largest = values.iter().copied().max().unwrap_or_default();
            prop_assert!(max_us >= largest && max_us <= largest + largest / 500 + 1);
        }
    }
}
