//! One text for one event: JSON without spaces, keys in order, no numbers with a fraction.

use serde::Serialize;
use serde_json::Value;

use super::LedgerError;

/// The canonical text of a value. A number with a fraction is refused, because its text depends on who prints it.
pub fn text(value: &impl Serialize) -> Result<String, LedgerError> {
    let value =
        serde_json::to_value(value).map_err(|error| LedgerError::Unwritable { reason: error.to_string() })?;
    let mut text = String::new();
    write(&value, &mut text)?;
    Ok(text)
}

fn write(value: &Value, text: &mut String) -> Result<(), LedgerError> {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|one, other| one.0.cmp(other.0));
            text.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                separate(index, text);
                write(&Value::String(key.clone()), text)?;
                text.push(':');
                write(value, text)?;
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, value) in items.iter().enumerate() {
                separate(index, text);
                write(value, text)?;
            }
            text.push(']');
        }
        Value::Number(number) if number.is_f64() => {
            let reason = format!("{number} has a fraction");
            return Err(LedgerError::Unwritable { reason });
        }
        Value::Number(_) | Value::String(_) | Value::Bool(_) | Value::Null => {
            text.push_str(&value.to_string());
        }
    }
    Ok(())
}

fn separate(index: usize, text: &mut String) {
    if index > 0 {
        text.push(',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(value: &Value, expected: Option<&str>) {
        assert_eq!(text(value).ok().as_deref(), expected, "{value}");
    }

    #[test]
    fn keys_are_sorted_and_nothing_is_added() {
        check(
            &json!({"b": 1, "a": {"d": null, "c": [true, "x\"\n中"]}}),
            Some(r#"{"a":{"c":[true,"x\"\n中"],"d":null},"b":1}"#),
        );
        check(&json!({"seconds": 1.5}), None);
        check(&json!([]), Some("[]"));
        check(&json!({"n": -3}), Some(r#"{"n":-3}"#));
    }
}
