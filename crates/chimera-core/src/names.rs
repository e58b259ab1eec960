//! What ids are called in one language.
//!
//! The tables come from the shell, which reads them from files; nothing here knows a name by itself. An unknown id is
//! called `#id`, so that a new patch never stops a review.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

mod lexicon;

use lexicon::Lexicon;
pub use lexicon::{Mention, NameKind};

/// A language that reviews are written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    #[serde(rename = "zh-CN")]
    ZhCn,
    /// English.
    #[serde(rename = "en")]
    En,
}

impl Language {
    /// The tag, for example `zh-CN`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Language::ZhCn => "zh-CN",
            Language::En => "en",
        }
    }

    /// The language of a tag such as Discord's locales (`zh-CN`, `zh-TW`, `en-US`); `None` for a language we do not
    /// write.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        match tag.split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
            "zh" => Some(Language::ZhCn),
            "en" => Some(Language::En),
            _ => None,
        }
    }
}

/// What a champion is called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChampionName {
    /// Riot's key, the same in every language, for example `MonkeyKing`.
    pub key: String,
    /// The `name` of Data Dragon: in English the name, in Chinese the epithet (`九尾妖狐`).
    pub name: String,
    /// The `title` of Data Dragon: in Chinese what players say (`阿狸`), in English the epithet.
    pub title: String,
}

/// The names of one language as they are stored: id to name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NameTables {
    /// Champions.
    pub champions: BTreeMap<u32, ChampionName>,
    /// Items.
    pub items: BTreeMap<u32, String>,
    /// Runes, paths and shards.
    pub runes: BTreeMap<u32, String>,
    /// Summoner spells.
    pub spells: BTreeMap<u32, String>,
    /// Arena augments.
    pub augments: BTreeMap<u32, String>,
}

/// The names of one language, ready for use; cheap to clone.
#[derive(Debug, Clone)]
pub struct Names {
    language: Language,
    tables: Arc<NameTables>,
    lexicon: Arc<Lexicon>,
}

impl Names {
    /// Names in a language. `also` are the tables of other languages: their names are recognised in texts and never
    /// written.
    #[must_use]
    pub fn new(language: Language, tables: NameTables, also: &[&NameTables]) -> Self {
        let known: Vec<&NameTables> = std::iter::once(&tables).chain(also.iter().copied()).collect();
        let lexicon = Arc::new(Lexicon::of(&known));
        Self { language, tables: Arc::new(tables), lexicon }
    }

    /// No names at all: everything is called `#id`, champions by their key.
    #[must_use]
    pub fn none(language: Language) -> Self {
        Self::new(language, NameTables::default(), &[])
    }

    /// The language.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// A champion as players say it: in Chinese the short name where it has at least two characters (`阿狸`, but
    /// `影流之主`), in English the name.
    #[must_use]
    pub fn champion(&self, id: u32) -> Cow<'_, str> {
        let Some(champion) = self.tables.champions.get(&id) else { return unknown(id) };
        let spoken = match self.language {
            Language::ZhCn if champion.title.chars().count() >= 2 => &champion.title,
            _ => &champion.name,
        };
        let spoken = if spoken.is_empty() { &champion.key } else { spoken };
        if spoken.is_empty() { unknown(id) } else { Cow::Borrowed(spoken) }
    }

    /// The number by which tables know the champion of a record: the record's own, or where no table knows that the
    /// one of its key.
    #[must_use]
    pub fn champion_number(&self, id: u32, key: &str) -> u32 {
        if self.champion_key(id).is_some() { id } else { self.champion_id(key).unwrap_or(id) }
    }

    /// What a record's champion is called: by its number, by its key, or the key itself.
    #[must_use]
    pub fn champion_of<'a>(&'a self, id: u32, key: &'a str) -> Cow<'a, str> {
        let named = self.champion(self.champion_number(id, key));
        if named.starts_with('#') && !key.is_empty() { Cow::Borrowed(key) } else { named }
    }

    /// A champion's key, for icons.
    #[must_use]
    pub fn champion_key(&self, id: u32) -> Option<&str> {
        self.tables.champions.get(&id).map(|champion| champion.key.as_str()).filter(|key| !key.is_empty())
    }

    /// The number of a champion's key. Match documents of some patches carry numbers that no table knows, and the key.
    #[must_use]
    pub fn champion_id(&self, key: &str) -> Option<u32> {
        let same = |champion: &&ChampionName| champion.key.eq_ignore_ascii_case(key);
        let found = self.tables.champions.iter().find(|(_, champion)| same(champion));
        found.map(|(id, _)| *id).filter(|_| !key.is_empty())
    }

    /// An item.
    #[must_use]
    pub fn item(&self, id: u32) -> Cow<'_, str> {
        of(&self.tables.items, id)
    }

    /// A rune, path or shard.
    #[must_use]
    pub fn rune(&self, id: u32) -> Cow<'_, str> {
        of(&self.tables.runes, id)
    }

    /// A summoner spell.
    #[must_use]
    pub fn spell(&self, id: u32) -> Cow<'_, str> {
        of(&self.tables.spells, id)
    }

    /// An Arena augment.
    #[must_use]
    pub fn augment(&self, id: u32) -> Cow<'_, str> {
        of(&self.tables.augments, id)
    }

    /// The tables behind the names.
    #[must_use]
    pub fn tables(&self) -> &NameTables {
        &self.tables
    }

    /// The known names in a text, the longest at each place, none overlapping another. A name that means several kinds
    /// of things gives one mention for each. Apostrophes must be straight ones.
    #[must_use]
    pub fn mentions(&self, text: &str) -> Vec<Mention> {
        self.lexicon.find(text)
    }
}

fn of(table: &BTreeMap<u32, String>, id: u32) -> Cow<'_, str> {
    table
        .get(&id)
        .filter(|name| !name.is_empty())
        .map_or_else(|| unknown(id), |name| Cow::Borrowed(name.as_str()))
}

fn unknown(id: u32) -> Cow<'static, str> {
    Cow::Owned(format!("#{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn champion(key: &str, name: &str, title: &str) -> ChampionName {
        ChampionName { key: key.to_owned(), name: name.to_owned(), title: title.to_owned() }
    }

    #[test]
    fn champions_are_called_as_players_do() {
        let mut tables = NameTables::default();
        tables.champions.insert(103, champion("Ahri", "九尾妖狐", "阿狸"));
        tables.champions.insert(238, champion("Zed", "影流之主", "劫"));
        let names = Names::new(Language::ZhCn, tables.clone(), &[]);
        assert_eq!(names.champion(103), "阿狸");
        assert_eq!(names.champion(238), "影流之主");
        assert_eq!(names.champion(9), "#9");
        assert_eq!(names.champion_key(103), Some("Ahri"));
        let english = Names::new(Language::En, tables, &[]);
        assert_eq!(english.champion(103), "九尾妖狐");
    }

    #[test]
    fn unknown_ids_keep_their_number() {
        let names = Names::none(Language::En);
        assert_eq!(names.item(3031), "#3031");
        assert_eq!(names.augment(1), "#1");
    }

    #[test]
    fn tags_of_discord_are_understood() {
        assert_eq!(Language::of_tag("zh-TW"), Some(Language::ZhCn));
        assert_eq!(Language::of_tag("en-GB"), Some(Language::En));
        assert_eq!(Language::of_tag("fr"), None);
    }
}
