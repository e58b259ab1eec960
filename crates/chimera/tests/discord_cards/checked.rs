//! Whether Discord would take a message: by twilight's rules and by those that it does not know.

use chimera::discord::Message;
use serde_json::{Value, json};
use twilight_model::channel::message::{Component, Embed};

/// The message as JSON; panics with the reason where Discord would refuse it.
pub(crate) fn checked(message: &Message) -> Value {
    let json = serde_json::to_value(message).unwrap();
    assert_eq!(json["allowed_mentions"], json!({ "parse": [] }));
    twilight_validate::message::content(json["content"].as_str().unwrap()).unwrap();
    let embeds = json["embeds"].as_array().unwrap();
    let mut sum = 0;
    let read: Vec<Embed> = embeds
        .iter()
        .map(|embed| {
            let mut embed = embed.clone();
            embed["type"] = json!("rich");
            sum += texts(&embed).map(|text| text.encode_utf16().count()).sum::<usize>();
            for text in texts(&embed) {
                assert!(!text.trim().is_empty(), "a blank text in {embed}");
            }
            serde_json::from_value(embed).unwrap()
        })
        .collect();
    twilight_validate::message::embeds(&read).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert!(sum <= 6_000, "{sum} in all embeds");
    let components: Vec<Component> = serde_json::from_value(json["components"].clone()).unwrap();
    twilight_validate::message::components(&components, false)
        .unwrap_or_else(|error| panic!("{error}: {json}"));
    let mut ids: Vec<String> = Vec::new();
    collect_ids(&json["components"], &mut ids);
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "an id stands twice: {json}");
    json
}

/// A message as a person would read it, for snapshots.
pub(crate) fn readable(json: &Value) -> String {
    let mut lines = Vec::new();
    for embed in json["embeds"].as_array().unwrap() {
        lines.push(format!(
            "[{:06X}] {}",
            embed["color"].as_u64().unwrap(),
            embed["author"]["name"].as_str().unwrap_or("")
        ));
        lines.push(format!("# {}", embed["title"].as_str().unwrap_or("")));
        lines.push(embed["description"].as_str().unwrap_or("").to_owned());
        for field in embed["fields"].as_array().unwrap() {
            lines.push(format!(
                "## {}\n{}",
                field["name"].as_str().unwrap(),
                field["value"].as_str().unwrap()
            ));
        }
        lines.push(format!("-- {}", embed["footer"]["text"].as_str().unwrap_or("")));
    }
    for row in json["components"].as_array().unwrap() {
        let shown = row["components"].as_array().unwrap().iter().map(|component| {
            let label = component["label"].as_str().or(component["placeholder"].as_str()).unwrap_or("");
            format!(
                "[{}{label}]({})",
                component["emoji"]["name"].as_str().unwrap_or(""),
                component["custom_id"].as_str().unwrap()
            )
        });
        lines.push(shown.collect::<Vec<_>>().join(" "));
    }
    lines.join("\n")
}

fn texts(embed: &Value) -> impl Iterator<Item = &str> {
    let own = [&embed["title"], &embed["description"], &embed["author"]["name"], &embed["footer"]["text"]];
    let fields =
        embed["fields"].as_array().unwrap().iter().flat_map(|field| [&field["name"], &field["value"]]);
    own.into_iter().chain(fields).filter_map(Value::as_str)
}

fn collect_ids(value: &Value, ids: &mut Vec<String>) {
    match value {
        Value::Array(all) => all.iter().for_each(|inner| collect_ids(inner, ids)),
        Value::Object(all) => {
            ids.extend(all.get("custom_id").and_then(Value::as_str).map(str::to_owned));
            all.values().for_each(|inner| collect_ids(inner, ids));
        }
        _ => {}
    }
}
