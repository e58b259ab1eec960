//! Riot's match document, read leniently.
//!
//! Unknown fields are skipped, absent ones stay "not known", and a field of a surprising type never fails the
//! match: the score says by a mark that something was missing. Only a document that is not JSON, too large, or
//! without its outer shape is refused.

use std::time::Duration;

use serde::Deserialize;

use crate::loose::{self, Number, Text};

mod ids;
mod participant;
mod read;

pub use ids::{ParticipantId, TeamId};
pub use participant::{Participant, PerkSelection, PerkStyle, Perks, Role, StatPerks};
pub use read::RecordError;
pub(crate) use read::{check_size, json_error, wrong_shape};

/// The largest match document that is read; real ones are below 200 KB.
pub const MATCH_LIMIT_BYTES: usize = 8 * 1024 * 1024;

/// The most players that are read; no mode has more than 18.
pub const MOST_PLAYERS: usize = 64;

/// From this many on, a duration is in milliseconds: no game lasts 27 hours, and none ends within 100 ms.
const FIRST_MILLISECONDS: f64 = 100_000.0;

/// A finished match.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Match {
    /// The identifier and who took part.
    #[serde(deserialize_with = "loose::object")]
    pub metadata: Metadata,
    /// Everything else.
    #[serde(deserialize_with = "loose::object")]
    pub info: Info,
    /// Lines of players without a number of their own; they are left out.
    #[serde(skip)]
    pub nameless_players: usize,
}

/// The identifier of a match.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Metadata {
    /// For example `EUW1_7684569678`.
    pub match_id: Text,
}

/// What happened, in totals.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Info {
    /// Riot's queue number.
    pub queue_id: Number,
    /// Riot's map number.
    pub map_id: Number,
    /// For example `CLASSIC`, `ARAM`, `CHERRY`.
    pub game_mode: Text,
    /// The version of the game, for example `16.1.736.1234`.
    pub game_version: Text,
    /// When the lobby closed, milliseconds since 1970.
    pub game_creation: Number,
    /// When the game began, milliseconds since 1970.
    pub game_start_timestamp: Number,
    /// When the game ended; absent before patch 11.20.
    pub game_end_timestamp: Number,
    /// In milliseconds before patch 11.20, in seconds since: ask [`Match::duration`].
    pub game_duration: Number,
    /// For example `GameComplete`, `Abort_Unexpected`; absent before 2024.
    pub end_of_game_result: Text,
    /// One line a player, by ascending number whatever the order in the document.
    #[serde(deserialize_with = "loose::objects")]
    pub participants: Vec<Participant>,
}

/// Reads a match document; at most [`MATCH_LIMIT_BYTES`].
pub fn parse(json: &[u8]) -> Result<Match, RecordError> {
    check_size("match", json, MATCH_LIMIT_BYTES)?;
    let mut found: Match = read::match_document(json)?;
    let stated = found.info.participants.len();
    if stated > MOST_PLAYERS {
        let reason = format!("it lists {stated} players, at most {MOST_PLAYERS} are read");
        return Err(RecordError::WrongShape { what: "match", reason });
    }
    found.info.participants.retain(|participant| participant.id().0 > 0);
    found.info.participants.sort_by_key(Participant::id);
    found.info.participants.dedup_by_key(|participant| participant.id());
    found.nameless_players = stated - found.info.participants.len();
    Ok(found)
}

impl Match {
    /// The identifier, empty where the document has none.
    pub fn id(&self) -> &str {
        &self.metadata.match_id
    }

    /// The player with this PUUID. Empty PUUIDs and those of bots belong to nobody.
    pub fn participant(&self, puuid: &str) -> Option<&Participant> {
        let named = !puuid.is_empty() && puuid != participant::BOT;
        self.info.participants.iter().find(|participant| named && &*participant.puuid == puuid)
    }

    /// The player with this number.
    pub fn participant_by_id(&self, id: ParticipantId) -> Option<&Participant> {
        self.info.participants.iter().find(|participant| participant.id() == id)
    }

    /// The platform that the identifier begins with, for example `EUW1`.
    pub fn platform(&self) -> Option<&str> {
        let (platform, _) = self.id().split_once('_')?;
        let is_platform =
            (2..=5).contains(&platform.len()) && platform.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_platform.then_some(platform)
    }

