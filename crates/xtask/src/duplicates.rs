//! Checks that each crate is built in one version, but for the exceptions that `deny.toml` explains, and that no
//! banned crate is built at all.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    deny_file::{Bans, Named},
    dependency_tree::Crate,
};

/// What is wrong, one sentence each; empty is good.
pub fn check(crates: &BTreeSet<Crate>, rules: &Bans) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for found in crates {
        versions.entry(&found.name).or_default().insert(&found.version);
    }
    let mut findings = Vec::new();
    for (name, found) in &versions {
        let left: Vec<_> = found
            .iter()
            .copied()
            .filter(|version| !rules.skip.iter().any(|skip| covers(skip, name, version)))
            .collect();
        if left.len() > 1 {
            findings.push(format!("{name} is built {} times: {}", left.len(), left.join(", ")));
        }
    }
    for ban in &rules.deny {
        let built = crates.iter().find(|found| covers(ban, &found.name, &found.version));
        if let Some(found) = built {
            findings.push(format!("{} {} is banned: {}", found.name, found.version, ban.reason));
        }
    }
    findings.extend(rules.skip.iter().filter_map(|skip| needless(skip, &versions)));
    findings
}

fn covers(entry: &Named, name: &str, version: &str) -> bool {
    let (entry_name, entry_version) = entry.parts();
    entry_name == name && (entry_version.is_empty() || entry_version == version)
}

fn needless(skip: &Named, versions: &BTreeMap<&str, BTreeSet<&str>>) -> Option<String> {
    let (name, version) = skip.parts();
    let found = versions.get(name);
    if !found.is_some_and(|found| found.iter().any(|built| covers(skip, name, built))) {
        return Some(format!("the skip of {} is not needed: that version is gone", skip.name));
    }
    let alone = found.is_some_and(|found| found.len() == 1) && !version.is_empty();
    alone.then(|| format!("the skip of {} is not needed: there is no other version", skip.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dependency_tree::CrateSource;

    fn named(list: &[&str]) -> Vec<Named> {
        list.iter().map(|name| Named { name: (*name).to_owned(), reason: "old".to_owned() }).collect()
    }

    fn check_tree(crates: &[&str], skip: &[&str], deny: &[&str], expected: &[&str]) {
        let crates = crates
            .iter()
            .map(|text| {
                let (name, version) = text.split_once('@').unwrap();
                Crate {
                    name: name.to_owned(),
                    version: version.to_owned(),
                    source: CrateSource::DefaultRegistry,
                    licence: "MIT".to_owned(),
                }
            })
            .collect();
        let rules = Bans { skip: named(skip), deny: named(deny), ..Bans::default() };
        assert_eq!(check(&crates, &rules), expected);
    }

    #[test]
    fn two_versions_are_a_finding_unless_all_but_one_are_skipped() {
        check_tree(&["a@1.0.0", "b@1.0.0"], &[], &[], &[]);
        check_tree(&["a@1.0.0", "a@2.0.0"], &[], &[], &["a is built 2 times: 1.0.0, 2.0.0"]);
        check_tree(&["a@1.0.0", "a@2.0.0"], &["a@1.0.0"], &[], &[]);
        let three = ["a@1.0.0", "a@2.0.0", "a@3.0.0"];
        check_tree(&three, &["a@1.0.0"], &[], &["a is built 2 times: 2.0.0, 3.0.0"]);
        check_tree(&three, &["a"], &[], &[]);
    }

    #[test]
    fn a_skip_that_nothing_needs_is_a_finding() {
        check_tree(
            &["a@2.0.0"],
            &["a@1.0.0"],
            &[],
            &["the skip of a@1.0.0 is not needed: that version is gone"],
        );
        check_tree(
            &["a@1.0.0"],
            &["a@1.0.0"],
            &[],
            &["the skip of a@1.0.0 is not needed: there is no other version"],
        );
    }

    #[test]
    fn a_banned_crate_is_a_finding() {
        check_tree(&["ring@0.17.0"], &[], &["ring"], &["ring 0.17.0 is banned: old"]);
        check_tree(&["ring@0.17.0"], &[], &["ring@0.16.0"], &[]);
    }
}
