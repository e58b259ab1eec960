//! `chimera profile`: what a person on call, or one who was asked to forget somebody, does with profiles.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use chassis::clock::Clock;
use clap::{Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::json;
use storage::{Database, DatabaseSettings};

use super::{Invocation, files};
use crate::store::{
    profiles::{self, StoredProfile},
    switches,
};

/// JSON lines may hold every player's profile.
const JSON_LIMIT_BYTES: u64 = 1024 * 1024 * 1024;

/// What to do with profiles.
#[derive(Debug, Subcommand)]
pub(super) enum Profile {
    /// Print a Discord user's profile
    Show {
        /// Discord's number of the user
        user: String,
    },
    /// Delete a Discord user's profile
    Forget {
        /// Discord's number of the user
        user: String,
    },
    /// Stop or resume the writing of profiles on all replicas, or show which
    Writes {
        /// Without it the state is shown
        state: Option<State>,
    },
    /// Bring back profiles from a downgrade's snapshot; those that exist stay as they are
    Import {
        /// JSON lines, or a copy of a SQLite database
        file: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum State {
    /// Profiles are written
    On,
    /// Profiles are read only
    Off,
}

impl Profile {
    pub(super) async fn run(self, invocation: Invocation) -> anyhow::Result<ExitCode> {
        let database = invocation.database().await?;
        let code = match self {
            Self::Show { user } => show(&invocation, &database, &user).await?,
            Self::Forget { user } => {
                let was_there = profiles::delete(&database, &user).await?;
                println!("{}", if was_there { "forgotten" } else { "there was no profile" });
                ExitCode::SUCCESS
            }
            Self::Writes { state } => writes(&invocation, &database, state).await?,
            Self::Import { file } => import(&database, &file).await?,
        };
        database.close().await;
        Ok(code)
    }
}

async fn show(invocation: &Invocation, database: &Database, user: &str) -> anyhow::Result<ExitCode> {
    let Some(found) = profiles::load(database, user).await? else {
        bail!("there is no profile of the Discord user `{user}`");
    };
    let profile: serde_json::Value =
        serde_json::from_str(&found.profile_json).context("the stored profile is not JSON")?;
    invocation.print_json(&json!({
        "discord_user_id": found.discord_user_id,
        "puuid": found.puuid,
        "created_at": found.created_at,
        "last_updated": found.last_updated,
        "profile": profile,
    }))?;
    Ok(ExitCode::SUCCESS)
}

async fn writes(
    invocation: &Invocation,
    database: &Database,
    state: Option<State>,
) -> anyhow::Result<ExitCode> {
    match state {
        Some(State::Off) => {
            switches::switch_off(database, switches::PROFILE_WRITES, Clock::system().now()).await?;
        }
        Some(State::On) => {
            switches::switch_on(database, switches::PROFILE_WRITES).await?;
        }
        None => {}
    }
    let off_since = switches::off_since(database, switches::PROFILE_WRITES).await?;
    if invocation.json {
        invocation.print_json(&json!({ "profile_writes": off_since.is_none(), "off_since": off_since }))?;
    } else {
        match off_since {
            None => println!("profiles are written"),
            Some(since) => println!("profiles are not written since {since} UTC"),
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn import(database: &Database, file: &Path) -> anyhow::Result<ExitCode> {
    let profiles_in_file = read_snapshot(file).await?;
    let mut transaction = database.begin().await?;
    let mut restored = 0_usize;
    for profile in &profiles_in_file {
        restored += usize::from(profiles::restore(&mut transaction, profile).await?);
    }
    transaction.commit().await?;
    println!("{restored} of {} profile(s) restored", profiles_in_file.len());
    Ok(ExitCode::SUCCESS)
}

async fn read_snapshot(file: &Path) -> anyhow::Result<Vec<StoredProfile>> {
    if files::begins_with(file, b"SQLite format 3\0")? {
        let settings = DatabaseSettings::at(format!("sqlite:{}", file.display()));
        let snapshot = Database::open(&settings, Clock::system()).await?;
        let found = profiles::all(&snapshot).await.context("the snapshot cannot be read");
        snapshot.close().await;
        return found;
    }
    let bytes = files::read(file, JSON_LIMIT_BYTES)?;
    let text =
        String::from_utf8(bytes).context("the snapshot is neither JSON lines nor a SQLite database")?;
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = serde_json::from_str(line)
            .with_context(|| format!("line {} of {} is no row of a snapshot", number + 1, file.display()))?;
        if line.table == "user_profiles" {
            let row: ProfileRow = serde_json::from_value(line.row)
                .with_context(|| format!("line {} of {} is no profile", number + 1, file.display()))?;
            found.push(row.into());
        }
    }
    Ok(found)
}

#[derive(Deserialize)]
struct Line {
    table: String,
    row: serde_json::Value,
}

#[derive(Deserialize)]
struct ProfileRow {
    discord_user_id: String,
    puuid: String,
    profile_data: String,
    last_updated: String,
    created_at: String,
}

impl From<ProfileRow> for StoredProfile {
    fn from(row: ProfileRow) -> Self {
        Self {
            discord_user_id: row.discord_user_id,
            puuid: row.puuid,
            profile_json: row.profile_data,
            last_updated: row.last_updated,
            created_at: row.created_at,
        }
    }
}
