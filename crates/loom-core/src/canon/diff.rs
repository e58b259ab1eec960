//! What changed between two versions of a canon, piece by piece.

use std::collections::HashMap;

use similar::{Algorithm, TextDiff};

use super::{Canon, CanonChange, ChangeKind, ChangedPart, SourceRef};

/// Two texts whose line counts multiply to more than this are shown as replaced: comparing costs up to that much.
const COMPARED_MAX: usize = 25_000_000;

/// The differences, front matter first, then sections and rules in the new order, removed ones last. Pieces are
/// matched by title and id, so a renamed section is one removed and one added; order alone is no change.
pub fn diff(old: &Canon, new: &Canon) -> Vec<CanonChange> {
    let mut changes = Vec::new();
    let (before, after) = (front_matter(old), front_matter(new));
    if before != after {
        let path = new.files.first().map_or_else(String::new, |file| file.path.clone());
        changes.push(CanonChange {
            kind: ChangeKind::Changed,
            what: ChangedPart::FrontMatter,
            title: "front matter".to_owned(),
            source: SourceRef { path, line: 1 },
            unified: unified(&before, &after),
        });
    }
    compare(ChangedPart::Section, &sections(old), &sections(new), &mut changes);
    compare(ChangedPart::Rule, &rules(old), &rules(new), &mut changes);
    changes
}

struct Piece<'a> {
    /// Title or id, and how many of the same name came before.
    key: (&'a str, usize),
    text: String,
    source: &'a SourceRef,
}

fn sections(canon: &Canon) -> Vec<Piece<'_>> {
    let parts = canon.sections.iter().map(|section| (section.title.as_str(), &section.text, &section.source));
    pieces(parts.map(|(title, text, source)| (title, text.clone(), source)))
}

fn rules(canon: &Canon) -> Vec<Piece<'_>> {
    let parts = canon.rules.iter().map(|rule| {
        let text = match &rule.title {
            Some(title) => format!("{title}\n{}", rule.text),
            None => rule.text.clone(),
        };
        (rule.id.as_str(), text, &rule.source)
    });
    pieces(parts)
}

fn pieces<'a>(parts: impl Iterator<Item = (&'a str, String, &'a SourceRef)>) -> Vec<Piece<'a>> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let piece = |(name, text, source)| {
        let count = seen.entry(name).or_default();
        *count += 1;
        Piece { key: (name, *count), text, source }
    };
    parts.map(piece).collect()
}

fn compare(what: ChangedPart, old: &[Piece<'_>], new: &[Piece<'_>], changes: &mut Vec<CanonChange>) {
    let mut before: HashMap<(&str, usize), &Piece<'_>> = old.iter().map(|piece| (piece.key, piece)).collect();
    let change = |kind, piece: &Piece<'_>, unified| CanonChange {
        kind,
        what,
        title: piece.key.0.to_owned(),
        source: piece.source.clone(),
        unified,
    };
    for piece in new {
        match before.remove(&piece.key) {
            None => changes.push(change(ChangeKind::Added, piece, unified("", &piece.text))),
            Some(earlier) if earlier.text != piece.text => {
                changes.push(change(ChangeKind::Changed, piece, unified(&earlier.text, &piece.text)));
            }
            Some(_) => {}
        }
    }
    for piece in old.iter().filter(|piece| before.contains_key(&piece.key)) {
        changes.push(change(ChangeKind::Removed, piece, unified(&piece.text, "")));
    }
}

fn front_matter(canon: &Canon) -> String {
    let p = &canon.permissions;
    let mut lines = vec![
        format!("name: {}", canon.name),
        format!("language: {}", canon.language),
        format!("version: {}", canon.version),
        format!("author: {}", canon.author.as_deref().unwrap_or_default()),
        format!("summary: {}", canon.summary.as_deref().unwrap_or_default()),
        format!("permissions.edit: {}", p.edit),
        format!("permissions.world_edit: {}", p.world_edit),
        format!("permissions.retcon: {}", p.retcon),
        format!("permissions.query: {}", p.query),
        format!("permissions.tone: {}", p.tone),
        format!("permissions.intent: {}", p.intent),
        format!("permissions.ooc: {}", p.ooc),
    ];
    lines.extend(canon.front_matter_extra.iter().map(|(key, value)| format!("{key}: {value}")));
    lines.join("\n")
}

fn unified(old: &str, new: &str) -> String {
    let (old_lines, new_lines) = (old.lines().count(), new.lines().count());
    if old_lines.saturating_mul(new_lines) > COMPARED_MAX {
        let mut text = format!("@@ -1,{old_lines} +1,{new_lines} @@\n");
        for (mark, lines) in [('-', old), ('+', new)] {
            for line in lines.lines() {
                text.push(mark);
                text.push_str(line);
                text.push('\n');
            }
        }
        return text;
    }
    let (old, new) = (ended(old), ended(new));
    TextDiff::configure().algorithm(Algorithm::Myers).diff_lines(&old, &new).unified_diff().to_string()
}

/// With a line end, so that the last line compares like the others.
fn ended(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{text}\n") }
}
