//! `keeper backup`: take backups now, show them, prove them, drop old ones, restore.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command's result goes to the terminal")]

mod key;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{anyhow, bail, ensure};
use chassis::{clock::Clock, shutdown::Shutdown};
use clap::{Args, Subcommand};
use jiff::{Timestamp, civil::DateTime};
use keeper_core::plan::{Plan, command::Command, set::TaskId, value::BackupName};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Invocation, SKIPPED, task};
use crate::{
    actions::{self, Surroundings},
    backup::restore::{Wanted, Which},
    plan_file::LoadedPlans,
    progress::Bar,
    report::{Report, Verdict},
    state::{Asked, HeldBy, Rows, Scribe, Writer},
};

/// What a command is about.
#[derive(Args, Debug)]
pub(super) struct About {
    /// The backup, as NAME or PLAN/NAME; all of them without one
    #[arg(value_name = "BACKUP")]
    name: Option<String>,
    /// A plan file, instead of those of the configuration; may be repeated
    #[arg(long = "plan", value_name = "PLAN")]
    plans: Vec<PathBuf>,
}

/// What to do with backups.
#[derive(Debug, Subcommand)]
pub(super) enum Backup {
    /// Take a backup now: by the running keeper, or here when there is none
    Run {
        #[command(flatten)]
        about: About,
    },
    /// Show the backups there are, and which of them were proved
    List {
        #[command(flatten)]
        about: About,
        /// How many of each backup and store
        #[arg(long, value_name = "NUMBER")]
        last: Option<u32>,
    },
    /// Restore the newest ones into scratch, open them with the real engine, compare them with their sources
    Verify {
        #[command(flatten)]
        about: About,
        /// The newest of each, which is what is proved without this flag too
        #[arg(long)]
        latest: bool,
        /// Read every byte of the repository, however large it is
        #[arg(long)]
        read_data: bool,
    },
    /// Show what the plan's rules keep and drop and why, then drop
    Prune {
        #[command(flatten)]
        about: About,
        /// Only show it
        #[arg(long)]
        dry_run: bool,
    },
    /// Restore a backup, or one path of it, to an empty folder
    Restore(Restore),
    /// List, add and remove the passwords that open a store
    #[command(subcommand)]
    Key(key::Key),
}

/// Flags of `keeper backup restore`.
#[derive(Args, Debug)]
pub(super) struct Restore {
    #[command(flatten)]
    about: About,
    /// Folder to restore into: empty, or one that is made
    #[arg(long, value_name = "FOLDER", required_unless_present = "test")]
    to: Option<PathBuf>,
    /// Restore into scratch, prove it there, and remove it
    #[arg(long, conflicts_with_all = ["to", "overwrite", "path", "id", "at", "store"])]
    test: bool,
    /// The backup whose id begins so, as `keeper backup list` shows it
    #[arg(long, value_name = "ID", conflicts_with = "at")]
    id: Option<String>,
    /// The newest backup of this time or before, such as 2026-03-02T10:00 in the plan's zone, or with Z or an offset
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Only this path inside the backup, such as folders/config or databases/loom.db
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Only from this store, instead of the first that has it
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// Replace files that are there
    #[arg(long)]
    overwrite: bool,
}

impl Backup {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match self {
            Self::Run { about } => take(invocation, &about).await,
            Self::List { about, last } => {
                let flags = last.map(|last| format!(" --last {last}")).unwrap_or_default();
                line(invocation, &about, "backup list", &flags).await
            }
            Self::Verify { about, latest: _, read_data } => {
                line(invocation, &about, "backup verify", if read_data { " --read-data" } else { "" }).await
            }
            Self::Prune { about, dry_run } => {
                let shown = !invocation.json;
                each(invocation, &about, async |around, name| {
                    let command = parse("backup prune", name, "")?;
                    let show = |text: &str| {
                        if shown {
                            print!("{text}");
                        }
                    };
                    let report = actions::backup::prune(around, &command, dry_run, show).await?;
                    Ok(Report { text: format!("{}\n", report.summary), ..report })
                })
                .await
            }
            Self::Restore(restore) if restore.test => {
                line(invocation, &restore.about, "backup restore", " --test").await
            }
            Self::Restore(restore) => restore.run(invocation).await,
            Self::Key(key) => key.run(invocation).await,
        }
    }
}

