//! Puts the review of one player together.

use super::facts::{build, outcome, player_facts};
use super::line::timeline_line;
use super::{PlayerFacts, REPORT_FORMAT, Review, ReviewError};
use crate::evidence;
use crate::match_record::{Match, Participant};
use crate::mode::Mode;
use crate::score::facts::Facts;
use crate::score::score_facts;
use crate::team;
use crate::teamfight;
use crate::timeline::Timeline;

/// How many fights a review carries.
const FIGHTS: usize = 5;

/// Reviews one player's match. Hidden players and bots cannot be reviewed; they are counted for the others.
pub fn review(found: &Match, timeline: Option<&Timeline<'_>>, puuid: &str) -> Result<Review, ReviewError> {
    let index = find(found, puuid)?;
    let facts = Facts::gather(found, timeline);
    let scores = score_facts(&facts, timeline);
    let player = &facts.players()[index];
    let fights = teamfight::fights(&facts);
    let deltas = team::deltas(&facts, &scores, index);
    let (strengths, improvements) = team::standing(&facts, &scores, index);
    let others: Vec<PlayerFacts> = facts
        .players()
        .iter()
        .filter(|other| other.id() != player.id())
        .map(|other| player_facts(&facts, &scores, other))
        .collect();
    let among_others =
        |wanted: &dyn Fn(&PlayerFacts) -> bool| others.iter().find(|other| wanted(other)).cloned();
    let own_team = facts.team_of(player.id());
    let opponent = facts.opponent(index).map(Participant::id);
    Ok(Review {
        format: REPORT_FORMAT,
        match_id: found.id().to_owned(),
        mode: facts.mode,
        queue_id: found.info.queue_id.count(),
        game_version: found.info.game_version.to_string(),
        duration_ms: duration_ms(found),
        started_at_ms: found.started_at_ms(),
        result: outcome(&facts, &scores, player),
        player: player_facts(&facts, &scores, player),
        score: scores.players[index].clone(),
        version: scores.version.to_string(),
        strengths,
        improvements,
        deltas,
        timeline: timeline.and_then(|timeline| timeline_line(&facts, timeline, index)),
        build: build(player),
        evidence: evidence::of_player(&facts, &fights, index),
        teamfights: fights.into_iter().take(FIGHTS).collect(),
        partner: among_others(&|other| facts.mode == Mode::Arena && own_team.0 > 0 && other.team == own_team),
        lane_opponent: among_others(&|other| !other.is_hidden && Some(other.participant_id) == opponent),
        partial: scores.partial,
        others,
    })
}

/// The place of a player in the list.
pub(crate) fn find(found: &Match, puuid: &str) -> Result<usize, ReviewError> {
    let match_id = found.id().to_owned();
    if found.info.participants.is_empty() {
        return Err(ReviewError::NoPlayers { match_id });
    }
    let id = found.participant(puuid).map(Participant::id);
    let place = found.info.participants.iter().position(|player| Some(player.id()) == id);
    place.ok_or(ReviewError::NotInMatch { match_id })
}

/// The duration as it is written in documents.
pub(crate) fn duration_ms(found: &Match) -> u64 {
    u64::try_from(found.duration().as_millis()).unwrap_or(u64::MAX)
}
