//! The request of a turn: order, budget, stable beginning, and what is kept of it for later.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first thing that is not as it should be")]

use loom_core::canon::{self, Canon, Language, ReadFailure};
use loom_core::memory::{Fact, FactId, FactOrigin, StateChange, Summary, WorldState};
use loom_core::prompt::{
    Directions, DropReason, MessageRole, PartKind, Prompt, PromptError, PromptInput, PromptOutline, assemble,
};
use loom_core::session::{PastTurn, TurnSettings};
use loom_core::tokens::Estimate;
use proptest::prelude::*;

const WORLD: &str = "---\nname: Grey Harbour\nlanguage: en\n---\n\n# World\n\nA harbour under fog.\n\n# Tone\n\nQuiet.\n\n\
    :::rule lamp The lamp\nNobody lights the lamp.\n:::\n\n# Opening\n\nThe ferry leaves.\n\n# Meta\n\nNotes.\n";

fn world(text: &str) -> Canon {
    let mut read =
        |path: &str| if path == "canon.md" { Ok(text.to_owned()) } else { Err(ReadFailure::Missing) };
    canon::parse("canon.md", &mut read).canon.unwrap()
}

fn past(number: u64) -> PastTurn {
    PastTurn {
        id: format!("t{number}"),
        number,
        input: format!("I take step {number}."),
        story: format!("I take step {number}."),
        reply: format!("Board {number} of the pier creaks under you, and the fog answers."),
        degraded: false,
    }
}

fn history(number: u64, settings: &TurnSettings) -> Vec<PastTurn> {
    let first = number.saturating_sub(settings.history_needed() as u64).max(1);
    (first..number).map(past).collect()
}

fn settings() -> TurnSettings {
    TurnSettings { language: Language::En, ..TurnSettings::default() }
}

fn state() -> WorldState {
    WorldState::replay(&[
        StateChange::SetFact(Fact {
            id: FactId("f".to_owned()),
            subject: "gate".to_owned(),
            text: "stands open".to_owned(),
            turn_id: "t1".to_owned(),
            turn_number: 1,
            origin: FactOrigin::Edit,
        }),
        StateChange::SetTone(Some("hushed".to_owned())),
        StateChange::SetSummary(Summary { text: "Turn 1: I arrive".to_owned(), through_turn: 1 }),
    ])
}

struct Case {
    canon: Canon,
    state: WorldState,
    history: Vec<PastTurn>,
    number: u64,
    story: String,
    directions: Directions,
    settings: TurnSettings,
}

impl Case {
    fn new(number: u64) -> Self {
        Self {
            canon: world(WORLD),
            state: state(),
            history: history(number, &settings()),
            number,
            story: "I open the gate.".to_owned(),
            directions: Directions {
                notes: vec!["shorter".to_owned()],
                intents: vec!["find the keeper".to_owned()],
                questions: vec!["Who lit the lamp?".to_owned()],
            },
            settings: settings(),
        }
    }

    fn assemble(&self) -> Result<Prompt, PromptError> {
        assemble(&PromptInput {
            canon: &self.canon,
            state: &self.state,
            history: &self.history,
            turn_id: "now",
            number: self.number,
            story: &self.story,
            directions: &self.directions,
            settings: &self.settings,
            counter: &Estimate,
        })
    }
}

fn joined(prompt: &Prompt) -> Vec<String> {
    let mut texts = vec![String::new(); prompt.messages.len()];
    for part in &prompt.parts {
        texts[part.message.min(prompt.messages.len() - 1)].push_str(&part.text);
    }
    texts
}

fn assert_sound(prompt: &Prompt) {
    let texts: Vec<&str> = prompt.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(joined(prompt), texts);
    assert_eq!(prompt.total_tokens, prompt.parts.iter().map(|part| part.tokens).sum::<usize>());
    assert!(prompt.total_tokens <= prompt.budget, "{} of {}", prompt.total_tokens, prompt.budget);
    for part in &prompt.parts {
        assert_eq!(part.role, prompt.messages[part.message].role, "{}", part.label);
    }
    let roles: Vec<MessageRole> = prompt.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles[0], MessageRole::System);
    for (position, role) in roles[1..].iter().enumerate() {
        assert_eq!(*role, if position % 2 == 0 { MessageRole::User } else { MessageRole::Assistant });
    }
    assert_eq!(roles.last(), Some(&MessageRole::User));
}

