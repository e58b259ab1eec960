//! How a player stands within the team and against the lane opponent.

use crate::match_record::{Match, Participant};
use crate::report::assemble::{duration_ms, find};
use crate::report::facts::{build, outcome, player_facts};
use crate::report::line::team_timeline;
use crate::report::{Delta, Highlight, Member, REPORT_FORMAT, ReviewError, TeamReview};
use crate::score::facts::Facts;
use crate::score::formula::tidy;
use crate::score::{Dimension, MatchScores, PlayerScore, score_facts};
use crate::teamfight;
use crate::timeline::Timeline;

/// How many strengths, improvements and highlights are named.
const NAMED: usize = 3;

/// From here on a dimension has no room worth naming.
const NO_ROOM: f64 = 75.0;

/// Smaller differences are not worth a line.
const LEAST_DIFFERENCE: f64 = 1.0;

/// Reviews the team of one player.
pub fn team_review(
    found: &Match,
    timeline: Option<&Timeline<'_>>,
    puuid: &str,
) -> Result<TeamReview, ReviewError> {
    let index = find(found, puuid)?;
    let facts = Facts::gather(found, timeline);
    let scores = score_facts(&facts, timeline);
    let player = &facts.players()[index];
    let team = facts.team_of(player.id());
    let (members, enemies): (Vec<Member>, Vec<Member>) =
        members(&facts, &scores).into_iter().partition(|member| member.facts.team == team);
    let totals: Vec<f64> = members.iter().filter_map(|member| member.score.total).collect();
    let requester = members.iter().find(|member| member.facts.participant_id == player.id());
    let (top, bottom) = highlights(requester);
    let best_fight = teamfight::fights(&facts)
        .into_iter()
        .find(|fight| fight.participants.iter().any(|&id| facts.team_of(id) == team));
    Ok(TeamReview {
        format: REPORT_FORMAT,
        match_id: found.id().to_owned(),
        mode: facts.mode,
        queue_id: found.info.queue_id.count(),
        game_version: found.info.game_version.to_string(),
        duration_ms: duration_ms(found),
        started_at_ms: found.started_at_ms(),
        result: outcome(&facts, &scores, player),
        version: scores.version.to_string(),
        team,
        requester: player.id(),
        mean_total: mean(&totals),
        members,
        enemies,
        top,
        bottom,
        timeline: timeline.and_then(|timeline| team_timeline(&facts, timeline, team)),
        best_fight,
        partial: scores.partial,
    })
}

/// Everybody, best first; players without a score by their numbers, last.
fn members(facts: &Facts<'_>, scores: &MatchScores) -> Vec<Member> {
    let one = |(index, player): (usize, &Participant)| Member {
        facts: player_facts(facts, scores, player),
        score: scores.players[index].clone(),
        build: build(player),
        rank: rank(scores, index),
        deltas: deltas(facts, scores, index),
    };
    let mut members: Vec<Member> = facts.players().iter().enumerate().map(one).collect();
    let total = |member: &Member| member.score.total.unwrap_or(-1.0);
    members.sort_by(|one, other| total(other).total_cmp(&total(one)));
    members
}

/// The place of a player within the side by total, from 1.
fn rank(scores: &MatchScores, index: usize) -> Option<u32> {
    let own = &scores.players[index];
    let total = own.total?;
    let better = side(scores, own).filter(|other| other.total.is_some_and(|other| other > total)).count();
    u32::try_from(better + 1).ok()
}

fn side<'a>(scores: &'a MatchScores, own: &'a PlayerScore) -> impl Iterator<Item = &'a PlayerScore> {
    scores.players.iter().filter(move |other| other.team == own.team)
}

/// How each dimension of a player stands, in the order of the score.
pub(crate) fn deltas(facts: &Facts<'_>, scores: &MatchScores, index: usize) -> Vec<Delta> {
    let own = &scores.players[index];
    let opponent = facts.opponent(index).and_then(|opponent| scores.player(opponent.id()));
    let delta = |score: &crate::score::DimensionScore| {
        let values: Vec<f64> = side(scores, own).filter_map(|other| value(other, score.dimension)).collect();
        let better = values.iter().filter(|&&other| other > score.value).count();
        let against = opponent.and_then(|opponent| value(opponent, score.dimension));
        Delta {
            dimension: score.dimension,
            value: score.value,
            vs_team_mean: tidy(score.value - mean(&values).unwrap_or(score.value)),
            vs_opponent: against.map(|against| tidy(score.value - against)),
            rank: u32::try_from(better + 1).unwrap_or(u32::MAX),
        }
    };
    own.dimensions.iter().map(delta).collect()
}

