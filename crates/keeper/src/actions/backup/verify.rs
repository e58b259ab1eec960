//! `backup verify`: proves the newest backups by restoring them.

use keeper_core::plan::{
    backup::{Backup, Store},
    command::Command,
    value::Period,
};
use serde_json::{Value, json};

use super::{Surroundings, pairs, short, tolerated, work};
use crate::{
    backup::{
        proof::Finding,
        repository::RepositoryError,
        verify::{self, NoBackup, Proved},
        work::Work,
    },
    report::{Report, Verdict},
};

/// Proves the newest of each backup in each of its stores.
pub(in crate::actions) async fn verify(
    around: &Surroundings<'_>,
    command: &Command,
) -> anyhow::Result<Report> {
    let work = work(around)?;
    let (mut text, mut data, mut sentences, mut verdict) = (String::new(), vec![], vec![], Verdict::Skipped);
    for (backup, store) in pairs(&work, command)? {
        let name = format!("{} in {}", work.id(backup), store.name);
        match verify::latest(&work, backup, store, command.has("read-data")).await {
            Ok(proved) => {
                let limit = backup.oldest_good_age(&work.plan.head.zone).map(Period::duration);
                let stale = limit.filter(|limit| proved.age > *limit);
                let well = proved.good() && stale.is_none();
                verdict = verdict.with(if well { Verdict::Good } else { Verdict::Bad });
                text.push_str(&for_people(&name, &proved, stale.is_some()));
                sentences.push(match proved.trouble() {
                    None if stale.is_some() => format!("{name}: red: the newest is of {}", proved.taken_at),
                    None => format!("{name}: green, restored in {:.1} s", proved.took.as_secs_f64()),
                    Some(trouble) => format!("{name}: red: {trouble}"),
                });
                data.push(json!({
                    "backup": work.id(backup), "store": store.name, "snapshot": proved.snapshot,
                    "good": proved.good(), "stale": stale.is_some(), "taken_at": proved.taken_at,
                    "age_seconds": proved.age.as_secs(),
                    "duration_ms": proved.took.as_millis() as u64, "findings": for_programs(&proved.findings),
                }));
            }
            Err(error) => {
                let reason = chassis::redact::text(&format!("{error:#}")).into_owned();
                let tolerated = is_down(&work, backup, store, &error).await?;
                verdict = verdict.with(if tolerated { Verdict::Skipped } else { Verdict::Bad });
                let word = if tolerated { "amber" } else { "red" };
                text.push_str(&format!("{}  {name}: {reason}\n", word.to_uppercase()));
                sentences.push(format!("{name}: {word}: {reason}"));
                data.push(json!({
                    "backup": work.id(backup), "store": store.name, "good": false, "error": reason,
                }));
            }
        }
    }
    let summary =
        if sentences.is_empty() { "the plan has no backup".to_owned() } else { sentences.join("; ") };
    Ok(Report { verdict, summary, text, data: Value::Array(data) })
}

/// Whether a store is only out of reach, or empty as it should be, and may be so for now. One that answers and lacks
/// what it once had is bad at once.
async fn is_down(
    work: &Work<'_>,
    backup: &Backup,
    store: &Store,
    error: &anyhow::Error,
) -> anyhow::Result<bool> {
    let out_of_reach = match error.downcast_ref::<RepositoryError>() {
        Some(RepositoryError::NotThere { .. } | RepositoryError::Foreign { .. }) => {
            work.standing(backup, store).await?.newest().is_none()
        }
        Some(error) => error.is_out_of_reach(),
        None if error.is::<NoBackup>() => work.standing(backup, store).await?.newest().is_none(),
        None => true,
    };
    Ok(out_of_reach && tolerated(work, backup, store).await?)
}

fn for_people(name: &str, proved: &Proved, is_stale: bool) -> String {
    let word = match (proved.good(), is_stale) {
        (true, false) => "GREEN",
        (true, true) => "RED (too old)",
        (false, _) => "RED",
    };
    let (id, seconds) = (short(&proved.snapshot), proved.took.as_secs_f64());
    let head =
        format!("{word}  {name}: {id} of {}, restored and opened in {seconds:.1} s\n", proved.taken_at);
    head + &lines(&proved.findings)
}

/// Each finding on a line of its own.
pub(super) fn lines(findings: &[Finding]) -> String {
    let line =
        |finding: &Finding| format!("    {}  {}\n", if finding.good { "ok " } else { "BAD" }, finding.text);
    findings.iter().map(line).collect()
}

/// The findings as JSON.
pub(super) fn for_programs(findings: &[Finding]) -> Vec<Value> {
    findings.iter().map(|finding| json!({ "good": finding.good, "text": finding.text })).collect()
}
