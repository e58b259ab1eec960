//! `backup list`: the backups there are, and what is known of their worth.

use keeper_core::plan::command::Command;
use serde_json::json;

use super::{Surroundings, pairs, short, work};
use crate::{
    backup::list,
    cli::table::{bytes, table},
    report::{Report, Verdict},
};

/// Lists no more than this many of each backup and store, where nobody says.
const SHOWN: usize = 20;

/// Shows the backups there are.
pub(in crate::actions) async fn list(around: &Surroundings<'_>, command: &Command) -> anyhow::Result<Report> {
    let work = work(around)?;
    let last = command.value("last").and_then(|last| last.parse().ok()).unwrap_or(SHOWN);
    let (mut rows, mut data, mut troubles) = (vec![], vec![], vec![]);
    for (backup, store) in pairs(&work, command)? {
        match list::list(&work, backup, store).await {
            Ok(listed) => {
                for one in listed.into_iter().take(last) {
                    let size = one.size_bytes.map_or_else(|| "-".to_owned(), bytes);
                    let proof = format!("{:?}", one.proof).to_lowercase();
                    let (id, taken_at) = (one.backup.clone(), one.taken_at.to_string());
                    rows.push(vec![taken_at, id, one.store.clone(), short(&one.snapshot), size, proof]);
                    data.push(serde_json::to_value(one)?);
                }
            }
            Err(error) => troubles.push(format!("{} in {}: {error:#}", work.id(backup), store.name)),
        }
    }
    let mut text = table(&["TAKEN", "BACKUP", "STORE", "ID", "SIZE", "PROOF"], &rows);
    troubles.iter().for_each(|trouble| text.push_str(&format!("{trouble}\n")));
    let verdict = if !troubles.is_empty() && rows.is_empty() { Verdict::Bad } else { Verdict::Good };
    let summary = match troubles.first() {
        Some(trouble) => format!("{} backup(s); {trouble}", rows.len()),
        None => format!("{} backup(s)", rows.len()),
    };
    Ok(Report { verdict, summary, text, data: json!({ "backups": data, "troubles": troubles }) })
}
