//! `backup run`: takes backups now.

use std::time::Duration;

use anyhow::Context;
use keeper_core::plan::backup::Backup;
use serde_json::{Value, json};

use super::{Surroundings, short, tolerated, work};
use crate::{
    backup::{
        take::{self, Failed, Outcome, Taken},
        work::Work,
    },
    cli::table::{bytes, plain, table},
    report::{Report, Verdict},
};

/// A look at the sources that took less is not mentioned.
const LONG_LOOK: Duration = Duration::from_secs(1);

/// Takes the named backup, or all of the plan one after the other.
pub(crate) async fn run(around: &Surroundings<'_>, name: Option<&str>) -> anyhow::Result<Report> {
    let work = work(around)?;
    let (mut rows, mut data, mut sentences, mut verdict) = (vec![], vec![], vec![], Verdict::Skipped);
    for backup in work.backups(name)? {
        let (id, outcomes) = (work.id(backup), take::take(&work, backup).await?);
        verdict = verdict.with(judge(&work, backup, &outcomes).await?);
        for Outcome { store, result } in outcomes {
            let (word, says) = match &result {
                Ok(taken) => ("taken", sentence(taken)),
                Err(failed) => ("FAILED", failed.reason.clone()),
            };
            sentences.push(format!("{store}: {says}"));
            rows.push(vec![id.clone(), store.clone(), word.to_owned(), plain(&says, 300)]);
            data.push(for_programs(&id, &store, &result));
        }
    }
    let summary =
        if sentences.is_empty() { "the plan has no backup".to_owned() } else { sentences.join("; ") };
    let text = table(&["BACKUP", "STORE", "OUTCOME", "WHAT"], &rows);
    Ok(Report { verdict, summary, text, data: Value::Array(data) })
}

fn sentence(taken: &Taken) -> String {
    let mut says = match taken.snapshot.as_str() {
        "" => "nothing has changed".to_owned(),
        id if taken.size_bytes == 0 => format!("commit {}", short(id)),
        id => format!("{} of {}, {} added", short(id), bytes(taken.size_bytes), bytes(taken.added_bytes)),
    };
    if taken.examined_in >= LONG_LOOK {
        let seconds = taken.examined_in.as_secs_f64();
        says.push_str(&format!("; checked in {seconds:.1} s before its first backup"));
    }
    if let Some(damage) = &taken.damage {
        says.push_str(&format!("; DAMAGED SOURCE: {damage}"));
    }
    if let Some(reason) = &taken.no_copy {
        says.push_str(&format!("; NO PLAIN COPY: {reason}"));
    }
    for remark in &taken.remarks {
        says.push_str(&format!("; {remark}"));
    }
    says
}

fn for_programs(id: &str, store: &str, result: &Result<Taken, Failed>) -> Value {
    match result {
        Ok(taken) => json!({
            "backup": id, "store": store, "snapshot": taken.snapshot, "size_bytes": taken.size_bytes,
            "added_bytes": taken.added_bytes, "duration_ms": taken.took.as_millis() as u64,
            "examined_ms": taken.examined_in.as_millis() as u64, "damage": taken.damage,
            "no_copy": taken.no_copy, "remarks": taken.remarks,
        }),
        Err(failed) => {
            json!({ "backup": id, "store": store, "error": failed.reason, "is_down": failed.is_down })
        }
    }
}

/// A store that is out of reach for no longer than it may be does not fail a backup that the others have got; a
/// damaged source, a wrong password and a missing plain copy do.
async fn judge(work: &Work<'_>, backup: &Backup, outcomes: &[Outcome]) -> anyhow::Result<Verdict> {
    let mut taken = false;
    for outcome in outcomes {
        match &outcome.result {
            Ok(done) if done.damage.is_none() && done.no_copy.is_none() => taken = true,
            Ok(_) => return Ok(Verdict::Bad),
            Err(failed) if !failed.is_down => return Ok(Verdict::Bad),
            Err(_) => {
                let store =
                    work.stores(backup).into_iter().find(|store| store.name.as_str() == outcome.store);
                if !tolerated(work, backup, store.context("the store is in the plan")?).await? {
                    return Ok(Verdict::Bad);
                }
            }
        }
    }
    Ok(if taken { Verdict::Good } else { Verdict::Bad })
}
