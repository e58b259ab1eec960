//! Match and timeline: from the store when they are there, from Riot otherwise, and kept then.

use chimera_core::match_record::{self, Match};

use crate::{
    app::App,
    riot::RiotError,
    store::matches::{self, StoredMatch},
};

use super::trouble::Trouble;

/// A match that can be scored.
pub(super) struct Documents {
    /// The match.
    pub(super) record: Match,
    /// Its timeline as Riot sent it, where Riot has one.
    pub(super) timeline_json: Option<Vec<u8>>,
}

/// Reads a match and its timeline, fetching what is missing. `attempt` counts the tries of the job from 1: a new match
/// may be listed for minutes before it is there.
pub(super) async fn load(app: &App, match_id: &str, attempt: u32) -> Result<Documents, Trouble> {
    let stored = match matches::get(&app.database, match_id).await? {
        Some(StoredMatch { timeline_json: None, match_json, .. }) => {
            fetch_timeline_of(app, match_id, match_json).await?
        }
        Some(stored) => stored,
        None => fetch(app, match_id, attempt).await?,
    };
    Ok(Documents { record: read(&stored.match_json)?, timeline_json: stored.timeline_json })
}

async fn fetch(app: &App, match_id: &str, attempt: u32) -> Result<StoredMatch, Trouble> {
    let (found, line) = tokio::join!(app.riot.match_json(match_id), app.riot.timeline_json(match_id));
    let match_json = found.map_err(|error| error.when_listed(attempt))?.to_vec();
    let record = read(&match_json)?;
    let timeline_json = optional(line.map(|bytes| bytes.to_vec()))?;
    let stored = to_store(match_id, &record, match_json, timeline_json);
    keep(app, &stored).await?;
    Ok(stored)
}

/// A match that was kept without a timeline: Riot may have it by now.
async fn fetch_timeline_of(app: &App, match_id: &str, match_json: Vec<u8>) -> Result<StoredMatch, Trouble> {
    let timeline_json = match app.riot.timeline_json(match_id).await {
        Ok(bytes) => Some(bytes.to_vec()),
        // The match is here, so the review goes on without it.
        Err(_) => None,
    };
    let record = read(&match_json)?;
    let stored = to_store(match_id, &record, match_json, timeline_json);
    if stored.timeline_json.is_some() {
        keep(app, &stored).await?;
    }
    Ok(stored)
}

/// A timeline that Riot does not have is no fault; one that could not be had now is.
fn optional(fetched: Result<Vec<u8>, RiotError>) -> Result<Option<Vec<u8>>, Trouble> {
    match fetched {
        Ok(bytes) => Ok(Some(bytes)),
        Err(RiotError::NotFound | RiotError::NotShared | RiotError::TooLarge { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn read(json: &[u8]) -> Result<Match, Trouble> {
    match_record::parse(json).map_err(|error| Trouble::Unreadable { reason: error.to_string() })
}

async fn keep(app: &App, stored: &StoredMatch) -> Result<(), Trouble> {
    Ok(matches::put(&app.database, stored, app.clock.now()).await?)
}

/// Under the id that it was asked for by: that is what the next request looks for.
fn to_store(
    match_id: &str,
    record: &Match,
    match_json: Vec<u8>,
    timeline_json: Option<Vec<u8>>,
) -> StoredMatch {
    StoredMatch { match_id: match_id.to_owned(), ..StoredMatch::of(record, match_json, timeline_json) }
}
