//! The workspace's rules that a compiler does not know: who may import whom, what a pure crate may touch, how
//! large a file may grow and what it may be called. Each rule is a function that returns what is wrong; it has one
//! test on the real workspace here and one beside it that proves it can fail.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

#[path = "architecture/code.rs"]
mod code;
#[path = "architecture/imports.rs"]
mod imports;
#[path = "architecture/manifests.rs"]
mod manifests;
#[path = "architecture/migrations.rs"]
mod migrations;
#[path = "architecture/purity.rs"]
mod purity;
#[path = "architecture/shape.rs"]
mod shape;
#[path = "architecture/sql.rs"]
mod sql;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use cargo_metadata::MetadataCommand;
use code::Source;
use manifests::Member;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Our crates as their manifests declare them.
fn members() -> &'static [Member] {
    static MEMBERS: OnceLock<Vec<Member>> = OnceLock::new();
    MEMBERS.get_or_init(|| {
        let metadata =
            MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
        let member = |package| Member::new(package, &fs::read_to_string(&package.manifest_path).unwrap());
        let members: Vec<_> = metadata.packages.iter().map(member).collect();
        assert!(members.len() > 5, "only {} crates were found", members.len());
        members
    })
}

/// Every Rust file of ours.
fn sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let (root, mut sources) = (root(), Vec::new());
        for path in files_below(&root.join("crates"), "rs") {
            let text = fs::read_to_string(&path).unwrap();
            sources.push(Source::new(path.strip_prefix(&root).unwrap().to_str().unwrap(), &text));
        }
        assert!(sources.len() > 20, "only {} files were found", sources.len());
        sources
    })
}

fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[track_caller]
fn assert_clean(findings: impl IntoIterator<Item = String>) {
    let findings: Vec<_> = findings.into_iter().collect();
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn crates_import_only_what_the_table_allows() {
    assert_clean(members().iter().flat_map(imports::beyond_the_table));
}

#[test]
fn pure_crates_use_only_the_listed_outside_crates() {
    assert_clean(members().iter().flat_map(imports::unlisted_in_core));
}

#[test]
fn storage_and_llm_do_not_compile_a_server() {
    assert_clean(members().iter().flat_map(imports::server_below_programs));
}

#[test]
fn pure_crates_touch_no_outside_world() {
    assert_clean(sources().iter().filter(|source| source.is_in_core()).flat_map(purity::impure));
}

#[test]
fn sql_stands_in_stores_only() {
    assert_clean(sources().iter().flat_map(sql::outside_the_stores));
    assert_clean(sql::needless_exceptions(sources()));
}

#[test]
fn every_crate_inherits_lints_and_stays_private() {
    assert_clean(members().iter().flat_map(manifests::not_ours));
}

#[test]
fn files_stay_below_their_limit() {
    assert_clean(sources().iter().filter_map(shape::too_long));
    assert_clean(shape::needless_exceptions(sources()));
}

#[test]
fn main_files_only_parse_and_call() {
    assert_clean(sources().iter().filter_map(shape::long_main));
}

#[test]
fn modules_open_with_their_job() {
    assert_clean(sources().iter().filter_map(shape::without_module_doc));
}

#[test]
fn no_module_is_a_drawer() {
    assert_clean(sources().iter().flat_map(shape::badly_named));
}

#[test]
fn lints_are_expected_and_never_allowed() {
    assert_clean(sources().iter().flat_map(shape::allowed_lints));
}

#[test]
fn migrations_come_in_pairs_without_gaps() {
    let root = root();
    let files = files_below(&root.join("crates"), "sql");
    let paths = files.iter().map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap());
    assert_clean(migrations::unpaired(paths));
}
