//! The metrics of the queue; every name is here.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

use crate::inspect::KindStats;

/// The names of this crate's metrics.
pub mod names {
    /// Counter, labels `kind`, `new` (`true`, `false`): jobs written into a transaction, committed or not.
    pub const ENQUEUED_TOTAL: &str = "jobs_enqueued_total";
    /// Counter, labels `kind`, `outcome` (`done`, `retried`, `dead`, `given_back`, `lease_lost`).
    pub const FINISHED_TOTAL: &str = "jobs_finished_total";
    /// Histogram, seconds, label `kind`: one run of the handler.
    pub const DURATION_SECONDS: &str = "jobs_duration_seconds";
    /// Histogram, seconds, label `kind`: from being accepted to the first attempt.
    pub const WAIT_SECONDS: &str = "jobs_wait_seconds";
    /// Gauge, labels `kind`, `state` (`ready`, `delayed`, `running`, `dead`): counted every ten seconds by workers.
    pub const JOBS: &str = "jobs_queue_size";
    /// Gauge, seconds, label `kind`: how long the oldest ready job has been ready.
    pub const OLDEST_READY_SECONDS: &str = "jobs_oldest_ready_seconds";
    /// Counter, label `kind`: claims that failed because the backend could not be reached.
    pub const CLAIM_FAILURES_TOTAL: &str = "jobs_claim_failures_total";
    /// Counter, label `result` (`new`, `known`): rows that the relay told Redis of.
    pub const RELAYED_TOTAL: &str = "jobs_relayed_total";
    /// Gauge: 1 while the backend answers, 0 while it does not.
    pub const BACKEND_UP: &str = "jobs_backend_up";
}

pub(crate) fn enqueued(kind: &str, is_new: bool) {
    let new = if is_new { "true" } else { "false" };
    counter!(names::ENQUEUED_TOTAL, "kind" => kind.to_owned(), "new" => new).increment(1);
}

pub(crate) fn finished(kind: &str, outcome: &'static str) {
    counter!(names::FINISHED_TOTAL, "kind" => kind.to_owned(), "outcome" => outcome).increment(1);
}

pub(crate) fn ran(kind: &str, took: Duration) {
    histogram!(names::DURATION_SECONDS, "kind" => kind.to_owned()).record(took);
}

pub(crate) fn waited(kind: &str, waited: Duration) {
    histogram!(names::WAIT_SECONDS, "kind" => kind.to_owned()).record(waited);
}

pub(crate) fn claim_failed(kind: &str) {
    counter!(names::CLAIM_FAILURES_TOTAL, "kind" => kind.to_owned()).increment(1);
}

#[cfg(feature = "redis")]
pub(crate) fn relayed(new: u64, known: u64) {
    counter!(names::RELAYED_TOTAL, "result" => "new").increment(new);
    counter!(names::RELAYED_TOTAL, "result" => "known").increment(known);
}

pub(crate) fn backend_up(is_up: bool) {
    gauge!(names::BACKEND_UP).set(if is_up { 1.0 } else { 0.0 });
}

pub(crate) fn counted(stats: &[KindStats]) {
    for kind in stats {
        let states = [
            ("ready", kind.ready),
            ("delayed", kind.delayed),
            ("running", kind.running),
            ("dead", kind.dead),
        ];
        for (state, count) in states {
            gauge!(names::JOBS, "kind" => kind.kind.clone(), "state" => state).set(count as f64);
        }
        let oldest = kind.oldest_ready_age.unwrap_or_default();
        gauge!(names::OLDEST_READY_SECONDS, "kind" => kind.kind.clone()).set(oldest.as_secs_f64());
    }
}
