//! What is wrong with a plan, where, and what was probably meant.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

use super::spelling::nearest;

/// One thing that is wrong with a plan file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PlanProblem {
    /// The file.
    pub file: String,
    /// Line in it, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The key it is about, such as `task[daily-check].schedule`; empty when the file cannot be read as TOML.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What was found there.
    pub found: Option<String>,
    /// What may stand there.
    pub allowed: Option<String>,
    /// The allowed spelling nearest to what was found.
    pub nearest: Option<String>,
}

impl fmt::Display for PlanProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if !self.key.is_empty() {
            write!(formatter, "{}: ", self.key)?;
        }
        formatter.write_str(&self.what)?;
        for (label, text) in [("found", &self.found), ("allowed", &self.allowed), ("nearest", &self.nearest)]
        {
            if let Some(text) = text {
                write!(formatter, "\n    {label}: {text}")?;
            }
        }
        Ok(())
    }
}

/// What a message says, taken apart; the place is added by whoever knows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Finding {
    pub(crate) what: String,
    pub(crate) found: Option<String>,
    pub(crate) allowed: Option<String>,
    pub(crate) nearest: Option<String>,
}

impl Finding {
    /// Takes a message of serde, or one made by `refused`, apart.
    pub(crate) fn of_message(message: &str) -> Self {
        let line = message.lines().next().unwrap_or_default();
        if let Some(rest) = line.strip_prefix("unknown field `") {
            return Self::unknown("this key is not known here", rest);
        }
        if let Some(rest) = line.strip_prefix("unknown variant `") {
            // Somebody wrote a secret where its place belongs: it is not repeated.
            if rest.ends_with("expected one of `env`, `file`, `command`") {
                return Self::plain_secret("a secret, or an unknown way to one,");
            }
            return Self::unknown("this word is not known here", rest);
        }
        if let Some(rest) = line.strip_prefix("missing field `") {
            let name = rest.trim_end_matches('`');
            return Self { what: format!("the key `{name}` is missing"), ..Self::default() };
        }
        if let Some((found, expected)) =
            line.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected "))
        {
            return Self {
                what: "this value is of the wrong type".to_owned(),
                found: Some(found.to_owned()),
                allowed: Some(in_words(expected).to_owned()),
                nearest: None,
            };
        }
        if let Some((said, allowed)) = line.split_once("; allowed: ") {
            let found = quoted(said).first().map(|found| (*found).to_owned());
            let nearest =
                found.as_deref().and_then(|found| nearest(found, quoted(allowed))).map(str::to_owned);
            return Self { what: said.to_owned(), found, allowed: Some(allowed.to_owned()), nearest };
        }
        Self { what: line.to_owned(), ..Self::default() }
    }

    /// Something that a plan says where to find, and does not hold.
    pub(crate) fn plain_secret(what: &str) -> Self {
        Self {
            what: format!("{what} stands here in plain"),
            found: None,
            allowed: Some("`{ env = \"NAME\" }`, `{ file = \"PATH\" }` or `{ command = \"…\" }`".to_owned()),
            nearest: None,
        }
    }

    /// A name that stands for nothing in the plan.
    pub(crate) fn unknown_name<'a>(
        kind: &str,
        found: &str,
        known: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Self {
        let mut names: Vec<&str> = known.clone().into_iter().collect();
        names.sort_unstable();
        names.dedup();
        let allowed = if names.is_empty() {
            format!("the plan has no {kind}")
        } else {
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        Self {
            what: format!("there is no {kind} of this name"),
            found: Some(found.to_owned()),
            allowed: Some(allowed),
            nearest: nearest(found, known).map(str::to_owned),
        }
    }

    fn unknown(what: &str, rest: &str) -> Self {
        let (found, expected) = rest.split_once("`, ").unwrap_or((rest.trim_end_matches('`'), ""));
        let allowed = quoted(expected);
        Self {
            what: what.to_owned(),
            found: Some(found.to_owned()),
            nearest: nearest(found, allowed.iter().copied()).map(str::to_owned),
            allowed: (!allowed.is_empty())
                .then(|| allowed.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
        }
    }

    pub(crate) fn at(self, file: &str, text: &str, span: &Range<usize>, key: String) -> PlanProblem {
        let (line, column) = line_and_column(text, span.start);
        let Self { what, found, allowed, nearest } = self;
        PlanProblem { file: file.to_owned(), line, column, key, what, found, allowed, nearest }
    }
}

/// The types of Rust as people call them.
fn in_words(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "f64" => "a number",
        "a sequence" => "a list, such as `[\"…\"]`",
        "a map" => "a table, such as `{ key = \"…\" }`",
        other => other,
    }
}

/// What stands between pairs of backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |position| position + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
