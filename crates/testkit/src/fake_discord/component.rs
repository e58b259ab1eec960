//! The limits of buttons, menus and the fields of a modal.

use std::collections::HashSet;

use serde_json::Value;

use super::form::Form;

const ROW: u64 = 1;
const BUTTON: u64 = 2;
const TEXT_MENU: u64 = 3;
const TEXT_INPUT: u64 = 4;
/// Menus of users, roles, mentionables and channels.
const OTHER_MENUS: std::ops::RangeInclusive<u64> = 5..=8;
const LINK: u64 = 5;
const PREMIUM: u64 = 6;

/// The rows of a message: at most five, of five buttons or one menu each, every `custom_id` once.
pub(super) fn check_rows(message: &Value, form: &mut Form) {
    let mut seen = HashSet::new();
    form.list(message, "components", 5, |form, row| {
        if kind(row) != ROW {
            return form.fault("UNION_TYPE_CHOICES", "Value of field \"type\" must be one of (1,).");
        }
        let parts = row.get("components").and_then(Value::as_array).map_or(0, Vec::len);
        let menus = entries(row).filter(|part| kind(part) != BUTTON).count();
        if parts == 0 || (menus > 0 && parts > 1) {
            form.fault("COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A row holds one to five buttons, or one menu");
        }
        form.list(row, "components", 5, |form, part| {
            match kind(part) {
                BUTTON => button(part, form),
                TEXT_MENU => text_menu(part, form),
                other if OTHER_MENUS.contains(&other) => menu(part, form),
                _ => form.fault("UNION_TYPE_CHOICES", "Not a component of a message"),
            }
            note_id(part, &mut seen, form);
        });
    });
}

/// The rows of a modal: one to five, of one text field each.
pub(super) fn check_fields(modal: &Value, form: &mut Form) {
    let mut seen = HashSet::new();
    if entries(modal).next().is_none() {
        form.within("components", Form::missing);
    }
    form.list(modal, "components", 5, |form, row| {
        if kind(row) != ROW
            || row.get("components").and_then(Value::as_array).is_none_or(|parts| parts.len() != 1)
        {
            return form.fault("COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A row of a modal holds one text field");
        }
        form.list(row, "components", 1, |form, part| {
            if kind(part) != TEXT_INPUT {
                return form.fault("UNION_TYPE_CHOICES", "Value of field \"type\" must be one of (4,).");
            }
            form.text(part, "custom_id", 1, 100);
            form.text(part, "label", 1, 45);
            form.text(part, "placeholder", 0, 100);
            form.text(part, "value", 0, 4_000);
            number(part, "style", 1, 2, true, form);
            number(part, "min_length", 0, 4_000, false, form);
            number(part, "max_length", 1, 4_000, false, form);
            note_id(part, &mut seen, form);
        });
    });
}

fn button(button: &Value, form: &mut Form) {
    form.text(button, "label", 0, 80);
    number(button, "style", 1, 6, true, form);
    let style = button.get("style").and_then(Value::as_u64).unwrap_or(0);
    match style {
        LINK => {
            form.link(button, "url", &["http", "https", "discord"]);
            if button.get("url").is_none() || button.get("custom_id").is_some() {
                form.fault(
                    "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                    "A link has a url and no custom id",
                );
            }
        }
        PREMIUM => {}
        _ => {
            form.text(button, "custom_id", 1, 100);
            if button.get("url").is_some() {
                form.fault(
                    "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                    "A custom id and url cannot both be specified",
                );
            }
        }
    }
    let has_label = button.get("label").and_then(Value::as_str).is_some_and(|label| !label.is_empty());
    let has_emoji = button.get("emoji").is_some_and(|emoji| !emoji.is_null());
    if style != PREMIUM && !has_label && !has_emoji {
        form.fault("BASE_TYPE_REQUIRED", "A button needs a label or an emoji");
    }
}

fn menu(menu: &Value, form: &mut Form) {
    form.text(menu, "custom_id", 1, 100);
    form.text(menu, "placeholder", 0, 150);
    number(menu, "min_values", 0, 25, false, form);
    number(menu, "max_values", 1, 25, false, form);
}

fn text_menu(text_menu: &Value, form: &mut Form) {
    menu(text_menu, form);
    let options = text_menu.get("options").and_then(Value::as_array).map_or(0, Vec::len);
    if options == 0 {
        form.within("options", Form::missing);
    }
    let most = text_menu.get("max_values").and_then(Value::as_u64).unwrap_or(1);
    let chosen = |option: &Value| option.get("default").and_then(Value::as_bool).unwrap_or(false);
    let defaults =
        text_menu.get("options").and_then(Value::as_array).into_iter().flatten().filter(|o| chosen(o));
    if most > options.max(1) as u64 || defaults.count() as u64 > most {
        form.fault(
            "SELECT_COMPONENT_MAX_VALUES_EXCEEDED",
            "More values than options, or more defaults than values",
        );
    }
    let mut seen = HashSet::new();
    form.list(text_menu, "options", 25, |form, option| {
        form.text(option, "label", 1, 100);
        form.text(option, "value", 1, 100);
        form.text(option, "description", 0, 100);
        if !seen.insert(option.get("value").and_then(Value::as_str).unwrap_or_default().to_owned()) {
            form.fault(
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                "The specified option value is already used",
            );
        }
    });
}

fn note_id(part: &Value, seen: &mut HashSet<String>, form: &mut Form) {
    let Some(id) = part.get("custom_id").and_then(Value::as_str) else { return };
    if !seen.insert(id.to_owned()) {
        form.within("custom_id", |form| {
            form.fault("COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated");
        });
    }
}

fn number(object: &Value, key: &str, min: u64, max: u64, is_required: bool, form: &mut Form) {
    form.within(key, |form| match object.get(key) {
        None | Some(Value::Null) if !is_required => {}
        None | Some(Value::Null) => form.missing(),
        Some(value) if value.as_u64().is_some_and(|value| (min..=max).contains(&value)) => {}
        Some(_) => form.fault("NUMBER_TYPE_MAX", format!("int value should be from {min} to {max}.")),
    });
}

fn kind(component: &Value) -> u64 {
    component.get("type").and_then(Value::as_u64).unwrap_or(0)
}

fn entries(row: &Value) -> impl Iterator<Item = &Value> {
    row.get("components").and_then(Value::as_array).into_iter().flatten()
}
