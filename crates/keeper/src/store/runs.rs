//! Rows of `runs`: the outcome of each occurrence, and what was printed on the way.

use jiff::Timestamp;
use keeper_core::{
    ledger::event::{Occurrence, Outcome},
    plan::set::TaskId,
};
use serde::Serialize;
use storage::{Database, StorageError, Transaction, params};

use super::{holder::bad_row, ledger_rows::number};

/// The outcome of one occurrence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunRecord {
    /// Number of the row with the outcome.
    pub seq: u64,
    /// The occurrence.
    #[serde(flatten)]
    pub occurrence: Occurrence,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, in a sentence.
    pub detail: String,
    /// When that was written down.
    pub ended_at: Timestamp,
    /// How long the last try took.
    pub duration_ms: Option<u64>,
    /// Exit code of its process.
    pub exit_code: Option<i32>,
    /// What it printed, redacted and cut to its beginning and end.
    pub output: String,
}

const COLUMNS: &str =
    "seq, task, due, trigger_seq, outcome, detail, ended_at, duration_ms, exit_code, output";

/// Adds one.
pub async fn add(transaction: &mut Transaction, run: &RunRecord) -> Result<(), StorageError> {
    let sql = "INSERT INTO runs \
               (seq, task, due, trigger_seq, outcome, detail, ended_at, duration_ms, exit_code, output) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let values = params![
        number(run.seq),
        run.occurrence.task.as_str(),
        run.occurrence.due.to_string(),
        run.occurrence.trigger.map(number),
        outcome_word(run.outcome),
        without_nul(&run.detail),
        run.ended_at.to_string(),
        run.duration_ms.map(number),
        run.exit_code.map(i64::from),
        without_nul(&run.output)
    ];
    transaction.execute(sql, &values).await.map(drop)
}

/// The newest outcomes, newest first; of one task where one is given.
pub async fn newest(
    database: &Database,
    task: Option<&TaskId>,
    limit: u32,
) -> Result<Vec<RunRecord>, StorageError> {
    let rows = match task {
        Some(task) => {
            let sql = format!("SELECT {COLUMNS} FROM runs WHERE task = $1 ORDER BY seq DESC LIMIT $2");
            database.fetch_all(&sql, &params![task.as_str(), limit]).await?
        }
        None => {
            let sql = format!("SELECT {COLUMNS} FROM runs ORDER BY seq DESC LIMIT $1");
            database.fetch_all(&sql, &params![limit]).await?
        }
    };
    rows.iter().map(read).collect()
}

/// The newest outcome of every task that has one.
pub async fn last_of_each(database: &Database) -> Result<Vec<RunRecord>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM runs WHERE seq IN (SELECT MAX(seq) FROM runs GROUP BY task)");
    database.fetch_all(&sql, &[]).await?.iter().map(read).collect()
}

/// The outcome of what a row has triggered, once there is one.
pub async fn of_trigger(database: &Database, seq: u64) -> Result<Option<RunRecord>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM runs WHERE trigger_seq = $1 ORDER BY seq DESC LIMIT 1");
    database.fetch_optional(&sql, &params![number(seq)]).await?.map(|row| read(&row)).transpose()
}

/// The word of an outcome, as the ledger writes it.
#[must_use]
pub fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ran => "ran",
        Outcome::CaughtUp => "caught_up",
        Outcome::Failed => "failed",
        Outcome::Skipped => "skipped",
        Outcome::Missed => "missed",
        Outcome::Interrupted => "interrupted",
    }
}

fn outcome_of(word: &str) -> Option<Outcome> {
    use Outcome::{CaughtUp, Failed, Interrupted, Missed, Ran, Skipped};
    [Ran, CaughtUp, Failed, Skipped, Missed, Interrupted].into_iter().find(|it| outcome_word(*it) == word)
}

fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn read(row: &storage::Row) -> Result<RunRecord, StorageError> {
    let time = |column: &str| -> Result<Timestamp, StorageError> {
        row.get::<String>(column)?.parse().map_err(|_| bad_row("runs", column))
    };
    let whole = |column: &str| -> Result<Option<u64>, StorageError> {
        Ok(row.get::<Option<i64>>(column)?.and_then(|value| u64::try_from(value).ok()))
    };
    let task: String = row.get("task")?;
    let (plan, local) = task.split_once('/').ok_or_else(|| bad_row("runs", "task"))?;
    let occurrence =
        Occurrence { task: TaskId::new(plan, local), due: time("due")?, trigger: whole("trigger_seq")? };
    Ok(RunRecord {
        seq: whole("seq")?.unwrap_or_default(),
        occurrence,
        outcome: outcome_of(&row.get::<String>("outcome")?).ok_or_else(|| bad_row("runs", "outcome"))?,
        detail: row.get("detail")?,
        ended_at: time("ended_at")?,
        duration_ms: whole("duration_ms")?,
        exit_code: row.get::<Option<i64>>("exit_code")?.and_then(|code| i32::try_from(code).ok()),
        output: row.get("output")?,
    })
}
