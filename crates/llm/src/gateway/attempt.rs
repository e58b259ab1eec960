//! One try of one provider: reads its stream to the end, or says how it broke.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use genai::chat::{ChatStreamEvent, StopReason, StreamEnd};
use tokio::time::{Instant, timeout_at};

use super::Inner;
use super::plan::{Candidate, estimate_input_tokens, estimate_tokens};
use super::sink::{Gone, Sink};
use crate::chaos::Mischief;
use crate::providers::{Failure, FailureKind};
use crate::request::{Finish, Message, Request, StreamEvent, Usage};
use crate::settings::ProviderKind;

/// Hidden reasoning may be this many times longer than the longest reply.
const REASONING_FACTOR: usize = 8;

/// A whole reply.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) usage: Usage,
    pub(super) finish: Finish,
}

/// A try that gave no whole reply.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) cause: Cause,
    /// Text had already gone to the caller, who must forget it.
    pub(super) text_passed: bool,
    /// What the provider will bill for the part it wrote; `None` when it wrote nothing.
    pub(super) billed: Option<Usage>,
}

#[derive(Debug)]
pub(super) enum Cause {
    Failed(Failure),
    CallerGone,
}

impl From<Failure> for Cause {
    fn from(failure: Failure) -> Cause {
        Cause::Failed(failure)
    }
}

impl From<Gone> for Cause {
    fn from(Gone: Gone) -> Cause {
        Cause::CallerGone
    }
}

/// What has been read so far.
struct Reading<'a> {
    candidate: &'a Candidate,
    sink: &'a Sink,
    messages: &'a [Message],
    text: String,
    hidden_bytes: usize,
    started: bool,
    /// By when the next piece must have come.
    next_piece: Instant,
}

impl Inner {
    pub(super) async fn attempt(
        &self,
        request: &Request,
        candidate: &Candidate,
        sink: &Sink,
    ) -> Result<Written, Broken> {
        let mut reading = Reading {
            candidate,
            sink,
            messages: &request.messages,
            text: String::new(),
            hidden_bytes: 0,
            started: false,
            next_piece: Instant::now() + self.settings.timeout_first_token(),
        };
        match self.read(&mut reading).await {
            Ok(end) => Ok(reading.written(&end.0, end.1)),
            Err(cause) => Err(reading.broken(cause)),
        }
    }

    async fn read(&self, reading: &mut Reading<'_>) -> Result<(StreamEnd, Finish), Cause> {
        self.do_mischief(reading).await?;
        let provider = &reading.candidate.provider;
        let call = reading.candidate.call(reading.messages);
        let mut stream = provider.open(&call).await?;
        loop {
            let until = reading.next_piece.min(reading.sink.deadline());
            // A parser that panics on hostile bytes is one more way to break, not a reason to lose the request.
            let next = timeout_at(until, AssertUnwindSafe(stream.next()).catch_unwind());
            let next = tokio::select! {
                () = reading.sink.gone() => return Err(Cause::CallerGone),
                next = next => next,
            };
            let event = match next {
                Err(_) => return Err(self.too_slow(reading).into()),
                Ok(Err(_)) => return Err(invalid("the reply could not be read").into()),
                Ok(Ok(None)) => return Err(invalid("the stream ended before the reply was complete").into()),
                Ok(Ok(Some(Err(error)))) => return Err(provider.failure(error, self.clock.now()).into()),
                Ok(Ok(Some(Ok(event)))) => event,
            };
            match event {
                ChatStreamEvent::Start | ChatStreamEvent::Heartbeat => continue,
                ChatStreamEvent::Chunk(chunk) => {
                    self.take_text(reading, &chunk.content).await?;
                }
                ChatStreamEvent::ReasoningChunk(chunk) | ChatStreamEvent::ThoughtSignatureChunk(chunk) => {
                    self.take_hidden(reading, chunk.content.len()).await?;
                }
                ChatStreamEvent::ToolCallChunk(_) => self.take_hidden(reading, 0).await?,
                ChatStreamEvent::End(end) => {
                    let finish = reading.finish(&end)?;
                    return Ok((end, finish));
                }
            }
            reading.next_piece = Instant::now() + self.settings.timeout_idle();
        }
    }

    async fn take_text(&self, reading: &mut Reading<'_>, piece: &str) -> Result<(), Cause> {
        // PostgreSQL cannot store NUL, and no story needs one.
        let piece = piece.replace('\0', "");
        if piece.is_empty() {
            return Ok(());
        }
        if reading.text.len() + piece.len() > self.settings.max_reply_bytes {
            return Err(self.too_large().into());
        }
        reading.start().await?;
        reading.text.push_str(&piece);
        Ok(reading.sink.send(StreamEvent::Delta(piece)).await?)
    }

    async fn take_hidden(&self, reading: &mut Reading<'_>, bytes: usize) -> Result<(), Cause> {
        reading.hidden_bytes += bytes;
        if reading.hidden_bytes > self.settings.max_reply_bytes.saturating_mul(REASONING_FACTOR) {
            return Err(self.too_large().into());
        }
        reading.start().await
    }

