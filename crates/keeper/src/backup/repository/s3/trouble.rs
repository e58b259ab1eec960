//! What can go wrong with a request, whether another try may help, and how people are told.

use std::{error::Error as _, time::Duration};

use thiserror::Error;

use crate::backup::repository::files::FileError;

/// Longer messages of a store are cut.
const MAX_MESSAGE_CHARS: usize = 200;
/// Codes of S3 that ask for another try, whatever the status.
const PASSING: [&str; 8] = [
    "BadDigest",
    "IncompleteBody",
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "TooManyRequests",
];
/// Codes of stores that are full.
const FULL: [&str; 4] = ["InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "StorageFull"];
/// Codes that come with 400 although the key is meant.
const DENIED: [&str; 3] = ["InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken"];

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Trouble {
    /// There is no answer, or half of one.
    #[error("{reason}")]
    NoAnswer {
        /// What happened.
        reason: String,
    },
    /// The store says no.
    #[error("{}", self.said())]
    Refused {
        /// Of HTTP.
        status: u16,
        /// S3's word for it; empty where the answer is none of S3's.
        code: String,
        /// What is said besides.
        message: String,
        /// When to come back.
        retry_after: Duration,
    },
    /// The file is shorter than what was asked for.
    #[error("it is shorter than what was asked for")]
    Short,
    /// What answers is no S3.
    #[error("what answers there {what}, as no S3 service does; is the endpoint right?")]
    NotS3 {
        /// What it does.
        what: &'static str,
    },
    /// OpenDAL makes nothing of it.
    #[error("{reason}")]
    Unreadable {
        /// What it says.
        reason: String,
        /// Whether it thinks that another try may help.
        may_pass: bool,
    },
}

impl Trouble {
    /// The answer of a store that is no success. Only the beginning of the body is looked at.
    pub(super) fn refused(status: u16, body: &[u8], retry_after: Duration) -> Self {
        let body = String::from_utf8_lossy(&body[..body.len().min(16 * 1024)]);
        let is_error = body.contains("<Error");
        let part = |name| if is_error { element(&body, name) } else { String::new() };
        Self::Refused { status, code: part("Code"), message: part("Message"), retry_after }
    }

    /// What an error of OpenDAL is about.
    pub(super) fn of(error: &opendal::Error) -> Self {
        let ours = error.source().and_then(|source| source.downcast_ref::<Self>()).cloned();
        ours.unwrap_or_else(|| Self::Unreadable {
            reason: shown(error.message()),
            may_pass: error.is_temporary(),
        })
    }

    /// Whether another try may help.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::NoAnswer { .. } => true,
            Self::Refused { status, code, .. } => {
                matches!(status, 408 | 429 | 499 | 500 | 502 | 503 | 504) || PASSING.contains(&code.as_str())
            }
            Self::Short | Self::NotS3 { .. } => false,
            Self::Unreadable { may_pass, .. } => *may_pass,
        }
    }

    /// How long it asks us to wait.
    pub(super) fn retry_after(&self) -> Duration {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => Duration::ZERO,
        }
    }

    /// For people.
    pub(super) fn into_file_error(self, place: String, bucket: &str) -> FileError {
        let reason = self.to_string();
        let Self::Refused { status, code, .. } = &self else {
            return match self {
                Self::NoAnswer { .. } => FileError::Unreachable { place, reason },
                Self::Short => FileError::CutOff { place },
                Self::Unreadable { may_pass: true, .. } => FileError::Unreachable { place, reason },
                _ => FileError::Other { place, reason },
            };
        };
        let code = code.as_str();
        match status {
            _ if code == "NoSuchBucket" => FileError::NotFound { place: bucket.to_owned() },
            404 if code == "NoSuchKey" => FileError::NotFound { place },
            404 if code.is_empty() => {
                FileError::Other { place, reason: Self::NotS3 { what: "says 404" }.to_string() }
            }
            416 => FileError::CutOff { place },
            507 => FileError::Full { place },
            _ if FULL.contains(&code) => FileError::Full { place },
            401 | 403 => FileError::Denied { place, reason },
            _ if DENIED.contains(&code) => FileError::Denied { place, reason },
            _ if self.may_pass() => FileError::Unreachable { place, reason },
            _ => FileError::Other { place, reason },
        }
    }

    /// A refusal in words.
    fn said(&self) -> String {
        let Self::Refused { status, code, message, .. } = self else { return String::new() };
        match (code.is_empty(), message.is_empty()) {
            (true, _) => format!("it answered {status}"),
            (false, true) => format!("it answered {status} {code}"),
            (false, false) => format!("it answered {status} {code} ({})", message.trim_end_matches('.')),
        }
    }
}

