//! By which a database that has not changed is known, without opening it.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::backup::{freeze::never_seen, piece::Look};

/// File systems give several writes the same time: a file that was written so shortly before may be written again
/// without looking different.
const RACY: SignedDuration = SignedDuration::from_secs(2);
/// Of a write-ahead log.
const HEAD_BYTES: usize = 32;

/// How a database looks: its file and its write-ahead log together.
///
/// Whatever is committed changes the size or a time of one of the two. All of them, and the head of the log, go into
/// the number that stands for the inode, so that no clock that is set back makes a changed pair look like an earlier
/// one; the times are the later ones of both. An empty log is as good as none, and its time of change is not looked
/// at: root changes it by reading (SQLite gives the log the database's owner whenever it opens it). A look younger
/// than two seconds equals no other one.
///
/// It has to be taken before the read transaction begins: a write in between is then in the image but not in the look,
/// and the next backup reads it once more.
pub(super) fn of(database: &Path, now: Timestamp) -> io::Result<Look> {
    let main = fs::metadata(database)?;
    let path = beside(database, "-wal");
    let log = match fs::metadata(&path) {
        Ok(log) if log.len() > 0 => Some(log),
        Ok(_) => None,
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let (mut modified_at, changed_at) = (modified(&main)?, changed(&main)?);
    let mut hasher = Sha256::new();
    describe(&mut hasher, &main);
    hasher.update(changed_at.as_nanosecond().to_be_bytes());
    if let Some(log) = log {
        describe(&mut hasher, &log);
        hasher.update(head(&path)?);
        modified_at = modified_at.max(modified(&log)?);
    }
    if now.duration_since(modified_at.max(changed_at)) < RACY {
        return Ok(never_seen(now));
    }
    let hash: [u8; 32] = hasher.finalize().into();
    let number = hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
    // Zero means that there is no number.
    Ok(Look { modified_at, changed_at, inode: number | 1 })
}

/// The file that the engine keeps beside a database.
pub(super) fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn describe(hasher: &mut Sha256, file: &Metadata) {
    for number in [file.dev(), file.ino(), file.len()] {
        hasher.update(number.to_be_bytes());
    }
    for number in [file.mtime(), file.mtime_nsec()] {
        hasher.update(number.to_be_bytes());
    }
}

/// The head of a write-ahead log changes whenever it is started anew. SQLite holds no locks on that file, so that
/// opening and closing it takes none away.
fn head(log: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    match File::open(log) {
        Ok(file) => drop(file.take(HEAD_BYTES as u64).read_to_end(&mut head)?),
        // It was there a moment ago: somebody closed the database, and its size and times will say so.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(head)
}

fn modified(file: &Metadata) -> io::Result<Timestamp> {
    time(file.mtime(), file.mtime_nsec())
}

fn changed(file: &Metadata) -> io::Result<Timestamp> {
    time(file.ctime(), file.ctime_nsec())
}

fn time(seconds: i64, nanoseconds: i64) -> io::Result<Timestamp> {
    let nanoseconds = i32::try_from(nanoseconds).map_err(io::Error::other)?;
    Timestamp::new(seconds, nanoseconds).map_err(io::Error::other)
}
