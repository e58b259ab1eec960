//! `backup prune`: shows what the rules keep and drop and why, then drops.

use keeper_core::{
    plan::{
        backup::{Backup, Store},
        command::Command,
    },
    retention::Verdict as Fate,
};
use serde_json::{Value, json};

use super::{Surroundings, pairs, short, work};
use crate::{
    backup::{
        prune::{self, Plan},
        work::{Work, blocking, has_repository},
    },
    cli::table::{plain, table},
    report::{Report, Verdict},
};

/// What became of the old ones in one store.
struct Done {
    dropped: usize,
    shown: String,
    data: Value,
}

/// Drops what the rules no longer want; with `dry_run` it is only shown. `show` gets the plan before anything goes.
pub(crate) async fn prune(
    around: &Surroundings<'_>,
    command: &Command,
    dry_run: bool,
    show: impl Fn(&str),
) -> anyhow::Result<Report> {
    let work = work(around)?;
    let (mut text, mut data, mut troubles, mut gone) = (String::new(), vec![], vec![], 0);
    for (backup, store) in pairs(&work, command)?.into_iter().filter(|(_, store)| has_repository(store)) {
        match in_store(&work, backup, store, dry_run, &show).await {
            Ok(done) => {
                text.push_str(&done.shown);
                gone += done.dropped;
                data.push(done.data);
            }
            Err(error) => troubles.push(format!("{} in {}: {error:#}", work.id(backup), store.name)),
        }
    }
    troubles.iter().for_each(|trouble| text.push_str(&format!("{trouble}\n")));
    let verdict = if troubles.is_empty() { Verdict::Good } else { Verdict::Bad };
    let mut summary = format!("{gone} backup(s) {}", if dry_run { "would be dropped" } else { "dropped" });
    summary.extend(troubles.first().map(|trouble| format!("; {trouble}")));
    Ok(Report { verdict, summary, text, data: json!({ "stores": data, "troubles": troubles }) })
}

async fn in_store(
    work: &Work<'_>,
    backup: &Backup,
    store: &Store,
    dry_run: bool,
    show: &impl Fn(&str),
) -> anyhow::Result<Done> {
    let repository = work.open(store).await?;
    let listed = blocking(move || {
        let stored = repository.readable()?.snapshots;
        Ok((repository, stored))
    });
    let (repository, stored) = listed.await?;
    let plan = prune::plan(work, backup, store, &stored).await?;
    let shown = fates(&work.id(backup), store, &plan);
    show(&shown);
    let removed_bytes = if dry_run {
        None
    } else {
        Some(prune::carry_out(work, backup, store, repository, &plan).await?.removed_bytes)
    };
    let data = json!({
        "backup": work.id(backup), "store": store.name, "judged": plan.judged, "removed_bytes": removed_bytes,
    });
    Ok(Done { dropped: plan.dropped().len(), shown, data })
}

fn fates(id: &str, store: &Store, plan: &Plan) -> String {
    let rows: Vec<Vec<String>> = plan
        .judged
        .iter()
        .map(|judged| {
            let (fate, why) = match &judged.verdict {
                Fate::Keep(reasons) => ("keep", reasons.iter().map(ToString::to_string).collect::<Vec<_>>()),
                Fate::Drop { why, .. } => ("drop", why.iter().map(ToString::to_string).collect()),
            };
            vec![fate.to_owned(), judged.taken_at.to_string(), short(&judged.id), plain(&why.join(", "), 120)]
        })
        .collect();
    format!("{id} in {}\n{}", store.name, table(&["", "TAKEN", "ID", "WHY"], &rows))
}
