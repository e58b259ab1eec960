//! The words that make a bracket an intervention, in English and Chinese.

use super::InterventionKind;

const ENGLISH: [(&str, InterventionKind); 6] = [
    ("OOC", InterventionKind::Ooc),
    ("EDIT", InterventionKind::Edit),
    ("RETCON", InterventionKind::Retcon),
    ("TONE", InterventionKind::Tone),
    ("INTENT", InterventionKind::Intent),
    ("QUERY", InterventionKind::Query),
];

const CHINESE: [(&str, InterventionKind); 15] = [
    ("场外", InterventionKind::Ooc),
    ("出戏", InterventionKind::Ooc),
    ("编辑", InterventionKind::Edit),
    ("修改", InterventionKind::Edit),
    ("改写", InterventionKind::Edit),
    ("追溯", InterventionKind::Retcon),
    ("改史", InterventionKind::Retcon),
    ("回溯", InterventionKind::Retcon),
    ("语气", InterventionKind::Tone),
    ("基调", InterventionKind::Tone),
    ("风格", InterventionKind::Tone),
    ("意图", InterventionKind::Intent),
    ("询问", InterventionKind::Query),
    ("提问", InterventionKind::Query),
    ("查询", InterventionKind::Query),
];

/// What follows an opening bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// A keyword and a colon; the content begins this many bytes on.
    Keyword(InterventionKind, usize),
    /// A keyword in capitals without a colon: probably meant.
    NoColon(InterventionKind),
    /// Story.
    Plain,
}

/// Reads the keyword after a bracket. White space around the keyword is skipped.
pub(super) fn read(text: &str) -> Start {
    let word = text.trim_start();
    let Some((written, kind)) = keyword(word) else { return Start::Plain };
    let after = word[written..].trim_start();
    let content = text.len() - after.len();
    if let Some(colon) = after.chars().next().filter(|c| is_colon(*c)) {
        return Start::Keyword(kind, content + colon.len_utf8());
    }
    let capitals = word[..written].bytes().all(|byte| byte.is_ascii_uppercase());
    if capitals && !word[written..].starts_with(char::is_alphanumeric) {
        return Start::NoColon(kind);
    }
    Start::Plain
}

/// The keyword at the start of a text, by its length in bytes.
fn keyword(text: &str) -> Option<(usize, InterventionKind)> {
    let english = ENGLISH
        .into_iter()
        .find(|(word, _)| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)));
    let (word, kind) = english.or_else(|| CHINESE.into_iter().find(|(word, _)| text.starts_with(word)))?;
    Some((word.len(), kind))
}

/// `:` or its full-width form.
pub(super) fn is_colon(c: char) -> bool {
    matches!(c, ':' | '：')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_need_a_colon() {
        let cases = [
            ("EDIT: door", Start::Keyword(InterventionKind::Edit, 5)),
            (" edit : door", Start::Keyword(InterventionKind::Edit, 7)),
            ("场外：嗨", Start::Keyword(InterventionKind::Ooc, 9)),
            ("改史:x", Start::Keyword(InterventionKind::Retcon, 7)),
            ("QUERY who", Start::NoColon(InterventionKind::Query)),
            ("TONE]", Start::NoColon(InterventionKind::Tone)),
            ("tone of voice", Start::Plain),
            ("editor: x", Start::Plain),
            ("TONED down", Start::Plain),
            ("风格各异", Start::Plain),
            ("", Start::Plain),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
