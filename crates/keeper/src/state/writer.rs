//! The one keeper that may add rows: it holds the lock, says that it lives, and writes rows with what belongs to them.

use std::{
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::{Context, bail};
use chassis::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use keeper_core::{
    ledger::{Anchor, Event, Row, Why},
    schedule::history::History,
};
use storage::{Database, StorageError};

use super::{
    Checked, Files, State,
    checkpoint::{self, Checkpoint},
    head,
    reserve::Reserve,
    verify,
};
use crate::{
    config::StateConfig,
    host,
    store::{
        MIGRATION_SETS, backups,
        holder::{self, Holder},
        ledger_rows, requests,
        runs::{self, RunRecord},
        watched,
    },
};

/// A keeper on another machine that has not said that it lives for so long is taken for dead.
const SILENCE: SignedDuration = SignedDuration::from_secs(60);

/// Another keeper holds the state file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct HeldBy {
    /// The state file.
    pub file: String,
    /// Who that is, as far as the file says.
    pub holder: Option<Holder>,
}

impl fmt::Display for HeldBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} is held by another keeper", self.file)?;
        if let Some(Holder { host, pid, since, .. }) = &self.holder {
            write!(formatter, ": process {pid} on {host} since {since}")?;
        }
        Ok(())
    }
}

/// Whether a holder seems to live: by its process on this machine, by its last word on another.
#[must_use]
pub fn lives(holder: &Holder, now: Timestamp) -> bool {
    if holder.host == host::name() {
        let pid = i32::try_from(holder.pid).map(nix::unistd::Pid::from_raw);
        return pid.is_ok_and(|pid| !matches!(nix::sys::signal::kill(pid, None), Err(nix::Error::ESRCH)));
    }
    now.duration_since(holder.beat_at).abs() < SILENCE
}

/// One event and what has to be written together with its row.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What happened.
    pub event: Event,
    /// What a run has printed, for an event with an outcome.
    pub output: String,
    /// The request that the row answers.
    pub answers: Option<String>,
    /// What the watched files of the triggered task look like now.
    pub fingerprint: Option<String>,
}

impl From<Event> for Entry {
    fn from(event: Event) -> Self {
        Self { event, output: String::new(), answers: None, fingerprint: None }
    }
}

/// The right to write a state file, until it is dropped.
#[derive(Debug)]
pub struct Writer {
    state: State,
    token: String,
    head: Anchor,
    history: History,
    reserve: Reserve,
    trouble: Option<String>,
    backup_rows: u64,
    /// Number of the row up to which the history is kept.
    kept_until: u64,
    /// Rows up to this one were not looked at when the file was taken.
    unseen: u64,
    /// Held as long as the file is open; the system gives it back however the process ends.
    _lock: File,
}

impl Writer {
    /// Takes the state file, made anew where there is none. Fails with [`HeldBy`] when somebody else has it.
    pub async fn take(config: &StateConfig, clock: Clock) -> anyhow::Result<Self> {
        let files = Files::beside(Path::new(&config.file));
        let lock = lock(&files, &clock, config).await?;
        let reserve = Reserve::new(files.reserve.clone(), config.reserve_bytes);
        let (state, token, is_full) = match begin(config, &clock).await {
            Err(error) if is_full(&error) && reserve.release() => {
                let (state, token) = begin(config, &clock).await?;
                (state, token, true)
            }
            begun => begun.map(|(state, token)| (state, token, false))?,
        };
        if let Err(error) = reserve.fill() {
            tracing::warn!(%error, "no space could be set aside for a full disk");
        }
        let (trouble, Checkpoint { anchor, history }) = look(&state).await?;
        let head = ledger_rows::head(&state.database).await?;
        let mut writer = Self {
            state,
            token,
            head,
            history,
            reserve,
            trouble,
            backup_rows: 0,
            kept_until: anchor.seq,
            unseen: anchor.seq,
            _lock: lock,
        };
        writer.keep().await;
        if let Some(text) = writer.trouble.clone() {
            tracing::error!("the ledger does not hold: {text}");
            let event = Event::Note { subject: "ledger".to_owned(), text };
            writer.append(clock.now(), vec![event.into()]).await?;
        }
        if is_full {
            writer.append(clock.now(), vec![given_up()]).await?;
        }
        Ok(writer)
    }

    /// For reading.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What the rows say of every task.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The newest row.
    #[must_use]
    pub fn head(&self) -> Anchor {
        self.head
    }

