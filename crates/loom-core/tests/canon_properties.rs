//! What holds for any canon at all, hostile ones included.

use std::collections::BTreeMap;

use loom_core::canon::{self, Canon, ParsedCanon, ReadFailure};
use proptest::prelude::*;

/// Text dense in the things the parser looks at.
fn canon_text() -> impl Strategy<Value = String> {
    let lines = prop::sample::select(vec![
        "---",
        "...",
        "name: x",
        "language: zh-CN",
        "permissions:",
        "  retcon: nobody",
        "retcon: deny",
        "a: &a [*a, *a]",
        "# World",
        "# 世界观",
        "## Tone",
        "# 人物",
        "### deep",
        "#",
        "# #",
        "```",
        "~~~~",
        "````",
        ":::rule a",
        ":::",
        "::::rule",
        "::::",
        ":::note",
        "：：：rule",
        "@include a.md",
        "@include b.md",
        "@include ../x",
        "@include",
        "- **Ida**: x",
        "- **老秦**：守塔人",
        "  more",
        "",
        " ",
        "text",
        "雾从海上来。",
        "<!--",
        "-->",
        "<!-- x --> y",
        "\u{feff}",
    ]);
    prop::collection::vec(lines, 0..30).prop_map(|lines| lines.join("\n"))
}

fn parse(files: &BTreeMap<&str, String>) -> ParsedCanon {
    canon::parse("canon.md", &mut |path| files.get(path).cloned().ok_or(ReadFailure::Missing))
}

fn files(entry: String, a: String, b: String) -> BTreeMap<&'static str, String> {
    BTreeMap::from([("canon.md", entry), ("a.md", a), ("b.md", b)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn problems_and_sources_point_into_their_files(entry in canon_text(), a in canon_text(), b in canon_text()) {
        let files = files(entry, a, b);
        let parsed = parse(&files);
        let lines = |path: &str| u32::try_from(files[path].replace('\r', "\n").split('\n').count()).unwrap();
        for problem in &parsed.problems {
            prop_assert!(problem.line >= 1 && problem.line <= lines(&problem.path), "{problem:?}");
            prop_assert!(problem.column >= 1);
        }
        if let Some(canon) = parsed.canon {
            let sections = canon.sections.iter().map(|s| &s.source);
            let sources = sections.chain(canon.rules.iter().map(|r| &r.source)).chain(canon.entities.iter().map(|e| &e.source));
            for source in sources {
                prop_assert!(source.line >= 1 && source.line <= lines(&source.path), "{source:?}");
            }
            let mut ids: Vec<_> = canon.rules.iter().map(|rule| rule.id.clone()).collect();
            ids.sort();
            ids.dedup();
            prop_assert_eq!(ids.len(), canon.rules.len(), "rule ids are unique");
        }
    }

    #[test]
    fn line_ends_make_no_difference(entry in canon_text(), a in canon_text(), b in canon_text()) {
        let crlf = |text: &String| text.replace('\n', "\r\n");
        let windows = files(crlf(&entry), crlf(&a), crlf(&b));
        prop_assert_eq!(parse(&windows), parse(&files(entry, a, b)));
    }

    #[test]
    fn a_stored_canon_comes_back(entry in canon_text()) {
        if let Some(canon) = parse(&files(format!("# World\nx\n{entry}"), String::new(), String::new())).canon {
            let stored = serde_json::to_string(&canon).unwrap();
            let back: Canon = serde_json::from_str(&stored).unwrap();
            prop_assert_eq!(&back, &canon);
            prop_assert_eq!(canon::diff(&back, &canon), vec![]);
        }
    }

    #[test]
    fn any_text_is_read(text in any::<String>(), front in any::<String>()) {
        canon::parse("canon.md", &mut |_| Ok(text.clone()));
        canon::parse("canon.md", &mut |_| Ok(format!("---\n{front}\n---\n{text}")));
    }
}

#[test]
fn large_hostile_canons_are_linear() {
    let pieces = [
        "# World\n",
        "## x\ntext\n",
        ":::rule\n",
        ":::rule a\n:::\n",
        "::::\n:::x\n",
        ":::x\n::::y\n:::\n",
        "```\n",
        "<!--\n",
        "-->\n",
        "@include a.md\n",
        "- **a**: b\n  c\n",
        "  - x\n",
        "`",
        "#",
        ":",
        "\n",
        "\r",
    ];
    for piece in pieces {
        let text = format!("# World\nx\n{}", piece.repeat(300_000 / piece.len()));
        let parsed = canon::parse("canon.md", &mut |_| Ok(text.clone()));
        assert!(parsed.problems.len() <= 1001, "{piece:?}");
    }
}

#[test]
fn yaml_bombs_are_refused() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..30 {
        let alias = format!("*a{}", n - 1);
        laughs.push_str(&format!("a{n}: &a{n} [{}]\n", [alias.as_str(); 9].join(", ")));
    }
    let deep = format!("x: {}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep_blocks: String = (0..5_000).map(|n| format!("{}k:\n", " ".repeat(n % 300))).collect();
    for front in [laughs, deep, deep_blocks] {
        let parsed = canon::parse("canon.md", &mut |_| Ok(format!("---\n{front}\n---\n# World\nx\n")));
        assert!(parsed.canon.is_none());
        assert!(parsed.has_errors());
    }
}
