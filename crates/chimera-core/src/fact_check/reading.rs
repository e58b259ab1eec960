//! A text made uniform, cut into sentences and clauses, with its names found.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use crate::compliance::is_invisible;
use crate::fact_sheet::FactSheet;
use crate::names::Mention;

/// A text ready to be judged. Spans are bytes of `text`; `lower` has the same bytes in lower case.
pub(super) struct Reading {
    pub(super) text: String,
    pub(super) lower: String,
    origin: Vec<(usize, usize)>,
    pub(super) mentions: Vec<Mention>,
    pub(super) sentences: Vec<Sentence>,
}

/// A sentence and its clauses.
pub(super) struct Sentence {
    pub(super) span: Range<usize>,
    pub(super) clauses: Vec<Range<usize>>,
}

/// Stands for one byte of masked letters: no letter, no digit, and one byte itself.
const MASK: char = '\u{1}';

impl Reading {
    pub(super) fn of(original: &str, sheet: &FactSheet) -> Self {
        let (mut text, mut origin) = (String::with_capacity(original.len()), Vec::new());
        for (from, character) in original.char_indices() {
            let to = from + character.len_utf8();
            for folded in std::iter::once(character).nfkc().filter(|folded| !is_invisible(*folded)) {
                text.push(uniform(folded));
                origin.resize(text.len(), (from, to));
            }
        }
        if let Some(name) = &sheet.player_name {
            mask(&mut text, name);
        }
        let mentions = sheet.names.mentions(&text);
        let mut lower: String = text.chars().map(lowered).collect();
        for mention in &mentions {
            blank(&mut lower, mention.span.clone());
        }
        let sentences = sentences(&lower);
        Self { text, lower, origin, mentions, sentences }
    }

    pub(super) fn origin(&self, span: Range<usize>) -> Range<usize> {
        let start = self.origin.get(span.start).map_or(0, |origin| origin.0);
        let end = self.origin.get(span.end.saturating_sub(1)).map_or(start, |origin| origin.1);
        start..end.max(start)
    }

    /// The names of a stretch.
    pub(super) fn mentions_in(&self, span: &Range<usize>) -> impl Iterator<Item = &Mention> {
        let span = span.clone();
        self.mentions.iter().filter(move |mention| span.contains(&mention.span.start))
    }
}

fn uniform(character: char) -> char {
    match character {
        '’' | '‘' => '\'',
        '−' | '–' | '‐' | '‑' => '-',
        '：' => ':',
        other => other,
    }
}

/// Lower case that keeps the length in bytes.
fn lowered(character: char) -> char {
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) if one.len_utf8() == character.len_utf8() => one,
        _ => character,
    }
}

/// Hides a player's name, which may hold digits or the name of a champion.
fn mask(text: &mut String, name: &str) {
    let short = name.split('#').next().unwrap_or(name).trim();
    for name in [name, short] {
        let is_telling =
            name.chars().count() >= 2 && name.chars().any(|character| !character.is_ascii_digit());
        while is_telling && let Some(start) = text.find(name) {
            let masked = blanks(name.len());
            text.replace_range(start..start + name.len(), &masked);
        }
    }
}

fn blank(text: &mut String, span: Range<usize>) {
    let masked = blanks(span.len());
    if text.is_char_boundary(span.start) && text.is_char_boundary(span.end) {
        text.replace_range(span, &masked);
    }
}

/// Filler of a length in bytes.
fn blanks(bytes: usize) -> String {
    MASK.to_string().repeat(bytes)
}

fn sentences(text: &str) -> Vec<Sentence> {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let (mut sentences, mut clauses) = (Vec::new(), Vec::new());
    let (mut sentence_start, mut clause_start) = (0, 0);
    for (at, character) in text.char_indices() {
        let end = at + character.len_utf8();
        let next_is_word = bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
        let ends_sentence = match character {
            '。' | '!' | '?' | ';' | '\n' => true,
            '.' => !next_is_word && bytes.get(end) != Some(&b'\''),
            _ => false,
        };
        let between_digits = digit(at.checked_sub(1)) && digit(Some(end));
        let ends_clause = matches!(character, ',' | ':' | '—') && !between_digits;
        if ends_sentence || ends_clause {
            clauses.push(clause_start..end);
            clause_start = end;
        }
        if ends_sentence {
            sentences.push(Sentence { span: sentence_start..end, clauses: std::mem::take(&mut clauses) });
            sentence_start = end;
        }
    }
    clauses.push(clause_start..text.len());
    sentences.push(Sentence { span: sentence_start..text.len(), clauses });
    sentences.retain(|sentence| !sentence.span.is_empty());
    sentences
}
