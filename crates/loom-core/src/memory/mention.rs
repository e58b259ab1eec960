//! Whether a text speaks of a subject, by its letters alone.

use crate::tokens::is_cjk;

/// Whether `text` names `subject`: anywhere for a subject in Chinese, Japanese or Korean; as whole words, case and a
/// leading article aside, for any other. Linear in the text for a subject of bounded length.
pub fn mentions(text: &str, subject: &str) -> bool {
    let wanted = subject_key(without_article(subject.trim()));
    if wanted.is_empty() {
        return false;
    }
    let text = subject_key(text);
    if wanted.chars().any(is_cjk) {
        return text.contains(&wanted);
    }
    text.match_indices(&wanted).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let after = text[at + found.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// A subject as it is compared: lower case, white space collapsed.
pub(crate) fn subject_key(subject: &str) -> String {
    let mut key = String::with_capacity(subject.len());
    for word in subject.split_whitespace() {
        if !key.is_empty() {
            key.push(' ');
        }
        key.extend(word.chars().flat_map(char::to_lowercase));
    }
    key
}

/// The known subjects most like `subject`, best first, at most three, none that share nothing with it.
pub(crate) fn nearest<'a>(subject: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted = pairs(subject);
    let mut scored: Vec<(usize, &str)> = known
        .map(|candidate| {
            let other = pairs(candidate);
            let shared = wanted.iter().filter(|pair| other.contains(pair)).count();
            (2_000 * shared / (wanted.len() + other.len()).max(1), candidate)
        })
        .filter(|(score, _)| *score > 0)
        .collect();
    scored.sort_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.cmp(right.1)));
    scored.into_iter().take(3).map(|(_, candidate)| candidate.to_owned()).collect()
}

/// Single ideographs and neighbouring pairs, as short Chinese names share too little by pairs alone; of a long subject
/// only the beginning counts.
fn pairs(subject: &str) -> Vec<String> {
    let key = subject_key(subject);
    let key: Vec<char> = key.chars().filter(|character| !character.is_whitespace()).take(64).collect();
    let singles = key.iter().filter(|character| is_cjk(**character)).map(char::to_string);
    let mut found: Vec<String> = singles.chain(key.windows(2).map(|pair| pair.iter().collect())).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() && !is_cjk(character)
}

fn without_article(subject: &str) -> &str {
    ["the ", "a ", "an "]
        .iter()
        .find_map(|article| {
            let head = subject.get(..article.len())?;
            head.eq_ignore_ascii_case(article).then(|| subject[article.len()..].trim_start())
        })
        .unwrap_or(subject)
}
