//! What is done, when, by whom, and what happens when it goes wrong.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binding::Binding;
use super::command::Command;
use super::value::{ControlName, Period, RoleName, ScannerName, ServiceName, TaskName};
use crate::schedule::Schedule;
use crate::zone::Zone;

/// Something that is done again and again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// In this plan.
    pub name: TaskName,
    /// What people call it.
    #[serde(default)]
    pub title: Option<String>,
    /// When.
    pub schedule: Schedule,
    /// Zone of the schedule's times; the plan's without one.
    #[serde(default)]
    pub zone: Option<Zone>,
    /// What.
    pub action: Action,
    /// Service it belongs to.
    #[serde(default)]
    pub service: Option<ServiceName>,
    /// Role that answers for it.
    #[serde(default)]
    pub owner: Option<RoleName>,
    /// Files and folders whose change is meant by the schedule `on change`.
    #[serde(default)]
    pub paths: Vec<String>,
    /// It is stopped after so long, with everything that it started.
    #[serde(default = "ten_minutes")]
    pub time_limit: Period,
    /// Whether it is tried again when it fails.
    #[serde(default)]
    pub retry: Retry,
    /// What happens when it is due while it is still running.
    #[serde(default)]
    pub overlap: Overlap,
    /// What happens when it could not be started in time.
    #[serde(default)]
    pub missed: MissedPolicy,
    /// Whether it runs again when keeper died under it.
    #[serde(default)]
    pub interrupted: InterruptedPolicy,
    /// A start that is no later than this is in time.
    #[serde(default = "five_minutes")]
    pub grace: Period,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

fn ten_minutes() -> Period {
    Period::minutes(10)
}

fn five_minutes() -> Period {
    Period::minutes(5)
}

/// What a task or a step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// One of keeper's own commands, as on its command line without the word `keeper`.
    Keeper(Command),
    /// A shell command.
    Shell(String),
    /// An external tool of the plan.
    Scan(ScannerName),
    /// One of the plan's controls.
    Control(ControlName),
    /// Something that only people can do.
    Human(Checklist),
}

/// Work for people: done when evidence is there, escalated when it is overdue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checklist {
    /// What has to be done.
    pub items: Vec<String>,
    /// It is overdue so long after it fell due.
    pub due_within: Period,
    /// What has to be shown for it to count, such as the link of a record.
    pub evidence: String,
}

/// Tries of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// Tries in all, the first included.
    pub attempts: u8,
    /// Wait before the second try; it doubles from there.
    pub wait: Period,
    /// Longest wait.
    pub longest: Period,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 1, wait: Period::minutes(1), longest: Period::hours(1) }
    }
}

impl Retry {
    /// The wait after the attempt of this number, the first being 1.
    pub fn wait_after(&self, attempt: u32) -> Period {
        let doublings = attempt.saturating_sub(1).min(31);
        let wait = u64::from(self.wait.as_seconds()) << doublings;
        let longest = self.longest.max(self.wait);
        u32::try_from(wait).map_or(longest, |seconds| Period::seconds(seconds).min(longest))
    }
}

/// A task is due while it is still running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// The new occurrence is skipped.
    #[default]
    Skip,
    /// It waits until the run has ended.
    Queue,
    /// The run is stopped, and the new one begins.
    Replace,
}

/// A task could not be started in time, because keeper did not run or the machine slept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MissedPolicy {
    /// The newest missed occurrence is caught up with, the others are written down as missed.
    #[default]
    RunOnce,
    /// Every missed occurrence is caught up with, oldest first.
    RunAll,
    /// They are written down as skipped and nobody is told.
    Skip,
    /// They are written down as missed and somebody is told; nothing runs.
    Alert,
}

/// Keeper died while a task ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InterruptedPolicy {
    /// It stays interrupted until it is due again.
    #[default]
    Leave,
    /// It runs again, at most as often as `retry.attempts` says and at least once.
    Rerun,
}

/// One step of a procedure: what people read, and what a program can do or check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What it is about.
    pub title: String,
    /// Expression in PromQL that is true when this is the cause, or when the step has succeeded.
    #[serde(default)]
    pub check: Option<String>,
    /// What is done.
    #[serde(default)]
    pub action: Option<Action>,
    /// How long it may take.
    #[serde(default)]
    pub within: Option<Period>,
    /// Role that does it.
    #[serde(default)]
    pub owner: Option<RoleName>,
    /// Lines of a written plan that this carries out.
    #[serde(default)]
    pub covers: Vec<Binding>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let retry = Retry { attempts: 9, wait: Period::minutes(1), longest: Period::minutes(10) };
        let waits: Vec<String> =
            [1, 2, 3, 4, 5, 40, u32::MAX].iter().map(|n| retry.wait_after(*n).to_string()).collect();
        assert_eq!(waits, ["1m", "2m", "4m", "8m", "10m", "10m", "10m"]);
        let short = Retry { longest: Period::seconds(1), ..retry };
        assert_eq!(short.wait_after(7), Period::minutes(1), "the first wait is the least");
    }
}
