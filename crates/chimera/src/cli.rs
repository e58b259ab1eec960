//! The command line: the servers, and what a person at a terminal does without Discord.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command's result goes to the terminal")]

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use chassis::{
    Secret,
    clock::Clock,
    config::{Environment, Loaded, Sources, effective_toml},
};
use clap::{Args, Parser, Subcommand};
use storage::Database;

use crate::{
    app,
    config::{ALIASES, Config},
};

mod analyze;
mod card_text;
mod experiment;
mod explain;
mod files;
mod migrate;
mod profile;
mod records;
mod register;
mod serve;
mod static_data;

/// Where the configuration is looked for when nobody says.
const DEFAULT_FILE: &str = "config/chimera.toml";

/// Reviews League of Legends matches on Discord.
#[derive(Debug, Parser)]
#[command(name = "chimera", version, about, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Args, Debug)]
struct Global {
    /// Configuration file; without it `CHIMERA_CONFIG`, then config/chimera.toml if it is there
    #[arg(long, global = true, value_name = "FILE", help_heading = "Every command")]
    config: Option<PathBuf>,
    /// Set one option, such as --set server.bind=127.0.0.1:9001; may be repeated
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", help_heading = "Every command")]
    set: Vec<String>,
    /// Print JSON for programs instead of text for people
    #[arg(long, global = true, help_heading = "Every command")]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take interactions by HTTP (and the gateway, when configured) and work them off
    Serve(serve::Serve),
    /// Work jobs off, in a process of its own
    Worker(serve::Worker),
    /// Review a match from files, without Discord, Riot or a model
    Analyze(analyze::Analyze),
    /// Print every term, input and weight of a score
    Explain(explain::Explain),
    /// Tell Discord which commands there are
    RegisterCommands,
    /// Change the tables forward and back, and check them
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Look at, forget, restore profiles, or stop their being written
    #[command(subcommand)]
    Profile(profile::Profile),
    /// Judge the comparison of two prompts
    #[command(subcommand)]
    Experiment(experiment::Experiment),
    /// Names of champions, items, runes and spells
    #[command(subcommand)]
    Static(static_data::Static),
    /// Names of Arena augments
    #[command(subcommand)]
    Arena(static_data::Arena),
    /// Print the effective configuration with the origin of every value
    CheckConfig,
}

/// Runs a command. Failures are one sentence on standard error and exit code 1; clap's own are 2.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("chimera: cannot start the async runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("chimera: {}", chassis::redact::text(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let loaded = load_config(&cli.global)?;
    let invocation = Invocation { loaded, json: cli.global.json };
    match cli.command {
        Command::Serve(command) => command.run(invocation).await,
        Command::Worker(command) => command.run(invocation).await,
        Command::Analyze(command) => command.run(&invocation),
        Command::Explain(command) => command.run(&invocation).await,
        Command::RegisterCommands => register::run(&invocation).await,
        Command::Migrate(command) => command.run(invocation).await,
        Command::Profile(command) => command.run(invocation).await,
        Command::Experiment(command) => command.run(invocation).await,
        Command::Static(command) => command.run(invocation).await,
        Command::Arena(command) => command.run(invocation).await,
        Command::CheckConfig => check_config(&invocation),
    }
}

/// What every command gets.
struct Invocation {
    loaded: Loaded<Config>,
    json: bool,
}

impl Invocation {
    fn config(&self) -> &Config {
        &self.loaded.value
    }

    /// The database as it is, tables or none.
    async fn bare_database(&self) -> anyhow::Result<Database> {
        app::open_database(self.config(), Clock::system()).await
    }

    /// The same, without bringing its tables up to date; one that has none is refused with what to do.
    async fn database(&self) -> anyhow::Result<Database> {
        let database = self.bare_database().await?;
        let migrations = storage::migrate::status(&database, &app::MIGRATION_SETS).await?;
        if migrations.iter().all(|migration| migration.applied_at.is_none()) {
            bail!(
                "the database has no tables yet: `chimera migrate upgrade head` makes them, and so does a start"
            );
        }
        Ok(database)
    }

    fn print_json(&self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        println!("{}", serde_json::to_string_pretty(value)?);
        Ok(())
    }
}

fn load_config(global: &Global) -> anyhow::Result<Loaded<Config>> {
    let environment = Environment::read();
    let named = global.config.clone().or_else(|| environment.get("CHIMERA_CONFIG").map(PathBuf::from));
    let fallback = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.is_file());
    let mut flags = Vec::new();
    for setting in &global.set {
        let (key, value) = setting.split_once('=').with_context(|| {
            format!("--set {setting:?} has no `=`; write KEY=VALUE, such as logs.level=debug")
        })?;
        flags.push((key.trim().to_owned(), parse_value(value)));
    }
    let sources = Sources {
        program: "chimera",
        file: named.or_else(fallback),
        environment: &environment,
        aliases: ALIASES,
        flags,
    };
    let loaded = chassis::config::load(&sources)?;
    // Before anything can be logged or printed.
    secrets(&loaded.value).filter(|secret| !secret.is_empty()).for_each(chassis::redact::register);
    Ok(loaded)
}

/// A TOML value where it reads as one, otherwise the text itself.
fn parse_value(text: &str) -> toml::Value {
    let document: Result<toml::Table, _> = toml::from_str(&format!("value = {text}"));
    document
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

fn secrets(config: &Config) -> impl Iterator<Item = &Secret> {
    let own = [&config.discord.bot_token, &config.riot.api_key, &config.queue.redis_url];
    own.into_iter().chain(config.llm.providers.values().map(|provider| &provider.api_key))
}

fn check_config(invocation: &Invocation) -> anyhow::Result<ExitCode> {
    app::check_settings(invocation.config())?;
    for warning in &invocation.loaded.warnings {
        eprintln!("warning: {warning}");
    }
    print!("{}", effective_toml(&invocation.loaded));
    Ok(ExitCode::SUCCESS)
}
