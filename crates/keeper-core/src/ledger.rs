//! The ledger: what happened, in rows that are only ever added and that hold each other in place by their hashes.
//!
//! A row is text ([`Row`]), so that old rows stay verifiable whatever later versions add; what it says is an
//! [`Event`]. Each row's hash covers its number, its instant, its text and the hash of the row before it: a changed,
//! removed or inserted row breaks the chain at that place. Cutting off the newest rows leaves a sound chain, which is
//! why heads ([`Anchor`]) are also kept where whoever cuts cannot reach them.

pub mod canonical;
pub mod event;
pub mod verify;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use event::Event;
pub use verify::{Break, Verified, Why, verify};

/// What was wrong with a row or an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The text of a row is no event of this version.
    #[error("row {seq} says nothing this version understands: {reason}")]
    Unreadable {
        /// The row's number.
        seq: u64,
        /// Why.
        reason: String,
    },
    /// A text is no anchor.
    #[error("`{text}` is no anchor: a number, a colon and 64 hexadecimal digits")]
    NoAnchor {
        /// Its beginning.
        text: String,
    },
    /// An event cannot be written as canonical text.
    #[error("the event cannot be written: {reason}")]
    Unwritable {
        /// Why.
        reason: String,
    },
}

/// SHA-256, shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash([u8; 32]);

impl Hash {
    /// What stands before the first row.
    pub const NONE: Self = Self([0; 32]);

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

impl From<[u8; 32]> for Hash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hash({})", &hex::encode(self.0)[..12])
    }
}

impl TryFrom<String> for Hash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| "a hash has 64 hexadecimal digits".to_owned())
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

/// One row as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its number: 1, 2, 3 and so on without a gap.
    pub seq: u64,
    /// When it was written, by the clock of that moment; clocks go back, numbers do not.
    pub at: Timestamp,
    /// The event as canonical JSON.
    pub body: String,
    /// Hash of the row before it.
    pub previous: Hash,
    /// Hash of this row.
    pub hash: Hash,
}

/// The newest row of a chain at some time, kept outside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// Its number.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
}

impl Anchor {
    /// The head of a ledger without rows.
    pub const EMPTY: Self = Self { seq: 0, hash: Hash::NONE };
}

impl fmt::Display for Anchor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.seq, self.hash)
    }
}

impl FromStr for Anchor {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self, LedgerError> {
        let parts = text.trim().split_once(':');
        let anchor =
            parts.and_then(|(seq, hash)| Some(Self { seq: seq.parse().ok()?, hash: Hash::parse(hash)? }));
        anchor.ok_or_else(|| LedgerError::NoAnchor { text: text.chars().take(100).collect() })
    }
}

impl Row {
    /// The row that follows `head` and says `event`; its instant is cut to whole milliseconds, which is what databases
    /// keep.
    pub fn after(head: Anchor, at: Timestamp, event: &Event) -> Result<Self, LedgerError> {
        let body = canonical::text(event)?;
        let seq = head.seq.saturating_add(1);
        let at = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
        let hash = hash_of(seq, at, &body, head.hash);
        Ok(Self { seq, at, body, previous: head.hash, hash })
    }

    /// The hash that this row should have.
    pub fn expected_hash(&self) -> Hash {
        hash_of(self.seq, self.at, &self.body, self.previous)
    }

    /// This row as the head of the chain.
    pub fn anchor(&self) -> Anchor {
        Anchor { seq: self.seq, hash: self.hash }
    }

    /// What the row says.
    pub fn event(&self) -> Result<Event, LedgerError> {
        serde_json::from_str(&self.body)
            .map_err(|error| LedgerError::Unreadable { seq: self.seq, reason: error.to_string() })
    }
}

/// Each part with its length before it, so that no two rows are hashed from the same bytes.
fn hash_of(seq: u64, at: Timestamp, body: &str, previous: Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(b"keeper-ledger-1");
    let millisecond = at.as_millisecond().to_be_bytes();
    for part in [&seq.to_be_bytes()[..], &millisecond, body.as_bytes(), &previous.0] {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part);
    }
    Hash(hasher.finalize().into())
}
