//! The daemon's heart: once a second it looks at what is due, writes down what it decides, and starts it.
//!
//! Whatever it does is written first: it may be killed between any two statements, and whoever comes next goes on
//! from the ledger. Only a row that is written lets something start.

mod backups;
mod hand;
mod reload;
mod requests;
mod running;
mod snapshot;
mod watching;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use chassis::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use keeper_core::{
    freshness::Standing,
    ledger::{Event, event::Occurrence},
    plan::set::TimedTask,
    schedule::account::{Decision, account},
};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    app::VERSION,
    config::Config,
    host, metric_names,
    plan_file::{self, LoadedPlans},
    process::orphans::{self, STATE_MARK},
    state::{
        self, Checked, Entry, Rows, State, Writer, head,
        rows::{Wanted, WantedRows},
    },
    store::backups as stored,
};

use backups::BackupOutline;
pub use backups::{BackupState, backups};
pub use hand::{Carried, Hand, Machine};
use reload::Stamp;
pub use requests::answer;
use running::{Ended, Live};
use snapshot::Outline;
pub use snapshot::{OpenState, Snapshot, TaskState, tasks};
use watching::Watching;

/// How often keeper looks.
const LOOK: Duration = Duration::from_secs(1);
/// How often it says that it lives.
const BEAT: Duration = Duration::from_secs(10);
/// How often the ledger's head goes into the log, where it outlives the state file.
const ANCHOR: Duration = Duration::from_secs(3_600);
/// How often a row says that it did, and where it is.
const ANCHOR_ROW: SignedDuration = SignedDuration::from_hours(24);
/// Rounds of one look; each settles hundreds of times, and the next look goes on.
const ROUNDS: usize = 200;

/// A keeper that holds its state file.
#[derive(Debug)]
pub struct Keeper {
    config: Config,
    clock: Clock,
    writer: Writer,
    files: Vec<PathBuf>,
    stamp: Stamp,
    refused: Option<String>,
    plans: Arc<LoadedPlans>,
    timed: Vec<TimedTask>,
    outlines: Vec<Outline>,
    backup_outlines: Vec<BackupOutline>,
    /// What lies in the stores, as of so many rows about backups.
    standings: BTreeMap<stored::Pair, Standing>,
    standings_of: u64,
    hand: Arc<dyn Hand>,
    live: BTreeMap<Occurrence, Live>,
    places: Arc<Semaphore>,
    ended_sender: mpsc::UnboundedSender<Ended>,
    ended: mpsc::UnboundedReceiver<Ended>,
    rows: Rows,
    wanted: WantedRows,
    /// Ends whose rows could not be written yet.
    unwritten: Vec<Ended>,
    watching: Watching,
    /// A look at the whole ledger, of which a start reads only the end.
    looking: Option<JoinHandle<anyhow::Result<Checked>>>,
    beaten: Instant,
    anchored: Instant,
    anchor_row_at: Timestamp,
    published: watch::Sender<Arc<Snapshot>>,
}

impl Keeper {
    /// Takes the state file, ends what an earlier keeper has left behind, and loads the plans; a bad plan is refused
    /// with all of its problems.
    pub async fn start(config: Config, files: Vec<PathBuf>, clock: Clock) -> anyhow::Result<Self> {
        Self::start_with(config, files, clock, Arc::new(Machine)).await
    }

