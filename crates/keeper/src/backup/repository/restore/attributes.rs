//! Owners, permissions, times, links and what is no file.

use std::{
    collections::HashMap,
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use nix::{
    errno::Errno,
    fcntl::{AT_FDCWD, AtFlags},
    sys::stat::{Mode, SFlag, UtimensatFlags, mknod, utimensat},
    sys::time::TimeSpec,
    unistd::{Gid, Uid, fchownat},
};
use rustic_core::repofile::{Node, NodeType};

use crate::backup::repository::RepositoryError;

/// Bits of a mode as Go, and so restic, writes them.
const SET_USER: u32 = 1 << 23;
const SET_GROUP: u32 = 1 << 22;
const STICKY: u32 = 1 << 20;

/// By which files that are one file under several names are known.
pub(super) fn link_of(node: &Node) -> Option<(u64, u64)> {
    let meta = &node.meta;
    (node.is_file() && meta.links > 1 && meta.inode != 0).then_some((meta.device_id, meta.inode))
}

/// Makes links and the like, and sets what belongs to everything but folders; gives the number of what could not be
/// set for want of a right.
pub(super) fn set_files(root: &Path, nodes: &[(PathBuf, Node)]) -> Result<u64, RepositoryError> {
    let (mut unset, mut linked) = (0, HashMap::new());
    for (path, node) in nodes.iter().filter(|(_, node)| !node.is_dir()) {
        let path = root.join(path);
        let failed = |error: std::io::Error| RepositoryError::target(&path, error);
        if let Some(first) = link_of(node).and_then(|key| linked.insert(key, path.clone())) {
            fs::hard_link(&first, &path).map_err(failed)?;
            continue;
        }
        if !make_special(&path, node).map_err(failed)? {
            unset += 1;
            continue;
        }
        unset += set(&path, node).map_err(failed)?;
    }
    Ok(unset)
}

/// Sets what belongs to folders, those inside others first, because a file that is made changes the time of its
/// folder.
pub(super) fn set_folders(root: &Path, nodes: &[(PathBuf, Node)]) -> Result<u64, RepositoryError> {
    let mut unset = 0;
    for (path, node) in nodes.iter().rev().filter(|(_, node)| node.is_dir()) {
        let path = root.join(path);
        unset += set(&path, node).map_err(|error| RepositoryError::target(&path, error))?;
    }
    Ok(unset)
}

/// False where only an administrator could make it. Sockets are made by those who listen to them.
fn make_special(path: &Path, node: &Node) -> std::io::Result<bool> {
    let kind = match &node.node_type {
        NodeType::File | NodeType::Dir => return Ok(true),
        NodeType::Symlink { .. } => return symlink(node.node_type.to_link(), path).map(|()| true),
        NodeType::Socket => return Ok(false),
        NodeType::Fifo => (SFlag::S_IFIFO, 0),
        NodeType::Dev { device } => (SFlag::S_IFBLK, *device),
        NodeType::Chardev { device } => (SFlag::S_IFCHR, *device),
    };
    match mknod(path, kind.0, Mode::S_IRUSR | Mode::S_IWUSR, kind.1) {
        Err(Errno::EPERM | Errno::EACCES) => Ok(false),
        made => Ok(made.map(|()| true)?),
    }
}

fn set(path: &Path, node: &Node) -> std::io::Result<u64> {
    let (meta, mut unset) = (&node.meta, 0);
    let (owner, group) = (meta.uid.map(Uid::from_raw), meta.gid.map(Gid::from_raw));
    if owner.is_some() || group.is_some() {
        unset += allowed(fchownat(AT_FDCWD, path, owner, group, AtFlags::AT_SYMLINK_NOFOLLOW))?;
    }
    for attribute in &meta.extended_attributes {
        let value = attribute.value.as_deref().unwrap_or_default();
        let errno = xattr::set(path, &attribute.name, value)
            .map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw));
        unset += allowed(errno)?;
    }
    if let Some(mode) = meta.mode.filter(|_| !node.is_symlink()) {
        fs::set_permissions(path, Permissions::from_mode(mode_of(mode)))?;
    }
    if let Some(modified_at) = meta.mtime {
        let (read, modified) = (time_of(meta.atime.unwrap_or(modified_at)), time_of(modified_at));
        utimensat(AT_FDCWD, path, &read, &modified, UtimensatFlags::NoFollowSymlink)?;
    }
    Ok(unset)
}

/// Counts what this user or file system may not do.
fn allowed(result: Result<(), Errno>) -> std::io::Result<u64> {
    match result {
        Ok(()) => Ok(0),
        Err(Errno::EPERM | Errno::EACCES | Errno::ENOTSUP | Errno::EINVAL) => Ok(1),
        Err(other) => Err(other.into()),
    }
}

fn mode_of(go: u32) -> u32 {
    let bit = |of: u32, is: u32| if go & of == 0 { 0 } else { is };
    (go & 0o777) | bit(SET_USER, 0o4000) | bit(SET_GROUP, 0o2000) | bit(STICKY, 0o1000)
}

fn time_of(at: Timestamp) -> TimeSpec {
    let nanoseconds = at.as_nanosecond();
    let (seconds, rest) = (nanoseconds.div_euclid(1_000_000_000), nanoseconds.rem_euclid(1_000_000_000));
    TimeSpec::new(i64::try_from(seconds).unwrap_or_default(), i64::try_from(rest).unwrap_or_default())
}
