//! The command line: what a person at a terminal does without a browser.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command's result goes to the terminal")]

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use chassis::{
    clock::Clock,
    config::{Environment, Loaded, Sources, effective_toml},
    logs::Logs,
};
use clap::{Args, Parser, Subcommand};

use crate::{
    app::{self, App},
    config::{ALIASES, Config},
};

mod canon;
mod load;
mod migrate;
mod play;
mod serve;
mod session;
mod table;
mod user;

/// Where the configuration is looked for when nobody says.
const DEFAULT_FILE: &str = "config/loom.toml";

/// Plays interactive stories under rules written as Markdown.
#[derive(Debug, Parser)]
#[command(name = "loom", version, about, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Args, Debug)]
struct Global {
    /// Configuration file; without it `LOOM_CONFIG`, then config/loom.toml if it is there
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set one option, such as --set server.bind=127.0.0.1:9000; may be repeated
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Print JSON for programs instead of text for people
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the HTTP API and the web pages
    Serve(serve::Serve),
    /// Play in this terminal
    Play(play::Play),
    /// List, show, branch, roll back, archive or delete sessions
    #[command(subcommand)]
    Session(session::Session),
    /// List, check, compare canons and show their versions
    #[command(subcommand)]
    Canon(canon::Canon),
    /// Add people, make and revoke their tokens
    #[command(subcommand)]
    User(user::User),
    /// Bring the tables up to date, take changes back, or show what is applied
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Put a server under load and report percentiles
    Load(load::Load),
    /// Print the effective configuration with the origin of every value
    CheckConfig,
    /// Print the OpenAPI document
    Openapi,
}

/// Runs a command. Failures are one sentence on standard error and exit code 1; clap's own are 2.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("loom: cannot start the async runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("loom: {}", chassis::redact::text(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let loaded = load_config(&cli.global)?;
    let context = Invocation { loaded, json: cli.global.json };
    match cli.command {
        Command::Serve(command) => command.run(context).await,
        Command::Play(command) => command.run(context).await,
        Command::Session(command) => command.run(context).await,
        Command::Canon(command) => command.run(context).await,
        Command::User(command) => command.run(context).await,
        Command::Migrate(command) => command.run(context).await,
        Command::Load(command) => command.run(context).await,
        Command::CheckConfig => check_config(&context),
        Command::Openapi => {
            println!("{}", crate::routes::openapi_json()?);
            Ok(ExitCode::SUCCESS)
        }
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

    /// The program's parts for a command that ends soon: logs go to the files and not to the terminal.
    async fn open(&self) -> anyhow::Result<App> {
        let mut config = self.config().clone();
        config.logs.stderr = false;
        let logs = Logs::open(&app::log_settings(&config)?, Clock::system());
        App::open(config, logs, Clock::system()).await
    }

    fn print_json(&self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        println!("{}", serde_json::to_string_pretty(value)?);
        Ok(())
    }
}

fn load_config(global: &Global) -> anyhow::Result<Loaded<Config>> {
    let environment = Environment::read();
    let named = global.config.clone().or_else(|| environment.get("LOOM_CONFIG").map(PathBuf::from));
    let fallback = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.is_file());
    let mut flags = Vec::new();
    for setting in &global.set {
        let (key, value) = setting.split_once('=').with_context(|| {
            format!("--set {setting:?} has no `=`; write KEY=VALUE, such as logs.level=debug")
        })?;
        flags.push((key.trim().to_owned(), parse_value(value)));
    }
    let sources = Sources {
        program: "loom",
        file: named.or_else(fallback),
        environment: &environment,
        aliases: ALIASES,
        flags,
    };
    let loaded = chassis::config::load(&sources)?;
    // Before anything can be logged or printed.
    register_secrets(&loaded.value);
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

fn register_secrets(config: &Config) {
    for provider in config.llm.providers.values() {
        if !provider.api_key.is_empty() {
            chassis::redact::register(&provider.api_key);
        }
    }
}

fn check_config(context: &Invocation) -> anyhow::Result<ExitCode> {
    app::log_settings(context.config())?;
    for warning in &context.loaded.warnings {
        eprintln!("warning: {warning}");
    }
    print!("{}", effective_toml(&context.loaded));
    Ok(ExitCode::SUCCESS)
}
