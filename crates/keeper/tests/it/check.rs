//! `keeper check`, `schema` and the documented configuration, as a person at a terminal meets them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use keeper::config::Config;

const DOCUMENTED: &str = include_str!("../../../../config/keeper.toml");

const SMALL: &str = r#"
[plan]
name = "small"
title = "Small"
zone = "Asia/Shanghai"

[[task]]
name = "look"
schedule = "daily 02:00"
action.shell = "true"

[[task]]
name = "verify"
schedule = "daily 03:00"
action.keeper = "audit keys"
"#;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Runs the program; gives its exit code and what it said.
fn keeper(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_keeper")).args(arguments).current_dir(folder).output();
    let output = output.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn small(folder: &Path, text: &str) {
    fs::write(folder.join("small.toml"), text).unwrap();
}

#[test]
fn the_documented_file_is_the_code() {
    chassis::config::documented_defaults_agree::<Config>(DOCUMENTED).unwrap();
}

#[test]
fn our_plans_are_clean() {
    for plan in ["loom", "chimera", "postgres-app", "static-site"] {
        let (code, said) = keeper(&root(), &["check", &format!("plans/{plan}.toml")]);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("no problems"), "{said}");
    }
    let (code, said) = keeper(&root(), &["check"]);
    assert_eq!(code, 0, "the plans of the configuration: {said}");
}

#[test]
fn what_would_run_is_listed_and_what_would_not_is_said() {
    let folder = tempfile::tempdir().unwrap();
    small(folder.path(), SMALL);
    let (code, said) = keeper(folder.path(), &["check", "small.toml"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("the next 24 hours: 2 run(s)"), "{said}");
    assert!(said.contains("02:00 +08:00  small/look    true\n"), "{said}");
    assert!(said.contains("(skipped: needs audits (section 8))"), "{said}");
    let (code, said) = keeper(folder.path(), &["check", "small.toml", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &json["ok"]), (0, &true.into()), "{said}");
    assert_eq!(json["next_24_hours"][0]["missing_part"], serde_json::Value::Null);
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    small(folder.path(), &SMALL.replace("schedule = \"daily 02:00\"", "shedule = \"daily 02:00\""));
    let (code, said) = keeper(folder.path(), &["check", "small.toml", "absent.toml"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(said, @r"
    small.toml:9:1: task[look].shedule: this key is not known here
        found: shedule
        allowed: `name`, `title`, `schedule`, `zone`, `action`, `service`, `owner`, `paths`, `time_limit`, `retry`, `overlap`, `missed`, `interrupted`, `grace`, `covers`
        nearest: schedule
    absent.toml:1:1: the file cannot be read: No such file or directory (os error 2)
    2 problem(s)
    ");
}

#[test]
fn lines_that_nothing_carries_out_are_named() {
    let folder = tempfile::tempdir().unwrap();
    small(folder.path(), SMALL);
    fs::write(folder.path().join("plan.md"), "# Plan\n\nLook every day.\n").unwrap();
    let (code, said) = keeper(folder.path(), &["check", "small.toml", "--coverage", "plan.md"]);
    assert_eq!(code, 1);
    assert!(said.contains("covered by nothing: 2") && said.contains("Look every day."), "{said}");
}

#[test]
fn the_schema_is_json_and_names_the_sections() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = keeper(folder.path(), &["schema"]);
    let schema: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(code, 0);
    assert!(schema["properties"]["task"].is_object(), "{said}");
}
