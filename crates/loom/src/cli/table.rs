//! Plain tables for terminals: columns as wide as their widest cell, wide characters counted as two.

/// Renders rows under a head; the last column is not padded.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|cell| width(cell)).collect();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            widths[column] = widths[column].max(width(cell));
        }
    }
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&head).chain(rows) {
        let last = row.len().saturating_sub(1);
        for (column, cell) in row.iter().enumerate() {
            text.push_str(cell);
            if column < last {
                text.extend(std::iter::repeat_n(' ', widths[column] - width(cell) + 2));
            }
        }
        text.push('\n');
    }
    text
}

/// Columns that a terminal gives a text; control characters never get here.
fn width(text: &str) -> usize {
    text.chars().map(|character| if loom_core::tokens::is_cjk(character) { 2 } else { 1 }).sum()
}

/// A text that cannot steer the terminal: control characters and line breaks become spaces, and long ones are cut.
pub(super) fn plain(text: &str, most: usize) -> String {
    let flat: String = text.chars().map(|c| if c.is_control() || is_bidi(c) { ' ' } else { c }).collect();
    if flat.chars().count() <= most {
        return flat;
    }
    flat.chars().take(most.saturating_sub(1)).chain(std::iter::once('…')).collect()
}

/// The same for prose: line breaks stay.
pub(super) fn prose(text: &str) -> String {
    text.chars().map(|c| if (c.is_control() && c != '\n') || is_bidi(c) { ' ' } else { c }).collect()
}

fn is_bidi(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_with_wide_characters() {
        let rows = vec![
            vec!["1".to_owned(), "雾港灯塔".to_owned(), "x".to_owned()],
            vec!["22".to_owned(), "Ashfall".to_owned(), "y".to_owned()],
        ];
        insta::assert_snapshot!(table(&["ID", "NAME", "CANON"], &rows), @r"
        ID  NAME      CANON
        1   雾港灯塔  x
        22  Ashfall   y
        ");
    }

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(plain("a\u{1b}[31m\nb\u{202e}c", 40), "a [31m b c");
        assert_eq!(plain("abcdef", 4), "abc…");
        assert_eq!(prose("a\nb\u{7}"), "a\nb ");
    }
}
