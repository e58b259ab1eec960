//! Between our words and genai's: addresses, protocols, messages, token counts.

use std::net::IpAddr;

use genai::adapter::AdapterKind;
use genai::chat::{ChatMessage, ChatRequest};
use reqwest::Url;

use crate::request::{Message, Role};
use crate::settings::ProviderKind;

pub(super) fn adapter(kind: ProviderKind) -> AdapterKind {
    match kind {
        ProviderKind::OpenAi => AdapterKind::OpenAI,
        ProviderKind::Anthropic => AdapterKind::Anthropic,
        ProviderKind::Gemini => AdapterKind::Gemini,
        ProviderKind::Ollama => AdapterKind::Ollama,
        ProviderKind::DeepSeek => AdapterKind::DeepSeek,
    }
}

/// Neighbouring messages of one role become one, because some providers insist on taking turns.
pub(super) fn chat_request(messages: &[Message]) -> ChatRequest {
    let mut merged: Vec<Message> = Vec::with_capacity(messages.len());
    for message in messages.iter().filter(|message| !message.text.is_empty()) {
        match merged.last_mut() {
            Some(last) if last.role == message.role => {
                last.text.push_str("\n\n");
                last.text.push_str(&message.text);
            }
            _ => merged.push(message.clone()),
        }
    }
    ChatRequest::from_messages(merged.into_iter().map(chat_message).collect())
}

fn chat_message(message: Message) -> ChatMessage {
    match message.role {
        Role::System => ChatMessage::system(message.text),
        Role::User => ChatMessage::user(message.text),
        Role::Assistant => ChatMessage::assistant(message.text),
    }
}

/// The address calls go to: the public one when none is given, with the version path filled in and ending with `/`,
/// because the last segment would be cut off otherwise.
pub(crate) fn base_url(kind: ProviderKind, configured: &str) -> Result<Url, String> {
    let text = if configured.trim().is_empty() { kind.public_url() } else { configured.trim() };
    let mut url = Url::parse(text).map_err(|error| format!("not an address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("the scheme {:?} is not http or https", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("user name and password do not belong in the address; use the key".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the address must not have a ? or # part".to_owned());
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("the address has no host".to_owned());
    }
    let path = url.path().trim_end_matches('/').to_owned();
    let path = match (kind, path.as_str()) {
        (ProviderKind::Ollama, path) => format!("{}/", path.strip_suffix("/v1").unwrap_or(path)),
        (ProviderKind::Gemini, "") => "/v1beta/".to_owned(),
        (_, "") => "/v1/".to_owned(),
        (_, path) => format!("{path}/"),
    };
    url.set_path(&path);
    Ok(url)
}

/// Whether calls stay on this machine, where a system proxy has no business.
pub(super) fn is_loopback(kind: ProviderKind, configured: &str) -> bool {
    let Ok(url) = base_url(kind, configured) else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_completed_and_bad_ones_named() {
        let check = |kind: ProviderKind, configured: &str, expected: &str| {
            let actual = base_url(kind, configured).map_or_else(|reason| reason, |url| url.to_string());
            assert_eq!(actual, expected, "{configured:?}");
        };
        check(ProviderKind::OpenAi, "", "https://api.openai.com/v1/");
        check(ProviderKind::OpenAi, "http://localhost:8080", "http://localhost:8080/v1/");
        check(ProviderKind::OpenAi, "http://localhost:8080/v1", "http://localhost:8080/v1/");
        check(ProviderKind::OpenAi, " https://a.example/openai/v1/ ", "https://a.example/openai/v1/");
        check(ProviderKind::Gemini, "http://127.0.0.1:1", "http://127.0.0.1:1/v1beta/");
        check(ProviderKind::Ollama, "", "http://localhost:11434/");
        check(ProviderKind::Ollama, "http://box:11434/v1", "http://box:11434/");
        check(ProviderKind::OpenAi, "None/chat", "not an address: relative URL without a base");
        check(ProviderKind::OpenAi, "ftp://a/", "the scheme \"ftp\" is not http or https");
        check(
            ProviderKind::OpenAi,
            "https://me:secret@a/",
            "user name and password do not belong in the address; use the key",
        );
        check(ProviderKind::OpenAi, "https://a/v1?key=1", "the address must not have a ? or # part");
    }

    #[test]
    fn neighbours_of_one_role_become_one_message() {
        let messages = [
            Message::system("a"),
            Message::system("b"),
            Message::user("c"),
            Message::user(""),
            Message::assistant("d"),
            Message::user("e"),
        ];
        let request = chat_request(&messages);
        let texts: Vec<_> = request
            .messages
            .iter()
            .map(|message| message.content.joined_texts().unwrap_or_default())
            .collect();
        assert_eq!(texts, ["a\n\nb", "c", "d", "e"]);
    }
}
