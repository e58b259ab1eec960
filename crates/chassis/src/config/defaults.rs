//! The check that a program's documented configuration file and its code agree.

use std::{collections::BTreeMap, path::Path};

use figment::value::Value;
use serde::{Serialize, de::DeserializeOwned};

use super::{ConfigError, Merged, file::Document, leaves, print::value_text, tree};

/// For a test of each program: whether `file_text` lists every key of `T` at its default and nothing else.
///
/// A key without a default (an `Option` that is `None`) has to be there as a comment such as `# key = 5`, under its
/// section's header; any other key in a comment does not count. The error lists every difference, one a line.
pub fn documented_defaults_agree<T: Serialize + DeserializeOwned + Default>(
    file_text: &str,
) -> Result<(), String> {
    let path = Path::new("the file");
    let compare = || {
        let document = Document::parse(path, file_text.to_owned())?;
        let (default, file) = (tree(&T::default())?, tree(&document.table)?);
        let mut faults = differences(&leaves(&default), &leaves(&file), file_text);
        let mut merged = Merged::new(default.clone());
        merged.add_file(path, document)?;
        match merged.extract::<T>() {
            Ok(_) => faults.extend(additions(&leaves(&default), &leaves(&file))),
            Err(error) => faults.push(merged.explain(&error).to_string()),
        }
        Ok(faults)
    };
    let faults = compare().map_err(|error: ConfigError| error.to_string())?;
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

fn differences(default: &[(String, &Value)], file: &[(String, &Value)], file_text: &str) -> Vec<String> {
    let documented: BTreeMap<&str, Option<String>> =
        file.iter().map(|(key, value)| (key.as_str(), value_text(value))).collect();
    let mut faults = Vec::new();
    for (key, value) in default {
        match (value_text(value), documented.get(key.as_str())) {
            (None, None) if !is_in_comment(file_text, key) => {
                faults.push(format!("`{key}` has no default and is not in a comment of the file"));
            }
            (None, None) => {}
            (None, Some(_)) => {
                faults.push(format!("`{key}` is set in the file and has no default; make it a comment"));
            }
            // An empty section, such as a map of things that people add.
            (Some(text), None) if text == "{}" => {}
            (Some(text), None) => faults.push(format!("`{key}` is not in the file; its default is {text}")),
            (Some(text), Some(written)) if written.as_ref() != Some(&text) => {
                let written = written.as_deref().unwrap_or("empty");
                faults.push(format!("`{key}` is {written} in the file and {text} in the code"));
            }
            _ => {}
        }
    }
    faults
}

/// Keys that are allowed, such as an entry of a map, and not there by default.
fn additions(default: &[(String, &Value)], file: &[(String, &Value)]) -> Vec<String> {
    let is_new = |key: &String| !default.iter().any(|(known, _)| known == key);
    let fault =
        |key: &String| format!("`{key}` is set in the file and not there by default; make it a comment");
    file.iter().map(|(key, _)| key).filter(|key| is_new(key)).map(fault).collect()
}

/// Whether `# name =` stands under the header of the key's section, which may be a comment itself.
fn is_in_comment(file_text: &str, key: &str) -> bool {
    let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
    let mut current = "";
    for line in file_text.lines() {
        let bare = line.trim().trim_start_matches('#').trim();
        if let Some(header) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            current = header.trim();
        } else if line.trim_start().starts_with('#')
            && current == section
            && bare.split_once('=').is_some_and(|(left, _)| left.trim() == name)
        {
            return true;
        }
    }
    false
}
