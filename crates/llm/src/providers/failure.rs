//! Why one call failed, in our own words: what it was, whether trying again may help, and a line without secrets.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::retry_after::retry_after;
use crate::endpoint::Verdict;

/// Longest message kept of a provider's own words, in characters.
const LONGEST_MESSAGE: usize = 300;

/// Shorter keys are no secrets, and replacing them would garble the message.
const SHORTEST_KEY: usize = 6;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// No connection, a server error, or a connection that broke.
    Unavailable,
    /// Too many requests.
    RateLimited,
    /// Too slow.
    Timeout,
    /// Empty, truncated, or not what the protocol says.
    InvalidReply,
    /// Longer than allowed.
    TooLarge,
    /// The key is missing, wrong, or has no right to the model.
    Unauthorized,
    /// The provider does not accept the request: unknown model, wrong parameter, too long.
    Rejected,
    /// The provider withheld the reply.
    Filtered,
    /// Left alone for a while after earlier failures.
    CircuitOpen,
    /// A user's endpoint that leads to a private address.
    EndpointRefused,
}

/// One failed call. Shows as one line without keys or addresses of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub kind: FailureKind,
    /// HTTP status when there was one.
    pub status: Option<u16>,
    /// How long the provider asked us to wait.
    pub retry_after: Option<Duration>,
    /// Whether the same call may succeed a little later.
    pub retryable: bool,
    message: String,
}

impl FailureKind {
    /// Stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            FailureKind::Unavailable => "provider_unavailable",
            FailureKind::RateLimited => "rate_limited",
            FailureKind::Timeout => "timeout",
            FailureKind::InvalidReply => "invalid_reply",
            FailureKind::TooLarge => "reply_too_large",
            FailureKind::Unauthorized => "unauthorized",
            FailureKind::Rejected => "rejected",
            FailureKind::Filtered => "content_filtered",
            FailureKind::CircuitOpen => "circuit_open",
            FailureKind::EndpointRefused => "endpoint_refused",
        }
    }

    /// Whether the provider itself is well: it understood us and said no.
    pub(crate) fn is_providers_health(self) -> bool {
        !matches!(self, FailureKind::Rejected | FailureKind::Filtered)
    }
}

impl Failure {
    /// A failure in our own words.
    #[must_use]
    pub fn new(kind: FailureKind, message: &str) -> Failure {
        let retryable = matches!(kind, FailureKind::Unavailable | FailureKind::RateLimited);
        Failure { kind, status: None, retry_after: None, retryable, message: clean(message) }
    }

    /// Code for [`crate::Degraded`].
    pub(crate) fn degraded_code(&self) -> &'static str {
        match self.kind {
            FailureKind::CircuitOpen => FailureKind::Unavailable.code(),
            kind => kind.code(),
        }
    }

    /// The same failure with a key masked that patterns may not recognise.
    pub(super) fn without(mut self, key: &str) -> Failure {
        if key.len() >= SHORTEST_KEY && self.message.contains(key) {
            self.message = self.message.replace(key, "***");
        }
        self
    }

    fn from_status(status: u16, body: &str, wait: Option<Duration>) -> Failure {
        let kind = match status {
            408 | 504 => FailureKind::Timeout,
            429 => FailureKind::RateLimited,
            401 | 403 => FailureKind::Unauthorized,
            400..=499 => FailureKind::Rejected,
            500..=599 => FailureKind::Unavailable,
            _ => FailureKind::InvalidReply,
        };
        // An account without money answers 429 as well; waiting does not fill it.
        let out_of_money = body.contains("insufficient_quota") || body.contains("insufficient_balance");
        let retryable = matches!(status, 408 | 429 | 500..=599) && !out_of_money;
        let message = clean(&format!("HTTP {status}: {}", provider_message(body)));
        Failure { kind, status: Some(status), retry_after: wait, retryable, message }
    }
}

/// Shows the message only.
impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

/// Reads genai's error. `now` makes dates in `Retry-After` usable.
pub(super) fn from_genai(error: genai::Error, now: Option<Timestamp>) -> Failure {
    use genai::Error;
    match error {
        Error::HttpError { status, body, headers, .. } => {
            Failure::from_status(status.as_u16(), &body, retry_after(&headers, now))
        }
        Error::WebStream { error, .. } => from_stream_error(error, now),
        Error::ChatResponse { body, .. } => from_error_event(&body),
        Error::StreamParse { serde_error, .. } => {
            let message = format!("the reply is not valid JSON (column {})", serde_error.column());
            Failure::new(FailureKind::InvalidReply, &message)
        }
        Error::JsonValueExt(error) => {
            Failure::new(FailureKind::InvalidReply, &format!("the reply lacks a field: {error}"))
        }
        Error::InvalidJsonResponseElement { info } => Failure::new(FailureKind::InvalidReply, info),
        other => match other.status() {
            Some(status) => Failure::from_status(status.as_u16(), "", None),
            None => Failure::new(FailureKind::Rejected, &other.to_string()),
        },
    }
}

