//! How many tokens a text costs: one interface, and an estimate for when no tokenizer of the model is at hand.

/// Counts the tokens of a text as one model family would.
pub trait TokenCounter: Send + Sync {
    /// Tokens of `text` on its own; 0 for the empty text only. Called for every part of every prompt, so an expensive
    /// tokenizer should remember the texts that come back each turn (canon, rules, past turns).
    fn count(&self, text: &str) -> usize;

    /// Whether the figure is the model's own; when false, pages say "about".
    fn exact(&self) -> bool;

    /// The name shown beside the figure, such as `o200k` or `estimate`.
    fn name(&self) -> &str;
}

/// A figure by kind of character, for models whose tokenizer is not at hand.
///
/// One token for a Chinese, Japanese or Korean character, one for four ASCII characters, one for two of any other.
/// OpenAI publishes four characters a token for English; DeepSeek publishes 0.6 tokens for a Chinese character, and
/// older tokenizers need one and a little more. One is taken: a budget that errs should err on the side that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Estimate;

impl TokenCounter for Estimate {
    fn count(&self, text: &str) -> usize {
        let quarters: usize = text
            .chars()
            .map(|character| match character {
                _ if character.is_ascii() => 1,
                _ if is_cjk(character) => 4,
                _ => 2,
            })
            .sum();
        quarters.div_ceil(4)
    }

    fn exact(&self) -> bool {
        false
    }

    fn name(&self) -> &str {
        "estimate"
    }
}

/// Whether a character belongs to a script that is written without spaces between words, its punctuation included.
pub fn is_cjk(character: char) -> bool {
    matches!(u32::from(character),
        0x2E80..=0x303F   // radicals, ideographic punctuation
        | 0x3040..=0x30FF // kana
        | 0x3100..=0x312F // bopomofo
        | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF
        | 0xAC00..=0xD7AF // hangul
        | 0xF900..=0xFAFF
        | 0xFF00..=0xFFEF // full-width forms
        | 0x20000..=0x3134F)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_by_kind_of_character() {
        let cases = [
            ("", 0),
            ("a", 1),
            ("abcd", 1),
            ("abcde", 2),
            ("The lamp went out at nine.", 7),
            ("灯塔", 2),
            ("灯塔。", 3),
            ("（雾）", 3),
            ("灯塔 lamp", 4),
            ("Привет", 3),
            ("é", 1),
        ];
        for (text, expected) in cases {
            assert_eq!(Estimate.count(text), expected, "{text:?}");
        }
        assert!(!Estimate.exact());
    }

    proptest::proptest! {
        #[test]
        fn never_zero_for_some_text_and_nearly_additive(left in ".{1,60}", right in ".{1,60}") {
            let (a, b) = (Estimate.count(&left), Estimate.count(&right));
            let both = Estimate.count(&format!("{left}{right}"));
            proptest::prop_assert!(a >= 1 && b >= 1);
            proptest::prop_assert!(both <= a + b && both + 1 >= a + b);
        }
    }
}
