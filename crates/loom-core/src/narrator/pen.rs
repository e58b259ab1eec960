//! Fills templates, and never writes a sentence or a turn of phrase that stood in the last several turns.

use std::collections::BTreeSet;

use fastrand::Rng;

use crate::canon::Language;
use crate::memory::sentences;
use crate::session::PastTurn;
use crate::tokens::is_cjk;

/// Turns of which no turn of phrase is used again while there are others.
const AVOIDED_TURNS: usize = 8;
/// Turns of which no sentence is used again, even if that leaves nothing to say.
const FORBIDDEN_TURNS: usize = 5;

/// One passage being written.
pub(super) struct Pen {
    pub(super) rng: Rng,
    language: Language,
    slots: Vec<(&'static str, String)>,
    avoided: Words,
    forbidden: Words,
}

/// The words of some turns and of the passage so far.
#[derive(Default)]
struct Words {
    text: String,
    sentences: BTreeSet<String>,
}

impl Words {
    fn of(history: &[PastTurn], turns: usize) -> Self {
        let mut words = Self::default();
        history.iter().rev().take(turns).for_each(|turn| words.add(&turn.reply));
        words
    }

    fn add(&mut self, text: &str) {
        self.sentences.extend(sentences(text).into_iter().map(str::to_owned));
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn have(&self, text: &str) -> bool {
        self.text.contains(text) || sentences(text).iter().any(|sentence| self.sentences.contains(*sentence))
    }
}

impl Pen {
    pub(super) fn new(rng: Rng, language: Language, history: &[PastTurn]) -> Self {
        Self {
            rng,
            language,
            slots: Vec::new(),
            avoided: Words::of(history, AVOIDED_TURNS),
            forbidden: Words::of(history, FORBIDDEN_TURNS),
        }
    }

    /// Gives a slot its words, or empties it.
    pub(super) fn set(&mut self, slot: &'static str, words: Option<&str>) {
        self.slots.retain(|(name, _)| *name != slot);
        if let Some(words) = words {
            let words = match words.strip_prefix("The ") {
                Some(rest) if self.language == Language::En && slot != "desc" => format!("the {rest}"),
                _ => words.to_owned(),
            };
            self.slots.push((slot, words));
        }
    }

    /// A filled template of the pool that is new to the reader, if there is one.
    pub(super) fn pick(&mut self, pool: &[&str]) -> Option<String> {
        let mut order: Vec<&str> = pool.to_vec();
        self.rng.shuffle(&mut order);
        let filled: Vec<(&str, String)> =
            order.into_iter().filter_map(|template| Some((template, self.fill(template)?))).collect();
        let new = |(template, text): &&(&str, String)| {
            self.is_fresh(text) && !self.avoided.text.contains(skeleton(template))
        };
        let allowed = |(_, text): &&(&str, String)| !self.forbidden.have(text);
        let (_, chosen) = filled.iter().find(new).or_else(|| filled.iter().find(allowed))?;
        let chosen = chosen.clone();
        self.remember(&chosen);
        Some(chosen)
    }

    /// The first of the canon's own sentences that is new to the reader.
    pub(super) fn quote<'a>(&mut self, descriptions: impl IntoIterator<Item = &'a String>) -> Option<String> {
        let chosen = descriptions.into_iter().find(|sentence| self.is_fresh(sentence))?.clone();
        self.remember(&chosen);
        Some(chosen)
    }

    /// Whether none of the text's sentences stood in the recent turns.
    pub(super) fn is_fresh(&self, text: &str) -> bool {
        !self.avoided.have(text)
    }

    /// True this often in a hundred.
    pub(super) fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(0..100) < percent
    }

    fn remember(&mut self, text: &str) {
        self.avoided.add(text);
        self.forbidden.add(text);
    }

    fn fill(&self, template: &str) -> Option<String> {
        let mut text = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (slot, after) = after.split_once('}')?;
            let (_, words) = self.slots.iter().find(|(name, _)| *name == slot)?;
            text.push_str(before);
            text.push_str(words);
            rest = after;
        }
        text.push_str(rest);
        Some(capitalised(&text))
    }
}

/// The first letter in upper case, quotation marks passed over; sentences in Chinese stay as they are.
fn capitalised(text: &str) -> String {
    let at = text.find(|character: char| !"\"“‘'".contains(character)).unwrap_or(0);
    let (marks, rest) = text.split_at(at);
    let mut letters = rest.chars();
    match letters.next() {
        Some(first) => marks.chars().chain(first.to_uppercase()).chain(letters).collect(),
        None => text.to_owned(),
    }
}

/// The longest stretch of a template between its slots: what a reader would recognise.
fn skeleton(template: &str) -> &str {
    let stretches = template.split('{').map(|piece| piece.split_once('}').map_or(piece, |(_, after)| after));
    stretches.max_by_key(|stretch| stretch.chars().count()).unwrap_or(template)
}

/// How long a text is for a reader: ideographs, or words.
pub(super) fn length(text: &str, language: Language) -> usize {
    match language {
        Language::ZhCn => text.chars().filter(|character| is_cjk(*character)).count(),
        Language::En => text.split_whitespace().count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pen() -> Pen {
        Pen::new(Rng::with_seed(7), Language::En, &[])
    }

    #[test]
    fn fills_slots_or_passes_the_template_over() {
        let mut pen = pen();
        pen.set("name", Some("The Widow"));
        assert_eq!(pen.pick(&["{name} waits at {place}."]), None);
        assert_eq!(pen.pick(&["\"{name}?\" you ask."]).unwrap(), "\"The Widow?\" you ask.");
        assert_eq!(pen.pick(&["Here comes {name}."]).unwrap(), "Here comes the Widow.");
    }

    #[test]
    fn uses_nothing_twice() {
        let mut pen = pen();
        pen.set("name", Some("Ada"));
        let pool = ["{name} counts under the breath.", "{name} looks past you, at the door."];
        assert!(pen.pick(&pool).is_some());
        pen.set("name", Some("Bo"));
        assert!(pen.pick(&pool).is_some());
        assert!(pen.pick(&pool).is_some(), "with nothing else left, another name makes a template new");
        pen.set("name", None);
        assert_eq!(pen.pick(&["It rains."]).as_deref(), Some("It rains."));
        assert_eq!(pen.pick(&["It rains."]), None);
    }
}