    /// Rows about backups that this keeper has written; when it has grown, their standing has changed.
    #[must_use]
    pub fn backup_rows(&self) -> u64 {
        self.backup_rows
    }

    /// What was wrong with the ledger when it was opened.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Whether there are rows that were not looked at when the file was taken, because what they say was kept.
    #[must_use]
    pub fn has_unseen(&self) -> bool {
        self.unseen > 0
    }

    /// Takes in what a look at the whole ledger has found. Trouble gets a row; what was kept and is not what the rows
    /// say is forgotten, and from here on they decide.
    pub async fn seen(&mut self, checked: Checked) -> anyhow::Result<()> {
        self.unseen = 0;
        let Err(broken) = checked else { return Ok(()) };
        if broken.why == Why::KeptDiffers {
            checkpoint::forget(&self.state).await?;
            self.history = self.state.history().await?;
        }
        let text = broken.to_string();
        tracing::error!("the ledger does not hold: {text}");
        self.trouble = Some(text.clone());
        let event = Event::Note { subject: "ledger".to_owned(), text };
        self.append(self.state.clock.now(), vec![event.into()]).await.map(drop)
    }

    /// Writes rows in one unit of work, with what belongs to them; gives their numbers. On a full disk the reserve
    /// is given up, and a row says so.
    pub async fn append(&mut self, at: Timestamp, entries: Vec<Entry>) -> anyhow::Result<Vec<u64>> {
        let rows = match self.write(at, &entries).await {
            Err(StorageError::DiskFull { detail }) if self.reserve.release() => {
                tracing::error!(detail, "the disk is full: the space set aside is used now");
                let mut all = vec![given_up()];
                all.extend(entries.iter().cloned());
                self.write(at, &all).await.map(|rows| (all, rows))
            }
            other => other.map(|rows| (entries, rows)),
        };
        let (entries, rows) = rows.context("the ledger cannot be written")?;
        for (entry, row) in entries.iter().zip(&rows) {
            self.history.apply(row.seq, row.at, &entry.event);
            self.backup_rows += u64::from(backups::concerns(&entry.event));
        }
        if let Some(last) = rows.last() {
            self.head = last.anchor();
            if let Err(error) = head::write(&self.state.files.head, self.head) {
                tracing::warn!(%error, "the head of the ledger could not be written beside it");
            }
        }
        self.keep().await;
        Ok(rows.into_iter().map(|row| row.seq).collect())
    }

    /// Keeps what the ledger says, when many rows have come since it was kept last; the next start reads on from here.
    async fn keep(&mut self) {
        // What does not hold is read anew at each start.
        if self.head.seq.saturating_sub(self.kept_until) < checkpoint::EVERY || self.trouble.is_some() {
            return;
        }
        if let Err(error) = checkpoint::keep(&self.state, self.head, &self.history).await {
            tracing::warn!(
                "what the ledger says could not be kept, and the next start takes longer: {error:#}"
            );
        }
        // On a full disk it is not tried with every row.
        self.kept_until = self.head.seq;
    }

    /// Says that this keeper lives, and sets space aside again when there is some. Fails when somebody else has
    /// taken the file.
    pub async fn beat(&mut self) -> anyhow::Result<()> {
        let now = self.state.clock.now();
        match holder::beat(&self.state.database, &self.token, now).await {
            Ok(true) | Err(StorageError::DiskFull { .. }) => {}
            Ok(false) => bail!("another keeper has taken the state file"),
            Err(error) if error.is_retryable() => {}
            Err(error) => return Err(error).context("the state file cannot be written"),
        }
        if self.reserve.fill().unwrap_or(false) {
            let text = "space is set aside again".to_owned();
            let event = Event::Note { subject: "disk full".to_owned(), text };
            self.append(now, vec![event.into()]).await?;
        }
        Ok(())
    }

    /// Gives the state file up.
    pub async fn release(self) -> anyhow::Result<()> {
        let database = &self.state.database;
        tracing::info!(head = %self.head, "{}", head::IN_LOG);
        holder::release(database, &self.token).await?;
        database.close().await;
        Ok(())
    }

