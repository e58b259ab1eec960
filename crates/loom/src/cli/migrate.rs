//! `loom migrate`.

use std::process::ExitCode;

use anyhow::bail;
use chassis::clock::Clock;
use clap::Subcommand;
use serde_json::json;

use super::{Invocation, table::table};
use crate::app::{self, MIGRATION_SETS};

/// What to do with the tables.
#[derive(Debug, Subcommand)]
pub(super) enum Migrate {
    /// Apply what is missing
    Up,
    /// Take the last changes of a set back
    Down {
        /// Which set: `loom`, `llm` or `storage`
        #[arg(long, default_value = "loom")]
        set: String,
        /// How many
        #[arg(long, default_value_t = 1)]
        steps: usize,
        /// Also when tables with rows are dropped; back up first
        #[arg(long)]
        allow_data_loss: bool,
    },
    /// Show what is applied and what is not
    Status,
}

impl Migrate {
    pub(super) async fn run(self, invocation: Invocation) -> anyhow::Result<ExitCode> {
        let database = app::open_database(invocation.config(), Clock::system()).await?;
        let done = match self {
            Self::Up => storage::migrate::up(&database, &MIGRATION_SETS).await?,
            Self::Down { set, steps, allow_data_loss } => {
                let Some(found) = MIGRATION_SETS.iter().find(|known| known.name == set) else {
                    bail!("there is no migration set `{set}`; there are: loom, llm, storage");
                };
                storage::migrate::down(&database, found, steps, allow_data_loss).await?
            }
            Self::Status => return status(&invocation, &database).await,
        };
        let lines: Vec<_> =
            done.iter().map(|it| json!({ "set": it.set, "version": it.version, "name": it.name })).collect();
        if invocation.json {
            invocation.print_json(&lines)?;
        } else if done.is_empty() {
            println!("nothing to do");
        } else {
            for migration in &done {
                println!("{} {:04} {}", migration.set, migration.version, migration.name);
            }
        }
        database.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

async fn status(invocation: &Invocation, database: &storage::Database) -> anyhow::Result<ExitCode> {
    let all = storage::migrate::status(database, &MIGRATION_SETS).await?;
    if invocation.json {
        let lines: Vec<_> = all
            .iter()
            .map(|it| json!({ "set": it.set, "version": it.version, "name": it.name, "applied_at": it.applied_at }))
            .collect();
        invocation.print_json(&lines)?;
    } else {
        let rows: Vec<Vec<String>> = all
            .iter()
            .map(|it| {
                let applied = it.applied_at.clone().unwrap_or_else(|| "pending".to_owned());
                vec![it.set.to_owned(), format!("{:04}", it.version), it.name.to_owned(), applied]
            })
            .collect();
        print!("{}", table(&["SET", "VERSION", "NAME", "APPLIED"], &rows));
    }
    let pending = all.iter().any(|migration| migration.applied_at.is_none());
    database.close().await;
    Ok(if pending { ExitCode::from(3) } else { ExitCode::SUCCESS })
}
