//! Whether the backups in a store can be relied on: green, amber or red, with every reason.
//!
//! A [`Standing`] is what the ledger says of one backup in one store. Only what was restored and compared counts:
//!
//! - **green**: the newest backup was proved good, and is no older than the limit, which is
//!   [`Backup::oldest_good_age`](crate::plan::backup::Backup::oldest_good_age);
//! - **amber**, somebody should know: nothing was taken yet, nothing was proved yet, the newest one was not proved yet,
//!   the newest try failed but the store's tolerance is not used up, or an older backup was found to be bad after a
//!   newer one was found to be good;
//! - **red**, somebody must act: a proof failed and nothing newer is good, the newest proved one is older than the
//!   limit (or for so long nothing was proved, or taken, at all), tries have failed for longer than the store's
//!   tolerance, or the source was damaged when the newest one was taken.
//!
//! The worst reason decides. Ages count from when the source was frozen, not from the end of the run: that is what
//! would be lost. A backup without a pattern in its schedule and without `stale_after` is never too old. A commit in a
//! git repository counts as taken; its proof is a check of the repository and a restore.

mod standing;

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::plan::value::Period;

pub use standing::{Failure, Proof, Restore, Standing, Taken};

/// How well a backup in a store can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It can.
    Green,
    /// Less than that, and nothing is lost yet.
    Amber,
    /// It cannot: somebody must act.
    Red,
}

/// What is wanted of a backup in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aim {
    /// The newest proved one may be so old; none where nothing says how often it is due.
    pub limit: Option<Period>,
    /// Tries may fail for so long.
    pub tolerance: Period,
    /// Since when the plan wants it, where that is known.
    pub since: Option<Timestamp>,
}

/// Why something is not green. Its words for people are an edge's business; these here are for logs and programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Reason {
    /// Nothing was taken yet.
    NeverTaken,
    /// Nothing was proved yet.
    NeverProved,
    /// The newest one waits for its proof; the one before it is proved.
    NewestNotProved {
        /// When the newest was taken.
        taken_at: Timestamp,
    },
    /// The newest tries failed, for less long than the store may be down.
    Failing(Failing),
    /// An older one was found to be bad after a newer one was found to be good.
    OlderIsBad {
        /// When it was taken.
        taken_at: Timestamp,
        /// What the proof found.
        finding: String,
    },
    /// A proof failed, and nothing newer is good.
    ProofFailed {
        /// When the backup was taken.
        taken_at: Timestamp,
        /// What the proof found.
        finding: String,
    },
    /// The newest proved one is too old.
    Stale {
        /// When it was taken.
        taken_at: Timestamp,
        /// It may be so old.
        limit: Period,
    },
    /// For longer than the limit nothing was proved, or nothing was taken.
    Unproved {
        /// When the first one was taken, or was wanted.
        since: Timestamp,
        /// The newest proved one may be so old.
        limit: Period,
    },
    /// Tries have failed for longer than the store may be down.
    FailingTooLong(Failing),
    /// The source was damaged when the newest one was taken.
    Damaged {
        /// When that was.
        taken_at: Timestamp,
        /// What its engine says.
        damage: String,
    },
}

/// Tries that fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failing {
    /// Since when.
    pub since: Timestamp,
    /// So many in a row.
    pub times: u64,
    /// What the newest one says.
    pub cause: String,
    /// They may fail for so long.
    pub tolerance: Period,
}

/// A verdict with its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The worst of the reasons; green without any.
    pub level: Level,
    /// Worst first.
    pub reasons: Vec<Reason>,
}

/// Whether the backups in a store can be relied on now, by the rules at the top of this module.
pub fn judge(standing: &Standing, aim: &Aim, now: Timestamp) -> Verdict {
    let mut reasons = Vec::new();
    reasons.extend(of_newest(standing));
    reasons.extend(of_proofs(standing));
    reasons.extend(of_age(standing, aim, now));
    reasons.extend(of_failure(standing, aim, now));
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.level()));
    let level = reasons.first().map_or(Level::Green, Reason::level);
    Verdict { level, reasons }
}

fn of_newest(standing: &Standing) -> Option<Reason> {
    let newest = standing.newest()?;
    let damage = newest.damage.clone()?;
    Some(Reason::Damaged { taken_at: newest.taken_at, damage })
}

