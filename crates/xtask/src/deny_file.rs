//! The part of cargo-deny's `deny.toml` that we use, so that cargo-deny itself can be run on the same file.
//!
//! A key we would not enforce is an error, not a comment.

use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenyFile {
    /// Which platform's dependencies are looked at.
    pub graph: Graph,
    /// Licences.
    pub licenses: Licenses,
    /// Doubled and banned crates.
    pub bans: Bans,
    /// Where crates may come from.
    pub sources: Sources,
}

/// Which platform's dependencies are looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    /// Target triples; we look at the first.
    pub targets: Vec<String>,
}

/// Licences.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Licenses {
    /// What any crate may be under.
    pub allow: Vec<String>,
    /// What single crates may be under besides.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// An allowed licence that no crate is under.
    pub unused_allowed_license: Level,
    /// An exception whose crate is gone or does not need it.
    pub unused_license_exception: Level,
}

/// Licences that one crate may be under besides the common ones.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The crate's name.
    #[serde(rename = "crate")]
    pub name: String,
    /// The licences.
    pub allow: Vec<String>,
}

/// Doubled and banned crates.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Bans {
    /// What two versions of one crate are.
    pub multiple_versions: Level,
    /// Whether development dependencies count; for us they do.
    pub multiple_versions_include_dev: bool,
    /// Crates that may not be built at all.
    #[serde(default)]
    pub deny: Vec<Named>,
    /// Versions that may stand beside another one.
    #[serde(default)]
    pub skip: Vec<Named>,
}

/// A crate, perhaps one version of it, and why it is listed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// `name` or `name@version`.
    #[serde(rename = "crate")]
    pub name: String,
    /// Why.
    pub reason: String,
}

/// Where crates may come from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sources {
    /// A registry other than the default one.
    pub unknown_registry: Level,
    /// A git repository.
    pub unknown_git: Level,
}

/// How bad a finding is. We know one level, so that a weaker one in the file cannot go unnoticed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// An error.
    #[default]
    Deny,
}

impl DenyFile {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// When it is unreadable, holds something we do not enforce, or gives no reason where one is due.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    /// As [`DenyFile::read`], from text.
    ///
    /// # Errors
    /// As [`DenyFile::read`].
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let file: Self = toml::from_str(text)?;
        anyhow::ensure!(!file.graph.targets.is_empty(), "[graph] targets is empty");
        anyhow::ensure!(
            file.bans.multiple_versions_include_dev,
            "[bans] multiple-versions-include-dev must be true"
        );
        for entry in file.bans.deny.iter().chain(&file.bans.skip) {
            anyhow::ensure!(!entry.reason.trim().is_empty(), "{} is listed without a reason", entry.name);
        }
        Ok(file)
    }
}

impl Named {
    /// Name and version, the latter empty when any is meant.
    pub fn parts(&self) -> (&str, &str) {
        self.name.split_once('@').unwrap_or((&self.name, ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[graph]
targets = ["x86_64-unknown-linux-gnu"]
[licenses]
allow = ["MIT"]
exceptions = [{ crate = "x", allow = ["CC0-1.0"] }]
unused-allowed-license = "deny"
unused-license-exception = "deny"
[bans]
multiple-versions = "deny"
multiple-versions-include-dev = true
deny = [{ crate = "ring", reason = "a second crypto library" }]
skip = [{ crate = "toml@0.8.23", reason = "figment" }]
[sources]
unknown-registry = "deny"
unknown-git = "deny"
"#;

    fn check_error(from: &str, to: &str, expected: &str) {
        let changed = GOOD.replace(from, to);
        assert_ne!(changed, GOOD, "{from}");
        let error = format!("{:#}", DenyFile::parse(&changed).unwrap_err());
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_full_file_is_read() {
        let file = DenyFile::parse(GOOD).unwrap();
        assert_eq!(file.bans.skip[0].parts(), ("toml", "0.8.23"));
        assert_eq!(file.bans.deny[0].parts(), ("ring", ""));
        assert_eq!(file.licenses.exceptions[0].name, "x");
    }

    #[test]
    fn what_would_not_be_enforced_is_refused() {
        check_error("[sources]", "[advisories]\n[sources]", "advisories");
        check_error("unknown-git = \"deny\"", "unknown-git = \"warn\"", "warn");
        check_error("include-dev = true", "include-dev = false", "must be true");
        check_error("\"figment\"", "\" \"", "toml@0.8.23 is listed without a reason");
        check_error("[\"x86_64-unknown-linux-gnu\"]", "[]", "targets is empty");
    }
}
