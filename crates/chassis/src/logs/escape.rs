//! Keeps one event on one line: control characters and those that reorder text become `\u00XX`.

use std::{borrow::Cow, fmt::Write};

/// Characters that could forge a line, drive a terminal or reverse what a reader sees.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The line with unsafe characters as `\n`, `\t` or `\u001b`, which are escapes in JSON too.
pub(super) fn line(input: &str) -> Cow<'_, str> {
    let Some(first) = input.find(is_unsafe) else { return Cow::Borrowed(input) };
    let mut output = String::with_capacity(input.len() + 16);
    output.push_str(&input[..first]);
    for character in input[first..].chars() {
        match character {
            '\n' => output.push_str("\\n"),
            '\r' => output.push_str("\\r"),
            '\t' => output.push_str("\\t"),
            other if is_unsafe(other) => {
                // Writing to a String cannot fail.
                let _ = write!(output, "\\u{:04x}", other as u32);
            }
            other => output.push(other),
        }
    }
    Cow::Owned(output)
}

/// One word of a space-separated line: quoted when it holds a blank or a quote, `-` when it is empty.
pub(super) fn word(input: &str) -> Cow<'_, str> {
    match input {
        "" => Cow::Borrowed("-"),
        plain if !plain.contains([' ', '"', '\\']) => Cow::Borrowed(plain),
        other => Cow::Owned(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(input: &str, expected: &str) {
        assert_eq!(line(input), expected);
    }

    #[test]
    fn escapes_what_could_forge_a_line() {
        check("plain 文字 ok", "plain 文字 ok");
        check("a\nb\r\tc", "a\\nb\\r\\tc");
        check("\u{1b}[31mred\u{7f}\u{85}", "\\u001b[31mred\\u007f\\u0085");
        check("user\u{202e}nimda\u{2028}", "user\\u202enimda\\u2028");
    }

    #[test]
    fn quotes_words_with_blanks() {
        assert_eq!(word("alice"), "alice");
        assert_eq!(word(""), "-");
        assert_eq!(word("al ice \""), r#""al ice \"""#);
    }

    proptest! {
        #[test]
        fn no_text_yields_two_lines(input in any::<String>()) {
            prop_assert!(!line(&input).contains(is_unsafe));
        }
    }
}
