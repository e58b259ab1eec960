//! Shortens text to a limit without breaking what a reader sees: clusters, escapes and code blocks stay whole.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use crate::discord::limits::length;

/// Shows that something was left out.
const ELLIPSIS: char = '…';
/// A cluster longer than this is not a letter but an attack of combining marks; it is cut like plain characters.
const LONGEST_CLUSTER: usize = 40;
const FENCE: &str = "```";

/// The text within `limit` UTF-16 units. What is cut ends in an ellipsis; a code block that the cut left open is
/// closed.
pub fn cut(text: &str, limit: usize) -> Cow<'_, str> {
    if length(text) <= limit {
        return Cow::Borrowed(text);
    }
    if limit == 0 {
        return Cow::Borrowed("");
    }
    let shortened = prefix(text, limit - 1);
    if !has_open_block(shortened) {
        return Cow::Owned(format!("{shortened}{ELLIPSIS}"));
    }
    let closing = format!("{ELLIPSIS}\n{FENCE}");
    // Where not even the closing fence fits, a message this short shows nothing anyway.
    let inside = without_half_fence(prefix(text, limit.saturating_sub(length(&closing))));
    if has_open_block(inside) {
        return Cow::Owned(format!("{inside}{closing}"));
    }
    Cow::Owned(format!("{inside}{ELLIPSIS}"))
}

fn has_open_block(text: &str) -> bool {
    text.matches(FENCE).count() % 2 == 1
}

/// A cut can fall between the three characters of a fence.
fn without_half_fence(text: &str) -> &str {
    let quotes = text.len() - text.trim_end_matches('`').len();
    &text[..text.len() - quotes % FENCE.len()]
}

/// As many whole clusters as fit, without trailing blanks or a lone backslash.
fn prefix(text: &str, limit: usize) -> &str {
    let mut end = 0;
    let mut used = 0;
    'clusters: for (start, cluster) in text.grapheme_indices(true) {
        let units = length(cluster);
        if used + units <= limit {
            used += units;
            end = start + cluster.len();
            continue;
        }
        if units > LONGEST_CLUSTER {
            for (offset, character) in cluster.char_indices() {
                if used + character.len_utf16() > limit {
                    break 'clusters;
                }
                used += character.len_utf16();
                end = start + offset + character.len_utf8();
            }
        }
        break;
    }
    let kept = text[..end].trim_end();
    let backslashes = kept.len() - kept.trim_end_matches('\\').len();
    &kept[..kept.len() - backslashes % 2]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, limit: usize, expected: &str) {
        assert_eq!(cut(text, limit), expected, "{text} to {limit}");
    }

    #[test]
    fn what_fits_stays() {
        check("Ahri", 4, "Ahri");
        check("", 0, "");
        check("阿狸", 2, "阿狸");
    }

    #[test]
    fn clusters_escapes_and_blanks_are_not_split() {
        check("Ahri wins", 5, "Ahri…");
        check("Ahri wins", 6, "Ahri…");
        check("ab\\*cd", 4, "ab…");
        check("ab\\\\cd", 5, "ab\\\\…");
        check("a👨‍👩‍👧‍👦b", 5, "a…");
        check("🇨🇳🇨🇳", 6, "🇨🇳…");
        check("abc", 0, "");
        check("abc", 1, "…");
    }

    #[test]
    fn an_open_code_block_is_closed() {
        check("```\n12345678901234567890\n```", 16, "```\n1234567…\n```");
        check("```\n1\n``` and more text", 14, "```\n1\n``` and…");
        check("`````` ```x", 8, "``````…");
    }

    #[test]
    fn a_tower_of_marks_is_cut_inside() {
        let tower = format!("a{}", "\u{301}".repeat(500));
        assert_eq!(length(&cut(&tower, 100)), 100);
    }

    proptest! {
        #[test]
        fn nothing_is_ever_longer_than_the_limit(text in "(\\PC|```|\\\\|\u{301}|\n){0,120}", limit in 0usize..80) {
            let shortened = cut(&text, limit);
            prop_assert!(length(&shortened) <= limit);
            if limit > 12 && text.matches(FENCE).count() % 2 == 0 && !text.contains("````") {
                prop_assert_eq!(shortened.matches(FENCE).count() % 2, 0, "{}", shortened);
            }
        }
    }
}
