//! Masks what must not stand in a log: keys, tokens, passwords in URLs, and every secret registered here.
//!
//! It errs on the side of masking too much. It is a net below the rule that secrets are never logged, not a
//! replacement for it.

use std::{
    borrow::Cow,
    ops::Range,
    sync::{PoisonError, RwLock},
};

use crate::secret::{MASK, Secret};

/// Shorter secrets are not registered: masking every `a` of a log would make it useless.
const MIN_REGISTERED_BYTES: usize = 6;
/// The shortest run after `sk-` that is taken for a key rather than for a hyphenated word.
const MIN_KEY_BYTES: usize = 8;

static REGISTERED: RwLock<Vec<Secret>> = RwLock::new(Vec::new());

/// Names whose value is masked wherever `name=value`, `name: value` or `"name":"value"` stands; a longer name that
/// ends in one of these behind `_` or `-` counts too (`access_token`, `x-api-key`).
const NAMES: [&str; 9] =
    ["token", "api_key", "api-key", "apikey", "password", "passwd", "secret", "authorization", "passphrase"];

/// Masks `secret` in every later text, in its plain form. Secrets under 6 bytes are ignored.
pub fn register(secret: &Secret) {
    if secret.expose().len() < MIN_REGISTERED_BYTES {
        return;
    }
    let mut registered = REGISTERED.write().unwrap_or_else(PoisonError::into_inner);
    if !registered.contains(secret) {
        registered.push(secret.clone());
    }
}

/// The text with `***` in place of everything that looks like a secret. Borrows when nothing was found; one pass
/// over the bytes plus one search per registered secret.
pub fn text(input: &str) -> Cow<'_, str> {
    let mut ranges = patterns(input);
    registered(input, &mut ranges);
    if ranges.is_empty() {
        return Cow::Borrowed(input);
    }
    ranges.sort_by_key(|range| range.start);
    let mut output = String::with_capacity(input.len());
    let mut done = 0;
    for range in ranges {
        if range.end <= done {
            continue;
        }
        if range.start >= done {
            output.push_str(&input[done..range.start]);
            output.push_str(MASK);
        }
        done = range.end;
    }
    output.push_str(&input[done..]);
    Cow::Owned(output)
}

fn registered(input: &str, ranges: &mut Vec<Range<usize>>) {
    let secrets = REGISTERED.read().unwrap_or_else(PoisonError::into_inner);
    for secret in secrets.iter() {
        let found = input.match_indices(secret.expose());
        ranges.extend(found.map(|(start, matched)| start..start + matched.len()));
    }
}

/// What the fixed rules find. Every rule starts at an ASCII byte, so ranges fall on character borders.
fn patterns(input: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    for (at, byte) in input.bytes().enumerate() {
        let found = match byte {
            b's' => after_prefix(input, at, "sk-"),
            b'A' => after_prefix(input, at, "AIza"),
            b'b' | b'B' => after_bearer(input, at),
            b'=' => after_name(input, at),
            b':' if input[at..].starts_with("://") => url_password(input, at + 3),
            b':' => after_name(input, at),
            _ => None,
        };
        ranges.extend(found.filter(|range| !range.is_empty() && &input[range.clone()] != MASK));
    }
    ranges
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// The end of the run from `start` whose bytes all satisfy `belongs`.
fn run_end(input: &str, start: usize, belongs: impl Fn(u8) -> bool) -> usize {
    input.as_bytes()[start..]
        .iter()
        .position(|byte| !belongs(*byte))
        .map_or(input.len(), |length| start + length)
}

fn starts_word(input: &str, at: usize) -> bool {
    at == 0 || !is_word(input.as_bytes()[at - 1])
}

fn after_prefix(input: &str, at: usize, prefix: &str) -> Option<Range<usize>> {
    if !starts_word(input, at) || !input[at..].starts_with(prefix) {
        return None;
    }
    let start = at + prefix.len();
    let end = run_end(input, start, is_word);
    (end - start >= MIN_KEY_BYTES).then_some(start..end)
}

fn after_bearer(input: &str, at: usize) -> Option<Range<usize>> {
    const SCHEME: &[u8] = b"bearer";
    let word = input.as_bytes().get(at..at + SCHEME.len())?;
    let start = at + SCHEME.len();
    if !starts_word(input, at) || !word.eq_ignore_ascii_case(SCHEME) || !blank(input, start) {
        return None;
    }
    let start = run_end(input, start, |byte| byte == b' ');
    Some(start..run_end(input, start, is_value))
}

fn blank(input: &str, at: usize) -> bool {
    input.as_bytes().get(at) == Some(&b' ')
}

fn is_value(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && !byte.is_ascii_control() && !b"\"'`&,;<>(){}[]\\|".contains(&byte)
}

/// The value behind the `=` or `:` at `at`, when the name before it is one that holds secrets.
fn after_name(input: &str, at: usize) -> Option<Range<usize>> {
    let bytes = input.as_bytes();
    let mut name_end = at;
    while name_end > 0 && (b"\"'\\ ".contains(&bytes[name_end - 1])) && at - name_end < 3 {
        name_end -= 1;
    }
    let name_start =
        bytes[..name_end].iter().rposition(|byte| !is_word(*byte)).map_or(0, |before| before + 1);
    let name = input[name_start..name_end].to_ascii_lowercase();
    if !names_a_secret(&name) && !is_query_key(bytes, at, name_start, &name) {
        return None;
    }
    Some(value_range(input, at + 1))
}

fn names_a_secret(name: &str) -> bool {
    NAMES.iter().any(|known| {
        name.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with(['_', '-']))
    })
}

