//! Owners, permissions, times, links and what is no file.

use std::{
    collections::HashMap,
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use jiff::Timestamp;
use nix::{
    errno::Errno,
    fcntl::{AT_FDCWD, AtFlags},
    sys::stat::{Mode, SFlag, UtimensatFlags, mknod, utimensat},
    sys::time::TimeSpec,
    unistd::{Gid, Uid, fchownat},
};
use rustic_core::repofile::NodeType;

use super::entry::Entry;
use crate::backup::repository::RepositoryError;

/// Bits of a mode as Go, and so restic, writes them.
const SET_USER: u32 = 1 << 23;
const SET_GROUP: u32 = 1 << 22;
const STICKY: u32 = 1 << 20;

/// Makes links and the like, and sets what belongs to everything but folders; gives the number of what could not be
/// set for want of a right.
pub(super) fn set_files(root: &Path, entries: &[Entry]) -> Result<u64, RepositoryError> {
    let (mut unset, mut linked) = (0, HashMap::new());
    for entry in entries.iter().filter(|entry| !entry.is_folder()) {
        let path = root.join(&entry.path);
        let failed = |error: std::io::Error| RepositoryError::target(&path, error);
        if let Some(first) = entry.link.and_then(|key| linked.insert(key, path.clone())) {
            fs::hard_link(&first, &path).map_err(failed)?;
            continue;
        }
        if !make_special(&path, &entry.kind).map_err(failed)? {
            unset += 1;
            continue;
        }
        unset += set(&path, entry).map_err(failed)?;
    }
    Ok(unset)
}

/// Sets what belongs to folders, those inside others first, because a file that is made changes the time of its
/// folder.
pub(super) fn set_folders(root: &Path, entries: &[Entry]) -> Result<u64, RepositoryError> {
    let mut unset = 0;
    for entry in entries.iter().rev().filter(|entry| entry.is_folder()) {
        let path = root.join(&entry.path);
        unset += set(&path, entry).map_err(|error| RepositoryError::target(&path, error))?;
    }
    Ok(unset)
}

/// False where only an administrator could make it. Sockets are made by those who listen to them.
fn make_special(path: &Path, kind: &NodeType) -> std::io::Result<bool> {
    let (kind, device) = match kind {
        NodeType::File | NodeType::Dir => return Ok(true),
        NodeType::Symlink { .. } => return symlink(kind.to_link(), path).map(|()| true),
        NodeType::Socket => return Ok(false),
        NodeType::Fifo => (SFlag::S_IFIFO, 0),
        NodeType::Dev { device } => (SFlag::S_IFBLK, *device),
        NodeType::Chardev { device } => (SFlag::S_IFCHR, *device),
    };
    match mknod(path, kind, Mode::S_IRUSR | Mode::S_IWUSR, device) {
        Err(Errno::EPERM | Errno::EACCES) => Ok(false),
        made => Ok(made.map(|()| true)?),
    }
}

fn set(path: &Path, entry: &Entry) -> std::io::Result<u64> {
    let mut unset = 0;
    let (owner, group) = (entry.user.map(Uid::from_raw), entry.group.map(Gid::from_raw));
    if owner.is_some() || group.is_some() {
        unset += allowed(fchownat(AT_FDCWD, path, owner, group, AtFlags::AT_SYMLINK_NOFOLLOW))?;
    }
    for (name, value) in &entry.attributes {
        let errno = xattr::set(path, name, value)
            .map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw));
        unset += allowed(errno)?;
    }
    if let Some(mode) = entry.mode.filter(|_| !entry.is_symlink()) {
        fs::set_permissions(path, Permissions::from_mode(mode_of(mode)))?;
    }
    if let Some((modified_at, read_at)) = entry.times {
        let (read, modified) = (time_of(read_at), time_of(modified_at));
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
