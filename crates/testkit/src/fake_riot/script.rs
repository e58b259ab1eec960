//! What the fake is told: its rules, and what it does with single requests.

use std::time::Duration;

/// What holds for a whole fake. Limits are in Riot's own form: `20:1,100:120`.
#[derive(Debug, Clone)]
pub struct RiotRules {
    /// The only key that is taken.
    pub key: String,
    /// For each routing value.
    pub app_limits: String,
    /// For each endpoint of each routing value.
    pub method_limits: String,
    /// Every answer is held back for so long after it was counted.
    pub latency: Duration,
}

impl Default for RiotRules {
    /// A personal key with room at every endpoint.
    fn default() -> Self {
        Self {
            key: "RGAPI-fake".to_owned(),
            app_limits: "20:1,100:120".to_owned(),
            method_limits: "2000:10".to_owned(),
            latency: Duration::ZERO,
        }
    }
}

/// An endpoint of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RiotEndpoint {
    /// `/riot/account/v1/accounts/by-riot-id/{name}/{tag}`
    AccountByRiotId,
    /// `/riot/account/v1/accounts/by-puuid/{puuid}`
    AccountByPuuid,
    /// `/riot/account/v1/region/by-game/lol/by-puuid/{puuid}`
    AccountRegion,
    /// `/lol/match/v5/matches/by-puuid/{puuid}/ids`
    MatchIds,
    /// `/lol/match/v5/matches/{id}`
    Match,
    /// `/lol/match/v5/matches/{id}/timeline`
    Timeline,
}

impl RiotEndpoint {
    /// The name in the counters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountByRiotId => "account_by_riot_id",
            Self::AccountByPuuid => "account_by_puuid",
            Self::AccountRegion => "account_region",
            Self::MatchIds => "match_ids",
            Self::Match => "match",
            Self::Timeline => "timeline",
        }
    }
}

/// What is done with one request that has room under the limits, instead of answering it.
#[derive(Debug, Clone, PartialEq)]
pub enum RiotStep {
    /// Answers it, to let some pass between faults.
    Pass,
    /// An error with Riot's body for this status.
    Status(u16),
    /// 429 although the limits have room, as an overloaded service does.
    Refuse {
        /// `X-Rate-Limit-Type`, as `service` or `server`; without it the header is missing.
        kind: Option<String>,
        /// `Retry-After` as it stands in the header; without it the header is missing.
        retry_after: Option<String>,
    },
    /// Answers with these headers instead of the limits' own; one whose value is empty is left out.
    Headers(Vec<(&'static str, String)>),
    /// Waits in real time, then does the other.
    Slow(Duration, Box<Self>),
    /// Reads the request and never answers.
    StallBeforeHeaders,
    /// Sends half of the body, then nothing more.
    StallMidBody,
    /// Sends half of the body, then breaks the connection.
    CutMidBody,
    /// Sends half of the JSON as if it were the whole.
    Truncated,
    /// So many bytes of body, without saying how many.
    Huge(usize),
    /// These bytes as the body.
    Garbage(Vec<u8>),
    /// Resets the connection.
    Reset,
}

impl RiotStep {
    /// A 429 of this type and `Retry-After`.
    pub fn refuse(kind: &str, retry_after: &str) -> Self {
        Self::Refuse { kind: Some(kind.to_owned()), retry_after: Some(retry_after.to_owned()) }
    }
}