    /// Chaos settings may spoil the call before it is made.
    async fn do_mischief(&self, reading: &mut Reading<'_>) -> Result<(), Cause> {
        let latency = self.chaos.latency();
        if latency > Duration::ZERO {
            tokio::time::sleep(latency.min(reading.sink.remaining())).await;
        }
        let kind = match self.chaos.throw() {
            Mischief::None => return Ok(()),
            Mischief::Error => FailureKind::Unavailable,
            Mischief::Timeout => FailureKind::Timeout,
            Mischief::Garbage => {
                self.take_text(reading, "\u{fffd}").await?;
                FailureKind::InvalidReply
            }
        };
        Err(Failure::new(kind, "injected by llm.chaos").into())
    }

    fn too_slow(&self, reading: &Reading<'_>) -> Failure {
        let settings = &self.settings;
        let message = if reading.sink.remaining().is_zero() {
            format!("not finished within {} ms", settings.timeout_total_ms)
        } else if reading.started {
            format!("silent for {} ms in the middle of the reply", settings.timeout_idle_ms)
        } else {
            format!("no first piece within {} ms", settings.timeout_first_token_ms)
        };
        Failure::new(FailureKind::Timeout, &message)
    }

    fn too_large(&self) -> Failure {
        let message = format!("the reply is longer than {} bytes", self.settings.max_reply_bytes);
        Failure::new(FailureKind::TooLarge, &message)
    }
}

impl Reading<'_> {
    /// Tells the caller who writes, once.
    async fn start(&mut self) -> Result<(), Cause> {
        if !self.started {
            self.started = true;
            let provider = self.candidate.provider.name.clone();
            self.sink.send(StreamEvent::Started { provider, model: self.candidate.model.clone() }).await?;
        }
        Ok(())
    }

    /// Whether the end is a real one. genai makes up an end for Gemini and Ollama when the connection just closes;
    /// only a stop reason (or Ollama's counts, which come with its `done`) proves a real one.
    fn finish(&self, end: &StreamEnd) -> Result<Finish, Failure> {
        let proven = match self.candidate.provider.settings.kind {
            ProviderKind::OpenAi | ProviderKind::DeepSeek | ProviderKind::Anthropic => true,
            ProviderKind::Gemini => end.captured_stop_reason.is_some(),
            ProviderKind::Ollama => end.captured_stop_reason.is_some() || end.captured_usage.is_some(),
        };
        if !proven {
            return Err(invalid("the stream ended before the reply was complete"));
        }
        let finish = match &end.captured_stop_reason {
            Some(StopReason::ContentFilter(reason)) => {
                let message = format!("the provider withheld the reply ({reason})");
                return Err(Failure::new(FailureKind::Filtered, &message));
            }
            Some(StopReason::Other(reason)) if is_breakdown(reason) => {
                let message = format!("the provider stopped with {reason}");
                return Err(Failure::new(FailureKind::Unavailable, &message));
            }
            Some(StopReason::MaxTokens(_)) => Finish::Length,
            _ => Finish::Complete,
        };
        if self.text.trim().is_empty() {
            return Err(invalid("the reply is empty"));
        }
        Ok(finish)
    }

    fn written(self, end: &StreamEnd, finish: Finish) -> Written {
        let usage = usage_of(end).unwrap_or_else(|| self.estimate());
        Written { text: self.text, usage, finish }
    }

    fn broken(self, cause: Cause) -> Broken {
        let wrote = !self.text.is_empty() || self.hidden_bytes > 0;
        Broken { cause, text_passed: !self.text.is_empty(), billed: wrote.then(|| self.estimate()) }
    }

    fn estimate(&self) -> Usage {
        Usage {
            input_tokens: estimate_input_tokens(self.messages),
            output_tokens: estimate_tokens(&self.text) + (self.hidden_bytes as u64).div_ceil(4),
            cached_input_tokens: 0,
            exact: false,
        }
    }
}

/// The provider's own count, when it is there and plausible.
fn usage_of(end: &StreamEnd) -> Option<Usage> {
    let usage = end.captured_usage.as_ref()?;
    let count = |value: Option<i32>| value.and_then(|value| u64::try_from(value).ok());
    let cached = usage.prompt_tokens_details.as_ref().and_then(|details| count(details.cached_tokens));
    Some(Usage {
        input_tokens: count(usage.prompt_tokens).filter(|tokens| *tokens > 0)?,
        output_tokens: count(usage.completion_tokens)?,
        cached_input_tokens: cached.unwrap_or(0),
        exact: true,
    })
}

/// Stop reasons that mean the model did not finish, such as DeepSeek's `insufficient_system_resource`.
fn is_breakdown(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    reason == "other"
        || reason.contains("error")
        || reason.contains("insufficient")
        || reason.contains("malformed")
}

fn invalid(message: &str) -> Failure {
    Failure::new(FailureKind::InvalidReply, message)
}
