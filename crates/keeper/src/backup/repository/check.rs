//! Finding out what is wrong with a repository before somebody needs it.

mod packs;

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rustic_core::{
    FileType, Id, ReadBackend, TreeId,
    repofile::{IndexFile, IndexPack},
};
use tokio_util::sync::CancellationToken;

use super::{
    Progress, Repository, RepositoryError, Stored, crew,
    glue::{Glue, GlueOptions, path_of},
    tree::Indexed,
};

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Damage {
    /// The file of the repository, or the folder of files that one is missing from.
    pub file: String,
    /// What is wrong with it.
    pub text: String,
}

/// Whether the data is read too, or only what says where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadData {
    /// Only the small files; that every data file is there with its right size; and that every snapshot finds all it
    /// needs. Does not see a changed byte in the data.
    No,
    /// Every byte is read, opened and compared with its hash.
    All,
}

/// What a check has found so far.
struct Findings(Mutex<Vec<Damage>>);

impl Findings {
    fn add(&self, file: impl Into<String>, text: impl Into<String>) {
        let damage = Damage { file: file.into(), text: text.into() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(damage);
    }

    /// Damage is a finding; anything else ends the check.
    fn note<T>(&self, result: Result<T, RepositoryError>) -> Result<Option<T>, RepositoryError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(RepositoryError::Damaged { file, reason }) => {
                self.add(file, reason);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    fn into_damage(self) -> Vec<Damage> {
        let mut damage = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        damage.sort();
        damage.dedup();
        damage
    }
}

impl Repository {
    /// What is wrong with the repository; nothing when it is sound. Fails only when it could not be looked at.
    pub fn check(
        &self,
        read: ReadData,
        progress: &Arc<dyn Progress>,
        stop: &CancellationToken,
    ) -> Result<Vec<Damage>, RepositoryError> {
        let _lock = self.share_to_read(stop)?;
        let findings = Findings(Mutex::default());
        // What is written while this runs is found on neither side: packs are listed last.
        self.check_small_files(&findings, stop)?;
        let readable = self.readable()?;
        for damage in readable.damaged {
            findings.add(damage.file, damage.text);
        }
        let options = GlueOptions { skip_damaged: true, ..GlueOptions::default() };
        let glue = Glue::new(&self.files, options);
        let Some(opened) = findings.note(glue.open(&self.master.0))? else {
            return Ok(findings.into_damage());
        };
        let mut packs: BTreeMap<Id, IndexPack> = BTreeMap::new();
        for index in opened.stream_files::<IndexFile>().map_err(|error| glue.explain(&error))? {
            let Some((_, index)) = findings.note(index.map_err(|error| glue.explain(&error)))? else {
                continue;
            };
            packs.extend(index.packs.into_iter().map(|pack| (*pack.id, pack)));
        }
        let indexed = opened.to_indexed().map_err(|error| glue.explain(&error))?;
        Trees { indexed: &indexed, glue: &glue, findings: &findings, stop, seen: HashSet::new() }
            .check(&readable.snapshots)?;
        packs::check(self, &packs, read, &findings, progress, stop)?;
        Ok(findings.into_damage())
    }

    /// Keys, indexes and locks, which have their hash for a name.
    fn check_small_files(
        &self,
        findings: &Findings,
        stop: &CancellationToken,
    ) -> Result<(), RepositoryError> {
        for name in self.unreadable_locks()? {
            findings.add(format!("locks/{name}"), "it cannot be read; the next prune removes it");
        }
        let glue = Glue::new(&self.files, GlueOptions::default());
        for kind in [FileType::Key, FileType::Index] {
            let ids = glue.list_with_size(kind).map_err(|error| glue.explain(&error))?;
            crew::each(
                &ids,
                stop,
                || Ok(()),
                |(), (id, _)| {
                    findings.note(glue.read_full(kind, id).map_err(|error| glue.explain(&error)))?;
                    Ok(())
                },
            )?;
            if kind == FileType::Key && !ids.iter().any(|(id, _)| *id == self.key) {
                findings.add(
                    path_of(kind, &self.key),
                    "it is not there, and its password opens nothing any more",
                );
            }
        }
        Ok(())
    }
}

/// Walks through what the snapshots are made of.
struct Trees<'a> {
    indexed: &'a Indexed,
    glue: &'a Glue,
    findings: &'a Findings,
    stop: &'a CancellationToken,
    seen: HashSet<TreeId>,
}

impl Trees<'_> {
    fn check(&mut self, snapshots: &[Stored]) -> Result<(), RepositoryError> {
        for snapshot in snapshots {
            let root: Id = snapshot.tree.to_string().parse().unwrap_or_default();
            let mut open = vec![(PathBuf::new(), TreeId::from(root))];
            while let Some((folder, tree)) = open.pop() {
                if self.stop.is_cancelled() {
                    return Err(RepositoryError::Stopped);
                }
                if self.seen.insert(tree) {
                    self.check_tree(snapshot, &folder, tree, &mut open)?;
                }
            }
        }
        Ok(())
    }

    fn check_tree(
        &self,
        snapshot: &Stored,
        folder: &Path,
        tree: TreeId,
        open: &mut Vec<(PathBuf, TreeId)>,
    ) -> Result<(), RepositoryError> {
        let nodes = match self.indexed.get_tree(&tree).map_err(|error| self.glue.explain(&error)) {
            Ok(tree) => tree.nodes,
            Err(RepositoryError::Damaged { file, reason }) => {
                let text = format!(
                    "{reason} (needed for /{} of the snapshot {})",
                    folder.display(),
                    snapshot.id.short()
                );
                self.findings.add(file, text);
                return Ok(());
            }
            Err(other) => return Err(other),
        };
        for node in nodes {
            let path = folder.join(node.name());
            let is_whole = match (node.is_dir(), node.is_file()) {
                (true, _) => node.subtree.map(|below| open.push((path.clone(), below))).is_some(),
                (_, true) => {
                    node.content.iter().flatten().all(|blob| self.indexed.get_index_entry(blob).is_ok())
                }
                _ => true,
            };
            if !is_whole {
                let text = format!(
                    "a part of /{} of the snapshot {} is in no index",
                    path.display(),
                    snapshot.id.short()
                );
                self.findings.add("index", text);
            }
        }
        Ok(())
    }
}
