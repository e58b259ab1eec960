//! How long to wait before another try: the one formula that every retrying part uses.

use std::time::Duration;

/// Exponential backoff with a ceiling and jitter.
///
/// The wait after failed attempt `n` is `d * (1 - jitter + jitter * random)` with `d = min(max, base * factor^(n-1))`.
/// `jitter = 1` is the "full jitter" and `jitter = 0.5` the "equal jitter" of Marc Brooker, "Exponential Backoff And
/// Jitter", AWS Architecture Blog, 2015; `jitter = 0` waits exactly `d`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The wait after the first failure, before jitter.
    pub base: Duration,
    /// What each further failure multiplies the wait by; below 1 or not a number counts as 1.
    pub factor: f64,
    /// No wait is longer than this.
    pub max: Duration,
    /// The share of the wait that is random, from 0 to 1; out of range is clamped.
    pub jitter: f64,
}

impl Backoff {
    /// The wait after failed `attempt` (the first is 1; 0 counts as 1). `random` is uniform in 0..1 and comes from
    /// the caller, so that the result can be tested. Never panics and never exceeds `max`.
    pub fn delay(&self, attempt: u32, random: f64) -> Duration {
        if self.base.is_zero() {
            return Duration::ZERO;
        }
        let factor = if self.factor >= 1.0 { self.factor } else { 1.0 };
        let exponent = attempt.saturating_sub(1).min(i32::MAX as u32) as i32;
        let raised_seconds = self.base.as_secs_f64() * factor.powi(exponent);
        let full_seconds = raised_seconds.min(self.max.as_secs_f64());
        let jitter = share(self.jitter);
        let seconds = full_seconds * (1.0 - jitter + jitter * share(random));
        Duration::try_from_secs_f64(seconds).unwrap_or(self.max).min(self.max)
    }
}

fn share(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(jitter: f64, attempt: u32, random: f64, expected_ms: u128) {
        let backoff =
            Backoff { base: Duration::from_millis(100), factor: 2.0, max: Duration::from_secs(5), jitter };
        assert_eq!(
            backoff.delay(attempt, random).as_millis(),
            expected_ms,
            "attempt {attempt}, random {random}"
        );
    }

    #[test]
    fn doubles_up_to_the_ceiling() {
        check(0.0, 0, 0.9, 100);
        check(0.0, 1, 0.9, 100);
        check(0.0, 2, 0.9, 200);
        check(0.0, 6, 0.9, 3200);
        check(0.0, 7, 0.9, 5000);
        check(0.0, u32::MAX, 0.9, 5000);
    }

    #[test]
    fn jitter_takes_from_the_wait() {
        check(1.0, 2, 0.0, 0);
        check(1.0, 2, 0.5, 100);
        check(0.5, 2, 0.0, 100);
        check(0.5, 2, 0.5, 150);
    }

    proptest! {
        #[test]
        fn never_panics_nor_exceeds_the_ceiling(
            base in any::<Duration>(), factor in any::<f64>(), max in any::<Duration>(), jitter in any::<f64>(),
            attempt in any::<u32>(), random in any::<f64>(),
        ) {
            let delay = Backoff { base, factor, max, jitter }.delay(attempt, random);
            prop_assert!(delay <= max);
        }

        #[test]
        fn without_jitter_waits_never_shrink(attempt in 1u32..200) {
            let backoff = Backoff {
                base: Duration::from_millis(3), factor: 1.7, max: Duration::from_secs(900), jitter: 0.0,
            };
            prop_assert!(backoff.delay(attempt, 0.3) <= backoff.delay(attempt + 1, 0.3));
        }
    }
}
