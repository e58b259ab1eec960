//! What people and keeper do together: incidents, changes, drills, runbooks, reviews, and the tools they use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binding::Binding;
use super::task::Step;
use super::value::{
    ComponentName, DocumentName, ExperimentName, Hours, Period, RoleName, RunbookName, ScannerName,
    ScenarioName, ServiceName, Weekdays, WindowName,
};
use super::watch::Severity;
use crate::schedule::Schedule;
use crate::zone::Zone;

/// The course of an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// Its steps in order.
    pub step: Vec<Step>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// How changes are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// What a request must say.
    pub requires: Vec<RequestPart>,
    /// Roles of which one that is not the requester's approves.
    pub approvers: Vec<RoleName>,
    /// When changes may be made.
    #[serde(default)]
    pub window: Vec<Window>,
    /// A planned change is announced so long before.
    pub notice_planned: Period,
    /// An emergency change, at any time, is announced so long before.
    pub notice_emergency: Period,
    /// Its steps in order.
    #[serde(default)]
    pub step: Vec<Step>,
    /// Commands that must succeed after a change, and after its rollback.
    #[serde(default)]
    pub verify: Vec<String>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// A part of a change request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RequestPart {
    /// What is changed.
    Content,
    /// What can go wrong.
    Risk,
    /// The way back.
    Rollback,
}

/// A time at which something is allowed, every week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// In this plan.
    pub name: WindowName,
    /// On which days.
    pub days: Weekdays,
    /// At which hours.
    pub hours: Hours,
    /// Zone of the hours; the plan's without one.
    #[serde(default)]
    pub zone: Option<Zone>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// A disaster that is rehearsed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// In this plan.
    pub name: ScenarioName,
    /// What people call it.
    #[serde(default)]
    pub title: Option<String>,
    /// The `[[recovery]]` entries it is measured against.
    pub components: Vec<ComponentName>,
    /// What goes wrong.
    pub fault: Fault,
    /// Expressions or commands that hold while all is well: before, after recovery, and after the way back.
    pub steady_state: Vec<String>,
    /// What is done about it, in order.
    pub step: Vec<Step>,
    /// The way back, always taken.
    #[serde(default)]
    pub rollback: Vec<Step>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// What a drill breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// The primary is killed and its disk is gone.
    DataCentre,
    /// Pages of the database are damaged.
    DatabaseCorruption,
    /// Somebody has got in.
    Intrusion,
    /// A service runs with these settings, such as `CHAOS_REDIS_DOWN=true`.
    Environment(Vec<String>),
    /// A shell command does the damage.
    Shell(String),
}

/// What to do when something has happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runbook {
    /// In this plan.
    pub name: RunbookName,
    /// What people call it.
    pub title: String,
    /// Document it is written in, where there is one.
    #[serde(default)]
    pub document: Option<DocumentName>,
    /// Its steps in order.
    pub step: Vec<Step>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// A document that must stay true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// In this plan.
    pub name: DocumentName,
    /// What people call it.
    pub title: String,
    /// File or folder.
    pub path: String,
    /// Role that keeps it true.
    pub owner: RoleName,
    /// When it must be looked at again.
    pub review: Review,
    /// Day from which the intervals count; the first look is due one interval later.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub since: Option<jiff::civil::Date>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// How often a document is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Review {
    /// After each change of what it describes.
    EachChange,
    /// Every month.
    Monthly,
    /// Every three months.
    Quarterly,
    /// Every six months.
    HalfYearly,
    /// Every year.
    Yearly,
}

/// An external tool that finds something out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scanner {
    /// In this plan.
    pub name: ScannerName,
    /// Program that must be installed; without it a scan is skipped with that reason.
    pub program: String,
    /// The whole command.
    pub command: String,
    /// How its answer is read.
    pub verdict: Verdict,
    /// How bad findings are.
    #[serde(default = "warning")]
    pub severity: Severity,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

fn warning() -> Severity {
    Severity::Warning
}

/// How the answer of a tool is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Verdict {
    /// Exit code 0 is clean, the listed ones are findings, every other is a failure of the tool.
    ExitCode(Vec<u8>),
    /// No line on standard output is clean, each line is a finding.
    Lines,
    /// JSON pointer to an array or a number in the JSON on standard output; each element is a finding.
    JsonCount(String),
    /// Nothing is judged; the output is kept.
    Report,
}

/// An A/B experiment that must be audited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// In this plan.
    pub name: ExperimentName,
    /// Service in which it runs.
    pub service: ServiceName,
    /// Command that audits it; it fails when something is wrong.
    pub command: String,
    /// When.
    pub schedule: Schedule,
    /// Role that answers for it.
    pub owner: RoleName,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// Lines of a written plan that nothing has to carry out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exempt {
    /// Why.
    pub reason: String,
    /// The lines.
    pub covers: Vec<Binding>,
}
