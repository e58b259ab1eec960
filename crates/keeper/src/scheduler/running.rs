//! Runs under way: their start, their end, and the row of it.

use std::{sync::Arc, time::Duration};

use keeper_core::{
    ledger::{Event, event::Occurrence},
    plan::set::{TimedTask, Work},
    schedule::account::{End, finish},
};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Keeper;
use crate::{
    duty::Duty,
    progress::Gauge,
    runner::{Job, Ran},
    state::Entry,
};

/// Built-in work that is no task of the plan, such as the audit of an experiment, is ended after so long.
const USUAL_LIMIT: Duration = Duration::from_secs(600);

/// A run under way.
#[derive(Debug)]
pub(super) struct Live {
    /// As it was when it started; the plan may have changed since.
    timed: TimedTask,
    pub(super) stop: CancellationToken,
    pub(super) progress: Gauge,
}

/// A run that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    occurrence: Occurrence,
    ran: Ran,
}

impl Keeper {
    /// Starts what a row says has started.
    pub(super) fn begin(&mut self, occurrence: &Occurrence) {
        let Some(timed) = self.timed.iter().find(|timed| timed.id == occurrence.task).cloned() else {
            return;
        };
        let Some((plan, work)) = self.plans.plans.work(&occurrence.task) else { return };
        let time_limit = match work {
            Work::Task(task) => Duration::from_secs(u64::from(task.time_limit.as_seconds())),
            Work::Backup(backup) => Duration::from_secs(u64::from(backup.time_limit.as_seconds())),
            _ => USUAL_LIMIT,
        };
        let job = Job {
            duty: Duty::of(plan, work),
            plan: Arc::new(plan.clone()),
            time_limit,
            limits: self.config.runs.clone(),
            state: self.writer.state().clone(),
            rows: self.rows.clone(),
            clock: self.clock.clone(),
            progress: Gauge::default(),
        };
        tracing::info!(task = %occurrence.task, due = %occurrence.due, "a task starts");
        let stop = CancellationToken::new();
        let live = Live { timed, stop: stop.clone(), progress: job.progress.clone() };
        self.live.insert(occurrence.clone(), live);
        let (hand, places) = (Arc::clone(&self.hand), Arc::clone(&self.places));
        let (sender, occurrence) = (self.ended_sender.clone(), occurrence.clone());
        tokio::spawn(async move {
            let ran = {
                // Never closed, so a place is always got in the end.
                let _place = places.acquire().await;
                hand.carry_out(occurrence.clone(), job, stop).await
            };
            let _ = sender.send(Ended { occurrence, ran });
        });
    }

    /// Writes down what has ended. What cannot be written stays, and is tried again at the next look.
    pub(super) async fn write_ends(&mut self) -> anyhow::Result<()> {
        while let Some(ended) = self.unwritten.first() {
            if let Some(entry) = self.end_row(ended) {
                self.append(self.clock.now(), vec![entry]).await?;
            }
            let ended = self.unwritten.remove(0);
            self.live.remove(&ended.occurrence);
        }
        Ok(())
    }

    fn end_row(&self, ended: &Ended) -> Option<Entry> {
        let Ended { occurrence, ran } = ended;
        let live = self.live.get(occurrence)?;
        let own = self.writer.history().task(&occurrence.task)?;
        let (_, open) = own.open().find(|(open, _)| *open == occurrence)?;
        let now = self.clock.now();
        let event = finish(&live.timed, occurrence, open, &ran.end, ran.detail.clone(), ran.measured, now);
        let output = if matches!(event, Event::Settled { .. }) { ran.output.clone() } else { String::new() };
        Some(Entry { output, ..Entry::from(event) })
    }

    /// The next run that ends until then; rows that runs want are written meanwhile, each to its end: a write that
    /// is given up half-way may have been done, and the head would not know.
    async fn next_of_runs(&mut self, until: Instant) -> Option<Ended> {
        loop {
            tokio::select! {
                biased;
                Some(wanted) = self.wanted.recv() => self.write_wanted(wanted).await,
                ended = self.ended.recv() => return ended,
                () = sleep_until(until) => return None,
            }
        }
    }

    /// Gives the runs under way time to end, then interrupts them; those have no outcome, and the next keeper
    /// follows their policy. Writes that keeper has stopped.
    pub(super) async fn end_runs(&mut self, can_write: bool) -> anyhow::Result<()> {
        let until = Instant::now() + Duration::from_secs(self.config.server.drain_seconds);
        while self.live.len() > self.unwritten.len() {
            let Some(ended) = self.next_of_runs(until).await else { break };
            self.unwritten.push(ended);
        }
        if can_write {
            self.write_ends().await?;
        }
        self.live.values().for_each(|live| live.stop.cancel());
        let limit = Duration::from_secs(self.config.runs.kill_after_seconds + 5);
        let until = Instant::now() + limit;
        while !self.live.is_empty() {
            let Some(ended) = self.next_of_runs(until).await else { break };
            if ended.ran.end == End::Replaced || !can_write {
                self.live.remove(&ended.occurrence);
            } else {
                self.unwritten.push(ended);
                self.write_ends().await?;
            }
        }
        if can_write {
            // What was ended may still have had a last word.
            while let Ok(wanted) = self.wanted.try_recv() {
                self.write_wanted(wanted).await;
            }
            let stopped = Event::KeeperStopped { reason: "told to".to_owned() };
            let anchored = self.anchored();
            self.append(self.clock.now(), vec![anchored.into(), stopped.into()]).await?;
        }
        Ok(())
    }
}
