//! The names of the metrics that the chassis writes and, with the feature `http`, the Prometheus exporter.

#[cfg(feature = "http")]
mod exporter;

#[cfg(feature = "http")]
pub use self::exporter::{MetricsHandle, install};

/// Counter by `method`, `path` (the matched route, never the raw path) and `status`.
pub const HTTP_REQUESTS_TOTAL: &str = "http_requests_total";
/// Histogram by `method` and `path`, to the end of the response's head.
pub const HTTP_REQUEST_DURATION_SECONDS: &str = "http_request_duration_seconds";
/// Gauge of requests whose response head is not ready.
pub const HTTP_REQUESTS_IN_PROGRESS: &str = "http_requests_in_progress";
/// Gauge in bytes.
pub const PROCESS_RESIDENT_MEMORY_BYTES: &str = "process_resident_memory_bytes";
/// The same figure under the name that maintenance plans look for.
pub const MEMORY_USAGE_BYTES: &str = "memory_usage_bytes";
/// Seconds of processor time, user and system. It only grows, and is a gauge because our counters hold whole numbers.
pub const PROCESS_CPU_SECONDS_TOTAL: &str = "process_cpu_seconds_total";
/// Gauge: when the process started, in seconds since 1970.
pub const PROCESS_START_TIME_SECONDS: &str = "process_start_time_seconds";
/// Counter of log lines that were lost.
pub const LOG_WRITE_ERRORS_TOTAL: &str = "log_write_errors_total";
/// Gauge, always 1, by `program` and `version`.
pub const BUILD_INFO: &str = "build_info";
