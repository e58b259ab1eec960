//! Headings: which lines are ones, and what a heading's words say its section is about.

use super::SectionKind;

/// A heading of level 1 or 2 with its title; deeper headings belong to the body.
pub(super) fn read(line: &str) -> Option<(u8, &str)> {
    let rest = unindent(line)?;
    let level = rest.bytes().take_while(|byte| *byte == b'#').count();
    let title = &rest[level..];
    if !(1..=2).contains(&level) || !(title.is_empty() || title.starts_with([' ', '\t', '\u{3000}'])) {
        return None;
    }
    let title = title.trim();
    // `# Title ##` closes with hashes that are not part of the title.
    let bare = title.trim_end_matches('#');
    let title = if bare.is_empty() || bare.ends_with([' ', '\t']) { bare.trim_end() } else { title };
    let level = if level == 1 { 1 } else { 2 };
    Some((level, title.trim_matches('*').trim()))
}

/// The line without the up to three spaces that leave its meaning alone; `None` when it is indented further.
pub(super) fn unindent(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches(' ');
    (line.len() - rest.len() <= 3).then_some(rest)
}

/// What a section is about. Latin words count whole (`Stonebridge` has no tone), Chinese ones anywhere. The order
/// decides when several fit: `World conflicts` is about the conflicts, so the most general word comes last.
pub(super) fn classify(title: &str) -> SectionKind {
    let title = title.to_lowercase();
    let has = |words: &[&str], signs: &[&str]| {
        let latin = |c: char| !(c.is_alphanumeric() || c == '_');
        title.split(latin).any(|word| words.contains(&word)) || signs.iter().any(|sign| title.contains(sign))
    };
    let table: [(SectionKind, &[&str], &[&str]); 9] = [
        (SectionKind::Characters, &["character", "characters"], &["人物", "角色"]),
        (SectionKind::Locations, &["location", "locations"], &["地点"]),
        (SectionKind::Opening, &["opening", "prologue"], &["开场", "序章"]),
        (SectionKind::Permissions, &["permission", "permissions"], &["权限"]),
        (SectionKind::Causality, &["causality", "causal"], &["因果"]),
        (SectionKind::Conflict, &["conflict", "conflicts"], &["冲突"]),
        (SectionKind::Tone, &["tone", "tones", "style", "styles"], &["基调", "风格"]),
        (SectionKind::Meta, &["meta", "metadata"], &["元信息"]),
        (
            SectionKind::World,
            &["world", "worlds", "worldbuilding", "worldview"],
            &["世界观", "世界设定", "世界"],
        ),
    ];
    table
        .into_iter()
        .find(|(_, words, signs)| has(words, signs))
        .map_or(SectionKind::Custom, |(kind, ..)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_level_one_and_two_are_headings() {
        let cases = [
            ("# World", Some((1, "World"))),
            ("## The **Old** Town ##", Some((2, "The **Old** Town"))),
            ("   # **World**", Some((1, "World"))),
            ("    # code", None),
            ("### deeper", None),
            ("#hashtag", None),
            ("#", Some((1, ""))),
            ("# C#", Some((1, "C#"))),
            ("#\u{3000}世界观", Some((1, "世界观"))),
            ("text # not", None),
        ];
        for (line, expected) in cases {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn titles_tell_the_kind() {
        let cases = [
            ("World", SectionKind::World),
            ("一、世界观设定", SectionKind::World),
            ("World conflicts", SectionKind::Conflict),
            ("Stonebridge", SectionKind::Custom),
            ("Metal and glass", SectionKind::Custom),
            ("Prose Style", SectionKind::Tone),
            ("叙事风格", SectionKind::Tone),
            ("权限 Permissions", SectionKind::Permissions),
            ("因果律", SectionKind::Causality),
            ("序章", SectionKind::Opening),
            ("Prologue: ash", SectionKind::Opening),
            ("主要人物", SectionKind::Characters),
            ("Locations", SectionKind::Locations),
            ("元信息", SectionKind::Meta),
            ("", SectionKind::Custom),
        ];
        for (title, expected) in cases {
            assert_eq!(classify(title), expected, "{title}");
        }
    }
}
