//! One table of names: its file form, and how a newer one is laid over it.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::Kind;

/// A longer name is none.
const LONGEST_NAME: usize = 120;

/// What one id is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Riot's own word, the same in every language; only champions have one.
    pub key: Option<String>,
    /// The name in the table's language; a Chinese champion's is an epithet.
    pub name: String,
    /// A champion's second name, which in Chinese is the one that players say.
    pub title: Option<String>,
}

/// Names by id, of one kind and language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The newest patch that it was made from.
    pub version: String,
    /// By id.
    pub entries: BTreeMap<u32, Entry>,
}

impl Table {
    /// Reads a table file. The origin's file of augments has the same form.
    pub fn parse(kind: Kind, text: &str) -> anyhow::Result<Self> {
        let document: Value = serde_json::from_str(text).context("it is not JSON")?;
        let version = document["version"].as_str().context("it has no `version`")?.to_owned();
        let list =
            document[kind.name()].as_array().with_context(|| format!("it has no list `{}`", kind.name()))?;
        let mut entries = BTreeMap::new();
        for (index, item) in list.iter().enumerate() {
            let (id, entry) = entry(item).with_context(|| {
                format!("entry {} of `{}` has no `id` and `name` of the right form", index + 1, kind.name())
            })?;
            if entries.insert(id, entry).is_some() {
                bail!("id {id} is there twice");
            }
        }
        Ok(Self { version, entries })
    }

    /// The file form: one entry a line, sorted by id.
    #[must_use]
    pub fn to_text(&self, kind: Kind) -> String {
        let entries: Vec<String> = self.entries.iter().map(|(id, entry)| line(*id, entry)).collect();
        let separator = if entries.is_empty() { "" } else { "\n" };
        format!(
            "{{\n  \"version\": {},\n  \"{}\": [{separator}{}{separator}  ]\n}}\n",
            json!(self.version),
            kind.name(),
            entries.join(",\n")
        )
    }

    /// This table with `incoming` laid over it: of two names that of the newer patch wins, and no id is lost.
    #[must_use]
    pub fn merged(&self, incoming: &Self) -> Self {
        let is_newer = patch_order(&incoming.version) >= patch_order(&self.version);
        let (below, above) = if is_newer { (self, incoming) } else { (incoming, self) };
        let mut entries = below.entries.clone();
        entries.extend(above.entries.clone());
        Self { version: above.version.clone(), entries }
    }
}

fn entry(item: &Value) -> Option<(u32, Entry)> {
    let id = u32::try_from(item["id"].as_u64()?).ok()?;
    let name = clean_name(item["name"].as_str()?)?;
    let key = match &item["key"] {
        Value::Null => None,
        key => Some(key.as_str().filter(|key| is_key(key))?.to_owned()),
    };
    let title = item["title"].as_str().and_then(clean_name);
    Some((id, Entry { key, name, title }))
}

fn line(id: u32, entry: &Entry) -> String {
    let key = entry.key.as_ref().map_or_else(String::new, |key| format!("\"key\": {}, ", json!(key)));
    let title = entry.title.as_ref().map_or_else(String::new, |it| format!(", \"title\": {}", json!(it)));
    format!("    {{ \"id\": {id}, {key}\"name\": {}{title} }}", json!(entry.name))
}

/// A champion's key goes into addresses and file names.
pub(super) fn is_key(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// A name without markup, or nothing where none is left. What follows a line break is no name any more.
pub(super) fn clean_name(text: &str) -> Option<String> {
    let first = text.split("<br>").next().unwrap_or_default();
    let mut name = String::new();
    let mut depth = 0_usize;
    for character in first.chars() {
        match character {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            c if depth == 0 => name.push(if c.is_control() { ' ' } else { c }),
            _ => {}
        }
    }
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    (!name.is_empty() && name.chars().count() <= LONGEST_NAME).then_some(name)
}

/// By which patches compare: `16.10.1` is newer than `16.9`.
#[must_use]
pub fn patch_order(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(version: &str, entries: &[(u32, &str)]) -> Table {
        let entry =
            |(id, name): &(u32, &str)| (*id, Entry { key: None, name: (*name).to_owned(), title: None });
        Table { version: version.to_owned(), entries: entries.iter().map(entry).collect() }
    }

    #[test]
    fn the_file_is_sorted_with_one_entry_a_line() {
        let mut champions = table("16.3.1", &[(266, "Aatrox"), (1, "An\"nie")]);
        let aatrox = champions.entries.get_mut(&266).unwrap();
        (aatrox.key, aatrox.title) = (Some("Aatrox".to_owned()), Some("the Darkin Blade".to_owned()));
        insta::assert_snapshot!(champions.to_text(Kind::Champions), @r#"
        {
          "version": "16.3.1",
          "champions": [
            { "id": 1, "name": "An\"nie" },
            { "id": 266, "key": "Aatrox", "name": "Aatrox", "title": "the Darkin Blade" }
          ]
        }
        "#);
        assert_eq!(Table::parse(Kind::Champions, &champions.to_text(Kind::Champions)).unwrap(), champions);
        let empty = Table::default();
        assert_eq!(Table::parse(Kind::Items, &empty.to_text(Kind::Items)).unwrap(), empty);
    }

    #[test]
    fn the_newer_name_wins_and_no_id_is_lost() {
        let old = table("15.5", &[(1, "old"), (2, "gone")]);
        let new = table("15.10", &[(1, "new"), (3, "added")]);
        let merged = table("15.10", &[(1, "new"), (2, "gone"), (3, "added")]);
        assert_eq!(old.merged(&new), merged);
        assert_eq!(new.merged(&old), merged);
    }

    #[test]
    fn names_lose_their_markup() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(clean_name(text).as_deref(), expected, "{text}");
        };
        check("Golden Spatula", Some("Golden Spatula"));
        check("<rarityLegendary>Fire at Will</rarityLegendary><br>500 Silver", Some("Fire at Will"));
        check("  烈娜塔 ·\n戈拉斯克 ", Some("烈娜塔 · 戈拉斯克"));
        check("", None);
        check("<b></b>", None);
        check(&"长".repeat(121), None);
    }

    #[test]
    fn a_broken_file_is_refused_with_its_place() {
        let check = |text: &str, part: &str| {
            let error = Table::parse(Kind::Items, text).unwrap_err();
            assert!(format!("{error:#}").contains(part), "{text}: {error:#}");
        };
        check("", "not JSON");
        check("{\"items\":[]}", "no `version`");
        check("{\"version\":\"1\",\"runes\":[]}", "no list `items`");
        check(
            "{\"version\":\"1\",\"items\":[{\"id\":1,\"name\":\"a\"},{\"id\":-1,\"name\":\"b\"}]}",
            "entry 2",
        );
        check("{\"version\":\"1\",\"items\":[{\"id\":1,\"name\":\"a\"},{\"id\":1,\"name\":\"b\"}]}", "twice");
        check("{\"version\":\"1\",\"items\":[{\"id\":1,\"key\":\"../a\",\"name\":\"b\"}]}", "entry 1");
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(
            version in "[0-9]{1,2}\\.[0-9]{1,2}",
            entries in proptest::collection::btree_map(any::<u32>(), "[^<>\\p{C}\\s]{1,20}", 0..20),
        ) {
            let entries = entries.into_iter().map(|(id, name)| (id, Entry { key: None, name, title: None })).collect();
            let table = Table { version, entries };
            prop_assert_eq!(Table::parse(Kind::Runes, &table.to_text(Kind::Runes)).unwrap(), table);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = (Table::parse(Kind::Runes, &text), clean_name(&text), patch_order(&text));
        }
    }
}
