//! A model's reply, read with care: JSON by schema, within limits, cleaned of everything that is not plain text.

use serde::Deserialize;

use super::SINGLE_LIMIT_CHARS;

/// The largest reply that is read.
pub const REPLY_LIMIT_BYTES: usize = 64 * 1024;

const SUGGESTION_LIMIT_CHARS: usize = 200;
const MOST_SUGGESTIONS: usize = 3;

/// What a model wrote, as plain text that is safe in a Discord message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelNarrative {
    /// The review.
    pub text: String,
    /// Up to three things to try.
    pub suggestions: Vec<String>,
}

/// Why a reply was not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// Larger than any review can be.
    #[error("the reply has {0} bytes, at most {REPLY_LIMIT_BYTES} are read")]
    TooLarge(usize),
    /// Not the JSON that was asked for.
    #[error("the reply is not the JSON that was asked for: {0}")]
    NotBySchema(String),
    /// Nothing is left after cleaning.
    #[error("the reply holds no text")]
    Empty,
    /// The text is too long.
    #[error("the narrative has {0} characters, at most {SINGLE_LIMIT_CHARS} are allowed")]
    TooLong(usize),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    narrative: String,
    suggestions: Vec<String>,
}

/// Reads a reply. One fenced block around the JSON is forgiven, anything else around it is not. Links, images, mentions
/// and headings are dropped, the rest is escaped; callers still hold the text against the facts and the policy.
pub fn parse_reply(reply: &str) -> Result<ModelNarrative, ReplyError> {
    if reply.len() > REPLY_LIMIT_BYTES {
        return Err(ReplyError::TooLarge(reply.len()));
    }
    let wire: Wire =
        serde_json::from_str(unfenced(reply)).map_err(|error| ReplyError::NotBySchema(error.to_string()))?;
    let long = wire.suggestions.iter().any(|suggestion| suggestion.chars().count() > SUGGESTION_LIMIT_CHARS);
    if long || wire.suggestions.len() > MOST_SUGGESTIONS {
        return Err(ReplyError::NotBySchema("too many or too long suggestions".to_owned()));
    }
    let length = wire.narrative.chars().count();
    if length > SINGLE_LIMIT_CHARS {
        return Err(ReplyError::TooLong(length));
    }
    let text = clean(&wire.narrative);
    if text.is_empty() {
        return Err(ReplyError::Empty);
    }
    let suggestions =
        wire.suggestions.iter().map(|suggestion| clean(suggestion)).filter(|found| !found.is_empty());
    Ok(ModelNarrative { text, suggestions: suggestions.collect() })
}

fn unfenced(reply: &str) -> &str {
    let reply = reply.trim();
    let inner = reply.strip_prefix("```json").or_else(|| reply.strip_prefix("```"));
    inner.and_then(|inner| inner.strip_suffix("```")).unwrap_or(reply).trim()
}

/// Plain text without links, images, mentions, headings and invisible characters; Discord's marks escaped.
fn clean(text: &str) -> String {
    let visible = text.chars().filter(|character| {
        *character == '\n' || (!character.is_control() && !crate::compliance::is_invisible(*character))
    });
    let visible: String = visible.collect();
    let mut lines: Vec<String> = Vec::new();
    for line in visible.lines() {
        let line = line.trim().trim_start_matches(['#', '>']).trim_start();
        let line = escaped(&without_links(line));
        let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        if !words.is_empty() {
            lines.push(words.join(" "));
        }
    }
    lines.join("\n")
}

/// Drops images and bare addresses, keeps the words of a link, and drops mentions.
fn without_links(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let (kept, length) = piece(rest, first);
        text.push_str(kept);
        rest = &rest[length..];
    }
    text
}

/// What to keep of the beginning of a text, and how many of its bytes that answers for.
fn piece(rest: &str, first: char) -> (&str, usize) {
    let image = rest.starts_with("![");
    if image || first == '[' {
        let open = usize::from(image) + 1;
        if let Some((words, length)) = bracketed(rest, open) {
            return (if image { "" } else { words }, length);
        }
    }
    if first == '<'
        && let Some(end) = rest.find('>')
        && end <= 200
    {
        return ("", end + 1);
    }
    let lower = rest.get(..8).unwrap_or(rest).to_ascii_lowercase();
    let is_address =
        ["http:", "https:", "www.", "discord.g", "ftp:"].iter().any(|scheme| lower.starts_with(scheme));
    if is_address {
        let end = rest
            .find(|character: char| character.is_whitespace() || !character.is_ascii())
            .unwrap_or(rest.len());
        return ("", end);
    }
    if first == '@' {
        let name =
            rest[1..].find(|character: char| !character.is_alphanumeric()).map_or(rest.len(), |end| end + 1);
        return ("", name.max(1));
    }
    (&rest[..first.len_utf8()], first.len_utf8())
}

/// The words of `[words](address)` and its whole length.
fn bracketed(rest: &str, open: usize) -> Option<(&str, usize)> {
    let close = rest.find("](")?;
    let end = close + rest[close..].find(')')?;
    Some((rest.get(open..close)?, end + 1))
}

fn escaped(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for character in line.chars() {
        if matches!(character, '*' | '_' | '~' | '`' | '|' | '\\' | '[' | ']' | '<' | '>') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(narrative: &str, expected: &str) {
        let reply = serde_json::json!({ "narrative": narrative, "suggestions": [] }).to_string();
        assert_eq!(parse_reply(&reply).unwrap().text, expected);
    }

    #[test]
    fn only_plain_text_is_left() {
        check("# 标题\n正文", "标题\n正文");
        check("看[这里](https://evil.example/x)吧", "看这里吧");
        check("![p](http://x.example/a.png)图", "图");
        check("去 https://evil.example/x?y=1 看", "去 看");
        check("@everyone 你好 <@123456>", "你好");
        check("**粗** `码` ~x~", "\\*\\*粗\\*\\* \\`码\\` \\~x\\~");
        check("a\u{202E}b", "ab");
        check("[link](x", "\\[link\\](x");
    }

    #[test]
    fn a_fence_is_forgiven_and_talk_is_not() {
        let json = r#"{"narrative":"好","suggestions":["试试"]}"#;
        assert!(parse_reply(json).is_ok());
        assert!(parse_reply(&format!("```json\n{json}\n```")).is_ok());
        assert!(parse_reply(&format!("```\n{json}```")).is_ok());
        assert!(matches!(parse_reply(&format!("Sure! {json}")), Err(ReplyError::NotBySchema(_))));
        assert!(matches!(parse_reply(r#"{"narrative":"好"}"#), Err(ReplyError::NotBySchema(_))));
        let extra = r#"{"narrative":"好","suggestions":[],"x":1}"#;
        assert!(matches!(parse_reply(extra), Err(ReplyError::NotBySchema(_))));
        assert_eq!(parse_reply(r#"{"narrative":" <@1> ","suggestions":[]}"#), Err(ReplyError::Empty));
        assert!(matches!(parse_reply(&"x".repeat(70_000)), Err(ReplyError::TooLarge(70_000))));
    }

    proptest::proptest! {
        #[test]
        fn any_reply_is_answered(reply in ".{0,200}") {
            let _ = parse_reply(&reply);
            let wrapped = serde_json::json!({ "narrative": reply, "suggestions": [reply] }).to_string();
            if let Ok(found) = parse_reply(&wrapped) {
                proptest::prop_assert!(!found.text.contains("http://"));
            }
        }
    }
}
