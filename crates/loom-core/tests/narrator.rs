//! The offline narrator over long runs of the sample worlds.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first thing that is not as it should be")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use loom_core::canon::{self, Canon, EntityKind, Language, ReadFailure};
use loom_core::memory::{Fact, FactId, FactOrigin, StateChange, WorldState, mentions};
use loom_core::narrator::{NarratorInput, narrate};
use loom_core::prompt::Directions;
use loom_core::session::PastTurn;
use proptest::prelude::*;

fn sample(name: &str) -> Canon {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../canon").join(name);
    let mut read = |path: &str| std::fs::read_to_string(folder.join(path)).map_err(|_| ReadFailure::Missing);
    canon::parse("canon.md", &mut read).canon.unwrap()
}

const ZH_LINES: &[&str] = &[
    "我环顾四周。",
    "我走进灯塔。",
    "我问沈砚秋灯是怎么灭的。",
    "我拿起日志，翻开。",
    "我等着，听外面的动静。",
    "“你昨晚在哪里？”",
    "我去汤铺找顾婉娘。",
    "我坐下休息一会儿。",
    "我跟着那个影子走。",
    "我躲起来。",
    "我推开铁门。",
    "我告诉阿苓我看见的一切。",
    "我点亮那盏灯。",
    "我打量罗敬斋的手杖。",
    "我继续往前走。",
    "我打听安澜号的事。",
    "嗯。",
    "我捡起纽扣，交给陆昭。",
    "我和他打起来。",
    "我回到灯塔。",
];
const EN_LINES: &[&str] = &[
    "I look around.",
    "I go to the Weighhouse.",
    "I ask Oda Marrow about the coffins.",
    "I take the brass key.",
    "I wait and listen.",
    "\"Where were you last night?\"",
    "I walk to the Deep Step to find Mother Sel.",
    "I sit down and rest.",
    "I follow the footprints.",
    "I hide behind the wagon.",
    "I open the ledger.",
    "I tell Pim what I saw.",
    "I light the lamp.",
    "I examine the scales.",
    "I go on.",
    "I ask about the charter.",
    "Hm.",
    "I pick up the button and give it to Hask.",
    "I fight him.",
    "I go back to the Weighhouse.",
];

struct Run {
    canon: Canon,
    state: WorldState,
    past: Vec<PastTurn>,
}

impl Run {
    fn new(world: &str) -> Self {
        Self { canon: sample(world), state: WorldState::default(), past: Vec::new() }
    }

    fn edit(&mut self, subject: &str, text: &str) {
        let number = self.past.len() as u64 + 1;
        let fact = Fact {
            id: FactId(format!("t{number}:1")),
            subject: subject.to_owned(),
            text: text.to_owned(),
            turn_id: format!("t{number}"),
            turn_number: number,
            origin: FactOrigin::Edit,
        };
        self.state.apply(&StateChange::SetFact(fact));
    }

    fn passage(&self, story: &str, seed: u64) -> String {
        narrate(&NarratorInput {
            canon: &self.canon,
            state: &self.state,
            history: &self.past,
            number: self.past.len() as u64 + 1,
            story,
            directions: &Directions::default(),
            seed,
            language: self.canon.language,
        })
    }

    fn play(&mut self, story: &str, seed: u64) -> String {
        let reply = self.passage(story, seed);
        let number = self.past.len() as u64 + 1;
        self.past.push(PastTurn {
            id: format!("t{number}"),
            number,
            input: story.to_owned(),
            story: story.to_owned(),
            reply: reply.clone(),
            degraded: true,
        });
        reply
    }

    fn forty_turns(world: &str, lines: &[&str], seed: u64) -> Self {
        let mut run = Self::new(world);
        for number in 0..40 {
            run.play(lines[(number * 7 + number / 20) % lines.len()], seed + number as u64);
        }
        run
    }
}

