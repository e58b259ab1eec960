//! Keeps us far from Discord's ban: counts invalid responses and stops sending long before their limit.
//!
//! Discord bans an address after 10,000 responses of 401, 403 or 429 in ten minutes. Here fewer than `limit` are ever
//! received in ten minutes, whatever Discord answers: a request is let through only while even its failure would
//! stay below. Decisions only; [`super::api`] does the waiting and sending.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// Discord's window.
const WINDOW: Duration = Duration::from_mins(10);
/// After a pause: requests per second that are let through in each step of [`STEP`]; then all.
const RAMP_PER_SECOND: [u32; 4] = [1, 2, 5, 15];
/// How long a step lasts.
const STEP: Duration = Duration::from_secs(30);
/// As many invalid responses while ramping up close the door again.
const RAMP_TOLERANCE: usize = 3;
/// A limit below this could not let a single request through.
const SMALLEST_LIMIT: usize = 2;

/// Counts and decides; clones share the counts.
#[derive(Clone, Debug)]
pub struct Guard(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: usize,
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    invalid: VecDeque<Instant>,
    in_flight: usize,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, Default)]
enum Phase {
    #[default]
    Closed,
    Open {
        since: Instant,
    },
    Ramp {
        since: Instant,
        second: u64,
        sent: u32,
        invalid: usize,
    },
}

/// How things stand, for status pages and for workers that should pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardState {
    /// Requests pass.
    Closed,
    /// Nothing is sent until ten quiet minutes have passed or somebody resumes.
    Open {
        /// How long already.
        since: Duration,
    },
    /// Requests pass at a growing rate.
    Ramp {
        /// What passes now.
        per_second: u32,
    },
}

/// The door is shut; nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many of our requests were refused by Discord, so none is sent for now")]
pub struct Shut;

/// Leave to send one request. Give the outcome to [`Permit::finish`]; dropped without one, nothing was sent.
#[derive(Debug)]
pub struct Permit(Option<Guard>);

enum Decision {
    Pass,
    Wait(Option<Duration>),
    Shut,
}

impl Guard {
    /// Fewer than `limit` invalid responses will be received in any ten minutes.
    pub fn new(limit: usize) -> Self {
        let limit = limit.max(SMALLEST_LIMIT);
        Self(Arc::new(Shared { limit, inner: Mutex::default(), changed: Notify::new() }))
    }

    /// Waits for leave to send, or says that the door is shut. Waits while so many are under way that their failures
    /// could reach the limit, and for the next second of a ramp.
    pub async fn enter(&self) -> Result<Permit, Shut> {
        loop {
            let changed = self.0.changed.notified();
            let decision = self.decide(Instant::now());
            match decision {
                Decision::Pass => return Ok(Permit(Some(self.clone()))),
                Decision::Shut => return Err(Shut),
                Decision::Wait(Some(pause)) => tokio::time::sleep(pause).await,
                Decision::Wait(None) => changed.await,
            }
        }
    }

    /// How things stand now.
    pub fn state(&self) -> GuardState {
        let now = Instant::now();
        let mut inner = self.lock();
        inner.turn(now);
        match inner.phase {
            Phase::Closed => GuardState::Closed,
            Phase::Open { since } => GuardState::Open { since: now.duration_since(since) },
            Phase::Ramp { since, .. } => {
                GuardState::Ramp { per_second: rate(since, now).unwrap_or(u32::MAX) }
            }
        }
    }

    /// Invalid responses in the last ten minutes.
    pub fn invalid_in_window(&self) -> usize {
        let mut inner = self.lock();
        inner.forget(Instant::now());
        inner.invalid.len()
    }

    /// Lets requests pass again, slowly at first. For a person who has removed the cause; what was counted so far
    /// no longer shuts the door.
    pub fn resume(&self) {
        let now = Instant::now();
        let mut inner = self.lock();
        if matches!(inner.phase, Phase::Open { .. }) {
            inner.invalid.clear();
            inner.phase = Phase::ramp(now);
        }
        drop(inner);
        self.0.changed.notify_waiters();
    }

    fn decide(&self, now: Instant) -> Decision {
        let mut inner = self.lock();
        inner.forget(now);
        inner.turn(now);
        if let Phase::Open { .. } = inner.phase {
            return Decision::Shut;
        }
        if inner.invalid.len() + inner.in_flight + 1 >= self.0.limit {
            return if inner.in_flight == 0 { inner.open(now) } else { Decision::Wait(None) };
        }
        if let Phase::Ramp { since, second, sent, .. } = &mut inner.phase {
            let elapsed = now.duration_since(*since);
            if elapsed.as_secs() != *second {
                (*second, *sent) = (elapsed.as_secs(), 0);
            }
            if rate(*since, now).is_some_and(|per_second| *sent >= per_second) {
                let next = Duration::from_secs(*second + 1).saturating_sub(elapsed);
                return Decision::Wait(Some(next));
            }
            *sent += 1;
        }
        inner.in_flight += 1;
        Decision::Pass
    }

