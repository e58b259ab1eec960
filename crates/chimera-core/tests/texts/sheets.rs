//! Fact sheets of real matches, with names from the collected static data.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use chimera_core::fact_sheet::FactSheet;
use chimera_core::names::{ChampionName, Language, NameTables, Names};
use chimera_core::{match_record, report, timeline};
use serde_json::Value;

/// The collected data beside the project.
fn data() -> PathBuf {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    assert!(
        path.join("lol/matches").is_dir(),
        "{} is absent: these tests read real matches from it",
        path.display()
    );
    path
}

fn json(path: &str) -> Value {
    let path = data().join("static").join(path);
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

fn tables(folder: &str, augments: &str) -> NameTables {
    let mut tables = NameTables::default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for champion in json(&format!("{folder}/champion.json"))["data"].as_object().unwrap().values() {
        let name = ChampionName {
            key: text(&champion["id"]),
            name: text(&champion["name"]),
            title: text(&champion["title"]),
        };
        tables.champions.insert(text(&champion["key"]).parse().unwrap(), name);
    }
    for (id, item) in json(&format!("{folder}/item.json"))["data"].as_object().unwrap() {
        tables.items.insert(id.parse().unwrap(), text(&item["name"]));
    }
    let list = json(&format!("{folder}/{augments}"));
    let listed: Vec<&Value> = match list["augments"].as_array() {
        Some(listed) => listed.iter().collect(),
        None => list.as_object().unwrap().values().collect(),
    };
    for augment in listed {
        tables
            .augments
            .insert(u32::try_from(augment["id"].as_u64().unwrap()).unwrap(), text(&augment["name"]));
    }
    tables
}

/// The names of a language; the other language's are recognised.
pub(crate) fn names(language: Language) -> &'static Names {
    static NAMES: OnceLock<[Names; 2]> = OnceLock::new();
    let [chinese, english] = NAMES.get_or_init(|| {
        let chinese = tables("zh_CN", "arena_augments_15.5_names.json");
        let english = tables("en_US_16.3.1", "arena-augments.json");
        [
            Names::new(Language::ZhCn, chinese.clone(), &[&english]),
            Names::new(Language::En, english, &[&chinese]),
        ]
    });
    if language == Language::ZhCn { chinese } else { english }
}

/// One real match read by one of its players.
pub(crate) struct Case {
    pub(crate) title: String,
    pub(crate) review: report::Review,
    pub(crate) team: report::TeamReview,
}

impl Case {
    pub(crate) fn sheet(&self, language: Language) -> FactSheet {
        FactSheet::of_review(&self.review, names(language), language)
    }

    pub(crate) fn team_sheet(&self, language: Language) -> FactSheet {
        FactSheet::of_team(&self.team, names(language), language)
    }
}

/// Every real match, read by two of its players.
pub(crate) fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(data().join("lol/matches")).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let cases: Vec<Case> = paths.iter().flat_map(|path| of_file(path)).collect();
        assert!(cases.len() > 80, "only {} cases", cases.len());
        cases
    })
}

fn of_file(path: &std::path::Path) -> Vec<Case> {
    let found = match_record::parse(&fs::read(path).unwrap()).unwrap();
    let events = fs::read(data().join("lol/timelines").join(path.file_name().unwrap())).ok();
    let timeline = events.as_ref().map(|events| timeline::parse(events).unwrap());
    let puuids: Vec<String> = found
        .info
        .participants
        .iter()
        .map(|player| player.puuid.to_string())
        .filter(|puuid| puuid.len() > 3)
        .collect();
    let picked = puuids.iter().step_by(7).take(2);
    let case = |puuid: &String| {
        let review = report::review(&found, timeline.as_ref(), puuid).ok()?;
        let team = report::team_review(&found, timeline.as_ref(), puuid).ok()?;
        let title =
            format!("{} as {} ({})", review.match_id, review.player.champion_key, review.mode.as_str());
        Some(Case { title, review, team })
    };
    picked.filter_map(case).collect()
}