fn sentences(text: &str) -> Vec<&str> {
    text.split_inclusive(['。', '！', '？', '.', '!', '?'])
        .map(|sentence| sentence.trim_matches(|mark: char| mark.is_whitespace() || "“”\"".contains(mark)))
        .filter(|sentence| sentence.chars().count() > 3)
        .collect()
}

fn size(text: &str, language: Language) -> usize {
    match language {
        Language::ZhCn => text.chars().filter(|character| !character.is_ascii()).count(),
        Language::En => text.split_whitespace().count(),
    }
}

fn assert_reads_well(run: &Run) {
    let mut last_seen: BTreeMap<&str, usize> = BTreeMap::new();
    let (least, most) = match run.canon.language {
        Language::ZhCn => (80, 340),
        Language::En => (60, 220),
    };
    for (number, turn) in run.past.iter().enumerate() {
        assert!(!turn.reply.contains(['{', '}']), "{}", turn.reply);
        assert!(
            !turn.reply.contains("  ") && !turn.reply.contains("。。") && !turn.reply.contains(".."),
            "{}",
            turn.reply
        );
        let size = size(&turn.reply, run.canon.language);
        assert!((least..=most).contains(&size), "turn {} has {size}: {}", number + 1, turn.reply);
        for sentence in sentences(&turn.reply) {
            if let Some(before) = last_seen.insert(sentence, number) {
                assert!(number - before > 5, "turns {} and {}: {sentence}", before + 1, number + 1);
            }
        }
    }
}

#[test]
fn forty_turns_in_chinese() {
    for seed in [1, 1_000, 77_777] {
        assert_reads_well(&Run::forty_turns("lighthouse-zh", ZH_LINES, seed));
    }
}

#[test]
fn forty_turns_in_english() {
    for seed in [1, 1_000, 77_777] {
        assert_reads_well(&Run::forty_turns("ashfall-en", EN_LINES, seed));
    }
}

#[test]
fn the_same_line_again_and_again_still_moves() {
    for (world, line) in [("lighthouse-zh", "我看看周围。"), ("ashfall-en", "I look around.")] {
        let mut run = Run::new(world);
        (0..40).for_each(|seed| drop(run.play(line, seed)));
        assert_reads_well(&run);
    }
}

#[test]
fn the_same_seed_gives_the_same_passage_and_another_gives_another() {
    for (world, line) in [("lighthouse-zh", "我走进灯塔。"), ("ashfall-en", "I go to the Weighhouse.")]
    {
        let run = Run::new(world);
        assert_eq!(run.passage(line, 5), run.passage(line, 5));
        assert_ne!(run.passage(line, 5), run.passage(line, 6));
    }
}

#[test]
fn a_fact_is_told_when_it_is_set_and_when_its_subject_comes_up() {
    let cases = [
        ("lighthouse-zh", "铁门", "现在永远开着", "我看了一会儿海。", "我走向铁门。"),
        ("lighthouse-zh", "渡船", "渡船昨夜沉了", "我等着。", "渡船还在吗？"),
        ("ashfall-en", "bell", "has lost its tongue", "I wait.", "I ring the bell."),
        (
            "ashfall-en",
            "Pim Harrow",
            "Pim Harrow can read after all",
            "I look around.",
            "I ask Pim Harrow to read it.",
        ),
    ];
    for (world, subject, text, first, later) in cases {
        let mut run = Run::new(world);
        run.play(first, 1);
        run.edit(subject, text);
        let told = run.play(first, 2);
        assert!(mentions(&told, subject), "{subject}: {told}");
        for seed in 3..9 {
            run.play(first, seed);
        }
        let told = run.play(later, 9);
        assert!(mentions(&told, subject), "{subject}: {told}");
    }
}

