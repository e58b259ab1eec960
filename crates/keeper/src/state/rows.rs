//! Rows of the ledger from work under way: whoever holds the state file writes them, and says when they are written.

use anyhow::{Context, anyhow, bail};
use keeper_core::ledger::Event;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{Entry, HeldBy, State, Writer};
use crate::{
    config::StateConfig,
    store::requests::{self, Answer, Request, Wish},
};

/// How often an answer of the running keeper is looked for.
const LOOK: std::time::Duration = std::time::Duration::from_millis(200);
/// After so many looks without an answer, it is tried whether anybody is there at all.
const LOOKS: u32 = 10;

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
    /// This process, which holds the state file. It also writes what other commands want meanwhile.
    Own(Box<Writer>),
    /// Whoever holds it, who is asked.
    Asked(Asked),
}

/// Asks whoever holds the state file.
#[derive(Debug)]
pub struct Asked {
    /// For reading, and for asking.
    pub state: State,
    /// Where the state file is.
    pub config: StateConfig,
    /// Who asks.
    pub by: String,
}

impl Scribe {
    /// For reading.
    #[must_use]
    pub fn state(&self) -> &State {
        match self {
            Self::Own(writer) => writer.state(),
            Self::Asked(asked) => &asked.state,
        }
    }

    /// Writes what arrives until nobody can send any more or `done` is cancelled, then gives the state file up.
    pub async fn serve(mut self, mut wanted: WantedRows, done: CancellationToken) -> anyhow::Result<()> {
        loop {
            let next = tokio::select! {
                next = wanted.recv() => next,
                () = done.cancelled() => wanted.try_recv().ok(),
                () = tokio::time::sleep(LOOK) => {
                    if let Self::Own(writer) = &mut self {
                        answer_commands(writer).await;
                    }
                    continue;
                }
            };
            let Some(next) = next else { break };
            let written = self.write(next.event.clone()).await;
            next.answer(written.map_err(|error| format!("{error:#}")));
        }
        match self {
            Self::Own(writer) => writer.release().await,
            Self::Asked(_) => Ok(()),
        }
    }

    async fn write(&mut self, event: Event) -> anyhow::Result<u64> {
        match self {
            Self::Own(writer) => append(writer, event.into()).await,
            Self::Asked(asked) => asked.write(event).await,
        }
    }
}

impl Asked {
    /// Asks for a row, and waits as long as it takes. When nobody holds the state file any more, it is written here.
    async fn write(&self, event: Event) -> anyhow::Result<u64> {
        let wish = Wish::Record(Box::new(event.clone()));
        let id = uuid::Uuid::new_v4().to_string();
        let request = Request { id: id.clone(), wish, task: String::new(), asked_by: self.by.clone() };
        requests::add(&self.state.database, &request, self.state.clock.now()).await?;
        for look in 1_u32.. {
            if let Some(answer) = requests::answer_to(&self.state.database, &id).await? {
                return of_answer(answer);
            }
            if look.is_multiple_of(LOOKS) {
                match Writer::take(&self.config, self.state.clock.clone()).await {
                    Ok(mut writer) => {
                        let written = last_word(&mut writer, &id, event.clone()).await;
                        writer.release().await?;
                        return written;
                    }
                    Err(error) if error.is::<HeldBy>() => {}
                    Err(error) => return Err(error),
                }
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("nobody has written the row")
    }
}

/// Writes the rows that other commands ask of the one that holds the state file.
pub async fn answer_commands(writer: &mut Writer) {
    if let Err(error) = answer_all(writer).await {
        tracing::warn!("what other commands ask for could not be written: {error:#}");
    }
}

async fn answer_all(writer: &mut Writer) -> anyhow::Result<()> {
    for request in requests::open(&writer.state().database).await? {
        match record(&request) {
            None => {}
            Some(Ok(entry)) => drop(append(writer, entry).await?),
            Some(Err(why)) => requests::refuse(&writer.state().database, &request.id, why).await?,
        }
    }
    Ok(())
}

/// The row that a command asks for, or why it may not; none for what is not about a row.
pub fn record(request: &Request) -> Option<Result<Entry, &'static str>> {
    let Wish::Record(event) = &request.wish else { return None };
    let answers = Some(request.id.clone());
    Some(match &**event {
        Event::BackupTaken { .. }
        | Event::BackupFailed { .. }
        | Event::ProofMade { .. }
        | Event::Restored { .. }
        | Event::Pruned { .. }
        | Event::CleanedUp { .. }
        | Event::Note { .. } => Ok(Entry { answers, ..(**event).clone().into() }),
        _ => Err("a command may not write such a row"),
    })
}

/// Writes a row that was asked for, unless whoever held the file has done so in the end.
async fn last_word(writer: &mut Writer, id: &str, event: Event) -> anyhow::Result<u64> {
    match requests::answer_to(&writer.state().database, id).await? {
        Some(answer) => of_answer(answer),
        None => append(writer, Entry { answers: Some(id.to_owned()), ..event.into() }).await,
    }
}

fn of_answer(answer: Answer) -> anyhow::Result<u64> {
    match answer {
        Answer::Row(seq) => Ok(seq),
        Answer::Refused(why) => Err(anyhow!(why)),
    }
}

async fn append(writer: &mut Writer, entry: Entry) -> anyhow::Result<u64> {
    let now = writer.state().clock.now();
    writer.append(now, vec![entry]).await?.last().copied().context("no row was written")
}
