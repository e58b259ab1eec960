//! Whether an answer is what was asked for, before it is kept.

use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};

use crate::riot::{Endpoint, RiotError, endpoint::Call};

/// Reads a small answer.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8], what: &'static str) -> Result<T, RiotError> {
    serde_json::from_slice(bytes).map_err(|_| RiotError::Malformed { what })
}

/// Checks a whole answer. Of a match it reads no more than the id; the rest must only be JSON to its end, so that
/// nothing cut short is ever kept.
pub(super) fn check(call: &Call, bytes: &[u8]) -> Result<(), RiotError> {
    match call.endpoint {
        Endpoint::Match | Endpoint::Timeline => {}
        _ => return read::<IgnoredAny>(bytes, "not JSON").map(drop),
    }
    let document: Document = read(bytes, "not a match")?;
    let is_asked_for = document.metadata.match_id.as_deref() == call.match_id();
    if is_asked_for { Ok(()) } else { Err(RiotError::Malformed { what: "another match" }) }
}

#[derive(Deserialize)]
struct Document {
    metadata: Metadata,
    #[serde(rename = "info")]
    _info: IgnoredAny,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "matchId")]
    match_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::riot::Region;

    #[test]
    fn only_the_whole_match_that_was_asked_for_passes() {
        let call = Call::match_record(Region::Asia, "KR_1");
        let check = |text: &str, expected: Option<&'static str>| {
            let expected = expected.map_or(Ok(()), |what| Err(RiotError::Malformed { what }));
            assert_eq!(check(&call, text.as_bytes()), expected, "{text}");
        };
        check(r#"{"metadata":{"matchId":"KR_1","x":1},"info":{"a":[1,{"b":2}]}}"#, None);
        check(r#"{"info":{},"metadata":{"matchId":"KR_1"}} "#, None);
        check(r#"{"metadata":{"matchId":"KR_2"},"info":{}}"#, Some("another match"));
        check(r#"{"metadata":{},"info":{}}"#, Some("another match"));
        check(r#"{"metadata":{"matchId":"KR_1"}}"#, Some("not a match"));
        check(r#"{"metadata":{"matchId":"KR_1"},"info":{"a":[1,{"b":2"#, Some("not a match"));
        check(r#"{"metadata":{"matchId":"KR_1"},"info":{}}}"#, Some("not a match"));
        check("", Some("not a match"));
        check("<html>", Some("not a match"));
        check("null", Some("not a match"));
    }
}
