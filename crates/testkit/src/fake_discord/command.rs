//! The limits of the commands that an application registers.

use std::collections::HashSet;

use serde_json::Value;

use super::form::Form;

/// Discord's locales, for translated names and descriptions.
const LOCALES: [&str; 34] = [
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl",
    "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja",
    "zh-TW", "ko", "ar", "he",
];

/// Checks the whole list, which replaces what was registered before.
pub(super) fn check(commands: &Value, form: &mut Form) {
    let Some(commands) = commands.as_array() else {
        return form.fault("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
    };
    if commands.len() > 100 {
        form.fault("APPLICATION_COMMAND_TOO_MANY", "Maximum number of application commands reached (100)");
    }
    let mut names = HashSet::new();
    for (index, command) in commands.iter().enumerate() {
        form.within(&index.to_string(), |form| {
            let kind = command.get("type").and_then(Value::as_u64).unwrap_or(1);
            name(command, kind == 1, form);
            if kind == 1 {
                text_with_translations(command, "description", 1, 100, form);
            }
            if !names.insert((kind, command.get("name").cloned().unwrap_or_default().to_string())) {
                form.fault("APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique");
            }
            options(command, 0, form);
            if characters(command) > 8_000 {
                form.fault("APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)");
            }
        });
    }
}

fn options(owner: &Value, depth: usize, form: &mut Form) {
    let (mut names, mut had_optional) = (HashSet::new(), false);
    form.list(owner, "options", 25, |form, option| {
        name(option, true, form);
        text_with_translations(option, "description", 1, 100, form);
        let kind = option.get("type").and_then(Value::as_u64).unwrap_or(0);
        if !(1..=11).contains(&kind) || (kind <= 2 && depth >= 2) {
            form.within("type", |form| form.fault("BASE_TYPE_CHOICES", "Not a type of option here"));
        }
        if !names.insert(option.get("name").cloned().unwrap_or_default().to_string()) {
            form.fault("APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option name must be unique");
        }
        let is_required = option.get("required").and_then(Value::as_bool).unwrap_or(false);
        if is_required && had_optional {
            form.fault(
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before optional",
            );
        }
        had_optional |= !is_required;
        let is_suggesting = option.get("autocomplete").and_then(Value::as_bool).unwrap_or(false);
        let has_choices =
            option.get("choices").and_then(Value::as_array).is_some_and(|choices| !choices.is_empty());
        if is_suggesting && (has_choices || !matches!(kind, 3 | 4 | 10)) {
            form.fault(
                "APPLICATION_COMMAND_AUTOCOMPLETE",
                "Autocomplete is for texts and numbers without choices",
            );
        }
        form.list(option, "choices", 25, |form, choice| {
            text_with_translations(choice, "name", 1, 100, form);
            if choice.get("value").is_some_and(Value::is_string) {
                form.text(choice, "value", 1, 100);
            }
        });
        options(option, depth + 1, form);
    });
}

fn name(owner: &Value, is_slash: bool, form: &mut Form) {
    text_with_translations(owner, "name", 1, 32, form);
    let is_fine = |name: &str| {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '\'');
        !is_slash || (name.chars().all(fits) && name.to_lowercase() == name)
    };
    let translations = owner.get("name_localizations").and_then(Value::as_object);
    let translations = translations.into_iter().flat_map(|map| map.values());
    for name in owner.get("name").into_iter().chain(translations).filter_map(Value::as_str) {
        if !is_fine(name) {
            form.within("name", |form| {
                form.fault("APPLICATION_COMMAND_INVALID_NAME", format!("Command name is invalid: {name}"));
            });
        }
    }
}

fn text_with_translations(owner: &Value, key: &str, min: usize, max: usize, form: &mut Form) {
    form.text(owner, key, min, max);
    let translations_key = format!("{key}_localizations");
    let Some(translations) = owner.get(&translations_key).filter(|map| !map.is_null()) else { return };
    form.within(&translations_key, |form| {
        for (locale, _) in translations.as_object().into_iter().flatten() {
            if !LOCALES.contains(&locale.as_str()) {
                form.within(locale, |form| form.fault("ENUM_TYPE_COERCE", "Not a locale"));
            }
            form.text(translations, locale, min, max);
        }
    });
}

/// What counts towards the 8,000: names, descriptions and values; of translations the longest.
fn characters(owner: &Value) -> usize {
    let length = |value: Option<&Value>| value.and_then(Value::as_str).map_or(0, |text| text.chars().count());
    let longest = |key: &str| {
        let translations = owner.get(format!("{key}_localizations")).and_then(Value::as_object);
        let longest =
            translations.into_iter().flat_map(|map| map.values()).map(|text| length(Some(text))).max();
        length(owner.get(key)).max(longest.unwrap_or(0))
    };
    let below = |key: &str| -> usize {
        owner.get(key).and_then(Value::as_array).into_iter().flatten().map(characters).sum()
    };
    longest("name")
        + longest("description")
        + length(owner.get("value"))
        + below("options")
        + below("choices")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_commands(commands: &Value, expected: Option<&str>) {
        let mut form = Form::default();
        check(commands, &mut form);
        let error = form.into_error().map(|error| error.to_string());
        match (&error, expected) {
            (None, None) => {}
            (Some(error), Some(part)) if error.contains(part) => {}
            _ => panic!("{error:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn commands_keep_to_the_rules() {
        let check = |changes: Value, expected: Option<&str>| {
            let mut command = json!({"name": "analyze", "description": "Reviews a match"});
            for (key, value) in changes.as_object().unwrap() {
                command[key] = value.clone();
            }
            check_commands(&json!([command]), expected);
        };
        let option = |name: &str, required: bool| json!({"name": name, "description": "d", "type": 3, "required": required});
        check(json!({}), None);
        check(json!({"name": "team-analyze"}), None);
        check(json!({"name": "Analyze"}), Some("INVALID_NAME"));
        check(json!({"name": "a b"}), Some("INVALID_NAME"));
        check(json!({"name": ""}), Some("REQUIRED"));
        check(json!({"description": "d".repeat(101)}), Some("Must be 100"));
        check(json!({"name_localizations": {"zh-CN": "复盘"}}), None);
        check(json!({"name_localizations": {"zh": "复盘"}}), Some("Not a locale"));
        check(json!({"options": [option("a", true), option("b", false)]}), None);
        check(json!({"options": [option("a", false), option("b", true)]}), Some("REQUIRED_INVALID"));
        check(json!({"options": [option("a", true), option("a", true)]}), Some("must be unique"));
        let suggesting = json!({"name": "a", "description": "d", "type": 3, "autocomplete": true});
        check(json!({"options": [suggesting]}), None);
        let both = json!({"name": "a", "description": "d", "type": 3, "autocomplete": true, "choices": [{"name": "c", "value": "c"}]});
        check(json!({"options": [both]}), Some("AUTOCOMPLETE"));
        let heavy = |n: usize| {
            json!({"name": format!("o{n}"), "description": "d".repeat(100), "type": 3,
            "choices": (0..25).map(|i| json!({"name": format!("{i}{}", "n".repeat(90)), "value": format!("{i}")})).collect::<Vec<_>>()})
        };
        check(json!({"options": (0..3).map(heavy).collect::<Vec<_>>()}), None);
        check(json!({"options": (0..4).map(heavy).collect::<Vec<_>>()}), Some("maximum size (8000)"));
        let twice = json!([{"name": "a", "description": "d"}, {"name": "a", "description": "d"}]);
        check_commands(&twice, Some("must be unique"));
        check_commands(&json!({}), Some("LIST_TYPE_CONVERT"));
    }
}
