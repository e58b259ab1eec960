//! Texts with one thing changed: a number, champion, item, time or side.

use std::collections::BTreeMap;
use std::ops::Range;

use chimera_core::fact_check;
use chimera_core::fact_sheet::{FactSheet, Scope};
use chimera_core::names::{Language, NameKind};
use chimera_core::narrative;
use regex::Regex;

use super::sheets::{cases, names};
use super::templates::styles;

const KINDS: [&str; 5] = ["number", "champion", "item", "time", "side"];

struct Mutator {
    number: Regex,
    time: Regex,
    chance: fastrand::Rng,
}

impl Mutator {
    fn new() -> Self {
        Self {
            number: Regex::new(r"\d[\d,]*(?:\.\d+)?").unwrap(),
            time: Regex::new(r"\d{1,2}:\d{2}").unwrap(),
            chance: fastrand::Rng::with_seed(7),
        }
    }

    /// The text with one thing of a kind changed, and a word on what was done.
    fn mutant(&mut self, text: &str, sheet: &FactSheet, kind: &str) -> Option<(String, String)> {
        let (span, new) = match kind {
            "number" => self.other_number(text)?,
            "time" => self.other_time(text)?,
            "champion" => self.other_name(text, sheet, NameKind::Champion)?,
            "item" => self.other_name(text, sheet, NameKind::Item)?,
            _ => self.other_side(text)?,
        };
        let what = format!("{} -> {new}", &text[span.clone()]);
        let mutant = format!("{}{new}{}", &text[..span.start], &text[span.end..]);
        (mutant != text).then_some((mutant, what))
    }

    fn pick<T>(&mut self, list: Vec<T>) -> Option<T> {
        let at = (!list.is_empty()).then(|| self.chance.usize(..list.len()))?;
        list.into_iter().nth(at)
    }

    fn other_number(&mut self, text: &str) -> Option<(Range<usize>, String)> {
        let times: Vec<Range<usize>> = self.time.find_iter(text).map(|hit| hit.range()).collect();
        let spans = self.number.find_iter(text).map(|hit| hit.range());
        let spans = spans
            .filter(|span| !times.iter().any(|time| time.start < span.end && span.start < time.end))
            .collect();
        let span = self.pick(spans)?;
        let old = &text[span.clone()];
        let value: f64 = old.replace(',', "").parse().unwrap();
        let decimals = old.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let step = 10_f64.powi(-i32::try_from(decimals).unwrap());
        let changed = match self.chance.usize(..4) {
            0 => value + step * f64::from(self.chance.u32(1..4)),
            1 if value >= step * 3.0 => value - step * f64::from(self.chance.u32(1..3)),
            2 => (value * 1.3 + step).round(),
            _ => value * 2.0 + step * 3.0,
        };
        let new = format!("{changed:.decimals$}");
        let grouped = if old.contains(',') { group(&new) } else { new };
        Some((span, grouped))
    }

    fn other_time(&mut self, text: &str) -> Option<(Range<usize>, String)> {
        let span = self.pick(self.time.find_iter(text).map(|hit| hit.range()).collect())?;
        let (minutes, seconds) = text[span.clone()].split_once(':').unwrap();
        let old: u32 = minutes.parse::<u32>().unwrap() * 60 + seconds.parse::<u32>().unwrap();
        let new = if self.chance.bool() { old + self.chance.u32(2..90) } else { self.chance.u32(60..2_400) };
        Some((span, format!("{}:{:02}", new / 60, new % 60)))
    }

    fn other_name(
        &mut self,
        text: &str,
        sheet: &FactSheet,
        kind: NameKind,
    ) -> Option<(Range<usize>, String)> {
        let found = sheet.names.mentions(text).into_iter().filter(|mention| mention.kind == kind);
        // A name that is also an augment is no clear item.
        let found = found.filter(|mention| {
            !sheet.augments.iter().any(|id| sheet.names.augment(*id) == text[mention.span.clone()])
        });
        let mention = self.pick(found.collect())?;
        let old = &text[mention.span.clone()];
        let tables = sheet.names.tables();
        let all: Vec<String> = match kind {
            NameKind::Champion if self.chance.bool() => {
                sheet.cast.iter().map(|member| member.champion.clone()).collect()
            }
            NameKind::Champion => {
                tables.champions.keys().map(|id| sheet.names.champion(*id).into_owned()).collect()
            }
            _ => tables.items.values().cloned().collect(),
        };
        let own: Vec<String> = sheet.items.iter().map(|id| sheet.names.item(*id).into_owned()).collect();
        let fits =
            |name: &String| name != old && !own.contains(name) && sheet.names.mentions(name).len() == 1;
        let new = self.pick(all.into_iter().filter(fits).collect())?;
        Some((mention.span, new))
    }

    fn other_side(&mut self, text: &str) -> Option<(Range<usize>, String)> {
        const PAIRS: [(&str, &str); 10] = [
            ("蓝色方", "红色方"),
            ("红色方", "蓝色方"),
            ("blue side", "red side"),
            ("red side", "blue side"),
            ("your team went on", "the enemy went on"),
            ("对面随后拿下", "你们随后拿下"),
            ("蓝方", "红方"),
            ("红方", "蓝方"),
            ("the blue", "the red"),
            ("the red", "the blue"),
        ];
        let spans = PAIRS.iter().flat_map(|(old, new)| {
            text.match_indices(old).map(|(at, _)| (at..at + old.len(), (*new).to_owned()))
        });
        self.pick(spans.collect())
    }
}

fn group(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[test]
fn mutants_of_true_texts_are_caught() {
    let mut mutator = Mutator::new();
    let mut tally: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut missed = Vec::new();
    let styles = styles();
    let mut round = 0;
    while round < 12_000 && tally.values().map(|(made, _)| made).sum::<usize>() < 4_000 {
        let case = &cases()[round * 7 % cases().len()];
        let language = if round % 2 == 0 { Language::ZhCn } else { Language::En };
        let sheet = if round % 5 == 4 { case.team_sheet(language) } else { case.sheet(language) };
        // Every third text is a paraphrase of single facts.
        let text = match round % 3 {
            2 if sheet.scope == Scope::Player => {
                let sentences = super::paraphrases::sentences(&sheet);
                sentences.iter().skip(round % 11).step_by(5).cloned().collect::<Vec<_>>().join("\n")
            }
            _ => narrative::template(&sheet, styles[round % styles.len()]).text,
        };
        let kind = KINDS[round % KINDS.len() % 5];
        let kind = KINDS[(round / 5 + KINDS.iter().position(|known| *known == kind).unwrap()) % 5];
        round += 1;
        let Some((mutant, what)) = mutator.mutant(&text, &sheet, kind) else { continue };
        let (made, caught) = tally.entry(kind).or_default();
        *made += 1;
        if fact_check::check(&mutant, &sheet).is_empty() {
            let changed = mutant.lines().find(|line| !text.contains(line)).unwrap_or_default();
            missed.push(format!("{kind} {what} in {}: {changed}", case.title));
        } else {
            *caught += 1;
        }
    }
    let made: usize = tally.values().map(|(made, _)| made).sum();
    println!("{made} mutants, {} missed: {tally:?}", missed.len());
    for line in missed.iter().take(40) {
        println!("{line}\n");
    }
    assert!(made >= 2_000, "{made} mutants only");
    assert!(missed.len() * 100 < made, "more than 1 % missed");
    assert!(names(Language::En).language() == Language::En);
}