/// What the proofs say of each other: the newest word on the newest backup counts.
fn of_proofs(standing: &Standing) -> Option<Reason> {
    let good = standing.proved();
    let good_until = good.map(|good| good.taken_at);
    if let Some((bad, proof)) = standing.refuted().filter(|(bad, _)| Some(bad.taken_at) > good_until) {
        return Some(Reason::ProofFailed { taken_at: bad.taken_at, finding: proof.finding.clone() });
    }
    let good_word = good.and_then(|good| good.proof.as_ref()).map(|proof| proof.at);
    let bad = standing.last_refuted().filter(|(_, proof)| Some(proof.at) > good_word);
    bad.map(|(bad, proof)| Reason::OlderIsBad { taken_at: bad.taken_at, finding: proof.finding.clone() })
}

fn of_age(standing: &Standing, aim: &Aim, now: Timestamp) -> Option<Reason> {
    let is_over = |since: Timestamp, limit: Period| now.duration_since(since) > limit.duration();
    let newest = standing.newest();
    if let Some(proved) = standing.proved() {
        let taken_at = proved.taken_at;
        return match (aim.limit, newest) {
            (Some(limit), _) if is_over(taken_at, limit) => Some(Reason::Stale { taken_at, limit }),
            (_, Some(newest)) if newest.proof.is_none() && newest.taken_at > taken_at => {
                Some(Reason::NewestNotProved { taken_at: newest.taken_at })
            }
            _ => None,
        };
    }
    let since = standing.first().map(|first| first.taken_at).or(aim.since);
    match (since, aim.limit) {
        (Some(since), Some(limit)) if is_over(since, limit) => Some(Reason::Unproved { since, limit }),
        _ if newest.is_none() => Some(Reason::NeverTaken),
        _ if standing.refuted().is_some() => None,
        _ => Some(Reason::NeverProved),
    }
}

fn of_failure(standing: &Standing, aim: &Aim, now: Timestamp) -> Option<Reason> {
    let failure = standing.failure.as_ref()?;
    let since = failure.since?;
    let cause = failure.reason.clone();
    let failing = Failing { since, times: failure.times, cause, tolerance: aim.tolerance };
    let is_tolerated = now.duration_since(since) <= aim.tolerance.duration();
    Some(if is_tolerated { Reason::Failing(failing) } else { Reason::FailingTooLong(failing) })
}

impl Reason {
    /// How bad it is.
    pub fn level(&self) -> Level {
        match self {
            Self::NeverTaken
            | Self::NeverProved
            | Self::NewestNotProved { .. }
            | Self::Failing(_)
            | Self::OlderIsBad { .. } => Level::Amber,
            Self::ProofFailed { .. }
            | Self::Stale { .. }
            | Self::Unproved { .. }
            | Self::FailingTooLong(_)
            | Self::Damaged { .. } => Level::Red,
        }
    }
}

impl Level {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Amber => "amber",
            Self::Red => "red",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverTaken => formatter.write_str("none was taken yet"),
            Self::NeverProved => formatter.write_str("none was proved yet"),
            Self::NewestNotProved { taken_at } => {
                write!(formatter, "the newest one, of {}, is not proved yet", seconds(*taken_at))
            }
            Self::Failing(failing) => {
                write!(formatter, "{failing}; it may be down for {}", failing.tolerance)
            }
            Self::FailingTooLong(failing) => {
                write!(formatter, "{failing}; that is longer than {}", failing.tolerance)
            }
            Self::OlderIsBad { taken_at, finding } => {
                write!(formatter, "the one of {} is bad, newer ones are good: {finding}", seconds(*taken_at))
            }
            Self::ProofFailed { taken_at, finding } => {
                write!(formatter, "the proof of the one of {} failed: {finding}", seconds(*taken_at))
            }
            Self::Stale { taken_at, limit } => {
                write!(formatter, "the newest proved one is of {}, older than {limit}", seconds(*taken_at))
            }
            Self::Unproved { since, limit } => {
                write!(formatter, "none was proved since {}, for longer than {limit}", seconds(*since))
            }
            Self::Damaged { taken_at, damage } => {
                write!(formatter, "the source was damaged at {}: {damage}", seconds(*taken_at))
            }
        }
    }
}

impl fmt::Display for Failing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { since, times, cause, .. } = self;
        let tries = if *times == 1 { "one try".to_owned() } else { format!("{times} tries") };
        write!(formatter, "{tries} failed since {}: {cause}", seconds(*since))
    }
}

/// Without the fraction that nobody reads.
fn seconds(at: Timestamp) -> Timestamp {
    at.round(jiff::Unit::Second).unwrap_or(at)
}

/// Age at `now`, never negative, whatever the clock was set to.
pub fn age(taken_at: Timestamp, now: Timestamp) -> SignedDuration {
    now.duration_since(taken_at).max(SignedDuration::ZERO)
}
