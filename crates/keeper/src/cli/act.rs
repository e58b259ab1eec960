//! Keeper's built-in actions as commands: the same line that a plan would call, carried out here and now.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command's result goes to the terminal")]

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{anyhow, bail};
use chassis::{clock::Clock, shutdown::Shutdown};
use clap::{Args, Subcommand};
use keeper_core::plan::{Plan, command};
use serde_json::json;

use super::{Invocation, SKIPPED};
use crate::{
    actions::{self, Surroundings},
    progress::Gauge,
    report::{Report, Verdict},
};

/// What an action is about.
#[derive(Args, Debug)]
pub(super) struct About {
    /// Service of a plan; all of them without one
    #[arg(value_name = "SERVICE")]
    service: Option<String>,
    /// A plan file, instead of those of the configuration; may be repeated
    #[arg(long = "plan", value_name = "PLAN")]
    plans: Vec<PathBuf>,
}

impl About {
    /// The line of this command with its flags that have a value.
    fn line(&self, verb: &str, flags: &[(&str, &Option<String>)]) -> String {
        let mut line = verb.to_owned();
        line.extend(self.service.iter().map(|service| format!(" {service}")));
        for (flag, value) in flags {
            line.extend(value.iter().map(|value| format!(" --{flag} {value}")));
        }
        line
    }
}

/// Flags of `keeper health`.
#[derive(Args, Debug)]
pub(super) struct Health {
    #[command(flatten)]
    about: About,
    /// Longest wait for one answer, such as 5s
    #[arg(long, value_name = "PERIOD")]
    timeout: Option<String>,
}

impl Health {
    pub(super) fn line(&self) -> String {
        self.about.line("health", &[("timeout", &self.timeout)])
    }

    pub(super) fn plans(&self) -> &[PathBuf] {
        &self.about.plans
    }
}

/// Flags of `keeper stats`.
#[derive(Args, Debug)]
pub(super) struct Stats {
    #[command(flatten)]
    about: About,
}

impl Stats {
    pub(super) fn line(&self) -> String {
        self.about.line("stats", &[])
    }

    pub(super) fn plans(&self) -> &[PathBuf] {
        &self.about.plans
    }
}

/// What to do with log files.
#[derive(Debug, Subcommand)]
pub(super) enum Logs {
    /// Count the lines that matter, by shape, and say which shapes are new against the week before
    Scan {
        #[command(flatten)]
        about: About,
        /// Only logs of this kind: application, access, audit
        #[arg(long, value_name = "KIND")]
        kind: Option<String>,
        /// From so long ago, such as 1h
        #[arg(long, value_name = "PERIOD")]
        since: Option<String>,
        /// Words that make a line matter, separated by `|`
        #[arg(long, value_name = "WORDS")]
        pattern: Option<String>,
        /// Also print so many of the newest such lines
        #[arg(long, value_name = "NUMBER")]
        last: Option<String>,
    },
    /// Rename the files that are written, pack old copies, delete older ones
    Rotate {
        #[command(flatten)]
        about: About,
        /// Pack copies that are older, such as 7d
        #[arg(long, value_name = "PERIOD")]
        compress_after: Option<String>,
        /// Delete copies that are older, such as 30d
        #[arg(long, value_name = "PERIOD")]
        delete_after: Option<String>,
    },
}

impl Logs {
    pub(super) fn line(&self) -> String {
        match self {
            Self::Scan { about, kind, since, pattern, last } => about
                .line("logs scan", &[("kind", kind), ("since", since), ("pattern", pattern), ("last", last)]),
            Self::Rotate { about, compress_after, delete_after } => about
                .line("logs rotate", &[("compress-after", compress_after), ("delete-after", delete_after)]),
        }
    }

    pub(super) fn plans(&self) -> &[PathBuf] {
        match self {
            Self::Scan { about, .. } | Self::Rotate { about, .. } => &about.plans,
        }
    }
}

/// What to do with the machine.
#[derive(Debug, Subcommand)]
pub(super) enum System {
    /// Show what an upgrade would change; nothing is applied
    Updates {
        #[command(flatten)]
        about: About,
    },
}

impl System {
    pub(super) fn line(&self) -> String {
        let Self::Updates { about } = self;
        about.line("system updates", &[])
    }

    pub(super) fn plans(&self) -> &[PathBuf] {
        let Self::Updates { about } = self;
        &about.plans
    }
}

