//! Finds numbers, times and pairs of numbers in a text.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::numerals;
use super::reading::Reading;
use crate::fact_sheet::Written;

/// A number of some kind in a text.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    pub(super) span: Range<usize>,
    pub(super) kind: FigureKind,
}

#[derive(Debug, Clone)]
pub(super) enum FigureKind {
    /// A plain number; `is_word` for one written as a word, which counts only beside what it counts.
    Number { written: Written, is_word: bool, is_ordinal: bool },
    /// `12:34` and its like, in seconds.
    Clock(u64),
    /// `12 minutes`.
    Minutes(f64),
    /// `7/2/11`.
    Kda([f64; 3]),
    /// `4 for 1`.
    Pair(f64, f64),
    /// `#3031`, an unknown name.
    Id(u32),
}

const PATTERN: &str = concat!(
    r"(?P<kda>\b\d{1,3} ?[/-] ?\d{1,3} ?[/-] ?\d{1,3}\b)",
    r"|(?P<versus>\b\d ?v ?\d\b)",
    r"|#(?P<id>\d+)",
    r"|(?P<m>\d{1,3})(?::|'|分钟?零?|m(?:in(?:ute)?s?)?(?: and)?)(?P<s>\d{2}|\d(?:秒|s))(?:秒|s(?:ec(?:ond)?s?)?\b|\x22)?",
    r"|(?P<m2>\d{1,3}) ?(?:分钟?|min(?:ute)?s?)(?: and|零)? ?(?P<s2>\d{1,2}) ?(?:秒钟?|s(?:ec(?:ond)?s?)?\b)",
    r"|(?P<p1>\d{1,3}) ?(?:换|比|对|for|:|(?:个?人头|kills?|次击杀) ?(?:换|比|对|to|for)) ?(?P<p2>\d{1,3})\b",
    r"|(?:minute |第 ?)(?P<minute>\d{1,3})(?: ?分钟?)?(?P<after>.?)",
    r"|(?P<minutes>\d{1,3}(?:\.\d+)?)(?:st|nd|rd|th)?[ -]?(?:分钟|分多|min(?:ute)?s?\b)",
    r"|百分之(?P<zpct>[零一二两三四五六七八九十百]+|\d+(?:\.\d+)?)",
    r"|(?P<tenths>[一二两三四五六七八九])成(?P<tenth>[一二三四五六七八九半]?)",
    r"|(?P<number>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(?P<unit> ?(?:k\b|m\b|万|千|%|percent\b|per cent\b|个百分点|st\b|nd\b|rd\b|th\b))?",
    r"|(?P<zh>[零一二两三四五六七八九十百千万]+)",
    r"|(?P<en>\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen",
    r"|twenty|thirty|forty|fifty|twice|thrice)(?:-(?:one|two|three|four|five|six|seven|eight|nine))?\b)",
    r"|(?P<nth>\b(?:first|second|third|fourth|fifth|sixth|seventh|eighth)\b)"
);

/// A fixed pattern; a test compiles it. Without it nothing would be found, so the caller refuses every text then.
static FIGURES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&PATTERN.replace(r"\b", r"(?-u:\b)")).ok());

/// Every figure of a text in order, or `None` where the pattern itself is broken.
pub(super) fn find(reading: &Reading) -> Option<Vec<Figure>> {
    let pattern = FIGURES.as_ref()?;
    let (text, mut at, mut found) = (reading.lower.as_str(), 0, Vec::new());
    while let Some(captures) = pattern.captures_at(text, at) {
        let Some(whole) = captures.get(0) else { break };
        let group = |name: &str| captures.name(name).map(|group| group.as_str());
        let mut span = whole.range();
        if captures.name("minute").is_some() {
            // What follows was only looked at.
            span.end = captures.name("after").map_or(span.end, |after| after.start());
        }
        at = span.end.max(at + 1);
        while !text.is_char_boundary(at) {
            at += 1;
        }
        if is_inside_word(text, span.start) {
            continue;
        }
        if let Some(kind) = kind(text, &span, &group) {
            found.push(Figure { span, kind });
        }
    }
    Some(found)
}

/// `T1`, `v2`: the digits of a word are no number.
fn is_inside_word(text: &str, at: usize) -> bool {
    let starts_with_digit = text[at..].starts_with(|first: char| first.is_ascii_digit());
    let is_idiom = text[at..].starts_with("one-on-one") || text[..at].ends_with("-on-");
    is_idiom || starts_with_digit && text[..at].ends_with(|before: char| before.is_ascii_alphabetic())
}

