//! A request as the fakes look at it, and what they make of it: an accepted call or a refusal.

use http::{HeaderMap, Method, request::Parts};
use serde_json::Value;

use super::script::tokens;

/// One HTTP request, body read.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) path_and_query: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    raw_body: Vec<u8>,
}

/// A request that the provider would answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) model: String,
    pub(super) stream: bool,
    /// Whether a stream ends with the usage (OpenAI asks for it, the others always send it).
    pub(super) wants_usage: bool,
    /// Gemini without `alt=sse` streams one JSON array.
    pub(super) as_array: bool,
    pub(super) last_user_text: String,
    pub(super) input_tokens: u64,
}

/// A request that the provider would refuse, with the answer it would give.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// A role and its text, out of a provider's own message form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) role: String,
    pub(super) text: String,
}

impl Incoming {
    pub(super) fn new(parts: &Parts, body: Option<&[u8]>) -> Self {
        Self {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            path_and_query: parts.uri.path_and_query().map_or_else(String::new, ToString::to_string),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers.clone(),
            raw_body: body.unwrap_or_default().to_vec(),
        }
    }

    /// A header's value; empty and unreadable ones count as absent.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().filter(|value| !value.is_empty())
    }

    /// The value of a query parameter, not decoded.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|pair| pair.1)
    }

    /// Whether the content type says JSON, with or without parameters.
    pub(super) fn is_json(&self) -> bool {
        let media_type =
            self.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
        media_type.trim().eq_ignore_ascii_case("application/json")
    }

    /// The body as a JSON object, or the parser's complaint.
    pub(super) fn object(&self) -> Result<Value, String> {
        match serde_json::from_slice::<Value>(&self.raw_body) {
            Ok(value) if value.is_object() => Ok(value),
            Ok(_) => Err("expected an object".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    pub(super) fn recorded_body(&self) -> Value {
        serde_json::from_slice(&self.raw_body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&self.raw_body).into_owned()))
    }
}

impl Call {
    pub(super) fn new(model: &str, stream: bool, lines: &[Line]) -> Self {
        let last_user = lines.iter().rev().find(|line| line.role == "user");
        Self {
            model: model.to_owned(),
            stream,
            wants_usage: true,
            as_array: false,
            last_user_text: last_user.map(|line| line.text.clone()).unwrap_or_default(),
            input_tokens: lines.iter().map(|line| tokens(&line.text)).sum(),
        }
    }
}

/// The text of a content field: a string, or an array of text blocks. `None` for anything else.
pub(super) fn content_text(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(blocks) => blocks
            .iter()
            .map(|block| match block.get("type").and_then(Value::as_str) {
                Some("text") => block.get("text").and_then(Value::as_str),
                _ => None,
            })
            .collect::<Option<String>>(),
        _ => None,
    }
}

/// The first field of an object that is not among `known`.
pub(super) fn unknown_field<'a>(object: &'a Value, known: &[&str]) -> Option<&'a str> {
    object.as_object()?.keys().map(String::as_str).find(|field| !known.contains(field))
}
