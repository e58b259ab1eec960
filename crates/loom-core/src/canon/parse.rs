//! From an entry file to a canon, with everything its author should know.

use std::collections::HashMap;

use super::front_matter::{self, FrontMatter};
use super::load::{Loaded, load};
use super::outline::{Outline, cut};
use super::problems::{Place, Problems};
use super::scan::Mark;
use super::{Canon, Language, ParsedCanon, ReadFailure, SectionKind, heading};

/// How much of the text is looked at to guess a language, in bytes.
const GUESS_BYTES: usize = 64 * 1024;

/// Reads a canon from its entry file. `read` returns a file's text by its path relative to the canon's root; it is
/// called once for a file and must refuse what lies outside (links included). Time is linear in the text.
///
/// Included are files named by `@include path` on a line of its own; see [`super::INCLUDE_DEPTH_MAX`] and its
/// neighbours for the limits.
pub fn parse(entry: &str, read: &mut dyn FnMut(&str) -> Result<String, ReadFailure>) -> ParsedCanon {
    let mut problems = Problems::default();
    let loaded = load(entry, read, &mut problems);
    let Some(source) = loaded.sources.first() else {
        return ParsedCanon { canon: None, problems: problems.finish(entry) };
    };
    let front = match &loaded.front {
        Some(block) => front_matter::read(&source.text[..block.yaml_end], entry, &mut problems),
        None => FrontMatter::default(),
    };
    let name = front.name.clone().unwrap_or_else(|| guess_name(entry, &loaded));
    let language = front.language.unwrap_or_else(|| guess_language(&loaded));
    if !problems.unplayable() && (front.name.is_none() || front.language.is_none()) {
        let message =
            format!("the front matter leaves something out; taken are name `{name}`, language `{language}`");
        let hint = "write `name:` and `language:` between --- lines at the start";
        problems.info("front_matter_guessed", Place::line(entry, 1), message, hint);
    }
    let outline = cut(&loaded, &name, &mut problems);
    check_sections(entry, &outline, &mut problems);
    let (files, hash) = loaded.hashes();
    let canon = Canon {
        name,
        language,
        version: front.version.unwrap_or_else(|| "1.0.0".to_owned()),
        author: front.author,
        summary: front.summary,
        permissions: front.permissions,
        sections: outline.sections,
        rules: outline.rules,
        entities: outline.entities,
        hash,
        files,
        front_matter_extra: front.extra,
    };
    let canon = (!problems.unplayable()).then_some(canon);
    ParsedCanon { canon, problems: problems.finish(entry) }
}

fn check_sections(entry: &str, outline: &Outline, problems: &mut Problems) {
    let filled = |kind: SectionKind| {
        outline.sections.iter().zip(&outline.empty).any(|(section, empty)| section.kind == kind && !empty)
    };
    let top = Place::line(entry, 1);
    if !filled(SectionKind::World) {
        let message = "no section says what the world is".to_owned();
        problems.fatal(
            "missing_world",
            top,
            message,
            "add a heading `# World` or `# 世界观` with text below",
        );
    }
    if !filled(SectionKind::Tone) {
        let message = "no section says how to tell the story".to_owned();
        problems.warning("missing_tone", top, message, "add a heading `# Tone` or `# 基调` with text below");
    }
    if !filled(SectionKind::Opening) {
        let message = "there is no opening; a session begins with the player's first line".to_owned();
        problems.info(
            "missing_opening",
            top,
            message,
            "add a heading `# Opening` or `# 开场` with the first scene",
        );
    }
    let mut seen: HashMap<(&str, String), u32> = HashMap::new();
    let mut parent = "";
    for (section, empty) in outline.sections.iter().zip(&outline.empty) {
        let at = Place::line(&section.source.path, section.source.line);
        let shown: String = section.title.chars().take(80).collect();
        if *empty {
            let message = format!("section `{shown}` is empty");
            let hint = "write it or remove it; a comment is written <!-- like this -->";
            problems.warning("empty_section", at, message, hint);
        }
        let under = if section.level == 1 { "" } else { parent };
        let key = (under, section.title.to_lowercase());
        if let Some(first) = seen.get(&key) {
            let message = format!("section `{shown}` comes twice, first on line {first}; both are kept");
            problems.warning("duplicate_section", at, message, "join them, or rename one");
        } else {
            seen.insert(key, section.source.line);
        }
        if section.level == 1 {
            parent = &section.title;
        }
    }
}

/// The first heading of no kind of its own, as a book's title is; else the file's name.
fn guess_name(entry: &str, loaded: &Loaded) -> String {
    let first = loaded
        .lines
        .iter()
        .filter(|line| line.mark == Mark::Text)
        .find_map(|line| heading::read(loaded.text(line)));
    if let Some((_, title)) = first
        && !title.is_empty()
        && heading::classify(title) == SectionKind::Custom
    {
        return title.to_owned();
    }
    let file = entry.rsplit('/').next().unwrap_or(entry);
    file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_owned()
}

/// Chinese when more than one letter in five is: a Chinese word is two signs, an English one five letters.
fn guess_language(loaded: &Loaded) -> Language {
    let (mut chinese, mut latin) = (0_usize, 0_usize);
    let mut bytes = 0;
    for source in &loaded.sources {
        for c in source.text.chars() {
            match c {
                '\u{4e00}'..='\u{9fff}' => chinese += 1,
                c if c.is_alphabetic() => latin += 1,
                _ => {}
            }
            bytes += c.len_utf8();
            if bytes > GUESS_BYTES {
                break;
            }
        }
    }
    if chinese > 0 && chinese * 5 > chinese + latin { Language::ZhCn } else { Language::En }
}