fn kind<'a>(text: &str, span: &Range<usize>, group: &dyn Fn(&str) -> Option<&'a str>) -> Option<FigureKind> {
    let parse = |text: &str| text.replace(',', "").parse::<f64>().ok();
    if let Some(kda) = group("kda") {
        let parts: Vec<f64> = kda.split(['/', '-']).filter_map(|part| parse(part.trim())).collect();
        return Some(FigureKind::Kda(parts.try_into().ok()?));
    }
    if group("versus").is_some() {
        return None;
    }
    if let Some(id) = group("id") {
        return Some(FigureKind::Id(id.parse().unwrap_or(u32::MAX)));
    }
    for (minutes, seconds) in [("m", "s"), ("m2", "s2")] {
        if let (Some(minutes), Some(seconds)) = (group(minutes), group(seconds)) {
            let seconds: u64 = seconds.trim_end_matches(['秒', 's']).parse().ok()?;
            return Some(FigureKind::Clock(minutes.parse::<u64>().ok()? * 60 + seconds));
        }
    }
    if let (Some(one), Some(other)) = (group("p1"), group("p2")) {
        return Some(FigureKind::Pair(parse(one)?, parse(other)?));
    }
    if let Some(minute) = group("minute") {
        let is_time = !text[span.start..].starts_with('第') || text[span.clone()].contains('分');
        let value = parse(minute)?;
        return Some(if is_time { FigureKind::Minutes(value) } else { ordinal(value) });
    }
    if let Some(minutes) = group("minutes") {
        return Some(FigureKind::Minutes(parse(minutes)?));
    }
    if let Some(percent) = group("zpct") {
        let value = parse(percent).or_else(|| numerals::chinese(percent))?;
        return Some(number(value, step_of(percent), true, None));
    }
    if let Some(tenths) = group("tenths") {
        let rest = match group("tenth") {
            Some("半") => 5.0,
            Some(digit) if !digit.is_empty() => numerals::chinese(digit)?,
            _ => return word(numerals::chinese(tenths)? * 10.0, 10.0, true),
        };
        return word(numerals::chinese(tenths)? * 10.0 + rest, 1.0, true);
    }
    if let Some(digits) = group("number") {
        return plain(text, span, digits, group("unit").unwrap_or("").trim());
    }
    if let Some(run) = group("zh") {
        return chinese_word(text, span, run);
    }
    if let Some(nth) = group("nth") {
        const NTH: [&str; 8] = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"];
        let value = NTH.iter().position(|known| *known == nth)? as f64 + 1.0;
        let written = Written { value, step: 1.0, is_percent: false, sign: None };
        return Some(FigureKind::Number { written, is_word: true, is_ordinal: true });
    }
    word(numerals::english(group("en")?)?, 1.0, false)
}

fn number(value: f64, step: f64, is_percent: bool, sign: Option<bool>) -> FigureKind {
    let written = Written { value, step, is_percent, sign };
    FigureKind::Number { written, is_word: false, is_ordinal: false }
}

fn ordinal(value: f64) -> FigureKind {
    let written = Written { value, step: 1.0, is_percent: false, sign: None };
    FigureKind::Number { written, is_word: false, is_ordinal: true }
}

fn word(value: f64, step: f64, is_percent: bool) -> Option<FigureKind> {
    let written = Written { value, step, is_percent, sign: None };
    Some(FigureKind::Number { written, is_word: true, is_ordinal: false })
}

fn plain(text: &str, span: &Range<usize>, digits: &str, unit: &str) -> Option<FigureKind> {
    let value: f64 = digits.replace(',', "").parse().ok()?;
    let before = &text[..span.start];
    let sign = match before.chars().next_back() {
        Some('+') => Some(true),
        Some('-') if !before[..before.len() - 1].ends_with(|c: char| c.is_alphanumeric()) => Some(false),
        _ => None,
    };
    let step = step_of(digits);
    Some(match unit {
        "k" => number(value * 1e3, step.min(1.0) * 1e3, false, sign),
        "m" => number(value * 1e6, step.min(1.0) * 1e6, false, sign),
        "万" => number(value * 1e4, step.min(1.0) * 1e4, false, sign),
        "千" => number(value * 1e3, step.min(1.0) * 1e3, false, sign),
        "%" | "percent" | "per cent" | "个百分点" => number(value, step.min(1.0), true, sign),
        "st" | "nd" | "rd" | "th" => ordinal(value),
        _ => number(value, step, false, sign),
    })
}

/// The step of the last digit. From 1,000 on, two or more zeros at the end are taken for rounding.
fn step_of(digits: &str) -> f64 {
    if let Some((_, fraction)) = digits.split_once('.') {
        return 10_f64.powi(-i32::try_from(fraction.len()).unwrap_or(0));
    }
    let plain = digits.replace(',', "");
    let zeros = plain.len() - plain.trim_end_matches('0').len();
    let rounded = if plain.len() >= 4 && zeros >= 2 { zeros.min(plain.len() - 2) } else { 0 };
    10_f64.powi(i32::try_from(rounded).unwrap_or(0))
}

/// A Chinese number counts only before a measure word; a lone 一 never does, it is in every second word.
fn chinese_word(text: &str, span: &Range<usize>, run: &str) -> Option<FigureKind> {
    const MEASURES: &str = "次个条座层人名级件只头位波刀枚颗把场局回换秒";
    let next = text[span.end..].trim_start().chars().next()?;
    if run == "一" || !MEASURES.contains(next) {
        return None;
    }
    let value = numerals::chinese(run)?;
    if text[..span.start].trim_end().ends_with('第') {
        return Some(ordinal(value));
    }
    word(value, 1.0, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_compiles() {
        assert!(FIGURES.is_some());
    }
}
