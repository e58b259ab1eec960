//! Keeper's built-in actions, one file each; every one is a command too.

use std::path::{Path, PathBuf};

use anyhow::bail;
use chassis::clock::Clock;
use keeper_core::plan::{Plan, command::Command, service::Service, value::ServiceName};
use tokio_util::sync::CancellationToken;

use crate::{
    progress::Gauge,
    report::Report,
    state::{Rows, State},
};

pub(crate) mod backup;
mod cleanup;
mod database;
mod health;
mod ledger;
mod logs;
mod machine;
mod stats;
mod tool;
mod updates;

/// What an action may look at.
#[derive(Debug, Clone)]
pub struct Surroundings<'a> {
    /// The plan it belongs to.
    pub plan: &'a Plan,
    /// Keeper's own records, where there are any.
    pub state: Option<&'a State>,
    /// Rows of the ledger, where they can be written.
    pub rows: Option<&'a Rows>,
    /// Folder for what is set aside and for restored copies under proof.
    pub scratch: &'a Path,
    /// How far long work has come.
    pub progress: &'a Gauge,
    /// The time.
    pub clock: &'a Clock,
    /// Work on threads ends when this is cancelled.
    pub stop: CancellationToken,
}

/// Carries a command out. Fails only when it could not be tried; what it finds is in the report.
pub async fn carry_out(around: &Surroundings<'_>, command: &Command) -> anyhow::Result<Report> {
    match command.verb().words {
        "health" => health::probe(around, command).await,
        "logs scan" => logs::scan(around, command).await,
        "logs rotate" => logs::rotate(around, command).await,
        "stats" => stats::collect(around, command).await,
        "system updates" => updates::simulate(around, command).await,
        "db clean-up" => cleanup::clean_up(around, command).await,
        "db maintain" => database::maintain(around, command).await,
        "db slow" => database::slow(around, command).await,
        "db advise" => database::advise(around, command).await,
        "backup run" => backup::run(around, command.operand()).await,
        "backup list" => backup::list(around, command).await,
        "backup verify" => backup::verify(around, command).await,
        "backup prune" => backup::prune(around, command, false, |_| {}).await,
        "backup restore" => backup::test(around, command).await,
        "ledger verify" => ledger::verify(around).await,
        other => bail!("this keeper has no command `{other}`"),
    }
}

impl Surroundings<'_> {
    /// The services that a command is about: the named one, or all of the plan.
    fn services(&self, command: &Command) -> anyhow::Result<Vec<(&ServiceName, &Service)>> {
        let wanted = command.operand();
        let is_wanted = |name: &ServiceName| wanted.is_none_or(|wanted| wanted == name.as_str());
        let found: Vec<_> = self.plan.service.iter().filter(|(name, _)| is_wanted(name)).collect();
        if let (Some(name), true) = (wanted, found.is_empty()) {
            bail!("the plan {} has no service {name}", self.plan.head.name);
        }
        Ok(found)
    }
}

/// A path of a service, in its folder.
pub(crate) fn path_of(service: &Service, path: &str) -> PathBuf {
    Path::new(service.directory.as_deref().unwrap_or("")).join(path)
}
