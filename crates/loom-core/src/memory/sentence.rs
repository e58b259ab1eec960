//! Text cut into sentences, and cut short, in either script.

use crate::tokens::is_cjk;

/// The sentences of a text, trimmed, closing quotation marks included; a line end ends a sentence too.
pub(crate) fn sentences(text: &str) -> Vec<&str> {
    text.lines().flat_map(line_sentences).collect()
}

/// At most `width` columns of a text, an ideograph taking two; cut between words, with an ellipsis when cut.
pub(crate) fn clip(text: &str, width: usize) -> String {
    let text = text.trim();
    let (mut used, mut end, mut word_end) = (0, text.len(), 0);
    for (at, character) in text.char_indices() {
        let columns = if is_cjk(character) { 2 } else { 1 };
        if used + columns > width {
            end = at;
            break;
        }
        used += columns;
        if character.is_whitespace() || is_cjk(character) {
            word_end = at + if is_cjk(character) { character.len_utf8() } else { 0 };
        }
    }
    if end == text.len() {
        return text.to_owned();
    }
    let end = if word_end * 2 > end { word_end } else { end };
    format!("{}…", text[..end].trim_end_matches(|c: char| c.is_whitespace() || "，,、；;：:。.".contains(c)))
}

fn line_sentences(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut characters = line.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let full_stop = character == '.' && ends_sentence(&line[start..at], &line[at + 1..]);
        if !full_stop && !"。！？!?…".contains(character) {
            continue;
        }
        let mut end = at + character.len_utf8();
        while let Some((at, closing)) =
            characters.next_if(|(_, next)| "。！？!?….”’」』）)\"'".contains(*next))
        {
            end = at + closing.len_utf8();
        }
        push(&mut found, &line[start..end]);
        start = end;
    }
    push(&mut found, &line[start..]);
    found
}

/// A full stop ends a sentence when white space or nothing follows and no title precedes.
fn ends_sentence(before: &str, after: &str) -> bool {
    let title = ["Mr", "Mrs", "Ms", "Dr", "St", "No"]
        .iter()
        .any(|title| before.strip_suffix(title).is_some_and(|rest| !rest.ends_with(char::is_alphanumeric)));
    let next = after.chars().find(|character| !"”’\"')".contains(*character));
    !title && next.is_none_or(char::is_whitespace)
}

fn push<'a>(found: &mut Vec<&'a str>, sentence: &'a str) {
    let sentence = sentence.trim();
    if !sentence.is_empty() {
        found.push(sentence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_sentences() {
        let cases: &[(&str, &[&str])] = &[
            ("雾来了。灯灭了！“谁？”他问。", &["雾来了。", "灯灭了！", "“谁？”", "他问。"]),
            ("Dr. Vane left. \"Go.\" It was 3.5 miles", &["Dr. Vane left.", "\"Go.\"", "It was 3.5 miles"]),
            ("One\n\nTwo.", &["One", "Two."]),
            ("等等……好。", &["等等……", "好。"]),
            ("  ", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(sentences(text), *expected, "{text}");
        }
    }

    #[test]
    fn clips_between_words() {
        let cases = [
            ("short", 10, "short"),
            ("the lamp went out", 12, "the lamp…"),
            ("灯塔的灯灭了，", 8, "灯塔的灯…"),
            ("灯灭了，雾来了", 8, "灯灭了…"),
            ("abcdefghijkl", 5, "abcde…"),
        ];
        for (text, width, expected) in cases {
            assert_eq!(clip(text, width), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn loses_no_letters(text in "[a雾.。 \n\"”!]{0,40}") {
            let joined: String = sentences(&text).concat().split_whitespace().collect();
            let whole: String = text.split_whitespace().collect();
            proptest::prop_assert_eq!(joined, whole);
        }
    }
}