    /// The same, with jobs carried out by somebody else than this machine.
    pub async fn start_with(
        config: Config,
        files: Vec<PathBuf>,
        clock: Clock,
        hand: Arc<dyn Hand>,
    ) -> anyhow::Result<Self> {
        let stamp = Stamp::of(&files);
        let plans = Arc::new(plan_file::load(&files)?);
        let mut writer = Writer::take(&config.state, clock.clone()).await?;
        let mark = writer.state().mark();
        let left = tokio::task::spawn_blocking(move || orphans::end(STATE_MARK, &mark)).await?;
        if left > 0 {
            tracing::warn!(left, "processes of an earlier keeper were still there and have been ended");
        }
        let mut rows = vec![Event::KeeperStarted { version: VERSION.to_owned(), host: host::name() }];
        rows.extend(
            plans
                .files
                .iter()
                .map(|file| Event::ConfigLoaded { file: file.path.display().to_string(), hash: file.hash }),
        );
        writer.append(clock.now(), rows.into_iter().map(Entry::from).collect()).await?;
        tracing::info!(head = %writer.head(), "{}", head::IN_LOG);
        let (ended_sender, ended) = mpsc::unbounded_channel();
        let (rows, wanted) = Rows::channel();
        let (published, _) = watch::channel(Arc::new(Snapshot::default()));
        let watching = Watching::new(writer.state()).await?;
        let looking = writer.has_unseen().then(|| {
            let state = writer.state().clone();
            tokio::spawn(async move { state::verify(&state, &[]).await })
        });
        let mut keeper = Self {
            timed: plans.plans.timed_tasks(),
            outlines: snapshot::outlines(&plans.plans),
            backup_outlines: backups::outlines(&plans.plans),
            standings: stored::all(&writer.state().database).await?,
            standings_of: writer.backup_rows(),
            hand,
            places: Arc::new(Semaphore::new(config.runs.at_once.max(1))),
            live: BTreeMap::new(),
            unwritten: Vec::new(),
            refused: None,
            beaten: Instant::now(),
            anchored: Instant::now(),
            anchor_row_at: clock.now(),
            config,
            clock,
            writer,
            files,
            stamp,
            plans,
            ended_sender,
            ended,
            rows,
            wanted,
            watching,
            looking,
            published,
        };
        keeper.publish();
        Ok(keeper)
    }

    /// For reading.
    #[must_use]
    pub fn state(&self) -> &State {
        self.writer.state()
    }

