//! A narrator's reply taken apart: answers stand between `<<answer>>` and `<<end>>`, everything else is story.

const OPEN: &str = "<<answer>>";
const CLOSE: &str = "<<end>>";

/// Lets the story through while a reply is still arriving, and holds the answers back.
///
/// What [`StoryFilter::push`] and [`StoryFilter::finish`] give out, joined, is the same however the reply was cut into
/// pieces. An answer that is never closed ends at its first blank line, so that the story behind it is not lost.
#[derive(Debug, Default)]
pub struct StoryFilter {
    held: String,
    /// How much of `held` was searched in vain, so that a long answer is not searched again for every piece.
    searched: usize,
    in_answer: bool,
    answers: Vec<String>,
    space: String,
    told: bool,
    after_answer: bool,
}

impl StoryFilter {
    /// Takes the next piece of a reply and gives out the story that is certain by now.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        let mut story = String::new();
        while let Some((at, mark)) = find_mark(&self.held, self.searched) {
            let before: String = self.held.drain(..at + mark.len()).collect();
            self.searched = 0;
            self.take(&before[..at], &mut story);
            self.after_answer = true;
            self.in_answer = mark == OPEN;
        }
        let certain = self.held.len() - unfinished_mark(&self.held);
        if self.in_answer {
            self.searched = certain;
        } else {
            let before: String = self.held.drain(..certain).collect();
            self.take(&before, &mut story);
        }
        story
    }

    /// Ends the reply: the rest of the story, and the answers in their order.
    pub fn finish(mut self) -> (String, Vec<String>) {
        let mut story = String::new();
        let held = std::mem::take(&mut self.held);
        if self.in_answer {
            let (answer, rest) = split_at_blank_line(&held);
            self.take(answer, &mut story);
            self.in_answer = false;
            self.take(rest, &mut story);
        } else {
            self.take(&held, &mut story);
        }
        (story, self.answers)
    }

    fn take(&mut self, text: &str, story: &mut String) {
        if self.in_answer {
            if !text.trim().is_empty() {
                self.answers.push(text.trim().to_owned());
            }
            return;
        }
        let body = text.trim_end();
        if body.is_empty() {
            self.space.push_str(text);
            return;
        }
        match (self.told, self.after_answer) {
            (false, _) => story.push_str(body.trim_start()),
            (true, true) => story.extend(["\n\n", body.trim_start()]),
            (true, false) => story.extend([self.space.as_str(), body]),
        }
        self.space = text[body.len()..].to_owned();
        self.told = true;
        self.after_answer = false;
    }
}

/// A whole reply: the story and the answers.
pub(super) fn split(reply: &str) -> (String, Vec<String>) {
    let mut filter = StoryFilter::default();
    let mut story = filter.push(reply);
    let (rest, answers) = filter.finish();
    story.push_str(&rest);
    (story, answers)
}

fn find_mark(text: &str, from: usize) -> Option<(usize, &'static str)> {
    text[from..].match_indices('<').find_map(|(offset, _)| {
        let at = from + offset;
        let fits =
            |mark: &&str| text.get(at..at + mark.len()).is_some_and(|found| found.eq_ignore_ascii_case(mark));
        [OPEN, CLOSE].into_iter().find(fits).map(|mark| (at, mark))
    })
}

/// Bytes at the end of `text` that may turn out to be the beginning of a mark.
fn unfinished_mark(text: &str) -> usize {
    let begins = |length: &usize| {
        let tail = text.len().checked_sub(*length).and_then(|at| text.get(at..));
        tail.is_some_and(|tail| {
            [OPEN, CLOSE]
                .iter()
                .any(|mark| mark.get(..*length).is_some_and(|head| head.eq_ignore_ascii_case(tail)))
        })
    };
    (1..OPEN.len()).rev().find(begins).unwrap_or(0)
}

fn split_at_blank_line(text: &str) -> (&str, &str) {
    let start = text.len() - text.trim_start().len();
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        if line.trim().is_empty() {
            return text.split_at(at);
        }
        at += line.len();
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_out() {
        let cases: &[(&str, &str, &[&str])] = &[
            ("The lamp goes out.", "The lamp goes out.", &[]),
            (
                "<<answer>>\nNine bells.\n<<end>>\n\nThe lamp goes out.\n",
                "The lamp goes out.",
                &["Nine bells."],
            ),
            ("Before.\n<<answer>>\nA\n<<end>>\nAfter.", "Before.\n\nAfter.", &["A"]),
            ("<<Answer>>A<<END>><<answer>>B<<end>>Story", "Story", &["A", "B"]),
            ("<<answer>>A\n<<answer>>B\n<<end>>\nStory", "Story", &["A", "B"]),
            ("<<answer>>\nNever closed.\n\nThe story goes on.", "The story goes on.", &["Never closed."]),
            ("<<answer>> never closed at all", "", &["never closed at all"]),
            ("A stray <<end>> here.", "A stray\n\nhere.", &[]),
            ("He wrote << twice <<ans", "He wrote << twice <<ans", &[]),
            ("<<answer>>\n\n<<end>>\n雾散了。", "雾散了。", &[]),
            ("", "", &[]),
        ];
        for (reply, story, answers) in cases {
            let (found_story, found_answers) = split(reply);
            assert_eq!(found_story, *story, "{reply:?}");
            assert_eq!(found_answers, *answers, "{reply:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_cut_into_pieces_does_not_matter(
            parts in proptest::collection::vec("(<<answer>>|<<end>>|<<|\n\n|[ a雾<>\n]{0,6})", 0..12),
            cut in 1_usize..7,
        ) {
            let reply = parts.concat();
            let characters: Vec<char> = reply.chars().collect();
            let mut filter = StoryFilter::default();
            let mut story: String =
                characters.chunks(cut).map(|piece| filter.push(&piece.iter().collect::<String>())).collect();
            let (rest, answers) = filter.finish();
            story.push_str(&rest);
            let (whole_story, whole_answers) = split(&reply);
            proptest::prop_assert_eq!(&story, &whole_story);
            proptest::prop_assert_eq!(answers, whole_answers);
            proptest::prop_assert_eq!(find_mark(&story, 0), None);
        }
    }
}
