//! A card as plain text: the same words that Discord shows, for a terminal.

use crate::discord::Message;

/// Every text of the message's cards, one paragraph a field.
pub(super) fn of(message: &Message) -> String {
    let mut text = String::new();
    for embed in &message.embeds {
        let head = [embed.author.as_ref().map(|author| &author.name), embed.title.as_ref()];
        for line in head.into_iter().flatten().chain(embed.description.as_ref()) {
            text.push_str(&plain(line));
            text.push_str("\n\n");
        }
        for field in &embed.fields {
            text.push_str(&format!("{}\n{}\n\n", plain(&field.name), plain(&field.value)));
        }
        if let Some(footer) = &embed.footer {
            text.push_str(&plain(&footer.text));
            text.push('\n');
        }
    }
    text
}

/// Without Discord's marks and escapes, and without anything that could steer a terminal.
fn plain(marked: &str) -> String {
    let without_fences =
        marked.lines().filter(|line| !line.starts_with("```")).collect::<Vec<_>>().join("\n");
    let mut text = String::with_capacity(without_fences.len());
    let mut characters =
        without_fences.replace("**", "").replace('`', "").chars().collect::<Vec<_>>().into_iter().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek().is_some_and(char::is_ascii_punctuation) => {
                text.extend(characters.next());
            }
            c if c.is_control() && c != '\n' => text.push(' '),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discord::message::Embed;

    #[test]
    fn marks_and_escapes_go_and_words_stay() {
        let check = |marked: &str, expected: &str| assert_eq!(plain(marked), expected, "{marked}");
        check("**Ahri** \\*S\\+\\*", "Ahri *S+*");
        check("```\n1  2\n```", "1  2");
        check("`5:46` Ahri", "5:46 Ahri");
        check("a\u{1b}[31mb\tc", "a [31mb c");
        check("C:\\dir \\", "C:\\dir \\");
    }

    #[test]
    fn a_card_is_read_from_top_to_bottom() {
        let embed = Embed::new("Title", 0).describe("Text").field("Name", "Value").foot("Foot");
        assert_eq!(of(&Message::card(embed)), "Title\n\nText\n\nName\nValue\n\nFoot\n");
    }
}
