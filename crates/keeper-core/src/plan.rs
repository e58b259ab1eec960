//! The plan file: every section as types, read with errors that say where and what was meant.
//!
//! [`parse`] reads one file and checks that everything it names is there. A daemon may run several plans at once
//! ([`PlanSet`]); their names do not mix, because each task is known as `PLAN/TASK`.

pub mod backup;
pub mod binding;
mod check;
pub mod command;
pub mod executor;
pub mod people;
pub mod problem;
pub mod procedure;
mod read;
pub mod schema;
pub mod secret;
pub mod service;
pub mod set;
pub mod spelling;
pub mod task;
pub mod value;
pub mod watch;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use problem::PlanProblem;
pub use set::{PlanSet, TaskId};

use backup::{Backup, Store};
use people::{Channel, Escalation, Oncall, Person, Role};
use problem::Finding;
use procedure::{Change, Document, Exempt, Experiment, Incident, Runbook, Scanner, Scenario};
use read::Reader;
use secret::Secret;
use service::{Control, Dependency, Recovery, Service};
use task::Task;
use value::{PlanName, ServiceName};
use watch::{Budget, Dashboard, Slo, Target, Threshold};

use crate::zone::Zone;

/// One plan file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What the file is.
    #[serde(rename = "plan")]
    pub head: Head,
    /// What is looked after, `[service.NAME]`.
    #[serde(default)]
    pub service: BTreeMap<ServiceName, Service>,
    /// Parts that people play.
    #[serde(default)]
    pub role: Vec<Role>,
    /// People with rights.
    #[serde(default)]
    pub person: Vec<Person>,
    /// Who answers when.
    #[serde(default)]
    pub oncall: Option<Oncall>,
    /// Who is told next.
    #[serde(default)]
    pub escalation: Vec<Escalation>,
    /// Ways of telling.
    #[serde(default)]
    pub channel: Vec<Channel>,
    /// What is done again and again.
    #[serde(default)]
    pub task: Vec<Task>,
    /// Limits of measured values.
    #[serde(default)]
    pub threshold: Vec<Threshold>,
    /// What services promise.
    #[serde(default)]
    pub slo: Vec<Slo>,
    /// Where backups lie.
    #[serde(default)]
    pub store: Vec<Store>,
    /// What is backed up.
    #[serde(default)]
    pub backup: Vec<Backup>,
    /// How fast components are back.
    #[serde(default)]
    pub recovery: Vec<Recovery>,
    /// Disasters that are rehearsed.
    #[serde(default)]
    pub scenario: Vec<Scenario>,
    /// The course of an incident.
    #[serde(default)]
    pub incident: Option<Incident>,
    /// How changes are made.
    #[serde(default)]
    pub change: Option<Change>,
    /// What to do when something has happened.
    #[serde(default)]
    pub runbook: Vec<Runbook>,
    /// What has to be renewed.
    #[serde(default)]
    pub secret: Vec<Secret>,
    /// What has to stay true.
    #[serde(default)]
    pub document: Vec<Document>,
    /// Whom the services need.
    #[serde(default)]
    pub dependency: Vec<Dependency>,
    /// What can be done to services.
    #[serde(default)]
    pub control: Vec<Control>,
    /// Tools from outside.
    #[serde(default)]
    pub scanner: Vec<Scanner>,
    /// Experiments to audit.
    #[serde(default)]
    pub experiment: Vec<Experiment>,
    /// Figures to reach.
    #[serde(default)]
    pub target: Vec<Target>,
    /// Pages with live figures.
    #[serde(default)]
    pub dashboard: Vec<Dashboard>,
    /// What may be spent.
    #[serde(default)]
    pub budget: Option<Budget>,
    /// Lines of a written plan that nothing has to carry out.
    #[serde(default)]
    pub exempt: Vec<Exempt>,
}

/// What a plan file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The plan's own name, the first part of the name of each of its tasks.
    pub name: PlanName,
    /// What people call it.
    pub title: String,
    /// Zone of every time in it that does not name another.
    pub zone: Zone,
    /// Written documents that it carries out, for `check --coverage`.
    #[serde(default)]
    pub documents: Vec<String>,
    /// Lines of a written plan that the file as a whole carries out, such as its title.
    #[serde(default)]
    pub covers: Vec<binding::Binding>,
}

/// The longest plan file that is read, in bytes.
pub const LONGEST_PLAN_BYTES: usize = 1 << 20;

const SECTIONS: &[&str] = &[
    "plan",
    "service",
    "role",
    "person",
    "oncall",
    "escalation",
    "channel",
    "task",
    "threshold",
    "slo",
    "store",
    "backup",
    "recovery",
    "scenario",
    "incident",
    "change",
    "runbook",
    "secret",
    "document",
    "dependency",
    "control",
    "scanner",
    "experiment",
    "target",
    "dashboard",
    "budget",
    "exempt",
];

/// Reads and checks one plan file; `file` is only for the messages. Fails with every problem it can find at once:
/// mistakes in the TOML hide those in the sections, which hide those between them.
pub fn parse(text: &str, file: &str) -> Result<Plan, Vec<PlanProblem>> {
    if text.len() > LONGEST_PLAN_BYTES {
        let finding = Finding {
            what: "the file is too long for a plan".to_owned(),
            found: Some(format!("{} bytes", text.len())),
            allowed: Some(format!("{LONGEST_PLAN_BYTES} bytes")),
            nearest: None,
        };
        return Err(vec![finding.at(file, "", &(0..0), String::new())]);
    }
    let mut reader = Reader::new(file, text)?;
    reader.only(SECTIONS);
    let plan = sections(&mut reader);
    check::plain_secrets(&mut reader);
    let Some(plan) = plan.filter(|_| !reader.has_problems()) else { return Err(reader.into_problems()) };
    check::plan(&plan, &mut reader);
    if reader.has_problems() { Err(reader.into_problems()) } else { Ok(plan) }
}

fn sections(reader: &mut Reader<'_>) -> Option<Plan> {
    let head = reader.required("plan");
    let plan = Plan {
        service: reader.map("service", ServiceName::parse),
        role: reader.list("role"),
        person: reader.list("person"),
        oncall: reader.one("oncall"),
        escalation: reader.list("escalation"),
        channel: reader.list("channel"),
        task: reader.list("task"),
        threshold: reader.list("threshold"),
        slo: reader.list("slo"),
        store: reader.list("store"),
        backup: reader.list("backup"),
        recovery: reader.list("recovery"),
        scenario: reader.list("scenario"),
        incident: reader.one("incident"),
        change: reader.one("change"),
        runbook: reader.list("runbook"),
        secret: reader.list("secret"),
        document: reader.list("document"),
        dependency: reader.list("dependency"),
        control: reader.list("control"),
        scanner: reader.list("scanner"),
        experiment: reader.list("experiment"),
        target: reader.list("target"),
        dashboard: reader.list("dashboard"),
        budget: reader.one("budget"),
        exempt: reader.list("exempt"),
        head: head?,
    };
    Some(plan)
}
