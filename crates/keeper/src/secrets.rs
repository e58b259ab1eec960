//! Secrets that a plan names by their place: read when they are needed, and masked wherever they might be printed.

use std::{fs, os::unix::fs::MetadataExt, process::Command};

use anyhow::{Context, bail};
use chassis::{Secret, config::Environment};
use keeper_core::plan::{Plan, secret::SecretSource};
use serde_json::Value;

/// Masks the variables that the plans name as secrets in everything that is logged, printed or stored.
pub fn register(plans: &[Plan], environment: &Environment) {
    for plan in plans {
        if let Ok(tree) = serde_json::to_value(plan) {
            register_in(&tree, environment);
        }
    }
}

/// A table with the one key `env` is a secret in a variable, wherever it stands.
fn register_in(tree: &Value, environment: &Environment) {
    match tree {
        Value::Object(map) => {
            if let (1, Some(Value::String(name))) = (map.len(), map.get("env"))
                && let Some(value) = environment.get(name)
            {
                chassis::redact::register(&Secret::new(value.to_owned()));
            }
            map.values().for_each(|value| register_in(value, environment));
        }
        Value::Array(items) => items.iter().for_each(|value| register_in(value, environment)),
        _ => {}
    }
}

/// Reads a secret from its place, and masks it from then on.
pub fn read(source: &SecretSource, environment: &Environment) -> anyhow::Result<Secret> {
    let text = match source {
        SecretSource::Env(name) => {
            environment.get(name).with_context(|| format!("the variable {name} is not set"))?.to_owned()
        }
        SecretSource::File(path) => {
            let about = fs::metadata(path).with_context(|| {
                format!("there is no secret in {path}; write it there, readable for keeper's user alone")
            })?;
            if about.mode() & 0o077 != 0 {
                bail!("{path} may be read by others than its owner; run `chmod 600 {path}`");
            }
            let text = fs::read_to_string(path).with_context(|| format!("reading {path}"))?;
            text.trim_end_matches(['\n', '\r']).to_owned()
        }
        SecretSource::Command(command) => {
            let output = Command::new("/bin/sh").args(["-c", command]).output()?;
            if !output.status.success() {
                bail!("the command for a secret failed with {}", output.status);
            }
            String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned()
        }
    };
    if text.is_empty() {
        bail!("the secret is empty: {}", place(source));
    }
    let secret = Secret::new(text);
    chassis::redact::register(&secret);
    Ok(secret)
}

/// Where it should be.
fn place(source: &SecretSource) -> String {
    match source {
        SecretSource::Env(name) => format!("the variable {name}"),
        SecretSource::File(path) => format!("the file {path}"),
        SecretSource::Command(_) => "the first line of its command".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn variables_that_a_plan_names_are_masked() {
        let text = "[plan]\nname = \"a\"\ntitle = \"A\"\nzone = \"UTC\"\n[service.db.database.postgres]\n\
                    url = \"postgres://a@localhost/a\"\npassword.env = \"A_CODE\"\n";
        let plan = keeper_core::plan::parse(text, "a.toml").unwrap();
        register(&[plan], &Environment::from_pairs([("A_CODE", "opensesame"), ("B", "shown-anyway")]));
        assert_eq!(chassis::redact::text("opensesame shown-anyway"), "*** shown-anyway");
    }

    #[test]
    fn secrets_are_read_from_their_places() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        fs::write(&file, "from-file\n").unwrap();
        let open = folder.path().join("open");
        fs::write(&open, "for all\n").unwrap();
        for (path, mode) in [(&file, 0o600), (&open, 0o644)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let environment = Environment::from_pairs([("NAME", "from-env")]);
        let check = |source, expected: Option<&str>| {
            let found = read(&source, &environment).ok();
            assert_eq!(found.as_ref().map(Secret::expose), expected, "{source:?}");
        };
        check(SecretSource::Env("NAME".to_owned()), Some("from-env"));
        check(SecretSource::Env("ABSENT".to_owned()), None);
        check(SecretSource::File(file.display().to_string()), Some("from-file"));
        check(SecretSource::File(open.display().to_string()), None);
        check(SecretSource::File("/nonexistent".to_owned()), None);
        check(SecretSource::Command("echo first; echo second".to_owned()), Some("first"));
        check(SecretSource::Command("exit 1".to_owned()), None);
        check(SecretSource::Command("true".to_owned()), None);
    }
}
