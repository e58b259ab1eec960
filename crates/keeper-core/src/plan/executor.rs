//! Which part of keeper carries an entry of a plan out.

use serde::Serialize;

use super::Plan;
use super::binding::Binding;
use super::task::{Action, Step};

/// A part of keeper, by its section in the keeper specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Executor {
    /// Number of the section.
    pub section: u8,
    /// What the section is about.
    pub title: &'static str,
    /// Whether it is built; an entry of one that is not is checked, kept and shown, and does nothing yet.
    pub ready: bool,
}

const PLAN: Executor = Executor { section: 1, title: "the plan file", ready: true };
const SCHEDULING: Executor = Executor { section: 2, title: "scheduling", ready: true };
const BUILT_IN: Executor = Executor { section: 3, title: "built-in actions", ready: true };
const REPORTS: Executor = Executor { section: 3, title: "reports, benchmarks and advisories", ready: false };
const BACKUP: Executor = Executor { section: 4, title: "backup and restore", ready: true };
const WATCHING: Executor =
    Executor { section: 5, title: "watching, alerting, on-call, incidents", ready: false };
const DRILLS: Executor = Executor { section: 6, title: "drills", ready: false };
const CHANGES: Executor = Executor { section: 7, title: "changes", ready: false };
const AUDITS: Executor = Executor { section: 8, title: "audits", ready: false };
const LEDGER: Executor = Executor { section: 9, title: "the ledger", ready: true };

/// Commands of section 3 that report on what is not collected yet.
const LATER: &[&str] = &["report ", "benchmark ", "advisories", "key rotate", "certificate ", "dns switch"];

/// What carries an action out.
pub fn of_action(action: &Action) -> Executor {
    match action {
        Action::Keeper(command) => {
            let words = command.verb().words;
            match command.verb().section {
                3 if LATER.iter().any(|start| words.starts_with(start)) => REPORTS,
                3 => BUILT_IN,
                4 => BACKUP,
                5 => WATCHING,
                6 => DRILLS,
                7 => CHANGES,
                8 => AUDITS,
                _ => LEDGER,
            }
        }
        Action::Scan(_) => BUILT_IN,
        Action::Shell(_) | Action::Human(_) => SCHEDULING,
        Action::Control(_) => WATCHING,
    }
}

/// One entry of a plan that may cover lines of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'p> {
    /// Where it is in the plan, as in [`super::PlanProblem::key`].
    pub path: String,
    /// What carries it out; none for the lines that nothing has to.
    pub executor: Option<Executor>,
    /// Why nothing has to, for those.
    pub reason: Option<&'p str>,
    /// The lines that it covers.
    pub covers: &'p [Binding],
}

/// Every entry of a plan that may cover lines, steps and shifts on their own, in the order of [`Plan`]'s sections.
pub fn entries(plan: &Plan) -> Vec<Entry<'_>> {
    let mut all = Vec::new();
    macro_rules! list {
        ($section:ident, $executor:expr) => {
            for entry in &plan.$section {
                push(&mut all, format!("{}[{}]", stringify!($section), entry.name), $executor, &entry.covers);
            }
        };
    }
    for (name, service) in &plan.service {
        push(&mut all, format!("service.{name}"), BUILT_IN, &service.covers);
    }
    list!(role, WATCHING);
    list!(person, AUDITS);
    on_call(plan, &mut all);
    list!(channel, WATCHING);
    for task in &plan.task {
        push(&mut all, format!("task[{}]", task.name), of_action(&task.action), &task.covers);
    }
    list!(threshold, WATCHING);
    list!(slo, WATCHING);
    list!(store, BACKUP);
    list!(backup, BACKUP);
    for recovery in &plan.recovery {
        push(&mut all, format!("recovery[{}]", recovery.component), DRILLS, &recovery.covers);
    }
    procedures(plan, &mut all);
    list!(secret, AUDITS);
    list!(document, SCHEDULING);
    list!(dependency, WATCHING);
    list!(control, WATCHING);
    list!(scanner, BUILT_IN);
    list!(experiment, AUDITS);
    list!(target, REPORTS);
    list!(dashboard, WATCHING);
    if let Some(budget) = &plan.budget {
        push(&mut all, "budget".to_owned(), WATCHING, &budget.covers);
    }
    push(&mut all, "plan".to_owned(), PLAN, &plan.head.covers);
    for (index, exempt) in plan.exempt.iter().enumerate() {
        let path = format!("exempt[{index}]");
        all.push(Entry { path, executor: None, reason: Some(&exempt.reason), covers: &exempt.covers });
    }
    all
}

fn push<'p>(all: &mut Vec<Entry<'p>>, path: String, executor: Executor, covers: &'p [Binding]) {
    all.push(Entry { path, executor: Some(executor), reason: None, covers });
}

fn on_call<'p>(plan: &'p Plan, all: &mut Vec<Entry<'p>>) {
    if let Some(oncall) = &plan.oncall {
        push(all, "oncall".to_owned(), WATCHING, &oncall.covers);
        for shift in &oncall.shift {
            push(all, format!("oncall.shift[{}]", shift.name), WATCHING, &shift.covers);
        }
    }
    for escalation in &plan.escalation {
        push(all, format!("escalation[{}]", escalation.name), WATCHING, &escalation.covers);
        for (index, step) in escalation.step.iter().enumerate() {
            push(all, format!("escalation[{}].step[{index}]", escalation.name), WATCHING, &step.covers);
        }
    }
}

fn procedures<'p>(plan: &'p Plan, all: &mut Vec<Entry<'p>>) {
    for scenario in &plan.scenario {
        let at = format!("scenario[{}]", scenario.name);
        steps(all, &format!("{at}.step"), DRILLS, &scenario.step);
        steps(all, &format!("{at}.rollback"), DRILLS, &scenario.rollback);
        push(all, at, DRILLS, &scenario.covers);
    }
    if let Some(incident) = &plan.incident {
        push(all, "incident".to_owned(), WATCHING, &incident.covers);
        steps(all, "incident.step", WATCHING, &incident.step);
    }
    if let Some(change) = &plan.change {
        push(all, "change".to_owned(), CHANGES, &change.covers);
        steps(all, "change.step", CHANGES, &change.step);
        for window in &change.window {
            push(all, format!("change.window[{}]", window.name), CHANGES, &window.covers);
        }
    }
    for runbook in &plan.runbook {
        let at = format!("runbook[{}]", runbook.name);
        steps(all, &format!("{at}.step"), WATCHING, &runbook.step);
        push(all, at, WATCHING, &runbook.covers);
    }
}

fn steps<'p>(all: &mut Vec<Entry<'p>>, at: &str, executor: Executor, steps: &'p [Step]) {
    for (index, step) in steps.iter().enumerate() {
        push(all, format!("{at}[{index}]"), executor, &step.covers);
    }
}
