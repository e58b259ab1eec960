//! The match that a command is about, and the player in it, as a person names them.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use chimera_core::{
    match_record::{self, MATCH_LIMIT_BYTES, Match, Participant},
    names::Names,
    timeline::{self, TIMELINE_LIMIT_BYTES, Timeline},
};
use storage::Database;

use super::files;
use crate::store;

/// The documents of one match, as they came.
pub(super) struct Documents {
    match_json: Vec<u8>,
    timeline_json: Option<Vec<u8>>,
    origin: String,
}

impl Documents {
    /// From files.
    pub(super) fn read(match_file: &Path, timeline_file: Option<&PathBuf>) -> anyhow::Result<Self> {
        let timeline_json = timeline_file.map(|path| files::read(path, TIMELINE_LIMIT_BYTES as u64));
        Ok(Self {
            match_json: files::read(match_file, MATCH_LIMIT_BYTES as u64)?,
            timeline_json: timeline_json.transpose()?,
            origin: match_file.display().to_string(),
        })
    }

    /// From the database, where every match stays that was ever reviewed.
    pub(super) async fn stored(database: &Database, match_id: &str) -> anyhow::Result<Self> {
        let found = store::matches::get(database, match_id).await?.with_context(|| {
            format!(
                "the database has no match `{match_id}`; it keeps those that were reviewed, and \
                 `--match FILE` reads a file"
            )
        })?;
        Ok(Self {
            match_json: found.match_json,
            timeline_json: found.timeline_json,
            origin: format!("the stored match {match_id}"),
        })
    }

    /// The match.
    pub(super) fn record(&self) -> anyhow::Result<Match> {
        match_record::parse(&self.match_json).with_context(|| format!("{} cannot be read", self.origin))
    }

    /// The timeline of `found`. One that cannot be read is left out with a word: the review then says that it is
    /// partial. One of another match is refused.
    pub(super) fn timeline(&self, found: &Match) -> anyhow::Result<Option<Timeline<'_>>> {
        let Some(json) = &self.timeline_json else { return Ok(None) };
        let timeline = match timeline::parse(json) {
            Ok(timeline) => timeline,
            Err(error) => {
                eprintln!("warning: the timeline cannot be read and is left out: {error}");
                return Ok(None);
            }
        };
        let (theirs, ours) = (timeline.match_id.as_str(), found.id());
        if !theirs.is_empty() && !ours.is_empty() && theirs != ours {
            bail!("the timeline is of match {theirs} and the match is {ours}");
        }
        Ok(Some(timeline))
    }
}

/// The PUUID of the player that a person means: by PUUID, by `Name#TAG`, or by a champion's name in any language that
/// there are tables in, where only one player had it.
pub(super) fn puuid_of(found: &Match, wanted: &str, names: &[&Names]) -> anyhow::Result<String> {
    let players = || found.info.participants.iter().filter(|it| !it.is_hidden() && !it.is_bot());
    if let Some(player) = found.participant(wanted) {
        return Ok(player.puuid.to_string());
    }
    let is_id = |player: &&Participant| player.riot_id().is_some_and(|id| is_same(&id, wanted));
    let has_champion = |player: &&Participant| {
        let id = player.champion_id.count();
        is_same(&player.champion_name, wanted)
            || names.iter().any(|names| is_same(&names.champion(id), wanted))
    };
    let by_id: Vec<_> = players().filter(is_id).collect();
    let matching = if by_id.is_empty() { players().filter(has_champion).collect() } else { by_id };
    match matching.as_slice() {
        [player] => Ok(player.puuid.to_string()),
        [] => bail!("nobody in match {} is `{wanted}`; there are: {}", found.id(), listed(players())),
        many => bail!(
            "`{wanted}` fits {} players, name one by its Riot ID: {}",
            many.len(),
            listed(many.iter().copied())
        ),
    }
}

fn is_same(left: &str, right: &str) -> bool {
    left.trim().to_lowercase() == right.trim().to_lowercase()
}

fn listed<'a>(players: impl Iterator<Item = &'a Participant>) -> String {
    let one = |player: &Participant| {
        let id = player.riot_id().unwrap_or_else(|| player.puuid.chars().take(12).collect::<String>() + "…");
        format!("{} ({})", crate::discord::markdown::plain_name(&id), &*player.champion_name)
    };
    players.map(one).collect::<Vec<_>>().join(", ")
}
