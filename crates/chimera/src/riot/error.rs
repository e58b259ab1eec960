//! What can go wrong with Riot, told apart by whose fault it is and whether waiting helps.

use std::time::Duration;

/// How long to wait before asking again for a match that is listed but not yet there, try by try.
const LISTED_SCHEDULE: [Duration; 3] =
    [Duration::from_secs(20), Duration::from_secs(60), Duration::from_secs(180)];

/// Why Riot gave no answer. It never holds the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RiotError {
    /// No key is configured. No request was sent. The operator's to solve, not the player's.
    #[error("no key for Riot's API is configured")]
    KeyMissing,
    /// The key is wrong, expired or blocked. The operator's to solve, not the player's.
    #[error("Riot's API refuses the key")]
    KeyRejected,
    /// Riot does not know it.
    #[error("Riot's API does not know what was asked for")]
    NotFound,
    /// It is listed but not yet there: ask again later, see [`RiotError::when_listed`].
    #[error("the match is listed but not there yet, to be asked for again in {} s", .after.as_secs())]
    RetryLater {
        /// When to ask again.
        after: Duration,
    },
    /// Riot keeps matches of this mode to itself. Asking again does not help.
    #[error("Riot does not share this match")]
    NotShared,
    /// The limits leave no room within the time that a call may wait.
    #[error("the limits of Riot's API leave no room for {} s", .retry_after.as_secs())]
    RateLimited {
        /// When there is likely to be room.
        retry_after: Duration,
    },
    /// Riot's servers failed, also after some tries.
    #[error("Riot's API answers with status {status}")]
    Unavailable {
        /// The last status.
        status: u16,
    },
    /// No connection, or it broke.
    #[error("Riot's API cannot be reached: {reason}")]
    Unreachable {
        /// What the network said.
        reason: String,
    },
    /// No complete answer in time.
    #[error("Riot's API did not answer in time")]
    Timeout,
    /// The answer is not what was asked for.
    #[error("Riot's API sent an answer that cannot be used: {what}")]
    Malformed {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The answer is larger than any match.
    #[error("Riot's API sent more than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// Riot did not understand the request. A PUUID that was given out under another key does this.
    #[error("Riot's API calls the request bad (status {status})")]
    BadRequest {
        /// The status.
        status: u16,
    },
}

impl RiotError {
    /// Whether the same request may well succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::RetryLater { .. }
            | Self::RateLimited { .. }
            | Self::Unavailable { .. }
            | Self::Unreachable { .. }
            | Self::Timeout
            | Self::Malformed { .. } => true,
            Self::KeyMissing
            | Self::KeyRejected
            | Self::NotFound
            | Self::NotShared
            | Self::TooLarge { .. }
            | Self::BadRequest { .. } => false,
        }
    }

    /// Whether the operator has to act and the player cannot.
    pub fn is_operators(&self) -> bool {
        matches!(self, Self::KeyMissing | Self::KeyRejected)
    }

    /// When to ask again, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RetryLater { after } | Self::RateLimited { retry_after: after } => Some(*after),
            _ => None,
        }
    }

    /// The same error about a match that Riot's own list names: a new match may be missing for minutes, so the first
    /// three times [`RiotError::NotFound`] becomes [`RiotError::RetryLater`]. `attempt` counts from 1.
    pub fn when_listed(self, attempt: u32) -> Self {
        let after = (attempt.max(1) as usize).checked_sub(1).and_then(|index| LISTED_SCHEDULE.get(index));
        match (self, after) {
            (Self::NotFound, Some(after)) => Self::RetryLater { after: *after },
            (other, _) => other,
        }
    }

    /// A stable name for metrics and stored rows.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::KeyMissing => "key_missing",
            Self::KeyRejected => "key_rejected",
            Self::NotFound => "not_found",
            Self::RetryLater { .. } => "retry_later",
            Self::NotShared => "not_shared",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable { .. } => "unavailable",
            Self::Unreachable { .. } => "unreachable",
            Self::Timeout => "timeout",
            Self::Malformed { .. } => "malformed",
            Self::TooLarge { .. } => "too_large",
            Self::BadRequest { .. } => "bad_request",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_match_is_asked_for_again_over_minutes_and_then_given_up() {
        let check = |attempt: u32, expected: Option<u64>| {
            let error = RiotError::NotFound.when_listed(attempt);
            assert_eq!(error.retry_after().map(|after| after.as_secs()), expected, "attempt {attempt}");
            assert_eq!(error.is_transient(), expected.is_some());
        };
        check(0, Some(20));
        check(1, Some(20));
        check(2, Some(60));
        check(3, Some(180));
        check(4, None);
        check(u32::MAX, None);
        assert_eq!(RiotError::NotShared.when_listed(1), RiotError::NotShared);
    }
}
