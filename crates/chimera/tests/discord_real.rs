//! Cards of real matches: every pair that lies beside the project, every player, both languages.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use std::path::{Path, PathBuf};

use chimera::{
    config::StaticDataConfig,
    discord::cards::{self, Look, ReviewExtras},
    static_data::Library,
};
use chimera_core::{
    fact_sheet::FactSheet,
    match_record,
    names::Language,
    narrative::{self, Style},
    report, timeline,
};

#[path = "discord_cards/checked.rs"]
mod checked;

use checked::{checked, readable};

fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/lol")).join(name);
    assert!(path.is_dir(), "the test data is not at {}", path.display());
    path
}

fn extras(narrative: &str) -> ReviewExtras<'_> {
    ReviewExtras {
        narrative,
        degraded: Some("model_unavailable"),
        charts_url: Some("https://cdn.example/static/builds/2026/11/21/Ahri_EUW1_7684569678_abcdef.png"),
        charts_alt: "",
        stages: &[
            ("fetch", 812),
            ("score", 1),
            ("save", 9),
            ("llm", 2_000),
            ("webhook", 90),
            ("total", 2_912),
        ],
        task_id: "0193a1b2-c3d4-7000-8000-000000000000",
        has_buttons: true,
        shows_timeline: true,
    }
}

/// Cards of one match; gives how many and the largest sum of their texts.
fn check(path: &Path, library: &Library) -> (usize, usize) {
    let found = match_record::parse(&std::fs::read(path).unwrap()).unwrap();
    let timeline_bytes = std::fs::read(folder("timelines").join(path.file_name().unwrap())).ok();
    let timeline = timeline_bytes.as_deref().map(|bytes| timeline::parse(bytes).unwrap());
    let (mut count, mut largest) = (0, 0);
    for participant in &found.info.participants {
        let Ok(review) = report::review(&found, timeline.as_ref(), &participant.puuid) else { continue };
        let team = report::team_review(&found, timeline.as_ref(), &participant.puuid).unwrap();
        for language in [Language::ZhCn, Language::En] {
            let names = library.names(language);
            let look = Look::new(&names, false);
            let style = Style::default();
            let one = narrative::template(&FactSheet::of_review(&review, &names, language), style).text;
            let all = narrative::template(&FactSheet::of_team(&team, &names, language), style).text;
            for (card, narrative) in [
                (cards::review(&review, &extras(&one), &look), &one),
                (cards::team(&team, &extras(&all), &look), &all),
            ] {
                let json = checked(&card);
                let text = readable(&json);
                for odd in ["NaN", "inf ", "Notable moment", "值得留意", "{$"] {
                    assert!(!text.contains(odd), "{}: `{odd}` in {text}", path.display());
                }
                let last = narrative.trim_end().chars().rev().take(8).collect::<Vec<_>>();
                let last: String = last.into_iter().rev().collect();
                assert!(
                    text.contains(&last),
                    "{}: the text was cut before `{last}`:\n{text}",
                    path.display()
                );
                largest = largest.max(text.encode_utf16().count());
                count += 1;
            }
        }
    }
    (count, largest)
}

#[test]
fn every_real_match_fits_without_cutting_its_text() {
    let library = Library::open(&StaticDataConfig::default()).unwrap();
    let (mut matches, mut cards, mut largest) = (0, 0, 0);
    for entry in std::fs::read_dir(folder("matches")).unwrap() {
        let (count, most) = check(&entry.unwrap().path(), &library);
        matches += 1;
        cards += count;
        largest = largest.max(most);
    }
    println!("{cards} cards of {matches} matches, the longest of {largest} units with its buttons");
    assert!(matches >= 50 && cards > 1_000, "{matches} {cards}");
}
