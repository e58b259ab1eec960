//! The only place that reads the wall clock, and the one text form of time that our databases hold.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// A source of the current time that tests can stop; clones share the same stopped time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Fixed(Arc<Mutex<Timestamp>>),
}

/// A text that is not a time in the form of [`utc_text`].
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a UTC time such as `2026-01-31 23:59:59.000`: {reason}")]
pub struct ClockError {
    text: String,
    reason: String,
}

impl Clock {
    /// The machine's clock. It may jump in either direction; measure durations with `Instant` instead.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `at` until [`advance`](Self::advance) moves it, for tests.
    pub fn fixed(at: Timestamp) -> Self {
        Self(Source::Fixed(Arc::new(Mutex::new(at))))
    }

    /// The current time.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp::now(),
            Source::Fixed(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a fixed clock and all its clones forward, at most to the end of year 9999; a system clock ignores it.
    pub fn advance(&self, by: Duration) {
        if let Source::Fixed(at) = &self.0 {
            let mut at = at.lock().unwrap_or_else(PoisonError::into_inner);
            *at = at.saturating_add(by).unwrap_or(Timestamp::MAX);
        }
    }

    /// Sets a fixed clock and all its clones, back too, as people set clocks; a system clock ignores it.
    pub fn set(&self, to: Timestamp) {
        if let Source::Fixed(at) = &self.0 {
            *at.lock().unwrap_or_else(PoisonError::into_inner) = to;
        }
    }

    /// The current time as [`utc_text`].
    pub fn now_text(&self) -> String {
        utc_text(self.now())
    }
}

/// A time as `YYYY-MM-DD HH:MM:SS.SSS` in UTC, cut (not rounded) to the millisecond.
///
/// For years 0 to 9999 the texts sort like the times, and SQLite's date functions read them.
pub fn utc_text(time: Timestamp) -> String {
    let at = TimeZone::UTC.to_datetime(time);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

/// Reads what [`utc_text`] wrote. The fraction may be absent or of another length, as `datetime('now')` and other
/// tools write it.
pub fn parse_utc_text(text: &str) -> Result<Timestamp, ClockError> {
    DateTime::strptime("%Y-%m-%d %H:%M:%S%.f", text)
        .and_then(|at| TimeZone::UTC.to_timestamp(at))
        .map_err(|error| ClockError { text: text.chars().take(60).collect(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let read = parse_utc_text(text).ok().map(utc_text);
        assert_eq!(read.as_deref(), expected, "{text}");
    }

    #[test]
    fn reads_its_own_form_and_sqlites() {
        check("2026-01-31 23:59:59.123", Some("2026-01-31 23:59:59.123"));
        check("2026-01-31 23:59:59", Some("2026-01-31 23:59:59.000"));
        check("2026-01-31 23:59:59.123999", Some("2026-01-31 23:59:59.123"));
        check("0001-01-01 00:00:00.000", Some("0001-01-01 00:00:00.000"));
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in
            ["", "2026-02-30 00:00:00.000", "2026-01-31T23:59:59Z", "2026-01-31", "2026-01-31 23:59:59.000 x"]
        {
            check(text, None);
        }
    }

    #[test]
    fn a_fixed_clock_stands_until_it_is_moved() {
        let clock = Clock::fixed(parse_utc_text("2026-01-31 23:59:59.500").unwrap());
        let other = clock.clone();
        assert_eq!(clock.now(), clock.now());
        clock.advance(Duration::from_millis(500));
        assert_eq!(other.now_text(), "2026-02-01 00:00:00.000");
        clock.advance(Duration::MAX);
        assert_eq!(other.now(), Timestamp::MAX);
        clock.set(Timestamp::UNIX_EPOCH);
        assert_eq!(other.now(), Timestamp::UNIX_EPOCH);
    }

    proptest! {
        #[test]
        fn text_keeps_the_millisecond_and_the_order(a in 0i64..253_000_000_000_000, b in 0i64..253_000_000_000_000) {
            let (first, second) = (Timestamp::from_millisecond(a).unwrap(), Timestamp::from_millisecond(b).unwrap());
            prop_assert_eq!(parse_utc_text(&utc_text(first)).unwrap(), first);
            prop_assert_eq!(a.cmp(&b), utc_text(first).cmp(&utc_text(second)));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            let _ = parse_utc_text(&text);
        }
    }
}