impl Restore {
    async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        let Self { about, to, id, at, path, store, overwrite, .. } = self;
        ensure!(about.name.is_some(), "name the backup to restore; `keeper backup list` shows them");
        let into = to.unwrap_or_default();
        let loaded = invocation.plans(&about.plans)?;
        if self::about(&loaded, about.name.as_deref())?.0.len() > 1 {
            bail!("several plans have this backup; write it as PLAN/NAME: {}", names(&loaded));
        }
        each(invocation, &about, async |around, name| {
            let which = match (&id, &at) {
                (Some(id), _) => Which::Id(id.clone()),
                (None, Some(at)) => Which::At(instant(at, around.plan)?),
                (None, None) => Which::Latest,
            };
            let wanted = Wanted { which, path: path.clone(), into: into.clone(), overwrite };
            actions::backup::restore(around, name.unwrap_or_default(), store.as_deref(), &wanted).await
        })
        .await
    }
}

/// An instant, or a time of the clocks in the plan's zone.
fn instant(text: &str, plan: &Plan) -> anyhow::Result<Timestamp> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let wall: DateTime = text
        .parse()
        .map_err(|_| anyhow!("`{text}` is no time; write 2026-03-02T10:00 or 2026-03-02T10:00Z"))?;
    Ok(plan.head.zone.rules().to_ambiguous_timestamp(wall).later()?)
}

fn parse(verb: &str, name: Option<&str>, flags: &str) -> anyhow::Result<Command> {
    let name = name.map(|name| format!(" {name}")).unwrap_or_default();
    Command::parse(&format!("{verb}{name}{flags}")).map_err(|error| anyhow!(error))
}

/// Carries a line out that a plan could call too.
async fn line(invocation: &Invocation, about: &About, verb: &str, flags: &str) -> anyhow::Result<ExitCode> {
    each(invocation, about, async |around, name| actions::carry_out(around, &parse(verb, name, flags)?).await)
        .await
}

/// The plans that a name is about, and the backup's own name; a plan without backups is left out.
fn about<'a>(
    loaded: &'a LoadedPlans,
    name: Option<&'a str>,
) -> anyhow::Result<(Vec<&'a Plan>, Option<&'a str>)> {
    let (plan, own) = match name.and_then(|name| name.split_once('/')) {
        Some((plan, own)) => (Some(plan), Some(own)),
        None => (None, name),
    };
    let has = |one: &&Plan| {
        plan.is_none_or(|plan| plan == one.head.name.as_str())
            && match own {
                Some(own) => one.backup.iter().any(|backup| backup.name.as_str() == own),
                None => !one.backup.is_empty(),
            }
    };
    let found: Vec<&Plan> = loaded.plans.plans().iter().filter(has).collect();
    match (found.as_slice(), name) {
        ([], Some(name)) => bail!("no plan has a backup {name}; the plans have {}", names(loaded)),
        ([], None) => bail!("no plan has a backup"),
        _ => Ok((found, own)),
    }
}

