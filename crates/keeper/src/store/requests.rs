//! Rows of `requests`: what people ask of the keeper that holds the state file.

use jiff::Timestamp;
use keeper_core::ledger::Event;
use storage::{Database, StorageError, Transaction, params};

use super::{holder::bad_row, ledger_rows::number};

/// Open requests that are taken at once; the others wait for the next look.
const BATCH: u32 = 100;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Run the task now.
    Run,
    /// The open work of people is done, and this shows it.
    Evidence(String),
    /// A command has done this, and it belongs into the ledger.
    Record(Box<Event>),
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Made up by whoever asks.
    pub id: String,
    /// What is asked.
    pub wish: Wish,
    /// The task, as `PLAN/TASK`; empty for a record.
    pub task: String,
    /// Who asks.
    pub asked_by: String,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The row that answers it.
    Row(u64),
    /// Why there is none.
    Refused(String),
}

/// Asks.
pub async fn add(database: &Database, request: &Request, now: Timestamp) -> Result<(), StorageError> {
    let sql = "INSERT INTO requests (id, created_at, kind, task, asked_by, evidence) VALUES ($1, $2, $3, $4, $5, $6)";
    let (kind, evidence) = match &request.wish {
        Wish::Run => ("run", String::new()),
        Wish::Evidence(text) => ("evidence", text.clone()),
        Wish::Record(event) => {
            let text = serde_json::to_string(event);
            ("record", text.map_err(|error| StorageError::Other { detail: error.to_string() })?)
        }
    };
    let created_at = chassis::clock::utc_text(now);
    let values = params![&request.id, created_at, kind, &request.task, &request.asked_by, evidence];
    database.execute(sql, &values).await.map(drop)
}

/// Requests without an answer, oldest first.
pub async fn open(database: &Database) -> Result<Vec<Request>, StorageError> {
    let sql = "SELECT id, kind, task, asked_by, evidence FROM requests \
               WHERE answer_seq IS NULL AND refusal IS NULL ORDER BY created_at, id LIMIT $1";
    database.fetch_all(sql, &params![BATCH]).await?.iter().map(read).collect()
}

/// Answers with a row, in the unit of work that writes it.
pub async fn answer(transaction: &mut Transaction, id: &str, seq: u64) -> Result<(), StorageError> {
    let sql = "UPDATE requests SET answer_seq = $1 WHERE id = $2";
    transaction.execute(sql, &params![number(seq), id]).await.map(drop)
}

/// Answers that it cannot be done.
pub async fn refuse(database: &Database, id: &str, why: &str) -> Result<(), StorageError> {
    database.execute("UPDATE requests SET refusal = $1 WHERE id = $2", &params![why, id]).await.map(drop)
}

/// What became of a request; none while nobody has looked at it.
pub async fn answer_to(database: &Database, id: &str) -> Result<Option<Answer>, StorageError> {
    let sql = "SELECT answer_seq, refusal FROM requests WHERE id = $1";
    let row = database.fetch_one(sql, &params![id]).await?;
    if let Some(why) = row.get::<Option<String>>("refusal")? {
        return Ok(Some(Answer::Refused(why)));
    }
    let seq = row.get::<Option<i64>>("answer_seq")?.and_then(|seq| u64::try_from(seq).ok());
    Ok(seq.map(Answer::Row))
}

fn read(row: &storage::Row) -> Result<Request, StorageError> {
    let wish = match row.get::<String>("kind")?.as_str() {
        "run" => Wish::Run,
        "evidence" => Wish::Evidence(row.get("evidence")?),
        "record" => {
            let text: String = row.get("evidence")?;
            let event = serde_json::from_str(&text).map_err(|_| bad_row("requests", "evidence"))?;
            Wish::Record(Box::new(event))
        }
        _ => return Err(bad_row("requests", "kind")),
    };
    Ok(Request { id: row.get("id")?, wish, task: row.get("task")?, asked_by: row.get("asked_by")? })
}
