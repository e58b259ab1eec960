//! Cuts a Markdown document into the units that a plan can cover.

use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::plan::binding::Binding;

/// The smallest part of a document that can be covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// Line of the document, from 1.
    pub line: usize,
    /// What it is.
    pub kind: Kind,
    /// Its text as written, runs of white space as one space.
    pub text: String,
    /// The first 64 bits of the hash of its text and its surroundings, in hexadecimal digits.
    pub hash: String,
}

/// What a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A heading.
    Heading,
    /// A sentence of a paragraph.
    Sentence,
    /// A list item, with its number or bullet.
    Item,
    /// The head of a table.
    TableHead,
    /// A row of a table.
    TableRow,
    /// A line of code or of raw HTML.
    Code,
}

impl Unit {
    /// What an entry of a plan writes to cover this unit.
    pub fn binding(&self) -> Binding {
        Binding { hash: self.hash.clone(), excerpt: self.text.chars().take(EXCERPT_CHARACTERS).collect() }
    }
}

const EXCERPT_CHARACTERS: usize = 40;

/// Every unit of a document in order. No word of the text is outside of a unit, or of what is hashed with one.
pub fn units(text: &str) -> Vec<Unit> {
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let mut cutter = Cutter::new(text);
    for (event, range) in parser.into_offset_iter() {
        cutter.take(&event, range);
    }
    cutter.leftovers();
    cutter.units.sort_by_key(|(start, _)| *start);
    number_twins(cutter.units.into_iter().map(|(_, draft)| draft).collect())
}

/// A unit before it is known whether the same line stood there before.
struct Draft {
    line: usize,
    kind: Kind,
    text: String,
    surroundings: Vec<String>,
}

fn number_twins(drafts: Vec<Draft>) -> Vec<Unit> {
    let mut seen: BTreeMap<(Kind, Vec<String>, String), u64> = BTreeMap::new();
    drafts
        .into_iter()
        .map(|draft| {
            let key = (draft.kind, draft.surroundings.clone(), draft.text.clone());
            let twin = seen.entry(key).or_default();
            *twin += 1;
            let hash = hash(&draft, *twin);
            Unit { line: draft.line, kind: draft.kind, text: draft.text, hash }
        })
        .collect()
}

fn hash(draft: &Draft, twin: u64) -> String {
    let mut hasher = Sha256::new();
    let mut part = |text: &str| {
        hasher.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(text.as_bytes());
    };
    part("keeper-coverage-1");
    part(&format!("{:?} {twin}", draft.kind));
    draft.surroundings.iter().for_each(|text| part(text));
    part(&draft.text);
    hex::encode(&hasher.finalize()[..8])
}

/// Walks through the document and remembers what the present place stands under.
struct Cutter<'t> {
    text: &'t str,
    /// Where each line begins.
    line_starts: Vec<usize>,
    /// The headings above, with their levels.
    headings: Vec<(u8, String)>,
    /// The items around, outermost first.
    items: Vec<String>,
    /// Where the item begins whose own text is being read.
    open_item: Option<usize>,
    /// The head of the table around.
    table_head: Option<String>,
    /// The language of the code block around.
    language: Option<String>,
    /// The line before in the code block around: in code, order is meaning.
    line_before: Option<String>,
    units: Vec<(usize, Draft)>,
    /// What of the document is in a unit or in the surroundings of one.
    used: Vec<Range<usize>>,
}

