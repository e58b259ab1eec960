//! The plain copy of a database: one file that any `sqlite3` opens, also where it may not write.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use chassis::clock::Clock;
use keeper_core::ledger::Hash;
use tokio_util::sync::CancellationToken;

use super::freeze;
use crate::backup::{
    freeze::{Part, Staging, staged::DRAFT_PREFIX},
    record::Item,
};

const BLOCK_BYTES: usize = 1 << 20;
/// With these words every database begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// Where the header says by which journal it is written and read: 1 is the rollback journal, 2 the write-ahead log.
const JOURNAL_AT: [usize; 2] = [18, 19];

/// Writes a plain copy of a database and says what is in it. Blocking.
pub fn write_image(path: &Path, to: &Path, clock: &Clock, stop: &CancellationToken) -> anyhow::Result<Item> {
    let frozen = freeze(path, "copy", Staging::File(folder_of(to)), clock, stop)?;
    let Some(part) = frozen.parts.first() else { bail!("nothing was read from {}", path.display()) };
    copy_image(part, to, stop)
}

/// Writes a plain copy of a part that was [set aside](Staging::File): all of it or nothing, mode 0600, replacing an
/// older one. The item returned is that of the copy, for its proof; its `at` is the file's name.
///
/// The copy says that it is written through a rollback journal, whatever the source uses: a database that says WAL
/// cannot be opened where `-wal` and `-shm` cannot be made. Nothing else differs from the source.
pub fn copy_image(part: &Part, to: &Path, stop: &CancellationToken) -> anyhow::Result<Item> {
    let failed = || format!("the copy {} could not be written", to.display());
    let (Some(staged), Some(known)) = (part.set_aside(), part.known()) else {
        bail!("{} was not set aside, and cannot be copied", part.item.at);
    };
    let draft = Unfinished::beside(to).with_context(failed)?;
    let blake3 = write(staged.reader(), &draft.0, stop).with_context(failed)?;
    draft.finish(to).with_context(failed)?;
    let at = to.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Item { at, blake3: Some(blake3), ..known })
}

fn folder_of(to: &Path) -> &Path {
    to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file on its way; removed unless it is finished.
struct Unfinished(PathBuf);

impl Unfinished {
    fn beside(to: &Path) -> std::io::Result<Self> {
        let folder = folder_of(to);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        Ok(Self(folder.join(format!("{DRAFT_PREFIX}{}", uuid::Uuid::new_v4().simple()))))
    }

    fn finish(self, to: &Path) -> std::io::Result<()> {
        fs::rename(&self.0, to)?;
        File::open(folder_of(to))?.sync_all()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After a rename nothing is there any more.
        let _ = fs::remove_file(&self.0);
    }
}

fn write(mut from: impl Read, to: &Path, stop: &CancellationToken) -> anyhow::Result<Hash> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let mut hasher = blake3::Hasher::new();
    let mut first = true;
    loop {
        if stop.is_cancelled() {
            bail!("stopped");
        }
        let mut block = Vec::with_capacity(BLOCK_BYTES);
        if from.by_ref().take(BLOCK_BYTES as u64).read_to_end(&mut block)? == 0 {
            break;
        }
        if std::mem::take(&mut first) {
            with_rollback_journal(&mut block);
        }
        hasher.update(&block);
        file.write_all(&block)?;
    }
    file.sync_all()?;
    Ok(Hash::from(<[u8; 32]>::from(hasher.finalize())))
}

/// What SQLite itself writes into the header when it leaves WAL mode.
fn with_rollback_journal(start: &mut [u8]) {
    if !start.starts_with(MAGIC) {
        return;
    }
    for at in JOURNAL_AT {
        match start.get_mut(at) {
            Some(byte) if *byte == 2 => *byte = 1,
            _ => {}
        }
    }
}