/// A bare `key=` is only a secret as a parameter of a URL.
fn is_query_key(bytes: &[u8], at: usize, name_start: usize, name: &str) -> bool {
    name == "key" && bytes[at] == b'=' && name_start > 0 && matches!(bytes[name_start - 1], b'?' | b'&')
}

/// A quoted value runs to its closing quote; a bare one to the next blank, and past one auth scheme's name.
fn value_range(input: &str, after_sign: usize) -> Range<usize> {
    let start = run_end(input, after_sign, |byte| byte == b' ');
    let quote = run_end(input, start, |byte| byte == b'\\');
    if let Some(mark @ (b'"' | b'\'')) = input.as_bytes().get(quote) {
        return quote + 1..quoted_end(input.as_bytes(), quote + 1, *mark);
    }
    let end = run_end(input, start, is_value);
    let scheme = &input[start..end];
    if blank(input, end)
        && ["basic", "bearer", "bot", "digest"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
    {
        return end + 1..run_end(input, end + 1, is_value);
    }
    start..end
}

/// The closing quote, whether or not a backslash stands before it: inside a JSON text that is itself quoted, every
/// quote has one.
fn quoted_end(bytes: &[u8], start: usize, mark: u8) -> usize {
    bytes[start..].iter().position(|byte| *byte == mark).map_or(bytes.len(), |length| {
        let end = start + length;
        end - bytes[start..end].iter().rev().take_while(|byte| **byte == b'\\').count()
    })
}

/// The password of `user:password@host`, from behind `://`.
fn url_password(input: &str, authority: usize) -> Option<Range<usize>> {
    let end = run_end(input, authority, |byte| !b"/?# \"'\\\n".contains(&byte));
    let at_sign = authority + input[authority..end].rfind('@')?;
    let colon = authority + input[authority..at_sign].find(':')?;
    Some(colon + 1..at_sign)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(input: &str, expected: &str) {
        assert_eq!(text(input), expected);
        assert_eq!(text(expected), expected, "a second pass changes nothing");
    }

    #[test]
    fn masks_keys_and_tokens() {
        check("key sk-proj-abcDEF123_456 refused", "key sk-*** refused");
        check("AIzaSyA1234567890", "AIza***");
        check("Authorization: Bearer eyJhbGciOi.x-y_z", "Authorization: Bearer ***");
        check("authorization=basic dXNlcjpwYXNz, next", "authorization=basic ***, next");
        check("bearer   abc", "bearer   ***");
        check("GET /x?key=abc&page=2", "GET /x?key=***&page=2");
        check("/x?page=2&access_token=abc#top", "/x?page=2&access_token=***");
        check("api_key = abc; x-api-key: def", "api_key = ***; x-api-key: ***");
        check("PASSWORD=hunter2 user=me", "PASSWORD=*** user=me");
    }

    #[test]
    fn masks_in_json_and_in_quoted_json() {
        check(r#"{"api_key":"abc def","n":1}"#, r#"{"api_key":"***","n":1}"#);
        check(r#"{"password": "a b"}"#, r#"{"password": "***"}"#);
        check(r#"body="{\"token\":\"abc\",\"n\":1}""#, r#"body="{\"token\":\"***\",\"n\":1}""#);
        check("secret='a b' rest", "secret='***' rest");
    }

    #[test]
    fn masks_passwords_in_urls() {
        check("postgres://loom:p%40ss@db:5432/loom", "postgres://loom:***@db:5432/loom");
        check("redis://:p@ss@cache/0 ok", "redis://:***@cache/0 ok");
        check("http://user@host/a:b@c", "http://user@host/a:b@c");
        check("http://host:80/a@b", "http://host:80/a@b");
    }

    #[test]
    fn leaves_ordinary_text_alone() {
        for plain in [
            "task-list and risk-assessment ask-me",
            "tokens=120 max_tokens: 4096 key=server.bind",
            "the bearer's name, a secretary: present",
            "12:30:05 at http://[::1]:8000/path?q=1",
            "文字：token 用完了",
            "",
        ] {
            assert!(matches!(text(plain), Cow::Borrowed(_)), "{plain} became {}", text(plain));
        }
    }

    #[test]
    fn masks_registered_secrets_anywhere() {
        register(&Secret::new("registered-密码-1".to_owned()));
        register(&Secret::new("abc".to_owned()));
        check("xregistered-密码-1y registered-密码-1", "x***y ***");
        check("abc stays", "abc stays");
    }

    proptest! {
        #[test]
        fn any_text_goes_through(input in any::<String>(), tail in "(key|token|password|bearer|sk-|://)[=: @\"\\\\]{0,4}\\PC{0,20}") {
            let _ = text(&input);
            let _ = text(&format!("{input}{tail}"));
        }

        #[test]
        fn a_token_never_survives(before in "[ -~]{0,20}", token in "[a-zA-Z0-9]{12,30}", form in 0usize..6) {
            let forms = [
                format!("{before} Bearer {token}"),
                format!("{before} sk-{token}"),
                format!("{before} \"api_key\": \"{token}\""),
                format!("{before} token={token}"),
                format!("{before} https://u:{token}@host/"),
                format!("{before} ?key={token}&a=1"),
            ];
            let shown = text(&forms[form]).into_owned();
            prop_assert!(!shown.contains(&token), "{}", shown);
        }
    }
}
