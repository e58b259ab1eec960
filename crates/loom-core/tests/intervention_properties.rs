//! What holds for any input at all.

use loom_core::intervention::{ParsedInput, parse};
use proptest::prelude::*;

/// Text dense in the things the parser looks at.
fn bracketed() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "[",
        "]",
        "(",
        ")",
        "（",
        "）",
        "【",
        "】",
        "［",
        "］",
        ":",
        "：",
        "\\",
        " ",
        "\n",
        "\r\n",
        "\t",
        "\u{3000}",
        "EDIT",
        "edit",
        "OOC",
        "TONE",
        "RETCON",
        "QUERY",
        "修改",
        "场外",
        "语气",
        "[EDIT: a: b]",
        "(OOC: x)",
        "【语气：暗】",
        "door",
        "门",
        "。",
        ",",
        "TO",
        "NE",
        "语",
        "气",
        "#12",
        "é",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

fn dense(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\\').collect()
}

/// The input without what was taken out.
fn remainder(input: &str, parsed: &ParsedInput) -> String {
    let kept_in_story = ["unclosed", "wrong_bracket", "missing_colon"];
    let mut taken: Vec<_> =
        parsed.interventions.iter().map(|intervention| intervention.span.clone()).collect();
    let removed = parsed.problems.iter().filter(|problem| !kept_in_story.contains(&problem.code.as_str()));
    taken.extend(removed.map(|problem| problem.span.clone()));
    taken.sort_by_key(|span| span.start);
    let mut rest = String::new();
    let mut from = 0;
    for span in taken {
        assert!(span.start >= from, "spans do not overlap");
        rest.push_str(&input[from..span.start]);
        from = span.end;
    }
    rest.push_str(&input[from..]);
    rest
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn story_and_interventions_cover_the_input(input in bracketed()) {
        let parsed = parse(&input);
        // Beyond sixteen problems the list is cut, and with it what this test can account for.
        prop_assume!(parsed.problems.len() < 16);
        prop_assert_eq!(dense(&parsed.story), dense(&remainder(&input, &parsed)));
    }

    #[test]
    fn reading_the_story_again_changes_nothing(input in bracketed()) {
        let first = parse(&input);
        let second = parse(&first.story);
        prop_assert_eq!(&second.story, &first.story);
        prop_assert_eq!(second.interventions, vec![]);
    }

    #[test]
    fn any_text_is_read(input in any::<String>()) {
        for intervention in parse(&input).interventions {
            prop_assert!(input.get(intervention.span).is_some());
        }
    }
}

#[test]
fn deep_nesting_neither_overflows_nor_explodes() {
    for opener in ["[", "[EDIT: ", "(OOC: [", "【修改：a："] {
        let open = opener.repeat(10_000);
        let closed = format!("{open}{}", "])】".repeat(10_000));
        for input in [open, closed] {
            let parsed = parse(&input);
            assert!(parsed.interventions.len() <= 16 && parsed.problems.len() <= 16);
        }
    }
}

#[test]
fn a_large_input_is_linear() {
    // Quadratic behaviour on a megabyte would take minutes.
    for piece in ["[TONE: x] ", "[EDIT: ", "(", "[EDIT: a: (b", "\\[", "[   ", "] ) 】"] {
        parse(&piece.repeat(1_000_000 / piece.len()));
    }
}
