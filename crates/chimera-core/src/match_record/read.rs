//! From bytes to a document, and what can be wrong with them.

use serde::Deserialize;

use super::Match;
use crate::cut::cut;
use crate::loose::Object;

/// Why bytes are no document that can be reviewed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// More bytes than are read.
    #[error("the {what} has {size_bytes} bytes, at most {limit_bytes} are read")]
    TooLarge {
        /// Which document.
        what: &'static str,
        /// Its size.
        size_bytes: usize,
        /// The largest size.
        limit_bytes: usize,
    },
    /// Broken JSON, or cut short.
    #[error("the {what} is not JSON: line {line}, column {column}: {reason}")]
    NotJson {
        /// Which document.
        what: &'static str,
        /// From 1.
        line: usize,
        /// From 1; 0 at the end of a line.
        column: usize,
        /// The parser's words.
        reason: String,
    },
    /// JSON, but of something else.
    #[error("the {what} is not a document of Riot: {reason}")]
    WrongShape {
        /// Which document.
        what: &'static str,
        /// What is missing.
        reason: String,
    },
}

/// Refuses what is too large to be real.
pub(crate) fn check_size(what: &'static str, json: &[u8], limit_bytes: usize) -> Result<(), RecordError> {
    if json.len() > limit_bytes {
        return Err(RecordError::TooLarge { what, size_bytes: json.len(), limit_bytes });
    }
    Ok(())
}

/// The parser's complaint with its place.
pub(crate) fn json_error(what: &'static str, error: &serde_json::Error) -> RecordError {
    let words = error.to_string();
    let reason = words.split(" at line ").next().unwrap_or(&words).to_owned();
    RecordError::NotJson { what, line: error.line(), column: error.column(), reason }
}

/// Whether a document has an object `info` at its top; asked only when reading found nothing of use.
#[derive(Deserialize)]
struct Outline {
    info: Option<Object<Empty>>,
}

#[derive(Deserialize)]
struct Empty {}

/// Why a document that is JSON holds nothing of use.
pub(crate) fn wrong_shape(what: &'static str, json: &[u8]) -> Result<(), RecordError> {
    let outline: Result<Object<Outline>, _> = serde_json::from_slice(json);
    let reason = match outline.map(|outline| outline.0) {
        Err(error) => return Err(json_error(what, &error)),
        Ok(None) => "it is not an object",
        Ok(Some(Outline { info: None })) => "`info` is missing",
        Ok(Some(Outline { info: Some(Object(None)) })) => "`info` is not an object",
        Ok(Some(Outline { info: Some(Object(Some(Empty {}))) })) => return Ok(()),
    };
    Err(RecordError::WrongShape { what, reason: reason.to_owned() })
}

/// A match document, without any judgement of its content.
pub(super) fn match_document(json: &[u8]) -> Result<Match, RecordError> {
    if let Some(found) = without_ballast(json) {
        return Ok(found);
    }
    let read: Result<Object<Match>, _> = serde_json::from_slice(json);
    match read {
        Ok(Object(Some(found))) if !found.info.participants.is_empty() => Ok(found),
        Ok(Object(found)) => wrong_shape("match", json).map(|()| found.unwrap_or_default()),
        Err(error) => Err(json_error("match", &error)),
    }
}

/// A match document without the lists that are half of it and that nothing here uses; `None` where cutting them
/// out did not leave a match.
fn without_ballast(json: &[u8]) -> Option<Match> {
    let made = cut(json, &["\"challenges\"", "\"missions\""])?;
    let read: Object<Match> = serde_json::from_slice(&made.rest).ok()?;
    read.0.filter(|found| !found.info.participants.is_empty())
}
