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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use axum::{body::Body, http::Request};
    use tower::ServiceExt;

    use super::*;
    use crate::{
        http::{ShellSettings, shell},
        logs::{LogFile, Logs},
    };

    /// The value of the first series whose line starts so.
    fn value(text: &str, start: &str) -> Option<f64> {
        text.lines().find(|line| line.starts_with(start))?.rsplit(' ').next()?.parse().ok()
    }

    #[test]
    fn what_the_maintenance_plan_looks_for_is_there_from_the_start() {
        let text = install().render();
        assert!(value(&text, "memory_usage_bytes ").unwrap() > 1_000_000.0, "{text}");
        assert!(value(&text, "process_start_time_seconds ").unwrap() > 1_600_000_000.0);
        for line in [
            "http_request_duration_seconds_bucket{method=\"GET\",path=\"/health\",le=\"0.001\"}",
            "http_request_duration_seconds_bucket{method=\"GET\",path=\"/health\",le=\"30\"}",
            "process_cpu_seconds_total ",
            "http_requests_in_progress ",
            "log_write_errors_total ",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[tokio::test]
    async fn requests_are_counted_by_route_and_never_by_raw_path() {
        let handle = install();
        handle.set_build_info("loom", "1.2.3");
        let routes = Router::new().route("/things/{id}", get(|| async { "" })).merge(handle.routes());
        let app = shell(routes, &ShellSettings::default(), &Logs::off(), None);
        for (method, path) in [
            ("GET", "/things/1"),
            ("GET", "/things/2"),
            ("POST", "/things/3"),
            ("GET", "/raw-9"),
            ("MAKEUP", "/raw-8"),
        ] {
            let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            app.clone().oneshot(request).await.unwrap();
        }
        let request = Request::builder().uri("/metrics").body(Body::empty()).unwrap();
        let response = app.oneshot(request).await.unwrap();
        let text = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8(text.to_vec()).unwrap();
        for (series, expected) in [
            (r#"http_requests_total{method="GET",path="/things/{id}",status="200"}"#, 2.0),
            (r#"http_requests_total{method="POST",path="/things/{id}",status="405"}"#, 1.0),
            (r#"http_requests_total{method="OTHER",path="unmatched",status="404"}"#, 1.0),
            (r#"http_request_duration_seconds_count{method="GET",path="/things/{id}"}"#, 2.0),
            (r#"build_info{program="loom",version="1.2.3"}"#, 1.0),
        ] {
            assert_eq!(value(&text, series), Some(expected), "{series} in\n{text}");
        }
        assert!(!text.contains("raw-") && !text.contains("MAKEUP"), "{text}");
    }

    #[test]
    fn lost_log_lines_are_counted() {
        let handle = install();
        let count = || value(&handle.render(), "log_write_errors_total ").unwrap();
        let before = count();
        LogFile::new(PathBuf::from("/dev/full")).write_line("lost");
        assert!(count() >= before + 1.0);
    }
}
