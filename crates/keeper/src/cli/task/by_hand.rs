//! A task while no keeper runs: this process holds the state file for as long as it takes.

use std::{pin::pin, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use chassis::{clock::Clock, shutdown::Shutdown};
use jiff::Timestamp;
use keeper_core::{
    ledger::{Event, event::Occurrence},
    plan::{
        set::{TaskId, TimedTask, Work},
        task::Retry,
    },
    schedule::{
        account::{End, finish},
        history::OpenRun,
    },
};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::Invocation,
    duty::Duty,
    plan_file::LoadedPlans,
    progress::Bar,
    runner::{self, Job, Ran},
    scheduler::answer,
    state::{
        Entry, Rows, Writer,
        rows::{Wanted, WantedRows, answer_commands},
    },
    store::{
        requests::Request,
        runs::{self, RunRecord},
    },
};

const USUAL_LIMIT: Duration = Duration::from_secs(600);
/// How often it is looked whether other commands want rows.
const LOOK: Duration = Duration::from_millis(200);
/// How long the last rows of a run that was ended may take.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Runs a task once, without its retries, and writes both rows. `answers` is the request that nobody has answered.
pub(super) async fn run(
    invocation: &Invocation,
    mut writer: Writer,
    loaded: &LoadedPlans,
    id: &TaskId,
    answers: Option<String>,
) -> anyhow::Result<RunRecord> {
    let clock = Clock::system();
    let (plan, work) = loaded.plans.work(id).context("the task is in no plan")?;
    let duty = Duty::of(plan, work);
    if let Duty::Human(_) = &duty {
        bail!("people do {id}; it is opened by a running keeper and settled by `keeper task done`");
    }
    let time_limit = match work {
        Work::Task(task) => Duration::from_secs(u64::from(task.time_limit.as_seconds())),
        Work::Backup(backup) => Duration::from_secs(u64::from(backup.time_limit.as_seconds())),
        _ => USUAL_LIMIT,
    };
    let now = clock.now();
    let by = format!("{}, by hand", super::account());
    let timed = loaded.plans.timed_tasks().into_iter().find(|timed| timed.id == *id);
    let timed = timed.context("the task is in no plan")?;
    let trigger = Event::TaskTriggered { task: id.clone(), by };
    let trigger = Entry { answers, ..trigger.into() };
    let rows = adoption(&writer, &timed, now).map(Entry::from).into_iter().chain([trigger]);
    let seq = *writer.append(now, rows.collect()).await?.last().context("no row was written")?;
    let occurrence = Occurrence { task: id.clone(), due: now, trigger: Some(seq) };
    let start = Event::RunStarted { occurrence: occurrence.clone(), attempt: 1, late: false, human: false };
    writer.append(now, vec![start.into()]).await?;
    let bar = Bar::new(id.as_str());
    let (rows, wanted) = Rows::channel();
    let job = Job {
        duty,
        plan: Arc::new(plan.clone()),
        time_limit,
        limits: invocation.config().runs.clone(),
        state: writer.state().clone(),
        rows,
        clock: clock.clone(),
        progress: bar.gauge(),
    };
    let shutdown = Shutdown::new();
    shutdown.spawn_signal_listener();
    let ran = run_job(job, &mut writer, wanted, &shutdown.token()).await;
    drop(bar);
    // Nothing has taken its place: somebody has stopped it.
    let end = if ran.end == End::Replaced { End::Failed } else { ran.end };
    let once = TimedTask { retry: Retry { attempts: 1, ..timed.retry }, ..timed };
    let open = OpenRun {
        attempt: 1,
        since: now,
        late: false,
        human: false,
        repeat_not_before: None,
        overdue: false,
    };
    let event = finish(&once, &occurrence, &open, &end, ran.detail, ran.measured, clock.now());
    writer.append(clock.now(), vec![Entry { output: ran.output, ..event.into() }]).await?;
    let record =
        runs::of_trigger(&writer.state().database, seq).await?.context("the outcome is not there")?;
    writer.release().await?;
    Ok(record)
}

/// Runs it, and writes the rows that it and other commands want meanwhile.
async fn run_job(job: Job, writer: &mut Writer, mut wanted: WantedRows, stop: &CancellationToken) -> Ran {
    let ran = {
        let mut running = pin!(async move { runner::run(&job, stop).await });
        loop {
            tokio::select! {
                biased;
                Some(wanted) = wanted.recv() => write(writer, wanted).await,
                ran = &mut running => break ran,
                () = sleep(LOOK) => answer_commands(writer).await,
            }
        }
    };
    // What was ended at its limit may still have a last word, until nobody is left who could say one.
    while let Ok(Some(wanted)) = timeout(LAST_WORDS, wanted.recv()).await {
        write(writer, wanted).await;
    }
    ran
}

async fn write(writer: &mut Writer, wanted: Wanted) {
    let now = writer.state().clock.now();
    let written = writer.append(now, vec![wanted.event.clone().into()]).await;
    let seq = written.map(|rows| rows.last().copied().unwrap_or_default());
    wanted.answer(seq.map_err(|error| format!("{error:#}")));
}

/// The row without which nothing that is said of a new task would count.
fn adoption(writer: &Writer, timed: &TimedTask, now: Timestamp) -> Option<Event> {
    let is_new = writer.history().task(&timed.id).is_none();
    is_new.then(|| Event::TaskAdopted {
        task: timed.id.clone(),
        schedule: timed.schedule.to_string(),
        zone: timed.zone.name().to_owned(),
        since: now,
    })
}

/// Writes down that work of people is done.
pub(super) async fn done(mut writer: Writer, loaded: &LoadedPlans, request: Request) -> anyhow::Result<u64> {
    let now = Clock::system().now();
    let answered = answer(&loaded.plans.timed_tasks(), writer.history(), &request, now);
    let rows = match answered {
        Ok(rows) => rows.into_iter().map(|row| Entry { answers: None, ..row }).collect(),
        Err(why) => bail!("{why}"),
    };
    let seq = *writer.append(now, rows).await?.first().context("no row was written")?;
    writer.release().await?;
    Ok(seq)
}
