//! Configuration from defaults, one TOML file, environment variables and flags, in that order: later ones win.
//!
//! `LOOM_SERVER__BIND` sets `server.bind`. A variable is read as a TOML value where the target wants one and as plain
//! text otherwise. A key of the file that nothing reads is an error, a variable is a warning (orchestrators inject
//! such). This module is the only one that reads the environment.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Profile,
    error::Kind,
    providers::Serialized,
    value::{Dict, Value},
};
use serde::{Serialize, de::DeserializeOwned};

mod defaults;
mod environment;
mod error;
mod file;
mod print;

pub use self::{
    defaults::documented_defaults_agree, environment::Environment, error::ConfigError, print::effective_toml,
};

/// Everything a configuration is read from.
#[derive(Debug)]
pub struct Sources<'a> {
    /// The program's name in lower case; `loom` reads variables that begin with `LOOM_`. `LOOM_CONFIG`, by which
    /// programs take the path of the file, is left alone.
    pub program: &'a str,
    /// The file that was asked for, which then must exist; `None` reads no file.
    pub file: Option<PathBuf>,
    /// The variables.
    pub environment: &'a Environment,
    /// Further variables by full name and the dotted key they set; the regular name wins over its alias.
    pub aliases: &'a [(&'a str, &'a str)],
    /// Dotted keys set on the command line.
    pub flags: Vec<(String, toml::Value)>,
}

/// A configuration and where each of its values came from.
#[derive(Clone, Debug)]
pub struct Loaded<T> {
    /// The result.
    pub value: T,
    /// The source of every dotted key, optional ones without a value included.
    pub origins: BTreeMap<String, Origin>,
    /// Sentences to log once logging works.
    pub warnings: Vec<String>,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The program's own default.
    Default,
    /// This file.
    File(PathBuf),
    /// This variable.
    Environment(String),
    /// The command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File(path) => write!(formatter, "file {}", path.display()),
            Self::Environment(name) => write!(formatter, "environment {name}"),
            Self::Flag => formatter.write_str("flag"),
        }
    }
}

/// Merges the sources and reads `T` from the result.
///
/// `T` and its sections should have `#[serde(default, deny_unknown_fields)]`. No error or warning holds the value
/// of a [`Secret`](crate::Secret).
pub fn load<T: Serialize + DeserializeOwned + Default>(
    sources: &Sources<'_>,
) -> Result<Loaded<T>, ConfigError> {
    let defaults = tree(&T::default())?;
    let mut merged = Merged::new(defaults);
    if let Some(path) = &sources.file {
        merged.add_file(path, file::read(path)?)?;
        match merged.extract::<T>() {
            // What is missing may still come from the environment.
            Err(error) if !error.missing() => return Err(merged.explain(&error)),
            _ => {}
        }
    }
    environment::apply::<T>(&mut merged, sources)?;
    for (key, value) in &sources.flags {
        let value = merged.as_wanted(key, tree(value)?);
        merged.set(key, &value, Origin::Flag);
    }
    let value = merged.extract::<T>().map_err(|error| merged.explain(&error))?;
    let origins = leaves(&tree(&value)?)
        .into_iter()
        .map(|(key, _)| {
            let origin = merged.origin(&key);
            (key, origin)
        })
        .collect();
    Ok(Loaded { value, origins, warnings: merged.warnings })
}

/// The layers merged so far and who set what.
struct Merged {
    defaults: Value,
    figment: Figment,
    document: Option<file::Document>,
    set: BTreeMap<String, Origin>,
    warnings: Vec<String>,
}

impl Merged {
    fn new(defaults: Value) -> Self {
        let figment = Figment::from(Serialized::from(&defaults, Profile::Default));
        Self { defaults, figment, document: None, set: BTreeMap::new(), warnings: Vec::new() }
    }

    fn add_file(&mut self, path: &Path, document: file::Document) -> Result<(), ConfigError> {
        let table = tree(&document.table)?;
        for (key, _) in leaves(&table) {
            self.set.insert(key, Origin::File(path.to_owned()));
        }
        self.figment = self.figment.clone().merge(Serialized::from(&table, Profile::Default));
        self.document = Some(document);
        Ok(())
    }

    /// A number where a text is wanted, such as an id of digits, is that text: nobody quotes it on a command line.
    fn as_wanted(&self, key: &str, value: Value) -> Value {
        let wants_text =
            leaves(&self.defaults).iter().any(|(known, default)| known == key && default.as_str().is_some());
        match &value {
            Value::Num(..) | Value::Bool(..) if wants_text => {
                print::value_text(&value).map_or_else(|| value.clone(), Value::from)
            }
            _ => value,
        }
    }

    fn set(&mut self, key: &str, value: &Value, origin: Origin) {
        self.figment = self.with(key, value);
        self.set.insert(key.to_owned(), origin);
    }

    /// What the layers would be with `key` at `value`.
    fn with(&self, key: &str, value: &Value) -> Figment {
        self.figment.clone().merge(Serialized::default(key, value))
    }

    #[expect(clippy::result_large_err, reason = "figment's error, turned into ours by every caller")]
    fn extract<T: DeserializeOwned>(&self) -> figment::error::Result<T> {
        self.figment.extract()
    }

    /// The source of a key: its own, or that of the nearest section set as a whole.
    fn origin(&self, key: &str) -> Origin {
        let mut part = key;
        loop {
            if let Some(origin) = self.set.get(part) {
                return origin.clone();
            }
            match part.rsplit_once('.') {
                Some((section, _)) => part = section,
                None => return Origin::Default,
            }
        }
    }

    /// Turns figment's error into ours, with the place the value came from.
    fn explain(&self, error: &figment::Error) -> ConfigError {
        let key = error.path.join(".");
        let origin = match self.origin(&key) {
            // An error of a section as a whole: whoever set something in it.
            Origin::Default => {
                let inside = format!("{key}.");
                let set = self.set.iter().find(|(name, _)| name.starts_with(&inside));
                set.map_or(Origin::Default, |(_, origin)| origin.clone())
            }
            origin => origin,
        };
        let line = self.document.as_ref().and_then(|document| document.line_of(&key));
        error::explain(error, key, &origin, line, &self.keys())
    }

    /// Every key that has a default, the ones without a value included.
    fn keys(&self) -> Vec<String> {
        leaves(&self.defaults).into_iter().map(|(key, _)| key).collect()
    }
}

/// The serialised form; an optional key without a value is there as an empty value.
fn tree<T: Serialize>(value: &T) -> Result<Value, ConfigError> {
    Value::serialize(value).map_err(|error| ConfigError::Unserializable { reason: error.to_string() })
}

/// Dotted keys and values of everything that is not a section; an empty section counts as a value.
fn leaves(value: &Value) -> Vec<(String, &Value)> {
    fn walk<'a>(prefix: &str, dict: &'a Dict, found: &mut Vec<(String, &'a Value)>) {
        for (name, value) in dict {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match value {
                Value::Dict(_, inner) if !inner.is_empty() => walk(&key, inner, found),
                _ => found.push((key, value)),
            }
        }
    }
    let mut found = Vec::new();
    if let Value::Dict(_, dict) = value {
        walk("", dict, &mut found);
    }
    found
}

fn is_unknown_field(error: &figment::Error) -> bool {
    matches!(error.kind, Kind::UnknownField(..))
}

#[cfg(test)]
mod tests;
