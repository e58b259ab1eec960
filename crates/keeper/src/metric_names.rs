//! The names of the program's own metrics, in one place; rules and dashboards use them.

use keeper_core::ledger::event::Outcome;

use crate::store::runs::outcome_word;

/// Occurrences that have an outcome, by `outcome`.
pub const RUNS_TOTAL: &str = "keeper_runs_total";
/// Runs under way, work of people not counted.
pub const RUNS_IN_PROGRESS: &str = "keeper_runs_in_progress";
/// Number of the ledger's newest row.
pub const LEDGER_ROWS: &str = "keeper_ledger_rows";
/// 1 while a changed plan is refused and the one before is carried out.
pub const PLAN_REFUSED: &str = "keeper_plan_refused";
/// Duration of one look at what is due.
pub const TICK_DURATION_SECONDS: &str = "keeper_tick_duration_seconds";

/// Counts an outcome.
pub fn count_run(outcome: Outcome) {
    metrics::counter!(RUNS_TOTAL, "outcome" => outcome_word(outcome)).increment(1);
}

/// Registers the descriptions with the recorder.
pub fn describe() {
    metrics::describe_counter!(RUNS_TOTAL, "occurrences that have an outcome, by outcome");
    metrics::describe_gauge!(RUNS_IN_PROGRESS, "runs under way, work of people not counted");
    metrics::describe_gauge!(LEDGER_ROWS, "number of the ledger's newest row");
    metrics::describe_gauge!(PLAN_REFUSED, "1 while a changed plan is refused");
    metrics::describe_histogram!(
        TICK_DURATION_SECONDS,
        metrics::Unit::Seconds,
        "duration of one look at what is due"
    );
}
