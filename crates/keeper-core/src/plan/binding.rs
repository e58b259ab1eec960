//! The tie between an entry of a plan and one line of a written document.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::value::{refused, text_value};

/// Hash of one unit of a document (see [`crate::coverage`]), then the beginning of its text for people:
/// `3f2a9c0d1e5b7a48 curl -f http://localhost:8000/health`.
///
/// The hash is of the unit and of everything that gives it its meaning; a change of either leaves the binding without
/// a unit, and the unit without a binding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Binding {
    /// The first 64 bits of the hash, as 16 hexadecimal digits.
    pub hash: String,
    /// The beginning of the unit's text; may be empty.
    pub excerpt: String,
}

impl Binding {
    /// Reads `hash excerpt`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let error =
            || refused(text, "binding", "16 hexadecimal digits, a space and the beginning of the line");
        let (hash, excerpt) = text.split_once(' ').unwrap_or((text, ""));
        let sound = hash.len() == 16
            && hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if sound { Ok(Self { hash: hash.to_owned(), excerpt: excerpt.to_owned() }) } else { Err(error()) }
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.hash)?;
        if self.excerpt.is_empty() { Ok(()) } else { write!(formatter, " {}", self.excerpt) }
    }
}

text_value!(Binding, "^[0-9a-f]{16}( .*)?$", "hash of a line of a written plan, and the line's beginning");
