//! The names of the program's own metrics, in one place; rules and dashboards use them.

use keeper_core::{freshness::Level, ledger::event::Outcome};

use crate::{scheduler::BackupState, store::runs::outcome_word};

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
/// Age of the newest proved backup, by `backup` and `store`; NaN while none is proved.
pub const BACKUP_PROVED_AGE_SECONDS: &str = "keeper_backup_proved_age_seconds";
/// 0 while a backup can be relied on, 1 when less than that, 2 when somebody must act; by `backup` and `store`.
pub const BACKUP_VERDICT: &str = "keeper_backup_verdict";

/// Sets the gauges of a backup in a store.
pub fn measure_backup(state: &BackupState) {
    let labels = [("backup", state.backup.clone()), ("store", state.store.clone())];
    let verdict = match state.verdict.level {
        Level::Green => 0.0,
        Level::Amber => 1.0,
        Level::Red => 2.0,
    };
    metrics::gauge!(BACKUP_VERDICT, &labels).set(verdict);
    let age = state.proved_age_seconds.map_or(f64::NAN, |age| age as f64);
    metrics::gauge!(BACKUP_PROVED_AGE_SECONDS, &labels).set(age);
}

/// A backup is in no plan any more: its last figures would be taken for those of today.
pub fn forget_backup(backup: &str, store: &str) {
    let labels = [("backup", backup.to_owned()), ("store", store.to_owned())];
    metrics::gauge!(BACKUP_VERDICT, &labels).set(f64::NAN);
    metrics::gauge!(BACKUP_PROVED_AGE_SECONDS, &labels).set(f64::NAN);
}

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
    metrics::describe_gauge!(
        BACKUP_PROVED_AGE_SECONDS,
        metrics::Unit::Seconds,
        "age of the newest proved backup, by backup and store"
    );
    metrics::describe_gauge!(BACKUP_VERDICT, "0 green, 1 amber, 2 red, by backup and store");
    metrics::describe_histogram!(
        TICK_DURATION_SECONDS,
        metrics::Unit::Seconds,
        "duration of one look at what is due"
    );
}
