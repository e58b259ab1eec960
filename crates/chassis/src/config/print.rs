//! The effective configuration as TOML, for `check-config`.

use std::collections::BTreeMap;

use figment::value::{Dict, Num, Value};
use serde::Serialize;

use super::{Loaded, Origin, tree};

/// Every key at its value with a comment that says where it came from; secrets are `***`, optional keys without a
/// value are comments. Keys and sections are in alphabetical order.
pub fn effective_toml<T: Serialize>(loaded: &Loaded<T>) -> String {
    let mut output = String::new();
    match tree(&loaded.value) {
        Ok(Value::Dict(_, dict)) => section(&mut output, "", "", &dict, &loaded.origins),
        Ok(_) => output.push_str("# not a table\n"),
        Err(error) => output.push_str(&format!("# {error}\n")),
    }
    output
}

/// `key` is the dotted name of the section and `header` the same with quotes where TOML needs them.
fn section(output: &mut String, key: &str, header: &str, dict: &Dict, origins: &BTreeMap<String, Origin>) {
    let (tables, plain): (Vec<_>, Vec<_>) =
        dict.iter().partition(|(_, value)| matches!(value, Value::Dict(_, inner) if !inner.is_empty()));
    if !header.is_empty() && !plain.is_empty() {
        let gap = if output.is_empty() { "" } else { "\n" };
        output.push_str(&format!("{gap}[{header}]\n"));
    }
    for (name, value) in plain {
        let origin = origins.get(&join(key, name)).unwrap_or(&Origin::Default);
        let name = quoted_name(name);
        match value_text(value) {
            Some(text) => output.push_str(&format!("{name} = {text}  # from: {origin}\n")),
            None => output.push_str(&format!("# {name} is not set  # from: {origin}\n")),
        }
    }
    for (name, value) in tables {
        if let Value::Dict(_, inner) = value {
            section(output, &join(key, name), &join(header, &quoted_name(name)), inner, origins);
        }
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn quoted_name(name: &str) -> String {
    let is_bare =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if is_bare { name.to_owned() } else { toml::Value::from(name).to_string() }
}

/// One value on one line; `None` for an optional one that is not set.
pub(super) fn value_text(value: &Value) -> Option<String> {
    match value {
        Value::Empty(..) => None,
        Value::String(_, text) => Some(toml::Value::from(text.as_str()).to_string()),
        Value::Char(_, character) => Some(toml::Value::from(character.to_string()).to_string()),
        Value::Bool(_, flag) => Some(flag.to_string()),
        Value::Num(_, number) => Some(number_text(*number)),
        Value::Array(_, items) => {
            let items: Vec<String> = items.iter().filter_map(value_text).collect();
            Some(format!("[{}]", items.join(", ")))
        }
        Value::Dict(_, dict) => {
            let pair = |(name, value): (&String, &Value)| {
                Some(format!("{} = {}", quoted_name(name), value_text(value)?))
            };
            let pairs: Vec<String> = dict.iter().filter_map(pair).collect();
            Some(if pairs.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", pairs.join(", ")) })
        }
    }
}

fn number_text(number: Num) -> String {
    match (number.to_i128(), number.to_u128(), number.to_f64()) {
        (Some(whole), ..) => whole.to_string(),
        (None, Some(whole), _) => whole.to_string(),
        (None, None, Some(real)) => toml::Value::from(real).to_string(),
        (None, None, None) => "0".to_owned(),
    }
}
