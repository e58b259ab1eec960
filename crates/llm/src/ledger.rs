//! What every model call cost: the table `llm_ledger`, one row in, sums out.
//!
//! Rows are only ever added. Money is whole millionths of a US dollar.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Database, MigrationSet, Row, StorageError, Transaction, Value, migration, params};

use crate::request::{Owner, Usage};

/// The ledger's tables; run with [`storage::migrate::up`] before the gateway is used.
pub const MIGRATIONS: MigrationSet =
    MigrationSet { name: "llm", migrations: &[migration!("0001", "ledger")] };

/// How a booked call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its reply was used.
    Ok,
    /// It was taken from the cache and cost nothing.
    Cached,
    /// It broke off after it had begun; the provider bills what it wrote.
    Discarded,
    /// The caller went away while it was being written.
    Cancelled,
}

/// One row of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Unique and sortable by time; inserting the same entry twice is harmless.
    pub id: String,
    /// UTC, `YYYY-MM-DD HH:MM:SS.SSS`.
    pub created_at: String,
    /// Whose account. The turn may be filled in by the caller before the insert.
    pub owner: Owner,
    /// What the call was for.
    pub purpose: String,
    /// Configured name of the provider, or `"own"`.
    pub provider: String,
    /// Model asked.
    pub model: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Tokens.
    pub usage: Usage,
    /// Millionths of a US dollar.
    pub cost_microusd: i64,
    /// Version of the price table that made the cost.
    pub price_version: String,
    /// Time the call took.
    pub latency_ms: u64,
}

/// What a sum is taken over. Months are `YYYY-MM` in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything in a month.
    Month(String),
    /// One user in a month.
    User {
        /// The month.
        month: String,
        /// The user.
        user_id: String,
    },
    /// One session, all time.
    Session(String),
    /// One turn, every try of it.
    Turn(String),
}

/// Sums over a scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Rows, cached replies included.
    pub calls: i64,
    /// Tokens sent.
    pub input_tokens: i64,
    /// Tokens written.
    pub output_tokens: i64,
    /// Tokens sent that the provider had cached.
    pub cached_input_tokens: i64,
    /// Millionths of a US dollar.
    pub cost_microusd: i64,
}

/// Sums of one model in a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelTotals {
    /// Configured name of the provider.
    pub provider: String,
    /// Model.
    pub model: String,
    /// The sums.
    pub totals: Totals,
}

const COLUMNS: &str = "id, created_at, month, user_id, session_id, turn_id, purpose, provider, model, outcome, \
     input_tokens, output_tokens, cached_input_tokens, exact, cost_microusd, price_version, latency_ms";

const INSERT: &str = "INSERT INTO llm_ledger (id, created_at, month, user_id, session_id, turn_id, purpose, \
     provider, model, outcome, input_tokens, output_tokens, cached_input_tokens, exact, cost_microusd, \
     price_version, latency_ms) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
     ON CONFLICT (id) DO NOTHING";

/// The UTC month of a moment, `YYYY-MM`.
#[must_use]
pub fn month_of(time: Timestamp) -> String {
    chassis::clock::utc_text(time).chars().take("YYYY-MM".len()).collect()
}

/// Adds an entry in the caller's unit of work. An entry that is already there is left alone.
///
/// # Errors
/// When the database refuses.
pub async fn insert(transaction: &mut Transaction, entry: &LedgerEntry) -> Result<(), StorageError> {
    transaction.execute(INSERT, &insert_params(entry)).await?;
    Ok(())
}

/// Adds an entry in a unit of work of its own.
pub(crate) async fn insert_alone(database: &Database, entry: &LedgerEntry) -> Result<(), StorageError> {
    database.execute(INSERT, &insert_params(entry)).await?;
    Ok(())
}

/// Sums over a scope; zeros when it has no rows.
///
/// # Errors
/// When the database cannot be read.
pub async fn totals(database: &Database, scope: &Scope) -> Result<Totals, StorageError> {
    const SUMS: &str = "SELECT COUNT(*) AS calls, \
         CAST(COALESCE(SUM(input_tokens), 0) AS BIGINT) AS input_tokens, \
         CAST(COALESCE(SUM(output_tokens), 0) AS BIGINT) AS output_tokens, \
         CAST(COALESCE(SUM(cached_input_tokens), 0) AS BIGINT) AS cached_input_tokens, \
         CAST(COALESCE(SUM(cost_microusd), 0) AS BIGINT) AS cost_microusd FROM llm_ledger WHERE ";
    let (condition, values) = scope.condition();
    totals_of(&database.fetch_one(&format!("{SUMS}{condition}"), &values).await?)
}

/// Sums of a month by provider and model, dearest first.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_model(database: &Database, month: &str) -> Result<Vec<ModelTotals>, StorageError> {
    const SQL: &str = "SELECT provider, model, COUNT(*) AS calls, \
         CAST(SUM(input_tokens) AS BIGINT) AS input_tokens, \
         CAST(SUM(output_tokens) AS BIGINT) AS output_tokens, \
         CAST(SUM(cached_input_tokens) AS BIGINT) AS cached_input_tokens, \
         CAST(SUM(cost_microusd) AS BIGINT) AS cost_microusd FROM llm_ledger WHERE month = $1 \
         GROUP BY provider, model ORDER BY 7 DESC, provider, model";
    let rows = database.fetch_all(SQL, &params![month]).await?;
    let model = |row: &Row| {
        Ok(ModelTotals { provider: row.get("provider")?, model: row.get("model")?, totals: totals_of(row)? })
    };
    rows.iter().map(model).collect()
}

