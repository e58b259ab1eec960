//! The crates that are really built, out of `cargo tree`.
//!
//! `cargo metadata` also lists crates behind weak features that nothing switches on (sqlx-mysql, ring), which
//! would have us judge licences of code that is never compiled.

use std::{collections::BTreeSet, process::Command};

use anyhow::Context;

use crate::workspace::Workspace;

/// One crate of the tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its exact version.
    pub version: String,
    /// Where it comes from.
    pub source: CrateSource,
    /// Its licence expression; empty when it declares none.
    pub licence: String,
}

/// Where a crate comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CrateSource {
    /// The default registry.
    DefaultRegistry,
    /// A folder: one of ours.
    Folder,
    /// Another registry or a git repository, as cargo names it.
    Other(String),
}

/// Reads the tree for one platform, development and build dependencies included. Works without network when the
/// crates are on disk; fetches what is missing otherwise.
///
/// # Errors
/// When cargo fails: it is asked to keep to `Cargo.lock`.
pub fn read(workspace: &Workspace, platform: &str) -> anyhow::Result<BTreeSet<Crate>> {
    let ask = |network: &[&str]| {
        Command::new("cargo")
            .current_dir(&workspace.root)
            .args(["tree", "--workspace", "--locked", "--target", platform, "--edges", "normal,build,dev"])
            .args(["--prefix", "none", "--no-dedupe", "--format", "{p}|{l}"])
            .args(network)
            .output()
            .context("running cargo tree")
    };
    let mut output = ask(&["--offline"])?;
    if !output.status.success() {
        output = ask(&[])?;
    }
    anyhow::ensure!(
        output.status.success(),
        "cargo tree failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    parse(&String::from_utf8(output.stdout).context("cargo tree printed no UTF-8")?)
}

fn parse(text: &str) -> anyhow::Result<BTreeSet<Crate>> {
    text.lines().filter(|line| !line.is_empty()).map(parse_line).collect()
}

/// `name v1.2.3 (proc-macro) (/folder or address)|licence`
fn parse_line(line: &str) -> anyhow::Result<Crate> {
    let unexpected = || format!("unexpected line of cargo tree: {line}");
    let (package, licence) = line.split_once('|').with_context(unexpected)?;
    let mut words = package.splitn(3, ' ');
    let name = words.next().filter(|name| !name.is_empty()).with_context(unexpected)?;
    let version = words.next().and_then(|word| word.strip_prefix('v')).with_context(unexpected)?;
    let place = words.next().unwrap_or_default().trim_start_matches("(proc-macro)").trim();
    let place = place.trim_start_matches('(').trim_end_matches(')');
    let source = match place {
        "" => CrateSource::DefaultRegistry,
        folder if folder.starts_with('/') => CrateSource::Folder,
        other => CrateSource::Other(other.to_owned()),
    };
    Ok(Crate { name: name.to_owned(), version: version.to_owned(), source, licence: licence.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: (&str, &str, CrateSource, &str)) {
        let found = parse_line(line).unwrap();
        let (name, version, source, licence) = expected;
        let expected =
            Crate { name: name.to_owned(), version: version.to_owned(), source, licence: licence.to_owned() };
        assert_eq!(found, expected);
    }

    #[test]
    fn every_shape_of_line_is_read() {
        check("atoi v2.0.0|MIT", ("atoi", "2.0.0", CrateSource::DefaultRegistry, "MIT"));
        check("a-derive v1.0.0 (proc-macro)|MIT", ("a-derive", "1.0.0", CrateSource::DefaultRegistry, "MIT"));
        check("toml v1.2.1+spec-1.1.0|", ("toml", "1.2.1+spec-1.1.0", CrateSource::DefaultRegistry, ""));
        check("ui v0.0.0 (/home/a b/ui)|MIT", ("ui", "0.0.0", CrateSource::Folder, "MIT"));
        let git = "https://example.com/x?rev=1#2";
        check(&format!("x v0.1.0 ({git})|MIT"), ("x", "0.1.0", CrateSource::Other(git.to_owned()), "MIT"));
        let registry = CrateSource::Other("registry `mine`".to_owned());
        check("x v0.1.0 (proc-macro) (registry `mine`)|MIT", ("x", "0.1.0", registry, "MIT"));
    }

    #[test]
    fn a_line_we_do_not_understand_is_an_error() {
        for line in ["name v1.0.0", "name 1.0.0|MIT", "|MIT", "name|MIT"] {
            assert!(parse_line(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_crate_that_appears_twice_counts_once() {
        assert_eq!(parse("a v1.0.0|MIT\n\nb v1.0.0|MIT\na v1.0.0|MIT\n").unwrap().len(), 2);
    }
}
