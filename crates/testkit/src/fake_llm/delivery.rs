//! Turns a script into an HTTP response: whole, streamed, stalled, cut or broken.

use std::{convert::Infallible, future::pending, io};

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt, stream};
use http::{HeaderValue, StatusCode, header};

use super::{
    Provider, anthropic, gemini,
    incoming::{Call, Refusal},
    ollama, openai,
    script::{Answer, INSTANT_TEXT, Script, UsageShape},
};

/// A streamed answer in the provider's own events.
#[derive(Debug, Clone, Default)]
pub(super) struct Frames {
    /// Before the first text.
    pub(super) opening: Vec<String>,
    /// One for each piece of text.
    pub(super) text: Vec<String>,
    /// What ends the reply: without it the client must not believe it whole.
    pub(super) closing: Vec<String>,
    /// The provider's error event.
    pub(super) error: String,
}

/// How a body goes on after its last bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Finish,
    Stall,
    Break,
}

pub(super) async fn deliver(
    provider: Provider,
    call: &Call,
    mut script: Script,
    piece_bytes: Option<usize>,
) -> Response {
    while let Script::Slow { delay, then } = script {
        tokio::time::sleep(delay).await;
        script = *then;
    }
    match script {
        Script::Status { code, body, retry_after } => status(provider, code, body, retry_after.as_deref()),
        Script::StallBeforeHeaders => match pending::<Infallible>().await {},
        Script::Garbage(bytes) => {
            respond(provider, call, pieces_of(vec![bytes], piece_bytes), Ending::Finish)
        }
        Script::StallMidStream { text_before } => {
            partial(provider, call, &text_before, Ending::Stall, piece_bytes)
        }
        Script::CutMidStream { text_before } => {
            partial(provider, call, &text_before, Ending::Break, piece_bytes)
        }
        Script::EndMidStream { text_before } => {
            partial(provider, call, &text_before, Ending::Finish, piece_bytes)
        }
        Script::ErrorMidStream { text_before } => broken(provider, call, &text_before, piece_bytes),
        whole => {
            let answer = answer_of(&whole, call);
            let bytes = if call.stream {
                let frames = provider.frames(call, &answer);
                [frames.opening, frames.text, frames.closing]
                    .concat()
                    .into_iter()
                    .map(String::into_bytes)
                    .collect()
            } else {
                vec![provider.whole(call, &answer).into_bytes()]
            };
            respond(provider, call, pieces_of(bytes, piece_bytes), Ending::Finish)
        }
    }
}

/// The answer to a request that the provider would not take.
pub(super) fn refuse(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, [(header::CONTENT_TYPE, "application/json")], refusal.body.to_string()).into_response()
}

fn answer_of(script: &Script, call: &Call) -> Answer {
    match script {
        Script::Reply { text, chunk_chars, usage } => Answer::new(text, *chunk_chars, *usage),
        Script::Stopped { text, stop } => {
            Answer { stop: Some(*stop), ..Answer::new(text, 12, UsageShape::NestedDetails) }
        }
        Script::Echo => {
            let text = format!("“{}”, you say, and the story goes on.", call.last_user_text.trim());
            Answer::new(&text, 8, UsageShape::NestedDetails)
        }
        Script::Instant => Answer::new(INSTANT_TEXT, 0, UsageShape::Plain),
        _ => Answer::new("", 0, UsageShape::Plain),
    }
}

fn status(provider: Provider, code: u16, body: String, retry_after: Option<&str>) -> Response {
    let refusal = provider.refusal(code, "");
    let mut response = refuse(&refusal);
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !body.is_empty() {
        *response.body_mut() = Body::from(body);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    if let Some(value) = retry_after.and_then(|value| HeaderValue::from_str(value).ok()) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// The beginning of a reply. Without streaming, that is the beginning of one JSON document.
fn partial(
    provider: Provider,
    call: &Call,
    text: &str,
    ending: Ending,
    piece_bytes: Option<usize>,
) -> Response {
    let answer = Answer::new(text, 12, UsageShape::NestedDetails);
    let bytes = if call.stream {
        let frames = provider.frames(call, &answer);
        [frames.opening, frames.text].concat().into_iter().map(String::into_bytes).collect()
    } else {
        let document = provider.whole(call, &answer).into_bytes();
        vec![document[..document.len() / 2].to_vec()]
    };
    respond(provider, call, pieces_of(bytes, piece_bytes), ending)
}

fn broken(provider: Provider, call: &Call, text: &str, piece_bytes: Option<usize>) -> Response {
    if !call.stream {
        return refuse(&provider.refusal(503, ""));
    }
    let frames = provider.frames(call, &Answer::new(text, 12, UsageShape::NestedDetails));
    let mut all = [frames.opening, frames.text].concat();
    all.push(frames.error);
    let bytes = all.into_iter().map(String::into_bytes).collect();
    respond(provider, call, pieces_of(bytes, piece_bytes), Ending::Finish)
}

/// The frames as they are, or the same bytes cut anew.
fn pieces_of(frames: Vec<Vec<u8>>, piece_bytes: Option<usize>) -> Vec<Bytes> {
    match piece_bytes {
        None => frames.into_iter().map(Bytes::from).collect(),
        Some(size) => {
            let all = Bytes::from(frames.concat());
            (0..all.len()).step_by(size).map(|at| all.slice(at..all.len().min(at + size))).collect()
        }
    }
}

fn respond(provider: Provider, call: &Call, pieces: Vec<Bytes>, ending: Ending) -> Response {
    let content_type = if call.stream { provider.stream_type(call) } else { "application/json" };
    let body = match (ending, <[Bytes; 1]>::try_from(pieces)) {
        (Ending::Finish, Ok([only])) => Body::from(only),
        (ending, Ok(only)) => Body::from_stream(body_stream(only.to_vec(), ending)),
        (ending, Err(pieces)) => Body::from_stream(body_stream(pieces, ending)),
    };
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")], body).into_response()
}

fn body_stream(pieces: Vec<Bytes>, ending: Ending) -> impl Stream<Item = io::Result<Bytes>> + Send {
    // Giving way after each piece makes the server write it out before the next, as a model does.
    let sent = stream::iter(pieces).then(|piece| async move {
        tokio::task::yield_now().await;
        Ok(piece)
    });
    let rest = stream::once(async move {
        tokio::task::yield_now().await;
        match ending {
            Ending::Finish => None,
            Ending::Stall => pending().await,
            Ending::Break => Some(Err(io::Error::from(io::ErrorKind::ConnectionReset))),
        }
    });
    sent.chain(rest.filter_map(|end| async move { end }))
}

impl Provider {
    fn frames(self, call: &Call, answer: &Answer) -> Frames {
        match self {
            Self::OpenAi => openai::frames(call, answer),
            Self::Anthropic => anthropic::frames(call, answer),
            Self::Gemini => gemini::frames(call, answer),
            Self::Ollama => ollama::frames(call, answer),
        }
    }

    fn whole(self, call: &Call, answer: &Answer) -> String {
        match self {
            Self::OpenAi => openai::whole(call, answer).to_string(),
            Self::Anthropic => anthropic::whole(call, answer).to_string(),
            Self::Gemini => gemini::whole(call, answer).to_string(),
            Self::Ollama => ollama::whole(call, answer).to_string(),
        }
    }

    fn stream_type(self, call: &Call) -> &'static str {
        match self {
            Self::Gemini if call.as_array => "application/json; charset=UTF-8",
            Self::OpenAi | Self::Anthropic => "text/event-stream; charset=utf-8",
            Self::Gemini => "text/event-stream",
            Self::Ollama => "application/x-ndjson",
        }
    }
}