    /// What is going on, for whoever shows it.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.published.subscribe()
    }

    /// Works until `stop`; runs under way then have some time to end, and are interrupted after it.
    pub async fn run(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut failed = None;
        while !stop.is_cancelled() {
            if let Err(error) = self.tick().await {
                if !is_passing(&error) {
                    failed = Some(error);
                    break;
                }
                tracing::error!("nothing is started while the ledger cannot be written: {error:#}");
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep(LOOK) => {}
                Some(ended) = self.ended.recv() => self.unwritten.push(ended),
                Some(wanted) = self.wanted.recv() => self.write_wanted(wanted).await,
            }
        }
        let ended = self.end_runs(failed.is_none()).await;
        match failed {
            Some(error) => Err(error),
            None => {
                ended?;
                self.writer.release().await
            }
        }
    }

    /// One look: what has ended, what is asked, what has changed, what is due.
    pub async fn tick(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        if self.beaten.elapsed() >= BEAT {
            self.writer.beat().await?;
            self.beaten = Instant::now();
        }
        self.anchor().await?;
        self.end_looking().await?;
        // What a run has written comes before its end.
        while let Ok(wanted) = self.wanted.try_recv() {
            self.write_wanted(wanted).await;
        }
        while let Ok(ended) = self.ended.try_recv() {
            self.unwritten.push(ended);
        }
        self.write_ends().await?;
        self.reload().await?;
        self.answer_requests().await?;
        self.look_at_files().await?;
        self.account().await?;
        self.look_at_backups().await?;
        self.publish();
        metrics::histogram!(metric_names::TICK_DURATION_SECONDS).record(started.elapsed().as_secs_f64());
        Ok(())
    }

    /// Takes in what the look at the whole ledger has found, once it has ended.
    async fn end_looking(&mut self) -> anyhow::Result<()> {
        if let Some(looking) = self.looking.take_if(|looking| looking.is_finished()) {
            match looking.await? {
                Ok(checked) => self.writer.seen(checked).await?,
                Err(error) => tracing::warn!("the whole ledger could not be looked at: {error:#}"),
            }
        }
        Ok(())
    }

    /// Puts the head where whoever cuts the ledger may not reach it; once a day, and at the end, a row says so.
    async fn anchor(&mut self) -> anyhow::Result<()> {
        let now = self.clock.now();
        // Either way, for clocks are set back.
        if now.duration_since(self.anchor_row_at).abs() >= ANCHOR_ROW {
            let anchored = self.anchored();
            self.append(now, vec![anchored.into()]).await?;
            self.anchor_row_at = now;
        } else if self.anchored.elapsed() >= ANCHOR {
            self.log_head();
        }
        Ok(())
    }

    /// The row for a head that has just gone into the log.
    fn anchored(&mut self) -> Event {
        self.log_head();
        let file = self.state().files.head.display().to_string();
        let logs = &self.config.logs;
        let place = match (logs.directory.as_str(), logs.stderr) {
            ("", false) => file,
            ("", true) => format!("standard error, {file}"),
            (folder, _) => format!("{folder}/keeper.log, {file}"),
        };
        Event::Anchored { anchor: self.writer.head(), place }
    }

    fn log_head(&mut self) {
        tracing::info!(head = %self.writer.head(), "{}", head::IN_LOG);
        self.anchored = Instant::now();
    }

    /// Waits until no process runs, and settles them all; for tests and for one task by hand.
    pub async fn finish_runs(&mut self) -> anyhow::Result<()> {
        loop {
            self.tick().await?;
            if self.live.is_empty() && self.unwritten.is_empty() {
                return Ok(());
            }
            tokio::select! {
                ended = self.ended.recv() => self.unwritten.push(ended.context("the runs have gone")?),
                Some(wanted) = self.wanted.recv() => self.write_wanted(wanted).await,
            }
        }
    }

    /// Writes the row that a run wants, and tells it how that went.
    async fn write_wanted(&mut self, wanted: Wanted) {
        let written = self.writer.append(self.clock.now(), vec![wanted.event.clone().into()]).await;
        let seq = written.map_err(|error| format!("{error:#}"));
        wanted
            .answer(seq.and_then(|rows| rows.last().copied().ok_or_else(|| "no row was written".to_owned())));
    }

    async fn account(&mut self) -> anyhow::Result<()> {
        for _ in 0..ROUNDS {
            let now = self.clock.now();
            let live: BTreeSet<Occurrence> = self.live.keys().cloned().collect();
            let decisions = account(&self.timed, self.writer.history(), &live, now);
            if decisions.is_empty() {
                break;
            }
            self.carry_out(decisions, now).await?;
        }
        Ok(())
    }

    /// Writes the rows of the decisions, several at once where nothing has to start between them.
    async fn carry_out(&mut self, decisions: Vec<Decision>, now: Timestamp) -> anyhow::Result<()> {
        let mut rows: Vec<Entry> = Vec::new();
        for decision in decisions {
            rows.extend(decision.event().map(Entry::from));
            match &decision {
                Decision::Start { occurrence, human: false, .. } => {
                    self.append(now, std::mem::take(&mut rows)).await?;
                    self.begin(occurrence);
                }
                Decision::Stop { occurrence, .. } => {
                    self.append(now, std::mem::take(&mut rows)).await?;
                    if let Some(live) = self.live.get(occurrence) {
                        live.stop.cancel();
                    }
                }
                Decision::Escalate { occurrence, due_by } => {
                    tracing::warn!(task = %occurrence.task, %due_by, "work of people is overdue");
                }
                _ => {}
            }
        }
        self.append(now, rows).await
    }

    async fn append(&mut self, now: Timestamp, rows: Vec<Entry>) -> anyhow::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            if let Event::Settled { occurrence, outcome, detail, .. } = &row.event {
                metric_names::count_run(*outcome);
                if outcome.is_alarming() {
                    tracing::warn!(task = %occurrence.task, due = %occurrence.due, ?outcome, detail, "a task is not done");
                }
            }
        }
        self.writer.append(now, rows).await.map(drop)
    }

    fn publish(&mut self) {
        let (now, refused) = (self.clock.now(), self.refused.clone());
        let mut snapshot = Snapshot::of(&self.plans, &self.outlines, &self.writer, refused, now);
        snapshot.backups = self.backup_states(now);
        snapshot.backups.iter().for_each(metric_names::measure_backup);
        for (occurrence, live) in &self.live {
            if let Some(figures) = live.progress.figures() {
                snapshot.set_progress(occurrence, figures);
            }
        }
        metrics::gauge!(metric_names::LEDGER_ROWS).set(self.writer.head().seq as f64);
        metrics::gauge!(metric_names::RUNS_IN_PROGRESS).set(self.live.len() as f64);
        metrics::gauge!(metric_names::PLAN_REFUSED).set(f64::from(u8::from(self.refused.is_some())));
        self.published.send_replace(Arc::new(snapshot));
    }
}

/// Whether the next look may well succeed: a full or busy disk, rather than a lost state file.
fn is_passing(error: &anyhow::Error) -> bool {
    use storage::StorageError::{Disk, DiskFull};
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<storage::StorageError>())
        .any(|cause| cause.is_retryable() || matches!(cause, DiskFull { .. } | Disk { .. }))
}
