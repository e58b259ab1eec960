//! A job as it is declared, as it is handed to a worker, and as people look at it.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::JobsError;
use crate::retry::Failure;

const KIND_CHARACTERS: usize = 64;
const KEY_BYTES: usize = 256;
/// Priorities beyond this are taken as this.
const PRIORITY_LIMIT: i32 = 100;

/// The id of a job: a version 7 UUID as text, so that ids sort by the time they were made.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub String);

impl JobId {
    pub(crate) fn generate() -> Self {
        JobId(uuid::Uuid::now_v7().to_string())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A job to be enqueued.
#[derive(Clone)]
pub struct NewJob {
    pub(crate) kind: String,
    pub(crate) payload: String,
    pub(crate) key: Option<String>,
    pub(crate) key_window: Option<Duration>,
    pub(crate) priority: i32,
    pub(crate) delay: Duration,
    pub(crate) max_attempts: Option<u32>,
}

/// Without the payload, which may hold what should not be logged.
impl fmt::Debug for NewJob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NewJob")
            .field("kind", &self.kind)
            .field("key", &self.key)
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

impl NewJob {
    /// A job of this kind, due at once. `kind` is lower-case letters, digits, `.`, `_` and `-`, at most 64.
    ///
    /// # Errors
    /// When the kind is not of that form or the payload cannot be written as JSON.
    pub fn new(kind: &'static str, payload: &impl Serialize) -> Result<Self, JobsError> {
        check_kind(kind)?;
        let payload = serde_json::to_string(payload)
            .map_err(|error| JobsError::Payload { kind: kind.to_owned(), reason: error.to_string() })?;
        Ok(NewJob {
            kind: kind.to_owned(),
            payload,
            key: None,
            key_window: None,
            priority: 0,
            delay: Duration::ZERO,
            max_attempts: None,
        })
    }

    /// What makes it the same as another job of its kind: while one with this key is live, or was done within the
    /// window, no second one is made and its payload is not looked at. A dead job does not keep others out.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// How long ago an earlier job with this key may have been done and still stand for this one. Zero: only live
    /// ones do. Without it the window of the queue's settings holds.
    #[must_use]
    pub fn key_window(mut self, window: Duration) -> Self {
        self.key_window = Some(window);
        self
    }

    /// Higher is served earlier, from -100 to 100; see [`QueueSettings::priority_step`](crate::QueueSettings).
    #[must_use]
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority.clamp(-PRIORITY_LIMIT, PRIORITY_LIMIT);
        self
    }

    /// Nobody gets it before this has passed.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// How often it is tried before it is dead; at least once. An attempt whose worker died counts.
    #[must_use]
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = Some(max_attempts.max(1));
        self
    }

    pub(crate) fn check(&self, payload_limit_bytes: usize) -> Result<(), JobsError> {
        let size_bytes = self.payload.len();
        if size_bytes > payload_limit_bytes {
            let kind = self.kind.clone();
            return Err(JobsError::PayloadTooLarge { kind, size_bytes, limit_bytes: payload_limit_bytes });
        }
        match &self.key {
            Some(key) if key.is_empty() || key.len() > KEY_BYTES || key.contains('\0') => {
                Err(JobsError::Name {
                    what: "key",
                    value: key.chars().take(80).collect(),
                    allowed: "write 1 to 256 bytes without U+0000",
                })
            }
            _ => Ok(()),
        }
    }
}

/// Kinds become parts of Redis keys and labels of metrics.
pub(crate) fn check_kind(kind: &str) -> Result<(), JobsError> {
    let is_allowed = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || matches!(character, '.' | '_' | '-')
    };
    if !kind.is_empty() && kind.len() <= KIND_CHARACTERS && kind.chars().all(is_allowed) {
        return Ok(());
    }
    Err(JobsError::Name {
        what: "kind",
        value: kind.chars().take(80).collect(),
        allowed: "write 1 to 64 of a-z, 0-9, '.', '_' and '-'",
    })
}

/// What enqueuing came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enqueued {
    /// The job, be it new or the one that has the key.
    pub id: JobId,
    /// Whether it was made just now.
    pub is_new: bool,
}