fn value(score: &PlayerScore, dimension: Dimension) -> Option<f64> {
    score.dimension(dimension).map(|score| score.value)
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| tidy(values.iter().sum::<f64>() / values.len() as f64))
}

/// Strengths and improvements of a player.
///
/// A dimension is compared with the middle between what the same role on the other side made of the same match and
/// the mean of everybody else: a support is not told to earn a carry's gold, and nobody is praised only because the
/// opponent did worse still. Strengths are ahead, most ahead first; improvements are the furthest behind of the
/// rest, as long as there is room.
pub(crate) fn standing(
    facts: &Facts<'_>,
    scores: &MatchScores,
    index: usize,
) -> (Vec<Dimension>, Vec<Dimension>) {
    let own = &scores.players[index];
    let opponent = facts.opponent(index).and_then(|opponent| scores.player(opponent.id()));
    let mut ahead: Vec<(f64, f64, Dimension)> = Vec::with_capacity(own.dimensions.len());
    for score in &own.dimensions {
        let others = scores.players.iter().filter(|other| other.participant_id != own.participant_id);
        let others: Vec<f64> = others.filter_map(|other| value(other, score.dimension)).collect();
        let all = mean(&others).unwrap_or(score.value);
        let against = opponent.and_then(|opponent| value(opponent, score.dimension));
        let reference = against.map_or(all, |against| (against + all) / 2.0);
        ahead.push((score.value - reference, score.value, score.dimension));
    }
    ahead.sort_by(|one, other| {
        other.0.total_cmp(&one.0).then(other.1.total_cmp(&one.1)).then(one.2.cmp(&other.2))
    });
    let mut strengths: Vec<Dimension> =
        ahead.iter().filter(|(lead, ..)| *lead > 0.0).take(NAMED).map(|&(.., dimension)| dimension).collect();
    if strengths.is_empty() {
        let best = ahead.iter().max_by(|one, other| one.1.total_cmp(&other.1).then(other.2.cmp(&one.2)));
        strengths.extend(best.map(|&(.., dimension)| dimension));
    }
    let has_room = |value: f64, dimension: Dimension| value < NO_ROOM && !is_out_of_reach(value, dimension);
    let room = ahead
        .iter()
        .rev()
        .filter(|(_, value, dimension)| has_room(*value, *dimension) && !strengths.contains(dimension));
    let improvements = room.take(NAMED).map(|&(.., dimension)| dimension).collect();
    (strengths, improvements)
}

/// Whether a champion cannot do it at all: a point to work on must be one.
pub(crate) fn is_out_of_reach(value: f64, dimension: Dimension) -> bool {
    value <= 0.0 && dimension.is_of_the_champion()
}

/// The largest differences of one member to the team's mean, both ways. Only of who asked: nobody is told what a
/// teammate lacks.
fn highlights(member: Option<&Member>) -> (Vec<Highlight>, Vec<Highlight>) {
    let Some(member) = member else { return (Vec::new(), Vec::new()) };
    let participant_id = member.facts.participant_id;
    let mut all: Vec<Highlight> =
        member.deltas.iter().cloned().map(|delta| Highlight { participant_id, delta }).collect();
    all.sort_by(|one, other| {
        let by_lead = other.delta.vs_team_mean.total_cmp(&one.delta.vs_team_mean);
        by_lead.then(one.delta.dimension.cmp(&other.delta.dimension))
    });
    let top = all
        .iter()
        .filter(|highlight| highlight.delta.vs_team_mean >= LEAST_DIFFERENCE)
        .take(NAMED)
        .cloned()
        .collect();
    let behind = all.iter().rev().filter(|Highlight { delta, .. }| {
        delta.vs_team_mean <= -LEAST_DIFFERENCE && !is_out_of_reach(delta.value, delta.dimension)
    });
    let bottom = behind.take(NAMED).cloned().collect();
    (top, bottom)
}
