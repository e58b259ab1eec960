//! Discord's rate limits as its answers state them: one request at a time per bucket, and none into an empty one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::HeaderMap;
use tokio::{sync::OwnedMutexGuard, time::Instant};

/// Buckets of tokens that have run out need not be remembered.
const IDLE: Duration = Duration::from_mins(20);
/// Buckets that are remembered at most.
const REMEMBERED: u64 = 20_000;
/// What a 429 without a usable `Retry-After` means.
const DEFAULT_PAUSE: Duration = Duration::from_secs(5);

/// All buckets of a client; clones share them.
#[derive(Clone)]
pub(super) struct Buckets {
    windows: moka::sync::Cache<String, Arc<tokio::sync::Mutex<Window>>>,
    /// Which bucket a route belongs to, as Discord named it.
    names: Arc<Mutex<HashMap<&'static str, String>>>,
    global_until: Arc<Mutex<Option<Instant>>>,
}

/// What is left in one bucket.
#[derive(Debug, Default)]
pub(super) struct Window {
    remaining: Option<u32>,
    resets_at: Option<Instant>,
}

/// What an answer says about limits.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct RateHeaders {
    bucket: Option<String>,
    remaining: Option<u32>,
    reset_after: Option<Duration>,
    retry_after: Option<Duration>,
    pub(super) is_shared: bool,
    is_global: bool,
}

impl Buckets {
    pub(super) fn new() -> Self {
        Self {
            windows: moka::sync::Cache::builder().max_capacity(REMEMBERED).time_to_idle(IDLE).build(),
            names: Arc::default(),
            global_until: Arc::default(),
        }
    }

    /// Waits for its turn in the bucket of a route and its major parameter (channel, webhook).
    pub(super) async fn turn(&self, route: &'static str, major: &str) -> OwnedMutexGuard<Window> {
        let key = self.key(route, major);
        self.windows.get_with(key, Arc::default).lock_owned().await
    }

    /// How long to wait before the next request into this window.
    pub(super) fn pause(&self, window: &Window, is_bound_globally: bool, now: Instant) -> Duration {
        let empty = window.remaining == Some(0);
        let own = window.resets_at.filter(|_| empty).map_or(Duration::ZERO, |at| at.duration_since(now));
        if !is_bound_globally {
            return own;
        }
        let global = *self.global_until.lock().unwrap_or_else(PoisonError::into_inner);
        own.max(global.map_or(Duration::ZERO, |at| at.duration_since(now)))
    }

    /// Notes what an answer said. On a 429 gives how long to stay away.
    pub(super) fn learn(
        &self,
        route: &'static str,
        window: &mut Window,
        headers: &RateHeaders,
        status: u16,
        now: Instant,
    ) -> Option<Duration> {
        if let Some(name) = &headers.bucket {
            let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            if names.get(route) != Some(name) {
                names.insert(route, name.clone());
            }
        }
        window.remaining = headers.remaining;
        window.resets_at = headers.reset_after.map(|after| now + after);
        if status != 429 {
            return None;
        }
        let pause = headers.retry_after.or(headers.reset_after).unwrap_or(DEFAULT_PAUSE);
        if headers.is_global {
            *self.global_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(now + pause);
        } else {
            window.remaining = Some(0);
            window.resets_at = Some(now + pause);
        }
        Some(pause)
    }

    fn key(&self, route: &'static str, major: &str) -> String {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{}:{major}", names.get(route).map_or(route, String::as_str))
    }
}

impl RateHeaders {
    /// Reads the headers; what is malformed counts as absent.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let seconds = |name: &str| {
            let seconds: f64 = text(name)?.parse().ok()?;
            // An hour is more than Discord ever asks for, and still a time that can be added to another.
            (seconds.is_finite() && seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(3_600.0)))
        };
        let scope = text("x-ratelimit-scope").unwrap_or_default();
        Self {
            bucket: text("x-ratelimit-bucket").map(|name| name.chars().take(80).collect()),
            remaining: text("x-ratelimit-remaining").and_then(|value| value.parse().ok()),
            reset_after: seconds("x-ratelimit-reset-after"),
            retry_after: seconds("retry-after"),
            is_shared: scope == "shared",
            is_global: scope == "global" || text("x-ratelimit-global") == Some("true"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> RateHeaders {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.insert(*name, http::HeaderValue::from_static(value));
        }
        RateHeaders::read(&map)
    }

    #[test]
    fn malformed_headers_are_absent() {
        assert_eq!(
            headers(&[
                ("x-ratelimit-remaining", "-1"),
                ("retry-after", "NaN"),
                ("x-ratelimit-reset-after", "soon")
            ]),
            RateHeaders::default()
        );
        assert_eq!(headers(&[("retry-after", "1e300")]).retry_after, Some(Duration::from_secs(3_600)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_bucket_is_waited_for() {
        let buckets = Buckets::new();
        let mut window = buckets.turn("POST /channels/messages", "1").await;
        let now = Instant::now();
        assert_eq!(buckets.pause(&window, true, now), Duration::ZERO);
        let said = headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset-after", "1.5")]);
        assert_eq!(buckets.learn("POST /channels/messages", &mut window, &said, 200, now), None);
        assert_eq!(buckets.pause(&window, true, now), Duration::from_millis(1_500));
        assert_eq!(buckets.pause(&window, true, now + Duration::from_secs(2)), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_global_429_stops_all_but_interactions() {
        let buckets = Buckets::new();
        let mut window = buckets.turn("POST /channels/messages", "1").await;
        let now = Instant::now();
        let said = headers(&[("retry-after", "3"), ("x-ratelimit-scope", "global")]);
        let pause = buckets.learn("POST /channels/messages", &mut window, &said, 429, now);
        assert_eq!(pause, Some(Duration::from_secs(3)));
        let other = buckets.turn("PUT /commands", "").await;
        assert_eq!(buckets.pause(&other, true, now), Duration::from_secs(3));
        assert_eq!(buckets.pause(&other, false, now), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn routes_that_discord_counts_together_take_turns() {
        let buckets = Buckets::new();
        let said = headers(&[("x-ratelimit-bucket", "abc")]);
        for route in ["PATCH /a", "POST /b"] {
            let mut window = buckets.turn(route, "1").await;
            buckets.learn(route, &mut window, &said, 200, Instant::now());
        }
        let held = buckets.turn("PATCH /a", "1").await;
        assert!(tokio::time::timeout(Duration::from_secs(1), buckets.turn("POST /b", "1")).await.is_err());
        assert!(tokio::time::timeout(Duration::from_secs(1), buckets.turn("POST /b", "2")).await.is_ok());
        drop(held);
    }
}
