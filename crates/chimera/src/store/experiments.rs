//! Rows of `experiments`: which variant a review was written with, and what that cost.

use chassis::clock::utc_text;
use jiff::Timestamp;
use storage::{Database, StorageError, Transaction, params};

use super::analyses::AnalysisKey;

/// The experiment's record of one review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExperimentRow {
    /// The review.
    pub key: AnalysisKey,
    /// Who got it.
    pub discord_user_id: String,
    /// `A` or `B`.
    pub cohort: String,
    /// The prompt it was written with.
    pub variant: String,
    /// The seed by which the user was assigned.
    pub seed: String,
    /// What the provider counted.
    pub input_tokens: i64,
    /// What the provider counted.
    pub output_tokens: i64,
    /// In millionths of a US dollar.
    pub cost_microusd: i64,
    /// How long the model took.
    pub model_ms: i64,
    /// How long the whole review took.
    pub total_ms: i64,
}

/// Reviews of one cohort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CohortCount {
    /// `A` or `B`.
    pub cohort: String,
    /// The prompt.
    pub variant: String,
    /// How many different users got one.
    pub users: i64,
    /// How many were written.
    pub reviews: i64,
}

/// Stores the record of a review; a second one for the same review replaces the first.
pub async fn record(
    transaction: &mut Transaction,
    row: &ExperimentRow,
    now: Timestamp,
) -> Result<(), StorageError> {
    let sql = "INSERT INTO experiments (match_id, puuid, kind, discord_user_id, cohort, variant, seed, input_tokens, \
               output_tokens, cost_microusd, model_ms, total_ms, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
               ON CONFLICT (match_id, puuid, kind) DO UPDATE SET discord_user_id = excluded.discord_user_id, \
               cohort = excluded.cohort, variant = excluded.variant, seed = excluded.seed, \
               input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens, \
               cost_microusd = excluded.cost_microusd, model_ms = excluded.model_ms, \
               total_ms = excluded.total_ms, created_at = excluded.created_at";
    let values = params![
        &row.key.match_id,
        &row.key.puuid,
        &row.key.kind,
        &row.discord_user_id,
        &row.cohort,
        &row.variant,
        &row.seed,
        row.input_tokens,
        row.output_tokens,
        row.cost_microusd,
        row.model_ms,
        row.total_ms,
        utc_text(now)
    ];
    transaction.execute(sql, &values).await.map(drop)
}

/// The variant that a user's reviews of a match were written with, for the feedback on them.
pub async fn variant_of(
    database: &Database,
    match_id: &str,
    user: &str,
) -> Result<Option<String>, StorageError> {
    let sql = "SELECT variant FROM experiments WHERE match_id = $1 AND discord_user_id = $2 \
               ORDER BY created_at DESC LIMIT 1";
    database.fetch_optional(sql, &params![match_id, user]).await?.map(|row| row.get("variant")).transpose()
}

/// Users and reviews by cohort and variant under one seed, for the audit.
pub async fn counts(database: &Database, seed: &str) -> Result<Vec<CohortCount>, StorageError> {
    let sql = "SELECT cohort, variant, count(DISTINCT discord_user_id) AS users, count(*) AS reviews \
               FROM experiments WHERE seed = $1 GROUP BY cohort, variant ORDER BY cohort, variant";
    let rows = database.fetch_all(sql, &params![seed]).await?;
    rows.iter()
        .map(|row| {
            Ok(CohortCount {
                cohort: row.get("cohort")?,
                variant: row.get("variant")?,
                users: row.get("users")?,
                reviews: row.get("reviews")?,
            })
        })
        .collect()
}

/// What players of one seed thought of the reviews written for them: cohort and opinion, once for each vote and star.
pub async fn opinions(database: &Database, seed: &str) -> Result<Vec<(String, String)>, StorageError> {
    let sql = "SELECT DISTINCT e.cohort, f.value, f.kind, f.match_id, f.discord_user_id \
               FROM feedback f JOIN experiments e ON e.match_id = f.match_id \
               AND e.discord_user_id = f.discord_user_id WHERE e.seed = $1";
    let rows = database.fetch_all(sql, &params![seed]).await?;
    rows.iter().map(|row| Ok((row.get("cohort")?, row.get("value")?))).collect()
}
