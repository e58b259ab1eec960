//! Finds dependencies that a crate declares and none of its source files mentions.
//!
//! Reading text is enough: a crate is used by its name at the head of a path or in an import. One that is needed
//! for its mere presence is listed under `[package.metadata.cargo-machete] ignored`, as cargo-machete has it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Context;
use cargo_metadata::{DependencyKind, Package};

use crate::workspace::Workspace;

/// A dependency as its manifest declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The name in the manifest.
    pub name: String,
    /// Which table it stands in.
    pub kind: DependencyKind,
}

/// What is wrong in the whole workspace, one sentence each; empty is good.
///
/// # Errors
/// When a source file cannot be read.
pub fn check(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for package in &workspace.packages {
        let folder = package.manifest_path.as_std_path().parent().context("a manifest without a folder")?;
        let sources = read_sources(folder)?;
        findings.extend(unmentioned(&package.name, &declared(package), &ignored(package), &sources));
    }
    Ok(findings)
}

fn declared(package: &Package) -> Vec<Declared> {
    let name = |rename: &Option<String>, name: &str| rename.clone().unwrap_or_else(|| name.to_owned());
    package
        .dependencies
        .iter()
        .map(|dependency| Declared {
            name: name(&dependency.rename, &dependency.name),
            kind: dependency.kind,
        })
        .collect()
}

fn ignored(package: &Package) -> Vec<String> {
    let names = package.metadata.pointer("/cargo-machete/ignored").and_then(|value| value.as_array());
    names.into_iter().flatten().filter_map(|name| name.as_str()).map(str::to_owned).collect()
}

/// The text of every Rust file by its path within the crate.
fn read_sources(folder: &Path) -> anyhow::Result<BTreeMap<PathBuf, String>> {
    let mut sources = BTreeMap::new();
    let mut open: Vec<PathBuf> =
        ["src", "tests", "benches", "examples", "build.rs"].iter().map(|name| folder.join(name)).collect();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                open.push(entry?.path());
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") && path.is_file() {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            sources.insert(path.strip_prefix(folder)?.to_owned(), text);
        }
    }
    Ok(sources)
}

fn unmentioned(
    package: &str,
    declared: &[Declared],
    ignored: &[String],
    sources: &BTreeMap<PathBuf, String>,
) -> Vec<String> {
    let mut findings = Vec::new();
    for dependency in declared.iter().filter(|dependency| !ignored.contains(&dependency.name)) {
        let identifier = dependency.name.replace('-', "_");
        let used =
            sources.iter().any(|(path, text)| belongs(path, dependency.kind) && mentions(text, &identifier));
        if !used {
            let table = table(dependency.kind);
            findings.push(format!(
                "{package}: {} stands in [{table}], and no source mentions it",
                dependency.name
            ));
        }
    }
    for name in ignored.iter().filter(|name| !declared.iter().any(|dependency| dependency.name == **name)) {
        findings.push(format!("{package}: {name} is ignored by cargo-machete's list but is no dependency"));
    }
    findings
}

fn table(kind: DependencyKind) -> &'static str {
    match kind {
        DependencyKind::Development => "dev-dependencies",
        DependencyKind::Build => "build-dependencies",
        _ => "dependencies",
    }
}

/// Whether a file can be the reason for a dependency of this kind.
fn belongs(path: &Path, kind: DependencyKind) -> bool {
    match kind {
        DependencyKind::Build => path == Path::new("build.rs"),
        DependencyKind::Development => path != Path::new("build.rs"),
        _ => path.starts_with("src"),
    }
}

/// Whether Rust text names the crate: `name::…`, `use name;`, `use name as …`, `extern crate name`.
fn mentions(text: &str, identifier: &str) -> bool {
    text.lines().map(without_comment).any(|line| {
        line.match_indices(identifier)
            .any(|(start, _)| is_mention(&line[..start], &line[start + identifier.len()..]))
    })
}

fn is_mention(before: &str, after: &str) -> bool {
    let word = |character: char| character.is_alphanumeric() || character == '_';
    if before.ends_with(word) || before.ends_with('.') || after.starts_with(word) {
        return false;
    }
    if let Some(path) = before.strip_suffix("::")
        && path.ends_with(|character| word(character) || character == '>')
    {
        return false;
    }
    let imported = before.trim_end().ends_with("use") || before.trim_end().ends_with("extern crate");
    after.trim_start().starts_with("::") || imported
}

/// The line up to `//`, unless that is part of an address. A `//` within a string costs at most a mention.
fn without_comment(line: &str) -> &str {
    let comment = line.match_indices("//").find(|(start, _)| !line[..*start].ends_with(':'));
    comment.map_or(line, |(start, _)| &line[..start])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_mention(text: &str, expected: bool) {
        assert_eq!(mentions(text, "serde_json"), expected, "{text}");
    }

    #[test]
    fn a_crate_is_mentioned_at_the_head_of_a_path_or_in_an_import() {
        check_mention("use serde_json::Value;", true);
        check_mention("use serde_json as json;", true);
        check_mention("let value: serde_json::Value = x;", true);
        check_mention("    ::serde_json::json!({})", true);
        check_mention("extern crate serde_json;", true);
        check_mention("use {\n    serde_json::Value,\n};", true);
        check_mention("#[serde(with = \"serde_json::value\")]", true);
    }

    #[test]
    fn other_words_are_no_mention() {
        check_mention("// serde_json::Value would do", false);
        check_mention("//! See [`serde_json::Value`].", false);
        check_mention("let serde_json = 1;", false);
        check_mention("my_serde_json::run()", false);
        check_mention("serde_jsonc::run()", false);
        check_mention("crate::serde_json::run()", false);
        check_mention("let a = \"https://serde_json\";", false);
    }

    fn check_sources(kind: DependencyKind, path: &str, ignored: &[&str], expected: &[&str]) {
        let declared = [Declared { name: "serde-json".to_owned(), kind }];
        let ignored: Vec<_> = ignored.iter().map(ToString::to_string).collect();
        let text = "use serde_json::Value;".to_owned();
        let sources = BTreeMap::from([(PathBuf::from(path), text)]);
        assert_eq!(unmentioned("a", &declared, &ignored, &sources), expected, "{path}");
    }

    #[test]
    fn each_table_answers_for_its_own_files() {
        let unused = ["a: serde-json stands in [dependencies], and no source mentions it"];
        check_sources(DependencyKind::Normal, "src/deep/x.rs", &[], &[]);
        check_sources(DependencyKind::Normal, "tests/x.rs", &[], &unused);
        check_sources(DependencyKind::Development, "tests/x.rs", &[], &[]);
        check_sources(DependencyKind::Development, "src/x.rs", &[], &[]);
        check_sources(DependencyKind::Build, "build.rs", &[], &[]);
        let unused = ["a: serde-json stands in [build-dependencies], and no source mentions it"];
        check_sources(DependencyKind::Build, "src/x.rs", &[], &unused);
    }

    #[test]
    fn the_ignore_list_silences_and_may_not_grow_stale() {
        check_sources(DependencyKind::Normal, "tests/x.rs", &["serde-json"], &[]);
        let stale = ["a: gone is ignored by cargo-machete's list but is no dependency"];
        check_sources(DependencyKind::Normal, "src/x.rs", &["gone"], &stale);
    }
}
