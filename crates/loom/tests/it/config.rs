//! The documented configuration: it agrees with the code, and every option of it changes something that can be seen.

use std::{path::Path, process::Command};

use chassis::config::documented_defaults_agree;
use loom::config::Config;

const DOCUMENTED: &str = include_str!("../../../../config/loom.toml");

#[test]
fn the_documented_file_is_the_code() {
    documented_defaults_agree::<Config>(DOCUMENTED).unwrap();
}

/// Runs the program in an empty folder.
fn loom(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_loom"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.success(), text)
}

#[test]
fn later_sources_win_and_say_where_a_value_came_from() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("own.toml"),
        "[play]\ncontext_tokens = 5000\nreply_tokens = 100\nhistory_turns = 7\n",
    )
    .unwrap();
    let arguments = ["--config", "own.toml", "--set", "play.history_turns=9", "check-config"];
    let variables = [("LOOM_PLAY__REPLY_TOKENS", "200"), ("LOOM_CACHE_SIZE", "12"), ("LOOM_CACHE_TTL", "34")];
    let (ok, text) = loom(folder.path(), &arguments, &variables);
    assert!(ok, "{text}");
    for line in
        ["context_tokens = 5000", "reply_tokens = 200", "history_turns = 9", "size = 12", "ttl_seconds = 34"]
    {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(text.contains("own.toml") && text.contains("LOOM_CACHE_SIZE"), "{text}");
}

#[test]
fn a_wrong_option_is_named_with_its_place_and_no_secret_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.toml"), "[server]\nbnid = \"127.0.0.1:1\"\n").unwrap();
    let (ok, text) = loom(folder.path(), &["--config", "bad.toml", "check-config"], &[]);
    assert!(!ok && text.contains("bad.toml") && text.contains("bnid") && text.contains("bind"), "{text}");
    let (ok, text) = loom(folder.path(), &["--config", "absent.toml", "check-config"], &[]);
    assert!(!ok && text.contains("absent.toml"), "{text}");
    let (ok, text) =
        loom(folder.path(), &["check-config"], &[("OPENAI_API_KEY", "sk-very-secret-key-0123456789")]);
    assert!(ok && !text.contains("very-secret") && text.contains("***"), "{text}");
    let (ok, text) = loom(folder.path(), &["--set", "logs.format=xml", "check-config"], &[]);
    assert!(!ok && text.contains("human"), "{text}");
    let (ok, text) = loom(folder.path(), &["--set", "llm.order=[\"openai\"]", "serve"], &[]);
    assert!(!ok && text.contains("LOOM_LLM__PROVIDERS__OPENAI__API_KEY"), "{text}");
}

/// Every key of the documented file, set to something else by a flag, is what the program then uses.
#[test]
fn every_documented_option_can_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let table: toml::Table = toml::from_str(DOCUMENTED).unwrap();
    let mut keys = Vec::new();
    collect(&table, "", &mut keys);
    assert!(keys.len() > 60, "only {} keys were found", keys.len());
    let mut arguments = Vec::new();
    let mut expected = Vec::new();
    for (key, value) in &keys {
        let changed = other_value(key, value);
        arguments.push("--set".to_owned());
        arguments.push(format!("{key}={changed}"));
        let name = key.rsplit('.').next().unwrap();
        expected.push(if name == "api_key" {
            "api_key = \"***\"".to_owned()
        } else {
            format!("{name} = {changed}")
        });
    }
    arguments.push("check-config".to_owned());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (ok, text) = loom(folder.path(), &arguments, &[]);
    assert!(ok, "{text}");
    for line in expected {
        assert!(text.contains(&line), "{line} is missing in\n{text}");
    }
}

fn collect(table: &toml::Table, prefix: &str, keys: &mut Vec<(String, toml::Value)>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(inner) => collect(inner, &key, keys),
            value => keys.push((key, value.clone())),
        }
    }
}

fn other_value(key: &str, value: &toml::Value) -> String {
    match value {
        toml::Value::Boolean(value) => (!value).to_string(),
        toml::Value::Integer(value) => (value + 1).to_string(),
        toml::Value::Float(value) => format!("{:?}", value + 0.25),
        toml::Value::Array(_) => "[\"other\"]".to_owned(),
        toml::Value::String(value) => match key.rsplit('.').next().unwrap() {
            "format" => "\"json\"".to_owned(),
            "kind" => (if value == "ollama" { "\"openai\"" } else { "\"ollama\"" }).to_owned(),
            _ => "\"other\"".to_owned(),
        },
        other => panic!("{key} is a {}", other.type_str()),
    }
}
