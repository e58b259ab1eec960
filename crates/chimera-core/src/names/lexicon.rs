//! Finds names of champions, items and augments in a text.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::NameTables;

/// What a name belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameKind {
    /// A champion.
    Champion,
    /// An item.
    Item,
    /// An Arena augment.
    Augment,
}

/// A name found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// Where, in bytes of the text.
    pub span: Range<usize>,
    /// What it belongs to.
    pub kind: NameKind,
    /// Every id that bears the name; items of several modes share one.
    pub ids: Vec<u32>,
}

/// Every known name by its first character, longest first.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    by_first: HashMap<char, Vec<Word>>,
}

#[derive(Debug)]
struct Word {
    text: String,
    meanings: Vec<(NameKind, u32)>,
}

/// Names that are ordinary words of every review and claim nothing.
const ORDINARY: &[&str] = &[
    "鞋子",
    "Boots",
    "Recall",
    "控制守卫",
    "Control Ward",
    "Stealth Ward",
    "侦查守卫",
    "侦察守卫",
    "秒表",
    "先锋",
    "Vanguard",
    "救赎",
    "Lifeline",
    "Multitool",
    "坚毅",
    "Opportunity",
    "Overcharged",
    "狂热",
    "Zeal",
    "Recall",
    "Fortification",
];

impl Lexicon {
    pub(super) fn of(tables: &[&NameTables]) -> Self {
        let mut words: BTreeMap<String, Vec<(NameKind, u32)>> = BTreeMap::new();
        let mut add = |word: &str, kind, id| {
            let word = word.trim().replace('’', "'");
            if is_distinct(&word, kind) {
                let meanings = words.entry(word).or_default();
                if !meanings.contains(&(kind, id)) {
                    meanings.push((kind, id));
                }
            }
        };
        for table in tables {
            for (id, champion) in &table.champions {
                add(&champion.key, NameKind::Champion, *id);
                add(&champion.name, NameKind::Champion, *id);
                add(&champion.name.replace('\'', ""), NameKind::Champion, *id);
                add(champion.name.split(" & ").next().unwrap_or_default(), NameKind::Champion, *id);
                if !champion.title.is_ascii() {
                    add(&champion.title, NameKind::Champion, *id);
                }
            }
            for (id, name) in &table.items {
                add(name, NameKind::Item, *id);
            }
            for (id, name) in &table.augments {
                add(name, NameKind::Augment, *id);
            }
        }
        let mut by_first: HashMap<char, Vec<Word>> = HashMap::new();
        for (text, meanings) in words {
            if let Some(first) = text.chars().next() {
                by_first.entry(first).or_default().push(Word { text, meanings });
            }
        }
        for list in by_first.values_mut() {
            list.sort_by(|one, other| other.text.len().cmp(&one.text.len()).then(one.text.cmp(&other.text)));
        }
        Self { by_first }
    }

    pub(super) fn find(&self, text: &str) -> Vec<Mention> {
        let mut found = Vec::new();
        let mut skip_to = 0;
        let mut before = None;
        for (at, first) in text.char_indices() {
            let previous = before.replace(first);
            if at < skip_to {
                continue;
            }
            let candidates = self.by_first.get(&first).map_or(&[][..], Vec::as_slice);
            let hit = candidates.iter().find(|word| {
                text[at..].starts_with(&word.text)
                    && is_whole(&word.text, previous, text[at + word.text.len()..].chars().next())
            });
            if let Some(word) = hit {
                skip_to = at + word.text.len();
                let mut kinds: BTreeMap<NameKind, Vec<u32>> = BTreeMap::new();
                for (kind, id) in &word.meanings {
                    kinds.entry(*kind).or_default().push(*id);
                }
                found.extend(kinds.into_iter().map(|(kind, ids)| Mention { span: at..skip_to, kind, ids }));
            }
        }
        found
    }
}

/// Whether a name stands out of ordinary text: no one-character word, no everyday word, no one-word augment.
fn is_distinct(word: &str, kind: NameKind) -> bool {
    let length = word.chars().count();
    let least = if kind == NameKind::Augment { 4 } else { 2 };
    let several_words = word.contains([' ', '\'', ':']);
    let is_one_word_augment = kind == NameKind::Augment && word.is_ascii() && !several_words;
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
    length >= least && !ORDINARY.contains(&word) && !is_one_word_augment && !is_number
}

/// A Latin name must stand alone; a Chinese one may stand anywhere.
fn is_whole(word: &str, before: Option<char>, after: Option<char>) -> bool {
    let joins = |edge: Option<char>, neighbour: Option<char>| {
        edge.is_some_and(|edge| edge.is_ascii_alphanumeric())
            && neighbour.is_some_and(|neighbour| neighbour.is_ascii_alphanumeric())
    };
    !joins(word.chars().next(), before) && !joins(word.chars().next_back(), after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::ChampionName;

    fn tables() -> NameTables {
        let mut tables = NameTables::default();
        let mut add = |id, key: &str, name: &str, title: &str| {
            let champion = ChampionName { key: key.into(), name: name.into(), title: title.into() };
            tables.champions.insert(id, champion);
        };
        add(254, "Vi", "Vi", "the Piltover Enforcer");
        add(112, "Viktor", "Viktor", "the Herald of the Arcane");
        add(145, "Kaisa", "Kai'Sa", "Daughter of the Void");
        add(103, "Ahri", "九尾妖狐", "阿狸");
        tables.items.insert(3031, "Infinity Edge".into());
        tables.items.insert(223_031, "Infinity Edge".into());
        tables.augments.insert(1, "Goliath".into());
        tables
    }

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &[u32])]) {
        let found = Lexicon::of(&[&tables()]).find(text);
        let found: Vec<_> =
            found.iter().map(|mention| (&text[mention.span.clone()], mention.ids.as_slice())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn the_longest_whole_name_counts() {
        check("Vi met Viktor", &[("Vi", &[254]), ("Viktor", &[112])]);
        check("Vision of Kai'Sa", &[("Kai'Sa", &[145])]);
        check("你的阿狸打得好", &[("阿狸", &[103])]);
        check("Ahri's Infinity Edge.", &[("Ahri", &[103]), ("Infinity Edge", &[3031, 223_031])]);
        check("a Goliath of a player", &[]);
    }
}
