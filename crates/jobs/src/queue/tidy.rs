//! Upkeep on the way to a claim, and the watch over the clock that may ask for it early.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

#[cfg(feature = "redis")]
use super::Line;
use super::{Inner, Moment, Queue};
use crate::error::JobsError;
use crate::upkeep;

/// How often tables are tidied, by whoever claims.
const UPKEEP_EVERY: Duration = Duration::from_secs(60);
/// A clock that shows this much less than before was set back.
const SET_BACK_MS: i64 = 1_000;

impl Queue {
    /// Tidies the tables when it is time, and at once after the clock was set back. What goes wrong here is not the
    /// claimer's business.
    pub(super) async fn keep_up(&self, moment: &Moment) {
        let was_set_back = self.inner.watch.take();
        {
            let mut last = self.inner.last_upkeep.lock().unwrap_or_else(PoisonError::into_inner);
            let is_due = last.is_none_or(|last| last.elapsed() >= UPKEEP_EVERY);
            if !is_due && !was_set_back {
                return;
            }
            *last = Some(Instant::now());
        }
        if let Err(error) = self.tidy(moment).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the queue's tables were not tidied");
        }
    }

    async fn tidy(&self, moment: &Moment) -> Result<(), JobsError> {
        let Inner { database, settings, .. } = &*self.inner;
        let pruned = upkeep::prune(database, settings, moment).await?;
        if pruned > 0 {
            tracing::debug!(jobs = pruned, "old jobs were pruned");
        }
        let moved = upkeep::clamp(database, settings, moment).await?;
        if !moved.is_empty() {
            tracing::warn!(jobs = moved.len(), "the clock was set back: waits that it lengthened were cut");
        }
        #[cfg(feature = "redis")]
        if let Line::Redis(line) = &self.inner.line {
            line.place(&moved, moment).await;
            line.tell_overdue(database, moment).await?;
        }
        Ok(())
    }
}

/// Notices when the clock was set back.
#[derive(Default)]
pub(super) struct Watch {
    /// What the clock showed last.
    last_ms: AtomicI64,
    was_set_back: AtomicBool,
}

impl Watch {
    pub(super) fn see(&self, ms: i64) {
        if ms < self.last_ms.swap(ms, Ordering::AcqRel).saturating_sub(SET_BACK_MS) {
            self.was_set_back.store(true, Ordering::Release);
        }
    }

    /// Whether it was since the last call.
    fn take(&self) -> bool {
        self.was_set_back.swap(false, Ordering::AcqRel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_is_noticed_once() {
        let watch = Watch::default();
        let check = |ms: i64, expected: bool| {
            watch.see(ms);
            assert_eq!(watch.take(), expected, "{ms}");
        };
        check(1_000_000, false);
        check(999_500, false);
        check(990_000, true);
        check(990_001, false);
        check(5_000_000, false);
        check(0, true);
    }
}
