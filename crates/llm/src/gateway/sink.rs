//! The pipe from the work to the caller, with the deadline both sides keep.

use std::time::Duration;

use futures::Stream;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, timeout_at};

use crate::LlmError;
use crate::request::StreamEvent;

/// Events that may wait for a slow caller.
const BUFFERED: usize = 64;
/// How long after the deadline a caller may still be busy taking events.
const GRACE: Duration = Duration::from_secs(30);

type Item = Result<StreamEvent, LlmError>;

/// The caller dropped the stream or stopped taking events.
#[derive(Debug)]
pub(super) struct Gone;

/// The work's end of the pipe.
#[derive(Debug)]
pub(super) struct Sink {
    sender: Sender<Item>,
    started: Instant,
    deadline: Instant,
}

/// Both ends. The caller's end always finishes with `Finished` or an error, even if the work ends without.
pub(super) fn channel(total: Duration) -> (Sink, impl Stream<Item = Item> + Send + 'static) {
    let (sender, receiver) = mpsc::channel(BUFFERED);
    let started = Instant::now();
    let sink = Sink { sender, started, deadline: started + total };
    (sink, futures::stream::unfold(Some(receiver), next_event))
}

async fn next_event(receiver: Option<Receiver<Item>>) -> Option<(Item, Option<Receiver<Item>>)> {
    let mut receiver = receiver?;
    let item = receiver.recv().await.unwrap_or(Err(LlmError::Interrupted));
    let is_last = matches!(item, Err(_) | Ok(StreamEvent::Finished(_)));
    Some((item, (!is_last).then_some(receiver)))
}

impl Sink {
    pub(super) async fn send(&self, event: StreamEvent) -> Result<(), Gone> {
        self.push(Ok(event)).await
    }

    pub(super) async fn fail(&self, error: LlmError) -> Result<(), Gone> {
        self.push(Err(error)).await
    }

    /// Resolves when the caller has dropped the stream.
    pub(super) async fn gone(&self) {
        self.sender.closed().await;
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    pub(super) fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    pub(super) fn elapsed_ms(&self) -> u64 {
        milliseconds(self.started.elapsed())
    }

    async fn push(&self, item: Item) -> Result<(), Gone> {
        match timeout_at(self.deadline + GRACE, self.sender.send(item)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }
}

pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
