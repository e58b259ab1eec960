//! The names of the program's own metrics, in one place; runbook, alerts and dashboards use them.

/// Reviews that ended, by `service` (`analyze`, `team_analyze`) and `outcome` (`success`, `degraded`, `failed`).
pub const REQUEST_TOTAL: &str = "chimera_request_total";
/// From the command to the delivered message, by `service`.
pub const REQUEST_LATENCY_SECONDS: &str = "chimera_request_latency_seconds";
/// Duration of one stage of a review, by `stage`: `fetch`, `score`, `save`, `llm`, `webhook`.
pub const STAGE_DURATION_SECONDS: &str = "chimera_stage_duration_seconds";
/// Narratives that the template wrote although a model should have, by `reason`.
pub const NARRATIVES_DEGRADED_TOTAL: &str = "chimera_narratives_degraded_total";
/// Requests to Discord, by `route` and `status` (`none` when nothing came back).
pub const DISCORD_REQUESTS_TOTAL: &str = "chimera_discord_requests_total";
/// Duration of one request to Discord, by `route`.
pub const DISCORD_REQUEST_SECONDS: &str = "chimera_discord_request_seconds";
/// Interactions taken, by `kind`, and refused, by reason.
pub const INTERACTIONS_TOTAL: &str = "chimera_interactions_total";
/// From an interaction's arrival to its acknowledgement.
pub const ACKNOWLEDGE_SECONDS: &str = "chimera_acknowledge_seconds";
/// Requests to Riot's API, by `endpoint` and `status`: `success`, `not_found`, `not_shared`, `rate_limited` and so on.
pub const RIOT_API_REQUESTS_TOTAL: &str = "chimera_riot_api_requests_total";
/// Requests that Riot's API refused for a limit, by `endpoint`. Each is a fault of our limiter, or an overload of Riot's.
pub const RIOT_API_429_TOTAL: &str = "chimera_riot_api_429_total";

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
    metrics::describe_counter!(
        NARRATIVES_DEGRADED_TOTAL,
        "narratives that the template wrote although a model should have, by reason"
    );
    metrics::describe_counter!(DISCORD_REQUESTS_TOTAL, "requests to Discord, by route and status");
    metrics::describe_histogram!(
        DISCORD_REQUEST_SECONDS,
        metrics::Unit::Seconds,
        "duration of one request to Discord, by route"
    );
    metrics::describe_counter!(INTERACTIONS_TOTAL, "interactions, by kind or reason of refusal");
    metrics::describe_histogram!(
        ACKNOWLEDGE_SECONDS,
        metrics::Unit::Seconds,
        "arrival of an interaction to its acknowledgement"
    );
    metrics::describe_counter!(RIOT_API_REQUESTS_TOTAL, "requests to Riot's API, by endpoint and status");
    metrics::describe_counter!(
        RIOT_API_429_TOTAL,
        "requests that Riot's API refused for a limit, by endpoint"
    );
}
