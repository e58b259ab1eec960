//! The command line of `cargo xtask`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Chores of this workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub chore: Chore,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Chore {
    /// Build the programs, start them on their defaults, and stop them all with Ctrl-C
    Up(UpArguments),
    /// Check everything that CI checks
    Test(TestArguments),
    /// Run the long storms and write their reports to docs/soak/
    Soak(SoakArguments),
    /// Run a program that ends when our standard input closes
    #[command(hide = true)]
    Leash(LeashArguments),
}

/// Flags of `cargo xtask up`.
#[derive(Debug, Clone, Default, Args)]
pub struct UpArguments {
    /// Serve on N, N+1, N+2 instead of 8000, 8001, 8002
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=65_533))]
    pub port_base: Option<u16>,
    /// Keep databases and logs in this folder instead of data/ and logs/ of the project
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// Flags of `cargo xtask test`.
#[derive(Debug, Clone, Default, Args)]
pub struct TestArguments {
    /// Go on when PostgreSQL, Redis, Chromium or another tool cannot be had; the tests that need it are skipped
    #[arg(long)]
    pub allow_missing: bool,
    /// Never install packages, only look for them
    #[arg(long)]
    pub no_install: bool,
    /// Run this step alone; may be given several times
    #[arg(long, value_name = "STEP", value_enum)]
    pub only: Vec<Step>,
    /// Run only tests whose name contains one of these words, and no other step unless --only names it
    #[arg(value_name = "FILTER")]
    pub filters: Vec<String>,
}

/// One step of `cargo xtask test`, in the order they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// Find the outside programs that tests need, or install them
    Tools,
    /// cargo fmt --check
    Fmt,
    /// cargo clippy on everything, warnings are errors
    Clippy,
    /// cargo doc, warnings are errors
    Docs,
    /// Licences, doubled crates, banned crates and sources against deny.toml
    Licences,
    /// Dependencies that no source file mentions
    Dependencies,
    /// cargo test --workspace against throw-away PostgreSQL and Redis servers
    Tests,
}

/// Flags of `cargo xtask soak`.
#[derive(Debug, Clone, Default, Args)]
pub struct SoakArguments {
    /// Run only the storms whose name contains NAME
    #[arg(long, value_name = "NAME")]
    pub only: Option<String>,
    /// How many rounds each storm runs
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub rounds: u32,
    /// Never install packages, only look for them
    #[arg(long)]
    pub no_install: bool,
}

/// Flags of the hidden `leash` command; [`crate::leash::Leash`] writes them.
#[derive(Debug, Clone, Args)]
pub struct LeashArguments {
    /// Number of the signal that asks the program to stop.
    #[arg(long)]
    pub signal: i32,
    /// How long it may take to obey before it is killed, in milliseconds.
    #[arg(long)]
    pub grace_ms: u64,
    /// Run the program as this user.
    #[arg(long, requires = "gid")]
    pub uid: Option<u32>,
    /// Run the program with this group.
    #[arg(long, requires = "uid")]
    pub gid: Option<u32>,
    /// A folder to remove once the program has ended.
    #[arg(long)]
    pub remove: Option<PathBuf>,
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    pub command: Vec<std::ffi::OsString>,
}

impl Step {
    /// The word that `--only` takes and that the report prints.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Docs => "docs",
            Self::Licences => "licences",
            Self::Dependencies => "dependencies",
            Self::Tests => "tests",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_step_is_spelt_on_the_command_line_as_in_the_report() {
        for step in Step::value_variants() {
            let value = step.to_possible_value().unwrap();
            assert_eq!(value.get_name(), step.word());
        }
    }
}
