//! Whether the rules of a plan can be carried out and would not destroy what they should protect.

use crate::plan::Plan;
use crate::plan::backup::{Backup, Place, Source, Store, StoreKind};
use crate::plan::people::{Contact, Oncall};
use crate::plan::problem::Finding;
use crate::plan::read::Reader;
use crate::plan::task::{Action, Task};
use crate::plan::value::Period;
use crate::schedule::Schedule;

pub(super) fn check(plan: &Plan, reader: &mut Reader<'_>) {
    for task in &plan.task {
        task_rules(task, reader);
    }
    circles(plan, reader);
    for backup in &plan.backup {
        backup_rules(plan, backup, reader);
    }
    for store in &plan.store {
        store_rules(store, reader);
    }
    for experiment in &plan.experiment {
        possible(&experiment.schedule, &format!("experiment[{}]", experiment.name), reader);
    }
    people_rules(plan, reader);
    figures(plan, reader);
    addresses(plan, reader);
}

fn say(reader: &mut Reader<'_>, path: &str, what: &str, found: &str, allowed: &str) {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let finding =
        Finding { what: what.to_owned(), found: text(found), allowed: text(allowed), nearest: None };
    reader.report(path, finding);
}

fn task_rules(task: &Task, reader: &mut Reader<'_>) {
    let at = format!("task[{}]", task.name);
    possible(&task.schedule, &at, reader);
    if task.schedule == Schedule::OnChange && task.paths.is_empty() {
        say(reader, &at, "`on change` needs to know of what", "", "`paths = [\"config\"]`");
    }
    if task.time_limit == Period::default() {
        say(reader, &format!("{at}.time_limit"), "a task needs time", "0s", "at least `1s`");
    }
    if task.retry.attempts == 0 {
        say(reader, &format!("{at}.retry"), "a task is tried at least once", "0", "1 to 255");
    }
    if let Action::Human(checklist) = &task.action {
        if task.owner.is_none() {
            say(reader, &at, "work for people needs an owner", "", "`owner = \"ROLE\"`");
        }
        if checklist.items.is_empty() || checklist.evidence.trim().is_empty() {
            let path = format!("{at}.action.human");
            say(reader, &path, "work for people needs items and evidence", "", "text in both");
        }
    }
}

fn possible(schedule: &Schedule, at: &str, reader: &mut Reader<'_>) {
    if !schedule.is_possible() {
        let path = format!("{at}.schedule");
        say(reader, &path, "this schedule is never due", &schedule.to_string(), "days that exist");
    }
}

/// Tasks that wait for each other would never run.
fn circles(plan: &Plan, reader: &mut Reader<'_>) {
    let after = |name: &str| {
        let tasks = plan.task.iter().map(|task| (task.name.to_string(), &task.schedule));
        let backups = plan.backup.iter().map(|backup| (format!("backup/{}", backup.name), &backup.schedule));
        tasks.chain(backups).find(|(own, _)| own == name).and_then(|(_, schedule)| match schedule {
            Schedule::After(task) => Some(task.clone()),
            _ => None,
        })
    };
    for task in &plan.task {
        let mut chain = vec![task.name.to_string()];
        while let Some(next) = chain.last().and_then(|last| after(last)) {
            if next == chain[0] {
                chain.push(next);
                let path = format!("task[{}].schedule", task.name);
                say(reader, &path, "tasks wait for each other", &chain.join(" after "), "");
                break;
            }
            if chain.contains(&next) {
                break;
            }
            chain.push(next);
        }
    }
}

fn backup_rules(plan: &Plan, backup: &Backup, reader: &mut Reader<'_>) {
    let at = format!("backup[{}]", backup.name);
    possible(&backup.schedule, &at, reader);
    if backup.sources.is_empty() {
        say(reader, &at, "a backup needs something to take", "", "`sources = [{ folder = \"config\" }]`");
    }
    if backup.stores.is_empty() {
        say(reader, &at, "a backup needs somewhere to go", "", "`stores = [\"STORE\"]`");
    }
    let has_folder = backup.sources.iter().any(|source| matches!(source, Source::Folder(_)));
    if backup.schedule == Schedule::OnChange && !has_folder {
        say(
            reader,
            &format!("{at}.schedule"),
            "only the change of a folder is noticed",
            "on change",
            "a `folder`",
        );
    }
    keep_rules(plan, backup, &at, reader);
    for (index, source) in backup.sources.iter().enumerate() {
        if let Source::Database(service) = source {
            let has_one = plan.service.get(service).is_none_or(|service| service.database.is_some());
            if !has_one {
                let path = format!("{at}.sources[{index}]");
                say(
                    reader,
                    &path,
                    "this service has no database",
                    service.as_str(),
                    "a service with `database`",
                );
            }
        }
    }
    if let Some(copy) = &backup.plain_copy {
        let path = format!("{at}.plain_copy");
        if !copy.path.contains("{date}") {
            say(
                reader,
                &path,
                "every day would overwrite the day before",
                &copy.path,
                "a path with `{date}`",
            );
        }
        if copy.keep_days == 0 {
            say(reader, &path, "this would drop every copy", "keep_days = 0", "at least 1");
        }
    }
}

