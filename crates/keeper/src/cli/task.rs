//! `keeper task`: list tasks, run one now, look back, show that work of people is done.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command's result goes to the terminal")]

mod by_hand;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::bail;
use clap::Subcommand;
use keeper_core::{
    ledger::event::Outcome,
    plan::set::{PlanSet, TaskId},
};

use super::{
    Invocation, SKIPPED,
    table::{plain, table},
};
use crate::{
    plan_file::LoadedPlans,
    scheduler::tasks,
    state::{HeldBy, State, Writer},
    store::{
        requests::{self, Answer, Request, Wish},
        runs::{self, RunRecord, outcome_word},
    },
};

/// How often an answer of the running keeper is looked for.
const LOOK: Duration = Duration::from_millis(200);
/// After so many looks without an answer, it is tried whether a command holds the state file, and has ended.
const LOOKS: u32 = 10;
/// A keeper that lives answers within this.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// What to do with tasks.
#[derive(Debug, Subcommand)]
pub(super) enum Task {
    /// List every task of the plans, with what is open and when it is due next
    List {
        /// Plan files, instead of those of the configuration
        #[arg(value_name = "PLAN")]
        plans: Vec<PathBuf>,
    },
    /// Run a task now: by the running keeper, or here when there is none
    Run {
        /// The task, as PLAN/TASK; TASK alone where only one plan has it
        #[arg(value_name = "TASK")]
        name: String,
        /// A plan file, instead of those of the configuration; may be repeated
        #[arg(long = "plan", value_name = "PLAN")]
        plans: Vec<PathBuf>,
        /// Ask the running keeper, and do not wait for the end
        #[arg(long)]
        no_wait: bool,
    },
    /// Show the newest outcomes, of one task or of all
    History {
        /// The task, as PLAN/TASK
        #[arg(value_name = "TASK")]
        name: Option<String>,
        /// How many
        #[arg(long, value_name = "NUMBER", default_value_t = 20)]
        last: u32,
        /// Also print what the newest one has printed
        #[arg(long)]
        output: bool,
    },
    /// Show that work of people is done; its oldest open occurrence is settled
    Done {
        /// The task, as PLAN/TASK; TASK alone where only one plan has it
        #[arg(value_name = "TASK")]
        name: String,
        /// What shows it: a link, a record's number, a sentence
        #[arg(long, value_name = "TEXT")]
        evidence: String,
        /// Who says so; the name of the account without it
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// A plan file, instead of those of the configuration; may be repeated
        #[arg(long = "plan", value_name = "PLAN")]
        plans: Vec<PathBuf>,
    },
}

