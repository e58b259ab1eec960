//! `ledger verify`: whether the chain of rows holds.

use anyhow::Context;
use serde_json::json;

use super::Surroundings;
use crate::{
    report::{Report, Verdict},
    state,
};

/// Looks at every row and every known head.
pub(super) async fn verify(around: &Surroundings<'_>) -> anyhow::Result<Report> {
    let own = around.state.context("there is no state file")?;
    let (verdict, summary, data) = match state::verify(own, &[]).await? {
        Ok(all) => {
            let (rows, known) = (all.rows, all.anchors);
            let summary = format!("{rows} rows hold, with {known} head(s) known outside; head {}", all.head);
            (Verdict::Good, summary, serde_json::to_value(all)?)
        }
        Err(found) => (Verdict::Bad, found.to_string(), json!({ "break": found })),
    };
    Ok(Report { verdict, text: format!("{summary}\n"), summary, data })
}
