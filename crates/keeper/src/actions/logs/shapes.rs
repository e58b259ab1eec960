//! Lines that matter, grouped by their shape: the line without its numbers, ids and quoted words.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::Path,
};

use jiff::{SignedDuration, Timestamp};
use keeper_core::plan::service::LogKind;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{lines, rotated};

/// A shape that was not there in so long before is new.
const BEFORE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// More shapes of one file than this are counted together.
const MOST: usize = 2_000;

/// Which lines matter.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// One of these is in the line, in capital or small letters.
    words: Vec<String>,
}

impl Rule {
    /// The words of a pattern, separated by `|`; without one, those that matter in a log of this kind.
    pub(super) fn new(kind: LogKind, pattern: Option<&str>) -> Self {
        let usual = match kind {
            LogKind::Application => {
                " error | error:|\"level\":\"error\"|fatal|critical|panicked at|traceback"
            }
            LogKind::Access => {
                "unauthorized|forbidden|status=401|status=403|\" 401 |\" 403 |\"status\":401|\"status\":403"
            }
            LogKind::Audit => "failed|denied|unauthorized|forbidden",
        };
        let words = pattern.unwrap_or(usual).replace("\\|", "|").to_lowercase();
        Self { words: words.split('|').filter(|word| !word.is_empty()).map(str::to_owned).collect() }
    }

    fn fits(&self, line: &str) -> bool {
        let lower = line.to_lowercase();
        self.words.iter().any(|word| lower.contains(word))
    }
}

/// What a log file says.
#[derive(Debug, Default, Serialize)]
pub(super) struct Found {
    /// Lines in the time that was looked at.
    pub(super) lines: u64,
    /// Those that matter.
    pub(super) matches: u64,
    /// Those by their shape, most frequent first.
    pub(super) shapes: Vec<Shape>,
    /// The newest of them.
    pub(super) last: VecDeque<String>,
}

/// Lines that differ only in numbers, ids and quoted words.
#[derive(Debug, Serialize)]
pub(super) struct Shape {
    pub(super) count: u64,
    /// It was not there in the week before.
    pub(super) is_new: bool,
    /// One of its lines.
    pub(super) sample: String,
}

/// Reads a log file and its copies as far as they are recent enough.
pub(super) fn scan(
    path: &Path,
    rule: &Rule,
    from: Timestamp,
    last: usize,
    stop: &CancellationToken,
) -> anyhow::Result<Found> {
    let earliest = from.saturating_sub(BEFORE)?;
    let copies = rotated::of(path).into_iter().filter(|copy| copy.made_at >= earliest);
    let mut files: Vec<_> = copies.map(|copy| copy.path).collect();
    files.extend(path.exists().then(|| path.to_owned()));
    let mut found = Found::default();
    let mut before = BTreeSet::new();
    let mut shapes: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for file in files {
        // A line without a time belongs to the one above it; before the first there is no telling.
        let mut at = None;
        lines::each(&file, |line| {
            at = time_of(line).or(at);
            let Some(at) = at.filter(|at| *at >= earliest) else { return !stop.is_cancelled() };
            let is_inside = at >= from;
            found.lines += u64::from(is_inside);
            if rule.fits(line) {
                let shape = shape_of(line);
                if is_inside {
                    found.matches += 1;
                    let safe = chassis::redact::text(line).into_owned();
                    if last > 0 {
                        found.last.push_back(safe.clone());
                        found.last.drain(..found.last.len().saturating_sub(last));
                    }
                    let shape = if shapes.len() < MOST { shape } else { String::new() };
                    shapes.entry(shape).or_insert((0, safe)).0 += 1;
                } else if before.len() < MOST {
                    before.insert(shape);
                }
            }
            !stop.is_cancelled()
        })?;
    }
    found.shapes = shapes
        .into_iter()
        .map(|(shape, (count, sample))| Shape { count, is_new: !before.contains(&shape), sample })
        .collect();
    found.shapes.sort_by_key(|shape| std::cmp::Reverse(shape.count));
    Ok(found)
}

