//! What can go wrong with a repository, in sentences that say what to do.

use jiff::Timestamp;
use thiserror::Error;

use super::files::FileError;

/// Why a repository did not do what it was asked for. Paths of `file` are those inside the repository.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RepositoryError {
    /// No key of it fits the password.
    #[error("the password opens none of the keys of {place}; give it the password it was made with")]
    WrongPassword {
        /// Where it is.
        place: String,
    },
    /// There is none.
    #[error("there is no repository at {place}; check the address, or take a first backup to make one")]
    NotThere {
        /// Where it should be.
        place: String,
    },
    /// There is none where there was one.
    #[error(
        "the repository at {place} is gone, and {known} backup(s) were in it; is its disk mounted? If it is lost \
             for good, give the store another name in the plan, and a new one is made"
    )]
    Gone {
        /// Where it was.
        place: String,
        /// So many backups are known to have been in it.
        known: u64,
    },
    /// There are other files, and no repository.
    #[error("{place} holds files and no repository; choose an empty folder for it")]
    Foreign {
        /// Where they are.
        place: String,
    },
    /// A file is not what was once written.
    #[error("{file} of the repository is damaged: {reason}")]
    Damaged {
        /// Which.
        file: String,
        /// What was seen.
        reason: String,
    },
    /// Somebody else is at work in it.
    #[error("the repository is {} by {by} since {since}; wait for that to end, or run `restic unlock` when it is \
             known to be dead", if *.exclusive { "locked" } else { "in use" })]
    Held {
        /// Host and process.
        by: String,
        /// Since when, as its lock says.
        since: Timestamp,
        /// Whether it wants to be alone.
        exclusive: bool,
    },
    /// The store cannot be read or written.
    #[error(transparent)]
    Storage(#[from] FileError),
    /// Something that should be backed up cannot be read.
    #[error("{at} could not be read: {reason}")]
    Source {
        /// Its path on this machine, or in the snapshot where it has none.
        at: String,
        /// What happened.
        reason: String,
    },
    /// Something could not be written where it should be restored to.
    #[error("{at} could not be restored: {reason}")]
    Target {
        /// Its path on this machine.
        at: String,
        /// What happened.
        reason: String,
    },
    /// The snapshot is not in the repository.
    #[error("there is no snapshot {id}; `keeper backup list` shows those there are")]
    NoSuchSnapshot {
        /// Which.
        id: String,
    },
    /// The path is not in the snapshot.
    #[error("{path} is not in the snapshot {id}")]
    NoSuchPath {
        /// Which.
        path: String,
        /// In which.
        id: String,
    },
    /// There is no such key, or it is the last that fits.
    #[error("the key {id} cannot be removed: {reason}")]
    Key {
        /// Which.
        id: String,
        /// Why.
        reason: String,
    },
    /// It was told to stop.
    #[error("stopped before the end")]
    Stopped,
    /// Its format is newer than this program.
    #[error("{place} has a format that this program does not know; use a newer one")]
    TooNew {
        /// Where it is.
        place: String,
    },
    /// Something else.
    #[error("{reason}")]
    Other {
        /// What happened.
        reason: String,
    },
}

impl RepositoryError {
    /// Whether this says nothing of the repository itself: its store cannot be used now, or somebody else is at work
    /// in it.
    pub fn is_out_of_reach(&self) -> bool {
        matches!(self, Self::Storage(_) | Self::Held { .. } | Self::Stopped)
    }

    /// A file of the repository that is not what it should be.
    pub(super) fn damaged(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Damaged { file: file.into(), reason: reason.into() }
    }

    /// What became of reading a file that has to be there.
    pub(super) fn of_read(file: &str, error: FileError) -> Self {
        match error {
            FileError::NotFound { .. } => Self::damaged(file, "it is not there"),
            FileError::CutOff { .. } => Self::damaged(file, "it ends too early"),
            other => Self::Storage(other),
        }
    }

    /// Something that cannot be backed up.
    pub(super) fn source(at: impl std::fmt::Display, reason: impl std::fmt::Display) -> Self {
        Self::Source { at: at.to_string(), reason: reason.to_string() }
    }

    /// Something that cannot be restored.
    pub(super) fn target(at: &std::path::Path, reason: impl std::fmt::Display) -> Self {
        Self::Target { at: at.display().to_string(), reason: reason.to_string() }
    }

    /// Something that should not happen.
    pub(super) fn other(reason: impl std::fmt::Display) -> Self {
        Self::Other { reason: reason.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_says_what_to_do_or_what_it_is_about() {
        let (place, file, id) = ("/backup".to_owned(), "data/4f/4f1c".to_owned(), "0a1b2c3d".to_owned());
        let since = "2026-03-01T02:00:00Z".parse().unwrap();
        let reason = "it is not there".to_owned();
        let at = "/etc/app".to_owned();
        let errors = [
            RepositoryError::WrongPassword { place: place.clone() },
            RepositoryError::NotThere { place: place.clone() },
            RepositoryError::Foreign { place: place.clone() },
            RepositoryError::Damaged { file, reason: reason.clone() },
            RepositoryError::Held { by: "ann@box (process 7)".to_owned(), since, exclusive: true },
            RepositoryError::Held { by: "ann@box (process 7)".to_owned(), since, exclusive: false },
            RepositoryError::Storage(FileError::Full { place: "/backup/data/4f/4f1c".to_owned() }),
            RepositoryError::Source { at: at.clone(), reason: reason.clone() },
            RepositoryError::Target { at, reason: reason.clone() },
            RepositoryError::NoSuchSnapshot { id: id.clone() },
            RepositoryError::NoSuchPath { path: "databases/app.db".to_owned(), id: id.clone() },
            RepositoryError::Key { id, reason },
            RepositoryError::Stopped,
            RepositoryError::TooNew { place },
        ];
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(texts.join("\n"), @r"
        the password opens none of the keys of /backup; give it the password it was made with
        there is no repository at /backup; check the address, or take a first backup to make one
        /backup holds files and no repository; choose an empty folder for it
        data/4f/4f1c of the repository is damaged: it is not there
        the repository is locked by ann@box (process 7) since 2026-03-01T02:00:00Z; wait for that to end, or run `restic unlock` when it is known to be dead
        the repository is in use by ann@box (process 7) since 2026-03-01T02:00:00Z; wait for that to end, or run `restic unlock` when it is known to be dead
        no space is left for /backup/data/4f/4f1c
        /etc/app could not be read: it is not there
        /etc/app could not be restored: it is not there
        there is no snapshot 0a1b2c3d; `keeper backup list` shows those there are
        databases/app.db is not in the snapshot 0a1b2c3d
        the key 0a1b2c3d cannot be removed: it is not there
        stopped before the end
        /backup has a format that this program does not know; use a newer one
        ");
    }
}