    /// How long the game took.
    ///
    /// The unit is told by size. Riot's rule (seconds when an end is stated, else milliseconds) gives the same on
    /// every game that can exist, and this one also holds where the end was lost.
    pub fn duration(&self) -> Duration {
        let stated = self.info.game_duration.value();
        let millis = if stated < FIRST_MILLISECONDS { stated * 1000.0 } else { stated };
        if millis > 0.0 {
            return Duration::from_millis(millis as u64);
        }
        let played = self.info.participants.iter().map(|participant| participant.time_played.large()).max();
        Duration::from_secs(played.unwrap_or(0))
    }

    /// When the game began, milliseconds since 1970; 0 where that is not known.
    pub fn started_at_ms(&self) -> u64 {
        let start = self.info.game_start_timestamp.known().filter(|&start| start > 0.0);
        start.unwrap_or(self.info.game_creation.value()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_duration(json: &str, expected_ms: u128) {
        let found = parse(json.as_bytes()).unwrap();
        assert_eq!(found.duration().as_millis(), expected_ms, "{json}");
    }

    #[test]
    fn the_unit_of_a_duration_is_found() {
        check_duration(r#"{"info":{"gameDuration":1895949}}"#, 1_895_949);
        check_duration(r#"{"info":{"gameDuration":1763,"gameEndTimestamp":1767000000000}}"#, 1_763_000);
        check_duration(r#"{"info":{"gameDuration":1800}}"#, 1_800_000);
        check_duration(r#"{"info":{"gameDuration":235110}}"#, 235_110);
        check_duration(r#"{"info":{"participants":[{"participantId":1,"timePlayed":900}]}}"#, 900_000);
        check_duration(r#"{"info":{"gameDuration":-4}}"#, 0);
    }

    #[track_caller]
    fn check_platform(id: &str, expected: Option<&str>) {
        let json = format!(r#"{{"metadata":{{"matchId":"{id}"}},"info":{{}}}}"#);
        assert_eq!(parse(json.as_bytes()).unwrap().platform(), expected, "{id}");
    }

    #[test]
    fn the_platform_is_the_prefix() {
        check_platform("EUW1_123", Some("EUW1"));
        check_platform("KR_1", Some("KR"));
        check_platform("_1", None);
        check_platform("../etc_1", None);
        check_platform("KR1", None);
    }

    #[track_caller]
    fn check_error(json: &[u8], expected: &str) {
        assert_eq!(parse(json).unwrap_err().to_string(), expected);
    }

    #[test]
    fn an_error_says_what_and_where() {
        check_error(
            b"{\"info\":\n {\"participants\": [}",
            "the match is not JSON: line 2, column 20: expected value",
        );
        check_error(b"", "the match is not JSON: line 1, column 0: EOF while parsing a value");
        check_error(b"[]", "the match is not a document of Riot: it is not an object");
        check_error(b"{\"metadata\":{}}", "the match is not a document of Riot: `info` is missing");
        check_error(b"{\"info\":7}", "the match is not a document of Riot: `info` is not an object");
        let crowd = format!("{{\"info\":{{\"participants\":[{}{{}}]}}}}", "{},".repeat(64));
        check_error(
            crowd.as_bytes(),
            "the match is not a document of Riot: it lists 65 players, at most 64 are read",
        );
        check_error(
            &vec![b' '; MATCH_LIMIT_BYTES + 1],
            "the match has 8388609 bytes, at most 8388608 are read",
        );
    }

    #[test]
    fn broken_fields_are_not_known() {
        let json = br#"{"info":{"gameDuration":"long","participants":[
            {"participantId":1,"kills":"3","deaths":-2,"assists":2.0,"win":"yes","championName":5,"perks":[]},
            {"participantId":1,"kills":9}, {"kills":4}, 7, null]}}"#;
        let found = parse(json).unwrap();
        let [only] = found.info.participants.as_slice() else { panic!("one player is left") };
        assert_eq!((only.kills.known(), only.deaths.known(), only.assists.known()), (None, None, Some(2.0)));
        assert_eq!((only.win.known(), &*only.champion_name), (None, ""));
    }
}
