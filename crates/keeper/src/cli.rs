//! The command line: the daemon, and what a person or a script asks of it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command's result goes to the terminal")]

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context;
use chassis::{
    clock::Clock,
    config::{Environment, Loaded, Sources, effective_toml},
};
use clap::{Args, Parser, Subcommand};
use tokio::time::{Instant, sleep};

use crate::{
    config::Config,
    plan_file::{self, LoadedPlans},
    state::{HeldBy, State},
};

mod act;
mod backup;
mod check;
mod daemon;
mod ledger;
mod status;
pub(crate) mod table;
mod task;

/// Where the configuration is looked for when nobody says.
const DEFAULT_FILE: &str = "config/keeper.toml";

/// Exit code when nothing was looked at.
const SKIPPED: u8 = 3;
/// Exit code when another keeper holds the state file.
const HELD: u8 = 4;
/// So long may whoever takes a new state file need to make it.
const MAKING: Duration = Duration::from_secs(5);

const EXIT_CODES: &str = "Exit codes: 0 done and well; 1 not well, or it could not be done; 2 the command line is \
wrong; 3 nothing was looked at; 4 another keeper holds the state file.";

/// Carries out a maintenance plan.
#[derive(Debug, Parser)]
#[command(name = "keeper", version, about, arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Args, Debug)]
struct Global {
    /// Configuration file; without it `KEEPER_CONFIG`, then config/keeper.toml if it is there
    #[arg(long, global = true, value_name = "FILE", help_heading = "Every command")]
    config: Option<PathBuf>,
    /// Set one option, such as --set server.bind=127.0.0.1:9002; may be repeated
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", help_heading = "Every command")]
    set: Vec<String>,
    /// Print JSON for programs instead of text for people
    #[arg(long, global = true, help_heading = "Every command")]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check plan files without running anything, and say what would run in the next 24 hours
    Check(check::Check),
    /// Print the JSON Schema of a plan file
    Schema,
    /// Carry the plans out until told to stop
    Run(daemon::Run),
    /// Show whether keeper runs, what needs somebody, what is due next and what was done last
    Status(status::Status),
    /// List tasks, run one now, look back, or show that work of people is done
    #[command(subcommand)]
    Task(task::Task),
    /// Ask services over HTTP and TCP, look for their processes, and at disk, memory and processor
    Health(act::Health),
    /// Look through log files, or rotate them
    #[command(subcommand)]
    Logs(act::Logs),
    /// Show what services use of the machine
    Stats(act::Stats),
    /// Show what the package manager would change
    #[command(subcommand)]
    System(act::System),
    /// Keep databases up, show slow statements, propose indexes
    #[command(subcommand)]
    Db(act::Db),
    /// Take, show, prove, drop and restore backups
    #[command(subcommand)]
    Backup(backup::Backup),
    /// Look at the record of everything that happened
    #[command(subcommand)]
    Ledger(ledger::Ledger),
    /// Print the effective configuration with the origin of every value
    CheckConfig,
}

/// Runs a command. Failures are one sentence on standard error and exit code 1; clap's own are 2.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("keeper: cannot start the async runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("keeper: {}", chassis::redact::text(&format!("{error:#}")));
            if error.is::<HeldBy>() { ExitCode::from(HELD) } else { ExitCode::FAILURE }
        }
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let invocation = Invocation { loaded: load_config(&cli.global)?, json: cli.global.json };
    match cli.command {
        Command::Check(command) => command.run(&invocation),
        Command::Schema => {
            print!("{}", keeper_core::plan::schema::schema());
            Ok(ExitCode::SUCCESS)
        }
        Command::Run(command) => command.run(&invocation).await,
        Command::Status(command) => command.run(&invocation).await,
        Command::Task(command) => command.run(&invocation).await,
        Command::Health(command) => act::run(&invocation, &command.line(), command.plans()).await,
        Command::Logs(command) => act::run(&invocation, &command.line(), command.plans()).await,
        Command::Stats(command) => act::run(&invocation, &command.line(), command.plans()).await,
        Command::System(command) => act::run(&invocation, &command.line(), command.plans()).await,
        Command::Db(command) => act::run(&invocation, &command.line(), command.plans()).await,
        Command::Backup(command) => command.run(&invocation).await,
        Command::Ledger(command) => command.run(&invocation).await,
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

    /// The plan files named on the command line, or else those of the configuration.
    fn plan_files(&self, named: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
        if !named.is_empty() {
            return Ok(named.to_vec());
        }
        let files: Vec<PathBuf> = self.config().plan.files.iter().map(PathBuf::from).collect();
        anyhow::ensure!(!files.is_empty(), "no plan: name a file, or list it in `plan.files`");
        Ok(files)
    }

    /// The plans of these files, all of them good.
    fn plans(&self, named: &[PathBuf]) -> anyhow::Result<LoadedPlans> {
        let loaded = plan_file::load(&self.plan_files(named)?)?;
        let environment = Environment::read();
        crate::secrets::register(loaded.plans.plans(), &environment);
        Ok(loaded)
    }

    /// The state file, for reading and asking.
    async fn state(&self) -> anyhow::Result<State> {
        State::open(&self.config().state, Clock::system()).await
    }

    /// The state file that somebody else holds, who may just be making it.
    async fn held_state(&self) -> anyhow::Result<State> {
        let until = Instant::now() + MAKING;
        loop {
            match self.state().await {
                Err(_) if Instant::now() < until => sleep(MAKING / 50).await,
                opened => return opened,
            }
        }
    }

    fn print_json(&self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        println!("{}", serde_json::to_string_pretty(value)?);
        Ok(())
    }
}

fn load_config(global: &Global) -> anyhow::Result<Loaded<Config>> {
    let environment = Environment::read();
    let named = global.config.clone().or_else(|| environment.get("KEEPER_CONFIG").map(PathBuf::from));
    let fallback = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.is_file());
    let mut flags = Vec::new();
    for setting in &global.set {
        let (key, value) = setting.split_once('=').with_context(|| {
            format!("--set {setting:?} has no `=`; write KEY=VALUE, such as logs.level=debug")
        })?;
        flags.push((key.trim().to_owned(), parse_value(value)));
    }
    let sources = Sources {
        program: "keeper",
        file: named.or_else(fallback),
        environment: &environment,
        aliases: &[],
        flags,
    };
    Ok(chassis::config::load(&sources)?)
}

/// A TOML value where it reads as one, otherwise the text itself.
fn parse_value(text: &str) -> toml::Value {
    let document: Result<toml::Table, _> = toml::from_str(&format!("value = {text}"));
    document
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

fn check_config(invocation: &Invocation) -> anyhow::Result<ExitCode> {
    for warning in &invocation.loaded.warnings {
        eprintln!("warning: {warning}");
    }
    print!("{}", effective_toml(&invocation.loaded));
    Ok(ExitCode::SUCCESS)
}
