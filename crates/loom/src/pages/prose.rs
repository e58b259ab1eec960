//! Stories as markup: paragraphs and emphasis, nothing else. Whatever a model or a player wrote stays text.

use maud::{Markup, html};

/// Paragraphs at empty lines, line breaks kept, `*emphasis*` and `**strength**` where both marks stand.
pub(super) fn paragraphs(text: &str) -> Markup {
    let text = visible(text);
    html! {
        @for paragraph in text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
            p {
                @for (number, line) in paragraph.lines().enumerate() {
                    @if number > 0 { br; }
                    (emphasised(line))
                }
            }
        }
    }
}

/// Control characters and the marks that turn the direction of what follows are taken out: they could make a text
/// read as something else than it is.
fn visible(text: &str) -> String {
    let hidden = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.replace("\r\n", "\n").chars().filter(|c| (!c.is_control() || *c == '\n') && !hidden(*c)).collect()
}

fn emphasised(line: &str) -> Markup {
    html! {
        @for (piece, kind) in pieces(line) {
            @match kind {
                Kind::Plain => (piece),
                Kind::Emphasis => em { (piece) },
                Kind::Strong => strong { (piece) },
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Emphasis,
    Strong,
}

fn pieces(line: &str) -> Vec<(&str, Kind)> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some((start, inner, end, kind)) = next_mark(rest) {
        pieces.push((&rest[..start], Kind::Plain));
        pieces.push((inner, kind));
        rest = &rest[end..];
    }
    pieces.push((rest, Kind::Plain));
    pieces.retain(|(piece, _)| !piece.is_empty());
    pieces
}

/// The first pair of marks with something between them: where it begins, what it holds, where it ends.
fn next_mark(text: &str) -> Option<(usize, &str, usize, Kind)> {
    let start = text.find('*')?;
    let (mark, kind) =
        if text[start..].starts_with("**") { ("**", Kind::Strong) } else { ("*", Kind::Emphasis) };
    let from = start + mark.len();
    let length = text[from..].find(mark)?;
    let inner = &text[from..from + length];
    if inner.is_empty() || inner.trim() != inner {
        return None;
    }
    Some((start, inner, from + length + mark.len(), kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(paragraphs(text).into_string(), expected, "{text:?}");
    }

    #[test]
    fn stories_stay_text() {
        check("雾很大。\n\n你停下。", "<p>雾很大。</p><p>你停下。</p>");
        check("one\ntwo", "<p>one<br>two</p>");
        check("a *soft* and a **hard** word", "<p>a <em>soft</em> and a <strong>hard</strong> word</p>");
        check("3 * 4 * 5 and **", "<p>3 * 4 * 5 and **</p>");
        check("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>");
        check("<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>");
        check("[link](javascript:alert(1))", "<p>[link](javascript:alert(1))</p>");
        check("![x](https://evil.example/x.png)", "<p>![x](https://evil.example/x.png)</p>");
        check("user\u{202e}txt.exe\u{7}", "<p>usertxt.exe</p>");
        check("", "");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_an_element_of_its_own(text in "[<>\"'&*a-z \n=/]{0,80}") {
            let rendered = paragraphs(&text).into_string();
            let mut plain = rendered;
            for tag in ["<p>", "</p>", "<br>", "<em>", "</em>", "<strong>", "</strong>"] {
                plain = plain.replace(tag, "");
            }
            proptest::prop_assert!(!plain.contains('<'), "{}", plain);
        }
    }
}
