//! Discord's rate limits and the count of invalid requests that leads to a ban.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use super::{
    reply::Reply,
    script::{DiscordRules, LimitScope},
};

/// Invalid requests are counted over so long.
const INVALID_WINDOW: Duration = Duration::from_secs(600);

/// The counters of one fake.
#[derive(Debug, Default)]
pub(super) struct Limits {
    global: Option<Window>,
    buckets: HashMap<String, Window>,
    invalid: VecDeque<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Instant,
    count: u32,
}

impl Limits {
    /// Counts a request to `bucket`; `is_interaction` leaves it out of the global limit. The headers of a good answer,
    /// or the refusal.
    pub(super) fn count(
        &mut self,
        bucket: &str,
        is_interaction: bool,
        rules: &DiscordRules,
        now: Instant,
    ) -> Result<Vec<(&'static str, String)>, Reply> {
        if !is_interaction {
            let global = Window::entered(&mut self.global, Duration::from_secs(1), now);
            if global.count > rules.global_per_second {
                let rest = global.rest(Duration::from_secs(1), now);
                return Err(Reply::rate_limited(LimitScope::Global, rest, true));
            }
        }
        let mut known = self.buckets.remove(bucket);
        let window = Window::entered(&mut known, rules.bucket_window, now);
        self.buckets.insert(bucket.to_owned(), window);
        let rest = window.rest(rules.bucket_window, now);
        let headers = vec![
            ("x-ratelimit-limit", rules.bucket_limit.to_string()),
            ("x-ratelimit-remaining", rules.bucket_limit.saturating_sub(window.count).to_string()),
            ("x-ratelimit-reset-after", format!("{rest:.3}")),
            ("x-ratelimit-bucket", format!("{:016x}", bucket.bytes().map(u64::from).sum::<u64>())),
        ];
        if window.count > rules.bucket_limit {
            return Err(Reply::rate_limited(LimitScope::User, rest, true).with(headers));
        }
        Ok(headers)
    }

    /// Notes what an answer was.
    pub(super) fn note(&mut self, reply: &Reply, now: Instant) {
        if matches!(reply.status, 401 | 403 | 429) && !reply.is_shared {
            self.invalid.push_back(now);
        }
    }

    /// Invalid requests of the last ten minutes.
    pub(super) fn invalid(&mut self, now: Instant) -> usize {
        while self.invalid.front().is_some_and(|at| now.duration_since(*at) > INVALID_WINDOW) {
            self.invalid.pop_front();
        }
        self.invalid.len()
    }
}

impl Window {
    fn entered(known: &mut Option<Self>, length: Duration, now: Instant) -> Self {
        let window = match known {
            Some(window) if now.duration_since(window.began) < length => {
                Self { began: window.began, count: window.count + 1 }
            }
            _ => Self { began: now, count: 1 },
        };
        *known = Some(window);
        window
    }

    fn rest(self, length: Duration, now: Instant) -> f64 {
        length.saturating_sub(now.duration_since(self.began)).as_secs_f64()
    }
}