impl<'t> Cutter<'t> {
    fn new(text: &'t str) -> Self {
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(end, _)| end + 1)).collect();
        Self {
            text,
            line_starts,
            headings: Vec::new(),
            items: Vec::new(),
            open_item: None,
            table_head: None,
            language: None,
            line_before: None,
            units: Vec::new(),
            used: Vec::new(),
        }
    }

    fn take(&mut self, event: &Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.enter(tag, range),
            Event::End(TagEnd::Item) => {
                self.end_item(range.end);
                self.items.pop();
            }
            Event::End(TagEnd::Table) => self.table_head = None,
            Event::End(TagEnd::CodeBlock | TagEnd::HtmlBlock) => {
                self.language = None;
                self.line_before = None;
            }
            Event::Html(_) => self.lines(range),
            Event::Text(_) if self.language.is_some() => self.lines(range),
            Event::Rule => self.used.push(range),
            _ => {}
        }
    }

    fn enter(&mut self, tag: &Tag<'_>, range: Range<usize>) {
        let is_block = matches!(
            tag,
            Tag::List(_)
                | Tag::CodeBlock(_)
                | Tag::Table(_)
                | Tag::BlockQuote(_)
                | Tag::Heading { .. }
                | Tag::HtmlBlock
        );
        if is_block {
            self.end_item(range.start);
        }
        match tag {
            Tag::Heading { level, .. } => {
                let level = *level as u8;
                self.headings.retain(|(own, _)| *own < level);
                self.unit(Kind::Heading, range.clone());
                self.headings.push((level, one_line(&self.text[range])));
            }
            Tag::Paragraph if self.open_item.is_none() && self.is_unused(&range) => self.sentences(range),
            Tag::Item => self.open_item = Some(range.start),
            Tag::TableHead => {
                self.unit(Kind::TableHead, range.clone());
                self.table_head = Some(one_line(&self.text[range]));
            }
            Tag::TableRow => self.unit(Kind::TableRow, range),
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => info.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                // The fences are used up: the opening one is in the surroundings of every line.
                let opening = self.text[range.clone()].lines().next().map_or(0, str::len);
                self.used.push(range.start..range.start + opening);
                self.language = Some(language);
            }
            _ => {}
        }
    }

    /// The item that is being read ends where a block inside it begins, or where it ends itself: lists and code inside
    /// an item are units of their own.
    fn end_item(&mut self, position: usize) {
        if let Some(start) = self.open_item.take() {
            let end = start + self.text[start..position].trim_end().len();
            self.unit(Kind::Item, start..end);
            self.items.push(one_line(&self.text[start..end]));
        }
    }

    /// The sentences of a paragraph. Code in backquotes is never cut.
    fn sentences(&mut self, range: Range<usize>) {
        let paragraph = &self.text[range.clone()];
        let mut start = 0;
        let (mut in_code, mut characters) = (false, paragraph.char_indices().peekable());
        while let Some((position, character)) = characters.next() {
            in_code ^= character == '`';
            let next = characters.peek().map(|(_, next)| *next);
            let ends = match character {
                '。' | '！' | '？' => true,
                '.' | '!' | '?' => next.is_none_or(char::is_whitespace),
                // Two spaces or a backslash before the end of a line are a break that the author wanted.
                '\n' => paragraph[..position].ends_with("  ") || paragraph[..position].ends_with('\\'),
                _ => false,
            };
            if ends && !in_code {
                let end = position + character.len_utf8();
                self.unit(Kind::Sentence, range.start + start..range.start + end);
                start = end;
            }
        }
        self.unit(Kind::Sentence, range.start + start..range.end);
    }

    /// Every line of a range as a unit of its own.
    fn lines(&mut self, range: Range<usize>) {
        let mut start = range.start;
        for line in self.text[range].split_inclusive('\n') {
            self.unit(Kind::Code, start..start + line.len());
            if !line.trim().is_empty() {
                self.line_before = Some(one_line(line));
            }
            start += line.len();
        }
    }

    fn unit(&mut self, kind: Kind, range: Range<usize>) {
        let text = one_line(&self.text[range.clone()]);
        if text.is_empty() {
            return;
        }
        let leading = self.text[range.clone()].len() - self.text[range.clone()].trim_start().len();
        let line = self.line_starts.partition_point(|start| *start <= range.start + leading);
        let mut surroundings: Vec<String> = self.headings.iter().map(|(_, text)| text.clone()).collect();
        surroundings.extend(self.items.iter().cloned());
        surroundings.extend(self.table_head.clone());
        surroundings.extend(self.language.clone());
        surroundings.extend(self.line_before.clone());
        self.used.push(range.clone());
        self.units.push((range.start, Draft { line, kind, text, surroundings }));
    }

    fn is_unused(&self, range: &Range<usize>) -> bool {
        let end = range.start + self.text[range.clone()].trim_end().len();
        !self.used.iter().any(|used| used.start <= range.start && end <= used.end)
    }

    /// Lines with letters or digits that no block of the walk has used, such as definitions of links.
    fn leftovers(&mut self) {
        (self.headings, self.items) = (Vec::new(), Vec::new());
        let mut start = 0;
        for line in self.text.split_inclusive('\n') {
            let range = start..start + line.len();
            start = range.end;
            let first = line.len() - line.trim_start().len();
            let inside = range.start + first..range.start + line.trim_end().len();
            let touched = self.used.iter().any(|used| used.start < inside.end && inside.start < used.end);
            if !touched && line.contains(char::is_alphanumeric) {
                self.unit(Kind::Sentence, inside);
            }
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(usize, Kind, &str)]) {
        let found = units(text);
        let found: Vec<(usize, Kind, &str)> =
            found.iter().map(|unit| (unit.line, unit.kind, unit.text.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn documents_are_cut() {
        check(
            "# Plan\n\nFirst. Second is\nlong! `a. b` 第三。第四\n\n1. **one**: x\n   - in `it`\n\n2. two\n   ```bash\n   df -h\n\n   # why\n   ```\n",
            &[
                (1, Kind::Heading, "# Plan"),
                (3, Kind::Sentence, "First."),
                (3, Kind::Sentence, "Second is long!"),
                (4, Kind::Sentence, "`a. b` 第三。"),
                (4, Kind::Sentence, "第四"),
                (6, Kind::Item, "1. **one**: x"),
                (7, Kind::Item, "- in `it`"),
                (9, Kind::Item, "2. two"),
                (11, Kind::Code, "df -h"),
                (13, Kind::Code, "# why"),
            ],
        );
        check(
            "| a | b |\n|---|---|\n| 1 | 2 |\n\n---\n\n*x: 1*  \n*y: 2*\n\n<p>\nhi\n</p>\n\n[l]: http://example.org/1\n",
            &[
                (1, Kind::TableHead, "| a | b |"),
                (3, Kind::TableRow, "| 1 | 2 |"),
                (7, Kind::Sentence, "*x: 1*"),
                (8, Kind::Sentence, "*y: 2*"),
                (10, Kind::Code, "<p>"),
                (11, Kind::Code, "hi"),
                (12, Kind::Code, "</p>"),
                (14, Kind::Sentence, "[l]: http://example.org/1"),
            ],
        );
    }

    #[test]
    fn items_inside_items_are_units_of_their_own() {
        check(
            "- a\n  - b：\n      - `c`；d\n      more of c\n    - e\n\n  after\n- f\n",
            &[
                (1, Kind::Item, "- a"),
                (2, Kind::Item, "- b："),
                (3, Kind::Item, "- `c`；d more of c"),
                (5, Kind::Item, "- e"),
                (7, Kind::Sentence, "after"),
                (8, Kind::Item, "- f"),
            ],
        );
    }

    #[test]
    fn a_hash_is_of_the_text_and_its_surroundings() {
        let hashes = |text: &str| units(text).into_iter().map(|unit| unit.hash).collect::<Vec<_>>();
        let base = hashes("# A\n\n- x\n  - y\n");
        assert_eq!(base, hashes("# A\n\n\n- x\n  -   y\n"), "white space does not count");
        let changed = |text: &str, expected: [bool; 3]| {
            let other = hashes(text);
            let same: Vec<bool> = base.iter().zip(&other).map(|(one, other)| one != other).collect();
            assert_eq!(same, expected, "{text}");
        };
        changed("# B\n\n- x\n  - y\n", [true, true, true]);
        changed("# A\n\n- z\n  - y\n", [false, true, true]);
        changed("# A\n\n- x\n  - z\n", [false, false, true]);
        let twins = hashes("```\na\na\n```\n");
        assert_ne!(twins[0], twins[1], "the same line twice is two units");
        let (one, other) = (hashes("```\na:\n1\nb:\n2\n```\n"), hashes("```\na:\n2\nb:\n1\n```\n"));
        assert!(
            one.iter().filter(|hash| other.contains(hash)).count() == 1,
            "the order of code is its meaning"
        );
    }
}
