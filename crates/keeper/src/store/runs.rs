//! Rows of `runs`: the outcome of each occurrence, and what was printed on the way.

use jiff::Timestamp;
use keeper_core::{
    ledger::event::{Occurrence, Outcome},
    plan::set::TaskId,
};
use serde::Serialize;
use storage::{Database, StorageError, Transaction, Value, params};

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
    /// What it printed, redacted and cut to its beginning and end; empty where it was not asked for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub output: String,
}

const COLUMNS: &str =
    "seq, task, due, trigger_seq, outcome, detail, ended_at, duration_ms, exit_code, output";
/// The same without what was printed, which is long.
const BRIEF: &str =
    "seq, task, due, trigger_seq, outcome, detail, ended_at, duration_ms, exit_code, '' AS output";

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

/// The newest outcome of every task that has one, found task by task in the index rather than run by run; without
/// what was printed.
pub async fn last_of_each(database: &Database) -> Result<Vec<RunRecord>, StorageError> {
    let sql = format!(
        "WITH RECURSIVE tasks (task) AS ( \
             SELECT MIN(task) FROM runs \
             UNION ALL \
             SELECT (SELECT MIN(runs.task) FROM runs WHERE runs.task > tasks.task) FROM tasks \
             WHERE tasks.task IS NOT NULL) \
         SELECT {BRIEF} FROM runs WHERE seq IN \
             (SELECT (SELECT MAX(seq) FROM runs WHERE runs.task = tasks.task) FROM tasks)"
    );
    database.fetch_all(&sql, &[]).await?.iter().map(read).collect()
}

/// Which outcomes are wanted, and in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Of the tasks of this plan.
    pub plan: Option<String>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// With this text in the name of the task or in the reason, whatever the case of its Latin letters.
    pub text: String,
    /// Of these tasks also where the text is in neither.
    pub tasks: Vec<String>,
    /// By what they are sorted.
    pub by: SortBy,
    /// Largest first.
    pub descending: bool,
}

/// By what outcomes are sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortBy {
    /// When they were written down.
    #[default]
    Ended,
    /// The name of the task.
    Task,
    /// How long the last try took.
    Took,
}

/// The outcomes that are wanted, without what was printed. The usual order costs no more than what is given back;
/// a text, or another order, costs a look at every outcome.
pub async fn search(
    database: &Database,
    search: &Search,
    limit: u32,
    offset: u32,
) -> Result<Vec<RunRecord>, StorageError> {
    let (mut wanted, mut values): (Vec<String>, Vec<Value>) = (Vec::new(), Vec::new());
    let mut bind = |value: Value| {
        values.push(value);
        format!("${}", values.len())
    };
    if let Some(plan) = &search.plan {
        // No range of the index by task: the newest of a plan are found soonest among the newest of all.
        let begins = format!("{plan}/");
        let length = u32::try_from(begins.chars().count()).unwrap_or(u32::MAX);
        wanted.push(format!("SUBSTR(task, 1, {}) = {}", bind(length.into()), bind(begins.into())));
    }
    if let Some(outcome) = search.outcome {
        wanted.push(format!("outcome = {}", bind(outcome_word(outcome).into())));
    }
    if !search.text.is_empty() {
        let text = bind(format!("%{}%", escaped(&search.text)).into());
        let named: Vec<String> = search.tasks.iter().map(|task| bind(task.into())).collect();
        let named = if named.is_empty() { "NULL".to_owned() } else { named.join(", ") };
        wanted.push(format!(
            "(task LIKE {text} ESCAPE '\\' OR detail LIKE {text} ESCAPE '\\' OR task IN ({named}))"
        ));
    }
    let wanted = if wanted.is_empty() { "1 = 1".to_owned() } else { wanted.join(" AND ") };
    let order = match (search.by, search.descending) {
        (SortBy::Ended, false) => "seq",
        (SortBy::Ended, true) => "seq DESC",
        (SortBy::Task, false) => "task, seq DESC",
        (SortBy::Task, true) => "task DESC, seq DESC",
        (SortBy::Took, false) => "COALESCE(duration_ms, 0), seq DESC",
        (SortBy::Took, true) => "COALESCE(duration_ms, 0) DESC, seq DESC",
    };
    let (limit, offset) = (bind(limit.into()), bind(offset.into()));
    let sql =
        format!("SELECT {BRIEF} FROM runs WHERE {wanted} ORDER BY {order} LIMIT {limit} OFFSET {offset}");
    database.fetch_all(&sql, &values).await?.iter().map(read).collect()
}

/// A text for `LIKE` that means itself.
fn escaped(text: &str) -> String {
    let special = |c: char| matches!(c, '\\' | '%' | '_');
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
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

/// The outcome of a word.
#[must_use]
pub fn outcome_of(word: &str) -> Option<Outcome> {
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
