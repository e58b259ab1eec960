//! Rows of `analyses`: one review of one match for one player, from the request to its end.

use chassis::clock::utc_text;
use jiff::Timestamp;
use storage::{Database, Row, StorageError, Transaction, params};

/// What a review is of. Two requests with the same key share one review.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnalysisKey {
    /// Such as `NA1_4567890123`.
    pub match_id: String,
    /// The player in its centre.
    pub puuid: String,
    /// `analyze` or `team`.
    pub kind: String,
}

/// How far a review has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Waits for a worker.
    Queued,
    /// A worker is at it.
    Running,
    /// Scored, written and stored; its delivery is another matter.
    Done,
    /// Given up; the player was or is being told.
    Failed,
}

impl Status {
    /// As it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    fn from_stored(text: &str) -> Result<Self, StorageError> {
        match text {
            "queued" => Ok(Self::Queued),
            "running" => Ok(Self::Running),
            "done" => Ok(Self::Done),
            "failed" => Ok(Self::Failed),
            other => Err(StorageError::Other { detail: format!("`{other}` is no status of an analysis") }),
        }
    }
}

/// A stored review.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// What it is of.
    pub key: AnalysisKey,
    /// Who asked for it first.
    pub discord_user_id: String,
    /// How far it has come.
    pub status: Status,
    /// How often a worker began it.
    pub attempts: i64,
    /// The result, once it is done.
    pub finished: Option<Finished>,
    /// Why it failed.
    pub error: Option<String>,
    /// UTC text.
    pub queued_at: String,
    /// UTC text, of the last beginning.
    pub started_at: Option<String>,
    /// UTC text.
    pub finished_at: Option<String>,
}

/// The result of a review.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finished {
    /// The report as JSON.
    pub score_json: String,
    /// Version of the score.
    pub version: String,
    /// Language of the narrative, `zh-CN` or `en`.
    pub language: String,
    /// Tone and detail that the narrative was asked for in, such as `balanced/detailed`.
    pub style: String,
    /// The text.
    pub narrative: String,
    /// `template` or `model:NAME`.
    pub narrative_source: String,
    /// Why the narrative is not what it should have been.
    pub degraded_reason: Option<String>,
    /// How long each stage took, as a JSON object of milliseconds.
    pub stage_ms: String,
}

const COLUMNS: &str = "match_id, puuid, kind, discord_user_id, status, attempts, score_json, version, language, \
                       style, narrative, narrative_source, degraded_reason, error, stage_ms, queued_at, started_at, \
                       finished_at";

fn analysis(row: &Row) -> Result<Analysis, StorageError> {
    let status = Status::from_stored(&row.get::<String>("status")?)?;
    let finished = if status == Status::Done { Some(finished(row)?) } else { None };
    Ok(Analysis {
        key: AnalysisKey { match_id: row.get("match_id")?, puuid: row.get("puuid")?, kind: row.get("kind")? },
        discord_user_id: row.get("discord_user_id")?,
        status,
        attempts: row.get("attempts")?,
        finished,
        error: row.get("error")?,
        queued_at: row.get("queued_at")?,
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
    })
}

fn finished(row: &Row) -> Result<Finished, StorageError> {
    Ok(Finished {
        score_json: row.get("score_json")?,
        version: row.get("version")?,
        language: row.get("language")?,
        style: row.get("style")?,
        narrative: row.get("narrative")?,
        narrative_source: row.get("narrative_source")?,
        degraded_reason: row.get("degraded_reason")?,
        stage_ms: row.get("stage_ms")?,
    })
}

/// Notes that a review is wanted. One that is queued, running or done stays as it is; one that failed is queued
/// again. Returns what it is now.
pub async fn enqueue(
    transaction: &mut Transaction,
    key: &AnalysisKey,
    user: &str,
    now: Timestamp,
) -> Result<Status, StorageError> {
    let sql = "INSERT INTO analyses (match_id, puuid, kind, discord_user_id, status, attempts, queued_at) \
               VALUES ($1, $2, $3, $4, 'queued', 0, $5) \
               ON CONFLICT (match_id, puuid, kind) DO UPDATE SET \
               status = CASE WHEN analyses.status = 'failed' THEN 'queued' ELSE analyses.status END, \
               queued_at = CASE WHEN analyses.status = 'failed' THEN excluded.queued_at ELSE analyses.queued_at END, \
               error = NULL RETURNING status";
    let values = params![&key.match_id, &key.puuid, &key.kind, user, utc_text(now)];
    Status::from_stored(&transaction.fetch_one(sql, &values).await?.get::<String>("status")?)
}

