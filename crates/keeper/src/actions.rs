//! Keeper's built-in actions, one file each; every one is a command too.

use anyhow::bail;
use chassis::clock::Clock;
use keeper_core::plan::{Plan, command::Command};
use tokio_util::sync::CancellationToken;

use crate::{report::Report, state::State};

mod ledger;

/// What an action may look at.
#[derive(Debug, Clone)]
pub struct Surroundings<'a> {
    /// The plan it belongs to.
    pub plan: &'a Plan,
    /// Keeper's own records.
    pub state: &'a State,
    /// The time.
    pub clock: &'a Clock,
    /// Work on threads ends when this is cancelled.
    pub stop: CancellationToken,
}

/// Carries a command out. Fails only when it could not be tried; what it finds is in the report.
pub async fn carry_out(around: &Surroundings<'_>, command: &Command) -> anyhow::Result<Report> {
    match command.verb().words {
        "ledger verify" => ledger::verify(around).await,
        other => bail!("this keeper has no command `{other}`"),
    }
}