/// What a gate says weighs more than what the client saw of it.
pub(super) fn from_verdict(verdict: &Verdict) -> Failure {
    match verdict {
        Verdict::Refused(address) => Failure::new(FailureKind::EndpointRefused, &address.to_string()),
        Verdict::TooLarge => {
            Failure::new(FailureKind::TooLarge, "the server sent far more than a reply may hold")
        }
        Verdict::Unreachable(reason) => {
            Failure::new(FailureKind::Unavailable, &format!("no connection: {reason}"))
        }
    }
}

fn from_stream_error(error: genai::BoxError, now: Option<Timestamp>) -> Failure {
    let error = match error.downcast::<genai::Error>() {
        Ok(error) => return from_genai(*error, now),
        Err(error) => error,
    };
    match error.downcast::<reqwest::Error>() {
        Ok(error) => from_connection(&error.without_url()),
        Err(error) if error.is::<std::string::FromUtf8Error>() || error.is::<std::str::Utf8Error>() => {
            Failure::new(FailureKind::InvalidReply, "the reply is not UTF-8 text")
        }
        Err(error) => Failure::new(FailureKind::Unavailable, &error.to_string()),
    }
}

fn from_connection(error: &reqwest::Error) -> Failure {
    let first: &(dyn StdError + 'static) = error;
    let causes = std::iter::successors(Some(first), |cause: &&(dyn StdError + 'static)| (*cause).source());
    if error.is_timeout() {
        return Failure::new(FailureKind::Timeout, "no connection in time");
    }
    let deepest = causes.last().map(ToString::to_string).unwrap_or_default();
    let what = if error.is_connect() { "no connection" } else { "the connection broke" };
    Failure::new(FailureKind::Unavailable, &format!("{what}: {deepest}"))
}

/// An error that the provider reports inside the stream, after it said 200.
fn from_error_event(body: &Value) -> Failure {
    let text = body.to_string();
    let kind = if text.contains("rate_limit") || text.contains("RESOURCE_EXHAUSTED") {
        FailureKind::RateLimited
    } else if text.contains("invalid_request") || text.contains("INVALID_ARGUMENT") {
        FailureKind::Rejected
    } else if text.contains("overloaded") || text.contains("server_error") || text.contains("UNAVAILABLE") {
        FailureKind::Unavailable
    } else {
        FailureKind::InvalidReply
    };
    Failure::new(kind, &format!("the provider reported an error: {}", provider_message(&text)))
}

/// The sentence inside a provider's error body, or the body itself.
fn provider_message(body: &str) -> Cow<'_, str> {
    let parsed = serde_json::from_str::<Value>(body).ok();
    let places = ["/error/message", "/message", "/error", "/0/error/message"];
    let sentence = parsed.as_ref().and_then(|body| {
        places.iter().find_map(|place| body.pointer(place).and_then(Value::as_str)).map(str::to_owned)
    });
    sentence.map_or(Cow::Borrowed(body), Cow::Owned)
}

/// One line without secrets or control characters, of bounded length.
fn clean(text: &str) -> String {
    // Cut before masking too, because a hostile body may be huge; masking needs a margin to see whole keys.
    let start: String = text.chars().take(LONGEST_MESSAGE * 4).collect();
    let masked = chassis::redact::text(&start);
    let mut line = String::with_capacity(LONGEST_MESSAGE);
    for (count, word) in masked.split(|c: char| c.is_whitespace() || c.is_control()).enumerate() {
        if count > 0 && !line.is_empty() && !word.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    match line.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_decides_the_kind_and_whether_to_try_again() {
        let check = |status: u16, body: &str, code: &str, retryable: bool| {
            let failure = Failure::from_status(status, body, None);
            assert_eq!((failure.kind.code(), failure.retryable), (code, retryable), "{status} {body}");
        };
        check(429, "{}", "rate_limited", true);
        check(429, r#"{"error":{"code":"insufficient_quota"}}"#, "rate_limited", false);
        check(408, "", "timeout", true);
        check(500, "", "provider_unavailable", true);
        check(529, "", "provider_unavailable", true);
        check(401, "", "unauthorized", false);
        check(404, "", "rejected", false);
        check(413, "", "rejected", false);
        check(302, "", "invalid_reply", false);
    }

    #[test]
    fn a_message_is_one_short_line_without_secrets() {
        let check = |body: &str, expected: &str| {
            assert_eq!(Failure::from_status(401, body, None).to_string(), expected);
        };
        check(r#"{"error":{"message":"Incorrect API key","type":"x"}}"#, "HTTP 401: Incorrect API key");
        check(r#"{"error":"model not found"}"#, "HTTP 401: model not found");
        check("<html>\n<b>no</b>\u{7}</html>", "HTTP 401: <html> <b>no</b> </html>");
        let leaky = Failure::from_status(401, "key sk-abcdefghijklmnopqrstuvwxyz123456 is wrong", None);
        assert!(!leaky.to_string().contains("abcdefghijklmnop"), "{leaky}");
        let long = Failure::from_status(500, &"x".repeat(100_000), None).to_string();
        assert_eq!(long.chars().count(), LONGEST_MESSAGE + 1);
    }
}