/// The first time in the beginning of a line; without an offset it is UTC.
fn time_of(line: &str) -> Option<Timestamp> {
    const PICTURE: &[u8] = b"dddd-dd-dd?dd:dd:dd";
    let bytes = line.as_bytes();
    let fits = |window: &[u8]| {
        window.iter().zip(PICTURE).all(|(byte, picture)| match picture {
            b'd' => byte.is_ascii_digit(),
            b'?' => matches!(byte, b'T' | b' '),
            other => byte == other,
        })
    };
    let start = bytes.windows(PICTURE.len()).take(200).position(fits)?;
    let second = line.get(start..start + PICTURE.len())?.replace(' ', "T");
    let rest = line.get(start + PICTURE.len()..)?;
    let fraction =
        rest.bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',')).count();
    let zone = &rest[fraction..];
    let offset = match zone.as_bytes() {
        [b'+' | b'-', hour @ ..] if hour.len() >= 5 && hour[2] == b':' => zone.get(..6).unwrap_or("Z"),
        _ => "Z",
    };
    format!("{second}{offset}").parse().ok()
}

/// The line without what differs from one time to the next.
fn shape_of(line: &str) -> String {
    let mut shape = String::new();
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '"' {
            while characters.next_if(|next| *next != '"').is_some() {}
            characters.next();
            shape.push_str("\"…\"");
        } else if character.is_ascii_digit() {
            while characters
                .next_if(|next| next.is_ascii_hexdigit() || matches!(next, '.' | ':' | '-' | '_'))
                .is_some()
            {}
            shape.push('#');
        } else {
            shape.push(character);
        }
        if shape.len() > 300 {
            break;
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_in_the_usual_forms() {
        let check = |line: &str, expected: Option<&str>| {
            assert_eq!(time_of(line).map(|at| at.to_string()).as_deref(), expected, "{line}");
        };
        check("2026-03-02 09:00:00.123  ERROR x", Some("2026-03-02T09:00:00Z"));
        check(r#"{"timestamp":"2026-03-02T09:00:00.123Z","level":"ERROR"}"#, Some("2026-03-02T09:00:00Z"));
        check("[2026-03-02T09:00:00+08:00] x", Some("2026-03-02T01:00:00Z"));
        check("2026-03-02 09:00:00,123 - ERROR", Some("2026-03-02T09:00:00Z"));
        check("  at line 12", None);
        check("2026-99-02 09:00:00 x", None);
        check("日志 2026-03-02 09:00:00", Some("2026-03-02T09:00:00Z"));
    }

    #[test]
    fn shapes_forget_what_differs() {
        assert_eq!(
            shape_of(r#"2026-03-02 09:00:00 ERROR user 4f2a-77 got "x y" after 12 ms"#),
            shape_of(r#"2026-03-03 10:10:10 ERROR user 9c1b-00 got "z" after 9 ms"#)
        );
        assert_ne!(shape_of("ERROR a 1"), shape_of("ERROR b 1"));
    }

    #[test]
    fn new_shapes_are_told_from_known_ones() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        std::fs::write(folder.path().join("app.log.20260228T000000Z"), "2026-02-27 01:00:00 ERROR known 7\n")
            .unwrap();
        let text = "2026-03-01 08:00:00 ERROR too old\n2026-03-02 08:00:00 INFO fine\n\
                    2026-03-02 08:00:01 ERROR known 8\n2026-03-02 08:00:02 ERROR fresh 1\n\
                    2026-03-02 08:00:03 ERROR fresh 2\n";
        std::fs::write(&path, text).unwrap();
        let rule = Rule::new(LogKind::Application, None);
        let from = "2026-03-02T00:00:00Z".parse().unwrap();
        let found = scan(&path, &rule, from, 1, &CancellationToken::new()).unwrap();
        assert_eq!((found.lines, found.matches), (4, 3));
        let told: Vec<_> = found.shapes.iter().map(|shape| (shape.count, shape.is_new)).collect();
        assert_eq!(told, [(2, true), (1, false)]);
        assert_eq!(found.last, ["2026-03-02 08:00:03 ERROR fresh 2"]);
    }
}
