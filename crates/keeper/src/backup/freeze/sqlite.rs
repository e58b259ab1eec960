//! A SQLite database held still: read page by page inside one read transaction, never copied as a file.
//!
//! What this does to whoever writes the database:
//! - In WAL mode nothing: they go on writing, and only the write-ahead log cannot be emptied beyond the instant of the
//!   backup until the reading ends. Such a database can be read straight into a repository ([`Staging::Stream`]).
//! - In any other journal mode a commit waits while pages are read. The image is therefore set aside first, and the
//!   rows are counted in the copy: writers wait for as long as it takes to write the image into the staging folder, and
//!   a service whose busy timeout is shorter sees `SQLITE_BUSY`.
//!
//! Reading costs 0.4 s of processor time per GiB, hashing and handing over 0.7 s more, and 4 MiB of memory (1.5 GiB of
//! 4 KiB pages, built for release, x86-64 with SHA instructions).
//!
//! It must run as the service's user (or root): in WAL mode reading makes `-wal` and `-shm` beside the database, with
//! the database's mode, and a service that may not write those cannot write at all. No other code of this process may
//! open the database's file by itself while a transaction is held: closing it would let go of SQLite's locks.
//!
//! What the engine cannot read at all is taken as it lies on the disk, file and logs, and is marked as damaged.
//! A database of up to 64 MiB is checked whole at each backup (about 0.1 s); a larger one only where counting its rows
//! met damage, for a check takes longer than the backup. [`examine`] checks any size, and a proof always does.

pub(crate) mod check;
pub(crate) mod engine;
mod look;
mod pages;
mod plain;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use chassis::clock::Clock;
use jiff::Timestamp;
use keeper_core::ledger::Hash;
use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use self::{
    check::Integrity,
    engine::{Begun, Limit},
    pages::{Flow, Image},
};
use super::{Digest, Draft, Frozen, Learnt, Part, Staging, never_seen};
use crate::backup::{
    piece::Look,
    record::{Item, Kind},
};

pub use plain::{copy_image, write_image};

/// So long a backup waits for somebody who keeps others out.
const WAIT: Duration = Duration::from_secs(30);
/// A database up to this size is checked whole each time.
const CHEAP_BYTES: u64 = 64 << 20;

/// Holds a database still. Blocking; `service` gives its name in the snapshot.
///
/// Nothing is counted or checked before the part is read: a database that the repository finds unchanged costs no more
/// than looking at its file.
pub fn freeze(
    path: &Path,
    service: &str,
    staging: Staging<'_>,
    clock: &Clock,
    stop: &CancellationToken,
) -> anyhow::Result<Frozen> {
    let path = &located(path)?;
    let taken_at = clock.now();
    let look = look::of(path, taken_at).with_context(|| format!("{} cannot be looked at", path.display()))?;
    let at = format!("databases/{service}.db");
    let failed = || format!("the database {} could not be backed up", path.display());
    let taken = match engine::begin(path, WAIT, stop)? {
        Begun::Damaged(damage) => Err(damage),
        Begun::Reading(connection) => {
            let taken = reading(connection, &at, look, staging, stop);
            let taken = taken.map(Ok).or_else(|error| damage_of(error).map(Err)).with_context(failed)?;
            taken.and_then(|part| whole(part, path))
        }
    };
    let parts = match taken {
        Ok(part) => vec![part],
        Err(damage) => {
            as_it_lies(path, &at, &damage, taken_at, staging.folder(), stop).with_context(failed)?
        }
    };
    Ok(Frozen { taken_at, parts })
}

/// Reads and checks a whole database where it is, without keeping a WAL writer from writing: what the engine says
/// against it, none when it is sound. For the first backup of a source too large to be checked each time.
pub fn examine(path: &Path, stop: &CancellationToken) -> anyhow::Result<Option<String>> {
    let path = &located(path)?;
    let connection = match engine::begin(path, WAIT, stop)? {
        Begun::Damaged(damage) => return Ok(Some(damage)),
        Begun::Reading(connection) => connection,
    };
    let limit = Limit { stop, at_most: patience(Image::of(&connection)?.size_bytes()) };
    let checked = check::integrity(&connection, limit);
    Ok(match checked.with_context(|| format!("{} could not be checked", path.display()))? {
        Integrity::Sound | Integrity::Mostly(_) => None,
        Integrity::Damaged(damage) => Some(damage),
    })
}

/// How long a check of so many bytes may take before it counts as one that never ends.
pub(crate) fn patience(size_bytes: u64) -> Duration {
    Duration::from_secs(120 + size_bytes / (1 << 20))
}

fn located(path: &Path) -> anyhow::Result<PathBuf> {
    let found = match fs::canonicalize(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("there is no database at {}", path.display())
        }
        Err(error) => return Err(error).with_context(|| format!("{} cannot be reached", path.display())),
    };
    if !found.is_file() {
        bail!("{} is not a file", path.display());
    }
    Ok(found)
}

/// The damage that an error speaks of; any other error comes back.
fn damage_of(error: anyhow::Error) -> anyhow::Result<String> {
    match error.downcast_ref::<rusqlite::Error>().and_then(engine::damage) {
        Some(damage) => Ok(damage),
        None => Err(error),
    }
}

