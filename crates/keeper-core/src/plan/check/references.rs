//! Whether everything that a plan names is in it.

use crate::plan::Plan;
use crate::plan::backup::Source;
use crate::plan::command::{Operand, Value};
use crate::plan::problem::Finding;
use crate::plan::read::Reader;
use crate::plan::task::{Action, Step};
use crate::schedule::Schedule;

/// One use of a name.
struct Use {
    path: String,
    kind: &'static str,
    name: String,
}

pub(super) fn check(plan: &Plan, reader: &mut Reader<'_>) {
    for section in SECTIONS {
        twice(section, &known(plan, section), reader);
    }
    let mut uses = Vec::new();
    people(plan, &mut uses);
    watching(plan, &mut uses);
    work(plan, &mut uses);
    procedures(plan, &mut uses);
    for used in uses {
        let known = known(plan, used.kind);
        if !known.contains(&used.name) {
            let kind = if used.kind == "after" { "task" } else { used.kind };
            let finding = Finding::unknown_name(kind, &used.name, known.iter().map(String::as_str));
            reader.report(&used.path, finding);
        }
    }
}

const SECTIONS: &[&str] = &[
    "role",
    "person",
    "shift",
    "escalation",
    "channel",
    "task",
    "threshold",
    "slo",
    "store",
    "backup",
    "component",
    "scenario",
    "secret",
    "document",
    "dependency",
    "control",
    "scanner",
    "experiment",
    "target",
    "runbook",
    "dashboard",
];

/// The names of one kind, in the order of the file.
fn known(plan: &Plan, kind: &str) -> Vec<String> {
    macro_rules! names {
        ($list:expr) => {
            $list.iter().map(|entry| entry.name.to_string()).collect()
        };
    }
    match kind {
        "service" => plan.service.keys().map(ToString::to_string).collect(),
        "role" => names!(plan.role),
        "person" => names!(plan.person),
        "shift" => {
            plan.oncall.iter().flat_map(|oncall| &oncall.shift).map(|shift| shift.name.to_string()).collect()
        }
        "escalation" => names!(plan.escalation),
        "channel" => names!(plan.channel),
        "task" => names!(plan.task),
        "after" => {
            let tasks = plan.task.iter().map(|task| task.name.to_string());
            tasks.chain(plan.backup.iter().map(|backup| format!("backup/{}", backup.name))).collect()
        }
        "threshold" => names!(plan.threshold),
        "slo" => names!(plan.slo),
        "store" => names!(plan.store),
        "backup" => names!(plan.backup),
        "component" => plan.recovery.iter().map(|recovery| recovery.component.to_string()).collect(),
        "scenario" => names!(plan.scenario),
        "secret" => names!(plan.secret),
        "document" => names!(plan.document),
        "dependency" => names!(plan.dependency),
        "control" => names!(plan.control),
        "scanner" => names!(plan.scanner),
        "experiment" => names!(plan.experiment),
        "target" => names!(plan.target),
        "runbook" => names!(plan.runbook),
        "dashboard" => names!(plan.dashboard),
        _ => Vec::new(),
    }
}

fn twice(section: &str, names: &[String], reader: &mut Reader<'_>) {
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            let finding = Finding {
                what: format!("there are two entries named {name}"),
                found: Some(name.clone()),
                ..Finding::default()
            };
            let section = match section {
                "shift" => "oncall.shift",
                "component" => "recovery",
                other => other,
            };
            reader.report(&format!("{section}[{name}]"), finding);
        }
    }
}

fn add(uses: &mut Vec<Use>, path: String, kind: &'static str, name: &impl ToString) {
    uses.push(Use { path, kind, name: name.to_string() });
}

fn add_some(uses: &mut Vec<Use>, path: String, kind: &'static str, name: Option<&impl ToString>) {
    if let Some(name) = name {
        add(uses, path, kind, name);
    }
}

fn people(plan: &Plan, uses: &mut Vec<Use>) {
    for person in &plan.person {
        let at = format!("person[{}]", person.name);
        for (index, role) in person.roles.iter().enumerate() {
            add(uses, format!("{at}.roles[{index}]"), "role", role);
        }
        for service in person.accounts.keys() {
            add(uses, format!("{at}.accounts.{service}"), "service", service);
        }
    }
    if let Some(oncall) = &plan.oncall {
        for shift in &oncall.shift {
            let at = format!("oncall.shift[{}]", shift.name);
            add(uses, format!("{at}.role"), "role", &shift.role);
            for (index, person) in shift.people.iter().enumerate() {
                add(uses, format!("{at}.people[{index}]"), "person", person);
            }
        }
        for (index, exception) in oncall.overrides.iter().enumerate() {
            add(uses, format!("oncall.override[{index}].shift"), "shift", &exception.shift);
            add(uses, format!("oncall.override[{index}].person"), "person", &exception.person);
        }
    }
    for escalation in &plan.escalation {
        for (index, step) in escalation.step.iter().enumerate() {
            let at = format!("escalation[{}].step[{index}]", escalation.name);
            add(uses, format!("{at}.role"), "role", &step.role);
            for (index, channel) in step.channels.iter().enumerate() {
                add(uses, format!("{at}.channels[{index}]"), "channel", channel);
            }
        }
    }
    for channel in &plan.channel {
        add_some(uses, format!("channel[{}].fallback", channel.name), "channel", channel.fallback.as_ref());
    }
}

