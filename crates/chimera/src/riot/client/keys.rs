//! The key in use, what Riot thinks of it, and how it is replaced while calls run.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chassis::Secret;
use reqwest::header::HeaderValue;
use tokio::time::Instant;

use crate::riot::RiotError;

/// A refused key is not shown to Riot again for so long: who keeps knocking is blocked.
const REST: Duration = Duration::from_secs(60);

/// The key of a client.
#[derive(Debug)]
pub(super) struct Keys {
    current: Mutex<Option<Arc<Key>>>,
    /// How often Riot took a key.
    accepted: AtomicU64,
}

/// One key, as a header that does not print.
#[derive(Debug)]
pub(super) struct Key {
    header: HeaderValue,
    refused_at: Mutex<Option<Instant>>,
}

impl Keys {
    pub(super) fn new(key: &Secret) -> Self {
        Self { current: Mutex::new(Key::read(key)), accepted: AtomicU64::new(0) }
    }

    pub(super) fn set(&self, key: &Secret) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Key::read(key);
    }

    /// The key to send with.
    pub(super) fn current(&self) -> Result<Arc<Key>, RiotError> {
        let key = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let key = key.ok_or(RiotError::KeyMissing)?;
        let refused_at = *key.refused_at.lock().unwrap_or_else(PoisonError::into_inner);
        match refused_at {
            Some(at) if at.elapsed() < REST => Err(RiotError::KeyRejected),
            _ => Ok(key),
        }
    }

    /// A number that grows each time Riot takes the key.
    pub(super) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    pub(super) fn note_accepted(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }
}

impl Key {
    /// `None` when the text is none or cannot be sent.
    fn read(key: &Secret) -> Option<Arc<Self>> {
        // A key with a line end in it comes from a file that was pasted; the end is not part of it.
        let text = key.expose().trim();
        let mut header = HeaderValue::from_str(text).ok().filter(|_| !text.is_empty())?;
        header.set_sensitive(true);
        Some(Arc::new(Self { header, refused_at: Mutex::new(None) }))
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// Riot refused this key. Says whether that is news.
    pub(super) fn refuse(&self) -> bool {
        self.refused_at.lock().unwrap_or_else(PoisonError::into_inner).replace(Instant::now()).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_key_rests_and_a_new_one_goes_at_once() {
        let keys = Keys::new(&secret("RGAPI-old"));
        assert!(keys.current().unwrap().refuse());
        assert_eq!(keys.current().unwrap_err(), RiotError::KeyRejected);
        keys.set(&secret("RGAPI-new"));
        assert!(keys.current().is_ok());
        assert!(keys.current().unwrap().refuse());
        tokio::time::advance(REST).await;
        let again = keys.current().unwrap();
        assert!(!again.refuse());
    }

    #[test]
    fn what_is_no_key_is_missing_and_a_key_does_not_print() {
        for text in ["", "  ", "\n", "a\u{0}b", "钥匙\n1"] {
            let keys = Keys::new(&secret(text));
            let is_sendable = HeaderValue::from_str(text.trim()).is_ok() && !text.trim().is_empty();
            assert_eq!(keys.current().is_ok(), is_sendable, "{text:?}");
        }
        let keys = Keys::new(&secret("RGAPI-hunter2\n"));
        assert_eq!(keys.current().unwrap().header().to_str().unwrap(), "RGAPI-hunter2");
        assert!(!format!("{keys:?}").contains("hunter2"));
    }
}
