//! The process-wide Prometheus recorder and `GET /metrics`.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use axum::{Router, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::*;

/// Bounds of every histogram whose name ends in `_duration_seconds`: 1 ms to 30 s.
const DURATION_BUCKETS_SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Database statements are mostly below a millisecond.
const DATABASE_BUCKETS_SECONDS: [f64; 12] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
/// A call to a language model may take minutes.
const MODEL_BUCKETS_SECONDS: [f64; 11] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0];
/// How often samples of histograms are folded, so that they do not pile up when nobody scrapes.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

static INSTALLED: OnceLock<MetricsHandle> = OnceLock::new();

/// Renders the metrics of this process; cheap to clone.
#[derive(Clone)]
pub struct MetricsHandle {
    prometheus: PrometheusHandle,
    process: Arc<Mutex<Process>>,
}

/// Installs the recorder that the macros of `metrics` write to. Safe to call again: one process has one recorder.
pub fn install() -> MetricsHandle {
    INSTALLED.get_or_init(install_once).clone()
}

impl MetricsHandle {
    /// Sets `build_info`.
    pub fn set_build_info(&self, program: &str, version: &str) {
        gauge!(BUILD_INFO, "program" => program.to_owned(), "version" => version.to_owned()).set(1.0);
    }

    /// The text form, with memory and processor time measured now.
    pub fn render(&self) -> String {
        self.process.lock().unwrap_or_else(PoisonError::into_inner).measure();
        self.prometheus.render()
    }

    /// `GET /metrics`.
    pub fn routes(&self) -> Router {
        let handle = self.clone();
        let render = move || {
            let text = handle.render();
            async move { ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response() }
        };
        Router::new().route("/metrics", get(render))
    }
}

fn install_once() -> MetricsHandle {
    let recorder = builder().build_recorder();
    let prometheus = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::error!("another metrics recorder is installed; /metrics will stay empty");
    }
    describe();
    register();
    let upkeep = prometheus.clone();
    let spawned = thread::Builder::new().name("metrics-upkeep".to_owned()).spawn(move || {
        loop {
            thread::sleep(UPKEEP_INTERVAL);
            upkeep.run_upkeep();
        }
    });
    if let Err(error) = spawned {
        tracing::error!(%error, "metrics are folded only when they are scraped");
    }
    MetricsHandle { prometheus, process: Arc::new(Mutex::new(Process::new())) }
}

fn builder() -> PrometheusBuilder {
    // Refuses only an empty list of bounds.
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), &DURATION_BUCKETS_SECONDS)
        .and_then(|all| {
            all.set_buckets_for_metric(Matcher::Prefix("db_".to_owned()), &DATABASE_BUCKETS_SECONDS)
        })
        .and_then(|all| {
            all.set_buckets_for_metric(Matcher::Prefix("llm_".to_owned()), &MODEL_BUCKETS_SECONDS)
        })
        .unwrap_or_else(|_| PrometheusBuilder::new())
}

fn describe() {
    describe_counter!(HTTP_REQUESTS_TOTAL, "Requests answered, by method, matched route and status");
    describe_histogram!(
        HTTP_REQUEST_DURATION_SECONDS,
        "Seconds from a request's head to its response's head"
    );
    describe_gauge!(HTTP_REQUESTS_IN_PROGRESS, "Requests whose response has not begun");
    describe_gauge!(PROCESS_RESIDENT_MEMORY_BYTES, "Resident memory in bytes");
    describe_gauge!(
        MEMORY_USAGE_BYTES,
        "Resident memory in bytes, the same as process_resident_memory_bytes"
    );
    describe_gauge!(PROCESS_CPU_SECONDS_TOTAL, "Processor time used, user and system, in seconds");
    describe_gauge!(PROCESS_START_TIME_SECONDS, "When the process started, in seconds since 1970");
    describe_counter!(LOG_WRITE_ERRORS_TOTAL, "Log lines that could not be written");
    describe_gauge!(BUILD_INFO, "Always 1; the version is in the label");
}

/// Makes the series appear before their first sample, so that alerts on them have something to look at.
fn register() {
    counter!(LOG_WRITE_ERRORS_TOTAL).increment(0);
    counter!(HTTP_REQUESTS_TOTAL, "method" => "GET", "path" => "/health", "status" => "200").increment(0);
    gauge!(HTTP_REQUESTS_IN_PROGRESS).set(0.0);
    // A histogram shows up once its handle exists.
    let _ = histogram!(HTTP_REQUEST_DURATION_SECONDS, "method" => "GET", "path" => "/health");
}

/// Measures this process; without `/proc` or its like the figures stay at zero.
struct Process {
    system: Option<System>,
    pid: Option<Pid>,
}

impl Process {
    fn new() -> Self {
        Self { system: System::new().ok(), pid: sysinfo::get_current_pid().ok() }
    }

    fn measure(&mut self) {
        let (Some(system), Some(pid)) = (&mut self.system, self.pid) else { return };
        let wanted = ProcessRefreshKind::nothing().with_memory().with_cpu();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, wanted);
        let Some(process) = system.process(pid) else { return };
        let memory_bytes = process.memory() as f64;
        gauge!(PROCESS_RESIDENT_MEMORY_BYTES).set(memory_bytes);
        gauge!(MEMORY_USAGE_BYTES).set(memory_bytes);
        gauge!(PROCESS_CPU_SECONDS_TOTAL).set(process.accumulated_cpu_time() as f64 / 1000.0);
        gauge!(PROCESS_START_TIME_SECONDS).set(process.start_time() as f64);
    }
}
