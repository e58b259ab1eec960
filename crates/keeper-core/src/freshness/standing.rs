//! What the ledger says of one backup in one store.

use jiff::Timestamp;
use serde::Serialize;

/// What the ledger says of one backup in one store.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Standing {
    /// What lies in the store, oldest first; see [`Standing::new`].
    kept: Vec<Taken>,
    /// The newest failure.
    pub failure: Option<Failure>,
    /// The newest restore that people asked for.
    pub restored: Option<Restore>,
}

/// A backup in a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// By which the store knows it.
    pub snapshot: String,
    /// When the source was frozen.
    pub taken_at: Timestamp,
    /// Size of the source, where the ledger says it.
    pub size_bytes: Option<u64>,
    /// Size of what was added to the store.
    pub added_bytes: Option<u64>,
    /// How long it took.
    pub duration_ms: Option<u64>,
    /// What was wrong with the source.
    pub damage: Option<String>,
    /// Its newest proof.
    pub proof: Option<Proof>,
}

/// A proof of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// When it was made.
    pub at: Timestamp,
    /// Whether the backup was good.
    pub good: bool,
    /// What was found: of a bad one what is wrong.
    pub finding: String,
    /// From the beginning of the restore until the engine had answered.
    pub duration_ms: u64,
}

/// The newest try that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// When the first of the failures in a row was; none when a backup has succeeded since.
    pub since: Option<Timestamp>,
    /// How many there are in that row.
    pub times: u64,
}

/// A restore that people asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restore {
    /// When it ended.
    pub at: Timestamp,
    /// Whether it succeeded.
    pub good: bool,
    /// From start to end.
    pub duration_ms: u64,
}

impl Standing {
    /// A standing with these backups, in any order.
    pub fn new(mut kept: Vec<Taken>, failure: Option<Failure>, restored: Option<Restore>) -> Self {
        kept.sort_by(|one, other| (one.taken_at, &one.snapshot).cmp(&(other.taken_at, &other.snapshot)));
        Self { kept, failure, restored }
    }

    /// What lies in the store, oldest first.
    pub fn kept(&self) -> &[Taken] {
        &self.kept
    }

    /// The oldest.
    pub fn first(&self) -> Option<&Taken> {
        self.kept.first()
    }

    /// The newest, whatever it is worth.
    pub fn newest(&self) -> Option<&Taken> {
        self.kept.last()
    }

    /// The newest whose newest proof is good.
    pub fn proved(&self) -> Option<&Taken> {
        self.kept.iter().rev().find(|taken| taken.proof.as_ref().is_some_and(|proof| proof.good))
    }

    /// The newest whose newest proof is bad.
    pub fn refuted(&self) -> Option<(&Taken, &Proof)> {
        self.all_refuted().next_back()
    }

    /// The one that was found to be bad last.
    pub fn last_refuted(&self) -> Option<(&Taken, &Proof)> {
        self.all_refuted().max_by_key(|(_, proof)| proof.at)
    }

    fn all_refuted(&self) -> impl DoubleEndedIterator<Item = (&Taken, &Proof)> {
        let with_proof = self.kept.iter().filter_map(|taken| Some((taken, taken.proof.as_ref()?)));
        with_proof.filter(|(_, proof)| !proof.good)
    }
}
