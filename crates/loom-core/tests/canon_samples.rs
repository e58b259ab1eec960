//! The worlds that come with the program are clean and worth an evening.

#![expect(clippy::unwrap_used, reason = "a canon that does not parse fails the test")]

use std::path::Path;

use loom_core::canon::{self, Canon, EntityKind, Language, ReadFailure};

fn sample(folder: &str) -> Canon {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../canon").join(folder);
    let parsed = canon::parse("canon.md", &mut |path| {
        std::fs::read_to_string(root.join(path)).map_err(|_| ReadFailure::Missing)
    });
    assert_eq!(parsed.problems, [], "{folder}");
    parsed.canon.unwrap()
}

fn check(folder: &str, name: &str, language: Language) {
    let canon = sample(folder);
    assert_eq!((canon.name.as_str(), canon.language), (name, language));
    let count = |kind| canon.entities.iter().filter(|entity| entity.kind == kind).count();
    assert!(count(EntityKind::Character) >= 8, "characters");
    assert!(count(EntityKind::Location) >= 8, "locations");
    assert_eq!(count(EntityKind::Other), 0, "hooks and causes are no named things");
    assert!(canon.rules.len() >= 6 && canon.rules.iter().all(|rule| rule.title.is_some()), "rules");
    let length = |text: &str| match language {
        Language::ZhCn => text.chars().filter(|c| !c.is_ascii()).count(),
        Language::En => text.split_whitespace().count(),
    };
    assert!(length(&canon.opening().unwrap().text) >= 200, "opening");
    assert!(canon.sections.iter().map(|section| length(&section.text)).sum::<usize>() >= 900);
    // What the narrator may know is in the sections; what may be quoted to a player is in the entities.
    let secret = match language {
        Language::ZhCn => "秘密：",
        Language::En => "Secret:",
    };
    assert!(canon.sections.iter().any(|section| section.text.contains(secret)));
    assert!(canon.entities.iter().all(|entity| !entity.text.contains(secret)));
}

#[test]
fn the_lighthouse() {
    check("lighthouse-zh", "雾港灯塔", Language::ZhCn);
}

#[test]
fn ashfall() {
    check("ashfall-en", "Ashfall", Language::En);
}