fn keep_rules(plan: &Plan, backup: &Backup, at: &str, reader: &mut Reader<'_>) {
    let path = format!("{at}.keep");
    let rules = "`forever = true`, `days`, `last`, `hourly` to `yearly`, `within`, `within_hourly` to \
                 `within_yearly`, `tags`";
    if !backup.keep.keeps_anything() {
        say(reader, &path, "these rules would drop every backup", "no rule that keeps one", rules);
        return;
    }
    let zone = backup.zone.as_ref().unwrap_or(&plan.head.zone);
    let (Some(step), Some(longest)) = (backup.schedule.longest_step(zone), backup.keep.only_days()) else {
        return;
    };
    if longest < step {
        let found = format!("kept for {longest}, taken every {step}");
        say(reader, &path, "each backup would be dropped before the next one is taken", &found, rules);
    }
}

fn store_rules(store: &Store, reader: &mut Reader<'_>) {
    let at = format!("store[{}]", store.name);
    let git = matches!(store.place, Place::Git(_));
    if git != (store.kind == StoreKind::Git) {
        say(
            reader,
            &format!("{at}.kind"),
            "kind and place do not fit",
            "",
            "`kind = \"git\"` with `place.git`",
        );
    }
    if !git && store.password.is_none() {
        say(reader, &at, "a repository needs a password", "", "`password = { file = \"PATH\" }`");
    }
}

fn people_rules(plan: &Plan, reader: &mut Reader<'_>) {
    for role in &plan.role {
        reachable(&role.contact, &format!("role[{}].contact", role.name), reader);
    }
    for dependency in &plan.dependency {
        reachable(&dependency.contact, &format!("dependency[{}].contact", dependency.name), reader);
    }
    if let Some(oncall) = &plan.oncall {
        oncall_rules(oncall, reader);
    }
    for escalation in &plan.escalation {
        for (index, step) in escalation.step.iter().enumerate() {
            if step.after.is_empty() {
                let path = format!("escalation[{}].step[{index}].after", escalation.name);
                say(
                    reader,
                    &path,
                    "nobody would ever be told",
                    "",
                    "`{ critical = \"15m\", warning = \"1h\" }`",
                );
            }
        }
    }
    for secret in &plan.secret {
        if secret.maximum_age.is_none() && secret.renew_before.is_none() {
            let path = format!("secret[{}]", secret.name);
            say(reader, &path, "when must it be renewed?", "", "`maximum_age` or `renew_before`");
        }
    }
}

fn reachable(contact: &Contact, path: &str, reader: &mut Reader<'_>) {
    if contact.email.is_none() && contact.phone.is_none() && contact.note.is_none() {
        say(reader, path, "there is no way to reach them", "", "`email`, `phone` or `note`");
    }
}

fn oncall_rules(oncall: &Oncall, reader: &mut Reader<'_>) {
    for shift in &oncall.shift {
        if shift.people.len() > 1 && (shift.turn.is_none() || shift.since.is_none()) {
            let path = format!("oncall.shift[{}]", shift.name);
            say(reader, &path, "people who take turns need to know when", "", "`turn = \"7d\"` and `since`");
        }
    }
    for (index, exception) in oncall.overrides.iter().enumerate() {
        if exception.until <= exception.from {
            let path = format!("oncall.override[{index}].until");
            say(reader, &path, "this ends before it begins", &exception.until.to_string(), "a later instant");
        }
    }
}

fn figures(plan: &Plan, reader: &mut Reader<'_>) {
    let between = |value: f64, least: f64, most: f64| value > least && value <= most;
    for threshold in &plan.threshold {
        if !threshold.value.is_finite() {
            let path = format!("threshold[{}].value", threshold.name);
            say(reader, &path, "no value is beyond this", &threshold.value.to_string(), "a number");
        }
    }
    for slo in &plan.slo {
        if !between(slo.objective_percent, 0.0, 99.9999) {
            let path = format!("slo[{}].objective_percent", slo.name);
            say(
                reader,
                &path,
                "this leaves no budget or no promise",
                &slo.objective_percent.to_string(),
                "more than 0, at most 99.9999",
            );
        }
    }
    for dependency in &plan.dependency {
        if !between(dependency.sla_percent, 0.0, 100.0) {
            let path = format!("dependency[{}].sla_percent", dependency.name);
            say(
                reader,
                &path,
                "this is no share",
                &dependency.sla_percent.to_string(),
                "more than 0, at most 100",
            );
        }
    }
    if let Some(budget) = &plan.budget
        && !between(budget.monthly, 0.0, f64::MAX)
    {
        say(reader, "budget.monthly", "this buys nothing", &budget.monthly.to_string(), "more than 0");
    }
}

fn addresses(plan: &Plan, reader: &mut Reader<'_>) {
    for (name, service) in &plan.service {
        let urls = [("health_url", &service.health_url), ("metrics_url", &service.metrics_url)];
        for (key, url) in urls {
            let Some(url) = url else { continue };
            if !url.starts_with("http://") && !url.starts_with("https://") {
                say(
                    reader,
                    &format!("service.{name}.{key}"),
                    "this cannot be asked",
                    url,
                    "`http://` or `https://`",
                );
            }
        }
    }
}