#[test]
fn the_story_goes_where_the_player_goes_and_answers_whom_they_address() {
    for (world, go, place, ask, person) in [
        ("lighthouse-zh", "我去汤铺。", "汤铺", "我问陆昭他拍到了什么。", "陆昭"),
        (
            "ashfall-en",
            "I walk to the Glassworks.",
            "the Glassworks",
            "I ask Juniper Vale about the glass.",
            "Juniper Vale",
        ),
    ] {
        for seed in 0..20 {
            let mut run = Run::new(world);
            let there = run.play(go, seed);
            assert!(mentions(&there, place), "{there}");
            let answer = run.play(ask, seed);
            assert!(mentions(&answer, person), "{answer}");
        }
    }
}

#[test]
fn secrets_are_not_told() {
    for (world, lines) in [("lighthouse-zh", ZH_LINES), ("ashfall-en", EN_LINES)] {
        let run = Run::forty_turns(world, lines, 3);
        let story: String = run.past.iter().map(|turn| turn.reply.as_str()).collect();
        for word in ["秘密：", "想要：", "Secret:", "Wants:", "burnt bone", "river sand"] {
            assert!(!story.contains(word), "{word}");
        }
    }
}

#[test]
fn a_tone_colours_the_story_until_it_changes() {
    let mut run = Run::new("ashfall-en");
    run.state.tone = Some("playful, absurd".to_owned());
    let told: String = (0..6).map(|seed| run.play("I wait.", seed)).collect();
    let funny = [
        "biting its lip",
        "stomach has its say",
        "sane one",
        "professionalism",
        "own lace",
        "unclear whose",
        "sneezes",
        "flawless",
    ];
    assert!(funny.iter().filter(|words| told.contains(**words)).count() >= 3, "{told}");
}

#[test]
fn the_worlds_people_and_places_appear() {
    for (world, lines) in [("lighthouse-zh", ZH_LINES), ("ashfall-en", EN_LINES)] {
        let run = Run::forty_turns(world, lines, 11);
        let story: String = run.past.iter().map(|turn| turn.reply.as_str()).collect();
        for kind in [EntityKind::Character, EntityKind::Location] {
            let known: Vec<_> = run.canon.entities.iter().filter(|entity| entity.kind == kind).collect();
            let seen = known.iter().filter(|entity| mentions(&story, &entity.name)).count();
            assert!(seen * 2 >= known.len(), "{world}: {seen} of {} {kind:?}", known.len());
        }
    }
}

/// Two openings as a player meets them; look at the text when this changes.
#[test]
fn twenty_turns_to_read() {
    for (world, lines) in [("lighthouse-zh", ZH_LINES), ("ashfall-en", EN_LINES)] {
        let mut run = Run::new(world);
        let mut page = String::new();
        for (number, line) in lines.iter().enumerate() {
            let reply = run.play(line, 2_026);
            page.push_str(&format!("## {}. {line}\n\n{reply}\n\n", number + 1));
        }
        insta::assert_snapshot!(format!("twenty_turns_{world}"), page);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_line_gets_a_passage(story in any::<String>(), subject in "\\PC{1,12}", text in "\\PC{0,40}", tone in any::<String>(), seed in any::<u64>()) {
        for world in ["lighthouse-zh", "ashfall-en"] {
            let mut run = Run::new(world);
            run.edit(&subject, &text);
            run.state.tone = Some(tone.clone());
            prop_assert!(!run.play(&story, seed).trim().is_empty());
        }
    }

    #[test]
    fn a_world_without_names_still_tells(story in ".{0,40}", seed in any::<u64>()) {
        let text = "---\nname: Bare\nlanguage: en\n---\n\n# World\n\nThere is nothing here.\n\n# Tone\n\nPlain.\n";
        let mut read = |_: &str| Ok(text.to_owned());
        let canon = canon::parse("canon.md", &mut read).canon.unwrap();
        let mut run = Run { canon, state: WorldState::default(), past: Vec::new() };
        for turn in 0..12 {
            let reply = run.play(&story, seed.wrapping_add(turn));
            prop_assert!(reply.split_whitespace().count() >= 18, "{}", reply);
        }
    }
}
