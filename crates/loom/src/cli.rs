//! The command line.

use std::process::ExitCode;

use clap::Parser;

/// Plays interactive stories.
#[derive(Debug, Parser)]
pub struct Cli {}

/// Runs a command.
pub fn run(_: Cli) -> ExitCode {
    ExitCode::SUCCESS
}
