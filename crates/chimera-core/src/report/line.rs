//! Numbers over time: of one player against the lane opponent, of a team against the other side.

use super::{TeamTimeline, TimelineLine};
use crate::evidence::Objective;
use crate::match_record::{Participant, TeamId};
use crate::mode::Mode;
use crate::report::facts::minutes_of;
use crate::score::facts::Facts;
use crate::score::formula::tidy;
use crate::timeline::{Moment, PlayerFrame, Timeline};

const TEN_MINUTES_MS: u64 = 600_000;

/// The numbers of one player; `None` in modes without lanes.
pub(super) fn timeline_line(
    facts: &Facts<'_>,
    timeline: &Timeline<'_>,
    index: usize,
) -> Option<TimelineLine> {
    if facts.mode != Mode::Rift || !facts.has_timeline {
        return None;
    }
    let player = facts.players().get(index)?;
    let opponent = facts.opponent(index);
    let at_10 = timeline.at(TEN_MINUTES_MS);
    let own =
        |moment: &Option<Moment>| moment.as_ref().and_then(|moment| moment.player(player.id()).copied());
    let other = |moment: &Option<Moment>| moment.as_ref()?.player(opponent?.id()).copied();
    let ahead = |moment: &Option<Moment>, number: fn(&PlayerFrame) -> f64| {
        Some(tidy(number(&own(moment)?) - number(&other(moment)?)))
    };
    let (conversion_rate, conversions) = conversions(facts, facts.team_of(player.id()));
    let minutes = minutes_of(facts, player);
    Some(TimelineLine {
        gold_diff_10: ahead(&at_10, |frame| frame.gold),
        xp_diff_10: ahead(&at_10, |frame| frame.xp),
        cs_10: own(&at_10).map(|frame| tidy(frame.cs)),
        gold_diff_15: ahead(&facts.at_15, |frame| frame.gold),
        xp_diff_15: ahead(&facts.at_15, |frame| frame.xp),
        cs_15: own(&facts.at_15).map(|frame| tidy(frame.cs)),
        conversion_rate,
        conversions,
        wards_per_minute: if minutes > 0.0 { tidy(player.wards_placed.value() / minutes) } else { 0.0 },
        gold_curve: opponent.map(|opponent| gold_curve(timeline, player, opponent)).unwrap_or_default(),
    })
}

fn gold_curve(timeline: &Timeline<'_>, player: &Participant, opponent: &Participant) -> Vec<(u64, f64)> {
    let point = |frame: &crate::timeline::Frame<'_>| {
        let players = frame.players();
        let gold = |id| players.iter().find(|player| player.id == id).map(|player| player.gold);
        Some((frame.at_ms, tidy(gold(player.id())? - gold(opponent.id())?)))
    };
    timeline.frames.iter().filter_map(point).collect()
}

fn conversions(facts: &Facts<'_>, team: TeamId) -> (Option<f64>, u32) {
    let tally = facts.team(team);
    let rate = (tally.timeline_kills > 0.0).then(|| tidy(tally.conversions / tally.timeline_kills));
    (rate, tally.conversions as u32)
}

/// The numbers of a team; `None` in modes without lanes.
pub(crate) fn team_timeline(
    facts: &Facts<'_>,
    timeline: &Timeline<'_>,
    team: TeamId,
) -> Option<TeamTimeline> {
    if facts.mode != Mode::Rift || !facts.has_timeline {
        return None;
    }
    let at_10 = timeline.at(TEN_MINUTES_MS);
    let ahead = |moment: &Option<Moment>, number: fn(&PlayerFrame) -> f64| {
        let moment = moment.as_ref()?;
        let mut sum = 0.0;
        for player in facts.players() {
            let own = number(moment.player(player.id())?);
            sum += if facts.team_of(player.id()) == team { own } else { -own };
        }
        Some(tidy(sum))
    };
    let taken = |kinds: &[Objective]| {
        let is_taken = |event: &&crate::timeline::Event| {
            event.objective.is_some_and(|kind| kinds.contains(&kind)) && facts.taker(event) == Some(team)
        };
        u32::try_from(facts.events.iter().filter(is_taken).count()).unwrap_or(u32::MAX)
    };
    let side = facts.players().iter().filter(|player| facts.team_of(player.id()) == team);
    let wards: f64 = side.map(|player| player.wards_placed.value()).sum();
    let (conversion_rate, conversions) = conversions(facts, team);
    Some(TeamTimeline {
        gold_diff_10: ahead(&at_10, |frame| frame.gold),
        xp_diff_10: ahead(&at_10, |frame| frame.xp),
        gold_diff_15: ahead(&facts.at_15, |frame| frame.gold),
        conversion_rate,
        conversions,
        wards_per_minute: if facts.minutes > 0.0 { tidy(wards / facts.minutes) } else { 0.0 },
        dragons: taken(&[Objective::Dragon, Objective::ElderDragon]),
        barons: taken(&[Objective::Baron]),
        heralds: taken(&[Objective::Herald]),
        voidgrubs: taken(&[Objective::Voidgrub]),
        towers: taken(&[Objective::Tower]),
        inhibitors: taken(&[Objective::Inhibitor]),
    })
}
