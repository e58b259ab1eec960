//! Why a request does not end in a review, told apart by who can do something about it.

use std::time::Duration;

use jobs::{Failure, JobsError};
use storage::StorageError;

use crate::{discord::cards, riot::RiotError};

/// A request that stops before its review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The asker has bound no account.
    NothingBound,
    /// The asker has fewer accounts than that.
    NoSuchAccount {
        /// How many there are.
        have: usize,
    },
    /// The other person has bound no account.
    OtherNotBound,
    /// Riot knows nobody of that name.
    UnknownPlayer,
    /// There are fewer finished matches than that.
    NoSuchMatch {
        /// How many there are, as far back as is looked.
        have: usize,
    },
    /// The match does not name the player.
    NotInMatch,
    /// Another person has bound the account.
    OwnedByAnother,
    /// The asker has as many accounts as there may be.
    TooManyAccounts,
    /// Riot, and why.
    Riot(RiotError),
    /// The match is there, and cannot be read.
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
    /// Something of ours failed.
    Internal {
        /// For the log and the dead letter; never shown.
        reason: String,
    },
}

impl Trouble {
    /// A stable name for rows, metrics and dead letters.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NothingBound => "nothing_bound",
            Self::NoSuchAccount { .. } => "no_such_account",
            Self::OtherNotBound => "other_not_bound",
            Self::UnknownPlayer => "unknown_player",
            Self::NoSuchMatch { .. } => "no_such_match",
            Self::NotInMatch => "not_in_match",
            Self::OwnedByAnother => "owned_by_another",
            Self::TooManyAccounts => "too_many_accounts",
            Self::Riot(error) => error.kind(),
            Self::Unreadable { .. } => "unreadable",
            Self::Internal { .. } => "internal",
        }
    }

    /// Whether another try may go better, and when it is worth one.
    pub(crate) fn again(&self) -> Option<Option<Duration>> {
        match self {
            Self::Riot(error) if error.is_transient() => Some(error.retry_after()),
            Self::Internal { .. } => Some(None),
            _ => None,
        }
    }

    /// Whether somebody who runs the program has to look: the job then stays among the dead letters.
    pub(crate) fn is_operators(&self) -> bool {
        match self {
            Self::Riot(error) => error.is_operators() || error.is_transient(),
            Self::Unreadable { .. } | Self::Internal { .. } => true,
            _ => false,
        }
    }

    /// For the log, the row and the dead letter. Holds no token, no key and no name.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Riot(error) => format!("{}: {error}", self.code()),
            Self::Unreadable { reason } | Self::Internal { reason } => format!("{}: {reason}", self.code()),
            _ => self.code().to_owned(),
        }
    }

    /// What the person is told. `listed`: whether Riot's own list named the match.
    pub(crate) fn card(&self, listed: bool) -> cards::Trouble {
        match self {
            Self::NothingBound => cards::Trouble::NotBound,
            Self::NoSuchAccount { have } => cards::Trouble::NoSuchAccount { count: *have },
            Self::OtherNotBound => cards::Trouble::OtherNotBound,
            Self::UnknownPlayer => cards::Trouble::PlayerNotFound,
            Self::NoSuchMatch { have: 0 } => cards::Trouble::NoMatches,
            Self::NoSuchMatch { have } => cards::Trouble::IndexTooBig { count: *have },
            Self::NotInMatch => cards::Trouble::NotInMatch,
            Self::OwnedByAnother => cards::Trouble::OwnedByAnother,
            Self::TooManyAccounts => cards::Trouble::TooManyAccounts,
            Self::Riot(RiotError::NotFound | RiotError::RetryLater { .. }) if listed => {
                cards::Trouble::MatchNotReady
            }
            Self::Riot(error) => riot_card(error),
            Self::Unreadable { .. } | Self::Internal { .. } => cards::Trouble::Internal,
        }
    }

    /// As the queue understands it.
    pub(crate) fn failure(&self) -> Failure {
        if let Self::Riot(RiotError::RateLimited { retry_after }) = self {
            return Failure::postpone(self.reason(), *retry_after);
        }
        match self.again() {
            Some(Some(after)) => Failure::retry_after(self.reason(), after),
            Some(None) => Failure::retry(self.reason()),
            None => Failure::permanent(self.reason()),
        }
    }
}

fn riot_card(error: &RiotError) -> cards::Trouble {
    match error {
        RiotError::KeyMissing | RiotError::KeyRejected => cards::Trouble::KeyRejected,
        RiotError::NotFound => cards::Trouble::PlayerNotFound,
        RiotError::NotShared => cards::Trouble::NotShared,
        RiotError::RateLimited { retry_after } => {
            cards::Trouble::RateLimited { retry_after: Some(*retry_after) }
        }
        // A PUUID that was given out under another key: the account has to be bound again.
        RiotError::BadRequest { .. } => cards::Trouble::PlayerNotFound,
        RiotError::RetryLater { .. } => cards::Trouble::MatchNotReady,
        RiotError::Unavailable { .. }
        | RiotError::Unreachable { .. }
        | RiotError::Timeout
        | RiotError::Malformed { .. }
        | RiotError::TooLarge { .. } => cards::Trouble::RiotUnavailable,
    }
}

impl From<RiotError> for Trouble {
    fn from(error: RiotError) -> Self {
        Self::Riot(error)
    }
}

impl From<StorageError> for Trouble {
    fn from(error: StorageError) -> Self {
        Self::Internal { reason: error.to_string() }
    }
}

impl From<JobsError> for Trouble {
    fn from(error: JobsError) -> Self {
        Self::Internal { reason: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again_and_only_faults_reach_the_operator() {
        let check = |trouble: Trouble, again: Option<Option<u64>>, operators: bool| {
            let found = trouble.again().map(|after| after.map(|after| after.as_secs()));
            assert_eq!(found, again, "{trouble:?}");
            assert_eq!(trouble.is_operators(), operators, "{trouble:?}");
        };
        check(Trouble::NothingBound, None, false);
        check(Trouble::NoSuchMatch { have: 1 }, None, false);
        check(Trouble::Riot(RiotError::NotShared), None, false);
        check(Trouble::Riot(RiotError::KeyRejected), None, true);
        check(Trouble::Riot(RiotError::Timeout), Some(None), true);
        let limited = RiotError::RateLimited { retry_after: Duration::from_secs(9) };
        check(Trouble::Riot(limited), Some(Some(9)), true);
        check(Trouble::Unreadable { reason: "x".to_owned() }, None, true);
        check(Trouble::Internal { reason: "x".to_owned() }, Some(None), true);
    }
}
