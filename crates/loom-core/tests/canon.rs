//! Canons read from files held in memory: what they contain, and what is said about mistakes in them.

#![expect(clippy::unwrap_used, reason = "a canon that does not parse fails the test")]

use std::collections::BTreeMap;

use loom_core::access::Grant;
use loom_core::canon::{self, Canon, Language, ParsedCanon, ReadFailure, SectionKind, Severity};

fn parse(files: &[(&str, &str)]) -> ParsedCanon {
    let files: BTreeMap<&str, &str> = files.iter().copied().collect();
    canon::parse("canon.md", &mut |path| {
        files.get(path).map(|text| (*text).to_owned()).ok_or(ReadFailure::Missing)
    })
}

fn parse_one(text: &str) -> ParsedCanon {
    parse(&[("canon.md", text)])
}

/// A canon that has everything, after `front`, before `rest`.
fn whole(rest: &str) -> String {
    format!("---\nname: Test\nlanguage: en\n---\n# World\nw\n# Tone\nt\n# Opening\no\n{rest}")
}

fn canon(text: &str) -> Canon {
    parse_one(text).canon.unwrap()
}

fn problems(parsed: &ParsedCanon) -> String {
    let lines = parsed.problems.iter().map(|p| {
        let severity = match p.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        format!("{severity} {} {}:{}:{} {}; {}", p.code, p.path, p.line, p.column, p.message, p.hint)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The codes and lines of everything found.
fn check(text: &str, expected: &[(&str, u32)]) {
    let parsed = parse_one(text);
    let found: Vec<(&str, u32)> = parsed.problems.iter().map(|p| (p.code, p.line)).collect();
    assert_eq!(found, expected, "\nin:\n{text}\nfound:\n{}", problems(&parsed));
}

#[test]
fn a_whole_canon() {
    let text = "\u{feff}---\nname: The Weir\nlanguage: en\nversion: 1.10\nauthor: A. Nonymous\nsummary: >-\n  A dam,\n  and below it.\nwho_may_edit: operator\npermissions:\n  retcon: builder\n  edit_world: deny\nmood: wet\n---\n\n# World\n\nWater.\n\n- **The Weir**: a dam\n\n## Below\n\n- **Mud**: brown\n\n# Characters\n- **Ida**: keeps the gate,\n  and a secret\n\n# Tone\nSlow.\n\n:::rule tide The tide rule\nTwice a day.\n:::\n\nStill.\n\n# Opening\nYou wake.\n# Meta\nnotes\n";
    let parsed = parse_one(text);
    assert_eq!(
        problems(&parsed),
        "info unknown_key canon.md:13:1 `mood` is no key this program knows; it is kept, and nothing reads it"
    );
    let canon = parsed.canon.unwrap();
    assert_eq!(
        (canon.name.as_str(), canon.language, canon.version.as_str()),
        ("The Weir", Language::En, "1.10")
    );
    assert_eq!(canon.summary.as_deref(), Some("A dam, and below it."));
    let p = canon.permissions;
    assert_eq!(
        (p.edit, p.retcon, p.world_edit, p.query),
        (Grant::Operator, Grant::Builder, Grant::Nobody, Grant::Player)
    );
    assert_eq!(canon.front_matter_extra["mood"], "wet");
    assert_eq!(canon.opening().unwrap().text, "You wake.");
    let shown: Vec<_> =
        canon.prompt_sections().map(|s| (s.kind, s.title.as_str(), s.level, s.source.line)).collect();
    assert_eq!(
        shown,
        [
            (SectionKind::World, "World", 1, 16),
            (SectionKind::Custom, "Below", 2, 22),
            (SectionKind::Characters, "Characters", 1, 26),
            (SectionKind::Tone, "Tone", 1, 30),
        ]
    );
    assert_eq!(canon.sections[3].text, "Slow.\n\nStill.");
    let rule = &canon.rules[0];
    assert_eq!(
        (rule.id.as_str(), rule.title.as_deref(), rule.text.as_str(), rule.source.line),
        ("tide", Some("The tide rule"), "Twice a day.", 33)
    );
    let entities: Vec<_> =
        canon.entities.iter().map(|e| format!("{:?} {}: {}", e.kind, e.name, e.text)).collect();
    assert_eq!(
        entities,
        ["Other The Weir: a dam", "Other Mud: brown", "Character Ida: keeps the gate, and a secret"]
    );
}

#[test]
fn includes_stand_where_they_are_named() {
    let parsed = parse(&[
        (
            "canon.md",
            "---\nname: x\nlanguage: en\n---\n# World\nbefore\n@include parts/a.md\nafter\n# Tone\nt\n# Opening\no\n",
        ),
        ("parts/a.md", "# Places\nplace\n@include \"../b.md\"\n"),
        ("b.md", "# People\n- **Ida**: x\n```\n@include nothing.md\n# not a heading\n```\n"),
    ]);
    assert_eq!(problems(&parsed), "");
    let canon = parsed.canon.unwrap();
    let sections: Vec<_> =
        canon.sections.iter().map(|s| format!("{}:{} {}", s.source.path, s.source.line, s.title)).collect();
    assert_eq!(
        sections,
        [
            "canon.md:5 World",
            "parts/a.md:1 Places",
            "b.md:1 People",
            "canon.md:9 Tone",
            "canon.md:11 Opening"
        ]
    );
    assert_eq!(canon.sections[2].text, "- **Ida**: x\n```\n@include nothing.md\n# not a heading\n```\nafter");
    let files: Vec<_> = canon.files.iter().map(|f| (f.path.as_str(), f.line_count)).collect();
    assert_eq!(files, [("canon.md", 12), ("parts/a.md", 3), ("b.md", 6)]);
}

#[test]
fn include_mistakes_name_the_line_of_the_include() {
    let entry = whole(
        "@include a.md\n  @include gone.md\n@include ../up.md\n@include\n@include a.md\n@include C:\\x.md\n@includes x\n",
    );
    let parsed = parse(&[
        ("canon.md", &entry),
        ("a.md", "# A\ntext\n@include b.md\n"),
        ("b.md", "---\nname: b\n---\n# B\ntext\n@include a.md\n@include b.md\n"),
    ]);
    insta::assert_snapshot!(problems(&parsed), @r"
    error include_without_path canon.md:14:1 `@include` names no file; @include world.md
    warning front_matter_in_include b.md:1:1 front matter counts only in the canon's first file; this one is left out; move the keys there
    error include_cycle b.md:6:10 includes go in a circle: a.md → b.md → a.md; remove one of these includes
    error include_cycle b.md:7:10 includes go in a circle: b.md → b.md; remove one of these includes
    error include_missing canon.md:12:12 cannot include `gone.md`: no such file; paths are relative to the file they stand in
    error include_outside canon.md:13:10 cannot include `../up.md`: the path leaves the canon's folder; only files in the canon's folder, with forward slashes
    warning include_repeated canon.md:15:10 `a.md` is included before; it is read once; remove one of the includes
    error include_outside canon.md:16:10 cannot include `C:\x.md`: the path leaves the canon's folder; only files in the canon's folder, with forward slashes
    ");
    assert!(parsed.has_errors());
    assert_eq!(parsed.canon.unwrap().sections.len(), 5, "the rest is still there");
}

#[test]
fn readers_may_fail_in_many_ways() {
    let entry = whole("@include utf.md\n@include big.md\n@include link.md\n@include odd.md\n");
    let mut read = |path: &str| match path {
        "canon.md" => Ok(entry.clone()),
        "utf.md" => Err(ReadFailure::NotUtf8 { byte: 7 }),
        "big.md" => Ok("x".repeat(canon::FILE_BYTES_MAX + 1)),
        "link.md" => Err(ReadFailure::Outside),
        _ => Err(ReadFailure::Other("disk on fire".to_owned())),
    };
    insta::assert_snapshot!(problems(&canon::parse("canon.md", &mut read)), @r"
    error not_utf8 canon.md:11:10 cannot include `utf.md`: not UTF-8 at byte 7; save the file as UTF-8
    error file_too_large canon.md:12:10 cannot include `big.md`: 2097153 bytes, the limit is 2097152; cut the file into pieces
    error include_outside canon.md:13:10 cannot include `link.md`: the path leaves the canon's folder; only files in the canon's folder, with forward slashes
    error include_unreadable canon.md:14:10 cannot include `odd.md`: disk on fire; check the file
    ");
    let parsed = canon::parse("canon.md", &mut |_| Err(ReadFailure::Missing));
    assert_eq!(parsed.canon, None);
    insta::assert_snapshot!(problems(&parsed), @r"
    error entry_unreadable canon.md:1:1 canon.md: no such file; check the canon's path
    ");
}

#[test]
fn includes_are_bounded() {
    let chain = |path: &str| {
        let number: usize = path.trim_end_matches(".md").parse().unwrap_or(0);
        Ok(format!("# World {number}\ntext\n@include {}.md\n", number + 1))
    };
    let parsed = canon::parse("0.md", &mut { chain });
    assert_eq!(parsed.canon.unwrap().files.len(), 1 + canon::INCLUDE_DEPTH_MAX);
    assert_eq!(parsed.problems.iter().filter(|p| p.code == "include_too_deep").count(), 1);

    let many = |path: &str| match path {
        "canon.md" => Ok((0..400).map(|n| format!("@include {n}.md\n")).collect()),
        _ => Ok("# World\ntext\n".to_owned()),
    };
    let parsed = canon::parse("canon.md", &mut { many });
    assert_eq!(parsed.canon.unwrap().files.len(), canon::FILES_MAX);
    assert!(parsed.problems.iter().any(|p| p.code == "too_many_files"));

    let large = |path: &str| match path {
        "canon.md" => Ok((0..9).map(|n| format!("@include {n}.md\n")).collect()),
        _ => Ok(format!("# World\n{}", "x".repeat(1_500_000))),
    };
    let parsed = canon::parse("canon.md", &mut { large });
    assert_eq!(parsed.canon.unwrap().files.len(), 6);
    assert!(parsed.problems.iter().any(|p| p.code == "canon_too_large" && p.line == 6));
}

#[test]
fn rule_blocks() {
    let canon = canon(&whole(
        "# Laws\n:::rule\nfirst\n:::\n::: rule tide\nsecond\n:::\n::::rule outer With colons\na\n:::\nb\n::::\n:::规则 tide\nthird\n:::\n",
    ));
    let rules: Vec<_> = canon.rules.iter().map(|r| format!("{} {:?} {}", r.id, r.title, r.text)).collect();
    assert_eq!(
        rules,
        [
            "rule-1 None first",
            "tide None second",
            "outer Some(\"With colons\") a\n:::\nb",
            "tide-4 None third"
        ]
    );
}

#[test]
fn rule_block_mistakes() {
    check(&whole(":::rule a\nx\n# Next\ny\n"), &[("unclosed_rule", 11)]);
    let canon = canon(&whole(":::rule a\nx\n# Next\ny\n"));
    assert_eq!((canon.rules[0].text.as_str(), canon.sections[3].text.as_str()), ("x", "y"));
    check(&whole(":::rule a\nx\n:::rule b\ny\n:::\n"), &[("unclosed_rule", 11)]);
    check(&whole(":::rule a\nx\n:::rule b\ny\n:::\n:::\n"), &[("nested_rule", 13)]);
    check(&whole(":::rule a\n:::\n"), &[("empty_rule", 11)]);
    check(&whole(":::rule a\nx\n:::\n:::rule a\ny\n:::\n"), &[("duplicate_rule", 14)]);
    check(&whole(":::note\nx\n:::\n"), &[("unknown_block", 11)]);
    check(&whole(":::\n"), &[("stray_block_end", 11)]);
    check(&whole("：：：rule a\nx\n"), &[("full_width_block", 11)]);
    check(&whole("```\n:::rule a\n```\n"), &[]);
}

#[test]
fn section_mistakes() {
    check("# Tone\nx\n# Opening\no\n", &[("front_matter_guessed", 1), ("missing_world", 1)]);
    check(
        "---\nname: x\nlanguage: en\n---\nstray\n# World\nw\n",
        &[("text_before_heading", 5), ("missing_tone", 1), ("missing_opening", 1)],
    );
    check(&whole("# A comment, really\n# Another\nx\n"), &[("empty_section", 11)]);
    check(&whole("# Parent\n## Child\nx\n"), &[]);
    check(&whole("# Parent\n## Child\n"), &[("empty_section", 11), ("empty_section", 12)]);
    check(&whole("# Laws\n:::rule a\nx\n:::\n"), &[]);
    check(&whole("# Same\nx\n# same\ny\n"), &[("duplicate_section", 13)]);
    check(&whole("# P\n## Same\nx\n# Q\n## Same\ny\n"), &[]);
    check(&whole("```\n# in a fence\n"), &[("unclosed_fence", 11)]);
    check(&whole("<!-- # not a heading\n@include gone.md -->\n<!-- one --> text\n"), &[]);
    check(&whole("<!-- open\n# Next\nx\n"), &[("unclosed_comment", 11)]);
    check(
        "",
        &[("front_matter_guessed", 1), ("missing_world", 1), ("missing_tone", 1), ("missing_opening", 1)],
    );
}

#[test]
fn front_matter_mistakes() {
    let show = |front: &str| {
        let parsed = parse_one(&format!("---\n{front}\n---\n# World\nw\n# Tone\nt\n# Opening\no\n"));
        let playable = if parsed.canon.is_some() { "playable" } else { "unplayable" };
        format!("{playable}\n{}", problems(&parsed))
    };
    let fronts = [
        "name: x\nlanguage: en\nretcon: allow\npermissions:\n  retcon: nobody",
        "name: x\nlanguage: en\npermissions:\n  edit: player\nwho_may_edit: anyone",
        "name: x\nlanguage: en\nquery: wizards",
        "name: x\nlanguage: tlh",
        "name: x\nlangauge: en\npermissions:\n  retcno: nobody",
        "name: x\n  bad: [indent",
        "name: x\nname: y",
        "permissions: all",
        "- a list",
        "retcon: [a, b]",
        "just words",
    ];
    let shown: Vec<String> = fronts.into_iter().map(show).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    unplayable
    error contradiction canon.md:6:3 `permissions.retcon` is `nobody` on line 6, but `retcon` is `player` on line 4; keep one of the two
    playable

    unplayable
    error bad_permission canon.md:4:1 `query`: `wizards` is not one of nobody, player, builder, operator, allow, deny; name the lowest role that may
    unplayable
    error bad_language canon.md:3:1 `tlh` is not one of zh-CN, en; language: zh-CN, or language: en
    playable
    info unknown_key canon.md:3:1 `langauge` is no key this program knows; did you mean `language`?
    info unknown_key canon.md:5:3 `permissions.retcno` is no key this program knows; did you mean `retcon`?
    info front_matter_guessed canon.md:1:1 the front matter leaves something out; taken are name `x`, language `en`; write `name:` and `language:` between --- lines at the start
    unplayable
    error front_matter_invalid canon.md:3:6 mapping values are not allowed in this context; front matter is `key: value`, one to a line
    unplayable
    error front_matter_invalid canon.md:3:1 duplicate mapping key: name; front matter is `key: value`, one to a line
    unplayable
    error front_matter_invalid canon.md:2:1 invalid type: string "all", expected `key: value` lines; front matter is `key: value`, one to a line
    unplayable
    error front_matter_invalid canon.md:1:1 invalid type: sequence, expected `key: value` lines; front matter is `key: value`, one to a line
    unplayable
    error front_matter_invalid canon.md:2:9 expected string scalar; front matter is `key: value`, one to a line
    unplayable
    error front_matter_invalid canon.md:1:1 invalid type: string "just words", expected `key: value` lines; front matter is `key: value`, one to a line
    "#);
}

#[test]
fn front_matter_without_an_end() {
    let parsed = parse_one("---\nname: x\n# World\nw\n");
    assert_eq!(parsed.canon, None);
    assert_eq!(parsed.problems[0].code, "front_matter_unclosed");
}

#[test]
fn names_and_languages_are_guessed() {
    let guess = |text: &str| {
        let canon = canon(text);
        (canon.name, canon.language)
    };
    assert_eq!(guess("# 雾港灯塔\n\n## 世界观\n雾从海上来。\n"), ("雾港灯塔".to_owned(), Language::ZhCn));
    assert_eq!(guess("# World\nFog, and a 灯.\n"), ("canon".to_owned(), Language::En));
}

#[test]
fn line_ends_and_marks_do_not_change_the_hash() {
    let text = whole("## More\nx\n");
    let hash = canon(&text).hash;
    assert_eq!(canon(&text.replace('\n', "\r\n")).hash, hash);
    assert_eq!(canon(&format!("\u{feff}{text}")).hash, hash);
    assert_ne!(canon(&text.replace("x\n", "y\n")).hash, hash);
    let moved = |a: &str, b: &str| {
        parse(&[("canon.md", &whole("@include a.md\n@include b.md\n")), ("a.md", a), ("b.md", b)])
            .canon
            .unwrap()
            .hash
    };
    assert_ne!(moved("# A\nxy\n", ""), moved("# A\nx", "y\n"));
}

#[test]
fn differences_by_piece() {
    let old = canon(&whole("# Gone\nx\n# Laws\n:::rule a\none\n:::\n"));
    let new = canon(
        &whole("# New\ny\n# Laws\n:::rule a\ntwo\n:::\n")
            .replace("\nt\n", "\nt\nand more\n")
            .replace("name: Test", "name: Best"),
    );
    assert_eq!(canon::diff(&old, &old), []);
    let shown: Vec<String> = canon::diff(&old, &new)
        .into_iter()
        .map(|c| {
            format!(
                "{:?} {:?} {} {}:{}\n{}",
                c.kind, c.what, c.title, c.source.path, c.source.line, c.unified
            )
        })
        .collect();
    insta::assert_snapshot!(shown.join(""), @r"
    Changed FrontMatter front matter canon.md:1
    @@ -1,4 +1,4 @@
    -name: Test
    +name: Best
     language: en
     version: 1.0.0
     author: 
    Changed Section Tone canon.md:7
    @@ -1 +1,2 @@
     t
    +and more
    Added Section New canon.md:12
    @@ -0,0 +1 @@
    +y
    Removed Section Gone canon.md:11
    @@ -1 +0,0 @@
    -x
    Changed Rule a canon.md:15
    @@ -1 +1 @@
    -one
    +two
    ");
}
