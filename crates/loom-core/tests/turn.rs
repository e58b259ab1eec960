//! A turn from the player's input to what is stored.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first thing that is not as it should be")]

use loom_core::access::{Grant, Role};
use loom_core::canon::{self, Canon, Language, ReadFailure};
use loom_core::intervention::{Decision, InterventionKind, RetconTarget};
use loom_core::memory::{FactId, StateChange, Summary, WorldState};
use loom_core::prompt::PartKind;
use loom_core::session::{PastTurn, TurnSettings};
use loom_core::tokens::{Estimate, TokenCounter};
use loom_core::turn::{
    AnsweredBy, Begun, Finished, LaterTurn, RetconAt, RetconPlan, RetconProblem, RetconResolved, TurnInput,
    TurnKind, begin, cited_by, plan_retcon, resume,
};
use proptest::prelude::*;

const WORLD: &str = "---\nname: Grey Harbour\nlanguage: en\n---\n\n# World\n\nThe bell of Grey Harbour rings only at low \
    tide.\n\nFerries stopped in the year of the long fog.\n\n# Tone\n\nQuiet.\n\n# Characters\n\n\
    - **Ada Finch**: keeper of the lamp, fifty, two fingers short.\n- **Bram**: a ferryman without a ferry.\n";

fn world() -> Canon {
    let mut read =
        |path: &str| if path == "canon.md" { Ok(WORLD.to_owned()) } else { Err(ReadFailure::Missing) };
    canon::parse("canon.md", &mut read).canon.unwrap()
}

/// A session played in memory, by the same steps that the program takes.
struct Session {
    canon: Canon,
    settings: TurnSettings,
    role: Role,
    state: WorldState,
    past: Vec<PastTurn>,
    changes: Vec<Vec<StateChange>>,
    citations: Vec<Vec<FactId>>,
}

impl Session {
    fn new(language: Language) -> Self {
        Self {
            canon: world(),
            settings: TurnSettings { language, ..TurnSettings::default() },
            role: Role::Player,
            state: WorldState::default(),
            past: Vec::new(),
            changes: Vec::new(),
            citations: Vec::new(),
        }
    }

    fn begin(&self, raw: &str, retcon: Option<&RetconPlan>) -> Begun {
        self.with_input(raw, retcon, |input| begin(input).unwrap())
    }