/// The entries of a turn, oldest first: every try, the discarded ones included.
///
/// # Errors
/// When the database cannot be read or holds a row this program did not write.
pub async fn of_turn(database: &Database, turn_id: &str) -> Result<Vec<LedgerEntry>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM llm_ledger WHERE turn_id = $1 ORDER BY id");
    database.fetch_all(&sql, &params![turn_id]).await?.iter().map(entry_of).collect()
}

/// Cost alone, answered from an index.
pub(crate) async fn cost_microusd(database: &Database, scope: &Scope) -> Result<i64, StorageError> {
    const SUM: &str =
        "SELECT CAST(COALESCE(SUM(cost_microusd), 0) AS BIGINT) AS cost_microusd FROM llm_ledger WHERE ";
    let (condition, values) = scope.condition();
    database.fetch_one(&format!("{SUM}{condition}"), &values).await?.get("cost_microusd")
}

/// Which of these entries the database already holds.
pub(crate) async fn present(database: &Database, ids: &[String]) -> Result<Vec<String>, StorageError> {
    let places = (1..=ids.len()).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ");
    let values: Vec<Value> = ids.iter().map(|id| Value::from(id.as_str())).collect();
    let rows =
        database.fetch_all(&format!("SELECT id FROM llm_ledger WHERE id IN ({places})"), &values).await?;
    rows.iter().map(|row| row.get("id")).collect()
}

impl Outcome {
    /// The word stored in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Cached => "cached",
            Outcome::Discarded => "discarded",
            Outcome::Cancelled => "cancelled",
        }
    }

    fn from_name(name: &str) -> Outcome {
        match name {
            "cached" => Outcome::Cached,
            "discarded" => Outcome::Discarded,
            "cancelled" => Outcome::Cancelled,
            _ => Outcome::Ok,
        }
    }
}

impl LedgerEntry {
    /// The UTC month it counts towards.
    #[must_use]
    pub fn month(&self) -> &str {
        self.created_at.get(.."YYYY-MM".len()).unwrap_or_default()
    }
}

impl Scope {
    fn condition(&self) -> (&'static str, Vec<Value>) {
        match self {
            Scope::Month(month) => ("month = $1", vec![Value::from(month.as_str())]),
            Scope::User { month, user_id } => (
                "month = $1 AND user_id = $2",
                vec![Value::from(month.as_str()), Value::from(user_id.as_str())],
            ),
            Scope::Session(session_id) => ("session_id = $1", vec![Value::from(session_id.as_str())]),
            Scope::Turn(turn_id) => ("turn_id = $1", vec![Value::from(turn_id.as_str())]),
        }
    }

    /// Whether an entry counts towards this scope.
    pub(crate) fn covers(&self, entry: &LedgerEntry) -> bool {
        match self {
            Scope::Month(month) => entry.month() == month,
            Scope::User { month, user_id } => {
                entry.month() == month && entry.owner.user_id.as_ref() == Some(user_id)
            }
            Scope::Session(session_id) => entry.owner.session_id.as_ref() == Some(session_id),
            Scope::Turn(turn_id) => entry.owner.turn_id.as_ref() == Some(turn_id),
        }
    }
}

fn insert_params(entry: &LedgerEntry) -> [Value; 17] {
    let LedgerEntry { owner, usage, .. } = entry;
    let count = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    params![
        entry.id.as_str(),
        entry.created_at.as_str(),
        entry.month(),
        owner.user_id.clone(),
        owner.session_id.clone(),
        owner.turn_id.clone(),
        entry.purpose.as_str(),
        entry.provider.as_str(),
        entry.model.as_str(),
        entry.outcome.name(),
        count(usage.input_tokens),
        count(usage.output_tokens),
        count(usage.cached_input_tokens),
        usage.exact,
        entry.cost_microusd,
        entry.price_version.as_str(),
        count(entry.latency_ms)
    ]
}

fn totals_of(row: &Row) -> Result<Totals, StorageError> {
    Ok(Totals {
        calls: row.get("calls")?,
        input_tokens: row.get("input_tokens")?,
        output_tokens: row.get("output_tokens")?,
        cached_input_tokens: row.get("cached_input_tokens")?,
        cost_microusd: row.get("cost_microusd")?,
    })
}

fn entry_of(row: &Row) -> Result<LedgerEntry, StorageError> {
    let count = |column: &str| row.get::<i64>(column).map(|value| u64::try_from(value).unwrap_or(0));
    Ok(LedgerEntry {
        id: row.get("id")?,
        created_at: row.get("created_at")?,
        owner: Owner {
            user_id: row.get("user_id")?,
            session_id: row.get("session_id")?,
            turn_id: row.get("turn_id")?,
        },
        purpose: row.get("purpose")?,
        provider: row.get("provider")?,
        model: row.get("model")?,
        outcome: Outcome::from_name(&row.get::<String>("outcome")?),
        usage: Usage {
            input_tokens: count("input_tokens")?,
            output_tokens: count("output_tokens")?,
            cached_input_tokens: count("cached_input_tokens")?,
            exact: row.get("exact")?,
        },
        cost_microusd: row.get("cost_microusd")?,
        price_version: row.get("price_version")?,
        latency_ms: count("latency_ms")?,
    })
}
