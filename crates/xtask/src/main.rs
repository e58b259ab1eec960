//! `cargo xtask`: reads the command line and calls the library.

use std::process::ExitCode;

use clap::Parser;
use xtask::{
    cli::{Chore, Cli},
    leash,
    signals::{self, Interrupted},
    soak, test_run, up,
    workspace::Workspace,
};

fn main() -> ExitCode {
    match run(Cli::parse().chore) {
        Ok(code) => code,
        Err(error) if error.is::<Interrupted>() => ExitCode::from(130),
        Err(error) => {
            xtask::console::complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> anyhow::Result<ExitCode> {
    if let Chore::Leash(arguments) = chore {
        return leash::hold(&arguments);
    }
    signals::watch()?;
    let workspace = Workspace::load()?;
    match chore {
        Chore::Up(arguments) => up::run(&workspace, &arguments),
        Chore::Test(arguments) => test_run::run(&workspace, &arguments),
        Chore::Soak(arguments) => soak::run(&workspace, &arguments),
        Chore::Leash(_) => Ok(ExitCode::SUCCESS),
    }
}
