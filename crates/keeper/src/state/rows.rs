//! Rows of the ledger from work under way: whoever holds the state file writes them, and says when they are written.

use anyhow::{Context, anyhow};
use keeper_core::ledger::Event;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{Entry, State, Writer};
use crate::store::requests::{self, Answer, Request, Wish};

/// How often an answer of the running keeper is looked for.
const LOOK: std::time::Duration = std::time::Duration::from_millis(200);

/// Sends events to whoever may write rows.
#[derive(Debug, Clone)]
pub struct Rows(mpsc::UnboundedSender<Wanted>);

/// An event that wants a row.
#[derive(Debug)]
pub struct Wanted {
    /// What happened.
    pub event: Event,
    answer: oneshot::Sender<Result<u64, String>>,
}

/// The other end of [`Rows`].
pub type WantedRows = mpsc::UnboundedReceiver<Wanted>;

impl Rows {
    /// Both ends.
    #[must_use]
    pub fn channel() -> (Self, WantedRows) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Writes a row, and returns its number once it is on the disk.
    pub async fn write(&self, event: Event) -> anyhow::Result<u64> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Wanted { event, answer }).ok().context("nobody writes rows of the ledger any more")?;
        let answer = answered.await.context("the row of the ledger was not written")?;
        answer.map_err(|why| anyhow!("the ledger cannot be written: {why}"))
    }
}

impl Wanted {
    /// Tells whoever waits.
    pub fn answer(self, written: Result<u64, String>) {
        // Whoever has asked may have been stopped.
        let _ = self.answer.send(written);
    }
}

/// Who writes the rows of a command.
#[derive(Debug)]
pub enum Scribe {
    /// This process, which holds the state file.
    Own(Box<Writer>),
    /// The keeper that holds it, which is asked.
    Running(State, String),
}

impl Scribe {
    /// For reading.
    #[must_use]
    pub fn state(&self) -> &State {
        match self {
            Self::Own(writer) => writer.state(),
            Self::Running(state, _) => state,
        }
    }

    /// Writes what arrives until nobody can send any more or `done` is cancelled, then gives the state file up.
    pub async fn serve(mut self, mut wanted: WantedRows, done: CancellationToken) -> anyhow::Result<()> {
        loop {
            let next = tokio::select! {
                next = wanted.recv() => next,
                () = done.cancelled() => wanted.try_recv().ok(),
            };
            let Some(next) = next else { break };
            let written = self.write(next.event.clone()).await;
            next.answer(written.map_err(|error| format!("{error:#}")));
        }
        match self {
            Self::Own(writer) => writer.release().await,
            Self::Running(..) => Ok(()),
        }
    }

    async fn write(&mut self, event: Event) -> anyhow::Result<u64> {
        match self {
            Self::Own(writer) => {
                let now = writer.state().clock.now();
                let rows = writer.append(now, vec![Entry::from(event)]).await?;
                rows.last().copied().context("no row was written")
            }
            Self::Running(state, asked_by) => ask(state, event, asked_by.clone()).await,
        }
    }
}

/// Asks the keeper that holds the state file to write a row; waits as long as it takes.
async fn ask(state: &State, event: Event, asked_by: String) -> anyhow::Result<u64> {
    let wish = Wish::Record(Box::new(event));
    let request = Request { id: uuid::Uuid::new_v4().to_string(), wish, task: String::new(), asked_by };
    requests::add(&state.database, &request, state.clock.now()).await?;
    loop {
        match requests::answer_to(&state.database, &request.id).await? {
            Some(Answer::Row(seq)) => return Ok(seq),
            Some(Answer::Refused(why)) => return Err(anyhow!(why)),
            None => tokio::time::sleep(LOOK).await,
        }
    }
}
