//! `chimera migrate`: the runbook's verbs over the program's tables.
//!
//! Revisions are those of the program's own set; the sets of the crates it builds upon only go forward, with it.

use std::{path::PathBuf, process::ExitCode};

use anyhow::bail;
use chassis::clock::Clock;
use clap::Subcommand;
use serde_json::json;
use storage::{Database, MigrationSet, StorageError};

use super::Invocation;
use crate::{
    app::MIGRATION_SETS,
    store::{self, switches},
};

mod revision;
mod snapshot;
mod target;
mod verify;

/// What to do with the tables.
#[derive(Debug, Subcommand)]
pub(super) enum Migrate {
    /// Write the two files of a new migration into the source tree
    Revision {
        /// What it does, in a few words; becomes its name
        #[arg(short, long)]
        message: String,
    },
    /// Apply what is missing up to a revision
    Upgrade {
        /// `head`, `+1`, or a revision such as 0002
        #[arg(value_name = "REVISION")]
        to: String,
    },
    /// Take changes back down to a revision; refuses where rows would go, unless a snapshot is taken
    Downgrade {
        /// `-1`, `base`, or a revision such as 0001
        #[arg(value_name = "REVISION", allow_hyphen_values = true)]
        to: String,
        /// Write the rows that go into this new file first: on SQLite the whole database, on PostgreSQL JSON lines
        #[arg(long, value_name = "FILE")]
        snapshot: Option<PathBuf>,
    },
    /// Show the revision that the database is at
    Current,
    /// Show every migration and when it was applied
    History,
    /// Check tables and indexes, and save and load a profile
    Verify,
}

impl Migrate {
    pub(super) async fn run(self, invocation: Invocation) -> anyhow::Result<ExitCode> {
        if let Self::Revision { message } = &self {
            return revision::write(&invocation, message);
        }
        let database = invocation.bare_database().await?;
        let code = match self {
            Self::Revision { .. } => ExitCode::SUCCESS,
            Self::Upgrade { to } => upgrade(&invocation, &database, &to).await?,
            Self::Downgrade { to, snapshot } => downgrade(&invocation, &database, &to, snapshot).await?,
            Self::Current => current(&invocation, &database).await?,
            Self::History => history(&invocation, &database).await?,
            Self::Verify => verify::run(&invocation, &database).await?,
        };
        database.close().await;
        Ok(code)
    }
}

/// How many of the program's own migrations the database has.
async fn applied(database: &Database) -> anyhow::Result<usize> {
    let all = storage::migrate::status(database, &[&store::MIGRATIONS]).await?;
    Ok(all.iter().filter(|migration| migration.applied_at.is_some()).count())
}

async fn upgrade(invocation: &Invocation, database: &Database, to: &str) -> anyhow::Result<ExitCode> {
    let known = store::MIGRATIONS.migrations;
    let now = applied(database).await?;
    let wanted = target::upgrade(to, now, known)?;
    let own = MigrationSet { name: store::MIGRATIONS.name, migrations: &known[..wanted] };
    let mut sets: Vec<&MigrationSet> =
        MIGRATION_SETS.into_iter().filter(|set| set.name != own.name).collect();
    sets.push(&own);
    report(invocation, "applied", &storage::migrate::up(database, &sets).await?)
}

async fn downgrade(
    invocation: &Invocation,
    database: &Database,
    to: &str,
    snapshot: Option<PathBuf>,
) -> anyhow::Result<ExitCode> {
    let now = applied(database).await?;
    let steps = now - target::downgrade(to, now, store::MIGRATIONS.migrations)?;
    let losses = match storage::migrate::down(database, &store::MIGRATIONS, steps, false).await {
        Err(StorageError::DataLoss { losses }) => losses,
        outcome => return report(invocation, "taken back", &outcome?),
    };
    let listed: Vec<_> = losses.iter().map(|(what, rows)| format!("{what}: {rows}")).collect();
    let listed = listed.join(", ");
    let Some(file) = snapshot else {
        bail!(
            "going back would delete rows ({listed}); nothing was changed. Run it again with `--snapshot FILE`: that \
             stops the writing of profiles, writes the rows into FILE, and goes back"
        );
    };
    switches::switch_off(database, switches::PROFILE_WRITES, Clock::system().now()).await?;
    snapshot::write(database, &losses, &file).await?;
    eprintln!(
        "{listed} saved in {}; writing profiles is off until `chimera profile writes on`",
        file.display()
    );
    let done = storage::migrate::down(database, &store::MIGRATIONS, steps, true).await?;
    report(invocation, "taken back", &done)
}

fn report(
    invocation: &Invocation,
    verb: &str,
    done: &[storage::migrate::Applied],
) -> anyhow::Result<ExitCode> {
    if invocation.json {
        let lines: Vec<_> =
            done.iter().map(|it| json!({ "set": it.set, "version": it.version, "name": it.name })).collect();
        invocation.print_json(&lines)?;
    } else if done.is_empty() {
        println!("nothing to do");
    }
    if !invocation.json {
        for migration in done {
            println!("{verb}: {} {:04} {}", migration.set, migration.version, migration.name);
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn current(invocation: &Invocation, database: &Database) -> anyhow::Result<ExitCode> {
    let known = store::MIGRATIONS.migrations;
    let now = applied(database).await?;
    let migration = now.checked_sub(1).map(|index| &known[index]);
    if invocation.json {
        let name = migration.map(|it| it.name);
        invocation.print_json(&json!({ "revision": now, "name": name, "is_head": now == known.len() }))?;
    } else {
        let head = if now == known.len() { " (head)" } else { "" };
        match migration {
            Some(migration) => println!("{:04} {}{head}", migration.version, migration.name),
            None => println!("base{head}"),
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn history(invocation: &Invocation, database: &Database) -> anyhow::Result<ExitCode> {
    let all = storage::migrate::status(database, &MIGRATION_SETS).await?;
    if invocation.json {
        let lines: Vec<_> = all
            .iter()
            .map(|it| json!({ "set": it.set, "version": it.version, "name": it.name, "applied_at": it.applied_at }))
            .collect();
        invocation.print_json(&lines)?;
        return Ok(ExitCode::SUCCESS);
    }
    for it in &all {
        let applied = it.applied_at.as_deref().unwrap_or("pending");
        println!("{:<8} {:04}  {:<16} {applied}", it.set, it.version, it.name);
    }
    Ok(ExitCode::SUCCESS)
}