fn watching(plan: &Plan, uses: &mut Vec<Use>) {
    for (name, service) in &plan.service {
        add_some(uses, format!("service.{name}.owner"), "role", service.owner.as_ref());
    }
    for threshold in &plan.threshold {
        let at = format!("threshold[{}]", threshold.name);
        add(uses, format!("{at}.service"), "service", &threshold.service);
        add_some(uses, format!("{at}.runbook"), "runbook", threshold.runbook.as_ref());
        add_some(uses, format!("{at}.escalation"), "escalation", threshold.escalation.as_ref());
    }
    for slo in &plan.slo {
        add(uses, format!("slo[{}].service", slo.name), "service", &slo.service);
        add_some(uses, format!("slo[{}].runbook", slo.name), "runbook", slo.runbook.as_ref());
    }
    if let Some(budget) = &plan.budget {
        add(uses, "budget.alert".to_owned(), "threshold", &budget.alert);
    }
}

fn work(plan: &Plan, uses: &mut Vec<Use>) {
    for task in &plan.task {
        let at = format!("task[{}]", task.name);
        add_some(uses, format!("{at}.owner"), "role", task.owner.as_ref());
        add_some(uses, format!("{at}.service"), "service", task.service.as_ref());
        schedule(&task.schedule, &at, uses);
        action(&task.action, &format!("{at}.action"), uses);
    }
    for backup in &plan.backup {
        let at = format!("backup[{}]", backup.name);
        add_some(uses, format!("{at}.owner"), "role", backup.owner.as_ref());
        for (index, store) in backup.stores.iter().enumerate() {
            add(uses, format!("{at}.stores[{index}]"), "store", store);
        }
        for (index, source) in backup.sources.iter().enumerate() {
            if let Source::Database(service) = source {
                add(uses, format!("{at}.sources[{index}].database"), "service", service);
            }
        }
        schedule(&backup.schedule, &at, uses);
    }
    for recovery in &plan.recovery {
        for (index, backup) in recovery.backups.iter().enumerate() {
            add(uses, format!("recovery[{}].backups[{index}]", recovery.component), "backup", backup);
        }
    }
    for control in &plan.control {
        add(uses, format!("control[{}].service", control.name), "service", &control.service);
    }
    for experiment in &plan.experiment {
        let at = format!("experiment[{}]", experiment.name);
        add(uses, format!("{at}.service"), "service", &experiment.service);
        add(uses, format!("{at}.owner"), "role", &experiment.owner);
        schedule(&experiment.schedule, &at, uses);
    }
}

fn procedures(plan: &Plan, uses: &mut Vec<Use>) {
    if let Some(incident) = &plan.incident {
        steps(&incident.step, "incident.step", uses);
    }
    if let Some(change) = &plan.change {
        steps(&change.step, "change.step", uses);
        for (index, role) in change.approvers.iter().enumerate() {
            add(uses, format!("change.approvers[{index}]"), "role", role);
        }
    }
    for scenario in &plan.scenario {
        let at = format!("scenario[{}]", scenario.name);
        for (index, component) in scenario.components.iter().enumerate() {
            add(uses, format!("{at}.components[{index}]"), "component", component);
        }
        steps(&scenario.step, &format!("{at}.step"), uses);
        steps(&scenario.rollback, &format!("{at}.rollback"), uses);
    }
    for runbook in &plan.runbook {
        let at = format!("runbook[{}]", runbook.name);
        steps(&runbook.step, &format!("{at}.step"), uses);
        add_some(uses, format!("{at}.document"), "document", runbook.document.as_ref());
    }
    for secret in &plan.secret {
        add(uses, format!("secret[{}].owner", secret.name), "role", &secret.owner);
    }
    for document in &plan.document {
        add(uses, format!("document[{}].owner", document.name), "role", &document.owner);
    }
}

fn steps(steps: &[Step], at: &str, uses: &mut Vec<Use>) {
    for (index, step) in steps.iter().enumerate() {
        add_some(uses, format!("{at}[{index}].owner"), "role", step.owner.as_ref());
        if let Some(done) = &step.action {
            action(done, &format!("{at}[{index}].action"), uses);
        }
    }
}

fn schedule(schedule: &Schedule, at: &str, uses: &mut Vec<Use>) {
    if let Schedule::After(task) = schedule {
        add(uses, format!("{at}.schedule"), "after", task);
    }
}

fn action(action: &Action, at: &str, uses: &mut Vec<Use>) {
    match action {
        Action::Scan(scanner) => add(uses, format!("{at}.scan"), "scanner", scanner),
        Action::Control(control) => add(uses, format!("{at}.control"), "control", control),
        Action::Keeper(command) => {
            let kind = match command.verb().operand {
                Operand::Service => Some("service"),
                Operand::Backup => Some("backup"),
                Operand::Secret => Some("secret"),
                Operand::Experiment => Some("experiment"),
                Operand::None | Operand::Free => None,
            };
            if let (Some(kind), Some(operand)) = (kind, command.operand()) {
                add(uses, format!("{at}.keeper"), kind, &operand);
            }
            for (flag, value) in command.flags() {
                let takes_scenario = command.verb().flags.contains(&(flag, Value::Scenario));
                if let (true, Some(value)) = (takes_scenario, value) {
                    add(uses, format!("{at}.keeper"), "scenario", &value);
                }
            }
        }
        Action::Shell(_) | Action::Human(_) => {}
    }
}