/// Says that a worker begins. Creates the row where there is none, and takes a finished review up again: it is the
/// caller who knows whether that is wanted.
pub async fn start(
    transaction: &mut Transaction,
    key: &AnalysisKey,
    user: &str,
    now: Timestamp,
) -> Result<(), StorageError> {
    let sql = "INSERT INTO analyses (match_id, puuid, kind, discord_user_id, status, attempts, queued_at, started_at) \
               VALUES ($1, $2, $3, $4, 'running', 1, $5, $5) \
               ON CONFLICT (match_id, puuid, kind) DO UPDATE SET status = 'running', \
               attempts = analyses.attempts + 1, started_at = excluded.started_at, finished_at = NULL, error = NULL";
    let values = params![&key.match_id, &key.puuid, &key.kind, user, utc_text(now)];
    transaction.execute(sql, &values).await.map(drop)
}

/// Stores the result; false when the review is not running, as after another worker finished it.
pub async fn finish(
    transaction: &mut Transaction,
    key: &AnalysisKey,
    result: &Finished,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let sql = "UPDATE analyses SET status = 'done', score_json = $1, version = $2, language = $3, style = $4, \
               narrative = $5, narrative_source = $6, degraded_reason = $7, stage_ms = $8, error = NULL, \
               finished_at = $9 WHERE match_id = $10 AND puuid = $11 AND kind = $12 AND status = 'running'";
    let values = params![
        &result.score_json,
        &result.version,
        &result.language,
        &result.style,
        &result.narrative,
        &result.narrative_source,
        result.degraded_reason.as_deref(),
        &result.stage_ms,
        utc_text(now),
        &key.match_id,
        &key.puuid,
        &key.kind
    ];
    Ok(transaction.execute(sql, &values).await? == 1)
}

/// Gives a review up, with the reason; false when it is done or failed already.
pub async fn fail(
    transaction: &mut Transaction,
    key: &AnalysisKey,
    reason: &str,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let sql = "UPDATE analyses SET status = 'failed', error = $1, finished_at = $2 \
               WHERE match_id = $3 AND puuid = $4 AND kind = $5 AND status IN ('queued', 'running')";
    let values = params![reason, utc_text(now), &key.match_id, &key.puuid, &key.kind];
    Ok(transaction.execute(sql, &values).await? == 1)
}

/// One review.
pub async fn find(database: &Database, key: &AnalysisKey) -> Result<Option<Analysis>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM analyses WHERE match_id = $1 AND puuid = $2 AND kind = $3");
    let values = params![&key.match_id, &key.puuid, &key.kind];
    database.fetch_optional(&sql, &values).await?.as_ref().map(analysis).transpose()
}

/// The newest reviews of a player, at most `limit`.
pub async fn recent_of_player(
    database: &Database,
    puuid: &str,
    limit: u32,
) -> Result<Vec<Analysis>, StorageError> {
    recent(database, "puuid", puuid, limit).await
}

/// The newest reviews that a Discord user asked for, at most `limit`.
pub async fn recent_of_user(
    database: &Database,
    user: &str,
    limit: u32,
) -> Result<Vec<Analysis>, StorageError> {
    recent(database, "discord_user_id", user, limit).await
}

async fn recent(
    database: &Database,
    column: &str,
    value: &str,
    limit: u32,
) -> Result<Vec<Analysis>, StorageError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM analyses WHERE {column} = $1 ORDER BY queued_at DESC, match_id DESC LIMIT $2"
    );
    database.fetch_all(&sql, &params![value, limit]).await?.iter().map(analysis).collect()
}
