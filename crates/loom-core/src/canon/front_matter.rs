//! The YAML between `---` lines: what the program itself may know about a world.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use super::Language;
use super::problems::{Place, Problems};
use super::spelling::nearest;
use crate::access::{Grant, Permissions};

/// Largest front matter, in bytes: it is a page of settings, and YAML is slow to refuse a large one.
const BYTES_MAX: usize = 64 * 1024;

/// The deepest nesting read; deeper values are an error.
const DEPTH_MAX: usize = 32;

const TEXT_KEYS: [&str; 5] = ["name", "language", "version", "author", "summary"];
const FLAT_KEYS: [&str; 8] =
    ["who_may_edit", "world_edit", "edit_world", "retcon", "query", "tone", "intent", "ooc"];
const NESTED_KEYS: [&str; 8] =
    ["edit", "world_edit", "edit_world", "retcon", "query", "tone", "intent", "ooc"];

/// Where the front matter of a file stands.
pub(super) struct Block {
    /// Byte where the YAML ends; it begins with the opening `---`, so that its lines are the file's lines.
    pub(super) yaml_end: usize,
    /// Byte where the body begins.
    pub(super) body: usize,
    /// Lines before the body.
    pub(super) lines: u32,
    pub(super) closed: bool,
}

/// What front matter said.
#[derive(Debug, Default)]
pub(super) struct FrontMatter {
    pub(super) name: Option<String>,
    pub(super) language: Option<Language>,
    pub(super) version: Option<String>,
    pub(super) author: Option<String>,
    pub(super) summary: Option<String>,
    pub(super) permissions: Permissions,
    pub(super) extra: BTreeMap<String, serde_json::Value>,
}

/// Finds front matter: a first line of `---`, then everything up to a line of `---` or `...`.
pub(super) fn split(text: &str) -> Option<Block> {
    let first = text.split_inclusive('\n').next()?;
    if first.trim_end() != "---" {
        return None;
    }
    let mut at = first.len();
    for (index, line) in text[at..].split_inclusive('\n').enumerate() {
        let end = at + line.len();
        if matches!(line.trim_end(), "---" | "...") {
            let lines = u32::try_from(index + 2).unwrap_or(u32::MAX);
            return Some(Block { yaml_end: at, body: end, lines, closed: true });
        }
        at = end;
    }
    Some(Block { yaml_end: at, body: first.len(), lines: 1, closed: false })
}

/// Reads the YAML, which begins with its `---` line. Whatever cannot be trusted is fatal: permissions come from here.
pub(super) fn read(yaml: &str, path: &str, problems: &mut Problems) -> FrontMatter {
    let mut front = FrontMatter::default();
    if yaml.len() > BYTES_MAX {
        let message = format!("the front matter has {} bytes, the limit is {BYTES_MAX}", yaml.len());
        problems.fatal("front_matter_too_large", Place::line(path, 1), message, "move text into sections");
        return front;
    }
    let last_line = super::scan::newlines(yaml).max(1);
    let options = serde_saphyr::options! { budget: serde_saphyr::budget! { max_depth: DEPTH_MAX } };
    let entries = match serde_saphyr::from_str_with_options::<Entries>(yaml, options) {
        Ok(entries) => entries,
        Err(error) => {
            let (line, column) = error.location().map_or((1, 1), place);
            let at = Place { path, line: line.clamp(1, last_line), column };
            problems.fatal(
                "front_matter_invalid",
                at,
                plain(&error),
                "front matter is `key: value`, one to a line",
            );
            return front;
        }
    };
    let mut claims = Claims { path, made: Vec::new() };
    for entry in entries.0 {
        let (line, column) = place(entry.location);
        let at = Place { path, line: line.clamp(1, last_line), column };
        match entry.value {
            Value::Text(text) => front.text(&entry.key, text, at, problems),
            Value::Grant(word) => claims.claim(&entry.key, &entry.key, word, at, problems),
            Value::Permissions(nested) => {
                for inner in nested.0 {
                    let (line, column) = place(inner.location);
                    let at = Place { path, line: line.clamp(1, last_line), column };
                    let written = format!("permissions.{}", inner.key);
                    match inner.value {
                        Value::Grant(word) => claims.claim(&inner.key, &written, word, at, problems),
                        other => front.unknown(&written, &inner.key, other, &NESTED_KEYS, at, problems),
                    }
                }
            }
            other => {
                let key = entry.key;
                let known: Vec<&str> =
                    TEXT_KEYS.into_iter().chain(FLAT_KEYS).chain(["permissions"]).collect();
                front.unknown(&key, &key, other, &known, at, problems);
            }
        }
    }
    front.permissions = claims.settle();
    front
}

