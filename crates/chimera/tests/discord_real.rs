//! Cards of real matches: every pair that lies beside the project, every player, both languages.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]

use std::path::{Path, PathBuf};

use chassis::clock::Clock;
use chimera::{
    config::StaticDataConfig,
    discord::{
        Api, ApiSettings,
        api::Delivered,
        cards::{self, Look, ReviewExtras},
        incoming::InteractionToken,
        requests::ReplyTo,
    },
    static_data::Library,
};
use chimera_core::{
    fact_sheet::FactSheet,
    match_record,
    names::Language,
    narrative::{self, Style},
    report, timeline,
};
use testkit::{FakeDiscord, fake_discord::DiscordRules};

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
        ..ReviewExtras::default()
    }
}

/// What the card of one player calls the best of it, in Chinese, where a template uses the same word.
fn first_strength(card: &serde_json::Value) -> Option<String> {
    let fields = card["embeds"][0]["fields"].as_array()?;
    let field =
        fields.iter().find(|field| field["name"].as_str().is_some_and(|it| it.contains("核心优势")))?;
    let line = field["value"].as_str()?.lines().next()?;
    if line.contains('·') {
        return None;
    }
    Some(line.rsplit_once("` ")?.1.split_once(" **")?.0.to_owned())
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
                let title = json["embeds"][0]["title"].as_str().unwrap();
                assert!(!title.contains('#'), "{}: a champion without a name: {title}", path.display());
                if let Some(first) = first_strength(&json) {
                    assert!(
                        narrative.contains(&first),
                        "{}: the text does not know `{first}`",
                        path.display()
                    );
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

/// The fake holds cards against its own reading of Discord's limits, and shows what arrived.
#[tokio::test]
async fn a_review_arrives_as_one_edit() {
    let fake = FakeDiscord::start(DiscordRules::default());
    let settings = ApiSettings { base_url: fake.base_url(), ..ApiSettings::default() };
    let api = Api::new(settings, Clock::system()).unwrap();
    let library = Library::open(&StaticDataConfig::default()).unwrap();
    let path = folder("matches").join("EUW1_7684569678.json");
    let found = match_record::parse(&std::fs::read(&path).unwrap()).unwrap();
    let bytes = std::fs::read(folder("timelines").join("EUW1_7684569678.json")).unwrap();
    let timeline = timeline::parse(&bytes).unwrap();
    for (number, participant) in found.info.participants.iter().enumerate() {
        let review = report::review(&found, Some(&timeline), &participant.puuid).unwrap();
        let team = report::team_review(&found, Some(&timeline), &participant.puuid).unwrap();
        let names = library.names(Language::En);
        let look = Look::new(&names, number % 2 == 0);
        let text =
            narrative::template(&FactSheet::of_review(&review, &names, Language::En), Style::default()).text;
        let cards =
            [cards::review(&review, &extras(&text), &look), cards::team(&team, &extras(&text), &look)];
        for (kind, card) in cards.iter().enumerate() {
            let token = format!("token{number}x{kind}");
            fake.open_deferred("77", &token);
            let reply = ReplyTo {
                interaction_id: "77".to_owned(),
                application_id: "9001".to_owned(),
                token: InteractionToken::new(token.clone()),
                received_at_ms: Clock::system().now().as_millisecond(),
                ..ReplyTo::default()
            };
            assert_eq!(api.deliver(&reply, card).await, Ok(Delivered::Edited));
            assert_eq!(fake.interaction(&token).unwrap().edits.len(), 1);
            let shown = fake.original(&token).unwrap().to_string();
            let total = format!("**{:.1}** / 100", review.score.total.unwrap());
            for part in
                [total.as_str(), "Points to work on", &review.version, "fetch 812 ms", "[Open the charts]"]
            {
                assert!(shown.contains(part), "{part} is missing in {shown}");
            }
        }
    }
    assert_eq!(fake.refusals(), Vec::<String>::new());
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
