//! What a restore keeps in mind of each file, folder or link, once it is known where its content goes: the library's
//! own nodes take three times the memory, and a snapshot may have millions.

use std::path::PathBuf;

use jiff::Timestamp;
use rustic_core::repofile::{Node, NodeType};

/// A file, folder, link or the like.
pub(super) struct Entry {
    /// Inside the snapshot.
    pub path: PathBuf,
    /// What it is.
    pub kind: NodeType,
    /// Size of the content of a file.
    pub size_bytes: u64,
    /// Whether anything is written into it.
    pub has_content: bool,
    /// By which files that are one file under several names are known: their device and number there.
    pub link: Option<(u64, u64)>,
    /// Permissions, as Go writes them.
    pub mode: Option<u32>,
    /// Owner.
    pub user: Option<u32>,
    /// Group of the owner.
    pub group: Option<u32>,
    /// When it was changed and read last.
    pub times: Option<(Timestamp, Timestamp)>,
    /// Names and values of extended attributes.
    pub attributes: Vec<(String, Vec<u8>)>,
}

impl Entry {
    pub(super) fn of(path: PathBuf, node: &Node) -> Self {
        let meta = &node.meta;
        Self {
            path,
            kind: node.node_type.clone(),
            size_bytes: if node.is_file() { meta.size } else { 0 },
            has_content: node.content.as_ref().is_some_and(|content| !content.is_empty()),
            link: (node.is_file() && meta.links > 1 && meta.inode != 0)
                .then_some((meta.device_id, meta.inode)),
            mode: meta.mode,
            user: meta.uid,
            group: meta.gid,
            times: meta.mtime.map(|modified_at| (modified_at, meta.atime.unwrap_or(modified_at))),
            attributes: meta
                .extended_attributes
                .iter()
                .map(|attribute| (attribute.name.clone(), attribute.value.clone().unwrap_or_default()))
                .collect(),
        }
    }

    pub(super) fn is_folder(&self) -> bool {
        matches!(self.kind, NodeType::Dir)
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self.kind, NodeType::File)
    }

    pub(super) fn is_symlink(&self) -> bool {
        matches!(self.kind, NodeType::Symlink { .. })
    }
}
