//! How long a provider asks us to stay away: `retry-after-ms`, or `Retry-After` as seconds or as an HTTP date.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Longer requests are cut to this; the caller's own limits are shorter anyway.
const LONGEST: Duration = Duration::from_secs(86_400);

pub(super) fn retry_after(headers: &HeaderMap, now: Option<Timestamp>) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let milliseconds = text("retry-after-ms").and_then(|value| value.parse::<f64>().ok());
    if let Some(milliseconds) = milliseconds {
        return from_seconds(milliseconds / 1_000.0);
    }
    let value = text(RETRY_AFTER.as_str())?;
    match value.parse::<f64>() {
        Ok(seconds) => from_seconds(seconds),
        Err(_) => until(value, now?),
    }
}

fn from_seconds(seconds: f64) -> Option<Duration> {
    (seconds.is_finite() && seconds >= 0.0)
        .then(|| Duration::try_from_secs_f64(seconds.min(LONGEST.as_secs_f64())).ok())
        .flatten()
}

fn until(date: &str, now: Timestamp) -> Option<Duration> {
    let at = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    let wait = Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO);
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_milliseconds_and_dates_are_understood() {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        let check = |name: &'static str, value: &str, expected_ms: Option<u64>| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(retry_after(&headers, Some(now)), expected_ms.map(Duration::from_millis), "{value}");
        };
        check("retry-after", "0", Some(0));
        check("retry-after", "7", Some(7_000));
        check("retry-after", " 1.5 ", Some(1_500));
        check("retry-after-ms", "250", Some(250));
        check("retry-after", "Sat, 21 Nov 2026 10:00:30 GMT", Some(30_000));
        check("retry-after", "Sat, 21 Nov 2026 09:00:00 GMT", Some(0));
        check("retry-after", "-3", None);
        check("retry-after", "NaN", None);
        check("retry-after", "inf", None);
        check("retry-after", "soon", None);
        check("retry-after", "", None);
        check("retry-after", "1e300", Some(86_400_000));
        check("x-other", "1", None);
    }
}
