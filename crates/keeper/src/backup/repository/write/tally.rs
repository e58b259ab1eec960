//! Counts what is sent to the library, and remembers the first thing that went wrong on the way.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use tokio_util::sync::CancellationToken;

use crate::backup::repository::RepositoryError;

/// What was sent so far.
#[derive(Debug)]
pub(super) struct Tally {
    stop: CancellationToken,
    broken: CancellationToken,
    files: AtomicU64,
    bytes: AtomicU64,
    vanished: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failed: Option<RepositoryError>,
    streams: Vec<(String, Reading)>,
}

/// How far a stream was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    NotOpened,
    Begun,
    Whole,
}

impl Tally {
    /// Nothing more is read once one of these is cancelled: by somebody, or because the store has failed.
    pub(super) fn new(stop: CancellationToken, broken: CancellationToken) -> Self {
        let state = Mutex::default();
        Self {
            stop,
            broken,
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            vanished: AtomicU64::new(0),
            state,
        }
    }

    /// An entry that is no folder is sent.
    pub(super) fn send(&self, bytes: u64) {
        self.files.fetch_add(1, Ordering::SeqCst);
        self.bytes.fetch_add(bytes, Ordering::SeqCst);
    }

    /// A stream is sent; gives the number by which it is known.
    pub(super) fn send_stream(&self, at: &str, bytes: u64) -> usize {
        self.send(bytes);
        let mut state = self.state();
        state.streams.push((at.to_owned(), Reading::NotOpened));
        state.streams.len() - 1
    }

    /// An entry that was sent is gone.
    pub(super) fn take_back(&self, bytes: u64) {
        self.files.fetch_sub(1, Ordering::SeqCst);
        self.bytes.fetch_sub(bytes, Ordering::SeqCst);
        self.vanish();
    }

    /// An entry was gone before it could be sent.
    pub(super) fn vanish(&self) {
        self.vanished.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn begin(&self, stream: usize) {
        self.set(stream, Reading::Begun);
    }

    pub(super) fn end(&self, stream: usize) {
        self.set(stream, Reading::Whole);
    }

    /// Something went wrong; the first time counts.
    pub(super) fn fail(&self, error: RepositoryError) {
        self.state().failed.get_or_insert(error);
    }

    /// Why nothing more should be read.
    pub(super) fn failed(&self) -> Option<RepositoryError> {
        let failed = self.state().failed.clone();
        failed.or_else(|| {
            (self.stop.is_cancelled() || self.broken.is_cancelled()).then_some(RepositoryError::Stopped)
        })
    }

    /// Files and bytes.
    pub(super) fn sent(&self) -> (u64, u64) {
        (self.files.load(Ordering::SeqCst), self.bytes.load(Ordering::SeqCst))
    }

    pub(super) fn vanished(&self) -> u64 {
        self.vanished.load(Ordering::SeqCst)
    }

    /// The streams that were not opened. Fails when one was opened and not read to its end.
    pub(super) fn unread(&self) -> Result<Vec<String>, RepositoryError> {
        let state = self.state();
        if let Some((at, _)) = state.streams.iter().find(|(_, reading)| *reading == Reading::Begun) {
            return Err(RepositoryError::source(at, "it was not read to its end"));
        }
        let unread = state.streams.iter().filter(|(_, reading)| *reading == Reading::NotOpened);
        Ok(unread.map(|(at, _)| at.clone()).collect())
    }

    fn set(&self, stream: usize, reading: Reading) {
        if let Some(entry) = self.state().streams.get_mut(stream) {
            entry.1 = reading;
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