    fn with_input<T>(
        &self,
        raw: &str,
        retcon: Option<&RetconPlan>,
        act: impl FnOnce(&TurnInput<'_>) -> T,
    ) -> T {
        let needed = self.past.len().saturating_sub(self.settings.history_needed());
        let number = self.past.len() as u64 + 1;
        act(&TurnInput {
            canon: &self.canon,
            state: &self.state,
            history: &self.past[needed..],
            turn_id: &format!("t{number}"),
            number,
            raw,
            role: self.role,
            settings: &self.settings,
            counter: &Estimate,
            retcon,
        })
    }

    fn play(&mut self, raw: &str, reply: &str) -> (Begun, Finished) {
        self.play_as(raw, reply, false)
    }

    fn play_as(&mut self, raw: &str, reply: &str, degraded: bool) -> (Begun, Finished) {
        let begun = self.begin(raw, None);
        let finished = self.with_input(raw, None, |input| resume(input, &begun, reply, degraded));
        let number = self.past.len() as u64 + 1;
        self.past.push(PastTurn {
            id: format!("t{number}"),
            number,
            input: raw.to_owned(),
            story: begun.parsed.story.clone(),
            reply: finished.reply.clone(),
            degraded,
        });
        let changes: Vec<StateChange> = begun.changes.iter().chain(&finished.changes).cloned().collect();
        self.state = self.state.with(&changes);
        self.changes.push(changes);
        self.citations.push(finished.citations.clone());
        (begun, finished)
    }
}

fn texts(begun: &Begun) -> String {
    begun.prompt.messages.iter().map(|message| message.text.as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn brackets_take_effect_at_once_and_last_as_long_as_they_should() {
    let mut session = Session::new(Language::En);
    let (begun, _) = session.play(
        "I light the lamp. [EDIT: lamp: burns blue] [TONE: hushed] [INTENT: find Ada] (OOC: shorter, please)",
        "The lamp burns blue.",
    );
    assert_eq!(begun.kind, TurnKind::Story);
    assert_eq!(begun.parsed.story, "I light the lamp.");
    for part in
        ["- lamp: burns blue", "[Tone] hushed", "[Intent] find Ada", "[Out of character] shorter, please"]
    {
        assert!(texts(&begun).contains(part), "{part}");
    }
    let (later, finished) = session.play("I wait.", "Nothing burns blue but the lamp.");
    for (part, lasts) in
        [("- lamp: burns blue", true), ("[Tone] hushed", true), ("[Intent]", false), ("[Out of", false)]
    {
        assert_eq!(texts(&later).contains(part), lasts, "{part}");
    }
    assert_eq!(finished.citations, [FactId("t1:1".to_owned())]);
    session.play("[TONE: default]", "So be it.");
    assert_eq!(session.state.tone, None);
    assert_eq!(session.state.facts.len(), 1);
}

#[test]
fn what_is_denied_never_reaches_the_prompt_and_the_turn_goes_on() {
    let mut session = Session::new(Language::En);
    session.canon.permissions.world_edit = Grant::Builder;
    session.canon.permissions.query = Grant::Nobody;
    let raw = "I bow. [EDIT: sky: is made of glass] [QUERY: who is Ada?] [TONE: hushed]";
    let begun = session.begin(raw, None);
    let decisions: Vec<(InterventionKind, bool)> =
        begun.decisions.iter().map(|(what, decision)| (what.kind, *decision == Decision::Allowed)).collect();
    assert_eq!(
        decisions,
        [(InterventionKind::Edit, false), (InterventionKind::Query, false), (InterventionKind::Tone, true)]
    );
    assert!(!texts(&begun).contains("glass") && !texts(&begun).contains("who is Ada"));
    assert!(texts(&begun).contains("I bow.") && texts(&begun).contains("hushed"));
    assert_eq!((begun.changes.len(), begun.queries.len()), (1, 0));
    session.role = Role::Builder;
    assert_eq!(session.begin(raw, None).changes.len(), 2);
}

#[test]
fn a_turn_of_brackets_alone_does_not_move_the_story() {
    let session = Session::new(Language::ZhCn);
    for (raw, expected) in [("[QUERY: 钟什么时候响？]", "只提问"), ("[EDIT: 钟: 今夜会响]", "没有行动")]
    {
        let begun = session.begin(raw, None);
        assert_eq!(begun.kind, TurnKind::OnlyInterventions);
        let input = begun.prompt.parts.iter().find(|part| part.kind == PartKind::Input).unwrap();
        assert!(input.text.contains(expected), "{}", input.text);
    }
}

#[test]
fn questions_are_answered_by_the_narrator_or_quoted_from_the_canon() {
    let raw = "[QUERY: When does the bell ring?] [QUERY: Who is Ada Finch?] I wait.";
    let answer = |raw: &str, reply: &str| {
        let mut session = Session::new(Language::En);
        let (_, finished) = session.play(raw, reply);
        let lines: Vec<String> = finished
            .answers
            .iter()
            .map(|answer| {
                let sources: Vec<String> =
                    answer.sources.iter().map(|source| format!("{}:{}", source.path, source.line)).collect();
                format!("{:?} {} => {} ({})", answer.by, answer.question, answer.answer, sources.join(" "))
            })
            .collect();
        (finished.reply, lines.join("\n"))
    };
    let (story, answers) =
        answer(raw, "<<answer>>\nAt low tide.\n<<end>>\n<<answer>>\nThe keeper.\n<<end>>\n\nYou wait.");
    assert_eq!(story, "You wait.");
    insta::assert_snapshot!("answers_by_narrator", answers);
    let (story, answers) = answer(raw, "You wait.");
    assert_eq!(story, "You wait.");
    insta::assert_snapshot!("answers_by_quotation", answers);
    let (_, answers) = answer("[QUERY: What do dragons eat?]", "Silence.");
    assert_eq!(answers, "Silence What do dragons eat? => The canon is silent on this. ()");
    let (story, answers) = answer("I wait.", "<<answer>>Nobody asked.<<end>>You wait.");
    assert_eq!(story, "You wait.");
    assert!(answers.starts_with("Narrator  => Nobody asked."));
}

#[test]
fn facts_answer_questions_too() {
    let mut session = Session::new(Language::ZhCn);
    session.play("[EDIT: 灯塔: 塔里住着一个不会老的人]", "雾。");
    let (_, finished) = session.play("[QUERY: 灯塔里住着谁？]", "雾。");
    assert_eq!(finished.answers[0].by, AnsweredBy::Quotation);
    assert!(finished.answers[0].answer.contains("不会老的人"), "{}", finished.answers[0].answer);
}

#[test]
fn a_retcon_is_planned_first_and_takes_effect_on_its_branch() {
    let mut session = Session::new(Language::En);
    session.play("I look at the pier. [EDIT: Bram: drowned last winter]", "Bram drowned last winter.");
    session.play("I leave flowers for Bram.", "The water takes the flowers.");
    session.play("I go home.", "The stove is cold.");
    session.play("I sleep.", "In your sleep somebody says: Bram.");
    let raw = "[RETCON: bram: is alive, and only sulking]";
    let begun = session.begin(raw, None);
    assert_eq!(begun.changes, [], "nothing changes before the branch is open");
    assert!(!texts(&begun).contains("sulking"));
    let RetconResolved::Planned(plan) = begun.retcon.unwrap().resolved else { panic!("not planned") };
    assert_eq!(plan.at_turn, RetconAt::TurnId("t1".to_owned()));

    let later = session.past.iter().zip(&session.citations).map(|(turn, citations)| LaterTurn {
        id: &turn.id,
        number: turn.number,
        input: &turn.input,
        reply: &turn.reply,
        citations,
    });
    assert_eq!(cited_by(&plan, later), ["t2", "t4"]);

    session.past.truncate(1);
    session.state = WorldState::replay(session.changes[..1].iter().flatten());
    let begun = session.begin(raw, Some(&plan));
    assert!(texts(&begun).contains("- Bram (it was always so): is alive, and only sulking"));
    assert!(!texts(&begun).contains("- Bram: drowned"));
    let state = session.state.with(&begun.changes);
    assert_eq!(state.fact("BRAM").unwrap().text, "is alive, and only sulking");
}

#[test]
fn a_retcon_that_leads_nowhere_says_why() {
    let mut session = Session::new(Language::En);
    session.play("[EDIT: iron door: is shut]", "Shut.");
    session.play("[EDIT: lamp: is out]", "Out.");
    let plan = |target| plan_retcon(&target, &session.state, 2);
    let subject = |text: &str| RetconTarget::Subject(text.to_owned());
    let problem = plan(subject("iron gate")).unwrap_err();
    insta::assert_snapshot!(problem, @"no fact about `iron gate`, known are iron door");
    insta::assert_snapshot!(problem.message(Language::En), @r#"There is no fact about "iron gate". On record: iron door. You can also name a turn: [RETCON: #3: …]."#);
    insta::assert_snapshot!(problem.message(Language::ZhCn), @"没有关于“iron gate”的事实。已记下的有：iron door。也可以写明回合：[RETCON: #3: ……]。");
    insta::assert_snapshot!(plan(subject("猫")).unwrap_err(), @"no fact about `猫`, known are lamp, iron door");
    insta::assert_snapshot!(plan(RetconTarget::Turn(3)).unwrap_err(), @"no turn 3, the story has 2");
    assert!(matches!(plan(RetconTarget::Turn(0)), Err(RetconProblem::NoSuchTurn { .. })));
    let whole_turn = plan(RetconTarget::Turn(1)).unwrap();
    assert_eq!((whole_turn.facts.len(), whole_turn.fact_subject(Language::En).as_str()), (1, "turn 1"));
    let empty = plan_retcon(&subject("x"), &WorldState::default(), 0).unwrap_err();
    insta::assert_snapshot!(empty.message(Language::En), @r#"There is no fact about "x". This story has no facts on record yet. You can also name a turn: [RETCON: #3: …]."#);
}

#[test]
fn the_summary_takes_in_what_leaves_the_window() {
    let mut session = Session::new(Language::En);
    session.settings.history_turns_max = 4;
    session.settings.window_step = 2;
    for number in 1..=9 {
        let reply = format!("The rain goes on. Ada Finch counts to {number} and stops.");
        session.play_as(&format!("I count to {number}. Then I rest."), &reply, number == 2);
    }
    insta::assert_snapshot!(session.state.summary.text, @r"
    Turn 1: I count to 1. → Ada Finch counts to 1 and stops.
    Turn 2 (offline): I count to 2. → Ada Finch counts to 2 and stops.
    Turn 3: I count to 3. → Ada Finch counts to 3 and stops.
    Turn 4: I count to 4. → Ada Finch counts to 4 and stops.
    Turn 5: I count to 5. → Ada Finch counts to 5 and stops.
    Turn 6: I count to 6. → Ada Finch counts to 6 and stops.
    ");
    assert_eq!(session.state.summary.through_turn, 6);
    assert_eq!(WorldState::replay(session.changes.iter().flatten()), session.state);
}

#[test]
fn a_long_story_keeps_its_summary_short_and_a_players_own_words_in_it() {
    let mut session = Session::new(Language::ZhCn);
    session.settings.context_tokens = 3_000;
    session.settings.reply_tokens = 500;
    session.settings.history_turns_max = 6;
    session.settings.window_step = 3;
    session.state.summary =
        Summary { text: "玩家自己写的前情：我是来找姐姐的。".to_owned(), through_turn: 0 };
    for number in 1..=120 {
        session.play(&format!("我往上走第{number}级台阶。"), "雾又低了一寸。远处的钟响了，没有人数。");
    }
    let summary = &session.state.summary;
    assert!(Estimate.count(&summary.text) <= session.settings.summary_budget());
    assert!(summary.text.contains("我是来找姐姐的"), "{}", summary.text);
    assert!(summary.through_turn >= 112 && summary.text.contains("第112回合"), "{}", summary.text);
    assert!(!summary.text.contains("第1回合"), "the oldest goes first");
}

#[test]
fn turns_that_a_small_budget_cuts_off_are_summarised_too() {
    let mut session = Session::new(Language::En);
    session.settings.context_tokens = 1_150;
    session.settings.reply_tokens = 200;
    for number in 1..=12 {
        session.play(&format!("I read page {number}."), &"The page is long and full of names. ".repeat(6));
        let begun = session.begin("I go on.", None);
        let carried: Vec<&str> = begun
            .prompt
            .parts
            .iter()
            .filter(|part| part.kind == PartKind::History)
            .filter_map(|part| part.turn_id.as_deref())
            .collect();
        let oldest = carried.first().map_or(number + 1, |id| id[1..].parse().unwrap());
        assert!(session.state.summary.through_turn + 1 >= oldest, "turn {number}: from {oldest}");
    }
    assert!(session.state.summary.through_turn > 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_planted_graph_is_found_whole(
        plan in proptest::collection::vec((0_usize..4, any::<bool>(), any::<bool>()), 4..25), asked in 0_usize..4,
    ) {
        let subjects = ["铁门", "red lantern", "Ada", "潮汐钟"];
        let mut session = Session::new(Language::En);
        for subject in subjects {
            session.play(&format!("[EDIT: {subject}: as it is]"), "Noted.");
        }
        let mut expected = Vec::new();
        for (about, in_input, in_reply) in plan {
            let name = subjects[about];
            let raw = if in_input { format!("I think of {name}.") } else { "I walk.".to_owned() };
            let reply = if in_reply { format!("There is {name} again.") } else { "Nothing.".to_owned() };
            session.play(&raw, &reply);
            if about == asked && (in_input || in_reply) {
                expected.push(session.past.last().unwrap().id.clone());
            }
        }
        let target = RetconTarget::Subject(subjects[asked].to_owned());
        let plan = plan_retcon(&target, &session.state, session.past.len() as u64).unwrap();
        let later = session.past.iter().zip(&session.citations).map(|(turn, citations)| LaterTurn {
            id: &turn.id, number: turn.number, input: &turn.input, reply: &turn.reply, citations,
        });
        prop_assert_eq!(cited_by(&plan, later), expected);
    }

    #[test]
    fn hostile_input_and_replies_do_no_harm(raw in any::<String>(), reply in any::<String>(), piece in "(\\[EDIT: .{0,9}: .{0,9}\\]|\\[QUERY: .{0,9}\\]|<<answer>>|<<end>>|\n){0,6}") {
        let mut session = Session::new(Language::ZhCn);
        session.settings.context_tokens = 60_000;
        for _ in 0..2 {
            let (begun, finished) = session.play(&format!("{raw}{piece}"), &format!("{piece}{reply}"));
            prop_assert!(finished.answers.len() >= usize::from(!begun.queries.is_empty()));
            prop_assert!(!finished.reply.contains("<<answer>>"));
        }
        prop_assert_eq!(WorldState::replay(session.changes.iter().flatten()), session.state);
    }
}
