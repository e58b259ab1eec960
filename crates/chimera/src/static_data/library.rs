//! The tables of a running program, read once at the start.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use anyhow::{Context, bail};
use chimera_core::names::{ChampionName, Language, NameTables, Names};

use super::{Kind, Table, retired};
use crate::config::StaticDataConfig;

/// A table file is some hundred kilobytes at most.
const FILE_LIMIT_BYTES: u64 = 8 * 1024 * 1024;

macro_rules! built_in {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/", $file))
    };
}

fn built_in(kind: Kind, language: Language) -> &'static str {
    match (kind, language) {
        (Kind::Champions, Language::ZhCn) => built_in!("champions.zh_cn.json"),
        (Kind::Champions, Language::En) => built_in!("champions.en_us.json"),
        (Kind::Items, Language::ZhCn) => built_in!("items.zh_cn.json"),
        (Kind::Items, Language::En) => built_in!("items.en_us.json"),
        (Kind::Runes, Language::ZhCn) => built_in!("runes.zh_cn.json"),
        (Kind::Runes, Language::En) => built_in!("runes.en_us.json"),
        (Kind::Spells, Language::ZhCn) => built_in!("spells.zh_cn.json"),
        (Kind::Spells, Language::En) => built_in!("spells.en_us.json"),
        (Kind::Augments, Language::ZhCn) => built_in!("arena/augments.zh_cn.json"),
        (Kind::Augments, Language::En) => built_in!("arena/augments.en_us.json"),
    }
}

/// Names in both languages; clones share them.
#[derive(Clone, Debug)]
pub struct Library {
    chinese: Arc<Names>,
    english: Arc<Names>,
}

impl Library {
    /// Reads the folder's tables, and the built-in ones where it has none. Refuses a file that cannot be read, and
    /// Chinese augments of another patch than the one that the configuration is locked to.
    pub fn open(settings: &StaticDataConfig) -> anyhow::Result<Self> {
        let folder = &settings.directory;
        let augments = Self::table(folder, Kind::Augments, Language::ZhCn)?;
        if augments.version != settings.arena_version {
            bail!(
                "the Chinese names of augments are of patch {} and `static_data.arena_version` (ARENA_DATA_VERSION) is \
                 {}: run `chimera arena sync {}`, or set it to {}",
                augments.version,
                settings.arena_version,
                settings.arena_version,
                augments.version
            );
        }
        let english = tables(folder, Language::En)?;
        let mut chinese = tables(folder, Language::ZhCn)?;
        fill(&mut chinese, &english);
        Ok(Self {
            english: Arc::new(Names::new(Language::En, english.clone(), &[&chinese])),
            chinese: Arc::new(Names::new(Language::ZhCn, chinese, &[&english])),
        })
    }

    /// What things are called in a language.
    #[must_use]
    pub fn names(&self, language: Language) -> Arc<Names> {
        match language {
            Language::ZhCn => Arc::clone(&self.chinese),
            Language::En => Arc::clone(&self.english),
        }
    }

    /// One table: the folder's, or the built-in one where it has none.
    pub fn table(folder: &Path, kind: Kind, language: Language) -> anyhow::Result<Table> {
        let path = folder.join(kind.file(language));
        let cannot = || format!("the table {} cannot be used", path.display());
        match fs::metadata(&path) {
            Ok(found) if found.len() > FILE_LIMIT_BYTES => {
                bail!("{} is larger than {FILE_LIMIT_BYTES} bytes", path.display())
            }
            Ok(_) => {
                let text = fs::read_to_string(&path).with_context(cannot)?;
                Table::parse(kind, &text).with_context(cannot)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Table::parse(kind, built_in(kind, language))
                    .with_context(|| format!("the built-in table {}", kind.file(language)))
            }
            Err(error) => Err(error).with_context(cannot),
        }
    }
}

/// Gives ids without a Chinese name that of another id which is called the same in English (Arena has its own ids for
/// the items and spells of the Rift), or else the English name: it says more than a number.
fn fill(chinese: &mut NameTables, english: &NameTables) {
    for (id, champion) in &english.champions {
        chinese.champions.entry(*id).or_insert_with(|| champion.clone());
    }
    for (chinese, english) in [
        (&mut chinese.items, &english.items),
        (&mut chinese.runes, &english.runes),
        (&mut chinese.spells, &english.spells),
        (&mut chinese.augments, &english.augments),
    ] {
        let known = english.iter().filter_map(|(id, name)| Some((name.as_str(), chinese.get(id)?.clone())));
        let by_english: BTreeMap<&str, String> = known.collect();
        for (id, name) in english {
            let found = || by_english.get(name.as_str()).unwrap_or(name).clone();
            chinese.entry(*id).or_insert_with(found);
        }
    }
}

