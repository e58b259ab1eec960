//! All pieces of a backup as one source, in the order of the tree they become.

use std::{
    ffi::OsStr,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use ignore::{DirEntry, Walk, WalkBuilder};
use rustic_core::{
    LocalSourceSaveOptions, ReadSource, ReadSourceEntry, RusticResult,
    repofile::{Metadata, Node, NodeType},
};

use super::{read::Unopened, tally::Tally};
use crate::backup::{
    Piece,
    piece::{FolderPiece, StreamPiece},
    repository::RepositoryError,
};

/// All pieces of a backup.
pub(super) struct Source {
    pieces: Mutex<Vec<Piece>>,
    tally: Arc<Tally>,
}

/// Hands the entries of all pieces to the library.
pub(super) struct Entries {
    pieces: std::vec::IntoIter<Piece>,
    walk: Option<Walking>,
    tally: Arc<Tally>,
}

/// A walk through a folder.
struct Walking {
    /// Its path in the snapshot, with a leading slash.
    at: PathBuf,
    root: PathBuf,
    walk: Walk,
}

impl Source {
    /// Sorts the pieces; a folder that lies in another is part of that one.
    pub(super) fn new(mut pieces: Vec<Piece>, tally: Arc<Tally>) -> Result<Self, RepositoryError> {
        pieces.sort_by(|one, other| Path::new(one.at()).cmp(Path::new(other.at())));
        let mut sorted: Vec<Piece> = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match sorted.last() {
                Some(last) if is_part_of(&piece, last) => {}
                Some(last) if Path::new(piece.at()).starts_with(last.at()) => {
                    let reason = format!("the backup puts {} there too", last.at());
                    return Err(RepositoryError::source(piece.at(), reason));
                }
                _ if is_plain(piece.at()) => sorted.push(piece),
                _ => return Err(RepositoryError::source(piece.at(), "this is no path in a snapshot")),
            }
        }
        if sorted.is_empty() {
            return Err(RepositoryError::source("the backup", "it has no parts"));
        }
        Ok(Self { pieces: Mutex::new(sorted), tally })
    }

    /// The paths of the pieces in the snapshot.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        pieces.iter().map(|piece| Path::new("/").join(piece.at())).collect()
    }
}

impl ReadSource for Source {
    type Open = Unopened;
    type Iter = Entries;

    /// Walks through everything; what cannot be seen here is told when it is read.
    fn size(&self) -> RusticResult<Option<u64>> {
        let (mut size, mut roots) = (0, Vec::new());
        for piece in self.pieces.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            match piece {
                Piece::Stream(stream) => size += stream.size_bytes,
                Piece::Folder(folder) => roots.push((folder.path.clone(), folder.except.clone())),
            }
        }
        for (root, except) in roots {
            let entries = walker(&root, except).build().filter_map(Result::ok);
            size += entries
                .filter_map(|entry| entry.metadata().ok())
                .filter(std::fs::Metadata::is_file)
                .map(|m| m.len())
                .sum::<u64>();
            if self.tally.failed().is_some() {
                return Ok(None);
            }
        }
        Ok(Some(size))
    }

    fn entries(&self) -> Entries {
        let pieces = std::mem::take(&mut *self.pieces.lock().unwrap_or_else(PoisonError::into_inner));
        Entries { pieces: pieces.into_iter(), walk: None, tally: Arc::clone(&self.tally) }
    }
}

impl Iterator for Entries {
    type Item = RusticResult<ReadSourceEntry<Unopened>>;

    /// Ends early when something has gone wrong: nothing of it will be kept.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.tally.failed().is_some() {
                return None;
            }
            let result = match &mut self.walk {
                Some(walking) => match walking.walk.next() {
                    None => {
                        self.walk = None;
                        continue;
                    }
                    Some(found) => walking.entry(found, &self.tally),
                },
                None => match self.pieces.next()? {
                    Piece::Stream(stream) => Ok(Some(stream_entry(stream, &self.tally))),
                    Piece::Folder(folder) => Walking::begin(folder).map(|walking| {
                        self.walk = Some(walking);
                        None
                    }),
                },
            };
            match result {
                Ok(None) => {}
                Ok(Some(entry)) => return Some(Ok(entry)),
                Err(error) => self.tally.fail(error),
            }
        }
    }
}

