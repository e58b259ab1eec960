//! What people ask while keeper runs: a task now, or that their own work is done.

use jiff::Timestamp;
use keeper_core::{
    ledger::{Event, event::Occurrence},
    plan::set::{TaskId, TimedTask},
    schedule::{
        account::{End, Measured, finish},
        history::{History, OpenRun},
    },
};

use super::Keeper;
use crate::{
    state::{Entry, rows},
    store::requests::{self, Request, Wish},
};

impl Keeper {
    /// Answers every open request with a row, or says why not.
    pub(super) async fn answer_requests(&mut self) -> anyhow::Result<()> {
        for request in requests::open(&self.writer.state().database).await? {
            let wanted = self.timed.iter().find(|timed| timed.id.as_str() == request.task);
            if wanted.is_some_and(|timed| self.writer.history().task(&timed.id).is_none()) {
                // New in the plan: it is taken on within this look, and answered in the next.
                continue;
            }
            let answer = answer(&self.timed, self.writer.history(), &request, self.clock.now());
            match answer {
                Ok(entries) => self.append(self.clock.now(), entries).await?,
                Err(why) => requests::refuse(&self.writer.state().database, &request.id, &why).await?,
            }
        }
        Ok(())
    }
}

/// The rows that answer a request, the first being the one it is told; or why there are none.
pub fn answer(
    tasks: &[TimedTask],
    history: &History,
    request: &Request,
    now: Timestamp,
) -> Result<Vec<Entry>, String> {
    let answers = Some(request.id.clone());
    if let Some(record) = rows::record(request) {
        return record.map(|entry| vec![entry]).map_err(str::to_owned);
    }
    let timed = tasks.iter().find(|timed| timed.id.as_str() == request.task);
    let timed = timed.ok_or_else(|| format!("no plan has a task {}", request.task))?;
    match &request.wish {
        Wish::Run => {
            let event = Event::TaskTriggered { task: timed.id.clone(), by: request.asked_by.clone() };
            Ok(vec![Entry { answers, ..event.into() }])
        }
        Wish::Evidence(text) => {
            let (occurrence, run) = open_work(history, &timed.id)?;
            let by = request.asked_by.clone();
            let evidence =
                Event::Evidence { occurrence: occurrence.clone(), by: by.clone(), text: text.clone() };
            let detail = format!("done by {by}, with evidence");
            let done = finish(timed, &occurrence, &run, &End::Succeeded, detail, Measured::default(), now);
            Ok(vec![Entry { answers, ..evidence.into() }, done.into()])
        }
        Wish::Record(_) => Err("a record belongs to no task".to_owned()),
    }
}

/// The oldest open work of people under this name.
fn open_work(history: &History, id: &TaskId) -> Result<(Occurrence, OpenRun), String> {
    let own = history.task(id);
    let mut open = own.into_iter().flat_map(|own| own.open().filter(|(_, run)| run.human));
    let found = open.next().map(|(occurrence, run)| (occurrence.clone(), run.clone()));
    found.ok_or_else(|| format!("{id} has no open work of people"))
}
