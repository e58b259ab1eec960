//! The rules as tables of patterns, one file a topic.

use std::ops::Range;
use std::sync::LazyLock;

use super::Rule;
use super::pattern::{Pattern, Refusal, Written};

mod future;
mod people;
mod skill;
mod statistics;

struct Book {
    patterns: Vec<Pattern>,
    refusal: Refusal,
}

/// The compiled rules. A pattern that does not compile would leave a hole, so then there is no book at all and every
/// sentence counts as a breach; a test compiles each entry.
static BOOK: LazyLock<Option<Book>> = LazyLock::new(|| {
    let patterns = written().iter().map(Written::compiled).collect::<Result<Vec<_>, _>>().ok()?;
    Some(Book { patterns, refusal: Refusal::compiled().ok()? })
});

fn written() -> Vec<Written> {
    [statistics::patterns(), future::patterns(), skill::patterns(), people::patterns()]
        .into_iter()
        .flatten()
        .collect()
}

/// The breaches in one plain sentence, with their places in it.
pub(super) fn breaches(sentence: &str) -> Vec<(Rule, Range<usize>)> {
    let Some(book) = BOOK.as_ref() else {
        return vec![(Rule::NegativeLabel, 0..sentence.len())];
    };
    let find = |pattern: &Pattern| Some((pattern.rule, pattern.find(sentence, &book.refusal)?));
    book.patterns.iter().filter_map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        for (number, pattern) in written().iter().enumerate() {
            assert!(pattern.compiled().is_ok(), "pattern {number}: {:?}", pattern.compiled().err());
        }
        assert!(Refusal::compiled().is_ok());
    }
}
