//! Our crates as their manifests declare them.

use cargo_metadata::{DependencyKind, Package};

/// Crates that stand in for outside ones of the same name, under rustic_core; they have the version of those.
const STAND_INS: &[&str] = &["pariter", "rustic_cdc"];

/// One crate of the workspace.
pub(crate) struct Member {
    pub(crate) name: String,
    /// The name of the folder it lies in.
    pub(crate) folder: String,
    pub(crate) version: String,
    /// Whether it could be published somewhere.
    pub(crate) publishable: bool,
    pub(crate) inherits_lints: bool,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a manifest's dependency tables.
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: DependencyKind,
    /// Whether it lies in this workspace.
    pub(crate) ours: bool,
    pub(crate) default_features: bool,
    pub(crate) features: Vec<String>,
}

impl Member {
    pub(crate) fn new(package: &Package, manifest: &str) -> Self {
        let manifest: toml::Table = toml::from_str(manifest).unwrap();
        let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        let folder = package.manifest_path.parent().and_then(|folder| folder.file_name());
        let dependencies = package.dependencies.iter().map(|dependency| Dependency {
            name: dependency.name.clone(),
            kind: dependency.kind,
            ours: dependency.path.is_some(),
            default_features: dependency.uses_default_features,
            features: dependency.features.clone(),
        });
        Self {
            name: package.name.to_string(),
            folder: folder.unwrap_or_default().to_owned(),
            version: package.version.to_string(),
            publishable: package.publish.as_ref().is_none_or(|registries| !registries.is_empty()),
            inherits_lints: lints.and_then(toml::Value::as_bool) == Some(true),
            dependencies: dependencies.collect(),
        }
    }

    /// A crate that breaks no rule, for tests of the rules.
    #[cfg(test)]
    pub(crate) fn sound(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            folder: name.to_owned(),
            version: "0.0.0".to_owned(),
            publishable: false,
            inherits_lints: true,
            dependencies: Vec::new(),
        }
    }
}

/// What a manifest lacks that every crate of ours has.
pub(crate) fn not_ours(member: &Member) -> Vec<String> {
    let mut findings = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            findings.push(format!("{}: {what}", member.name));
        }
    };
    expect(member.folder == member.name, "the folder is called otherwise");
    let stands_in = STAND_INS.contains(&member.name.as_str());
    expect((member.version == "0.0.0") != stands_in, "the version is not 0.0.0");
    expect(!member.publishable, "publish is not false");
    expect(member.inherits_lints, "[lints] workspace = true is missing");
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_departure_is_found() {
        let check = |change: fn(&mut Member), expected: &[&str]| {
            let mut member = Member::sound("loom");
            change(&mut member);
            assert_eq!(not_ours(&member), expected);
        };
        check(|_| {}, &[]);
        check(|member| member.folder = "story".to_owned(), &["loom: the folder is called otherwise"]);
        check(|member| member.version = "1.2.0".to_owned(), &["loom: the version is not 0.0.0"]);
        check(|member| member.publishable = true, &["loom: publish is not false"]);
        check(|member| member.inherits_lints = false, &["loom: [lints] workspace = true is missing"]);
    }
}
