//! Moves what was built to where it belongs.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::Path,
};

use crate::backup::repository::RepositoryError;

/// Fails before anything is moved when a folder would have to become a file, or the other way round.
pub(super) fn check(from: &Path, to: &Path) -> Result<(), RepositoryError> {
    each(from, to, &|source, target, both_folders| match target.symlink_metadata() {
        _ if both_folders => check(source, target),
        Ok(there) if there.is_dir() => {
            Err(RepositoryError::target(target, "a folder is there, and the backup has none"))
        }
        Ok(_) if is_folder(source) => {
            Err(RepositoryError::target(target, "a file or link is there, and the backup has a folder"))
        }
        Err(error) if error.kind() != ErrorKind::NotFound => Err(RepositoryError::target(target, error)),
        _ => Ok(()),
    })
}

/// Moves everything, into the folders that are there already.
pub(super) fn merge(from: &Path, to: &Path) -> Result<(), RepositoryError> {
    each(from, to, &|source, target, both_folders| {
        if both_folders {
            return merge(source, target);
        }
        fs::rename(source, target).map_err(|error| RepositoryError::target(target, error))
    })
}

/// Brings everything to the disk before it takes the place of something.
pub(super) fn to_disk(folder: &Path) -> Result<(), RepositoryError> {
    File::open(folder)
        .and_then(|file| Ok(nix::unistd::syncfs(file)?))
        .map_err(|error| RepositoryError::target(folder, error))
}

fn each(
    from: &Path,
    to: &Path,
    act: &dyn Fn(&Path, &Path, bool) -> Result<(), RepositoryError>,
) -> Result<(), RepositoryError> {
    let failed = |error: std::io::Error| RepositoryError::target(from, error);
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let target = to.join(entry.file_name());
        act(&entry.path(), &target, is_folder(&entry.path()) && is_folder(&target))?;
    }
    Ok(())
}

fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|there| there.is_dir())
}
