//! The nearest known word to a misspelt one.

/// Longer words are not compared: the table below is quadratic in their length.
const WORD_CHARS_MAX: usize = 40;

/// The candidate at most two edits away from `word` (one for a word of up to five letters), the nearest first;
/// earlier candidates win ties.
pub(super) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().take(WORD_CHARS_MAX + 1).collect();
    if word.len() > WORD_CHARS_MAX {
        return None;
    }
    candidates
        .iter()
        .map(|candidate| (distance(&word, candidate), *candidate))
        .filter(|(distance, candidate)| distance * 3 <= candidate.chars().count().min(6))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn distance(word: &[char], candidate: &str) -> usize {
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (index, letter) in candidate.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for column in 1..row.len() {
            let substituted = diagonal + usize::from(word[column - 1] != letter);
            diagonal = row[column];
            row[column] = substituted.min(diagonal + 1).min(row[column - 1] + 1);
        }
    }
    row[word.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_near_words_only() {
        let known = ["name", "language", "version", "retcon", "ooc"];
        assert_eq!(nearest("langauge", &known), Some("language"));
        assert_eq!(nearest("Recton", &known), Some("retcon"));
        assert_eq!(nearest("names", &known), Some("name"));
        assert_eq!(nearest("genre", &known), None);
        assert_eq!(nearest("mood", &known), None);
        assert_eq!(nearest(&"x".repeat(10_000), &known), None);
    }
}
