//! Counts what became of each request; pure arithmetic over moments.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use crate::{
    generator::{Arrival, Outcome},
    histogram::Latencies,
    report::{Mode, Report},
};

/// When a request was really under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) started: Instant,
    pub(crate) finished: Instant,
}

/// The running count of one run. Requests of the warm-up are left out everywhere.
pub(crate) struct Tally {
    measured_from: Instant,
    last_finish: Instant,
    succeeded: u64,
    late: u64,
    unfinished: u64,
    bytes: u64,
    errors: BTreeMap<String, u64>,
    latency: Latencies,
    latency_of_errors: Latencies,
    service_time: Latencies,
    start_lag: Latencies,
}

impl Tally {
    pub(crate) fn new(measured_from: Instant) -> Self {
        Self {
            measured_from,
            last_finish: measured_from,
            succeeded: 0,
            late: 0,
            unfinished: 0,
            bytes: 0,
            errors: BTreeMap::new(),
            latency: Latencies::new(),
            latency_of_errors: Latencies::new(),
            service_time: Latencies::new(),
            start_lag: Latencies::new(),
        }
    }

    pub(crate) fn count(&mut self, arrival: &Arrival, timing: Timing, outcome: &Outcome) {
        if !arrival.is_measured {
            return;
        }
        let latency = timing.finished.saturating_duration_since(arrival.due);
        self.last_finish = self.last_finish.max(timing.finished);
        self.bytes += outcome.bytes;
        self.service_time.record(timing.finished.saturating_duration_since(timing.started));
        self.start_lag.record(timing.started.saturating_duration_since(arrival.due));
        match &outcome.error {
            None => {
                self.succeeded += 1;
                self.latency.record(latency);
            }
            Some(kind) => {
                *self.errors.entry(kind.clone().into_owned()).or_default() += 1;
                self.latency_of_errors.record(latency);
            }
        }
    }

    pub(crate) fn count_late(&mut self, arrival: &Arrival) {
        self.late += u64::from(arrival.is_measured);
    }

    /// Its latency is at least the time it has waited. Leaving it out would flatter the worst runs most.
    pub(crate) fn count_unfinished(&mut self, arrival: &Arrival, given_up_at: Instant) {
        if arrival.is_measured {
            self.unfinished += 1;
            self.latency.record(given_up_at.saturating_duration_since(arrival.due));
        }
    }

    pub(crate) fn into_report(self, mode: Mode, duration: Duration) -> Report {
        let elapsed = (self.last_finish - self.measured_from).max(duration);
        let failed: u64 = self.errors.values().sum();
        let achieved_per_second =
            if elapsed.is_zero() { 0.0 } else { self.succeeded as f64 / elapsed.as_secs_f64() };
        Report {
            mode,
            planned: self.succeeded + failed + self.unfinished,
            completed: self.succeeded + failed,
            late: self.late,
            unfinished: self.unfinished,
            errors: self.errors,
            bytes: self.bytes,
            elapsed_seconds: elapsed.as_secs_f64(),
            achieved_per_second,
            latency: self.latency.percentiles(),
            latency_of_errors: self.latency_of_errors.percentiles(),
            service_time: self.service_time.percentiles(),
            start_lag: self.start_lag.percentiles(),
            histogram: self.latency.buckets(),
        }
    }
}
