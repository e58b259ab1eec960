//! Some threads that work on one list.

use std::{
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use tokio_util::sync::CancellationToken;

use super::RepositoryError;

/// Fewer would leave a store across a network idle, more would want much memory.
const WORKERS: (usize, usize) = (4, 16);

/// Does something with every item, each worker with a state of its own. The first error, or a stop, ends it.
pub(super) fn each<T: Sync, S>(
    items: &[T],
    stop: &CancellationToken,
    begin: impl Fn() -> Result<S, RepositoryError> + Sync,
    act: impl Fn(&mut S, &T) -> Result<(), RepositoryError> + Sync,
) -> Result<(), RepositoryError> {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
    let work = || -> Result<(), RepositoryError> {
        let mut state = begin()?;
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            if stop.is_cancelled() {
                return Err(RepositoryError::Stopped);
            }
            act(&mut state, item)?;
        }
        Ok(())
    };
    let workers = thread::available_parallelism().map_or(1, NonZero::get).clamp(WORKERS.0, WORKERS.1);
    thread::scope(|scope| {
        for _ in 0..workers.min(items.len()) {
            scope.spawn(|| {
                if let Err(error) = work() {
                    next.store(items.len(), Ordering::Relaxed);
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            });
        }
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}
