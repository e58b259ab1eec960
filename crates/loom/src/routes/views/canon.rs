//! Canons, their problems, versions and differences.

use loom_core::canon::{Canon, CanonChange, CanonProblem};
use serde::Serialize;
use utoipa::ToSchema;

use super::{rfc3339, word};
use crate::store::canons::CanonVersion;

/// A canon in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct CanonSummaryView {
    /// By this sessions refer to it.
    pub key: String,
    /// The world's name; the key when it cannot be read.
    pub name: String,
    /// `zh-CN` or `en`.
    pub language: String,
    /// What its front matter calls itself.
    pub version: String,
    /// A sentence about it.
    pub summary: Option<String>,
    /// The content hash; null when it cannot be played.
    pub hash: Option<String>,
    /// The commit it stands at.
    pub commit: Option<String>,
    /// An older version is played because the newest cannot be.
    pub stale: bool,
    /// How many problems it has.
    pub problems: usize,
}

/// A canon with its content.
#[derive(Debug, Serialize, ToSchema)]
pub struct CanonView {
    /// What lists show.
    #[serde(flatten)]
    pub summary: CanonSummaryView,
    /// Which role may edit it.
    pub edit: String,
    /// Whether the caller may edit it.
    pub may_edit: bool,
    /// Paths of its files.
    pub files: Vec<String>,
    /// What is wrong with it.
    pub problems: Vec<ProblemView>,
    /// Its sections.
    pub sections: Vec<SectionView>,
    /// Its rules.
    pub rules: Vec<RuleView>,
}

/// A problem in a canon.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProblemView {
    /// `error`, `warning` or `info`.
    pub severity: String,
    /// Stable code.
    pub code: String,
    /// File within the canon.
    pub path: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl From<&CanonProblem> for ProblemView {
    fn from(problem: &CanonProblem) -> Self {
        Self {
            severity: word(problem.severity),
            code: problem.code.to_owned(),
            path: problem.path.clone(),
            line: problem.line,
            column: problem.column,
            message: problem.message.clone(),
            hint: problem.hint.clone(),
        }
    }
}

/// A section of a canon.
#[derive(Debug, Serialize, ToSchema)]
pub struct SectionView {
    /// What it is.
    pub kind: String,
    /// Its heading.
    pub title: String,
    /// Its text.
    pub text: String,
    /// File within the canon.
    pub path: String,
    /// Line of the heading.
    pub line: u32,
}

/// A rule of a canon.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleView {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: Option<String>,
    /// Its text.
    pub text: String,
    /// File within the canon.
    pub path: String,
    /// Line it begins in.
    pub line: u32,
}

/// The sections and rules of a canon.
#[must_use]
pub fn canon_content(canon: &Canon) -> (Vec<SectionView>, Vec<RuleView>) {
    let sections = canon.sections.iter().map(|section| SectionView {
        kind: word(section.kind),
        title: section.title.clone(),
        text: section.text.clone(),
        path: section.source.path.clone(),
        line: section.source.line,
    });
    let rules = canon.rules.iter().map(|rule| RuleView {
        id: rule.id.clone(),
        title: rule.title.clone(),
        text: rule.text.clone(),
        path: rule.source.path.clone(),
        line: rule.source.line,
    });
    (sections.collect(), rules.collect())
}

/// A stored version of a canon.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionView {
    /// Content hash.
    pub hash: String,
    /// What its front matter calls itself.
    pub version: String,
    /// The commit it stood at.
    pub commit: Option<String>,
    /// RFC 3339.
    pub first_seen_at: String,
    /// How many files it has.
    pub files: usize,
}

impl From<CanonVersion> for VersionView {
    fn from(version: CanonVersion) -> Self {
        Self {
            hash: version.hash,
            version: version.version,
            commit: version.commit,
            first_seen_at: rfc3339(&version.first_seen_at),
            files: version.files.len(),
        }
    }
}

/// One difference between two versions of a canon.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeView {
    /// `added`, `removed` or `changed`.
    pub kind: String,
    /// `section`, `rule` or `front_matter`.
    pub what: String,
    /// Which one.
    pub title: String,
    /// File within the canon.
    pub path: String,
    /// Line.
    pub line: u32,
    /// As a unified diff.
    pub unified: String,
}

impl From<CanonChange> for ChangeView {
    fn from(change: CanonChange) -> Self {
        Self {
            kind: word(change.kind),
            what: word(change.what),
            title: change.title,
            path: change.source.path,
            line: change.source.line,
            unified: change.unified,
        }
    }
}
