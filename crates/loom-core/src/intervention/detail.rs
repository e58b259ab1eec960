//! An intervention's content taken apart: subject and text of an EDIT, target and text of a RETCON.

use super::keyword::is_colon;
use super::{Detail, InterventionKind, RetconTarget};

/// Why content cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unusable {
    /// Nothing is in it.
    Empty,
    /// EDIT and RETCON need two parts with a colon between.
    NoColon,
    /// One side of the colon is blank.
    HalfEmpty,
    /// Turns count from 1.
    NoSuchTurn,
}

/// Reads `content`, which is trimmed.
pub(super) fn read(kind: InterventionKind, content: &str) -> Result<Detail, Unusable> {
    if content.is_empty() {
        return Err(Unusable::Empty);
    }
    match kind {
        InterventionKind::Edit => {
            let (subject, text) = parts(content)?;
            Ok(Detail::Edit { subject: unescape(subject), text: unescape(text) })
        }
        InterventionKind::Retcon => {
            let (target, text) = parts(content)?;
            Ok(Detail::Retcon { target: self::target(target)?, text: unescape(text) })
        }
        InterventionKind::Ooc
        | InterventionKind::Tone
        | InterventionKind::Intent
        | InterventionKind::Query => Ok(Detail::Note(unescape(content))),
    }
}

/// The content without the backslashes before brackets.
pub(super) fn unescape(content: &str) -> String {
    let mut plain = String::with_capacity(content.len());
    let mut chars = content.chars().peekable();
    while let Some(c) = chars.next() {
        let bracket = |c: &char| "()（）[]［］【】".contains(*c);
        if !(c == '\\' && chars.peek().is_some_and(bracket)) {
            plain.push(c);
        }
    }
    plain
}

/// Both sides of the first colon that stands in no inner bracket, or of the first colon if all of them do.
fn parts(content: &str) -> Result<(&str, &str), Unusable> {
    let mut depth = 0_usize;
    let mut colons = content.char_indices().filter_map(|(at, c)| match c {
        '(' | '（' | '[' | '［' | '【' => {
            depth += 1;
            None
        }
        ')' | '）' | ']' | '］' | '】' => {
            depth = depth.saturating_sub(1);
            None
        }
        c if is_colon(c) => Some((at, at + c.len_utf8(), depth)),
        _ => None,
    });
    let first = colons.next();
    let outside = first.filter(|(.., depth)| *depth == 0).or_else(|| colons.find(|(.., depth)| *depth == 0));
    let (at, after, _) = outside.or(first).ok_or(Unusable::NoColon)?;
    let (subject, text) = (content[..at].trim(), content[after..].trim());
    if subject.is_empty() || text.is_empty() { Err(Unusable::HalfEmpty) } else { Ok((subject, text)) }
}

/// `#12`, `turn 12`, `第12回合`, `第三轮`, `回合12`; anything else is a subject.
fn target(written: &str) -> Result<RetconTarget, Unusable> {
    let narrow: String = written.chars().map(half_width).collect::<String>().to_lowercase();
    let word = narrow.trim();
    let after_word =
        ["turn", "回合"].into_iter().find_map(|prefix| word.strip_prefix(prefix)).map(str::trim_start);
    let digits = word
        .strip_prefix('#')
        .or_else(|| after_word.map(|rest| rest.strip_prefix('#').unwrap_or(rest)))
        .or_else(|| {
            let rest = word.strip_prefix('第')?;
            ["回合", "轮", "回"].into_iter().find_map(|unit| rest.strip_suffix(unit))
        })
        .map(str::trim);
    match digits.and_then(number) {
        Some(0) => Err(Unusable::NoSuchTurn),
        Some(turn) => Ok(RetconTarget::Turn(turn)),
        None => Ok(RetconTarget::Subject(unescape(written))),
    }
}

fn half_width(c: char) -> char {
    match c {
        '０'..='９' | '＃' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    }
}

/// Arabic digits, or Chinese numerals below one hundred.
fn number(digits: &str) -> Option<u64> {
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number too large to hold is a turn that does not exist.
        return Some(digits.parse().unwrap_or(0));
    }
    let value = |c: char| "零一二三四五六七八九".chars().position(|sign| sign == c);
    let (tens, ones) = match digits.split_once('十') {
        Some(("", ones)) => (1, ones),
        Some((tens, ones)) => (single(tens, value)?, ones),
        None => return single(digits, value),
    };
    let ones = if ones.is_empty() { 0 } else { single(ones, value)? };
    Some(tens * 10 + ones)
}

fn single(text: &str, value: impl Fn(char) -> Option<usize>) -> Option<u64> {
    let mut chars = text.chars();
    let first = chars.next()?;
    if chars.next().is_some() {
        return None;
    }
    u64::try_from(value(first)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_turns_or_subjects() {
        let turns = [
            ("#12", 12),
            ("＃１２", 12),
            ("turn 12", 12),
            ("Turn #7", 7),
            ("turn7", 7),
            ("第12回合", 12),
            ("第 3 轮", 3),
            ("第三回合", 3),
            ("第十回", 10),
            ("第二十一回合", 21),
            ("回合 5", 5),
        ];
        for (written, expected) in turns {
            assert_eq!(target(written), Ok(RetconTarget::Turn(expected)), "{written}");
        }
        for subject in ["the door", "turncoat", "turn of the tide", "第一夫人", "#tag", "12"] {
            assert_eq!(target(subject), Ok(RetconTarget::Subject(subject.to_owned())), "{subject}");
        }
        for missing in ["#0", "第0回合", "#99999999999999999999999"] {
            assert_eq!(target(missing), Err(Unusable::NoSuchTurn), "{missing}");
        }
    }

    #[test]
    fn the_first_colon_outside_brackets_parts() {
        let cases = [
            ("door: the lock is gone: for good", Ok(("door", "the lock is gone: for good"))),
            ("clock (12:30): stopped", Ok(("clock (12:30)", "stopped"))),
            ("灯塔：熄了", Ok(("灯塔", "熄了"))),
            ("(a:b", Ok(("(a", "b"))),
            ("door is open", Err(Unusable::NoColon)),
            (": open", Err(Unusable::HalfEmpty)),
            ("door:", Err(Unusable::HalfEmpty)),
        ];
        for (content, expected) in cases {
            assert_eq!(parts(content), expected, "{content}");
        }
    }
}
