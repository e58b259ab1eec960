//! Named things in lists: `- **Name**: text`, with the indented lines below.
//!
//! A nested list below an item is for the narrator (wants, secrets): it stays in the section, and out of the entity,
//! whose text may be shown or quoted to the player.

use super::{Entity, EntityKind, SectionKind, SourceRef};

/// Names longer than this are sentences in bold.
const NAME_CHARS_MAX: usize = 60;

/// What a list in a section of this kind names; `None` where a bold list item is no thing of the world.
/// A subsection of no kind of its own takes its parent's.
pub(super) fn kind_in(section: SectionKind, parent: Option<SectionKind>) -> Option<EntityKind> {
    match section {
        SectionKind::Characters => Some(EntityKind::Character),
        SectionKind::Locations => Some(EntityKind::Location),
        SectionKind::Custom if parent.is_some_and(|kind| kind != SectionKind::Custom) => {
            parent.and_then(|kind| kind_in(kind, None))
        }
        SectionKind::World | SectionKind::Conflict | SectionKind::Custom => Some(EntityKind::Other),
        _ => None,
    }
}

/// Collects entities from lines as they go by.
#[derive(Default)]
pub(super) struct Reader {
    open: Option<Entity>,
    /// The open item's own text is over: a nested list has begun.
    nested: bool,
}

impl Reader {
    /// Takes a line of a section whose lists name things of this `kind`; returns the entity that it ends, if any.
    pub(super) fn line(
        &mut self,
        line: &str,
        kind: Option<EntityKind>,
        source: impl FnOnce() -> SourceRef,
    ) -> Option<Entity> {
        if let Some((kind, (name, text))) = kind.zip(item(line)) {
            let entity = Entity { name: name.to_owned(), kind, text: text.to_owned(), source: source() };
            self.nested = false;
            return self.open.replace(entity);
        }
        if line.trim().is_empty() {
            return None;
        }
        if !(line.starts_with("  ") || line.starts_with(['\t', '\u{3000}'])) {
            return self.open.take();
        }
        let more = line.trim();
        self.nested |= ["- ", "* ", "+ "].into_iter().any(|mark| more.starts_with(mark));
        if let Some(entity) = self.open.as_mut().filter(|_| !self.nested) {
            join(&mut entity.text, more);
        }
        None
    }

    /// Ends the list.
    pub(super) fn end(&mut self) -> Option<Entity> {
        self.open.take()
    }
}

/// Name and text of `- **Name**: text`; the colon may be full-width, stand inside the bold, or be a dash, and a
/// parenthesis may come before it (`**老秦**（守塔人）：…`), which then begins the text.
fn item(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start_matches(' ');
    if line.len() - rest.len() > 1 {
        return None;
    }
    let rest = rest.strip_prefix(['-', '*', '+'])?.trim_start_matches([' ', '\t']).strip_prefix("**")?;
    let (name, after) = rest.split_once("**")?;
    let after = after.trim_start();
    let colon = [':', '：'];
    let name_colon = name.trim_end();
    let (name, text) = if name_colon.ends_with(colon) {
        (name_colon.trim_end_matches(colon), after)
    } else if let Some(text) = after.strip_prefix(colon).or_else(|| after.strip_prefix(['—', '–'])) {
        (name, text.trim_start_matches('—'))
    } else if after.starts_with(['(', '（']) && after.contains(colon) {
        (name, after)
    } else {
        return None;
    };
    let name = name.trim();
    (!name.is_empty() && name.chars().count() <= NAME_CHARS_MAX).then_some((name, text.trim()))
}

/// Adds a line to a paragraph: with a space, unless Chinese text simply goes on.
fn join(text: &mut String, more: &str) {
    let wide = |c: Option<char>| c.is_some_and(|c| u32::from(c) >= 0x2e80);
    let goes_on = wide(text.chars().next_back()) && wide(more.chars().next());
    if !(text.is_empty() || goes_on) {
        text.push(' ');
    }
    text.push_str(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_name_things() {
        let cases = [
            ("- **Mara Voss**: keeps the bell", Some(("Mara Voss", "keeps the bell"))),
            ("- **老秦**：守塔人", Some(("老秦", "守塔人"))),
            ("* **老秦：** 守塔人", Some(("老秦", "守塔人"))),
            ("- **老秦**（六十岁）：守塔人", Some(("老秦", "（六十岁）：守塔人"))),
            ("- **The Weir** — a dam", Some(("The Weir", "a dam"))),
            ("- **bold** words in a sentence", None),
            ("- plain", None),
            ("    - **nested**: x", None),
            ("- ****: x", None),
        ];
        for (line, expected) in cases {
            assert_eq!(item(line), expected, "{line}");
        }
    }

    #[test]
    fn indented_lines_continue_an_item() {
        let mut reader = Reader::default();
        let source = || SourceRef { path: "a.md".to_owned(), line: 1 };
        let kind = Some(EntityKind::Character);
        let mut seen = Vec::new();
        for line in [
            "- **老秦**：守塔人，",
            "  少言。",
            "  - secret: he",
            "    lies",
            "",
            "- **阿苓**: x",
            "  y",
            "plain",
            "  z",
        ] {
            seen.extend(reader.line(line, kind, source));
        }
        seen.extend(reader.end());
        let seen: Vec<_> = seen.iter().map(|entity| (entity.name.as_str(), entity.text.as_str())).collect();
        assert_eq!(seen, [("老秦", "守塔人，少言。"), ("阿苓", "x y")]);
    }
}