impl FrontMatter {
    fn text(&mut self, key: &str, text: Option<String>, at: Place<'_>, problems: &mut Problems) {
        let Some(text) = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) else {
            return;
        };
        match key {
            "name" => self.name = Some(text),
            "version" => self.version = Some(text),
            "author" => self.author = Some(text),
            "summary" => self.summary = Some(text),
            _ => match text.parse() {
                Ok(language) => self.language = Some(language),
                Err(error) => {
                    problems.fatal("bad_language", at, error.to_string(), "language: zh-CN, or language: en");
                }
            },
        }
    }

    fn unknown(
        &mut self,
        written: &str,
        key: &str,
        value: Value,
        known: &[&str],
        at: Place<'_>,
        problems: &mut Problems,
    ) {
        let hint = match nearest(key, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "it is kept, and nothing reads it".to_owned(),
        };
        let shown: String = written.chars().take(60).collect();
        problems.info("unknown_key", at, format!("`{shown}` is no key this program knows"), &hint);
        if let Value::Unknown(value) = value {
            self.extra.insert(written.to_owned(), value);
        }
    }
}

/// A permission as somebody wrote it, kept to find contradictions.
struct Claim {
    field: &'static str,
    grant: Grant,
    written: String,
    line: u32,
}

struct Claims<'a> {
    path: &'a str,
    made: Vec<Claim>,
}

impl Claims<'_> {
    fn claim(
        &mut self,
        key: &str,
        written: &str,
        word: Option<String>,
        at: Place<'_>,
        problems: &mut Problems,
    ) {
        let word = word.unwrap_or_default();
        let grant: Grant = match word.parse() {
            Ok(grant) => grant,
            Err(error) => {
                let message = format!("`{written}`: {error}");
                problems.fatal("bad_permission", at, message, "name the lowest role that may");
                return;
            }
        };
        let field = match key {
            "edit" | "who_may_edit" => "edit",
            "world_edit" | "edit_world" => "world_edit",
            "retcon" => "retcon",
            "query" => "query",
            "tone" => "tone",
            "intent" => "intent",
            _ => "ooc",
        };
        let earlier = self.made.iter().find(|claim| claim.field == field && claim.grant != grant);
        if let Some(earlier) = earlier {
            let message = format!(
                "`{written}` is `{grant}` on line {}, but `{}` is `{}` on line {}",
                at.line, earlier.written, earlier.grant, earlier.line
            );
            let at = Place { path: self.path, ..at };
            problems.fatal("contradiction", at, message, "keep one of the two");
        }
        self.made.push(Claim { field, grant, written: written.to_owned(), line: at.line });
    }

    fn settle(&self) -> Permissions {
        let mut permissions = Permissions::default();
        for claim in &self.made {
            let slot = match claim.field {
                "edit" => &mut permissions.edit,
                "world_edit" => &mut permissions.world_edit,
                "retcon" => &mut permissions.retcon,
                "query" => &mut permissions.query,
                "tone" => &mut permissions.tone,
                "intent" => &mut permissions.intent,
                _ => &mut permissions.ooc,
            };
            *slot = claim.grant;
        }
        permissions
    }
}

fn place(location: Location) -> (u32, u32) {
    let number = |value: u64| u32::try_from(value).unwrap_or(u32::MAX).max(1);
    (number(location.line()), number(location.column()))
}

/// The reader's message on one line, without its own notion of where it happened.
fn plain(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let text = text.lines().next().unwrap_or_default().trim();
    // What follows is advice for programmers, or a place that the problem already has.
    let text = [" at line ", ", set DuplicateKeyPolicy"]
        .into_iter()
        .fold(text, |text, tail| text.split(tail).next().unwrap_or(text));
    text.chars().take(200).collect()
}

/// The top level, or the permissions, in file order.
struct Entries(Vec<Entry>);

struct Entry {
    key: String,
    location: Location,
    value: Value,
}

enum Value {
    Text(Option<String>),
    Grant(Option<String>),
    Permissions(Entries),
    Unknown(serde_json::Value),
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`key: value` lines")
    }

    fn visit_unit<E>(self) -> Result<Entries, E> {
        Ok(Entries(Vec::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let location = key.referenced;
            let key = key.value;
            let value = match key.as_str() {
                "permissions" => Value::Permissions(map.next_value()?),
                name if TEXT_KEYS.contains(&name) => Value::Text(map.next_value()?),
                name if FLAT_KEYS.contains(&name) || name == "edit" => Value::Grant(map.next_value()?),
                _ => Value::Unknown(map.next_value()?),
            };
            entries.push(Entry { key, location, value });
        }
        Ok(Entries(entries))
    }
}
