//! What is wrong with a configuration: what, where, and what would be right.

use std::path::PathBuf;

use figment::error::{Actual, Error, Kind};

use super::Origin;
use crate::redact;

/// A configuration that cannot be used. No variant holds a secret's value.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was asked for is not there.
    #[error("the configuration file {} does not exist; create it or leave the option out to run on defaults", path.display())]
    FileMissing {
        /// The path as given.
        path: PathBuf,
    },
    /// The file is there and cannot be read.
    #[error("cannot read the configuration file {}: {reason}", path.display())]
    FileUnreadable {
        /// The path as given.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file is not TOML.
    #[error("{}:{line}:{column}: not valid TOML: {reason}", path.display())]
    Syntax {
        /// The path as given.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What the parser expected.
        reason: String,
    },
    /// A key that nothing reads.
    #[error("{place}: unknown key `{key}`; {hint}")]
    UnknownKey {
        /// File and line, variable or flag.
        place: String,
        /// The dotted key.
        key: String,
        /// The nearest key, or those that are allowed.
        hint: String,
    },
    /// A value of the wrong type or out of range.
    #[error("{place}: `{key}` cannot be used: {reason}")]
    BadValue {
        /// File and line, variable or flag.
        place: String,
        /// The dotted key.
        key: String,
        /// What was found and what is expected.
        reason: String,
    },
    /// A section of the program's own types that cannot be written out: a mistake in the program.
    #[error("the configuration cannot be serialized: {reason}")]
    Unserializable {
        /// What serde says.
        reason: String,
    },
}

/// Rewrites figment's error. `line` is the line of `key` in the file.
pub(super) fn explain(
    error: &Error,
    key: String,
    origin: &Origin,
    line: Option<usize>,
    known: &[String],
) -> ConfigError {
    let place = place(origin, line);
    match &error.kind {
        Kind::UnknownField(_, allowed) => {
            ConfigError::UnknownKey { place, hint: hint(&key, allowed, known), key }
        }
        kind => ConfigError::BadValue { place, key, reason: redact::text(&reason(kind)).into_owned() },
    }
}

fn place(origin: &Origin, line: Option<usize>) -> String {
    match (origin, line) {
        (Origin::File(path), Some(line)) => format!("{}:{line}", path.display()),
        (Origin::File(path), None) => path.display().to_string(),
        (Origin::Environment(name), _) => format!("environment variable {name}"),
        (Origin::Flag, _) => "command line".to_owned(),
        (Origin::Default, _) => "default".to_owned(),
    }
}

fn reason(kind: &Kind) -> String {
    match kind {
        Kind::UnknownVariant(found, allowed) => format!("`{found}` is none of {}", list(allowed)),
        Kind::InvalidType(found, wanted) | Kind::InvalidValue(found, wanted) => {
            format!("found {}, expected {}", found_text(found), wanted_text(wanted))
        }
        other => other.to_string(),
    }
}

fn found_text(found: &Actual) -> String {
    match found {
        Actual::Str(text) => format!("the text {text:?}"),
        Actual::Bool(flag) => flag.to_string(),
        Actual::Unsigned(number) => number.to_string(),
        Actual::Signed(number) => number.to_string(),
        Actual::Float(number) => number.to_string(),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a section".to_owned(),
        Actual::Unit | Actual::Option => "nothing".to_owned(),
        other => other.to_string(),
    }
}

/// What serde calls a type, in words for whoever edits the file.
fn wanted_text(wanted: &str) -> String {
    match wanted {
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" => "a whole number from 0 to 4294967295".to_owned(),
        "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" => "a text".to_owned(),
        "a sequence" => "a list such as [\"a\", \"b\"]".to_owned(),
        section if section.starts_with("struct ") || section == "a map" => {
            "a section, whose keys are set one by one".to_owned()
        }
        other => other.to_owned(),
    }
}

/// The nearest spelling among the keys of the same section or, for a key in the wrong section, anywhere.
fn hint(key: &str, allowed: &[&str], known: &[String]) -> String {
    let section = key.rsplit_once('.').map(|(section, _)| format!("{section}.")).unwrap_or_default();
    let mut siblings: Vec<String> = allowed.iter().map(|name| format!("{section}{name}")).collect();
    siblings.extend_from_slice(known);
    match nearest(key, &siblings) {
        Some(near) => format!("did you mean `{near}`?"),
        None if allowed.is_empty() => "this section has no keys".to_owned(),
        None => format!("allowed here: {}", list(allowed)),
    }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The known key that `key` is most likely a misspelling of: at most a third of it edited, or the same last part
/// in another section.
pub(super) fn nearest<'a>(key: &str, known: &'a [String]) -> Option<&'a str> {
    let (distance, near) =
        known.iter().map(|other| (edit_distance(key, other), other)).min_by_key(|(distance, _)| *distance)?;
    if distance <= (key.len() / 3).clamp(1, 4) {
        return Some(near);
    }
    let last = key.rsplit('.').next()?;
    known.iter().find(|other| other.rsplit('.').next() == Some(last)).map(String::as_str)
}

/// Levenshtein's distance in characters, one row at a time.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        for (left, right, expected) in
            [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("端口", "端囗", 1)]
        {
            assert_eq!(edit_distance(left, right), expected, "{left} {right}");
            assert_eq!(edit_distance(right, left), expected, "{right} {left}");
        }
    }

    #[test]
    fn finds_misspellings_and_misplaced_keys_only() {
        let known = ["server.bind", "server.port", "llm.cache.size"].map(str::to_owned);
        for (key, expected) in [
            ("server.bnid", Some("server.bind")),
            ("sever.port", Some("server.port")),
            ("cache.size", Some("llm.cache.size")),
            ("service_host", None),
        ] {
            assert_eq!(nearest(key, &known), expected, "{key}");
        }
    }
}
