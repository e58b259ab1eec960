//! Failures on purpose: a seeded die thrown before every real call, so that operators can watch the fallbacks work.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::settings::ChaosSettings;

/// The seeded die.
#[derive(Debug)]
pub(crate) struct Chaos {
    settings: ChaosSettings,
    random: Mutex<fastrand::Rng>,
}

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mischief {
    /// Nothing.
    None,
    /// A server error before the first piece.
    Error,
    /// No answer in time.
    Timeout,
    /// A piece of text, then nothing more.
    Garbage,
}

impl Chaos {
    pub(crate) fn new(settings: &ChaosSettings) -> Chaos {
        Chaos { settings: settings.clone(), random: Mutex::new(fastrand::Rng::with_seed(settings.seed)) }
    }

    /// The fate of the next call. The three rates are shares of all calls; together they are cut off at 1.
    pub(crate) fn throw(&self) -> Mischief {
        if !self.settings.enabled {
            return Mischief::None;
        }
        let thrown = self.random.lock().unwrap_or_else(PoisonError::into_inner).f64();
        let ChaosSettings { error_rate, timeout_rate, garbage_rate, .. } = self.settings;
        if thrown < error_rate {
            Mischief::Error
        } else if thrown < error_rate + timeout_rate {
            Mischief::Timeout
        } else if thrown < error_rate + timeout_rate + garbage_rate {
            Mischief::Garbage
        } else {
            Mischief::None
        }
    }

    /// The extra wait before a call; zero when off.
    pub(crate) fn latency(&self) -> Duration {
        if self.settings.enabled { Duration::from_millis(self.settings.latency_ms) } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(enabled: bool, rates: [f64; 3]) -> ChaosSettings {
        let [error_rate, timeout_rate, garbage_rate] = rates;
        ChaosSettings { enabled, seed: 7, error_rate, timeout_rate, garbage_rate, latency_ms: 5 }
    }

    #[test]
    fn rates_decide_the_fate_and_the_switch_stops_it() {
        let check = |settings: ChaosSettings, expected: Mischief| {
            let chaos = Chaos::new(&settings);
            for _ in 0..50 {
                assert_eq!(chaos.throw(), expected);
            }
        };
        check(settings(false, [1.0, 1.0, 1.0]), Mischief::None);
        check(settings(true, [0.0, 0.0, 0.0]), Mischief::None);
        check(settings(true, [1.0, 0.0, 0.0]), Mischief::Error);
        check(settings(true, [0.0, 1.0, 0.0]), Mischief::Timeout);
        check(settings(true, [0.0, 0.0, 1.0]), Mischief::Garbage);
    }

    #[test]
    fn one_seed_gives_one_sequence() {
        let sequence = || {
            let chaos = Chaos::new(&settings(true, [0.3, 0.3, 0.3]));
            (0..30).map(|_| chaos.throw()).collect::<Vec<_>>()
        };
        assert_eq!(sequence(), sequence());
        assert!(sequence().contains(&Mischief::None) && sequence().contains(&Mischief::Garbage));
    }
}
