//! The state file: a SQLite database with the ledger in it, its head and its reserve of space beside it.
//!
//! [`State`] reads, and asks; [`Writer`] is the one keeper at a time that adds rows.

mod checkpoint;
pub mod head;
pub mod reserve;
pub mod rows;
mod verify;
mod writer;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use chassis::clock::Clock;
use keeper_core::{
    ledger::{Anchor, Row},
    schedule::history::History,
};
use storage::{Database, DatabaseSettings};

use crate::{
    config::StateConfig,
    store::{MIGRATION_SETS, ledger_rows},
};

use checkpoint::Checkpoint;

pub use rows::{Asked, Rows, Scribe};
pub use verify::{Checked, Known, known, verify};
pub use writer::{Entry, HeldBy, Writer, lives};

/// The files of one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The database.
    pub database: PathBuf,
    /// Locked for as long as a keeper lives; what it holds means nothing.
    pub lock: PathBuf,
    /// The newest row's number and hash.
    pub head: PathBuf,
    /// Space for when there is none.
    pub reserve: PathBuf,
}

impl Files {
    /// The files that belong to a database at this path.
    #[must_use]
    pub fn beside(database: &Path) -> Self {
        let with = |ending: &str| {
            let mut name = database.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        Self {
            database: database.to_owned(),
            lock: with(".lock"),
            head: with(".head"),
            reserve: with(".reserve"),
        }
    }
}

/// An open state file, for whoever reads it.
#[derive(Debug, Clone)]
pub struct State {
    /// Its tables.
    pub database: Database,
    /// Where it lies.
    pub files: Files,
    /// The time.
    pub clock: Clock,
}

impl State {
    /// Opens a state file that a keeper has made.
    pub async fn open(config: &StateConfig, clock: Clock) -> anyhow::Result<Self> {
        let path = Path::new(&config.file);
        if !path.is_file() {
            bail!("there is no state file at {}: `keeper run` makes one", path.display());
        }
        let state = Self::open_file(config, clock).await?;
        let pending = storage::migrate::status(&state.database, &MIGRATION_SETS).await?;
        if pending.iter().any(|migration| migration.applied_at.is_none()) {
            bail!("{} is of an older keeper: start `keeper run` of this one first", path.display());
        }
        Ok(state)
    }

    /// Opens the file, made anew where there is none, whatever its tables are.
    async fn open_file(config: &StateConfig, clock: Clock) -> anyhow::Result<Self> {
        let files = Files::beside(Path::new(&config.file));
        let settings = DatabaseSettings {
            readers: 2,
            slow_query: Duration::MAX,
            ..DatabaseSettings::at(format!("sqlite:{}", config.file))
        };
        let opened = Database::open(&settings, clock.clone()).await;
        let database = opened.with_context(|| format!("opening the state file {}", config.file))?;
        Ok(Self { database, files, clock })
    }

    /// By which processes that were started for this state are known: its whole path, whatever the folder.
    #[must_use]
    pub fn mark(&self) -> String {
        let whole = std::fs::canonicalize(&self.files.database);
        whole.unwrap_or_else(|_| self.files.database.clone()).display().to_string()
    }

    /// What the ledger says of every task.
    pub async fn history(&self) -> anyhow::Result<History> {
        let Checkpoint { anchor, mut history } = checkpoint::newest(self).await?;
        self.each_batch_after(anchor.seq, |rows| {
            for row in &rows {
                history.apply(row.seq, row.at, &row.event()?);
            }
            Ok(())
        })
        .await?;
        Ok(history)
    }

    /// Hands every row over, oldest first, some thousands at a time.
    pub async fn each_batch(&self, take: impl FnMut(Vec<Row>) -> anyhow::Result<()>) -> anyhow::Result<()> {
        self.each_batch_after(Anchor::EMPTY.seq, take).await
    }

    /// The same for the rows after this number.
    async fn each_batch_after(
        &self,
        mut seq: u64,
        mut take: impl FnMut(Vec<Row>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        loop {
            let rows = ledger_rows::after(&self.database, seq, ledger_rows::BATCH).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            seq = last.seq;
            take(rows)?;
        }
    }
}
