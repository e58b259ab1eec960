//! Riot's way of counting: windows that begin with the first request in them.

use std::time::{Duration, Instant};

/// One limit with its windows. Only requests that had room are counted.
#[derive(Debug, Clone)]
pub(super) struct Windows(Vec<Window>);

#[derive(Debug, Clone)]
struct Window {
    limit: u32,
    length: Duration,
    began: Option<Instant>,
    count: u32,
}

impl Windows {
    /// Reads `20:1,100:120`; what makes no sense is a fault of the test.
    pub(super) fn new(text: &str) -> Self {
        let window = |part: &str| {
            let (limit, seconds) = part.split_once(':')?;
            let length = Duration::from_secs(seconds.trim().parse().ok()?);
            Some(Window { limit: limit.trim().parse().ok()?, length, began: None, count: 0 })
        };
        let windows: Option<Vec<_>> = text.split(',').map(window).collect();
        match windows {
            Some(windows) => Self(windows),
            None => panic!("`{text}` is not a limit"),
        }
    }

    /// New limits; what was counted stays counted where the window's length stays.
    pub(super) fn change(&mut self, text: &str) {
        let mut changed = Self::new(text);
        for window in &mut changed.0 {
            if let Some(known) = self.0.iter().find(|known| known.length == window.length) {
                (window.began, window.count) = (known.began, known.count);
            }
        }
        *self = changed;
    }

    /// How long until there is room; `None` when there is.
    pub(super) fn full(&mut self, now: Instant) -> Option<Duration> {
        let rest = |window: &mut Window| {
            window.roll(now);
            let end = window.began.map_or(now, |began| began + window.length);
            (window.count >= window.limit).then(|| end.saturating_duration_since(now))
        };
        self.0.iter_mut().filter_map(rest).max()
    }

    /// Counts so many requests.
    pub(super) fn count(&mut self, requests: u32, now: Instant) {
        for window in &mut self.0 {
            window.roll(now);
            window.began.get_or_insert(now);
            window.count += requests;
        }
    }

    /// `X-…-Rate-Limit`.
    pub(super) fn limit_header(&self) -> String {
        self.text(|window| window.limit)
    }

    /// `X-…-Rate-Limit-Count`.
    pub(super) fn count_header(&self) -> String {
        self.text(|window| window.count)
    }

    fn text(&self, number: impl Fn(&Window) -> u32) -> String {
        let parts: Vec<_> =
            self.0.iter().map(|window| format!("{}:{}", number(window), window.length.as_secs())).collect();
        parts.join(",")
    }
}

impl Window {
    fn roll(&mut self, now: Instant) {
        if self.began.is_some_and(|began| now >= began + self.length) {
            self.began = None;
            self.count = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_begin_with_their_first_request_and_end_in_time() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut windows = Windows::new("2:1,3:10");
        let mut check = |ms: u64, expected_ms: Option<u64>, count: &str| {
            let full = windows.full(at(ms));
            if full.is_none() {
                windows.count(1, at(ms));
            }
            assert_eq!(full, expected_ms.map(Duration::from_millis), "at {ms}");
            assert_eq!(windows.count_header(), count, "at {ms}");
        };
        check(0, None, "1:1,1:10");
        check(900, None, "2:1,2:10");
        check(950, Some(50), "2:1,2:10");
        check(1_000, None, "1:1,3:10");
        check(1_100, Some(8_900), "1:1,3:10");
        check(10_000, None, "1:1,1:10");
        windows.change("1:10");
        assert_eq!(windows.full(at(10_000)), Some(Duration::from_secs(10)));
        assert_eq!(windows.limit_header(), "1:10");
    }
}
