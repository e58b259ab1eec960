//! The limits of a message: content, embeds, mentions. Components have a file of their own.

use serde_json::Value;
use twilight_model::channel::message::{Component, Embed};
use twilight_validate::message as twilight;

use super::{component, form::Form};

/// Most characters in all embeds of a message together.
const EMBED_SUM: usize = 6_000;
const HTTP: [&str; 2] = ["http", "https"];
const HTTP_OR_ATTACHMENT: [&str; 3] = ["http", "https", "attachment"];

/// Checks a message that is to be shown. An edit may leave everything out.
///
/// `allowed_mentions` with an empty `parse` is our own rule: without it, a player's name could call a whole server.
pub(super) fn check(message: &Value, is_edit: bool, form: &mut Form) {
    if !message.is_object() {
        form.fault("DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
        return;
    }
    form.text(message, "content", 0, 2_000);
    let mut sum = 0;
    form.list(message, "embeds", 10, |form, embed| sum += embed_within(embed, form));
    if sum > EMBED_SUM {
        form.within("embeds", |form| {
            form.fault("MAX_EMBED_SIZE_EXCEEDED", format!("Embed size exceeds maximum size of {EMBED_SUM}"));
        });
    }
    component::check_rows(message, form);
    form.within("allowed_mentions", |form| {
        let parse = message.pointer("/allowed_mentions/parse");
        if parse.and_then(Value::as_array).is_none_or(|parse| !parse.is_empty()) {
            form.fault("OUR_RULE", "allowed_mentions must be given, with parse []");
        }
    });
    let is_empty = |key: &str| match message.get(key) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(Value::Array(entries)) => entries.is_empty(),
        Some(_) => false,
    };
    let parts = ["content", "embeds", "components", "attachments", "poll", "sticker_ids"];
    let says_something = parts.into_iter().any(|part| message.get(part).is_some());
    if parts.into_iter().all(is_empty) && (!is_edit || says_something) {
        form.fault("MESSAGE_EMPTY", "Cannot send an empty message");
    }
    second_opinion(message, form);
}

/// Gives the characters that count towards the sum.
fn embed_within(embed: &Value, form: &mut Form) -> usize {
    if !embed.is_object() {
        form.fault("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType");
        return 0;
    }
    let count =
        |path: &str| embed.pointer(path).and_then(Value::as_str).map_or(0, |text| text.chars().count());
    form.text(embed, "title", 0, 256);
    form.text(embed, "description", 0, 4_096);
    form.link(embed, "url", &HTTP);
    let mut sum = count("/title") + count("/description") + count("/footer/text") + count("/author/name");
    form.list(embed, "fields", 25, |form, field| {
        form.text(field, "name", 1, 256);
        form.text(field, "value", 1, 1_024);
        let length =
            |key: &str| field.get(key).and_then(Value::as_str).map_or(0, |text| text.chars().count());
        sum += length("name") + length("value");
    });
    let mut part = |key: &str, look: &dyn Fn(&mut Form, &Value)| {
        if let Some(part) = embed.get(key).filter(|part| !part.is_null()) {
            form.within(key, |form| look(form, part));
        }
    };
    part("footer", &|form, footer| {
        form.text(footer, "text", 1, 2_048);
        form.link(footer, "icon_url", &HTTP_OR_ATTACHMENT);
    });
    part("author", &|form, author| {
        form.text(author, "name", 1, 256);
        form.link(author, "url", &HTTP);
        form.link(author, "icon_url", &HTTP_OR_ATTACHMENT);
    });
    part("image", &|form, image| form.link(image, "url", &HTTP_OR_ATTACHMENT));
    part("thumbnail", &|form, thumbnail| form.link(thumbnail, "url", &HTTP_OR_ATTACHMENT));
    let is_colour = |colour: &Value| colour.as_u64().is_some_and(|colour| colour <= 0xff_ff_ff);
    if embed.get("color").is_some_and(|colour| !colour.is_null() && !is_colour(colour)) {
        form.within("color", |form| {
            form.fault("NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.");
        });
    }
    let shown =
        ["title", "description", "url", "author", "footer", "image", "thumbnail", "timestamp", "fields"];
    let is_shown = |key: &&str| match embed.get(*key) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(entries)) => !entries.is_empty(),
        Some(_) => true,
    };
    if !shown.iter().any(is_shown) {
        form.missing();
    }
    sum
}

