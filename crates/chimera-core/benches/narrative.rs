//! Sheet, template narrative, and the two readers that guard a text, on a real match of 30 minutes.

use std::fs;
use std::path::PathBuf;

use chimera_core::fact_sheet::FactSheet;
use chimera_core::names::{ChampionName, Language, NameTables, Names};
use chimera_core::narrative::{self, Context, Style, Variant};
use chimera_core::report::Review;
use chimera_core::{compliance, fact_check, match_record, report, timeline};
use divan::Bencher;

const LANGUAGES: [&str; 2] = ["zh-CN", "en"];

fn main() {
    divan::main();
}

fn read(path: &str) -> Vec<u8> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn review() -> Review {
    let (record, events) =
        (read("lol/matches/NA1_4089523435.json"), read("lol/timelines/NA1_4089523435.json"));
    let found = match_record::parse(&record).unwrap_or_else(|error| panic!("{error}"));
    let timeline = timeline::parse(&events).unwrap_or_else(|error| panic!("{error}"));
    let puuid = found.info.participants[0].puuid.to_string();
    report::review(&found, Some(&timeline), &puuid).unwrap_or_else(|error| panic!("{error}"))
}

fn names(language: Language) -> Names {
    let folder = if language == Language::ZhCn { "zh_CN" } else { "en_US_16.3.1" };
    let json = |file: &str| -> serde_json::Value {
        serde_json::from_slice(&read(&format!("static/{folder}/{file}"))).unwrap_or_default()
    };
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut tables = NameTables::default();
    for champion in json("champion.json")["data"].as_object().into_iter().flat_map(|all| all.values()) {
        let name = ChampionName {
            key: text(&champion["id"]),
            name: text(&champion["name"]),
            title: text(&champion["title"]),
        };
        tables.champions.insert(text(&champion["key"]).parse().unwrap_or_default(), name);
    }
    for (id, item) in json("item.json")["data"].as_object().into_iter().flatten() {
        tables.items.insert(id.parse().unwrap_or_default(), text(&item["name"]));
    }
    Names::new(language, tables, &[])
}

fn sheet(tag: &str) -> FactSheet {
    let language = Language::of_tag(tag).unwrap_or_default();
    FactSheet::of_review(&review(), &names(language), language)
}

#[divan::bench(args = LANGUAGES)]
fn sheet_and_template(bencher: Bencher<'_, '_>, tag: &str) {
    let language = Language::of_tag(tag).unwrap_or_default();
    let (review, names) = (review(), names(language));
    bencher.bench_local(|| {
        narrative::template(&FactSheet::of_review(&review, &names, language), Style::default())
    });
}

#[divan::bench(args = LANGUAGES)]
fn template(bencher: Bencher<'_, '_>, tag: &str) {
    let sheet = sheet(tag);
    bencher.bench_local(|| narrative::template(&sheet, Style::default()));
}

#[divan::bench(args = LANGUAGES)]
fn checked_against_the_facts(bencher: Bencher<'_, '_>, tag: &str) {
    let sheet = sheet(tag);
    let text = narrative::template(&sheet, Style::default()).text;
    bencher.bench_local(|| fact_check::check(&text, &sheet));
}

#[divan::bench(args = LANGUAGES)]
fn checked_against_the_policy(bencher: Bencher<'_, '_>, tag: &str) {
    let text = narrative::template(&sheet(tag), Style::default()).text;
    bencher.bench_local(|| compliance::check(&text));
}

#[divan::bench(args = LANGUAGES)]
fn prompt(bencher: Bencher<'_, '_>, tag: &str) {
    let sheet = sheet(tag);
    bencher.bench_local(|| narrative::prompt(&sheet, Variant::Analysis, Style::default(), Context::Full));
}