    async fn write(&self, at: Timestamp, entries: &[Entry]) -> Result<Vec<Row>, StorageError> {
        let mut transaction = self.state.database.begin().await?;
        if holder::token(&mut transaction).await?.as_deref() != Some(&*self.token) {
            transaction.rollback().await?;
            return Err(StorageError::Other { detail: "another keeper has taken the state file".to_owned() });
        }
        let (mut rows, mut head) = (Vec::new(), self.head);
        for entry in entries {
            let row = Row::after(head, at, &entry.event)
                .map_err(|error| StorageError::Other { detail: error.to_string() })?;
            ledger_rows::add(&mut transaction, &row).await?;
            if let Some(run) = record(&row, entry) {
                runs::add(&mut transaction, &run).await?;
            }
            backups::apply(&mut transaction, at, &entry.event).await?;
            if let Some(id) = &entry.answers {
                requests::answer(&mut transaction, id, row.seq).await?;
            }
            if let (Some(fingerprint), Event::TaskTriggered { task, .. }) = (&entry.fingerprint, &entry.event)
            {
                watched::change(&mut transaction, task.as_str(), fingerprint).await?;
            }
            head = row.anchor();
            rows.push(row);
        }
        transaction.commit().await?;
        Ok(rows)
    }
}

fn record(row: &Row, entry: &Entry) -> Option<RunRecord> {
    let Event::Settled { occurrence, outcome, detail, duration_ms, exit_code } = &entry.event else {
        return None;
    };
    Some(RunRecord {
        seq: row.seq,
        occurrence: occurrence.clone(),
        outcome: *outcome,
        detail: detail.clone(),
        ended_at: row.at,
        duration_ms: *duration_ms,
        exit_code: *exit_code,
        output: entry.output.clone(),
    })
}

/// Opens the state file and writes this process down as its holder.
async fn begin(config: &StateConfig, clock: &Clock) -> anyhow::Result<(State, String)> {
    let state = State::open_file(config, clock.clone()).await?;
    storage::migrate::up(&state.database, &MIGRATION_SETS).await?;
    let token = hold(&state, &config.file).await?;
    Ok((state, token))
}

fn is_full(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<StorageError>());
    causes.any(|cause| matches!(cause, StorageError::DiskFull { .. }))
}

/// The row that says that there was no space.
fn given_up() -> Entry {
    let text = "no space left on the disk of the state file; the space set aside was given up for the rows from here on";
    Event::Note { subject: "disk full".to_owned(), text: text.to_owned() }.into()
}

/// The lock of this machine, which nobody keeps beyond their death.
async fn lock(files: &Files, clock: &Clock, config: &StateConfig) -> anyhow::Result<File> {
    if let Some(folder) = files.lock.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&files.lock);
    let file = opened.with_context(|| format!("opening {}", files.lock.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("locking {}", files.lock.display()))
        }
        Err(TryLockError::WouldBlock) => {
            let holder = match State::open(config, clock.clone()).await {
                Ok(state) => known_holder(&state.database).await,
                Err(_) => None,
            };
            Err(HeldBy { file: config.file.clone(), holder }.into())
        }
    }
}

async fn known_holder(database: &Database) -> Option<Holder> {
    holder::current(database).await.ok().flatten()
}

/// Writes this process down as the holder. On this machine the lock has decided; from another one the row does.
async fn hold(state: &State, file: &str) -> anyhow::Result<String> {
    let now = state.clock.now();
    let mine = Holder {
        token: uuid::Uuid::new_v4().to_string(),
        host: host::name(),
        pid: std::process::id(),
        since: now,
        beat_at: now,
    };
    if let Some(other) = holder::current(&state.database).await?
        && other.host != mine.host
        && now.duration_since(other.beat_at).abs() < SILENCE
    {
        return Err(HeldBy { file: file.to_owned(), holder: Some(other) }.into());
    }
    holder::replace(&state.database, &mine).await?;
    Ok(mine.token)
}

/// What is wrong with the ledger, and what it says, in one reading of what has come since that was kept; where it is
/// read on from. A head that the ledger no longer agrees with is set aside, or it would be written over.
async fn look(state: &State) -> anyhow::Result<(Option<String>, Checkpoint)> {
    let path = &state.files.head;
    let (known, unreadable) = match head::read(path) {
        Ok(known) => (known, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let anchors: Vec<Anchor> = known.into_iter().collect();
    let Checkpoint { anchor, mut history } = checkpoint::newest(state).await?;
    let checked = verify::check(state, anchor, &anchors, |row| {
        history.apply(row.seq, row.at, &row.event()?);
        Ok(())
    });
    let broken = checked.await?.err();
    if let (Some(head), Some(_)) = (known, broken) {
        head::set_aside(path, head)?;
    }
    let trouble = unreadable.or_else(|| broken.map(|broken| broken.to_string()));
    Ok((trouble, Checkpoint { anchor, history }))
}
