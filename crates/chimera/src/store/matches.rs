//! Rows of `matches` and `match_participants`: what Riot sent, kept for ever because a finished match never changes.

use std::io::{Read, Write};

use chassis::clock::utc_text;
use chimera_core::{
    match_record::{self, Match},
    mode::{self, Mode},
};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use jiff::Timestamp;
use storage::{Database, Row, StorageError, params};

/// What a stored document may grow to when it is unpacked.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// A match as Riot sent it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredMatch {
    /// Such as `NA1_4567890123`.
    pub match_id: String,
    /// In lower case, such as `na1`.
    pub platform: String,
    /// Riot's number of the queue.
    pub queue_id: i64,
    /// Such as `CLASSIC`.
    pub game_mode: String,
    /// Such as `16.3.742.1234`.
    pub game_version: String,
    /// UTC text.
    pub started_at: String,
    /// How long it took.
    pub duration_ms: i64,
    /// The match document.
    pub match_json: Vec<u8>,
    /// The timeline document; some matches have none, and some get theirs later.
    pub timeline_json: Option<Vec<u8>>,
    /// Who played; filled for writing, empty after [`get`].
    pub participants: Vec<Participant>,
}

/// Somebody in a match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Participant {
    /// Number within the match.
    pub participant_id: i64,
    /// Riot's id of the account; `BOT` for some that are none.
    pub puuid: String,
    /// Riot's number of the champion.
    pub champion_id: i64,
    /// Riot's number of the team.
    pub team_id: i64,
    /// Whether the team won.
    pub win: bool,
    /// Kills.
    pub kills: i64,
    /// Deaths.
    pub deaths: i64,
    /// Assists.
    pub assists: i64,
}

impl StoredMatch {
    /// The row of a match that was read from `match_json`.
    #[must_use]
    pub fn of(found: &Match, match_json: Vec<u8>, timeline_json: Option<Vec<u8>>) -> Self {
        let started_at_ms = i64::try_from(found.started_at_ms()).unwrap_or(0);
        let started_at = Timestamp::from_millisecond(started_at_ms).unwrap_or_default();
        let is_arena = mode::of(found) == Mode::Arena;
        let participant = |it: &match_record::Participant| Participant {
            participant_id: it.id().0.into(),
            puuid: without_nul(&it.puuid),
            champion_id: it.champion_id.count().into(),
            team_id: it.team(is_arena).0.into(),
            win: it.win.is_set(),
            kills: it.kills.count().into(),
            deaths: it.deaths.count().into(),
            assists: it.assists.count().into(),
        };
        Self {
            match_id: without_nul(found.id()),
            platform: found.platform().unwrap_or_default().to_ascii_lowercase(),
            queue_id: found.info.queue_id.count().into(),
            game_mode: without_nul(&found.info.game_mode),
            game_version: without_nul(&found.info.game_version),
            started_at: utc_text(started_at),
            duration_ms: i64::try_from(found.duration().as_millis()).unwrap_or(i64::MAX),
            match_json,
            timeline_json,
            participants: found.info.participants.iter().map(participant).collect(),
        }
    }
}

/// Text columns cannot hold U+0000, and a document may.
fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

/// Stores a match with its participants. For one that is known only a missing timeline is added.
pub async fn put(database: &Database, new: &StoredMatch, now: Timestamp) -> Result<(), StorageError> {
    let (match_json, timeline_json) =
        (packed(&new.match_json)?, new.timeline_json.as_deref().map(packed).transpose()?);
    let mut transaction = database.begin().await?;
    let sql = "INSERT INTO matches (match_id, platform, queue_id, game_mode, game_version, started_at, duration_ms, \
               match_json, timeline_json, fetched_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
               ON CONFLICT (match_id) DO UPDATE SET \
               timeline_json = coalesce(matches.timeline_json, excluded.timeline_json)";
    let values = params![
        &new.match_id,
        &new.platform,
        new.queue_id,
        &new.game_mode,
        &new.game_version,
        &new.started_at,
        new.duration_ms,
        match_json,
        timeline_json,
        utc_text(now)
    ];
    transaction.execute(sql, &values).await?;
    for participant in &new.participants {
        let sql = "INSERT INTO match_participants (match_id, participant_id, puuid, champion_id, team_id, win, kills, \
                   deaths, assists) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
                   ON CONFLICT (match_id, participant_id) DO NOTHING";
        let values = params![
            &new.match_id,
            participant.participant_id,
            &participant.puuid,
            participant.champion_id,
            participant.team_id,
            participant.win,
            participant.kills,
            participant.deaths,
            participant.assists
        ];
        transaction.execute(sql, &values).await?;
    }
    transaction.commit().await
}

/// A match as Riot sent it, unpacked.
pub async fn get(database: &Database, match_id: &str) -> Result<Option<StoredMatch>, StorageError> {
    let sql = "SELECT match_id, platform, queue_id, game_mode, game_version, started_at, duration_ms, match_json, \
               timeline_json FROM matches WHERE match_id = $1";
    database.fetch_optional(sql, &params![match_id]).await?.as_ref().map(stored).transpose()
}

fn stored(row: &Row) -> Result<StoredMatch, StorageError> {
    let timeline: Option<Vec<u8>> = row.get("timeline_json")?;
    Ok(StoredMatch {
        match_id: row.get("match_id")?,
        platform: row.get("platform")?,
        queue_id: row.get("queue_id")?,
        game_mode: row.get("game_mode")?,
        game_version: row.get("game_version")?,
        started_at: row.get("started_at")?,
        duration_ms: row.get("duration_ms")?,
        match_json: unpacked(&row.get::<Vec<u8>>("match_json")?)?,
        timeline_json: timeline.as_deref().map(unpacked).transpose()?,
        participants: Vec::new(),
    })
}

/// Who played in a match, by number.
pub async fn participants(database: &Database, match_id: &str) -> Result<Vec<Participant>, StorageError> {
    let sql = "SELECT participant_id, puuid, champion_id, team_id, win, kills, deaths, assists \
               FROM match_participants WHERE match_id = $1 ORDER BY participant_id";
    database.fetch_all(sql, &params![match_id]).await?.iter().map(participant).collect()
}

fn participant(row: &Row) -> Result<Participant, StorageError> {
    Ok(Participant {
        participant_id: row.get("participant_id")?,
        puuid: row.get("puuid")?,
        champion_id: row.get("champion_id")?,
        team_id: row.get("team_id")?,
        win: row.get("win")?,
        kills: row.get("kills")?,
        deaths: row.get("deaths")?,
        assists: row.get("assists")?,
    })
}

fn packed(document: &[u8]) -> Result<Vec<u8>, StorageError> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(document).and_then(|()| encoder.finish());
    written.map_err(|error| StorageError::Other { detail: format!("a match could not be packed: {error}") })
}

fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, StorageError> {
    let unreadable = |reason: String| StorageError::Other {
        detail: format!(
            "a stored match cannot be unpacked: {reason}; delete its row to have it fetched again"
        ),
    };
    let mut document = Vec::new();
    let mut decoder = GzDecoder::new(bytes).take(MOST_BYTES + 1);
    decoder.read_to_end(&mut document).map_err(|error| unreadable(error.to_string()))?;
    if document.len() as u64 > MOST_BYTES {
        return Err(unreadable(format!("it is larger than {MOST_BYTES} bytes")));
    }
    Ok(document)
}
