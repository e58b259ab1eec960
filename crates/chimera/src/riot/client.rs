//! The client: one call in, one answer or one plain reason out.

mod content;
mod exchange;
mod flights;
mod keys;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use bytes::Bytes;
use chassis::{Clock, Secret};
use moka::sync::Cache;
use serde::Deserialize;

use self::{exchange::Exchanger, flights::Flights, keys::Keys};
use super::{Platform, Region, RiotError, endpoint::Call, routing};

/// What the client is told at the start.
#[derive(Clone, Debug)]
pub struct RiotSettings {
    /// The key; empty when there is none, which is an error of each call and not of the start.
    pub api_key: Secret,
    /// Another address than Riot's, `{routing}` in it standing for the region: for tests and mirrors.
    pub base_url: Option<String>,
    /// For a connection to stand.
    pub connect_timeout: Duration,
    /// For one answer to be complete.
    pub request_timeout: Duration,
    /// How long a call may wait for room under the limits, its own tries included.
    pub longest_wait: Duration,
    /// How often a call is tried again after a fault of the network or of Riot's servers.
    pub retries: u32,
    /// Fewer requests at once in a region than its limits would have. With 1, no change of a limit and no overload of
    /// Riot's can ever refuse two requests of ours at a time.
    pub most_at_once: Option<u32>,
    /// How many programs send with this key, this one included. Each takes an equal part of every limit; without it,
    /// programs learn of each other by Riot's counts, and now and then by a refusal.
    pub key_users: u32,
    /// The largest answer that is read.
    pub max_body_bytes: usize,
    /// Memory for matches and timelines, which never change.
    pub cache_bytes: u64,
}

impl Default for RiotSettings {
    fn default() -> Self {
        Self {
            api_key: Secret::default(),
            base_url: None,
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(15),
            longest_wait: Duration::from_secs(45),
            retries: 2,
            most_at_once: None,
            key_users: 1,
            max_body_bytes: 8 * 1024 * 1024,
            cache_bytes: 64 * 1024 * 1024,
        }
    }
}

/// An account as Riot knows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RiotAccount {
    /// The id that everything else hangs on. It differs from key to key.
    pub puuid: String,
    /// The name before the `#`, as the player writes it today. Empty when Riot keeps it to itself.
    #[serde(default)]
    pub game_name: String,
    /// The tag after the `#`.
    #[serde(default)]
    pub tag_line: String,
}

/// A client of Riot's API. Clones share limits, cache and key.
///
/// Every call waits for its turn, at most [`RiotSettings::longest_wait`]. Dropping a call cancels it, unless another
/// caller waits for the same resource.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    exchanger: Arc<Exchanger>,
    flights: Flights,
    documents: Cache<Call, Bytes>,
    /// Matches that Riot refused while it took the key.
    private: Cache<String, ()>,
}

