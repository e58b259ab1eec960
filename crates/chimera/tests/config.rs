//! The documented configuration: it agrees with the code, and what is set is what the program uses.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use std::{path::Path, process::Command};

use chassis::config::documented_defaults_agree;
use chimera::config::{ALIASES, Config};

const DOCUMENTED: &str = include_str!("../../../config/chimera.toml");
/// The public key of a published test vector.
const PUBLIC_KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

#[test]
fn the_documented_file_is_the_code() {
    documented_defaults_agree::<Config>(DOCUMENTED).unwrap();
}

/// Runs the program in an empty folder.
fn chimera(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_chimera"))
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

/// Each name of the runbook and the providers sets its option, and no secret is shown.
#[test]
fn every_short_name_sets_its_option() {
    let folder = tempfile::tempdir().unwrap();
    let table: toml::Table = toml::from_str(DOCUMENTED).unwrap();
    for (name, key) in ALIASES {
        assert!(DOCUMENTED.contains(name) || name.starts_with("CHIMERA_"), "{name} is not documented");
        let (value, shown) = match lookup(&table, key) {
            toml::Value::Boolean(value) => ((!value).to_string(), (!value).to_string()),
            toml::Value::Float(value) => {
                (format!("{:?}", value / 2.0 + 0.1), format!("{:?}", value / 2.0 + 0.1))
            }
            _ if ["api_key", "bot_token", "redis_url"].contains(&last(key)) => {
                ("very-secret-0123456789".to_owned(), "\"***\"".to_owned())
            }
            _ => {
                let value = match last(key) {
                    "public_key" => PUBLIC_KEY,
                    "application_id" | "guild_id" => "123456789012345678",
                    _ => "other",
                };
                (value.to_owned(), format!("{value:?}"))
            }
        };
        let (ok, text) = chimera(folder.path(), &["check-config"], &[(name, &value)]);
        assert!(ok && !text.contains("very-secret"), "{name}: {text}");
        let line = format!("{} = {shown}", last(key));
        assert!(text.contains(&line) && text.contains(name), "{line} of {name} is missing in\n{text}");
    }
}

fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap()
}

fn lookup<'a>(table: &'a toml::Table, key: &str) -> &'a toml::Value {
    let mut parts = key.split('.');
    let mut value = &table[parts.next().unwrap()];
    for part in parts {
        value = &value[part];
    }
    value
}

#[test]
fn later_sources_win_and_the_regular_name_beats_the_short_one() {
    let folder = tempfile::tempdir().unwrap();
    let file =
        "[queue]\nconcurrency = 5\npoll_ms = 6\nlease_seconds = 7\n[riot]\nbase_url = \"http://file\"\n";
    std::fs::write(folder.path().join("own.toml"), file).unwrap();
    let arguments = ["--config", "own.toml", "--set", "queue.lease_seconds=9", "check-config"];
    let variables = [
        ("CHIMERA_QUEUE__POLL_MS", "8"),
        ("DATABASE_URL", "sqlite:short.db"),
        ("CHIMERA_DATABASE__URL", "sqlite:regular.db"),
    ];
    let (ok, text) = chimera(folder.path(), &arguments, &variables);
    assert!(ok, "{text}");
    for line in
        ["concurrency = 5", "poll_ms = 8", "lease_seconds = 9", "url = \"sqlite:regular.db\"", "http://file"]
    {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[test]
fn a_wrong_option_is_named_with_what_is_right() {
    let check = |arguments: &[&str], expected: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("bad.toml"), "[riot]\napi_kee = \"x\"\n").unwrap();
        let (ok, text) = chimera(folder.path(), arguments, &[]);
        assert!(!ok, "{arguments:?}: {text}");
        for part in expected {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    };
    check(&["--config", "bad.toml", "check-config"], &["bad.toml", "api_kee", "api_key"]);
    check(&["--set", "queue.backend=kafka", "check-config"], &["kafka", "database", "redis"]);
    check(&["--set", "queue.backend=redis", "check-config"], &["REDIS_URL"]);
    check(&["--set", "experiment.weight_a=1.5", "check-config"], &["weight_a", "1.5"]);
    check(&["--set", "narrative.tier=huge", "check-config"], &["huge", "template", "small", "strong"]);
    check(&["--set", "discord.public_key=abc", "check-config"], &["DISCORD_PUBLIC_KEY"]);
    check(&["--set", "discord.application_id=me", "check-config"], &["application_id", "`me`"]);
    check(&["--set", "discord.gateway=true", "check-config"], &["DISCORD_BOT_TOKEN"]);
    check(&["--set", "logs.format=xml", "check-config"], &["human"]);
    check(&["--set", "queue.poll_ms=often", "check-config"], &["poll_ms"]);
}

/// Every key of the documented file, set to something else by a flag, is what the program then uses.
#[test]
fn every_documented_option_can_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let table: toml::Table = toml::from_str(DOCUMENTED).unwrap();
    let mut keys = Vec::new();
    collect(&table, "", &mut keys);
    assert!(keys.len() > 80, "only {} keys were found", keys.len());
    let mut arguments = Vec::new();
    let mut expected = Vec::new();
    for (key, value) in &keys {
        let changed = other_value(key, value);
        arguments.extend(["--set".to_owned(), format!("{key}={changed}")]);
        let is_secret = ["api_key", "bot_token", "redis_url"].contains(&last(key));
        let shown = if is_secret { "\"***\"" } else { changed.as_str() };
        expected.push(format!("{} = {shown}", last(key)));
    }
    arguments.push("check-config".to_owned());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (ok, text) = chimera(folder.path(), &arguments, &[]);
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

/// Another value than the default that the program takes.
fn other_value(key: &str, value: &toml::Value) -> String {
    match value {
        toml::Value::Boolean(value) => (!value).to_string(),
        toml::Value::Integer(value) => (value + 1).to_string(),
        toml::Value::Float(value) => format!("{:?}", value / 2.0 + 0.125),
        toml::Value::Array(_) => "[\"other\"]".to_owned(),
        toml::Value::String(value) => match last(key) {
            "format" => "\"json\"".to_owned(),
            "tier" => "\"strong\"".to_owned(),
            "backend" => "\"redis\"".to_owned(),
            "kind" => (if value == "ollama" { "\"openai\"" } else { "\"ollama\"" }).to_owned(),
            "public_key" => format!("{PUBLIC_KEY:?}"),
            "application_id" | "guild_id" => "\"123456789012345678\"".to_owned(),
            _ => "\"other\"".to_owned(),
        },
        other => panic!("{key} is a {}", other.type_str()),
    }
}
