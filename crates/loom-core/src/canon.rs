//! A world as it is written down: Markdown with front matter, sections, rule blocks and included files.

mod diff;
mod entity;
mod front_matter;
mod heading;
mod load;
mod outline;
mod parse;
mod path;
mod problems;
mod scan;
mod spelling;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::access::{Permissions, UnknownWord};

pub use self::diff::diff;
pub use self::load::{FILE_BYTES_MAX, FILES_MAX, INCLUDE_DEPTH_MAX, TOTAL_BYTES_MAX};
pub use self::parse::parse;
pub use self::path::resolve_include;

/// The language a world is told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Language {
    /// Simplified Chinese, `zh-CN`.
    #[default]
    #[serde(rename = "zh-CN")]
    ZhCn,
    /// English, `en`.
    #[serde(rename = "en")]
    En,
}

/// Where a piece of the canon stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceRef {
    /// Path relative to the canon's root, with forward slashes.
    pub path: String,
    /// Line in that file, counted from 1.
    pub line: u32,
}

/// What a section is about, guessed from its heading and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionKind {
    /// World, 世界观.
    World,
    /// Tone, 基调.
    Tone,
    /// Conflict, 冲突.
    Conflict,
    /// Permissions, 权限.
    Permissions,
    /// Causality, 因果.
    Causality,
    /// Notes about the canon, 元信息; never shown to the narrator.
    Meta,
    /// Opening, 开场: the prose a session begins with.
    Opening,
    /// Characters, 人物.
    Characters,
    /// Locations, 地点.
    Locations,
    /// Anything else.
    Custom,
}

/// A heading of level 1 or 2 and the text below it, rule blocks taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// What the heading says the section is about.
    pub kind: SectionKind,
    /// The heading without its marks.
    pub title: String,
    /// 1 or 2.
    pub level: u8,
    /// The body, without the heading.
    pub text: String,
    /// The heading's line.
    pub source: SourceRef,
}

/// A `:::rule` block: text that is put before the narrator apart from the sections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// As written, or `rule-N` by position.
    pub id: String,
    /// What follows the id on the opening line.
    pub title: Option<String>,
    /// The block's body.
    pub text: String,
    /// The opening line.
    pub source: SourceRef,
}

/// What a named thing in a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// Listed in a characters section.
    Character,
    /// Listed in a locations section.
    Location,
    /// Listed anywhere else.
    Other,
}

/// A list item of the form `- **Name**: text`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// The words in bold.
    pub name: String,
    /// By the section it stands in.
    pub kind: EntityKind,
    /// What follows the colon, continuation lines joined; a nested list is not part of it.
    pub text: String,
    /// The item's first line.
    pub source: SourceRef,
}

/// A file that went into a canon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanonFile {
    /// Path relative to the canon's root.
    pub path: String,
    /// SHA-256 of the normalised text, hex.
    pub hash: String,
    /// Lines in the file.
    pub line_count: u32,
}

/// A world, ready to be put before a narrator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Canon {
    /// The world's name; the first heading or the file's name when front matter has none.
    pub name: String,
    /// The language it is told in.
    pub language: Language,
    /// As the author writes it; `1.0.0` by default.
    pub version: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// One paragraph for a list of worlds.
    pub summary: Option<String>,
    /// What it allows to whom.
    pub permissions: Permissions,
    /// In file order, included files in place.
    pub sections: Vec<Section>,
    /// In file order.
    pub rules: Vec<Rule>,
    /// In file order.
    pub entities: Vec<Entity>,
    /// SHA-256 over the files in order of inclusion; equal for equal text whatever the line endings.
    pub hash: String,
    /// In order of inclusion, the entry first.
    pub files: Vec<CanonFile>,
    /// Front matter keys this program does not know, as they were.
    pub front_matter_extra: BTreeMap<String, serde_json::Value>,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something is wrong; the canon may still load.
    Error,
    /// Probably not meant.
    Warning,
    /// Worth knowing.
    Info,
}

/// Something a canon's author should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CanonProblem {
    /// How bad.
    pub severity: Severity,
    /// Stable name, for tests and for looking up.
    pub code: &'static str,
    /// File.
    pub path: String,
    /// Line from 1.
    pub line: u32,
    /// Column in characters from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// A canon as far as it could be read, with everything found on the way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParsedCanon {
    /// Absent when an error makes the world unplayable: the entry cannot be read, the front matter cannot be
    /// trusted, or there is no world. Other errors (a missing include, an unclosed rule) leave the rest usable.
    pub canon: Option<Canon>,
    /// In the order found.
    pub problems: Vec<CanonProblem>,
}

/// Why a file of a canon could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadFailure {
    /// No such file.
    #[error("no such file")]
    Missing,
    /// The bytes are not UTF-8.
    #[error("not UTF-8 at byte {byte}")]
    NotUtf8 {
        /// Offset of the first wrong byte.
        byte: usize,
    },
    /// Larger than a canon file may be.
    #[error("{bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// Size found.
        bytes: u64,
        /// Size allowed.
        limit: u64,
    },
    /// The path leaves the canon's folder.
    #[error("the path leaves the canon's folder")]
    Outside,
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

/// What became of a piece of a canon between two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// Only in the new version.
    Added,
    /// Only in the old version.
    Removed,
    /// In both, with different text.
    Changed,
}

/// Which piece of a canon changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangedPart {
    /// A section.
    Section,
    /// A rule.
    Rule,
    /// Name, language, version, author, summary or permissions.
    FrontMatter,
}

/// One difference between two versions of a canon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanonChange {
    /// Added, removed or changed.
    pub kind: ChangeKind,
    /// What.
    pub what: ChangedPart,
    /// The section's title, the rule's id, or `front matter`.
    pub title: String,
    /// Where it stands now, or stood before it was removed.
    pub source: SourceRef,
    /// A unified diff of the text.
    pub unified: String,
}

impl ParsedCanon {
    /// Whether anything found is an error, also one that leaves the world playable.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }
}

impl Canon {
    /// The prose a session begins with.
    pub fn opening(&self) -> Option<&Section> {
        self.sections.iter().find(|section| section.kind == SectionKind::Opening)
    }

    /// The sections a narrator is shown, in file order: all but the opening and the author's notes.
    pub fn prompt_sections(&self) -> impl Iterator<Item = &Section> {
        self.sections
            .iter()
            .filter(|section| !matches!(section.kind, SectionKind::Opening | SectionKind::Meta))
    }
}

impl Language {
    /// The language tag, as written in front matter and in headers.
    pub fn tag(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl FromStr for Language {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word.trim().to_lowercase().replace('_', "-").as_str() {
            "zh" | "zh-cn" | "zh-hans" | "zh-hans-cn" => Ok(Self::ZhCn),
            "en" | "en-us" | "en-gb" => Ok(Self::En),
            _ => Err(UnknownWord { word: word.to_owned(), expected: "zh-CN, en" }),
        }
    }
}