#[test]
fn parts_stand_in_their_order() {
    let prompt = Case::new(3).assemble().unwrap();
    assert_sound(&prompt);
    let lines: Vec<String> = prompt
        .parts
        .iter()
        .map(|part| format!("{} {:?} {} {}", part.message, part.kind, part.label, part.tokens))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
    let last = &prompt.messages.last().unwrap().text;
    insta::assert_snapshot!(last, @r"
    [Facts]
    - gate: stands open
    [Tone] hushed
    [Intent] find the keeper
    [Out of character] shorter
    [Question] Who lit the lamp?
    [Player]
    I open the gate.
    ");
}

#[test]
fn the_system_message_reads_well_in_both_languages() {
    let mut case = Case::new(1);
    insta::assert_snapshot!("system_en", case.assemble().unwrap().messages[0].text);
    case.settings.language = Language::ZhCn;
    insta::assert_snapshot!("system_zh", case.assemble().unwrap().messages[0].text);
}

#[test]
fn notes_stay_out_and_sources_are_named() {
    let prompt = Case::new(1).assemble().unwrap();
    assert!(!prompt.messages[0].text.contains("Notes."));
    let rule = prompt.parts.iter().find(|part| part.kind == PartKind::Rules).unwrap();
    assert_eq!((rule.sources[0].place.path.as_str(), rule.sources[0].place.line), ("canon.md", 14));
    assert_eq!(rule.sources[0].canon_hash.len(), 64);
}

#[test]
fn a_degraded_turn_is_marked_and_a_failed_one_left_out() {
    let mut case = Case::new(4);
    case.history[1].degraded = true;
    case.history[2].reply.clear();
    let prompt = case.assemble().unwrap();
    assert_sound(&prompt);
    assert!(prompt.messages[3].text.contains("offline narrator"));
    let dropped: Vec<_> = prompt.dropped.iter().map(|part| (part.label.as_str(), part.reason)).collect();
    assert_eq!(dropped, [("turn 3", DropReason::NoReply)]);
}

#[test]
fn too_long_an_input_is_refused() {
    let mut case = Case::new(2);
    case.story = "a long walk ".repeat(20_000);
    let error = case.assemble().unwrap_err();
    insta::assert_snapshot!(error, @"the input takes 60029 tokens, this session has room for 14698");
    case.settings.context_tokens = 1_200;
    insta::assert_snapshot!(case.assemble().unwrap_err(), @"the context of 200 tokens is too small, 302 go to the fixed instructions alone");
}

#[test]
fn who_goes_first_when_room_is_short() {
    let needed = |case: &Case| case.assemble().unwrap().total_tokens;
    let mut case = Case::new(30);
    case.settings.context_tokens = 100_000;
    let all = needed(&case);
    case.settings.reply_tokens = 0;
    let mut kept_before: Option<Vec<PartKind>> = None;
    for room in (300..all).rev().step_by(5) {
        case.settings.context_tokens = room;
        let Ok(prompt) = case.assemble() else { break };
        assert_sound(&prompt);
        let mut kinds: Vec<PartKind> = prompt.parts.iter().map(|part| part.kind).collect();
        kinds.retain(|kind| !matches!(kind, PartKind::History | PartKind::Framing));
        kinds.dedup();
        if kept_before.as_ref() != Some(&kinds) {
            kept_before = Some(kinds);
        }
        let has = |kind| prompt.parts.iter().any(|part| part.kind == kind);
        let turns = prompt.parts.iter().filter(|part| part.kind == PartKind::History).count() / 2;
        assert!(has(PartKind::Contract) && has(PartKind::Input) && has(PartKind::Query));
        assert!(
            turns <= 2 || (has(PartKind::Rules) && has(PartKind::Canon) && has(PartKind::Summary)),
            "{room}"
        );
        assert!(turns == 0 || has(PartKind::Facts), "{room}");
        let left_out = prompt.dropped.iter().filter(|part| part.kind == PartKind::History);
        assert_eq!(left_out.count() + turns, 29, "every past turn is in or listed");
    }
    assert_eq!(
        kept_before.unwrap(),
        [
            PartKind::Contract,
            PartKind::Tone,
            PartKind::Intent,
            PartKind::Ooc,
            PartKind::Query,
            PartKind::Input
        ]
    );
}

#[test]
fn an_outline_is_small_and_knows_its_prompt_again() {
    let case = Case::new(60);
    let prompt = case.assemble().unwrap();
    let outline = prompt.outline();
    let stored = serde_json::to_string(&outline).unwrap();
    assert!(
        !stored.contains("harbour under fog") && !stored.contains("creaks"),
        "texts are not stored twice"
    );
    let read: PromptOutline = serde_json::from_str(&stored).unwrap();
    assert_eq!(read, outline);
    let rebuilt = case.assemble().unwrap();
    assert_eq!(rebuilt, prompt);
    assert!(read.describes(&rebuilt));
    let mut other = Case::new(60);
    other.history[45].reply.push('!');
    assert!(!read.describes(&other.assemble().unwrap()));
    assert_eq!(read.tokens_by_kind().values().sum::<usize>(), prompt.total_tokens);
}

fn bytes(prompt: &Prompt) -> Vec<u8> {
    prompt.messages.iter().flat_map(|message| message.text.bytes()).collect()
}

fn shared(left: &[u8], right: &[u8]) -> usize {
    left.iter().zip(right).take_while(|(left, right)| left == right).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn consecutive_prompts_share_their_beginning(number in 2_u64..400, max in 10_usize..60, step in 5_usize..20) {
        let case = |number: u64| {
            let mut case = Case::new(number);
            case.settings = TurnSettings { history_turns_max: max, window_step: step, context_tokens: 60_000, ..settings() };
            case.history = history(number, &case.settings);
            case.directions = Directions::default();
            case.canon = world(&WORLD.replace("Quiet.", &"Quiet as the harbour at four in the morning. ".repeat(80)));
            case
        };
        let (this, next) = (case(number), case(number + 1));
        let (left, right) = (bytes(&this.assemble().unwrap()), bytes(&next.assemble().unwrap()));
        if this.settings.window_start(number) == this.settings.window_start(number + 1) {
            prop_assert!(shared(&left, &right) * 10 >= left.len() * 9, "{} of {}", shared(&left, &right), left.len());
        }
    }

    #[test]
    fn a_window_cut_by_the_budget_moves_seldom(budget in 900_usize..1_500) {
        let mut starts = Vec::new();
        for number in 20..60 {
            let mut case = Case::new(number);
            case.settings.context_tokens = budget;
            case.settings.reply_tokens = 0;
            let prompt = case.assemble().unwrap();
            assert_sound(&prompt);
            let first = prompt.parts.iter().find(|part| part.kind == PartKind::History);
            starts.push(first.and_then(|part| part.turn_id.clone()));
        }
        let moves = starts.windows(2).filter(|pair| pair[0] != pair[1]).count();
        prop_assert!(moves <= 20, "{moves} moves in 40 turns: {starts:?}");
    }

    #[test]
    fn every_text_and_budget_gives_a_sound_prompt_or_an_error(
        story in any::<String>(), tone in proptest::option::of(any::<String>()),
        note in any::<String>(), reply in any::<String>(), number in 1_u64..80, context in 0_usize..4_000,
    ) {
        let mut case = Case::new(number);
        case.settings.context_tokens = context;
        case.settings.reply_tokens = context / 10;
        case.story = story;
        case.state.tone = tone;
        case.directions.notes = vec![note];
        if let Some(turn) = case.history.last_mut() {
            turn.reply = reply;
        }
        if let Ok(prompt) = case.assemble() {
            assert_sound(&prompt);
        }
    }
}
