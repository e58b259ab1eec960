//! What is wrong with a request body, in the shape of Discord's own "Invalid Form Body".

use serde_json::{Map, Value, json};

/// The faults of one body. The path of each is kept as it is walked.
#[derive(Debug, Default)]
pub(super) struct Form {
    path: Vec<String>,
    faults: Vec<Fault>,
}

#[derive(Debug)]
struct Fault {
    path: Vec<String>,
    code: &'static str,
    message: String,
}

impl Form {
    /// Looks at a part of the body.
    pub(super) fn within<T>(&mut self, key: &str, look: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(key.to_owned());
        let result = look(self);
        self.path.pop();
        result
    }

    pub(super) fn fault(&mut self, code: &'static str, message: impl Into<String>) {
        self.faults.push(Fault { path: self.path.clone(), code, message: message.into() });
    }

    pub(super) fn missing(&mut self) {
        self.fault("BASE_TYPE_REQUIRED", "This field is required");
    }

    /// A text field: absent unless `min` is above 0, then of `min` to `max` characters.
    pub(super) fn text(&mut self, object: &Value, key: &str, min: usize, max: usize) {
        self.within(key, |form| match object.get(key) {
            None | Some(Value::Null) => {
                if min > 0 {
                    form.missing();
                }
            }
            Some(Value::String(text)) => {
                let length = text.chars().count();
                if length > max {
                    form.fault("BASE_TYPE_MAX_LENGTH", format!("Must be {max} or fewer in length."));
                } else if min > 0 && text.trim().is_empty() {
                    form.missing();
                } else if length < min {
                    form.fault("BASE_TYPE_MIN_LENGTH", format!("Must be {min} or more in length."));
                }
            }
            Some(_) => form.fault("STRING_TYPE_CONVERT", "Could not interpret value as string."),
        });
    }

    /// A list field of at most `max` entries, each looked at; absent counts as empty.
    pub(super) fn list(
        &mut self,
        object: &Value,
        key: &str,
        max: usize,
        mut each: impl FnMut(&mut Self, &Value),
    ) {
        self.within(key, |form| match object.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::Array(entries)) => {
                if entries.len() > max {
                    form.fault("BASE_TYPE_MAX_LENGTH", format!("Must be {max} or fewer in length."));
                }
                for (index, entry) in entries.iter().enumerate() {
                    form.within(&index.to_string(), |form| each(form, entry));
                }
            }
            Some(_) => form.fault("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"),
        });
    }

    /// A link that must be of one of these schemes, when there is one.
    pub(super) fn link(&mut self, object: &Value, key: &str, schemes: &[&str]) {
        self.within(key, |form| match object.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::String(link)) => {
                let scheme = link.split_once("://").map(|pair| pair.0).filter(|_| link.len() <= 2_048);
                if scheme.is_none_or(|scheme| !schemes.contains(&scheme)) {
                    form.fault("URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('http', 'https').");
                }
            }
            Some(_) => form.fault("STRING_TYPE_CONVERT", "Could not interpret value as string."),
        });
    }

    /// The body of the answer, when anything is wrong.
    pub(super) fn into_error(self) -> Option<Value> {
        if self.faults.is_empty() {
            return None;
        }
        let mut errors = Value::Object(Map::new());
        for fault in self.faults {
            let mut place = &mut errors;
            for key in &fault.path {
                if !place.get(key).is_some_and(Value::is_object) {
                    place[key] = json!({});
                }
                place = &mut place[key];
            }
            let entry = json!({"code": fault.code, "message": fault.message});
            match place.get_mut("_errors").and_then(Value::as_array_mut) {
                Some(entries) => entries.push(entry),
                None => place["_errors"] = json!([entry]),
            }
        }
        Some(json!({"message": "Invalid Form Body", "code": 50035, "errors": errors}))
    }
}
