//! What the headers of an answer say about limits. Nothing in them can be relied on to be there or to make sense.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};

use super::RateLimit;

/// More windows than anyone has; the rest of a header is ignored.
const MOST_WINDOWS: usize = 8;
/// The longest window that is believed.
const LONGEST_WINDOW_SECONDS: u64 = 7 * 24 * 3600;
/// The longest ban that is believed.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// What one answer teaches.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Learnt {
    pub(super) app: Counted,
    pub(super) method: Counted,
    /// Set when the answer is a 429.
    pub(super) refusal: Option<Refusal>,
}

/// A limit and how much of it Riot says is used. Empty where a header is missing or makes no sense.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counted {
    pub(super) limits: Vec<RateLimit>,
    pub(super) counts: Vec<RateLimit>,
}

/// A 429.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) scope: Scope,
    pub(super) retry_after: Option<Duration>,
}

/// What a 429 closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The whole region.
    App,
    /// One endpoint of the region.
    Method,
}

impl Learnt {
    /// Reads the headers of an answer. `now` is for a `Retry-After` that is a date.
    pub(crate) fn of(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Self {
        let pairs = |name: &str| text(headers, name).map(parse_pairs).unwrap_or_default();
        let refusal = (status == StatusCode::TOO_MANY_REQUESTS).then(|| Refusal {
            scope: scope(text(headers, "x-rate-limit-type")),
            retry_after: text(headers, RETRY_AFTER.as_str()).and_then(|value| parse_retry_after(value, now)),
        });
        Self {
            app: Counted { limits: pairs("x-app-rate-limit"), counts: pairs("x-app-rate-limit-count") },
            method: Counted {
                limits: pairs("x-method-rate-limit"),
                counts: pairs("x-method-rate-limit-count"),
            },
            refusal,
        }
    }
}

/// `service`, and a refusal without a type, come from the service behind one endpoint. Of a type that we do not know
/// (`server` has been seen) the wider meaning is taken.
fn scope(kind: Option<&str>) -> Scope {
    match kind.map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "method" | "service") => Scope::Method,
        Some(_) => Scope::App,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// `20:1,100:120`, without the pairs that make no sense.
fn parse_pairs(text: &str) -> Vec<RateLimit> {
    let pair = |part: &str| {
        let (requests, seconds) = part.split_once(':')?;
        let (requests, seconds): (u64, u64) = (requests.trim().parse().ok()?, seconds.trim().parse().ok()?);
        let is_sane = (1..=LONGEST_WINDOW_SECONDS).contains(&seconds);
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        is_sane.then(|| RateLimit { requests, window: Duration::from_secs(seconds) })
    };
    text.split(',').take(MOST_WINDOWS).filter_map(pair).collect()
}

/// Seconds, also with a fraction, or a date.
fn parse_retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let seconds = match text.parse::<f64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            jiff::fmt::rfc2822::parse(text).ok()?.timestamp().duration_since(now).as_secs_f64().max(0.0)
        }
    };
    let is_sane = seconds.is_finite() && seconds >= 0.0;
    is_sane.then(|| Duration::try_from_secs_f64(seconds.min(LONGEST_WAIT.as_secs_f64())).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-21T10:00:00Z".parse().unwrap()
    }

    fn learn(status: u16, headers: &[(&'static str, &str)]) -> Learnt {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Learnt::of(StatusCode::from_u16(status).unwrap(), &headers.collect(), now())
    }

    #[test]
    fn limits_are_read_and_nonsense_is_left_out() {
        let check = |text: &str, expected: &[(u32, u64)]| {
            let read: Vec<_> = parse_pairs(text).iter().map(|l| (l.requests, l.window.as_secs())).collect();
            assert_eq!(read, expected, "{text}");
        };
        check("20:1,100:120", &[(20, 1), (100, 120)]);
        check(" 20 : 1 , 100:120 ", &[(20, 1), (100, 120)]);
        check("500:10,,30000:600", &[(500, 10), (30_000, 600)]);
        check("0:1", &[(0, 1)]);
        check("20:0,5:1", &[(5, 1)]);
        check("-5:10,1e3:10,five:ten,:,20", &[]);
        check("99999999999:1", &[(u32::MAX, 1)]);
        check("1:99999999999999999999", &[]);
        check("", &[]);
    }

    #[test]
    fn a_refusal_says_what_it_closes_and_for_how_long() {
        let check = |headers: &[(&'static str, &str)], scope: Scope, retry_ms: Option<u64>| {
            let expected = Some(Refusal { scope, retry_after: retry_ms.map(Duration::from_millis) });
            assert_eq!(learn(429, headers).refusal, expected, "{headers:?}");
        };
        check(&[("x-rate-limit-type", "application"), ("retry-after", "7")], Scope::App, Some(7_000));
        check(&[("x-rate-limit-type", "method"), ("retry-after", "0")], Scope::Method, Some(0));
        check(&[("x-rate-limit-type", "Service"), ("retry-after", "1.5")], Scope::Method, Some(1_500));
        check(&[("x-rate-limit-type", "server"), ("retry-after", "21")], Scope::App, Some(21_000));
        check(&[("retry-after", "Sat, 21 Nov 2026 10:00:30 GMT")], Scope::Method, Some(30_000));
        check(&[("retry-after", "Sat, 21 Nov 2026 09:00:00 GMT")], Scope::Method, Some(0));
        check(&[("retry-after", "1e300")], Scope::Method, Some(86_400_000));
        check(&[("retry-after", "-3")], Scope::Method, None);
        check(&[("retry-after", "NaN")], Scope::Method, None);
        check(&[("retry-after", "soon")], Scope::Method, None);
        check(&[], Scope::Method, None);
        assert_eq!(learn(200, &[("retry-after", "7")]).refusal, None);
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), code in 100u16..600) {
            let Ok(value) = reqwest::header::HeaderValue::from_bytes(&bytes) else { return Ok(()) };
            let mut headers = HeaderMap::new();
            for name in ["x-app-rate-limit", "x-app-rate-limit-count", "x-method-rate-limit",
                         "x-method-rate-limit-count", "x-rate-limit-type", "retry-after"] {
                headers.insert(name, value.clone());
            }
            let _ = Learnt::of(StatusCode::from_u16(code).unwrap(), &headers, now());
        }
    }
}
