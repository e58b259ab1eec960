//! The contents of files: which part of which data file goes where, read in the order of the data files.

use std::{
    collections::HashSet,
    fs::{File, OpenOptions},
    io,
    num::NonZero,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
    sync::Arc,
};

use rustic_core::{
    FileType, Id,
    repofile::{MasterKey, Node},
};
use tokio_util::sync::CancellationToken;

use super::entry::Entry;
use crate::backup::repository::{
    Progress, RepositoryError, crew,
    files::Files,
    glue::{hash_of, path_of},
    seal::Unpacker,
    tree::Indexed,
};

/// So much of a data file is read at once, by each of some readers.
const READ_AT_ONCE: u32 = 4 << 20;
/// A gap of this size is rather read than skipped.
const GAP: u32 = 64 << 10;

/// Which part of which data file goes where.
#[derive(Default)]
pub(super) struct Plan {
    parts: Vec<Part>,
    /// Files under several names of which the first was met.
    linked: HashSet<(u64, u64)>,
    total: u64,
}

/// A blob on its way into a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    pack: Id,
    offset: u32,
    length: u32,
    unpacked: Option<u32>,
    blob: Id,
    /// Number of the entry.
    file: usize,
    at: u64,
}

/// What the readers of a plan share.
struct Fill<'a> {
    entries: &'a [Entry],
    root: &'a Path,
    files: &'a Arc<dyn Files>,
    progress: &'a Arc<dyn Progress>,
}

impl Plan {
    /// Finds every blob of a file, the one of this number. Of files that are one file under several names, only the
    /// first has content.
    pub(super) fn add(
        &mut self,
        file: usize,
        entry: &Entry,
        node: &Node,
        repository: &Indexed,
    ) -> Result<(), RepositoryError> {
        if !entry.is_file() || entry.link.is_some_and(|link| !self.linked.insert(link)) {
            return Ok(());
        }
        let mut at = 0;
        for blob in node.content.iter().flatten() {
            let found = repository.get_index_entry(blob).map_err(|_| {
                let reason = format!("a part of {} is in no index", entry.path.display());
                RepositoryError::damaged("index", reason)
            })?;
            let location = found.location;
            if location.length < 32 {
                return Err(RepositoryError::damaged(
                    path_of(FileType::Pack, &found.pack),
                    "a part is too short",
                ));
            }
            self.parts.push(Part {
                pack: *found.pack,
                offset: location.offset,
                length: location.length,
                unpacked: location.uncompressed_length.map(NonZero::get),
                blob: **blob,
                file,
                at,
            });
            at += u64::from(location.data_length());
        }
        self.total += at;
        Ok(())
    }

    /// Writes the contents below this folder. The first error ends it.
    pub(super) fn fill(
        mut self,
        root: &Path,
        entries: &[Entry],
        files: &Arc<dyn Files>,
        master: &MasterKey,
        progress: &Arc<dyn Progress>,
        stop: &CancellationToken,
    ) -> Result<(), RepositoryError> {
        progress.total(self.total);
        self.parts.sort_unstable();
        let reads: Vec<&[Part]> =
            self.parts.chunk_by(|one, next| one.pack == next.pack).flat_map(cut).collect();
        let fill = Fill { entries, root, files, progress };
        let begin =
            || Unpacker::new(master).ok_or_else(|| RepositoryError::other("the key has a wrong length"));
        crew::each(&reads, stop, begin, |unpacker, parts| fill.read(parts, unpacker))
    }
}

impl Fill<'_> {
    /// Parts that lie together in one data file.
    fn read(&self, parts: &[Part], unpacker: &mut Unpacker) -> Result<(), RepositoryError> {
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return Ok(()) };
        let path = path_of(FileType::Pack, &first.pack);
        let (start, end) = (u64::from(first.offset), u64::from(last.offset) + u64::from(last.length));
        let read = self.files.read_range(&path, start, end - start);
        let bytes = read.map_err(|error| RepositoryError::of_read(&path, error))?;
        for same in parts.chunk_by(|one, next| one.blob == next.blob && one.offset == next.offset) {
            let Some(part) = same.first() else { continue };
            let from = (part.offset - first.offset) as usize;
            let opened = bytes
                .get(from..from + part.length as usize)
                .and_then(|sealed| unpacker.open(sealed, part.unpacked))
                .filter(|content| hash_of(content) == part.blob);
            let Some(content) = opened else {
                let reason = format!("it has other bytes than were written, at {}", part.offset);
                return Err(RepositoryError::damaged(path, reason));
            };
            for part in same {
                self.put(part, &content)?;
            }
        }
        Ok(())
    }

    fn put(&self, part: &Part, content: &[u8]) -> Result<(), RepositoryError> {
        let Some(entry) = self.entries.get(part.file) else { return Ok(()) };
        let path = self.root.join(&entry.path);
        create(&path)
            .and_then(|file| file.write_all_at(content, part.at))
            .map_err(|error| RepositoryError::target(&path, error))?;
        self.progress.done(content.len() as u64);
        Ok(())
    }
}

/// Opens a file of the restore, which only its owner may read until it has its own permissions.
pub(super) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Cuts the parts of one data file into reads.
fn cut(parts: &[Part]) -> Vec<&[Part]> {
    let (mut reads, mut begin) = (Vec::new(), 0);
    for at in 1..=parts.len() {
        let is_end = match (parts.get(begin), parts.get(at - 1), parts.get(at)) {
            (Some(first), Some(last), Some(next)) => {
                let gap = next.offset.saturating_sub(last.offset.saturating_add(last.length));
                gap > GAP
                    || next.offset.saturating_add(next.length).saturating_sub(first.offset) > READ_AT_ONCE
            }
            _ => true,
        };
        if is_end {
            reads.push(&parts[begin..at]);
            begin = at;
        }
    }
    reads
}
