//! The calls we make, with their names, paths and the host that answers them.

use reqwest::Url;

use super::{Region, RiotError};

/// A method of Riot's API. Each has a limit of its own in each region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// An account by its Riot ID.
    AccountByRiotId,
    /// An account by its PUUID.
    AccountByPuuid,
    /// The platform that an account plays League of Legends on.
    AccountRegion,
    /// The ids of a player's matches.
    MatchIds,
    /// A match.
    Match,
    /// The timeline of a match.
    Timeline,
}

/// One request, as far as it says what is asked for. Two equal calls have one answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Call {
    pub(super) endpoint: Endpoint,
    pub(super) region: Region,
    /// The parts of the path that vary, not encoded.
    segments: Vec<String>,
    query: Vec<(&'static str, String)>,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 6] = [
        Self::AccountByRiotId,
        Self::AccountByPuuid,
        Self::AccountRegion,
        Self::MatchIds,
        Self::Match,
        Self::Timeline,
    ];

    /// The label of the metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountByRiotId => "account_by_riot_id",
            Self::AccountByPuuid => "account_by_puuid",
            Self::AccountRegion => "account_region",
            Self::MatchIds => "match_ids",
            Self::Match => "match",
            Self::Timeline => "timeline",
        }
    }

    /// Whether a 403 may mean that Riot does not share this match, and not that it refuses the key.
    pub(super) const fn may_be_private(self) -> bool {
        matches!(self, Self::Match | Self::Timeline)
    }
}

impl Call {
    pub(super) fn account_by_riot_id(region: Region, name: &str, tag: &str) -> Self {
        Self::new(Endpoint::AccountByRiotId, region.for_accounts(), &[name, tag])
    }

    pub(super) fn account_by_puuid(region: Region, puuid: &str) -> Self {
        Self::new(Endpoint::AccountByPuuid, region.for_accounts(), &[puuid])
    }

    pub(super) fn account_region(region: Region, puuid: &str) -> Self {
        Self::new(Endpoint::AccountRegion, region.for_accounts(), &[puuid])
    }

    pub(super) fn match_ids(
        region: Region,
        puuid: &str,
        start: u32,
        count: u32,
        queue_id: Option<u32>,
    ) -> Self {
        let mut call = Self::new(Endpoint::MatchIds, region, &[puuid]);
        call.query = vec![("start", start.to_string()), ("count", count.to_string())];
        call.query.extend(queue_id.map(|queue_id| ("queue", queue_id.to_string())));
        call
    }

    pub(super) fn match_record(region: Region, match_id: &str) -> Self {
        Self::new(Endpoint::Match, region, &[match_id])
    }

    pub(super) fn timeline(region: Region, match_id: &str) -> Self {
        Self::new(Endpoint::Timeline, region, &[match_id])
    }

    /// The match that is asked for, when one is.
    pub(super) fn match_id(&self) -> Option<&str> {
        let is_match = matches!(self.endpoint, Endpoint::Match | Endpoint::Timeline);
        self.segments.first().filter(|_| is_match).map(String::as_str)
    }

    fn new(endpoint: Endpoint, region: Region, segments: &[&str]) -> Self {
        let segments = segments.iter().map(|segment| (*segment).to_owned()).collect();
        Self { endpoint, region, segments, query: Vec::new() }
    }

    /// The address, below `base` in which `{routing}` stands for the region.
    ///
    /// Names that could not be part of an account (empty, far too long, or `..`, which would be another path) are
    /// not found without asking.
    pub(super) fn url(&self, base: &str) -> Result<Url, RiotError> {
        let is_odd = |text: &String| {
            let length = text.chars().count();
            length == 0
                || length > 128
                || text.chars().all(|c| c == '.')
                || text.chars().any(char::is_control)
        };
        if self.segments.iter().any(is_odd) {
            return Err(RiotError::NotFound);
        }
        let base = base.replace("{routing}", self.region.as_str());
        let mut url =
            Url::parse(&base).map_err(|error| RiotError::Unreachable { reason: error.to_string() })?;
        let first = self.segments.first().map_or("", String::as_str);
        let fixed: (&[&str], &[&str]) = match self.endpoint {
            Endpoint::AccountByRiotId => (&["riot", "account", "v1", "accounts", "by-riot-id"], &[]),
            Endpoint::AccountByPuuid => (&["riot", "account", "v1", "accounts", "by-puuid"], &[]),
            Endpoint::AccountRegion => {
                (&["riot", "account", "v1", "region", "by-game", "lol", "by-puuid"], &[])
            }
            Endpoint::MatchIds => (&["lol", "match", "v5", "matches", "by-puuid"], &["ids"]),
            Endpoint::Match => (&["lol", "match", "v5", "matches"], &[]),
            Endpoint::Timeline => (&["lol", "match", "v5", "matches"], &["timeline"]),
        };
        {
            let mut path = url
                .path_segments_mut()
                .map_err(|()| RiotError::Unreachable { reason: "the base address has no path".to_owned() })?;
            path.pop_if_empty().extend(fixed.0).push(first);
            path.extend(self.segments.iter().skip(1)).extend(fixed.1);
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_riots_and_names_stay_names() {
        let check = |call: &Call, expected: &str| {
            let url = call.url("https://{routing}.api.riotgames.com").unwrap();
            assert_eq!(url.as_str(), format!("https://{expected}"));
        };
        let name = |name: &str, tag: &str| Call::account_by_riot_id(Region::Sea, name, tag);
        let accounts = "asia.api.riotgames.com/riot/account/v1";
        check(&name("Hide on bush", "KR1"), &format!("{accounts}/accounts/by-riot-id/Hide%20on%20bush/KR1"));
        check(
            &name("a/../b?c#d%41", "x"),
            &format!("{accounts}/accounts/by-riot-id/a%2F..%2Fb%3Fc%23d%2541/x"),
        );
        check(&name("雨", "CN"), &format!("{accounts}/accounts/by-riot-id/%E9%9B%A8/CN"));
        check(&Call::account_by_puuid(Region::Asia, "p-1_x"), &format!("{accounts}/accounts/by-puuid/p-1_x"));
        check(&Call::account_region(Region::Asia, "p"), &format!("{accounts}/region/by-game/lol/by-puuid/p"));
        let matches = "sea.api.riotgames.com/lol/match/v5/matches";
        check(
            &Call::match_ids(Region::Sea, "p", 0, 20, Some(420)),
            &format!("{matches}/by-puuid/p/ids?start=0&count=20&queue=420"),
        );
        check(&Call::match_record(Region::Sea, "OC1_1"), &format!("{matches}/OC1_1"));
        check(&Call::timeline(Region::Sea, "OC1_1"), &format!("{matches}/OC1_1/timeline"));
    }

    #[test]
    fn a_base_may_have_a_path() {
        let url = Call::match_record(Region::Europe, "EUW1_1").url("http://127.0.0.1:9/{routing}/").unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:9/europe/lol/match/v5/matches/EUW1_1");
    }

    #[test]
    fn what_cannot_be_a_name_is_not_found() {
        for (name, tag) in
            [("", "x"), ("x", ""), ("..", "x"), ("x", "."), ("a\nb", "x"), (&*"x".repeat(200), "x")]
        {
            let call = Call::account_by_riot_id(Region::Asia, name, tag);
            assert_eq!(call.url("http://h/"), Err(RiotError::NotFound), "{name}#{tag}");
        }
    }
}
