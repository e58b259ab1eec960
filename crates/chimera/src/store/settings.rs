//! Rows of `user_settings`: how a player wants to be spoken to.

use chassis::clock::utc_text;
use jiff::Timestamp;
use storage::{Database, StorageError, params};

/// A user's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSettings {
    /// `zh-CN` or `en`; without one the language of the user's Discord.
    pub language: Option<String>,
    /// `top`, `jungle`, `mid`, `bot`, `support` or `fill`.
    pub role: Option<String>,
    /// `competitive`, `casual` or `balanced`.
    pub tone: String,
    /// `concise` or `detailed`.
    pub detail: String,
    /// Show the line of figures from the timeline.
    pub timeline: bool,
    /// Whether earlier matches may be remembered and drawn upon.
    pub allow_historical_analysis: bool,
}

impl Default for UserSettings {
    fn default() -> Self {
        Self {
            language: None,
            role: None,
            tone: "balanced".to_owned(),
            detail: "detailed".to_owned(),
            timeline: true,
            allow_historical_analysis: true,
        }
    }
}

/// A user's settings, or the defaults for somebody who never saved any.
pub async fn load(database: &Database, user: &str) -> Result<UserSettings, StorageError> {
    let sql = "SELECT language, role, tone, detail, timeline, allow_historical_analysis \
               FROM user_settings WHERE discord_user_id = $1";
    let Some(row) = database.fetch_optional(sql, &params![user]).await? else {
        return Ok(UserSettings::default());
    };
    Ok(UserSettings {
        language: row.get("language")?,
        role: row.get("role")?,
        tone: row.get("tone")?,
        detail: row.get("detail")?,
        timeline: row.get("timeline")?,
        allow_historical_analysis: row.get("allow_historical_analysis")?,
    })
}

/// Replaces a user's settings.
pub async fn save(
    database: &Database,
    user: &str,
    settings: &UserSettings,
    now: Timestamp,
) -> Result<(), StorageError> {
    let sql = "INSERT INTO user_settings (discord_user_id, language, role, tone, detail, timeline, \
               allow_historical_analysis, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
               ON CONFLICT (discord_user_id) DO UPDATE SET language = excluded.language, role = excluded.role, \
               tone = excluded.tone, detail = excluded.detail, timeline = excluded.timeline, \
               allow_historical_analysis = excluded.allow_historical_analysis, updated_at = excluded.updated_at";
    let values = params![
        user,
        settings.language.as_deref(),
        settings.role.as_deref(),
        &settings.tone,
        &settings.detail,
        settings.timeline,
        settings.allow_historical_analysis,
        utc_text(now)
    ];
    database.execute(sql, &values).await.map(drop)
}

/// Back to the defaults; says whether anything was saved.
pub async fn reset(database: &Database, user: &str) -> Result<bool, StorageError> {
    let sql = "DELETE FROM user_settings WHERE discord_user_id = $1";
    Ok(database.execute(sql, &params![user]).await? == 1)
}