impl Walking {
    fn begin(folder: FolderPiece) -> Result<Self, RepositoryError> {
        // The link that a folder is named by is followed; no other is.
        let root = folder.path.canonicalize();
        let root = root.map_err(|error| RepositoryError::source(folder.path.display(), error))?;
        let walk = walker(&root, folder.except).build();
        Ok(Self { at: Path::new("/").join(folder.at), walk, root })
    }

    /// None for what is gone again.
    fn entry(
        &self,
        found: Result<DirEntry, ignore::Error>,
        tally: &Arc<Tally>,
    ) -> Result<Option<ReadSourceEntry<Unopened>>, RepositoryError> {
        let entry = match found {
            Ok(entry) => entry,
            Err(error) if error.depth() != Some(0) && is_gone(&error) => {
                tally.vanish();
                return Ok(None);
            }
            Err(error) => return Err(RepositoryError::source(self.root.display(), error)),
        };
        let (path, is_root) = (entry.path().to_owned(), entry.depth() == 0);
        let node = match LocalSourceSaveOptions::default().map_entry(entry) {
            Ok(mapped) => mapped.node,
            Err(_) if !is_root && path.symlink_metadata().is_err_and(|e| e.kind() == ErrorKind::NotFound) => {
                tally.vanish();
                return Ok(None);
            }
            Err(error) => return Err(RepositoryError::source(path.display(), error)),
        };
        Ok(Some(self.sent(path, node, is_root, tally)))
    }

    fn sent(
        &self,
        path: PathBuf,
        mut node: Node,
        is_root: bool,
        tally: &Arc<Tally>,
    ) -> ReadSourceEntry<Unopened> {
        let at = match path.strip_prefix(&self.root) {
            Ok(below) if !is_root => self.at.join(below),
            _ => {
                let name = self.at.file_name().unwrap_or(OsStr::new("folder"));
                node = Node::new_node(name, node.node_type, node.meta);
                self.at.clone()
            }
        };
        if !node.is_file() {
            // Links have the length of their targets, which would be counted in one backup and not in the next.
            node.meta.size = 0;
        }
        let size_bytes = node.meta.size;
        if !node.is_dir() {
            tally.send(size_bytes);
        }
        let inode = node.meta.inode;
        let open =
            node.is_file().then(|| Unopened::File { path, size_bytes, inode, tally: Arc::clone(tally) });
        ReadSourceEntry { path: at, node, open }
    }
}

fn stream_entry(stream: StreamPiece, tally: &Arc<Tally>) -> ReadSourceEntry<Unopened> {
    let StreamPiece { at, size_bytes, look, open } = stream;
    let path = Path::new("/").join(&at);
    let meta = Metadata {
        mode: Some(0o600),
        mtime: Some(look.modified_at),
        atime: Some(look.modified_at),
        ctime: Some(look.changed_at),
        inode: look.inode,
        size: size_bytes,
        links: 1,
        ..Metadata::default()
    };
    let node = Node::new_node(path.file_name().unwrap_or(OsStr::new("stream")), NodeType::File, meta);
    let number = tally.send_stream(&at, size_bytes);
    let open = Some(Unopened::Stream { at, size_bytes, open, number, tally: Arc::clone(tally) });
    ReadSourceEntry { path, node, open }
}

fn walker(root: &Path, except: Vec<PathBuf>) -> WalkBuilder {
    let mut builder = WalkBuilder::new(root);
    // Nothing is left out, whatever a file for git says.
    builder.standard_filters(false).follow_links(false).sort_by_file_path(Path::cmp);
    if !except.is_empty() {
        builder.filter_entry(move |entry| !except.iter().any(|path| path == entry.path()));
    }
    builder
}

fn is_gone(error: &ignore::Error) -> bool {
    error.io_error().is_some_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Whether a folder is part of another at the same place.
fn is_part_of(piece: &Piece, of: &Piece) -> bool {
    let (Piece::Folder(piece), Piece::Folder(of)) = (piece, of) else { return false };
    match (Path::new(&piece.at).strip_prefix(&of.at), piece.path.strip_prefix(&of.path)) {
        (Ok(at), Ok(path)) => at == path,
        _ => false,
    }
}

fn is_plain(at: &str) -> bool {
    !at.is_empty() && at.split('/').all(|name| !matches!(name, "" | "." | "..")) && !at.contains('\0')
}
