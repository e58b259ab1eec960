//! What a fake provider is told to do with one call.

use std::time::Duration;

/// What [`Script::Instant`] answers.
pub const INSTANT_TEXT: &str = "The door opens without a sound.";

/// How one accepted call is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Script {
    /// A whole reply that ends as it should.
    Reply {
        /// The text.
        text: String,
        /// Characters in each streamed piece; 0 sends all in one.
        chunk_chars: usize,
        /// How the usage is reported.
        usage: UsageShape,
    },
    /// A line of story that quotes the last user message, in pieces of eight characters.
    Echo,
    /// A reply that the provider itself ended early.
    Stopped {
        /// The text up to there.
        text: String,
        /// Why it stopped.
        stop: Stop,
    },
    /// An HTTP error.
    Status {
        /// The status code.
        code: u16,
        /// The body; empty sends the provider's own error for that code.
        body: String,
        /// The `Retry-After` header, seconds or an HTTP date.
        retry_after: Option<String>,
    },
    /// Reads the request and never answers.
    StallBeforeHeaders,
    /// Streams the text, then sends nothing more and keeps the connection open.
    StallMidStream {
        /// What arrives.
        text_before: String,
    },
    /// Streams the text, then breaks the connection.
    CutMidStream {
        /// What arrives.
        text_before: String,
    },
    /// Streams the text and ends the body in good order, without the provider's closing event.
    EndMidStream {
        /// What arrives.
        text_before: String,
    },
    /// Streams the text, then the provider's own error event ("overloaded").
    ErrorMidStream {
        /// What arrives.
        text_before: String,
    },
    /// These bytes as the whole body, under status 200 and the usual content type.
    Garbage(Vec<u8>),
    /// Waits, then does the other.
    Slow {
        /// How long the headers are held back, in real time.
        delay: Duration,
        /// What follows.
        then: Box<Self>,
    },
    /// A reply that ends as it should and holds no text.
    Empty,
    /// [`INSTANT_TEXT`] in one piece, with as little work as possible: for measuring what is around the model.
    Instant,
}

/// Why a provider stopped a reply before its natural end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The limit on output tokens.
    TokenLimit,
    /// The provider's content policy.
    Refused,
}

/// How a reply reports the tokens it took. The counts are those of [`tokens`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageShape {
    /// Totals only.
    Plain,
    /// The nested objects of today's services; half of the input counts as read from a cache.
    NestedDetails,
    /// None at all, as some compatible servers do.
    Missing,
}

impl Script {
    /// A whole reply in pieces of twelve characters with nested usage, as a service of today gives it.
    pub fn reply(text: impl Into<String>) -> Self {
        Self::Reply { text: text.into(), chunk_chars: 12, usage: UsageShape::NestedDetails }
    }

    /// An HTTP error with the provider's own body and no `Retry-After`.
    pub fn status(code: u16) -> Self {
        Self::Status { code, body: String::new(), retry_after: None }
    }

    /// An HTTP error with the provider's own body and a `Retry-After` header.
    pub fn retry_after(code: u16, value: impl Into<String>) -> Self {
        Self::Status { code, body: String::new(), retry_after: Some(value.into()) }
    }
}

/// How many tokens the fakes say a text has: a token for every four characters begun.
///
/// The input of a call is the sum over its messages, the system text among them.
pub fn tokens(text: &str) -> u64 {
    text.chars().count().div_ceil(4) as u64
}

/// What a script comes to, once the waiting is over.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) pieces: Vec<String>,
    pub(super) usage: UsageShape,
    /// `None` is the natural end.
    pub(super) stop: Option<Stop>,
}

impl Answer {
    pub(super) fn new(text: &str, chunk_chars: usize, usage: UsageShape) -> Self {
        let characters: Vec<char> = text.chars().collect();
        let size = if chunk_chars == 0 { characters.len().max(1) } else { chunk_chars };
        let pieces = characters.chunks(size).map(|piece| piece.iter().collect()).collect();
        Self { pieces, usage, stop: None }
    }

    pub(super) fn text(&self) -> String {
        self.pieces.concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_into_pieces_of_characters_not_bytes() {
        let check = |text: &str, size: usize, expected: &[&str]| {
            assert_eq!(Answer::new(text, size, UsageShape::Plain).pieces, expected, "{text:?} by {size}");
        };
        check("abcde", 2, &["ab", "cd", "e"]);
        check("雨夜的门开了", 4, &["雨夜的门", "开了"]);
        check("abc", 0, &["abc"]);
        check("", 0, &[]);
        check("", 3, &[]);
    }

    #[test]
    fn tokens_are_quarters_rounded_up() {
        let check = |text: &str, expected: u64| assert_eq!(tokens(text), expected, "{text:?}");
        check("", 0);
        check("a", 1);
        check("abcd", 1);
        check("abcde", 2);
        check("雨夜", 1);
    }
}
