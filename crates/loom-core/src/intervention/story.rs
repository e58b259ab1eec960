//! What is left of the input once interventions are out: joined without scars, white space tidied.

use super::brackets::{self, Purpose};

/// Builds the story piece by piece.
#[derive(Default)]
pub(super) struct Story {
    text: String,
    joined: bool,
}

impl Story {
    /// Adds the text that stands after a removed intervention, or the first piece.
    pub(super) fn push(&mut self, piece: &str) {
        if self.joined {
            self.join(piece);
        }
        self.text.push_str(piece);
        self.joined = true;
    }

    /// Where something was taken out, words stay apart and punctuation stays with its word.
    fn join(&mut self, next: &str) {
        let first = next.trim_start_matches([' ', '\t']).chars().next();
        let ends_clause = |c: char| ",.;:!?，。；：！？、".contains(c);
        if first.is_some_and(ends_clause) {
            let kept = self.text.trim_end_matches([' ', '\t']).len();
            self.text.truncate(kept);
            return;
        }
        let narrow = |c: char| c.is_alphanumeric() && u32::from(c) < 0x2e80;
        let ends_word = |c: char| narrow(c) || ".,;:!?)".contains(c);
        if self.text.ends_with(ends_word) && next.starts_with(narrow) {
            self.text.push(' ');
        }
    }

    /// The finished story.
    ///
    /// Taking brackets out can bring the halves of another one together (`[TO[OOC: x]NE: y]`). Such a bracket gets a
    /// backslash, so that reading the story again never finds what the player did not write.
    pub(super) fn finish(self, removed: bool) -> String {
        let tidy = tidy(&self.text);
        if removed { disarm(&tidy) } else { tidy }
    }
}

fn disarm(text: &str) -> String {
    let mut brackets = brackets::find(text);
    brackets.retain(|bracket| matches!(bracket.purpose, Purpose::Intervention(..)));
    if brackets.iter().all(|bracket| bracket.close.is_none()) {
        return text.to_owned();
    }
    // All of them, also those without an end: taking one bracket out of the game can give another one its end.
    let mut disarmed = String::with_capacity(text.len() + brackets.len());
    let mut from = 0;
    for bracket in brackets {
        disarmed.push_str(&text[from..bracket.open]);
        disarmed.push('\\');
        from = bracket.open;
    }
    disarmed.push_str(&text[from..]);
    disarmed
}

/// Lines trimmed, runs of blanks to one, at most one empty line in a row, none at either end.
fn tidy(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut tidy = String::with_capacity(text.len());
    let mut blank_lines = 0;
    for line in text.split('\n') {
        let line = line.trim();
        if line.is_empty() {
            blank_lines += 1;
            continue;
        }
        if !tidy.is_empty() {
            tidy.push_str(if blank_lines > 0 { "\n\n" } else { "\n" });
        }
        blank_lines = 0;
        let mut blank = false;
        for c in line.chars() {
            let is_blank = matches!(c, ' ' | '\t');
            if !(is_blank && blank) {
                tidy.push(if is_blank { ' ' } else { c });
            }
            blank = is_blank;
        }
    }
    tidy
}
