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
use rustic_core::Id;
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
            if name.parse::<Id>().is_err() {
                // Restic is just writing one, under another name.
                continue;
            }
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

#[cfg(test)]
mod tests {
    use chassis::{Clock, Secret};
    use tempfile::TempDir;

    use super::*;
    use crate::backup::repository::FolderFiles;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn holder(hostname: &str, pid: i32, exclusive: bool) -> Holder {
        let (username, time) = ("ann".to_owned(), at("2026-03-01T12:00:00Z"));
        Holder { time, exclusive, hostname: hostname.to_owned(), username, pid, uid: 0, gid: 0 }
    }

    /// A process that has just ended.
    fn dead() -> i32 {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        i32::try_from(child.id()).unwrap()
    }

    fn repository(clock: &Clock) -> (TempDir, Repository) {
        let folder = tempfile::tempdir().unwrap();
        let files = Arc::new(FolderFiles::new(folder.path()));
        let repository = Repository::open_or_create(files, &Secret::new("password".to_owned())).unwrap();
        (folder, repository.with_clock(clock.clone()).with_patience(Duration::ZERO))
    }

    fn put(repository: &Repository, text: &[u8]) -> String {
        let sealed = Seal::new(&repository.master.0).unwrap().close(text).unwrap();
        let name = hash_of(&sealed).to_hex().to_string();
        repository.files.write(&format!("{FOLDER}/{name}"), &[sealed.into()]).unwrap();
        name
    }

    #[test]
    fn a_lock_goes_stale_by_its_age_or_with_its_process() {
        let check = |holder: Holder, now: &str, expected: bool| {
            assert_eq!(holder.is_stale(at(now)), expected, "{holder:?} at {now}");
        };
        let me = i32::try_from(std::process::id()).unwrap();
        check(holder("elsewhere", dead(), true), "2026-03-01T12:29:59Z", false);
        check(holder("elsewhere", dead(), true), "2026-03-01T12:30:01Z", true);
        check(holder("elsewhere", dead(), true), "2026-03-01T09:00:00Z", false);
        check(holder(&host_name(), me, true), "2026-03-01T12:29:59Z", false);
        check(holder(&host_name(), me, true), "2026-03-01T12:30:01Z", true);
        check(holder(&host_name(), dead(), false), "2026-03-01T12:00:01Z", true);
    }

    #[test]
    fn a_lock_of_another_machine_is_respected_until_it_is_stale() {
        let clock = Clock::fixed(at("2026-03-01T12:00:10Z"));
        let (_folder, repository) = repository(&clock);
        let stop = CancellationToken::new();
        // As restic writes it, in its own zone; later versions pack it.
        let text = br#"{"time":"2026-03-01T13:00:00.5+01:00","exclusive":true,"hostname":"elsewhere","username":"ann","pid":7,"uid":1,"gid":1}"#;
        let packed = [&[2], zstd::encode_all(&text[..], 0).unwrap().as_slice()].concat();
        for text in [&text[..], &packed] {
            let name = put(&repository, text);
            for error in [repository.share(&stop).err(), repository.lock_alone(&stop).err()] {
                let text = error.unwrap().to_string();
                let expected = "the repository is locked by ann@elsewhere (process 7) since 2026-03-01T12:00:00.5Z; \
                                wait for that to end, or run `restic unlock` when it is known to be dead";
                assert_eq!(text, expected);
            }
            assert_eq!(repository.files.list(FOLDER).unwrap().len(), 1);
            let later = Clock::fixed(at("2026-03-01T12:31:00Z"));
            let lock = repository.clone().with_clock(later).share(&stop).unwrap();
            assert!(!repository.files.list(FOLDER).unwrap().iter().any(|(found, _)| *found == name));
            drop(lock);
            assert_eq!(repository.files.list(FOLDER).unwrap(), []);
        }
        let shared = String::from_utf8(text.to_vec()).unwrap().replace("true", "false");
        put(&repository, shared.as_bytes());
        drop(repository.share(&stop).unwrap());
        let text = repository.lock_alone(&stop).err().unwrap().to_string();
        assert!(text.starts_with("the repository is in use by ann@elsewhere"), "{text}");
    }

    #[test]
    fn a_lock_is_replaced_while_it_is_held_and_lost_when_it_is_not() {
        let clock = Clock::fixed(at("2026-03-01T12:00:00Z"));
        let (_folder, repository) = repository(&clock);
        let lock = repository.share(&CancellationToken::new()).unwrap();
        let first = lock.name();
        clock.advance(Duration::from_secs(24 * 60));
        assert!(lock.lease().is_ours());
        lock.lease().refresh().unwrap();
        assert_ne!(lock.name(), first);
        let locks = repository.holders().unwrap();
        let [(name, Some(holder))] = locks.as_slice() else { panic!("{locks:?}") };
        assert_eq!((name, holder.time), (&lock.name(), clock.now()));
        clock.advance(Duration::from_secs(24 * 60));
        assert!(lock.lease().is_ours());
        clock.advance(Duration::from_secs(2 * 60));
        assert!(!lock.lease().is_ours());
        let lease = lock.lease();
        drop(lock);
        assert!(!lease.is_ours());
        assert_eq!(repository.files.list(FOLDER).unwrap(), []);
    }

    #[test]
    fn a_place_that_cannot_be_written_can_be_read_all_the_same() {
        use crate::backup::repository::files::Files;

        #[derive(Debug)]
        struct ReadOnly(Arc<dyn Files>);

        impl Files for ReadOnly {
            fn place(&self) -> String {
                self.0.place()
            }

            fn list(&self, folder: &str) -> Result<Vec<(String, u64)>, FileError> {
                self.0.list(folder)
            }

            fn read(&self, path: &str) -> Result<bytes::Bytes, FileError> {
                self.0.read(path)
            }

            fn read_range(&self, path: &str, offset: u64, length: u64) -> Result<bytes::Bytes, FileError> {
                self.0.read_range(path, offset, length)
            }

            fn write(&self, path: &str, _: &[bytes::Bytes]) -> Result<(), FileError> {
                Err(FileError::Denied { place: path.to_owned(), reason: "it is read-only".to_owned() })
            }

            fn remove(&self, path: &str) -> Result<(), FileError> {
                Err(FileError::Denied { place: path.to_owned(), reason: "it is read-only".to_owned() })
            }
        }

        let clock = Clock::fixed(at("2026-03-01T12:40:00Z"));
        let (_folder, repository) = repository(&clock);
        let stop = CancellationToken::new();
        let read_only =
            Repository { files: Arc::new(ReadOnly(Arc::clone(&repository.files))), ..repository.clone() };
        put(&repository, &serde_json::to_vec(&holder("elsewhere", 7, true)).unwrap());
        assert!(read_only.share_to_read(&stop).unwrap().is_none());
        assert!(matches!(
            read_only.share(&stop).err(),
            Some(RepositoryError::Storage(FileError::Denied { .. }))
        ));
        put(&repository, &serde_json::to_vec(&Holder::this_process(true, clock.now())).unwrap());
        assert!(matches!(read_only.share_to_read(&stop).err(), Some(RepositoryError::Held { .. })));
    }
}
