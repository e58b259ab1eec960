//! Runs of a simulation: they last as long as the simulation says, and end as it says.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use jiff::{SignedDuration, Timestamp};
use keeper::{
    runner::{Job, Ran},
    scheduler::{Carried, Hand},
};
use keeper_core::{
    ledger::event::Occurrence,
    schedule::account::{End, Measured},
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Everything that runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Workshop(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    running: BTreeMap<Occurrence, Running>,
    /// Tries that keeper knows to be over, or will when it looks.
    over: u64,
    stopped: Vec<Occurrence>,
}

#[derive(Debug)]
struct Running {
    ends_at: Option<Timestamp>,
    end: oneshot::Sender<End>,
}

impl Workshop {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// What runs now.
    pub(crate) fn live(&self) -> BTreeSet<Occurrence> {
        self.lock().running.keys().cloned().collect()
    }

    /// Runs that keeper has stopped since this was last asked.
    pub(crate) fn stopped(&self) -> Vec<Occurrence> {
        std::mem::take(&mut self.lock().stopped)
    }

    /// Every process is gone, as when the machine is.
    pub(crate) fn clear(&self) {
        *self.lock() = Inner::default();
    }

    /// Decides how long new runs last.
    pub(crate) fn plan_ends(&self, now: Timestamp, mut lasts: impl FnMut() -> SignedDuration) {
        for running in self.lock().running.values_mut() {
            running.ends_at.get_or_insert_with(|| now.saturating_add(lasts()).unwrap());
        }
    }

    /// Ends what should have ended by now, and gives it once keeper can see it.
    pub(crate) async fn end_due(
        &self,
        now: Timestamp,
        mut how: impl FnMut() -> End,
    ) -> Vec<(Occurrence, End)> {
        let (mut ended, before) = (Vec::new(), self.lock().over);
        {
            let mut inner = self.lock();
            let due = inner.running.iter().filter(|(_, run)| run.ends_at.is_some_and(|end| end <= now));
            let due: Vec<Occurrence> = due.map(|(occurrence, _)| occurrence.clone()).collect();
            for occurrence in due {
                let Some(running) = inner.running.remove(&occurrence) else { continue };
                let end = how();
                running.end.send(end.clone()).unwrap();
                ended.push((occurrence, end));
            }
        }
        while self.lock().over < before + ended.len() as u64 {
            tokio::task::yield_now().await;
        }
        ended
    }
}

impl Hand for Workshop {
    fn carry_out(&self, occurrence: Occurrence, _: Job, stop: CancellationToken) -> Carried {
        let (end, ended) = oneshot::channel();
        self.lock().running.insert(occurrence.clone(), Running { ends_at: None, end });
        let own = self.clone();
        Box::pin(async move {
            let end = tokio::select! {
                Ok(end) = ended => end,
                () = stop.cancelled() => {
                    let mut inner = own.lock();
                    inner.running.remove(&occurrence);
                    inner.stopped.push(occurrence);
                    End::Replaced
                }
                // Dropped with everything else that ran.
                else => End::Replaced,
            };
            own.lock().over += 1;
            Ran { end, detail: "simulated".to_owned(), measured: Measured::default(), output: String::new() }
        })
    }
}
