//! What a due task asks for, and whether this keeper can do it.

use std::fmt;

use keeper_core::plan::{
    Plan,
    command::Command,
    executor,
    procedure::Scanner,
    set::Work,
    task::{Action, Checklist},
    value::BackupName,
};

/// Commands that this keeper carries out when a plan calls them.
pub const COMMANDS: &[&str] = &[
    "health",
    "logs scan",
    "logs rotate",
    "stats",
    "system updates",
    "db maintain",
    "db clean-up",
    "db slow",
    "db advise",
    "backup run",
    "backup list",
    "backup verify",
    "backup prune",
    "backup restore",
    "ledger verify",
];

/// What has to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Duty {
    /// One of keeper's own commands.
    Command(Command),
    /// A backup of the plan, by its name.
    Backup(BackupName),
    /// A shell command, and the service it belongs to.
    Shell {
        /// The command.
        command: String,
        /// Folder it runs in; keeper's own without one.
        directory: Option<String>,
    },
    /// A tool from outside.
    Scan(Scanner),
    /// Work for people.
    Human(Checklist),
    /// Something that no part of this keeper does; it is written down as skipped.
    Later {
        /// What it is.
        what: String,
        /// The part that would do it.
        part: String,
    },
}

impl Duty {
    /// The duty behind a piece of work of this plan.
    pub fn of(plan: &Plan, work: Work<'_>) -> Self {
        let later = |what: String, part: &str| Self::Later { what, part: part.to_owned() };
        match work {
            Work::Task(task) => {
                let directory = task
                    .service
                    .as_ref()
                    .and_then(|name| plan.service.get(name))
                    .and_then(|service| service.directory.clone());
                of_action(plan, &task.action, directory)
            }
            Work::Backup(backup) => Self::Backup(backup.name.clone()),
            Work::Experiment(experiment) => {
                later(format!("audit the experiment {}", experiment.name), "audits (section 8)")
            }
            Work::Review(document) => Self::Human(Checklist {
                items: vec![format!("{}: {}", document.name, document.path)],
                due_within: keeper_core::plan::value::Period::days(14),
                evidence: "what was found, or that nothing has changed".to_owned(),
            }),
        }
    }

    /// The part that is missing for it; none when it can be done.
    pub fn missing_part(&self) -> Option<&str> {
        match self {
            Self::Later { part, .. } => Some(part),
            _ => None,
        }
    }
}

fn of_action(plan: &Plan, action: &Action, directory: Option<String>) -> Duty {
    let part = || {
        let executor = executor::of_action(action);
        format!("{} (section {})", executor.title, executor.section)
    };
    match action {
        Action::Keeper(command) if COMMANDS.contains(&command.verb().words) => Duty::Command(command.clone()),
        Action::Keeper(command) => Duty::Later { what: format!("keeper {command}"), part: part() },
        Action::Shell(command) => Duty::Shell { command: command.clone(), directory },
        Action::Scan(name) => match plan.scanner.iter().find(|scanner| scanner.name == *name) {
            Some(scanner) => Duty::Scan(scanner.clone()),
            None => Duty::Later { what: format!("scan {name}"), part: "a scanner of this name".to_owned() },
        },
        Action::Control(name) => Duty::Later { what: format!("control {name}"), part: part() },
        Action::Human(checklist) => Duty::Human(checklist.clone()),
    }
}

impl fmt::Display for Duty {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(command) => write!(formatter, "keeper {command}"),
            Self::Backup(name) => write!(formatter, "keeper backup run {name}"),
            Self::Shell { command, .. } => {
                formatter.write_str(command.lines().next().unwrap_or_default().trim())
            }
            Self::Scan(scanner) => write!(formatter, "scan {}", scanner.name),
            Self::Human(checklist) => write!(formatter, "people: {}", checklist.items.join("; ")),
            Self::Later { what, .. } => formatter.write_str(what),
        }
    }
}
