//! One turn at a time on a branch: later ones wait in line, but not too many of them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::OwnedMutexGuard;

use crate::ids::SessionId;

/// A branch as requests name it, so that it can be held before it is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place(SessionId, String);

impl Place {
    pub(super) fn of(session: &SessionId, branch: &str) -> Self {
        Self(session.clone(), branch.to_owned())
    }
}

#[derive(Default)]
struct Line {
    lock: Arc<tokio::sync::Mutex<()>>,
    waiting: AtomicUsize,
}

/// The lines in front of all branches that are being played.
#[derive(Clone)]
pub(super) struct BranchLocks {
    lines: Arc<Mutex<HashMap<Place, Arc<Line>>>>,
    most_waiting: usize,
}

/// Held while a turn is played; the next in line goes on when it is dropped.
pub(super) struct BranchGuard {
    branch: Place,
    locks: BranchLocks,
    line: Arc<Line>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl BranchLocks {
    pub(super) fn new(most_waiting: usize) -> Self {
        Self { lines: Arc::default(), most_waiting }
    }

    /// Waits for the branch, in order of arrival. `Err` carries how many wait already.
    pub(super) async fn acquire(&self, branch: &Place) -> Result<BranchGuard, usize> {
        let line = {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(lines.entry(branch.clone()).or_default())
        };
        let ahead = line.waiting.fetch_add(1, Ordering::SeqCst);
        let mut guard = BranchGuard { branch: branch.clone(), locks: self.clone(), line, guard: None };
        // The one that plays counts as well, so `ahead` of them include it.
        if ahead > self.most_waiting {
            return Err(ahead - 1);
        }
        let lock = Arc::clone(&guard.line.lock);
        guard.guard = Some(lock.lock_owned().await);
        Ok(guard)
    }

    #[cfg(test)]
    fn lines(&self) -> usize {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Drop for BranchGuard {
    fn drop(&mut self) {
        self.guard.take();
        let mut lines = self.locks.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if self.line.waiting.fetch_sub(1, Ordering::SeqCst) == 1 {
            lines.remove(&self.branch);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_branch_is_played_by_one_and_forgotten_afterwards() {
        let locks = BranchLocks::new(1);
        let branch = Place::of(&SessionId("s".to_owned()), "b");
        let first = locks.acquire(&branch).await.unwrap();
        let waiting = tokio::spawn({
            let (locks, branch) = (locks.clone(), branch.clone());
            async move { locks.acquire(&branch).await.map(|_| ()) }
        });
        while first.line.waiting.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(locks.acquire(&branch).await.err(), Some(1), "one waits, a second may not");
        assert!(!waiting.is_finished());
        drop(first);
        assert_eq!(waiting.await.unwrap(), Ok(()));
        assert_eq!(locks.lines(), 0);
    }

    #[tokio::test]
    async fn other_branches_do_not_wait() {
        let locks = BranchLocks::new(0);
        let session = SessionId("s".to_owned());
        let _first = locks.acquire(&Place::of(&session, "a")).await.unwrap();
        assert!(locks.acquire(&Place::of(&session, "b")).await.is_ok());
        assert!(locks.acquire(&Place::of(&SessionId("t".to_owned()), "a")).await.is_ok());
    }
}