impl Task {
    pub(super) async fn run(self, invocation: &Invocation) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { plans } => list(invocation, &plans).await,
            Self::History { name, last, output } => history(invocation, name, last, output).await,
            Self::Run { name, plans, no_wait } => {
                let loaded = invocation.plans(&plans)?;
                let id = find(&loaded.plans, &name)?;
                if no_wait {
                    return ask_only(invocation, &id).await;
                }
                run_now(invocation, &loaded, &id).await
            }
            Self::Done { name, evidence, by, plans } => {
                let loaded = invocation.plans(&plans)?;
                let id = find(&loaded.plans, &name)?;
                let by = by.unwrap_or_else(account);
                if evidence.trim().is_empty() {
                    bail!("the evidence is empty: say what shows that it is done");
                }
                let wish = Wish::Evidence(evidence);
                let seq = match Writer::take(&invocation.config().state, chassis::Clock::system()).await {
                    Ok(writer) => by_hand::done(writer, &loaded, request(&id, wish, by)).await?,
                    Err(error) if error.is::<HeldBy>() => {
                        ask(&invocation.held_state().await?, &id, wish, by).await?
                    }
                    Err(error) => return Err(error),
                };
                println!("written down: row {seq} of the ledger");
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// Runs a task now and waits for its end: by the running keeper, or here when there is none.
pub(super) async fn run_now(
    invocation: &Invocation,
    loaded: &LoadedPlans,
    id: &TaskId,
) -> anyhow::Result<ExitCode> {
    match Writer::take(&invocation.config().state, chassis::Clock::system()).await {
        Ok(writer) => tell(invocation, &Box::pin(by_hand::run(invocation, writer, loaded, id, None)).await?),
        Err(error) if error.is::<HeldBy>() => ask_or_run(invocation, loaded, id).await,
        Err(error) => Err(error),
    }
}

/// Asks whoever holds the state file. A running keeper does it; after a command, which cannot, it is done here.
async fn ask_or_run(invocation: &Invocation, loaded: &LoadedPlans, id: &TaskId) -> anyhow::Result<ExitCode> {
    let state = invocation.held_state().await?;
    let request = request(id, Wish::Run, account());
    requests::add(&state.database, &request, state.clock.now()).await?;
    for look in 1_u32.. {
        match requests::answer_to(&state.database, &request.id).await? {
            Some(Answer::Row(seq)) => return tell(invocation, &outcome_of(&state, seq).await?),
            Some(Answer::Refused(why)) => bail!("{why}"),
            None => {}
        }
        if look.is_multiple_of(LOOKS) {
            match Writer::take(&invocation.config().state, chassis::Clock::system()).await {
                // Otherwise whoever held it has begun it in the end, and what became of that is seen in the next look.
                Ok(writer) if requests::answer_to(&state.database, &request.id).await?.is_none() => {
                    let run = by_hand::run(invocation, writer, loaded, id, Some(request.id));
                    let run = Box::pin(run).await?;
                    return tell(invocation, &run);
                }
                Ok(writer) => writer.release().await?,
                Err(error) if error.is::<HeldBy>() && look == LOOKS => {
                    eprintln!("{error}, and has not answered yet; waiting for its answer or its end");
                }
                Err(error) if error.is::<HeldBy>() => {}
                Err(error) => return Err(error),
            }
        }
        tokio::time::sleep(LOOK).await;
    }
    bail!("nobody has answered")
}

/// Asks the running keeper, and does not wait for the end.
async fn ask_only(invocation: &Invocation, id: &TaskId) -> anyhow::Result<ExitCode> {
    match Writer::take(&invocation.config().state, chassis::Clock::system()).await {
        Ok(writer) => {
            writer.release().await?;
            bail!("no keeper runs that could be asked; without --no-wait the task runs here")
        }
        Err(error) if error.is::<HeldBy>() => {
            let seq = ask(&invocation.held_state().await?, id, Wish::Run, account()).await?;
            println!("asked: row {seq} of the ledger");
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Err(error),
    }
}

/// The task of this name; without the plan's name where only one has it.
fn find(plans: &PlanSet, name: &str) -> anyhow::Result<TaskId> {
    let all = plans.timed_tasks();
    let fits = |id: &TaskId| id.as_str() == name || id.parts().1 == name;
    let found: Vec<&TaskId> = all.iter().map(|timed| &timed.id).filter(|id| fits(id)).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => bail!("no plan has a task {name}; `keeper task list` shows them"),
        several => {
            let names: Vec<&str> = several.iter().map(|id| id.as_str()).collect();
            bail!("{name} is in several plans; write one of {}", names.join(", "))
        }
    }
}

/// Name of the account that this runs under.
pub(super) fn account() -> String {
    let own = nix::unistd::User::from_uid(nix::unistd::getuid());
    own.ok().flatten().map_or_else(|| "somebody".to_owned(), |user| user.name)
}

fn request(id: &TaskId, wish: Wish, asked_by: String) -> Request {
    Request { id: uuid::Uuid::new_v4().to_string(), wish, task: id.to_string(), asked_by }
}

/// Asks the running keeper, and waits for its row.
async fn ask(state: &State, id: &TaskId, wish: Wish, by: String) -> anyhow::Result<u64> {
    let request = request(id, wish, by);
    requests::add(&state.database, &request, state.clock.now()).await?;
    let started = tokio::time::Instant::now();
    loop {
        match requests::answer_to(&state.database, &request.id).await? {
            Some(Answer::Row(seq)) => return Ok(seq),
            Some(Answer::Refused(why)) => bail!("{why}"),
            None if started.elapsed() > ANSWER_LIMIT => {
                bail!("the keeper that holds the state file has not answered; it will when it runs again")
            }
            None => tokio::time::sleep(LOOK).await,
        }
    }
}

/// Waits for the outcome of what a row has triggered.
async fn outcome_of(state: &State, seq: u64) -> anyhow::Result<RunRecord> {
    eprintln!("the running keeper does it; Ctrl-C stops the waiting, not the task");
    loop {
        if let Some(run) = runs::of_trigger(&state.database, seq).await? {
            return Ok(run);
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn tell(invocation: &Invocation, run: &RunRecord) -> anyhow::Result<ExitCode> {
    if invocation.json {
        invocation.print_json(run)?;
    } else {
        print!("{}", run.output);
        println!("{}: {}: {}", run.occurrence.task, outcome_word(run.outcome), run.detail);
    }
    Ok(match run.outcome {
        Outcome::Ran | Outcome::CaughtUp => ExitCode::SUCCESS,
        Outcome::Skipped => ExitCode::from(SKIPPED),
        Outcome::Failed | Outcome::Missed | Outcome::Interrupted => ExitCode::FAILURE,
    })
}

async fn list(invocation: &Invocation, plans: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let loaded = invocation.plans(plans)?;
    let clock = chassis::Clock::system();
    let history = match invocation.state().await {
        Ok(state) => state.history().await?,
        // Nothing has happened yet.
        Err(_) => keeper_core::schedule::history::History::default(),
    };
    let tasks = tasks(&loaded.plans, &history, clock.now());
    if invocation.json {
        invocation.print_json(&tasks)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = tasks
        .iter()
        .map(|task| {
            let next = task.next_due.map_or_else(|| "-".to_owned(), |at| at.to_string());
            let open = if task.open.is_empty() { String::new() } else { format!("{} open", task.open.len()) };
            let mut does = plain(&task.does, 70);
            if let Some(part) = &task.missing_part {
                does.push_str(&format!(" (skipped: needs {part})"));
            }
            vec![task.id.clone(), task.schedule.clone(), next, open, does]
        })
        .collect();
    print!("{}", table(&["TASK", "SCHEDULE", "NEXT", "OPEN", "WHAT"], &rows));
    Ok(ExitCode::SUCCESS)
}

async fn history(
    invocation: &Invocation,
    name: Option<String>,
    last: u32,
    output: bool,
) -> anyhow::Result<ExitCode> {
    let state = invocation.state().await?;
    let id = match &name {
        Some(name) => match name.split_once('/') {
            Some((plan, task)) => Some(TaskId::new(plan, task)),
            None => bail!("write the task as PLAN/TASK"),
        },
        None => None,
    };
    let runs = runs::newest(&state.database, id.as_ref(), last).await?;
    if invocation.json {
        invocation.print_json(&runs)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = runs
        .iter()
        .map(|run| {
            let took = run.duration_ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms} ms"));
            let task = run.occurrence.task.to_string();
            let outcome = outcome_word(run.outcome).to_owned();
            vec![run.occurrence.due.to_string(), task, outcome, took, plain(&run.detail, 90)]
        })
        .collect();
    print!("{}", table(&["DUE", "TASK", "OUTCOME", "TOOK", "WHY"], &rows));
    if let (true, Some(run)) = (output, runs.first()) {
        print!("\n{}", run.output);
    }
    Ok(ExitCode::SUCCESS)
}
