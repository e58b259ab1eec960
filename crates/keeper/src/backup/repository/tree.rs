//! What is in a snapshot.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

use keeper_core::ledger::Hash;
use rustic_core::{Id, IndexedFullStatus, TreeId, repofile::Node};
use tokio_util::sync::CancellationToken;

use super::{
    Repository, RepositoryError, SnapshotId,
    glue::{Glue, GlueOptions},
};

/// A repository of `rustic_core` that knows where all blobs are.
pub(super) type Indexed = rustic_core::Repository<IndexedFullStatus>;

/// Folders in folders beyond this are no backup of ours.
const DEEPEST: usize = 1_000;

/// A file or folder in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Its path inside the snapshot, without a leading slash.
    pub path: PathBuf,
    /// Size of its content.
    pub size_bytes: u64,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// Goes through a snapshot.
pub(super) struct Walk<'a> {
    /// Where it is.
    pub repository: &'a Indexed,
    /// Explains what goes wrong there.
    pub glue: &'a Glue,
    /// Only this path, what is below it, and the folders above it.
    pub only: Option<&'a Path>,
    /// Ends it.
    pub stop: &'a CancellationToken,
}

/// What is done with a path and its node. Nodes are large: who goes on needs little of one.
type Visit<'v> = dyn FnMut(PathBuf, &Node) -> Result<(), RepositoryError> + 'v;

impl Repository {
    /// What is in a snapshot, each folder before what is in it.
    pub fn files(&self, id: &SnapshotId) -> Result<Vec<StoredFile>, RepositoryError> {
        let stop = CancellationToken::new();
        let _lock = self.share_to_read(&stop)?;
        let tree = self.snapshot(id)?.tree;
        self.with_index(|repository, glue| {
            let mut found = Vec::new();
            Walk { repository, glue, only: None, stop: &stop }.each(tree, |path, node| {
                let size_bytes = if node.is_file() { node.meta.size } else { 0 };
                found.push(StoredFile { path, size_bytes, is_folder: node.is_dir() });
                Ok(())
            })?;
            Ok(found)
        })
    }

    /// Does something with the index. When that fails for want of a part of it, it is done again with what the data
    /// files say of themselves, which is slower: a lost or damaged index must not keep anybody from a restore.
    pub(super) fn with_index<T>(
        &self,
        act: impl Fn(&Indexed, &Arc<Glue>) -> Result<T, RepositoryError>,
    ) -> Result<T, RepositoryError> {
        let attempt = |skip_damaged| {
            let glue = Glue::new(&self.files, GlueOptions { skip_damaged, ..GlueOptions::default() });
            let opened = glue.open(&self.master.0)?;
            let indexed = if skip_damaged { opened.to_indexed_checked() } else { opened.to_indexed() };
            act(&indexed.map_err(|error| glue.explain(&error))?, &glue)
        };
        match attempt(false) {
            Err(RepositoryError::Damaged { file, reason }) if file.starts_with("index") => {
                let first = RepositoryError::Damaged { file, reason };
                tracing::warn!(reason = %first, "the index of a repository is read anew from its data");
                // The library counts on every data file being long enough for what it looks for.
                match catch_unwind(AssertUnwindSafe(|| attempt(true))) {
                    Err(_) | Ok(Err(RepositoryError::Damaged { .. } | RepositoryError::Other { .. })) => {
                        Err(first)
                    }
                    Ok(second) => second,
                }
            }
            other => other,
        }
    }
}

impl Walk<'_> {
    /// Visits every node below a tree, or those on the way to a path and below it; each folder before what is in it.
    pub(super) fn each(
        &self,
        tree: Hash,
        mut visit: impl FnMut(PathBuf, &Node) -> Result<(), RepositoryError>,
    ) -> Result<(), RepositoryError> {
        let root: Id = tree.to_string().parse().unwrap_or_default();
        self.enter(TreeId::from(root), Path::new(""), 0, &mut visit)
    }

    fn enter(
        &self,
        tree: TreeId,
        folder: &Path,
        depth: usize,
        visit: &mut Visit<'_>,
    ) -> Result<(), RepositoryError> {
        if self.stop.is_cancelled() {
            return Err(RepositoryError::Stopped);
        }
        if depth > DEEPEST {
            return Err(RepositoryError::damaged(
                folder.display().to_string(),
                "folders lie in it without end",
            ));
        }
        let nodes = self.repository.get_tree(&tree).map_err(|error| self.glue.explain(&error))?.nodes;
        let mut last: Option<PathBuf> = None;
        for node in nodes {
            let path = folder.join(checked(&node, folder)?);
            if last.replace(path.clone()).is_some_and(|last| last == path) {
                return Err(RepositoryError::damaged(
                    path.display().to_string(),
                    "it is in its folder twice",
                ));
            }
            let is_wanted = self.only.is_none_or(|only| path.starts_with(only) || only.starts_with(&path));
            if !is_wanted {
                continue;
            }
            visit(path.clone(), &node)?;
            if let Some(below) = node.subtree.filter(|_| node.is_dir()) {
                self.enter(below, &path, depth + 1, visit)?;
            }
        }
        Ok(())
    }
}

/// The name of a node, which may not lead anywhere else.
fn checked<'a>(node: &'a Node, folder: &Path) -> Result<std::borrow::Cow<'a, OsStr>, RepositoryError> {
    let name = node.name();
    let bytes = name.as_bytes();
    let is_plain =
        !bytes.is_empty() && bytes != b"." && bytes != b".." && !bytes.contains(&b'/') && !bytes.contains(&0);
    is_plain.then_some(name).ok_or_else(|| {
        RepositoryError::damaged(folder.display().to_string(), "a name in it is none of a file")
    })
}
