//! Answers to QUERY: the narrator's, or else quotations from the canon and the facts.

use std::collections::{BTreeMap, BTreeSet};

use crate::canon::{Canon, Language, SourceRef};
use crate::memory::{WorldState, clip, mentions};
use crate::tokens::is_cjk;
use crate::turn::{Answer, AnsweredBy};

/// A passage counts as an answer when it shares this much of the question's weight, in percent.
const LEAST_SHARE: f64 = 20.0;
/// Passages quoted at most.
const QUOTED: usize = 2;
/// Columns of a passage quoted at most.
const QUOTE_WIDTH: usize = 320;

/// One answer for each question. Blocks of the narrator belong to the questions in order; one block for several
/// questions answers them together.
pub(super) fn answers(
    canon: &Canon,
    state: &WorldState,
    language: Language,
    questions: &[String],
    blocks: Vec<String>,
) -> Vec<Answer> {
    if questions.is_empty() && blocks.is_empty() {
        return Vec::new();
    }
    let library = Library::of(canon, state);
    let narrator = |question: String, answer: String| Answer {
        sources: library.best(&question).into_iter().filter_map(|passage| passage.source.clone()).collect(),
        question,
        answer,
        by: AnsweredBy::Narrator,
    };
    if blocks.len() == 1 && questions.len() > 1 {
        return vec![narrator(questions.join("\n"), blocks.concat())];
    }
    let mut blocks = blocks.into_iter();
    let mut answers: Vec<Answer> = questions
        .iter()
        .map(|question| match blocks.next() {
            Some(block) => narrator(question.clone(), block),
            None => library.quote(question, language),
        })
        .collect();
    answers.extend(blocks.map(|block| narrator(String::new(), block)));
    answers
}

/// A piece of text that could answer.
struct Passage<'a> {
    title: &'a str,
    text: &'a str,
    /// Absent for a fact of the story.
    source: Option<SourceRef>,
    terms: BTreeSet<String>,
}

struct Library<'a> {
    passages: Vec<Passage<'a>>,
    /// In how many passages a term occurs.
    spread: BTreeMap<String, usize>,
}

impl<'a> Library<'a> {
    fn of(canon: &'a Canon, state: &'a WorldState) -> Self {
        let facts = state.facts.iter().map(|fact| (fact.subject.as_str(), fact.text.as_str(), None));
        let entities = canon
            .entities
            .iter()
            .map(|entity| (entity.name.as_str(), entity.text.as_str(), Some(&entity.source)));
        let rules = canon
            .rules
            .iter()
            .map(|rule| (rule.title.as_deref().unwrap_or(&rule.id), rule.text.as_str(), Some(&rule.source)));
        let sections = canon.prompt_sections().flat_map(|section| {
            paragraphs(&section.text).map(|text| (section.title.as_str(), text, Some(&section.source)))
        });
        let mut library = Self { passages: Vec::new(), spread: BTreeMap::new() };
        for (title, text, source) in facts.chain(entities).chain(rules).chain(sections) {
            let terms: BTreeSet<String> = terms(title).chain(terms(text)).collect();
            for term in &terms {
                *library.spread.entry(term.clone()).or_default() += 1;
            }
            library.passages.push(Passage { title, text, source: source.cloned(), terms });
        }
        library
    }

    /// The passages that share most with the question, best first; earlier ones win a tie.
    fn best(&self, question: &str) -> Vec<&Passage<'a>> {
        let wanted: BTreeSet<String> = terms(question).collect();
        let weight = |term: &String| {
            let spread = self.spread.get(term).copied().unwrap_or(0);
            (1.0 + self.passages.len() as f64 / (spread as f64 + 0.5)).ln()
        };
        let all: f64 = wanted.iter().map(weight).sum();
        let mut scored: Vec<(f64, &Passage<'a>)> = self
            .passages
            .iter()
            .map(|passage| {
                let shared: f64 = wanted.intersection(&passage.terms).map(weight).sum();
                let named = if mentions(question, passage.title) { 1.5 } else { 1.0 };
                (100.0 * named * shared / all.max(f64::MIN_POSITIVE), passage)
            })
            .filter(|(score, _)| *score >= LEAST_SHARE)
            .collect();
        scored.sort_by(|left, right| right.0.total_cmp(&left.0));
        let mut seen = BTreeSet::new();
        let fresh = scored.into_iter().filter(|(_, passage)| seen.insert(passage.text.trim()));
        fresh.take(QUOTED).map(|(_, passage)| passage).collect()
    }

    fn quote(&self, question: &str, language: Language) -> Answer {
        let best = self.best(question);
        let quotations: Vec<String> = best.iter().map(|passage| quotation(passage, language)).collect();
        let (answer, by) = match (quotations.is_empty(), language) {
            (false, _) => (quotations.join("\n"), AnsweredBy::Quotation),
            (true, Language::ZhCn) => ("设定里没有写到这件事。".to_owned(), AnsweredBy::Silence),
            (true, Language::En) => ("The canon is silent on this.".to_owned(), AnsweredBy::Silence),
        };
        let sources = best.iter().filter_map(|passage| passage.source.clone()).collect();
        Answer { question: question.to_owned(), answer, sources, by }
    }
}

fn quotation(passage: &Passage<'_>, language: Language) -> String {
    let text = clip(passage.text, QUOTE_WIDTH);
    match (language, &passage.source) {
        (Language::ZhCn, Some(_)) => format!("设定“{}”：{text}", passage.title),
        (Language::ZhCn, None) => format!("已记下的事实“{}”：{text}", passage.title),
        (Language::En, Some(_)) => format!("The canon, under \"{}\": {text}", passage.title),
        (Language::En, None) => format!("On record, \"{}\": {text}", passage.title),
    }
}

/// Paragraphs without the list items that are entities of their own.
fn paragraphs(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty() && !paragraph.starts_with("- **"))
}

/// Words of three letters and more, and pairs of neighbouring ideographs between the words that only hold a Chinese
/// sentence together.
fn terms(text: &str) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    for run in text.split(|character: char| !character.is_alphanumeric() || is_cjk(character)) {
        let word = run.to_lowercase();
        if word.chars().count() >= 3 && !STOP_WORDS.contains(&word.as_str()) {
            found.push(word);
        }
    }
    let ideograph = |character: char| is_cjk(character) && character.is_alphanumeric();
    for run in text.split(|character: char| !ideograph(character) || STOP_CHARACTERS.contains(character)) {
        let run: Vec<char> = run.chars().collect();
        match run.len() {
            0 => {}
            1 => found.push(run.iter().collect()),
            _ => found.extend(run.windows(2).map(|pair| pair.iter().collect::<String>())),
        }
    }
    found.into_iter()
}

const STOP_CHARACTERS: &str = "的是了谁吗呢吧啊哪在有和与也都就这那么什怎为个还又被把你我他她它们";
const STOP_WORDS: &[&str] = &[
    "the", "and", "who", "what", "where", "when", "why", "how", "does", "did", "was", "were", "are", "has",
    "have", "had", "for", "from", "with", "that", "this", "there", "they", "them", "his", "her", "its",
    "any", "can", "will", "you", "your", "about", "into", "not", "but",
];
