//! The names of the program's own metrics, in one place; runbook, alerts and dashboards use them.

/// Reviews that ended, by `service` (`analyze`, `team_analyze`) and `outcome` (`success`, `degraded`, `failed`).
pub const REQUEST_TOTAL: &str = "chimera_request_total";
/// From the command to the delivered message, by `service`.
pub const REQUEST_LATENCY_SECONDS: &str = "chimera_request_latency_seconds";
/// Duration of one stage of a review, by `stage`: `fetch`, `score`, `save`, `llm`, `webhook`.
pub const STAGE_DURATION_SECONDS: &str = "chimera_stage_duration_seconds";

/// Registers the descriptions with the recorder.
pub fn describe() {
    metrics::describe_counter!(REQUEST_TOTAL, "reviews that ended, by service and outcome");
    metrics::describe_histogram!(
        REQUEST_LATENCY_SECONDS,
        metrics::Unit::Seconds,
        "command to delivered message, by service"
    );
    metrics::describe_histogram!(
        STAGE_DURATION_SECONDS,
        metrics::Unit::Seconds,
        "duration of one stage of a review"
    );
}
