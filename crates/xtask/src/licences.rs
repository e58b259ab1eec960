//! Checks every crate's licence expression and source against `deny.toml`.

use std::collections::BTreeSet;

use anyhow::Context;
use spdx::{Expression, Licensee, ParseMode};

use crate::{
    deny_file::Licenses,
    dependency_tree::{Crate, CrateSource},
};

/// What is wrong, one sentence each; empty is good.
///
/// # Errors
/// When the lists in `deny.toml` hold something that is no licence.
pub fn check(crates: &BTreeSet<Crate>, rules: &Licenses) -> anyhow::Result<Vec<String>> {
    let allowed = parse_list(&rules.allow)?;
    let mut used = vec![false; allowed.len()];
    let mut findings = Vec::new();
    for found in crates {
        let exception = rules.exceptions.iter().find(|exception| exception.name == found.name);
        let excepted =
            exception.map(|exception| parse_list(&exception.allow)).transpose()?.unwrap_or_default();
        match Expression::parse_mode(&found.licence, ParseMode::LAX) {
            Err(_) if found.licence.is_empty() => {
                findings.push(format!("{} {} declares no licence", found.name, found.version));
            }
            Err(error) => findings.push(format!(
                "{} {} has a licence we cannot read, `{}`: {}",
                found.name, found.version, found.licence, error.reason
            )),
            Ok(expression) => {
                for requirement in expression.requirements() {
                    for (index, licence) in allowed.iter().enumerate() {
                        used[index] |= licence.satisfies(&requirement.req);
                    }
                }
                findings.extend(judge(found, &expression, &allowed, &excepted));
            }
        }
    }
    let unused = rules.allow.iter().zip(used).filter(|(_, used)| !used);
    findings.extend(unused.map(|(licence, _)| format!("no crate is under {licence}: take it off the list")));
    for exception in &rules.exceptions {
        if !crates.iter().any(|found| found.name == exception.name) {
            findings.push(format!("the exception for {} is not needed: the crate is gone", exception.name));
        }
    }
    Ok(findings)
}

/// Crates that come neither from the default registry nor from our own folders.
pub fn check_sources(crates: &BTreeSet<Crate>) -> Vec<String> {
    crates
        .iter()
        .filter_map(|found| match &found.source {
            CrateSource::DefaultRegistry | CrateSource::Folder => None,
            CrateSource::Other(place) => Some(format!(
                "{} {} comes from {place}, not from the default registry",
                found.name, found.version
            )),
        })
        .collect()
}

fn judge(
    found: &Crate,
    expression: &Expression,
    allowed: &[Licensee],
    excepted: &[Licensee],
) -> Option<String> {
    let satisfied = |lists: &[&[Licensee]]| {
        expression.evaluate(|requirement| {
            lists.iter().any(|list| list.iter().any(|one| one.satisfies(requirement)))
        })
    };
    if satisfied(&[allowed]) {
        let needless =
            format!("the exception for {} is not needed: `{}` is allowed", found.name, found.licence);
        return (!excepted.is_empty()).then_some(needless);
    }
    if satisfied(&[allowed, excepted]) {
        return None;
    }
    Some(format!(
        "{} {} is under `{}`, which deny.toml does not allow",
        found.name, found.version, found.licence
    ))
}

fn parse_list(names: &[String]) -> anyhow::Result<Vec<Licensee>> {
    names
        .iter()
        .map(|name| {
            Licensee::parse(name).with_context(|| format!("`{name}` in deny.toml is no SPDX licence"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deny_file::Exception;

    fn rules(allow: &[&str], exceptions: &[(&str, &str)]) -> Licenses {
        let exception =
            |&(name, licence): &(&str, &str)| Exception { name: name.into(), allow: vec![licence.into()] };
        Licenses {
            allow: allow.iter().map(ToString::to_string).collect(),
            exceptions: exceptions.iter().map(exception).collect(),
            ..Licenses::default()
        }
    }

    fn crates(list: &[(&str, &str)]) -> BTreeSet<Crate> {
        list.iter()
            .map(|&(name, licence)| Crate {
                name: name.to_owned(),
                version: "1.0.0".to_owned(),
                source: CrateSource::DefaultRegistry,
                licence: licence.to_owned(),
            })
            .collect()
    }

    fn check_one(licence: &str, allow: &[&str], exceptions: &[(&str, &str)], expected: &[&str]) {
        assert_eq!(
            check(&crates(&[("a", licence)]), &rules(allow, exceptions)).unwrap(),
            expected,
            "{licence}"
        );
    }

    #[test]
    fn an_expression_must_be_satisfied_by_what_is_allowed() {
        check_one("MIT OR Apache-2.0", &["MIT"], &[], &[]);
        check_one("MIT/Apache-2.0", &["MIT"], &[], &[]);
        check_one("MIT AND BSD-3-Clause", &["MIT", "BSD-3-Clause"], &[], &[]);
        check_one("Apache-2.0 OR GPL-2.0-only", &["Apache-2.0"], &[], &[]);
        let refused = ["a 1.0.0 is under `MIT AND BSD-3-Clause`, which deny.toml does not allow"];
        check_one("MIT AND BSD-3-Clause", &["MIT"], &[], &refused);
    }

    #[test]
    fn an_exception_counts_for_its_crate_alone() {
        let rules = rules(&["MIT"], &[("a", "CC0-1.0")]);
        let found = check(&crates(&[("a", "CC0-1.0"), ("b", "CC0-1.0"), ("c", "MIT")]), &rules).unwrap();
        assert_eq!(found, ["b 1.0.0 is under `CC0-1.0`, which deny.toml does not allow"]);
    }

    #[test]
    fn a_licence_that_is_missing_or_unreadable_is_a_finding() {
        let rules = rules(&["MIT"], &[]);
        let found = check(&crates(&[("a", ""), ("b", "Mine"), ("c", "MIT")]), &rules).unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0], "a 1.0.0 declares no licence");
        assert!(found[1].starts_with("b 1.0.0 has a licence we cannot read, `Mine`"), "{}", found[1]);
    }

    #[test]
    fn lists_do_not_keep_what_nobody_needs() {
        check_one("MIT", &["MIT", "ISC"], &[], &["no crate is under ISC: take it off the list"]);
        check_one(
            "MIT",
            &["MIT"],
            &[("gone", "ISC")],
            &["the exception for gone is not needed: the crate is gone"],
        );
        check_one("MIT", &["MIT"], &[("a", "ISC")], &["the exception for a is not needed: `MIT` is allowed"]);
    }

    #[test]
    fn a_list_with_something_that_is_no_licence_is_an_error() {
        assert!(check(&crates(&[("a", "MIT")]), &rules(&["MIT", "Beer"], &[])).is_err());
    }

    #[test]
    fn only_the_default_registry_and_our_own_folders_are_sources() {
        let mut found = crates(&[("a", "MIT"), ("b", "MIT")]);
        assert!(check_sources(&found).is_empty());
        let mut stranger = found.pop_first().unwrap();
        stranger.source = CrateSource::Other("https://example.com/a".to_owned());
        found.insert(stranger);
        assert_eq!(
            check_sources(&found),
            ["a 1.0.0 comes from https://example.com/a, not from the default registry"]
        );
    }
}
