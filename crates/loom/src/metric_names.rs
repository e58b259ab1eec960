//! The names of the program's own metrics, in one place.

/// Turns played, by outcome: `ok`, `degraded`, `failed`.
pub const TURNS_TOTAL: &str = "loom_turns_total";
/// From the request to the acknowledgement.
pub const TURN_DURATION_SECONDS: &str = "loom_turn_duration_seconds";
/// Turns that one commit carried.
pub const COMMIT_BATCH_TURNS: &str = "loom_commit_batch_turns";
/// Requests refused by a rate limit.
pub const RATE_LIMITED_TOTAL: &str = "loom_rate_limited_total";
/// Requests refused for lack of a valid token or of permission.
pub const REFUSED_TOTAL: &str = "loom_refused_total";

/// Registers the descriptions with the recorder.
pub fn describe() {
    metrics::describe_counter!(TURNS_TOTAL, "turns played, by outcome");
    metrics::describe_histogram!(
        TURN_DURATION_SECONDS,
        metrics::Unit::Seconds,
        "request to acknowledgement of a turn"
    );
    metrics::describe_histogram!(COMMIT_BATCH_TURNS, "turns that one commit carried");
    metrics::describe_counter!(RATE_LIMITED_TOTAL, "requests refused by a rate limit");
    metrics::describe_counter!(REFUSED_TOTAL, "requests refused for lack of a token or of permission");
}