/// All tables of one language.
fn tables(folder: &Path, language: Language) -> anyhow::Result<NameTables> {
    let mut names = NameTables::default();
    names.runes.extend(retired::runes(language).map(|(id, name)| (id, name.to_owned())));
    for kind in Kind::ALL {
        let entries = Library::table(folder, kind, language)?.entries;
        let plain = match kind {
            Kind::Champions => {
                names.champions.extend(entries.into_iter().map(|(id, entry)| {
                    let (key, title) = (entry.key.unwrap_or_default(), entry.title.unwrap_or_default());
                    (id, ChampionName { key, name: entry.name, title })
                }));
                continue;
            }
            Kind::Items => &mut names.items,
            Kind::Runes => &mut names.runes,
            Kind::Spells => &mut names.spells,
            Kind::Augments => &mut names.augments,
        };
        plain.extend(entries.into_iter().map(|(id, entry)| (id, entry.name)));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(folder: &Path) -> StaticDataConfig {
        StaticDataConfig { directory: folder.to_owned(), ..StaticDataConfig::default() }
    }

    #[test]
    fn the_built_in_tables_name_things_in_both_languages() {
        let library = Library::open(&settings(Path::new("nowhere"))).unwrap();
        let (chinese, english) = (library.names(Language::ZhCn), library.names(Language::En));
        let check = |found: [std::borrow::Cow<'_, str>; 2], expected: [&str; 2]| assert_eq!(found, expected);
        check([chinese.champion(103), english.champion(103)], ["阿狸", "Ahri"]);
        check([chinese.item(1001), english.item(1001)], ["鞋子", "Boots"]);
        check([chinese.rune(8112), english.rune(8112)], ["电刑", "Electrocute"]);
        check([chinese.rune(8100), english.rune(8100)], ["主宰", "Domination"]);
        check([chinese.rune(8134), english.rune(8134)], ["灵性猎手", "Ingenious Hunter"]);
        check([chinese.rune(5008), english.rune(5008)], ["适应之力", "Adaptive Force"]);
        check([chinese.spell(4), english.spell(4)], ["闪现", "Flash"]);
        check([chinese.augment(93), english.augment(93)], ["热身动作", "Warmup Routine"]);
        check([chinese.item(99_999_999), english.item(99_999_999)], ["#99999999", "#99999999"]);
        assert_eq!(chinese.champion_key(103), Some("Ahri"));
        // Arena's own ids for a spell and an item of the Rift, and an item that is newer than the Chinese table.
        check([chinese.spell(2202), english.spell(2202)], ["闪现", "Flash"]);
        check([chinese.item(223_089), english.item(223_089)], ["灭世者的死亡之帽", "Rabadon's Deathcap"]);
        check([chinese.item(6610), english.item(6610)], ["Sundered Sky", "Sundered Sky"]);
    }

    #[test]
    fn a_folder_goes_before_and_its_faults_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let check = |text: &str, part: &str| {
            fs::write(folder.path().join("spells.en_us.json"), text).unwrap();
            let error = format!("{:#}", Library::open(&settings(folder.path())).unwrap_err());
            assert!(error.contains("spells.en_us.json") && error.contains(part), "{error}");
        };
        check("{", "not JSON");
        check("{}", "version");
        let own = r#"{"version":"99.1","spells":[{"id":4,"name":"Blink"}]}"#;
        fs::write(folder.path().join("spells.en_us.json"), own).unwrap();
        let library = Library::open(&settings(folder.path())).unwrap();
        assert_eq!(library.names(Language::En).spell(4), "Blink");
    }

    #[test]
    fn augments_of_another_patch_are_refused_with_the_way_out() {
        let other = StaticDataConfig { arena_version: "16.3".to_owned(), ..settings(Path::new("nowhere")) };
        let error = Library::open(&other).unwrap_err().to_string();
        assert!(error.contains("chimera arena sync 16.3") && error.contains("15.5"), "{error}");
    }
}
