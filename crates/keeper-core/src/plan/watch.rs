//! What is measured, when that is bad, and what is aimed at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binding::Binding;
use super::value::{
    DashboardName, EscalationName, Period, RunbookName, ServiceName, SloName, TargetName, ThresholdName,
};

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Has to be looked at.
    Warning,
    /// Wakes somebody.
    Critical,
}

/// A measured value that must not be beyond a limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// In this plan, and the alert's name.
    pub name: ThresholdName,
    /// What people call it.
    #[serde(default)]
    pub title: Option<String>,
    /// Service it is about.
    pub service: ServiceName,
    /// Expression in PromQL; its value in the unit of `value`.
    pub metric: String,
    /// It is bad when the value stands in this relation
    pub is: Comparison,
    /// to this one.
    pub value: f64,
    /// It must have been bad for so long.
    #[serde(default, rename = "for")]
    pub holds: Period,
    /// How bad that is.
    pub severity: Severity,
    /// Somebody must have begun to work on it by then.
    pub response: Period,
    /// One sentence for the message.
    #[serde(default)]
    pub summary: Option<String>,
    /// What to do then.
    #[serde(default)]
    pub runbook: Option<RunbookName>,
    /// Whom to tell; the plan's only path when there is one.
    #[serde(default)]
    pub escalation: Option<EscalationName>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// How two values relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// Less than.
    Below,
    /// More than.
    Above,
    /// Exactly.
    Equal,
    /// Anything but.
    NotEqual,
    /// No more than.
    AtMost,
    /// No less than.
    AtLeast,
}

/// What a service promises.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slo {
    /// In this plan.
    pub name: SloName,
    /// Service that promises it.
    pub service: ServiceName,
    /// Share of good events, in percent.
    pub objective_percent: f64,
    /// What a good event is.
    pub indicator: Indicator,
    /// Over which time.
    pub window: Period,
    /// What to do when it is being broken.
    #[serde(default)]
    pub runbook: Option<RunbookName>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// How good events are counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Indicator {
    /// Two counters.
    Ratio(Ratio),
    /// A histogram.
    Latency(Latency),
}

/// Good events among all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ratio {
    /// Selector of the counter of good events.
    pub good: String,
    /// Selector of the counter of all.
    pub total: String,
}

/// Events that were fast enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// Name of the histogram of durations in seconds, labels allowed.
    pub histogram: String,
    /// The percentile that people quote, such as 95.
    pub percentile: f64,
    /// Fast enough.
    pub seconds: f64,
}

/// A figure that the team wants to reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// In this plan.
    pub name: TargetName,
    /// What people call it.
    pub title: String,
    /// It is reached when the value stands in this relation
    pub is: Comparison,
    /// to this one,
    pub value: f64,
    /// in this unit.
    pub unit: Unit,
    /// How often it is measured.
    pub measured: Measured,
    /// The report that measures it.
    pub report: TargetReport,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// Unit of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Of a hundred.
    Percent,
    /// Hours.
    Hours,
    /// Seconds.
    Seconds,
}

/// How often a target is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Measured {
    /// All the time.
    Live,
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
    /// Every month.
    Monthly,
    /// After each change.
    EachChange,
    /// With each vulnerability.
    EachVulnerability,
    /// After each incident.
    EachIncident,
}

/// The report behind a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TargetReport {
    /// Share of the time that the service was up.
    Availability,
    /// Mean time to repair.
    Mttr,
    /// Share of changes that succeeded.
    Changes,
    /// Share of backups that succeeded.
    Backups,
    /// Time to fix a vulnerability.
    Vulnerabilities,
}

/// A page with live figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    /// In this plan.
    pub name: DashboardName,
    /// What people call it.
    pub title: String,
    /// Path on keeper's own server.
    pub path: String,
    /// Public address, where a proxy gives it one.
    #[serde(default)]
    pub url: Option<String>,
    /// Expressions drawn there; empty means keeper's own choice for this path.
    #[serde(default)]
    pub panels: Vec<String>,
    /// The figures are fetched anew so often.
    #[serde(default)]
    pub refresh: Option<Period>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

/// What may be spent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Most in a calendar month.
    pub monthly: f64,
    /// Currency, such as `USD`.
    pub currency: String,
    /// Counter of what was spent, in that currency.
    pub metric: String,
    /// The alert that fires when the month's projection is beyond it.
    pub alert: ThresholdName,
    /// Ways of spending less, for people.
    #[serde(default)]
    pub savings: Vec<String>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}
