//! The environment: the only place that reads it, and how a variable becomes a configuration value.

use std::{collections::BTreeMap, fmt};

use figment::value::Value;
use serde::de::DeserializeOwned;

use super::{ConfigError, Merged, Origin, Sources, error::nearest, is_unknown_field, leaves, tree};

/// The variables as they were when the program started. `Debug` shows names only.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads the process's variables; those that are not UTF-8 are left out.
    pub fn read() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        )
    }

    /// Made-up variables, for tests.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// One variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// Sets every variable that names a key; the others become warnings.
pub(super) fn apply<T: DeserializeOwned>(
    merged: &mut Merged,
    sources: &Sources<'_>,
) -> Result<(), ConfigError> {
    for (name, key) in sources.aliases {
        if let Some(text) = sources.environment.get(name) {
            apply_one::<T>(merged, name, key, text)?;
        }
    }
    let prefix = format!("{}_", sources.program.to_ascii_uppercase());
    for (name, text) in &sources.environment.0 {
        let Some(rest) = name.strip_prefix(&prefix) else { continue };
        if rest.is_empty() || rest == "CONFIG" || sources.aliases.iter().any(|(alias, _)| alias == name) {
            continue;
        }
        apply_one::<T>(merged, name, &rest.to_ascii_lowercase().replace("__", "."), text)?;
    }
    Ok(())
}

fn apply_one<T: DeserializeOwned>(
    merged: &mut Merged,
    name: &str,
    key: &str,
    text: &str,
) -> Result<(), ConfigError> {
    if key.split('.').any(str::is_empty) {
        merged.warnings.push(unknown(merged, name, key));
        return Ok(());
    }
    let mut first_error = None;
    for value in candidates(merged, key, text)? {
        match merged.with(key, &value).extract::<T>() {
            Err(error) if is_unknown_field(&error) && key.starts_with(&error.path.join(".")) => {
                merged.warnings.push(unknown(merged, name, key));
                return Ok(());
            }
            Err(error) if !error.missing() => {
                first_error.get_or_insert((error, value));
            }
            _ => {
                merged.set(key, &value, Origin::Environment(name.to_owned()));
                return Ok(());
            }
        }
    }
    if text.is_empty() {
        merged.warnings.push(format!("{name} is empty and was ignored: `{key}` is not a text"));
        return Ok(());
    }
    match first_error {
        Some((error, value)) => {
            merged.set(key, &value, Origin::Environment(name.to_owned()));
            Err(merged.explain(&error))
        }
        None => Ok(()),
    }
}

/// What the text may mean, in the order to try: a TOML value unless the default is a text, then the text itself.
fn candidates(merged: &Merged, key: &str, text: &str) -> Result<Vec<Value>, ConfigError> {
    let plain = Value::from(text);
    let wants_text =
        leaves(&merged.defaults).iter().any(|(known, value)| known == key && value.as_str().is_some());
    let parsed =
        toml::from_str::<toml::Table>(&format!("value = {text}")).ok().filter(|table| table.len() == 1);
    match parsed.as_ref().and_then(|table| table.get("value")) {
        Some(value) if !wants_text => Ok(vec![tree(value)?, plain]),
        _ => Ok(vec![plain]),
    }
}

fn unknown(merged: &Merged, name: &str, key: &str) -> String {
    let hint = nearest(key, &merged.keys()).map(|near| format!("; did you mean the variable for `{near}`?"));
    format!("{name} sets `{key}`, which nothing reads; it was ignored{}", hint.unwrap_or_default())
}