/// What the models and checks of the library that bots are written with say to it.
fn second_opinion(message: &Value, form: &mut Form) {
    if let Some(content) = message.get("content").and_then(Value::as_str)
        && let Err(error) = twilight::content(content)
    {
        form.within("content", |form| form.fault("TWILIGHT", error.to_string()));
    }
    form.within("embeds", |form| {
        let Some(embeds) = message.get("embeds").and_then(Value::as_array) else { return };
        let embeds: Result<Vec<Embed>, _> =
            embeds.iter().map(|embed| serde_json::from_value(full(embed))).collect();
        match embeds {
            Err(error) => form.fault("TWILIGHT", error.to_string()),
            Ok(embeds) => {
                if let Err(error) = twilight::embeds(&embeds) {
                    form.fault("TWILIGHT", error.to_string());
                }
            }
        }
    });
    form.within("components", |form| {
        let Some(rows) = message.get("components").filter(|rows| rows.is_array()) else { return };
        match serde_json::from_value::<Vec<Component>>(rows.clone()) {
            Err(error) => form.fault("TWILIGHT", error.to_string()),
            Ok(rows) => {
                if let Err(error) = twilight::components(&rows, false) {
                    form.fault("TWILIGHT", error.to_string());
                }
            }
        }
    });
}

/// An embed with what Discord fills in itself and the model wants to see.
fn full(embed: &Value) -> Value {
    let mut embed = embed.clone();
    if let Some(object) = embed.as_object_mut() {
        object.entry("type").or_insert_with(|| "rich".into());
    }
    for field in embed.get_mut("fields").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(object) = field.as_object_mut() {
            object.entry("inline").or_insert(Value::Bool(false));
        }
    }
    embed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A message with these parts and the mentions that our rule wants.
    fn with(parts: Value) -> Value {
        let mut message = json!({"allowed_mentions": {"parse": []}});
        let Value::Object(parts) = parts else { panic!("not an object: {parts}") };
        parts.into_iter().for_each(|(key, value)| message[key] = value);
        message
    }

    /// `expected` is part of the error body, or `None` when the message is fine.
    #[track_caller]
    fn check_message(message: &Value, expected: Option<&str>) {
        let mut form = Form::default();
        check(message, false, &mut form);
        let error = form.into_error().map(|error| error.to_string());
        match (&error, expected) {
            (None, None) => {}
            (Some(error), Some(part)) if error.contains(part) => {}
            _ => panic!("{error:?}, expected {expected:?}"),
        }
    }

    fn embed(embed: Value) -> Value {
        with(json!({"embeds": Value::Array(vec![embed])}))
    }

    fn row(parts: Value) -> Value {
        let mut row = json!({"type": 1});
        row["components"] = parts;
        with(json!({"content": "x", "components": vec![row]}))
    }

    #[test]
    fn texts_fit_at_their_limit_and_not_one_above() {
        let check = |make: &dyn Fn(String) -> Value, limit: usize, expected: &str| {
            check_message(&make("雨".repeat(limit)), None);
            check_message(&make("雨".repeat(limit + 1)), Some(expected));
        };
        check(&|text| with(json!({"content": text})), 2_000, "Must be 2000 or fewer");
        check(&|text| embed(json!({"title": text})), 256, "Must be 256 or fewer");
        check(&|text| embed(json!({"description": text})), 4_096, "Must be 4096 or fewer");
        check(&|text| embed(json!({"footer": {"text": text}})), 2_048, "Must be 2048 or fewer");
        check(&|text| embed(json!({"author": {"name": text}})), 256, "Must be 256 or fewer");
        check(&|text| embed(json!({"fields": [{"name": text, "value": "v"}]})), 256, "Must be 256 or fewer");
        check(
            &|text| embed(json!({"fields": [{"name": "n", "value": text}]})),
            1_024,
            "Must be 1024 or fewer",
        );
        let button = |id: &str, label: &str| json!({"type": 2, "style": 1, "custom_id": id, "label": label});
        check(&|text| row(json!([button(&text, "l")])), 100, "Must be 100 or fewer");
        check(&|text| row(json!([button("b", &text)])), 80, "Must be 80 or fewer");
    }

    #[test]
    fn six_thousand_characters_in_all_embeds_and_no_more() {
        let two = |second: usize| {
            with(json!({"embeds": [{"description": "a".repeat(4_000)}, {"description": "b".repeat(second)}]}))
        };
        check_message(&two(2_000), None);
        check_message(&two(2_001), Some("exceeds maximum size of 6000"));
    }

    #[test]
    fn lists_fit_at_their_limit_and_not_one_above() {
        let fields = |n: usize| embed(json!({"fields": vec![json!({"name": "n", "value": "v"}); n]}));
        check_message(&fields(25), None);
        check_message(&fields(26), Some("Must be 25 or fewer"));
        let embeds = |n: usize| with(json!({"embeds": vec![json!({"title": "t"}); n]}));
        check_message(&embeds(10), None);
        check_message(&embeds(11), Some("Must be 10 or fewer"));
        let buttons = |n: usize| {
            let button =
                |i| json!({"type": 2, "style": 2, "custom_id": format!("b{i}"), "emoji": {"name": "👍"}});
            row((0..n).map(button).collect())
        };
        check_message(&buttons(5), None);
        check_message(&buttons(6), Some("Must be 5 or fewer"));
        let menu = |n: usize| {
            let options: Vec<_> = (0..n).map(|i| json!({"label": "l", "value": i.to_string()})).collect();
            row(json!([{"type": 3, "custom_id": "m", "options": options}]))
        };
        check_message(&menu(25), None);
        check_message(&menu(26), Some("Must be 25 or fewer"));
        check_message(&menu(0), Some("BASE_TYPE_REQUIRED"));
    }

    #[test]
    fn what_discord_or_we_refuse_besides() {
        check_message(&json!({"content": "x"}), Some("OUR_RULE"));
        check_message(&json!({"content": "x", "allowed_mentions": {"parse": ["users"]}}), Some("OUR_RULE"));
        check_message(&json!([]), Some("DICT_TYPE_CONVERT"));
        check_message(&with(json!({"content": "  "})), Some("MESSAGE_EMPTY"));
        check_message(&with(json!({})), Some("MESSAGE_EMPTY"));
        check_message(&with(json!({"content": 5})), Some("STRING_TYPE_CONVERT"));
        check_message(&embed(json!({})), Some("BASE_TYPE_REQUIRED"));
        check_message(&embed(json!({"fields": [{"name": "n", "value": ""}]})), Some("BASE_TYPE_REQUIRED"));
        check_message(&embed(json!({"fields": [{"name": " ", "value": "v"}]})), Some("BASE_TYPE_REQUIRED"));
        check_message(&embed(json!({"title": "t", "url": "javascript:alert(1)"})), Some("INVALID_SCHEME"));
        check_message(&embed(json!({"image": {"url": "attachment://a.png"}})), None);
        check_message(&embed(json!({"title": "t", "color": 0x1_00_00_00})), Some("16777215"));
        let button = |id: &str| json!({"type": 2, "style": 1, "custom_id": id, "label": "l"});
        check_message(&row(json!([button("a"), button("a")])), Some("CUSTOM_ID_DUPLICATED"));
        check_message(&row(json!([{"type": 2, "style": 1, "custom_id": "a"}])), Some("label or an emoji"));
        check_message(&row(json!([{"type": 2, "style": 5, "label": "l", "url": "https://a.example"}])), None);
        check_message(
            &row(json!([{"type": 2, "style": 5, "label": "l", "custom_id": "a"}])),
            Some("EXCLUSIVE"),
        );
        check_message(&row(json!([])), Some("WIDTH"));
        let menu = json!({"type": 3, "custom_id": "m", "options": [{"label": "l", "value": "v"}]});
        check_message(&row(json!([menu, button("b")])), Some("WIDTH"));
    }

    #[test]
    fn an_edit_may_leave_everything_out_but_not_empty_it() {
        let edit = |message: Value| {
            let mut form = Form::default();
            check(&message, true, &mut form);
            form.into_error().is_none()
        };
        assert!(edit(with(json!({}))));
        assert!(!edit(with(json!({"content": "", "embeds": []}))));
    }
}