    fn finish(&self, was_invalid: bool) {
        let now = Instant::now();
        let mut inner = self.lock();
        inner.in_flight = inner.in_flight.saturating_sub(1);
        if was_invalid {
            inner.invalid.push_back(now);
            let mut shut = inner.invalid.len() + 1 >= self.0.limit;
            if let Phase::Ramp { invalid, .. } = &mut inner.phase {
                *invalid += 1;
                shut |= *invalid >= RAMP_TOLERANCE;
            }
            if shut && !matches!(inner.phase, Phase::Open { .. }) {
                inner.open(now);
            }
        }
        drop(inner);
        self.0.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// What came of it. `is_shared` is whether a 429 was about a resource that others use up as well; that one does
    /// not count. No status (nothing arrived) does not count either.
    pub fn finish(mut self, status: Option<u16>, is_shared: bool) {
        let invalid = matches!(status, Some(401 | 403)) || (status == Some(429) && !is_shared);
        if let Some(guard) = self.0.take() {
            guard.finish(invalid);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(guard) = self.0.take() {
            guard.finish(false);
        }
    }
}

impl Phase {
    fn ramp(now: Instant) -> Self {
        Phase::Ramp { since: now, second: 0, sent: 0, invalid: 0 }
    }
}

impl Inner {
    fn forget(&mut self, now: Instant) {
        while self.invalid.front().is_some_and(|at| now.duration_since(*at) >= WINDOW) {
            self.invalid.pop_front();
        }
    }

    /// An open door opens by itself, slowly, once its window is quiet; a ramp ends.
    fn turn(&mut self, now: Instant) {
        match self.phase {
            Phase::Open { since } if now.duration_since(since) >= WINDOW => {
                self.forget(now);
                self.phase = Phase::ramp(now);
            }
            Phase::Ramp { since, .. } if rate(since, now).is_none() => self.phase = Phase::Closed,
            _ => {}
        }
    }

    fn open(&mut self, now: Instant) -> Decision {
        tracing::error!(
            invalid = self.invalid.len(),
            "discord refused too many requests; none is sent until it is quiet or somebody resumes"
        );
        self.phase = Phase::Open { since: now };
        Decision::Shut
    }
}

/// What a ramp lets through now; `None` when it is over.
fn rate(since: Instant, now: Instant) -> Option<u32> {
    let step = now.duration_since(since).as_secs() / STEP.as_secs();
    RAMP_PER_SECOND.get(usize::try_from(step).unwrap_or(usize::MAX)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn send(guard: &Guard, status: u16) -> bool {
        match guard.enter().await {
            Ok(permit) => {
                permit.finish(Some(status), false);
                true
            }
            Err(Shut) => false,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn fewer_than_the_limit_are_ever_sent() {
        let guard = Guard::new(100);
        let tasks: Vec<_> = (0..10_000)
            .map(|number| {
                let guard = guard.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(number % 977)).await;
                    let Ok(permit) = guard.enter().await else { return 0 };
                    tokio::time::sleep(Duration::from_millis(number % 31)).await;
                    permit.finish(Some([401, 403, 429][number as usize % 3]), false);
                    1
                })
            })
            .collect();
        let mut sent = 0;
        for task in tasks {
            sent += task.await.unwrap();
        }
        assert_eq!((sent, guard.invalid_in_window()), (99, 99));
        assert!(matches!(guard.state(), GuardState::Open { .. }));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_valid_or_shared_does_not_count() {
        let guard = Guard::new(5);
        for status in [200, 204, 400, 404, 500, 502].into_iter().cycle().take(100) {
            assert!(send(&guard, status).await);
        }
        for _ in 0..20 {
            guard.enter().await.unwrap().finish(Some(429), true);
            guard.enter().await.unwrap().finish(None, false);
            drop(guard.enter().await.unwrap());
        }
        assert_eq!((guard.invalid_in_window(), guard.state()), (0, GuardState::Closed));
    }

    #[tokio::test(start_paused = true)]
    async fn a_shut_door_opens_after_ten_minutes_and_slowly() {
        let guard = Guard::new(4);
        for _ in 0..3 {
            assert!(send(&guard, 403).await);
        }
        assert!(!send(&guard, 200).await);
        tokio::time::advance(WINDOW).await;
        assert_eq!(guard.state(), GuardState::Ramp { per_second: 1 });
        let begin = Instant::now();
        for _ in 0..10 {
            assert!(send(&guard, 200).await);
        }
        assert!(begin.elapsed() >= Duration::from_secs(9), "{:?}", begin.elapsed());
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(guard.state(), GuardState::Ramp { per_second: 15 });
        tokio::time::advance(Duration::from_secs(30)).await;
        assert_eq!(guard.state(), GuardState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn somebody_may_resume_and_a_bad_ramp_ends_at_once() {
        let guard = Guard::new(50);
        for _ in 0..49 {
            assert!(send(&guard, 401).await);
        }
        assert!(!send(&guard, 200).await);
        guard.resume();
        assert!(send(&guard, 200).await);
        for _ in 0..RAMP_TOLERANCE {
            assert!(send(&guard, 429).await);
        }
        assert!(!send(&guard, 200).await);
        guard.resume();
        assert!(send(&guard, 200).await);
    }
}
