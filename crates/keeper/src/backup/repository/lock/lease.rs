//! A lock that is held: replaced from time to time, given back at the end.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use chassis::Clock;
use jiff::{SignedDuration, Timestamp};

use super::{FOLDER, Holder};
use crate::backup::repository::{RepositoryError, files::Files, glue::hash_of, seal::Seal};

/// How often a lock is replaced.
const REFRESH: Duration = Duration::from_secs(5 * 60);
/// How soon that is tried again when it failed.
const RETRY: Duration = Duration::from_secs(30);
/// A lock that could not be replaced for so long may be taken for dead by others, so nothing is written any more.
const LOST: SignedDuration = SignedDuration::from_mins(25);

/// A lock of this process.
pub(in super::super) struct Lease {
    files: Arc<dyn Files>,
    seal: Seal,
    clock: Clock,
    holder: Holder,
    state: Mutex<State>,
    is_over: AtomicBool,
}

struct State {
    name: String,
    refreshed_at: Timestamp,
}

/// Holds a lease until it is dropped.
pub(in super::super) struct Lock {
    lease: Arc<Lease>,
    end: Option<Sender<()>>,
    refresher: Option<JoinHandle<()>>,
}

impl Lease {
    /// Writes the lock and keeps it fresh.
    pub(super) fn take(
        files: Arc<dyn Files>,
        seal: Seal,
        clock: Clock,
        holder: Holder,
    ) -> Result<Lock, RepositoryError> {
        let refreshed_at = holder.time;
        let name = put(&files, &seal, &holder)?;
        let state = Mutex::new(State { name, refreshed_at });
        let lease = Arc::new(Self { files, seal, clock, holder, state, is_over: AtomicBool::new(false) });
        let (end, ended) = mpsc::channel();
        let kept = Arc::clone(&lease);
        let refresher = thread::Builder::new().name("repository-lock".to_owned()).spawn(move || {
            let mut wait = REFRESH;
            while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                wait = match kept.refresh() {
                    Ok(()) => REFRESH,
                    Err(error) => {
                        tracing::warn!(%error, "the lock of a repository could not be refreshed");
                        RETRY
                    }
                };
            }
        });
        let mut lock = Lock { lease, end: Some(end), refresher: None };
        // On an error the lock is given back.
        lock.refresher = Some(refresher.map_err(RepositoryError::other)?);
        Ok(lock)
    }

    /// Whether others still respect it.
    pub(in super::super) fn is_ours(&self) -> bool {
        let refreshed_at = self.state.lock().unwrap_or_else(PoisonError::into_inner).refreshed_at;
        !self.is_over.load(Ordering::SeqCst) && self.clock.now().duration_since(refreshed_at) < LOST
    }

    /// Replaces the file by one with the time of now.
    pub(super) fn refresh(&self) -> Result<(), RepositoryError> {
        let holder = Holder { time: self.clock.now(), ..self.holder.clone() };
        let name = put(&self.files, &self.seal, &holder)?;
        let old = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.refreshed_at = holder.time;
            std::mem::replace(&mut state.name, name)
        };
        Ok(self.files.remove(&format!("{FOLDER}/{old}"))?)
    }

    fn give_back(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        let name = self.state.lock().unwrap_or_else(PoisonError::into_inner).name.clone();
        if let Err(error) = self.files.remove(&format!("{FOLDER}/{name}")) {
            tracing::warn!(%error, "the lock of a repository could not be given back; it ends with this process");
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lease").field("holder", &self.holder).finish_non_exhaustive()
    }
}

impl Lock {
    /// The lease that tasks look at before they write.
    pub(in super::super) fn lease(&self) -> Arc<Lease> {
        Arc::clone(&self.lease)
    }

    /// The name of its file.
    pub(super) fn name(&self) -> String {
        self.lease.state.lock().unwrap_or_else(PoisonError::into_inner).name.clone()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The refresher may be in the middle of a replacement, after which the file has another name.
        self.end.take();
        if let Some(refresher) = self.refresher.take() {
            let _ = refresher.join();
        }
        self.lease.give_back();
    }
}

fn put(files: &Arc<dyn Files>, seal: &Seal, holder: &Holder) -> Result<String, RepositoryError> {
    let text = serde_json::to_vec(holder).map_err(RepositoryError::other)?;
    let sealed = seal.close(&text).ok_or_else(|| RepositoryError::other("a lock could not be sealed"))?;
    let name = hash_of(&sealed).to_hex().to_string();
    files.write(&format!("{FOLDER}/{name}"), &[sealed.into()])?;
    Ok(name)
}
