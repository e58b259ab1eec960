//! What the fake knows: accounts, matches, timelines, and who may see them when.

use std::collections::{BTreeMap, HashMap};

use axum::body::Bytes;
use serde_json::Value;

/// An account.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) puuid: String,
    pub(super) name: String,
    pub(super) tag: String,
    pub(super) platform: String,
}

/// A match as far as lists need it.
#[derive(Debug, Clone, Default)]
struct Listed {
    puuids: Vec<String>,
    queue_id: u64,
    /// When it began, in seconds since 1970.
    began_s: u64,
}

#[derive(Debug, Default)]
pub(super) struct Documents {
    pub(super) accounts: Vec<Account>,
    pub(super) matches: HashMap<String, Bytes>,
    pub(super) timelines: HashMap<String, Bytes>,
    listed: BTreeMap<String, Listed>,
    /// Matches that Riot keeps to itself.
    pub(super) private: Vec<String>,
    /// Documents that are missing for so many more requests.
    pub(super) missing: HashMap<String, u32>,
}

/// What a list is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice {
    pub(super) start: usize,
    pub(super) count: usize,
    pub(super) queue_id: Option<u64>,
    pub(super) from_s: Option<u64>,
    pub(super) to_s: Option<u64>,
}

/// Which routing value serves a platform's matches.
pub(super) fn routing_of(platform: &str) -> &'static str {
    match platform.to_ascii_lowercase().as_str() {
        "na1" | "br1" | "la1" | "la2" | "pbe1" => "americas",
        "kr" | "jp1" => "asia",
        "euw1" | "eun1" | "tr1" | "ru" | "me1" => "europe",
        _ => "sea",
    }
}

impl Documents {
    /// Lists a match for its players; its id, when the document has one.
    pub(super) fn list(&mut self, bytes: &[u8]) -> Option<String> {
        let document: Value = serde_json::from_slice(bytes).ok()?;
        let id = document.pointer("/metadata/matchId")?.as_str()?.to_owned();
        let number = |path: &str| document.pointer(path).and_then(Value::as_u64).unwrap_or(0);
        let puuids = document.pointer("/metadata/participants").and_then(Value::as_array);
        let puuids = puuids.into_iter().flatten().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
        let began_s = number("/info/gameCreation") / 1_000;
        self.listed.insert(id.clone(), Listed { puuids, queue_id: number("/info/queueId"), began_s });
        Some(id)
    }

    /// Lists a match for one player, whether there is a document or not.
    pub(super) fn list_as(&mut self, id: &str, puuid: &str, queue_id: u64, began_s: u64) {
        let listed = self.listed.entry(id.to_owned()).or_default();
        listed.puuids.push(puuid.to_owned());
        (listed.queue_id, listed.began_s) = (queue_id, began_s);
    }

    /// A player's matches in one routing value, newest first. At most the last 1,000, as Riot has it.
    pub(super) fn ids(&self, routing: &str, puuid: &str, slice: Slice) -> Vec<String> {
        let fits = |(id, listed): &(&String, &Listed)| {
            let platform = id.split('_').next().unwrap_or_default();
            routing_of(platform) == routing
                && listed.puuids.iter().any(|known| known == puuid)
                && slice.queue_id.is_none_or(|queue_id| queue_id == listed.queue_id)
                && slice.from_s.is_none_or(|from| listed.began_s >= from)
                && slice.to_s.is_none_or(|to| listed.began_s <= to)
        };
        let mut found: Vec<_> = self.listed.iter().filter(fits).collect();
        found.sort_by_key(|(id, listed)| std::cmp::Reverse((listed.began_s, (*id).clone())));
        let found = found.into_iter().take(1_000).skip(slice.start).take(slice.count);
        found.map(|(id, _)| id.clone()).collect()
    }

    /// Whether a document is missing this time; each time brings it nearer.
    pub(super) fn is_missing_now(&mut self, id: &str) -> bool {
        match self.missing.get_mut(id) {
            Some(0) | None => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}