/// A damaged database may call itself smaller than its file is: then the file is worth more than the image.
fn whole(part: Part, path: &Path) -> Result<Part, String> {
    let damage = part.digest.learnt().and_then(|learnt| learnt.damage.clone());
    match damage {
        Some(damage) if fs::metadata(path).is_ok_and(|file| file.len() > part.item.size_bytes) => Err(damage),
        _ => Ok(part),
    }
}

/// The database through its read transaction.
fn reading(
    connection: Connection,
    at: &str,
    look: Look,
    staging: Staging<'_>,
    stop: &CancellationToken,
) -> anyhow::Result<Part> {
    let image = Image::of(&connection)?;
    let mode: String = connection.query_row("PRAGMA main.journal_mode", [], |row| row.get(0))?;
    let item = item(at, image.size_bytes());
    match staging {
        Staging::Stream(_) if mode == "wal" => Ok(live(connection, image, item, look, stop)),
        Staging::Stream(folder) | Staging::File(folder) => {
            staged(connection, image, item, look, folder, stop)
        }
    }
}

fn item(at: &str, size_bytes: u64) -> Item {
    let (at, kind) = (at.to_owned(), Kind::Sqlite);
    Item { at, kind, size_bytes, blake3: None, rows: BTreeMap::new(), content: None, damage: None }
}

fn live(connection: Connection, image: Image, item: Item, look: Look, stop: &CancellationToken) -> Part {
    let (digest, stop, size_bytes) = (Digest::default(), stop.clone(), image.size_bytes());
    let told = digest.clone();
    let open = move || {
        let learn = move |connection: &Connection, hash: Hash, stop: &CancellationToken| {
            learnt(connection, hash, size_bytes, stop)
        };
        Ok(Box::new(Flow::start(connection, image, told, &stop, learn)?) as Box<dyn io::Read + Send>)
    };
    Part::live(item, look, digest, Box::new(open))
}

fn staged(
    connection: Connection,
    image: Image,
    item: Item,
    look: Look,
    folder: &Path,
    stop: &CancellationToken,
) -> anyhow::Result<Part> {
    let room = || format!("the database could not be set aside in {}", folder.display());
    let mut draft = Draft::create(folder).with_context(room)?;
    pages::each_block(&connection, image, stop, |block| draft.write_all(&block).with_context(room))?;
    // From here on writers of the source go on.
    drop(connection);
    let copy = engine::open_still(draft.path())?;
    let about = learnt(&copy, Hash::NONE, image.size_bytes(), stop)?;
    drop(copy);
    let staged = draft.seal().with_context(room)?;
    let about = Learnt { blake3: staged.blake3(), ..about };
    Ok(Part::staged(item, look, staged, about))
}

/// Counts the rows, and checks the database where that is cheap or where counting met damage.
fn learnt(
    connection: &Connection,
    blake3: Hash,
    size_bytes: u64,
    stop: &CancellationToken,
) -> anyhow::Result<Learnt> {
    let limit = Limit { stop, at_most: patience(size_bytes) };
    let check::Rows { tables: rows, mut damage } = check::rows(connection, limit)?;
    if damage.is_some() || size_bytes <= CHEAP_BYTES {
        match check::integrity(connection, limit) {
            Ok(Integrity::Damaged(said)) => damage = Some(said),
            Ok(Integrity::Sound | Integrity::Mostly(_)) => {}
            Err(error) if stop.is_cancelled() => return Err(error),
            // A check that cannot come to its end is as loud as one that finds something, and the bytes are kept.
            Err(error) => damage = Some(damage.unwrap_or_else(|| format!("the check failed: {error:#}"))),
        }
    }
    Ok(Learnt { blake3, rows, damage })
}

/// The files as they lie on the disk, for what the engine cannot read.
fn as_it_lies(
    path: &Path,
    at: &str,
    damage: &str,
    taken_at: Timestamp,
    folder: &Path,
    stop: &CancellationToken,
) -> anyhow::Result<Vec<Part>> {
    let mut parts = Vec::new();
    for ending in ["", "-wal", "-journal"] {
        let mut file = match File::open(look::beside(path, ending)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !ending.is_empty() => continue,
            Err(error) => return Err(error.into()),
        };
        let mut draft = Draft::create(folder)?;
        copy(&mut file, &mut draft, stop)?;
        let staged = draft.seal()?;
        let about = Learnt { damage: Some(damage.to_owned()), ..Learnt::hash(staged.blake3()) };
        let item =
            Item { damage: about.damage.clone(), ..item(&format!("{at}{ending}"), staged.size_bytes()) };
        // Never taken for unchanged, so that every backup says it again.
        parts.push(Part::staged(item, never_seen(taken_at), staged, about));
    }
    Ok(parts)
}

/// Copies to the end, or until stopped.
fn copy(from: &mut impl io::Read, to: &mut impl Write, stop: &CancellationToken) -> anyhow::Result<()> {
    let mut block = vec![0; 1 << 20];
    loop {
        if stop.is_cancelled() {
            bail!("stopped");
        }
        let length = from.read(&mut block)?;
        if length == 0 {
            return Ok(());
        }
        to.write_all(&block[..length])?;
    }
}
