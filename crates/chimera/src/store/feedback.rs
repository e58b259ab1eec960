//! Rows of `feedback`: what players thought of a review.

use chassis::clock::utc_text;
use jiff::Timestamp;
use storage::{Database, StorageError, Transaction, params};

/// What a player can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opinion {
    /// Helpful.
    Up,
    /// Not helpful.
    Down,
    /// Outstanding; goes beside a vote.
    Star,
}

impl Opinion {
    /// As it is stored and written in buttons.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Star => "star",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Up, Self::Down, Self::Star].into_iter().find(|opinion| opinion.as_str() == text)
    }

    /// The two votes replace each other; the star stands by itself.
    fn kind(self) -> &'static str {
        match self {
            Self::Up | Self::Down => "vote",
            Self::Star => "star",
        }
    }
}

/// What recording an opinion did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is the first of its kind for this user and match.
    New,
    /// The user thinks otherwise now.
    Changed,
    /// The same was said before; nothing changed.
    Repeated,
}

/// Opinions on reviews of one variant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The variant.
    pub variant: String,
    /// Helpful.
    pub up: i64,
    /// Not helpful.
    pub down: i64,
    /// Outstanding.
    pub star: i64,
}

/// Notes an opinion; each user has one vote and one star for a match.
pub async fn record(
    database: &Database,
    user: &str,
    match_id: &str,
    opinion: Opinion,
    variant: Option<&str>,
    now: Timestamp,
) -> Result<Recorded, StorageError> {
    let mut transaction = database.begin().await?;
    let recorded = record_in(&mut transaction, user, match_id, opinion, variant, &utc_text(now)).await?;
    transaction.commit().await?;
    Ok(recorded)
}

async fn record_in(
    transaction: &mut Transaction,
    user: &str,
    match_id: &str,
    opinion: Opinion,
    variant: Option<&str>,
    now: &str,
) -> Result<Recorded, StorageError> {
    let sql = "INSERT INTO feedback (discord_user_id, match_id, kind, value, variant, created_at, updated_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (discord_user_id, match_id, kind) DO NOTHING";
    let values = params![user, match_id, opinion.kind(), opinion.as_str(), variant, now];
    if transaction.execute(sql, &values).await? == 1 {
        return Ok(Recorded::New);
    }
    let sql = "UPDATE feedback SET value = $1, updated_at = $2 \
               WHERE discord_user_id = $3 AND match_id = $4 AND kind = $5 AND value <> $1";
    let values = params![opinion.as_str(), now, user, match_id, opinion.kind()];
    Ok(if transaction.execute(sql, &values).await? == 1 { Recorded::Changed } else { Recorded::Repeated })
}

/// The opinions by variant, those without one left out.
pub async fn tallies(database: &Database) -> Result<Vec<Tally>, StorageError> {
    let sql = "SELECT variant, CAST(sum(CASE WHEN value = 'up' THEN 1 ELSE 0 END) AS BIGINT) AS ups, \
               CAST(sum(CASE WHEN value = 'down' THEN 1 ELSE 0 END) AS BIGINT) AS downs, \
               CAST(sum(CASE WHEN value = 'star' THEN 1 ELSE 0 END) AS BIGINT) AS stars \
               FROM feedback WHERE variant IS NOT NULL GROUP BY variant ORDER BY variant";
    let rows = database.fetch_all(sql, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Tally {
                variant: row.get("variant")?,
                up: row.get("ups")?,
                down: row.get("downs")?,
                star: row.get("stars")?,
            })
        })
        .collect()
}