/// A job in the hands of a worker.
#[derive(Clone)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// JSON as it was enqueued; see [`Job::decode`].
    pub payload: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// How many there will be.
    pub max_attempts: u32,
    /// When it was accepted.
    pub enqueued_at: Timestamp,
}

impl Job {
    /// The payload as its type. What does not fit will never fit, so the failure is permanent.
    ///
    /// # Errors
    /// [`Failure::Permanent`], without the payload in its reason.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.payload).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let category = error.classify();
            Failure::permanent(format!("the payload cannot be read: {category:?} error at {line}:{column}"))
        })
    }

    /// Whether its attempts were used up before this one: workers died over it.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.attempt > self.max_attempts
    }
}

/// Without the payload, which may hold what should not be logged.
impl fmt::Debug for Job {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Job")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// The right to work on a job until it runs out. Every change a worker makes names it, so that one who came too
/// late changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// Made anew at every claim.
    pub(crate) token: String,
}

/// A claimed job with the lease that goes with it.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// What to do.
    pub job: Job,
    /// The right to do it.
    pub lease: Lease,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Waits to be claimed.
    Ready,
    /// Waits for its time, after a delay or a failed attempt.
    Delayed,
    /// A worker holds it.
    Running,
    /// Done.
    Done,
    /// Given up; see its last error.
    Dead,
}

/// A job as people look at it, without its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRecord {
    /// Its id.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// The key it was enqueued with.
    pub key: Option<String>,
    /// Its priority.
    pub priority: i32,
    /// Where it stands.
    pub state: JobState,
    /// Attempts begun.
    pub attempts: u32,
    /// Attempts allowed.
    pub max_attempts: u32,
    /// The worker that holds it or held it last.
    pub worker: Option<String>,
    /// Why the last failed attempt failed.
    pub last_error: Option<String>,
    /// When it was accepted, UTC text.
    pub enqueued_at: String,
    /// When it was done or dead, UTC text.
    pub finished_at: Option<String>,
    /// For a live job: when it may next be claimed.
    pub visible_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn kinds_are_plain() {
        let check = |kind: &str, expected: bool| assert_eq!(check_kind(kind).is_ok(), expected, "{kind}");
        check("analyze", true);
        check("match.fetch_2-b", true);
        check("", false);
        check("Analyze", false);
        check("a b", false);
        check("*", false);
        check(&"a".repeat(64), true);
        check(&"a".repeat(65), false);
    }

    #[test]
    fn limits_are_checked_and_the_payload_is_not_shown() {
        let job = NewJob::new("analyze", &"secret-token").unwrap();
        assert!(!format!("{job:?}").contains("secret"), "{job:?}");
        let error = job.check(5).unwrap_err();
        assert_eq!(error.to_string(), "the payload of a job of kind \"analyze\" has 14 bytes, 5 are allowed");
        assert!(job.clone().key("").check(100).is_err());
        assert!(job.clone().key("a\0b").check(100).is_err());
        assert!(job.clone().key("k".repeat(257)).check(100).is_err());
        assert!(job.key("k".repeat(256)).check(100).is_ok());
    }

    fn job(payload: &str) -> Job {
        Job {
            id: JobId("1".into()),
            kind: "a".into(),
            payload: payload.into(),
            attempt: 1,
            max_attempts: 1,
            enqueued_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_payload_that_does_not_fit_is_a_permanent_failure_that_does_not_quote_it() {
        let failure = job("{\"token\":\"hunter2\"}").decode::<u32>().unwrap_err();
        let Failure::Permanent { reason } = failure else { panic!("not permanent") };
        assert!(!reason.contains("hunter2"), "{reason}");
        assert_eq!(job("7").decode::<u32>().unwrap(), 7);
    }

    proptest! {
        #[test]
        fn any_payload_is_read_or_refused(payload in ".{0,60}") {
            let _ = job(&payload).decode::<serde_json::Value>();
            let _ = job(&payload).decode::<Vec<u8>>();
        }
    }
}