/// What to do with databases.
#[derive(Debug, Subcommand)]
pub(super) enum Db {
    /// Vacuum, analyze, reindex
    Maintain {
        #[command(flatten)]
        about: About,
        /// Only one of them: vacuum, analyze, reindex
        #[arg(long, value_name = "WHAT")]
        only: Option<String>,
    },
    /// Show which old sessions would be deleted, and why others are kept; only a task deletes them
    CleanUp {
        #[command(flatten)]
        about: About,
        /// Begun longer ago, such as 90d
        #[arg(long, value_name = "PERIOD")]
        older_than: Option<String>,
        /// Without anything happening in them for longer, such as 90d
        #[arg(long, value_name = "PERIOD")]
        inactive_for: Option<String>,
        /// Most that are deleted in one unit of work
        #[arg(long, value_name = "NUMBER")]
        batch: Option<String>,
    },
    /// Show the statements that took longest
    Slow {
        #[command(flatten)]
        about: About,
        /// From so long ago, such as 7d
        #[arg(long, value_name = "PERIOD")]
        since: Option<String>,
    },
    /// Say which statements read whole tables, and propose indexes
    Advise {
        #[command(flatten)]
        about: About,
        /// Make the proposed indexes
        #[arg(long)]
        apply: bool,
    },
}

impl Db {
    pub(super) fn line(&self) -> String {
        match self {
            Self::Maintain { about, only } => about.line("db maintain", &[("only", only)]),
            Self::CleanUp { about, older_than, inactive_for, batch } => about.line(
                "db clean-up",
                &[("older-than", older_than), ("inactive-for", inactive_for), ("batch", batch)],
            ),
            Self::Slow { about, since } => about.line("db slow", &[("since", since)]),
            Self::Advise { about, apply } => {
                about.line(if *apply { "db advise --apply" } else { "db advise" }, &[])
            }
        }
    }

    pub(super) fn plans(&self) -> &[PathBuf] {
        match self {
            Self::Maintain { about, .. }
            | Self::CleanUp { about, .. }
            | Self::Slow { about, .. }
            | Self::Advise { about, .. } => &about.plans,
        }
    }
}

/// Carries a command line out: on the plan of its service, or on every plan.
pub(super) async fn run(invocation: &Invocation, line: &str, plans: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let command = command::Command::parse(line).map_err(|error| anyhow!(error))?;
    let loaded = invocation.plans(plans)?;
    let has_service = |plan: &&Plan| {
        command.operand().is_none_or(|wanted| plan.service.keys().any(|name| name.as_str() == wanted))
    };
    let about: Vec<&Plan> = loaded.plans.plans().iter().filter(has_service).collect();
    if about.is_empty() {
        bail!("no plan has a service {}", command.operand().unwrap_or_default());
    }
    // What is safe in a proved backup stands in keeper's own records.
    let state = match command.verb().words {
        "db clean-up" => Some(invocation.state().await?),
        _ => None,
    };
    let (clock, shutdown, progress) = (Clock::system(), Shutdown::new(), Gauge::default());
    shutdown.spawn_signal_listener();
    let mut reports: Vec<(&Plan, Report)> = Vec::new();
    for plan in about {
        let around = Surroundings {
            plan,
            state: state.as_ref(),
            rows: None,
            scratch: Path::new(&invocation.config().runs.scratch),
            progress: &progress,
            clock: &clock,
            stop: shutdown.token(),
        };
        let report = tokio::select! {
            report = actions::carry_out(&around, &command) => report?,
            () = async { shutdown.token().cancelled().await } => bail!("stopped before its end"),
        };
        reports.push((plan, report));
    }
    if invocation.json {
        let all: Vec<_> = reports
            .iter()
            .map(|(plan, report)| json!({ "plan": plan.head.name, "report": report }))
            .collect();
        invocation.print_json(&all)?;
    } else {
        for (plan, report) in &reports {
            print!("{}", report.text);
            if report.verdict == Verdict::Bad {
                eprintln!("{}: {}", plan.head.name, report.summary);
            }
        }
    }
    let any = |verdict| reports.iter().any(|(_, report)| report.verdict == verdict);
    Ok(match (any(Verdict::Bad), any(Verdict::Good)) {
        (true, _) => ExitCode::FAILURE,
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(SKIPPED),
    })
}
