//! What a story remembers: folding changes, and telling whether a text speaks of a subject.

use loom_core::memory::{Fact, FactId, FactOrigin, StateChange, Summary, WorldState, mentions};
use proptest::prelude::*;

fn fact(id: u64, subject: &str, text: &str) -> StateChange {
    StateChange::SetFact(Fact {
        id: FactId(format!("f{id}")),
        subject: subject.to_owned(),
        text: text.to_owned(),
        turn_id: format!("t{id}"),
        turn_number: id,
        origin: FactOrigin::Edit,
    })
}

#[test]
fn the_newest_text_wins_and_the_order_stays() {
    let changes = [
        fact(1, "Door", "is shut"),
        fact(2, "lamp", "burns blue"),
        fact(3, "  dOOr ", "is open"),
        StateChange::RemoveFact { id: FactId("f1".to_owned()) },
        StateChange::SetTone(Some("grim".to_owned())),
    ];
    let state = WorldState::replay(&changes);
    let told: Vec<&str> = state.facts.iter().map(|fact| fact.text.as_str()).collect();
    assert_eq!(told, ["is open", "burns blue"]);
    assert_eq!(state.fact("DOOR").unwrap().id.0, "f3");
    assert_eq!(state.tone.as_deref(), Some("grim"));
    let removed =
        state.with(&[StateChange::RemoveFact { id: FactId("f3".to_owned()) }, StateChange::SetTone(None)]);
    assert_eq!((removed.facts.len(), removed.tone), (1, None));
}

#[test]
fn mentions_are_found_in_both_scripts() {
    let cases = [
        ("她推开铁门，雾涌进来。", "铁门", true),
        ("她推开铁栅门。", "铁门", false),
        ("The Iron  Door stands open.", "iron door", true),
        ("The iron doors stand open.", "iron door", false),
        ("Adam's ladder", "Ada", false),
        ("Ada's ladder", "Ada", true),
        ("他看见Ada了", "ada", true),
        ("A lantern", "the lantern", true),
        ("anything", "  ", false),
        ("", "door", false),
        ("ＡＢ灯", "灯", true),
    ];
    for (text, subject, expected) in cases {
        assert_eq!(mentions(text, subject), expected, "{subject} in {text}");
    }
}

#[test]
fn changes_are_stored_in_a_stable_form() {
    let changes = [
        fact(1, "灯", "灭了"),
        StateChange::SetTone(None),
        StateChange::SetSummary(Summary { text: "第1回合：看 → 雾".to_owned(), through_turn: 1 }),
    ];
    insta::assert_snapshot!(serde_json::to_string(&changes).unwrap(), @r#"[{"change":"set_fact","value":{"id":"f1","subject":"灯","text":"灭了","turn_id":"t1","turn_number":1,"origin":"edit"}},{"change":"set_tone","value":null},{"change":"set_summary","value":{"text":"第1回合：看 → 雾","through_turn":1}}]"#);
}

fn any_change() -> impl Strategy<Value = StateChange> {
    prop_oneof![
        (0_u64..40, "[abAB灯 ]{1,3}", ".{0,8}").prop_map(|(id, subject, text)| fact(id, &subject, &text)),
        (0_u64..40).prop_map(|id| StateChange::RemoveFact { id: FactId(format!("f{id}")) }),
        proptest::option::of(".{0,8}").prop_map(StateChange::SetTone),
        (".{0,8}", 0_u64..9)
            .prop_map(|(text, through_turn)| StateChange::SetSummary(Summary { text, through_turn })),
    ]
}

proptest! {
    #[test]
    fn a_replay_in_two_parts_is_a_replay(changes in proptest::collection::vec(any_change(), 0..30), cut in 0_usize..30) {
        let cut = cut.min(changes.len());
        let whole = WorldState::replay(&changes);
        let parts = WorldState::replay(&changes[..cut]).with(&changes[cut..]);
        prop_assert_eq!(&whole, &parts);
        let stored: Vec<StateChange> = serde_json::from_str(&serde_json::to_string(&changes).unwrap()).unwrap();
        prop_assert_eq!(&WorldState::replay(&stored), &whole);
        for fact in &whole.facts {
            let same = whole.facts.iter().filter(|other| other.subject.trim().to_lowercase() == fact.subject.trim().to_lowercase());
            prop_assert_eq!(same.count(), 1);
        }
    }

    #[test]
    fn a_text_mentions_what_stands_in_it_alone(subject in "[a-z]{1,6}|[灯塔雾港]{1,3}", before in "[灯 .,]{0,4}", after in "[塔 .,]{0,4}") {
        let text = format!("{before} {subject} {after}");
        prop_assert!(mentions(&text, &subject));
    }

    #[test]
    fn no_text_upsets_it(text in any::<String>(), subject in any::<String>()) {
        mentions(&text, &subject);
    }
}
