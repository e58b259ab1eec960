//! The guard against 600 sentences drawn from a grammar of the policy and against those written by hand.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests")]
#![expect(clippy::print_stdout, reason = "the tally is worth reading")]

use std::collections::BTreeMap;

use chimera_core::compliance::{Rule, check};
use serde::Deserialize;

const HAND: &str = include_str!("../../../fixtures/compliance/hand.txt");
const GRAMMAR: &str = include_str!("../../../fixtures/compliance/grammar.json");

#[derive(Deserialize)]
struct Grammar {
    slots: BTreeMap<String, Vec<String>>,
    sentences: Vec<(String, String)>,
}

impl Grammar {
    fn fill(&self, pattern: &str, chance: &mut fastrand::Rng) -> String {
        let mut text = pattern.to_owned();
        while let Some(start) = text.find('{') {
            let end = start + text[start..].find('}').unwrap();
            let words = &self.slots[&text[start + 1..end]];
            let word = words[chance.usize(..words.len())].clone();
            text.replace_range(start..=end, &word);
        }
        text
    }
}

fn rule(name: &str) -> Option<Rule> {
    (name != "harmless").then(|| serde_json::from_value(serde_json::Value::from(name)).unwrap())
}

/// One of the ways people hide words from a filter.
fn disguise(text: &str, kind: usize) -> String {
    let between = |mark: &str| {
        let spaced: Vec<String> = text.chars().map(String::from).collect();
        spaced.join(mark)
    };
    match kind {
        0 => between("\u{200B}"),
        1 if !text.is_ascii() => between(" "),
        2 => text.chars().map(full_width).collect(),
        3 if !text.is_ascii() => between("-"),
        4 => text.to_uppercase(),
        5 => text.replace('a', "а").replace('o', "о").replace('e', "е"),
        6 if text.is_ascii() => text.replace("in", "1n").replace('o', "0"),
        _ => text.to_owned(),
    }
}

fn full_width(character: char) -> char {
    match character {
        ' ' => '\u{3000}',
        '!'..='~' => char::from_u32(character as u32 + 0xFEE0).unwrap(),
        other => other,
    }
}

#[derive(Default)]
struct Tally {
    sentences: usize,
    misses: Vec<String>,
    false_alarms: Vec<String>,
    other_rule: Vec<String>,
    harmless: usize,
}

impl Tally {
    fn judge(&mut self, expected: Option<Rule>, text: &str) {
        self.sentences += 1;
        let found = check(text);
        for breach in &found {
            assert!(text.get(breach.span.clone()).is_some(), "span {:?} is no part of {text:?}", breach.span);
        }
        let Some(expected) = expected else {
            self.harmless += 1;
            if let Some(breach) = found.first() {
                self.false_alarms.push(format!(
                    "{:?} {:?} in {text}",
                    breach.rule,
                    &text[breach.span.clone()]
                ));
            }
            return;
        };
        if found.is_empty() {
            self.misses.push(format!("{expected:?}: {text}"));
        } else if !found.iter().any(|breach| breach.rule == expected) {
            self.other_rule.push(format!("{expected:?} seen as {:?}: {text}", found[0].rule));
        }
    }

    fn assert_good(&self) {
        println!(
            "{} sentences, {} misses, {} false alarms of {} harmless, {} under another rule",
            self.sentences,
            self.misses.len(),
            self.false_alarms.len(),
            self.harmless,
            self.other_rule.len()
        );
        assert!(self.misses.is_empty(), "missed:\n{}", self.misses.join("\n"));
        assert!(
            self.false_alarms.len() * 50 < self.harmless,
            "false alarms:\n{}",
            self.false_alarms.join("\n")
        );
        assert!(
            self.other_rule.len() * 20 < self.sentences,
            "under another rule:\n{}",
            self.other_rule.join("\n")
        );
    }
}

#[test]
fn sentences_written_by_hand() {
    let mut tally = Tally::default();
    for line in HAND.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (expected, text) = line.split_once(" | ").unwrap();
        tally.judge(rule(expected), text);
    }
    assert!(tally.sentences >= 100);
    tally.assert_good();
}

#[test]
fn sentences_from_the_grammar() {
    let grammar: Grammar = serde_json::from_str(GRAMMAR).unwrap();
    let mut chance = fastrand::Rng::with_seed(20_261_121);
    let mut tally = Tally::default();
    for round in 0..600 {
        let (expected, pattern) = &grammar.sentences[round % grammar.sentences.len()];
        let text = grammar.fill(pattern, &mut chance);
        let disguised = rule(expected).is_some() && chance.bool();
        let text = if disguised { disguise(&text, chance.usize(..7)) } else { text };
        tally.judge(rule(expected), &text);
    }
    tally.assert_good();
}

#[test]
fn a_text_of_any_length_is_judged_soon() {
    let text = "参团率 63%，w i n ".repeat(2_000);
    assert!(check(&text).is_empty());
}
