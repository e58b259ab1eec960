//! `backup restore`: what a person wants to where they want it; for a plan, only into scratch.

use anyhow::{Context, bail, ensure};
use keeper_core::plan::{backup::Store, command::Command};
use serde_json::json;

use super::{
    Surroundings, short,
    verify::{for_programs, lines, verify},
    work,
};
use crate::{
    backup::restore::{self, Restored, Wanted},
    report::{Report, Verdict},
};

/// Restores the newest of each backup into scratch and proves it there; nothing of the service is touched.
pub(in crate::actions) async fn test(around: &Surroundings<'_>, command: &Command) -> anyhow::Result<Report> {
    ensure!(
        command.has("test"),
        "a plan may only restore with --test, into scratch; a real restore is a person's command"
    );
    verify(around, command).await
}

/// Restores what a person wants to where they want it, from the first store that has it.
pub(crate) async fn restore(
    around: &Surroundings<'_>,
    name: &str,
    store: Option<&str>,
    wanted: &Wanted,
) -> anyhow::Result<Report> {
    let work = work(around)?;
    let backups = work.backups(Some(name))?;
    let backup = backups.first().context("the plan has no such backup")?;
    let is_wanted = |own: &&Store| store.is_none_or(|wanted| wanted == own.name.as_str());
    let stores: Vec<&Store> = work.stores(backup).into_iter().filter(is_wanted).collect();
    ensure!(!stores.is_empty(), "the backup {name} is in no such store");
    let mut troubles = Vec::new();
    for store in stores {
        match restore::restore(&work, backup, store, wanted).await {
            Ok(restored) => return Ok(told(&restored, wanted, &troubles)),
            // Only one that has put nothing there yet may be followed by another.
            Err(error) => {
                troubles.push(format!("{}: {error:#}", store.name));
                if restore::is_free(&wanted.into, false).is_err() {
                    break;
                }
            }
        }
    }
    bail!("{}", troubles.join("; "))
}

fn told(restored: &Restored, wanted: &Wanted, troubles: &[String]) -> Report {
    let (good, seconds) = (restored.good(), restored.took.as_secs_f64());
    let (id, into) = (short(&restored.snapshot), wanted.into.display());
    let Restored { store, taken_at, .. } = restored;
    let summary = format!("{id} of {taken_at} from {store} restored to {into} in {seconds:.1} s");
    let mut text: String = troubles.iter().map(|trouble| format!("{trouble}\n")).collect();
    text.push_str(&format!("{summary}\n{}", lines(&restored.findings)));
    let data = json!({
        "store": store, "snapshot": restored.snapshot, "taken_at": taken_at, "good": good,
        "findings": for_programs(&restored.findings), "duration_ms": restored.took.as_millis() as u64,
        "proved_ms": restored.proved_in.as_millis() as u64, "troubles": troubles,
    });
    Report { verdict: if good { Verdict::Good } else { Verdict::Bad }, summary, text, data }
}