impl From<Trouble> for opendal::Error {
    fn from(trouble: Trouble) -> Self {
        let kind = match &trouble {
            Trouble::Refused { status: 404, .. } => opendal::ErrorKind::NotFound,
            _ => opendal::ErrorKind::Unexpected,
        };
        Self::new(kind, "a request to the store failed").set_source(trouble)
    }
}

/// The text of the first element of this name.
fn element(body: &str, name: &str) -> String {
    let inside = body.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once('<'));
    inside.map(|(text, _)| shown(text)).unwrap_or_default()
}

/// One short line without secrets.
fn shown(text: &str) -> String {
    let line: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    chassis::redact::text(line.trim()).chars().take(MAX_MESSAGE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, may_pass: bool, expected: &str) {
        let trouble = Trouble::refused(status, body.as_bytes(), Duration::ZERO);
        assert_eq!(trouble.may_pass(), may_pass, "{status} {body}");
        let error = trouble.into_file_error("s3://a/config".to_owned(), "the bucket a");
        assert_eq!(error.to_string(), expected, "{status} {body}");
    }

    fn error(code: &str, message: &str) -> String {
        format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>")
    }

    #[test]
    fn refusals_become_one_sentence() {
        check(404, &error("NoSuchKey", "It is gone."), false, "s3://a/config is not there");
        check(404, &error("NoSuchBucket", ""), false, "the bucket a is not there");
        check(416, &error("InvalidRange", ""), false, "s3://a/config ends too early");
        check(507, "", false, "no space is left for s3://a/config");
        check(403, &error("QuotaExceeded", "Full"), false, "no space is left for s3://a/config");
        check(400, &error("XMinioStorageFull", ""), false, "no space is left for s3://a/config");
        check(
            403,
            &error("AccessDenied", "Access Denied."),
            false,
            "s3://a/config may not be used: it answered 403 AccessDenied (Access Denied)",
        );
        check(
            400,
            &error("InvalidAccessKeyId", ""),
            false,
            "s3://a/config may not be used: it answered 400 InvalidAccessKeyId",
        );
        check(
            503,
            &error("SlowDown", "Reduce your rate"),
            true,
            "s3://a/config cannot be reached: it answered 503 SlowDown (Reduce your rate)",
        );
        check(500, "<html>oops</html>", true, "s3://a/config cannot be reached: it answered 500");
        check(
            400,
            &error("BadDigest", ""),
            true,
            "s3://a/config cannot be reached: it answered 400 BadDigest",
        );
        check(
            301,
            &error("PermanentRedirect", ""),
            false,
            "s3://a/config: it answered 301 PermanentRedirect",
        );
    }

    #[test]
    fn a_404_of_no_store_does_not_say_that_a_file_is_absent() {
        check(
            404,
            "<html><Code>NoSuchKey</Code></html>",
            false,
            "s3://a/config: what answers there says 404, as no S3 service does; is the endpoint right?",
        );
    }

    #[test]
    fn what_a_store_says_is_short_and_on_one_line() {
        let long = "x\n".repeat(1000);
        let trouble = Trouble::refused(400, error("Odd", &long).as_bytes(), Duration::ZERO);
        assert!(trouble.to_string().len() < 300 && !trouble.to_string().contains('\n'), "{trouble}");
    }

    #[test]
    fn trouble_survives_its_way_through_opendal() {
        let trouble = Trouble::NoAnswer { reason: "no answer within 30 s".to_owned() };
        assert_eq!(Trouble::of(&opendal::Error::from(trouble.clone())), trouble);
    }
}
