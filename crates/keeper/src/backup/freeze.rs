//! Sources held still: the parts of a backup with all that is known of them, whatever happens to the source meanwhile.

pub mod command;
pub mod postgres;
pub mod sqlite;
pub mod staged;

use std::{
    collections::BTreeMap,
    fmt, mem,
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use jiff::Timestamp;
use keeper_core::ledger::Hash;

use super::{
    Piece,
    piece::{Look, Opener, StreamPiece},
    record::Item,
};

pub use staged::{Draft, Staged};

/// A source as it was at one instant.
#[derive(Debug)]
pub struct Frozen {
    /// Everything that was committed before this instant is in it.
    pub taken_at: Timestamp,
    /// Its parts, mostly one.
    pub parts: Vec<Part>,
}

/// One file of a backup. What it holds on to (a read transaction, a staged file) is let go with it and its pieces.
pub struct Part {
    /// What is known before it is read; see [`known`](Self::known) for the rest.
    pub item: Item,
    /// How the source looked before it was frozen.
    pub look: Look,
    /// What becomes known by reading it.
    pub digest: Digest,
    bytes: Bytes,
}

enum Bytes {
    Staged(Staged),
    Live(Mutex<Option<Opener>>),
}

/// What becomes known by reading a part to its end; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Digest(Arc<OnceLock<Learnt>>);

/// What is known of a part that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learnt {
    /// BLAKE3 of its bytes.
    pub blake3: Hash,
    /// Rows of each table of a database.
    pub rows: BTreeMap<String, u64>,
    /// What the engine says against it.
    pub damage: Option<String>,
}

/// Whether a source is read while the repository takes it, or set aside first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staging<'a> {
    /// Straight from the source where that keeps nobody from writing, else by way of this folder. Such a part is
    /// read once.
    Stream(&'a Path),
    /// By way of a file without a name in this folder; the source is let go at once, and the part can be read by
    /// several repositories.
    File(&'a Path),
}

impl<'a> Staging<'a> {
    /// The folder for what is set aside.
    pub fn folder(self) -> &'a Path {
        match self {
            Self::Stream(folder) | Self::File(folder) => folder,
        }
    }
}

impl Part {
    /// A part that was set aside. `learnt` is at hand without reading it again.
    pub fn staged(item: Item, look: Look, staged: Staged, learnt: Learnt) -> Self {
        Self { item, look, digest: Digest::of(learnt), bytes: Bytes::Staged(staged) }
    }

    /// A part that is read from its source, once; the reader sets `digest` at its end.
    pub fn live(item: Item, look: Look, digest: Digest, open: Opener) -> Self {
        Self { item, look, digest, bytes: Bytes::Live(Mutex::new(Some(open))) }
    }

    /// The part for one repository. A staged part gives as many as are asked for, one that is read from its source
    /// only the first.
    pub fn piece(&self) -> Option<Piece> {
        let open: Opener = match &self.bytes {
            Bytes::Staged(staged) => {
                let reader = staged.reader();
                Box::new(move || Ok(Box::new(reader)))
            }
            Bytes::Live(open) => mem::take(&mut *open.lock().unwrap_or_else(PoisonError::into_inner))?,
        };
        let (at, size_bytes, look) = (self.item.at.clone(), self.item.size_bytes, self.look);
        Some(Piece::Stream(StreamPiece { at, size_bytes, look, open }))
    }

    /// The staged bytes, where they were set aside.
    pub fn set_aside(&self) -> Option<&Staged> {
        match &self.bytes {
            Bytes::Staged(staged) => Some(staged),
            Bytes::Live(_) => None,
        }
    }

    /// The whole item; none before the part was read to its end. Where a repository did not read it because it is
    /// unchanged, the item of the backup before says the same.
    pub fn known(&self) -> Option<Item> {
        Some(self.digest.learnt()?.of(&self.item))
    }
}

impl Digest {
    /// One that is known from the start.
    pub fn of(learnt: Learnt) -> Self {
        let digest = Self::default();
        digest.set(learnt);
        digest
    }

    /// BLAKE3 of the bytes, once they were read to their end.
    pub fn get(&self) -> Option<Hash> {
        self.0.get().map(|learnt| learnt.blake3)
    }

    /// All that became known.
    pub fn learnt(&self) -> Option<&Learnt> {
        self.0.get()
    }

    /// Says it once; what is said later is not heard.
    pub fn set(&self, learnt: Learnt) {
        // A part that is read once cannot learn anything else later.
        let _ = self.0.set(learnt);
    }
}

impl Learnt {
    /// An item with all that is known of it now.
    pub fn of(&self, item: &Item) -> Item {
        let Self { blake3, rows, damage } = self.clone();
        let damage = damage.or_else(|| item.damage.clone());
        Item { blake3: Some(blake3), rows, damage, ..item.clone() }
    }

    /// Nothing but the hash.
    pub fn hash(blake3: Hash) -> Self {
        Self { blake3, rows: BTreeMap::new(), damage: None }
    }
}

/// A look that equals no other, for what must be read whatever the backup before held.
pub fn never_seen(at: Timestamp) -> Look {
    let (inode, _) = uuid::Uuid::new_v4().as_u64_pair();
    Look { modified_at: at, changed_at: at, inode: inode | 1 }
}

impl fmt::Debug for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { item, look, digest, bytes: _ } = self;
        formatter
            .debug_struct("Part")
            .field("item", item)
            .field("look", look)
            .field("digest", digest)
            .finish_non_exhaustive()
    }
}
