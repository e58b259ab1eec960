//! Reads the files of Data Dragon and CommunityDragon, whose kind is told by their shape.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde_json::Value;

use super::{
    Kind,
    table::{Entry, clean_name, is_key},
};

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Told by the shape.
    pub kind: Kind,
    /// The patch that the file names, where it does.
    pub version: Option<String>,
    /// By id.
    pub entries: BTreeMap<u32, Entry>,
}

/// Reads `champion.json`, `item.json`, `runesReforged.json`, `summoner.json`, `arena/<lang>.json` or
/// `cherry-augments.json`. Entries without a usable id or name are left out; a file without any is refused.
pub fn read(bytes: &[u8]) -> anyhow::Result<Incoming> {
    let document: Value = serde_json::from_slice(bytes).context("it is not JSON")?;
    let kind = kind_of(&document)?;
    let entries: BTreeMap<u32, Entry> = match kind {
        Kind::Champions => values(&document["data"]).filter_map(champion).collect(),
        Kind::Items => items(&document["data"]).collect(),
        Kind::Runes => runes(&document),
        Kind::Spells => values(&document["data"]).filter_map(|it| keyed(&it["key"], &it["name"])).collect(),
        Kind::Augments => augments(&document),
    };
    if entries.is_empty() {
        bail!("it looks like a list of {} and has no entry with an id and a name", kind.name());
    }
    let version = document["version"].as_str().filter(|it| super::sync::is_patch(it)).map(str::to_owned);
    Ok(Incoming { kind, version, entries })
}

fn kind_of(document: &Value) -> anyhow::Result<Kind> {
    let any = |test: fn(&Value) -> bool| values(&document["data"]).any(test);
    let first = document.get(0).unwrap_or(&Value::Null);
    Ok(match document["type"].as_str() {
        Some("champion") => Kind::Champions,
        Some("item") => Kind::Items,
        Some("summoner") => Kind::Spells,
        _ if any(|it| it["gold"].is_object() || it["plaintext"].is_string()) => Kind::Items,
        _ if first["slots"].is_array() => Kind::Runes,
        _ if first.get("nameTRA").is_some() => Kind::Augments,
        _ if document["augments"].is_array() => Kind::Augments,
        _ if values(document).any(|it| it.get("apiName").is_some()) => Kind::Augments,
        _ => bail!(
            "its shape is none of champion.json, item.json, runesReforged.json, summoner.json (Data Dragon), \
             arena/<language>.json or cherry-augments.json (CommunityDragon)"
        ),
    })
}

/// The members of an object or the elements of a list.
fn values(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Object(members) => Box::new(members.values()),
        Value::Array(elements) => Box::new(elements.iter()),
        _ => Box::new(std::iter::empty()),
    }
}

fn champion(value: &Value) -> Option<(u32, Entry)> {
    let (id, entry) = keyed(&value["key"], &value["name"])?;
    let key = value["id"].as_str().filter(|key| is_key(key))?.to_owned();
    let title = value["title"].as_str().and_then(clean_name);
    Some((id, Entry { key: Some(key), title, ..entry }))
}

fn items(data: &Value) -> impl Iterator<Item = (u32, Entry)> {
    let members = data.as_object().into_iter().flatten();
    members.filter_map(|(id, value)| named(id.parse().ok()?, &value["name"]))
}

fn runes(document: &Value) -> BTreeMap<u32, Entry> {
    let mut entries = BTreeMap::new();
    for style in values(document) {
        entries.extend(identified(style));
        for slot in values(&style["slots"]) {
            entries.extend(values(&slot["runes"]).filter_map(identified));
        }
    }
    entries
}

fn augments(document: &Value) -> BTreeMap<u32, Entry> {
    let list = document.get("augments").unwrap_or(document);
    let augment = |value: &Value| {
        let name = value.get("nameTRA").unwrap_or(&value["name"]);
        named(u32::try_from(value["id"].as_u64()?).ok()?, name)
    };
    values(list).filter_map(augment).collect()
}

fn identified(value: &Value) -> Option<(u32, Entry)> {
    named(u32::try_from(value["id"].as_u64()?).ok()?, &value["name"])
}

fn keyed(id: &Value, name: &Value) -> Option<(u32, Entry)> {
    named(id.as_str()?.parse().ok()?, name)
}

fn named(id: u32, name: &Value) -> Option<(u32, Entry)> {
    Some((id, Entry { key: None, name: clean_name(name.as_str()?)?, title: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, kind: Kind, expected: &[(u32, &str)]) {
        let found = read(text.as_bytes()).unwrap();
        let entries: Vec<_> = found.entries.iter().map(|(id, entry)| (*id, entry.name.as_str())).collect();
        assert_eq!((found.kind, entries.as_slice()), (kind, expected), "{text}");
    }

    #[test]
    fn each_shape_is_recognised() {
        let annie = r#"{"type":"champion","version":"16.10.1","data":{"Annie":
            {"id":"Annie","key":"1","name":"黑暗之女","title":"安妮"}}}"#;
        check(annie, Kind::Champions, &[(1, "黑暗之女")]);
        let champion = read(annie.as_bytes()).unwrap();
        assert_eq!((champion.version.as_deref(), champion.entries.len()), (Some("16.10.1"), 1));
        assert_eq!(champion.entries[&1].title.as_deref(), Some("安妮"));
        let item = r#"{"data":{"1001":{"name":"Boots","gold":{}},"x":{"name":"no id"},"2":{"name":""}}}"#;
        check(item, Kind::Items, &[(1001, "Boots")]);
        let runes =
            r#"[{"id":8100,"name":"Domination","slots":[{"runes":[{"id":8112,"name":"Electrocute"}]}]}]"#;
        check(runes, Kind::Runes, &[(8100, "Domination"), (8112, "Electrocute")]);
        let spells =
            r#"{"type":"summoner","data":{"SummonerFlash":{"id":"SummonerFlash","key":"4","name":"Flash"}}}"#;
        check(spells, Kind::Spells, &[(4, "Flash")]);
        let augments = [(93, "热身动作")];
        for text in [
            r#"{"augments":[{"id":93,"name":"热身动作","rarity":0},{"id":-1,"name":"none"}]}"#,
            r#"{"93":{"id":93,"apiName":"WarmUp","name":"热身动作"}}"#,
            r#"[{"id":93,"nameTRA":"热身动作","rarity":"kSilver"}]"#,
        ] {
            check(text, Kind::Augments, &augments);
        }
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        let refused = |text: &str, part: &str| {
            let error = format!("{:#}", read(text.as_bytes()).unwrap_err());
            assert!(error.contains(part), "{text}: {error}");
        };
        refused("<html>", "not JSON");
        refused("[]", "shape is none");
        refused("{}", "shape is none");
        refused(r#"{"type":"champion","data":{}}"#, "list of champions and has no entry");
        refused(r#"{"augments":[{"id":1}]}"#, "list of augments and has no entry");
    }
}
