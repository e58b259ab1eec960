//! `keeper backup key`: the passwords that open a store. The data does not change with them.
#![expect(clippy::print_stdout, reason = "a command's result goes to the terminal")]

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use chassis::{Secret, config::Environment};
use clap::{Args, Subcommand};
use keeper_core::plan::{backup::Store, secret::SecretSource};

use crate::{
    backup::{
        Location,
        repository::{Repository, files},
        work::blocking,
    },
    cli::{Invocation, table::table},
    secrets,
};

/// Which store.
#[derive(Args, Debug)]
pub(in crate::cli) struct Of {
    /// The store, as NAME or PLAN/NAME
    #[arg(value_name = "STORE")]
    store: String,
    /// A plan file, instead of those of the configuration; may be repeated
    #[arg(long = "plan", value_name = "PLAN")]
    plans: Vec<PathBuf>,
}

/// What to do with passwords.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Key {
    /// Show the keys of a store; each is opened by one password
    List {
        #[command(flatten)]
        of: Of,
    },
    /// Add a password that is in a file, beside those there are
    Add {
        #[command(flatten)]
        of: Of,
        /// File with the new password, for nobody else to read
        #[arg(long, value_name = "FILE")]
        new_password_file: PathBuf,
    },
    /// Remove a key; its password no longer opens the store
    Remove {
        #[command(flatten)]
        of: Of,
        /// The key, as `keeper backup key list` shows it
        #[arg(value_name = "KEY")]
        key: String,
    },
}

impl Key {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { of } => {
                let keys = with(invocation, &of, |repository| Ok(repository.keys()?)).await?;
                if invocation.json {
                    invocation.print_json(&keys)?;
                    return Ok(ExitCode::SUCCESS);
                }
                let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
                let rows: Vec<Vec<String>> = keys
                    .iter()
                    .map(|key| {
                        let made = key.created_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
                        let used = if key.is_current { "opens it now" } else { "" };
                        vec![key.id.clone(), made, text(&key.host), text(&key.user), used.to_owned()]
                    })
                    .collect();
                print!("{}", table(&["KEY", "MADE", "HOST", "USER", ""], &rows));
            }
            Self::Add { of, new_password_file } => {
                let password = read(&new_password_file)?;
                let id = with(invocation, &of, move |repository| Ok(repository.add_key(&password)?)).await?;
                if invocation.json {
                    invocation.print_json(&serde_json::json!({ "added": id }))?;
                    return Ok(ExitCode::SUCCESS);
                }
                println!(
                    "added {id}; put the new password where the plan looks for it before you remove the old key"
                );
            }
            Self::Remove { of, key } => {
                let id = key.clone();
                with(invocation, &of, move |repository| Ok(repository.remove_key(&id)?)).await?;
                if invocation.json {
                    invocation.print_json(&serde_json::json!({ "removed": key }))?;
                    return Ok(ExitCode::SUCCESS);
                }
                println!("removed {key}");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A password from a file that only its owner may read.
fn read(file: &Path) -> anyhow::Result<Secret> {
    let source = SecretSource::File(file.display().to_string());
    let password = secrets::read(&source, &Environment::read())?;
    if password.expose().is_empty() {
        bail!("{} is empty", file.display());
    }
    Ok(password)
}

/// Opens the repository of a store and does something with it.
async fn with<T: Send + 'static>(
    invocation: &Invocation,
    of: &Of,
    act: impl FnOnce(Repository) -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    let loaded = invocation.plans(&of.plans)?;
    let (plan, name) = match of.store.split_once('/') {
        Some((plan, name)) => (Some(plan), name),
        None => (None, of.store.as_str()),
    };
    let plans = loaded.plans.plans().iter();
    let found: Vec<Store> = plans
        .filter(|own| plan.is_none_or(|plan| plan == own.head.name.as_str()))
        .flat_map(|own| own.store.iter().filter(|store| store.name.as_str() == name).cloned())
        .collect();
    if found.len() > 1 {
        bail!("several plans have a store {name}; write it as PLAN/{name}");
    }
    let store = found.into_iter().next().with_context(|| format!("no plan has a store {}", of.store))?;
    blocking(move || {
        let (location, password) = Location::of(&store, &Environment::read())?;
        act(Repository::open(files::open(&location)?, &password)?)
    })
    .await
}
