//! What a failed attempt leads to: another one later, or the dead letters. Pure.

use std::time::Duration;

use chassis::backoff::Backoff;
use storage::StorageError;

use crate::error::JobsError;

/// No wait that a handler asks for is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(7 * 24 * 3600);
/// Reasons are kept to this many characters.
const REASON_CHARACTERS: usize = 1_000;

/// Why an attempt failed. The reason is stored and shown to operators: no secrets in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Worth another attempt.
    Retry {
        /// What went wrong.
        reason: String,
        /// How long to wait at least, as a server asked for; `None` is the queue's backoff.
        after: Option<Duration>,
    },
    /// Nothing was tried, because something outside has to open first: the attempt does not count.
    Postpone {
        /// What is waited for.
        reason: String,
        /// How long to wait before looking again.
        after: Duration,
    },
    /// No attempt will ever succeed.
    Permanent {
        /// What went wrong.
        reason: String,
    },
}

impl Failure {
    /// Another attempt after the queue's backoff.
    pub fn retry(reason: impl Into<String>) -> Self {
        Failure::Retry { reason: reason.into(), after: None }
    }

    /// Another attempt, not before this has passed.
    pub fn retry_after(reason: impl Into<String>, after: Duration) -> Self {
        Failure::Retry { reason: reason.into(), after: Some(after) }
    }

    /// Not now: again after this, as if there had been no attempt. A job that always says so lives for ever.
    pub fn postpone(reason: impl Into<String>, after: Duration) -> Self {
        Failure::Postpone { reason: reason.into(), after }
    }

    /// No further attempt.
    pub fn permanent(reason: impl Into<String>) -> Self {
        Failure::Permanent { reason: reason.into() }
    }
}

/// A database that failed will be back.
impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Failure::retry(error.to_string())
    }
}

impl From<JobsError> for Failure {
    fn from(error: JobsError) -> Self {
        match error {
            JobsError::Storage(error) => error.into(),
            other => Failure::retry(other.to_string()),
        }
    }
}

/// What becomes of the job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Again after this.
    Again { after: Duration, reason: String, counts: bool },
    /// Never again.
    Dead { reason: String },
}

/// `random` is uniform in 0..1.
pub(crate) fn decide(
    failure: Failure,
    attempt: u32,
    max_attempts: u32,
    backoff: &Backoff,
    random: f64,
) -> Verdict {
    match failure {
        Failure::Permanent { reason } => Verdict::Dead { reason: storable(&reason) },
        Failure::Postpone { reason, after } => {
            Verdict::Again { after: after.min(LONGEST_WAIT), reason: storable(&reason), counts: false }
        }
        Failure::Retry { reason, .. } if attempt >= max_attempts => {
            Verdict::Dead { reason: storable(&reason) }
        }
        Failure::Retry { reason, after } => {
            let wait = after.map_or_else(|| backoff.delay(attempt, random), |after| after.min(LONGEST_WAIT));
            Verdict::Again { after: wait, reason: storable(&reason), counts: true }
        }
    }
}

/// A reason as the databases take it.
pub(crate) fn storable(reason: &str) -> String {
    reason.chars().filter(|character| *character != '\0').take(REASON_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BACKOFF: Backoff =
        Backoff { base: Duration::from_secs(1), factor: 2.0, max: Duration::from_secs(60), jitter: 0.5 };

    #[test]
    fn verdicts() {
        let check = |failure: Failure, attempt: u32, expected: Verdict| {
            assert_eq!(decide(failure, attempt, 3, &BACKOFF, 0.5), expected, "attempt {attempt}");
        };
        let again =
            |ms: u64| Verdict::Again { after: Duration::from_millis(ms), reason: "x".into(), counts: true };
        let postponed =
            |ms: u64| Verdict::Again { after: Duration::from_millis(ms), reason: "x".into(), counts: false };
        let dead = || Verdict::Dead { reason: "x".into() };
        check(Failure::retry("x"), 1, again(750));
        check(Failure::retry("x"), 2, again(1_500));
        check(Failure::retry("x"), 3, dead());
        check(Failure::retry("x"), 9, dead());
        check(Failure::permanent("x"), 1, dead());
        check(Failure::retry_after("x", Duration::from_secs(90)), 1, again(90_000));
        check(Failure::retry_after("x", Duration::MAX), 1, again(7 * 24 * 3_600_000));
        check(Failure::retry_after("x", Duration::ZERO), 3, dead());
        check(Failure::postpone("x", Duration::from_secs(60)), 1, postponed(60_000));
        check(Failure::postpone("x", Duration::from_secs(60)), 9, postponed(60_000));
        check(Failure::postpone("x", Duration::MAX), 3, postponed(7 * 24 * 3_600_000));
    }

    proptest! {
        #[test]
        fn reasons_can_be_stored(reason in any::<String>(), attempt in any::<u32>(), random in any::<f64>()) {
            let verdict = decide(Failure::retry(reason), attempt, u32::MAX, &BACKOFF, random);
            let (Verdict::Again { reason, .. } | Verdict::Dead { reason }) = verdict;
            prop_assert!(!reason.contains('\0'));
            prop_assert!(reason.chars().count() <= REASON_CHARACTERS);
        }
    }
}
