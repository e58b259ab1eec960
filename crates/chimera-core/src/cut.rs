//! Takes large values that nobody asks for out of a JSON document before it is parsed.
//!
//! Four fifths of a timeline are per-minute statistics of which a score needs three minutes, and damage lists that
//! it never needs. Finding the end of such a value by counting brackets is several times faster than parsing it.
//! Brackets inside texts can mislead the count, so a cut is a guess: whoever parses the rest and fails must fall
//! back to the whole document.

use std::ops::Range;

use memchr::memmem::Finder;
use memchr::{memchr, memchr2_iter};

/// A document without the values of some keys.
pub(crate) struct Cut {
    /// The rest: each value taken out is replaced by a list with its number among those of the same key, from 0.
    /// As all lists are taken out, no other value of these keys looks like that.
    pub rest: Vec<u8>,
    /// Where the values of each key were, in the order of the keys.
    pub values: Vec<Vec<Range<usize>>>,
}

/// Takes out every object or list that follows one of `keys`. A key is written with its opening quote and may end
/// early: `"victimDamage` stands for every key that begins so. Numbers and texts stay.
pub(crate) fn cut(json: &[u8], keys: &[&str]) -> Option<Cut> {
    let mut finders: Vec<Occurrences<'_>> = keys.iter().map(|key| Occurrences::new(json, key)).collect();
    let mut made = Cut { rest: Vec::with_capacity(json.len() / 2), values: vec![Vec::new(); keys.len()] };
    let mut done = 0;
    while let Some((index, start)) = next(&finders) {
        let value = value_after(json, start)?;
        let end = match json.get(value)? {
            b'{' => closing(json, value, b'{', b'}')?,
            b'[' => closing(json, value, b'[', b']')?,
            _ => value,
        };
        if end > value {
            let ranges = made.values.get_mut(index)?;
            made.rest.extend_from_slice(json.get(done..value)?);
            made.rest.extend_from_slice(format!("[{}]", ranges.len()).as_bytes());
            ranges.push(value..end);
            done = end;
        }
        for finder in &mut finders {
            finder.advance_to(end);
        }
    }
    made.rest.extend_from_slice(json.get(done..)?);
    Some(made)
}

/// Where a key occurs next.
struct Occurrences<'json> {
    json: &'json [u8],
    finder: Finder<'json>,
    next: Option<usize>,
}

impl<'json> Occurrences<'json> {
    fn new(json: &'json [u8], key: &'json str) -> Self {
        let finder = Finder::new(key.as_bytes());
        let next = finder.find(json);
        Self { json, finder, next }
    }

    fn advance_to(&mut self, from: usize) {
        if self.next.is_some_and(|next| next < from) {
            let rest = self.json.get(from..).unwrap_or_default();
            self.next = self.finder.find(rest).map(|found| from + found);
        }
    }
}

fn next(finders: &[Occurrences<'_>]) -> Option<(usize, usize)> {
    let starts =
        finders.iter().enumerate().filter_map(|(index, finder)| finder.next.map(|next| (index, next)));
    starts.min_by_key(|&(_, start)| start)
}

/// The first byte of the value of the key that starts at `key`.
fn value_after(json: &[u8], key: usize) -> Option<usize> {
    let colon = key + memchr(b':', json.get(key..)?)?;
    let blanks = json.get(colon + 1..)?.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    Some(colon + 1 + blanks)
}

/// The byte after the bracket that closes the one at `from`.
fn closing(json: &[u8], from: usize, open: u8, close: u8) -> Option<usize> {
    let mut depth = 0usize;
    for found in memchr2_iter(open, close, json.get(from..)?) {
        if json.get(from + found) == Some(&open) {
            depth += 1;
        } else {
            depth = depth.checked_sub(1)?;
        }
        if depth == 0 {
            return Some(from + found + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, keys: &[&str], expected: &str) {
        let made = cut(json.as_bytes(), keys).map(|made| String::from_utf8(made.rest).unwrap());
        assert_eq!(made.as_deref().unwrap_or("none"), expected, "{json}");
    }

    #[test]
    fn only_large_values_are_taken_out() {
        check(r#"{"a":{"b":{}},"c":1}"#, &["\"a\""], r#"{"a":[0],"c":1}"#);
        check(r#"{"a" : [[1],{}] ,"c":[2],"a":[3]}"#, &["\"a\"", "\"c"], r#"{"a" : [0] ,"c":[0],"a":[1]}"#);
        check(r#"{"a":7,"b":{"a":{}}}"#, &["\"a\""], r#"{"a":7,"b":{"a":[0]}}"#);
        check(r#"{"b":{"a":{}}}"#, &["\"a\"", "\"b\""], r#"{"b":[0]}"#);
        check(r#"{"a":{"b":1}"#, &["\"b\""], r#"{"a":{"b":1}"#);
        check(r#"{"a":{"b":1}"#, &["\"a\""], r#"{"a":[0]"#);
        check(r#"{"a":{"b":[}"#, &["\"b\""], "none");
        check(r#"{"a"#, &["\"a"], "none");
        check("", &["\"a\""], "");
    }
}
