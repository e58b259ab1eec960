//! Locks in the format of restic, so that it respects ours and we respect its own.
//!
//! Many may hold a lock that is shared, one alone an exclusive one. A lock is a sealed file that its holder replaces
//! every five minutes; one that has not been replaced for thirty, or whose process on this host is gone, counts for
//! nothing. So does one that cannot be read, or it would block for ever.

mod lease;

use std::{sync::Arc, thread, time::Duration};

use jiff::{SignedDuration, Timestamp};
use nix::{
    errno::Errno,
    sys::signal::kill,
    unistd::{Pid, Uid, User, getgid, getuid},
};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

pub(super) use lease::{Lease, Lock};

use super::{Repository, RepositoryError, files::FileError, glue::hash_of, seal::Seal};

/// The folder of locks.
const FOLDER: &str = "locks";
/// A lock that has not been replaced for so long counts for nothing.
const STALE: SignedDuration = SignedDuration::from_mins(30);
/// How often a lock in the way is looked at again.
const POLL: Duration = Duration::from_millis(500);
/// A lock is a few hundred bytes; more is not read.
const LARGEST: u64 = 64 << 10;

/// What a lock says of its holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Holder {
    time: Timestamp,
    exclusive: bool,
    #[serde(default)]
    hostname: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    pid: i32,
    #[serde(default)]
    uid: u32,
    #[serde(default)]
    gid: u32,
}

impl Holder {
    fn this_process(exclusive: bool, now: Timestamp) -> Self {
        let username =
            User::from_uid(Uid::current()).ok().flatten().map(|user| user.name).unwrap_or_default();
        Self {
            time: now,
            exclusive,
            hostname: host_name(),
            username,
            pid: i32::try_from(std::process::id()).unwrap_or_default(),
            uid: getuid().as_raw(),
            gid: getgid().as_raw(),
        }
    }

    /// Whether nobody refreshes it any more.
    fn is_stale(&self, now: Timestamp) -> bool {
        let gone = || self.pid > 0 && kill(Pid::from_raw(self.pid), None) == Err(Errno::ESRCH);
        now.duration_since(self.time) > STALE || (self.hostname == host_name() && gone())
    }

    fn in_the_way(&self) -> RepositoryError {
        RepositoryError::Held {
            by: format!("{}@{} (process {})", self.username, self.hostname, self.pid),
            since: self.time,
            exclusive: self.exclusive,
        }
    }
}

impl Repository {
    /// A lock that others may share, for writing.
    pub(super) fn share(&self, stop: &CancellationToken) -> Result<Lock, RepositoryError> {
        self.lock(false, stop)
    }

    /// A lock that others may share, for reading; none where the place cannot be written at all.
    pub(super) fn share_to_read(&self, stop: &CancellationToken) -> Result<Option<Lock>, RepositoryError> {
        match self.lock(false, stop) {
            Err(RepositoryError::Storage(FileError::Denied { .. } | FileError::Full { .. })) => Ok(None),
            lock => lock.map(Some),
        }
    }

    /// A lock that nobody shares.
    pub(super) fn lock_alone(&self, stop: &CancellationToken) -> Result<Lock, RepositoryError> {
        let lock = self.lock(true, stop)?;
        // Whoever is alone tidies up behind those who were killed.
        for name in self.unreadable_locks()? {
            self.files.remove(&format!("{FOLDER}/{name}"))?;
        }
        self.files.sweep()?;
        Ok(lock)
    }

    fn lock(&self, exclusive: bool, stop: &CancellationToken) -> Result<Lock, RepositoryError> {
        let mut waited = Duration::ZERO;
        loop {
            let error = match self.try_lock(exclusive) {
                Err(held @ RepositoryError::Held { .. }) => held,
                lock => return lock,
            };
            if waited >= self.patience {
                return Err(error);
            }
            if stop.is_cancelled() {
                return Err(RepositoryError::Stopped);
            }
            // Two that see each other's new locks both give way; they come back at different times.
            let wait = POLL + Duration::from_millis(u64::from(std::process::id() % 97));
            thread::sleep(wait);
            waited += wait;
        }
    }

    fn try_lock(&self, exclusive: bool) -> Result<Lock, RepositoryError> {
        self.nobody_in_the_way(exclusive, None)?;
        let seal =
            Seal::new(&self.master.0).ok_or_else(|| RepositoryError::other("the key has a wrong length"))?;
        let holder = Holder::this_process(exclusive, self.clock.now());
        let lock = Lease::take(Arc::clone(&self.files), seal, self.clock.clone(), holder)?;
        // Whoever came between the look and the lock is seen now; on an error the lock is given back.
        self.nobody_in_the_way(exclusive, Some(&lock.name()))?;
        Ok(lock)
    }

    /// Fails with the one in the way; removes what is stale.
    fn nobody_in_the_way(&self, exclusive: bool, mine: Option<&str>) -> Result<(), RepositoryError> {
        let now = self.clock.now();
        for (name, holder) in self.holders()? {
            let Some(holder) = holder.filter(|_| mine != Some(name.as_str())) else { continue };
            if holder.is_stale(now) {
                // On a place that cannot be written it stays, and counts for nothing all the same.
                if let Err(error) = self.files.remove(&format!("{FOLDER}/{name}")) {
                    tracing::debug!(%error, "a stale lock stays");
                }
            } else if exclusive || holder.exclusive {
                return Err(holder.in_the_way());
            }
        }
        Ok(())
    }

    /// The names of locks that cannot be read.
    pub(super) fn unreadable_locks(&self) -> Result<Vec<String>, RepositoryError> {
        let holders = self.holders()?.into_iter();
        Ok(holders.filter(|(_, holder)| holder.is_none()).map(|(name, _)| name).collect())
    }

    /// The locks by the names of their files; nobody where one cannot be read.
    fn holders(&self) -> Result<Vec<(String, Option<Holder>)>, RepositoryError> {
        let seal = Seal::new(&self.master.0);
        let mut holders = Vec::new();
        for (name, size) in self.files.list(FOLDER)? {
            let bytes = match self.files.read(&format!("{FOLDER}/{name}")) {
                // Its holder has replaced it or given it back.
                Err(FileError::NotFound { .. }) => continue,
                Err(other) => return Err(other.into()),
                Ok(bytes) => bytes,
            };
            let holder = (size <= LARGEST && hash_of(&bytes).to_hex().as_str() == name)
                .then(|| seal.as_ref()?.open_file(&bytes, LARGEST))
                .flatten()
                .and_then(|text| serde_json::from_slice(&text).ok());
            if holder.is_none() {
                tracing::warn!(lock = name, "a lock cannot be read and counts for nothing");
            }
            holders.push((name, holder));
        }
        Ok(holders)
    }
}

/// The name of this machine.
pub(super) fn host_name() -> String {
    sysinfo::System::host_name().unwrap_or_else(|_| "localhost".to_owned())
}