impl Client {
    /// Sends nothing yet.
    ///
    /// # Errors
    /// When the address is none, or the machine's certificates cannot be read.
    pub fn new(settings: RiotSettings, clock: Clock) -> anyhow::Result<Self> {
        let weight = |call: &Call, bytes: &Bytes| {
            u32::try_from(bytes.len() + size_of_val(call) + 256).unwrap_or(u32::MAX)
        };
        let documents = Cache::builder().weigher(weight).max_capacity(settings.cache_bytes).build();
        let private = Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(3_600)).build();
        let exchanger = Exchanger::new(settings, clock).context("setting up the client of Riot's API")?;
        Ok(Self(Arc::new(Inner {
            exchanger: Arc::new(exchanger),
            flights: Flights::default(),
            documents,
            private,
        })))
    }

    /// Replaces the key for all clones, without a restart. A refusal of the old key is forgotten.
    pub fn set_key(&self, key: &Secret) {
        self.keys().set(key);
    }

    /// Whether a key is there and was not refused lately. Sends nothing.
    ///
    /// # Errors
    /// [`RiotError::KeyMissing`] or [`RiotError::KeyRejected`].
    pub fn check_key(&self) -> Result<(), RiotError> {
        self.keys().current().map(drop)
    }

    /// The account behind `name#tag`. Any region knows every account; the nearest is the quickest.
    ///
    /// # Errors
    /// Every [`RiotError`] but those about matches.
    pub async fn account_by_riot_id(
        &self,
        region: Region,
        name: &str,
        tag: &str,
    ) -> Result<RiotAccount, RiotError> {
        let bytes = self.fetch(Call::account_by_riot_id(region, name, tag)).await?;
        content::read(&bytes, "an account without a PUUID")
    }

    /// The account with this PUUID, for its name of today.
    ///
    /// # Errors
    /// As [`Client::account_by_riot_id`]; [`RiotError::BadRequest`] when the PUUID belongs to another key.
    pub async fn account_by_puuid(&self, region: Region, puuid: &str) -> Result<RiotAccount, RiotError> {
        let bytes = self.fetch(Call::account_by_puuid(region, puuid)).await?;
        content::read(&bytes, "an account without a PUUID")
    }

    /// The platform where an account plays League of Legends now.
    ///
    /// # Errors
    /// As [`Client::account_by_puuid`]; [`RiotError::NotFound`] for one who never played.
    pub async fn platform_of_account(&self, region: Region, puuid: &str) -> Result<Platform, RiotError> {
        #[derive(Deserialize)]
        struct Shard {
            region: String,
        }
        let bytes = self.fetch(Call::account_region(region, puuid)).await?;
        let shard: Shard = content::read(&bytes, "an account without a region")?;
        routing::alias_to_platform(&shard.region).ok_or(RiotError::Malformed { what: "an unknown platform" })
    }

    /// The ids of a player's matches, newest first: `count` (at most 100) from `start` on, of one queue or of all.
    ///
    /// # Errors
    /// As [`Client::account_by_puuid`]. An unknown player is an empty list.
    pub async fn match_ids(
        &self,
        puuid: &str,
        platform: Platform,
        start: u32,
        count: u32,
        queue_id: Option<u32>,
    ) -> Result<Vec<String>, RiotError> {
        let count = count.clamp(1, 100);
        let bytes = self.fetch(Call::match_ids(platform.region(), puuid, start, count, queue_id)).await?;
        let mut ids: Vec<String> = content::read(&bytes, "a list that is none of matches")?;
        ids.retain(|id| routing::platform_of_match_id(id).is_some());
        Ok(ids)
    }

    /// A match as Riot sends it: whole, JSON, and the one that was asked for. Later calls get it from memory.
    ///
    /// # Errors
    /// [`RiotError::NotFound`], which for a listed match means "not yet" (see [`RiotError::when_listed`]);
    /// [`RiotError::NotShared`] for a private mode, told apart from a refused key by asking for an account.
    pub async fn match_json(&self, match_id: &str) -> Result<Bytes, RiotError> {
        let platform = routing::platform_of_match_id(match_id).ok_or(RiotError::NotFound)?;
        self.document(Call::match_record(platform.region(), &match_id.to_ascii_uppercase())).await
    }

    /// The timeline of a match. Riot keeps timelines for a year, so an old match may have none.
    ///
    /// # Errors
    /// As [`Client::match_json`].
    pub async fn timeline_json(&self, match_id: &str) -> Result<Bytes, RiotError> {
        let platform = routing::platform_of_match_id(match_id).ok_or(RiotError::NotFound)?;
        self.document(Call::timeline(platform.region(), &match_id.to_ascii_uppercase())).await
    }

    async fn document(&self, call: Call) -> Result<Bytes, RiotError> {
        if let Some(bytes) = self.0.documents.get(&call) {
            return Ok(bytes);
        }
        if call.match_id().is_some_and(|id| self.0.private.contains_key(id)) {
            return Err(RiotError::NotShared);
        }
        let accepted_before = self.keys().accepted();
        match self.fetch(call.clone()).await {
            Ok(bytes) => {
                self.0.documents.insert(call, bytes.clone());
                Ok(bytes)
            }
            Err(RiotError::NotShared) => {
                // Another call may have shown meanwhile that the key is good.
                if self.keys().accepted() == accepted_before {
                    self.probe_key(call.region).await?;
                }
                call.match_id().into_iter().for_each(|id| self.0.private.insert(id.to_owned(), ()));
                Err(RiotError::NotShared)
            }
            Err(error) => Err(error),
        }
    }

    /// Asks for an account: whether it is found or not, who answers that took the key.
    async fn probe_key(&self, region: Region) -> Result<(), RiotError> {
        match self.fetch(Call::account_by_riot_id(region, "key check", "none")).await {
            Ok(_) | Err(RiotError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// One request for all who ask for the same at the same time.
    async fn fetch(&self, call: Call) -> Result<Bytes, RiotError> {
        let exchanger = Arc::clone(&self.0.exchanger);
        self.0.flights.join(call, |call| async move { exchanger.fetch(&call).await }).await
    }

    fn keys(&self) -> &Keys {
        self.0.exchanger.keys()
    }
}