fn names(loaded: &LoadedPlans) -> String {
    let name = |plan: &Plan, backup: &BackupName| format!("{}/{backup}", plan.head.name);
    let plans = loaded.plans.plans().iter();
    let all: Vec<String> =
        plans.flat_map(|plan| plan.backup.iter().map(move |backup| name(plan, &backup.name))).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

/// Takes backups as tasks, so that they never run twice at a time.
async fn take(invocation: &Invocation, wanted: &About) -> anyhow::Result<ExitCode> {
    let loaded = invocation.plans(&wanted.plans)?;
    let (plans, own) = about(&loaded, wanted.name.as_deref())?;
    if own.is_some() && plans.len() > 1 {
        bail!("several plans have this backup; write it as PLAN/NAME: {}", names(&loaded));
    }
    let mut worst = None;
    for plan in plans {
        for backup in plan.backup.iter().filter(|backup| own.is_none_or(|own| own == backup.name.as_str())) {
            let id = TaskId::new(plan.head.name.as_str(), &format!("backup/{}", backup.name));
            let code = task::run_now(invocation, &loaded, &id).await?;
            if worst.is_none() || code != ExitCode::SUCCESS {
                worst = Some(code);
            }
        }
    }
    Ok(worst.unwrap_or(ExitCode::from(SKIPPED)))
}

/// Carries something out on each plan that it is about, with rows of the ledger, and tells what it found.
async fn each(
    invocation: &Invocation,
    wanted: &About,
    act: impl AsyncFn(&Surroundings<'_>, Option<&str>) -> anyhow::Result<Report>,
) -> anyhow::Result<ExitCode> {
    let loaded = invocation.plans(&wanted.plans)?;
    let (plans, own) = about(&loaded, wanted.name.as_deref())?;
    let (clock, shutdown) = (Clock::system(), Shutdown::new());
    shutdown.spawn_signal_listener();
    let scribe = scribe(invocation, &clock).await?;
    let state = scribe.state().clone();
    let (rows, rows_wanted) = Rows::channel();
    let done = CancellationToken::new();
    let serving = tokio::spawn(scribe.serve(rows_wanted, done.clone()));
    let mut reports: Vec<(&Plan, anyhow::Result<Report>)> = Vec::new();
    for plan in plans {
        let bar = Bar::new(wanted.name.as_deref().unwrap_or(plan.head.name.as_str()));
        let gauge = bar.gauge();
        let around = Surroundings {
            plan,
            state: Some(&state),
            rows: Some(&rows),
            scratch: Path::new(&invocation.config().runs.scratch),
            progress: &gauge,
            clock: &clock,
            stop: shutdown.token(),
        };
        reports.push((plan, act(&around, own).await));
    }
    done.cancel();
    serving.await??;
    tell(invocation, reports)
}

/// Whoever may write rows: this process when nobody runs, otherwise the keeper that does.
async fn scribe(invocation: &Invocation, clock: &Clock) -> anyhow::Result<Scribe> {
    match Writer::take(&invocation.config().state, clock.clone()).await {
        Ok(writer) => Ok(Scribe::Own(Box::new(writer))),
        Err(error) if error.is::<HeldBy>() => {
            let config = invocation.config().state.clone();
            Ok(Scribe::Asked(Asked { state: invocation.held_state().await?, config, by: task::account() }))
        }
        Err(error) => Err(error),
    }
}

fn tell(invocation: &Invocation, reports: Vec<(&Plan, anyhow::Result<Report>)>) -> anyhow::Result<ExitCode> {
    let (mut verdict, mut all, mut failed) = (Verdict::Skipped, Vec::new(), None);
    for (plan, report) in reports {
        match report {
            Ok(report) => {
                verdict = verdict.with(report.verdict);
                if !invocation.json {
                    print!("{}", report.text);
                }
                all.push(json!({ "plan": plan.head.name, "report": report }));
            }
            Err(error) if failed.is_none() => failed = Some(error.context(format!("{}", plan.head.name))),
            Err(error) => eprintln!("keeper: {}: {error:#}", plan.head.name),
        }
    }
    if invocation.json {
        invocation.print_json(&all)?;
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(match verdict {
            Verdict::Good => ExitCode::SUCCESS,
            Verdict::Bad => ExitCode::FAILURE,
            Verdict::Skipped => ExitCode::from(SKIPPED),
        }),
    }
}
