//! Who carries jobs out: this machine, or the stand-in of a simulation.

use std::{fmt, pin::Pin};

use keeper_core::ledger::event::Occurrence;
use tokio_util::sync::CancellationToken;

use crate::runner::{self, Job, Ran};

/// A job on its way to its end.
pub type Carried = Pin<Box<dyn Future<Output = Ran> + Send>>;

/// Carries jobs out.
pub trait Hand: fmt::Debug + Send + Sync {
    /// Carries one out to its end, its limit, or `stop`.
    fn carry_out(&self, occurrence: Occurrence, job: Job, stop: CancellationToken) -> Carried;
}

/// This machine, with its processes.
#[derive(Debug)]
pub struct Machine;

impl Hand for Machine {
    fn carry_out(&self, _: Occurrence, job: Job, stop: CancellationToken) -> Carried {
        Box::pin(async move { runner::run(&job, &stop).await })
    }
}
