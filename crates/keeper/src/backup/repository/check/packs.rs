//! The data files: that they are there, and that they hold what was written.

use std::{
    collections::{BTreeMap, HashMap},
    num::NonZero,
    sync::Arc,
};

use rustic_core::{FileType, Id, repofile::IndexPack};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::{Findings, ReadData};
use crate::backup::repository::{
    Progress, Repository, RepositoryError, crew,
    glue::{hash_of, path_of},
    seal::Unpacker,
};

/// So much of a data file is read at once.
const READ_AT_ONCE: u64 = 8 << 20;

/// Compares the index with the files.
pub(super) fn check(
    repository: &Repository,
    packs: &BTreeMap<Id, IndexPack>,
    read: ReadData,
    findings: &Findings,
    progress: &Arc<dyn Progress>,
    stop: &CancellationToken,
) -> Result<(), RepositoryError> {
    let files = repository.files.list("data")?;
    let sizes: HashMap<Id, u64> =
        files.into_iter().filter_map(|(name, size)| Some((name.parse().ok()?, size))).collect();
    let mut whole = Vec::new();
    for (id, pack) in packs {
        let expected = u64::from(pack.pack_size());
        match sizes.get(id) {
            None => findings.add(path_of(FileType::Pack, id), "it is not there"),
            Some(size) if *size != expected => {
                let text = format!("it has {size} bytes instead of {expected}");
                findings.add(path_of(FileType::Pack, id), text);
            }
            Some(_) => whole.push(pack),
        }
    }
    if read == ReadData::No {
        return Ok(());
    }
    progress.total(whole.iter().map(|pack| u64::from(pack.pack_size())).sum());
    let begin = || {
        Unpacker::new(&repository.master.0)
            .ok_or_else(|| RepositoryError::other("the key has a wrong length"))
    };
    crew::each(&whole, stop, begin, |unpacker, pack| {
        findings.note(check_pack(repository, pack, unpacker, progress, stop))?;
        Ok(())
    })
}

/// Reads a data file once from its begin to its end.
fn check_pack(
    repository: &Repository,
    pack: &IndexPack,
    unpacker: &mut Unpacker,
    progress: &Arc<dyn Progress>,
    stop: &CancellationToken,
) -> Result<(), RepositoryError> {
    let path = path_of(FileType::Pack, &pack.id);
    let size = u64::from(pack.pack_size());
    let mut blobs: Vec<_> = pack.blobs.iter().collect();
    blobs.sort_unstable();
    let (mut hasher, mut begin, mut wrong) = (Sha256::new(), 0, None);
    let mut blobs = blobs.into_iter().peekable();
    while begin < size {
        if stop.is_cancelled() {
            return Err(RepositoryError::Stopped);
        }
        let mut inside = Vec::new();
        let mut end = begin;
        while let Some(blob) = blobs.next_if(|blob| inside.is_empty() || end_of(blob) - begin <= READ_AT_ONCE)
        {
            end = end.max(end_of(blob));
            inside.push(blob);
        }
        // After the last blob comes the header.
        let end = if blobs.peek().is_none() { size } else { end };
        let read = repository.files.read_range(&path, begin, end.saturating_sub(begin));
        let bytes = read.map_err(|error| RepositoryError::of_read(&path, error))?;
        hasher.update(&bytes);
        for blob in inside {
            let place = blob.location;
            let from = usize::try_from(u64::from(place.offset).saturating_sub(begin)).unwrap_or(usize::MAX);
            let sealed = bytes.get(from..from.saturating_add(place.length as usize));
            let opened =
                sealed.and_then(|sealed| unpacker.open(sealed, place.uncompressed_length.map(NonZero::get)));
            if opened.is_none_or(|content| hash_of(&content) != *blob.id) {
                wrong.get_or_insert(place.offset);
            }
        }
        progress.done(end - begin);
        begin = end;
    }
    match wrong {
        Some(offset) => {
            Err(RepositoryError::damaged(path, format!("it has other bytes than were written, at {offset}")))
        }
        None if Id::new(hasher.finalize().into()) != *pack.id => {
            Err(RepositoryError::damaged(path, "its content does not fit its name"))
        }
        None => Ok(()),
    }
}

fn end_of(blob: &rustic_core::repofile::IndexBlob) -> u64 {
    u64::from(blob.location.offset) + u64::from(blob.location.length)
}
