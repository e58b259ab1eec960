//! Team fights from kills that are close in time and space.

use serde::{Deserialize, Serialize};

use crate::evidence::Objective;
use crate::match_record::{ParticipantId, TeamId};
use crate::mode::Mode;
use crate::score::facts::Facts;
use crate::score::formula::tidy;
use crate::timeline::{Event, EventKind, Place};

/// One fight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Teamfight {
    /// The first kill, milliseconds of game time.
    pub from_ms: u64,
    /// The last kill.
    pub to_ms: u64,
    /// The mean place of the kills, in Riot's map units.
    pub centre: (f64, f64),
    /// The part of the map.
    pub region: Region,
    /// Kills of each side that took part, by ascending side.
    pub kills_by_team: Vec<TeamKills>,
    /// Everybody who killed, assisted or died, by ascending number. Riot names no others.
    pub participants: Vec<ParticipantId>,
    /// What was taken during the fight or within 60 s after it.
    pub objective: Option<FightObjective>,
    /// Larger is more important: kills, objectives and the length count.
    pub importance: f64,
}

/// The kills of one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamKills {
    /// The side.
    pub team: TeamId,
    /// Its kills.
    pub kills: u32,
}

/// What a fight was followed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FightObjective {
    /// What was taken.
    pub objective: Objective,
    /// By whom.
    pub team: TeamId,
    /// When, milliseconds of game time.
    pub at_ms: u64,
}

/// A part of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Region {
    /// Around Baron Nashor.
    BaronPit,
    /// Around the dragon.
    DragonPit,
    /// The upper lane.
    TopLane,
    /// The middle lane.
    MidLane,
    /// The lower lane.
    BotLane,
    /// The blue side's jungle.
    BlueJungle,
    /// The red side's jungle.
    RedJungle,
    /// The river, away from the pits.
    River,
    /// The blue side's base.
    BlueBase,
    /// The red side's base.
    RedBase,
    /// A mode with another map.
    Elsewhere,
}

/// A kill joins a fight when the fight's last kill is at most this long ago.
const PAUSE_MS: u64 = 15_000;

/// And when one of the fight's kills within that time is at most this far away: two and a half screens.
const REACH: f64 = 3_500.0;

/// Kills that make a fight.
const LEAST_KILLS: usize = 3;

/// Players of each of two sides that make a fight: less is a gank.
const LEAST_A_SIDE: usize = 2;

/// How long after a fight an objective counts as its fruit.
const AFTER_MS: u64 = 60_000;

/// The fights of a match, most important first. Arena has rounds instead, so it has none.
pub(crate) fn fights(facts: &Facts<'_>) -> Vec<Teamfight> {
    if facts.mode == Mode::Arena {
        return Vec::new();
    }
    let kills =
        facts.events.iter().filter(|event| event.kind == EventKind::ChampionKill && event.killer.0 > 0);
    let mut clusters: Vec<Vec<&Event>> = Vec::new();
    for kill in kills {
        match clusters.iter_mut().rev().find(|cluster| belongs(cluster, kill)) {
            Some(cluster) => cluster.push(kill),
            None => clusters.push(vec![kill]),
        }
    }
    let mut fights: Vec<Teamfight> = clusters.iter().filter_map(|kills| fight(facts, kills)).collect();
    fights.sort_by(|one, other| {
        other.importance.total_cmp(&one.importance).then(one.from_ms.cmp(&other.from_ms))
    });
    fights
}

fn belongs(cluster: &[&Event], kill: &Event) -> bool {
    let near = |other: &&Event| {
        let is_soon = kill.at_ms.saturating_sub(other.at_ms) <= PAUSE_MS;
        is_soon && kill.place.zip(other.place).is_none_or(|(one, other)| distance(one, other) <= REACH)
    };
    cluster.iter().any(near)
}

fn distance(one: Place, other: Place) -> f64 {
    let (x, y) = (f64::from(one.x) - f64::from(other.x), f64::from(one.y) - f64::from(other.y));
    (x * x + y * y).sqrt()
}

fn fight(facts: &Facts<'_>, kills: &[&Event]) -> Option<Teamfight> {
    let (first, last) = (kills.first()?, kills.last()?);
    let participants = participants(facts, kills);
    let of_side = |team: TeamId| participants.iter().filter(|&&id| facts.team_of(id) == team).count();
    let sides = facts.teams().iter().filter(|side| of_side(side.team) >= LEAST_A_SIDE).count();
    if kills.len() < LEAST_KILLS || sides < 2 {
        return None;
    }
    let tally = |team: TeamId| TeamKills {
        team,
        kills: u32::try_from(kills.iter().filter(|kill| facts.team_of(kill.killer) == team).count())
            .unwrap_or(0),
    };
    let here = facts.teams().iter().filter(|side| of_side(side.team) > 0);
    let objective = objective(facts, first.at_ms, last.at_ms);
    let centre = centre(kills);
    let length_seconds = (last.at_ms - first.at_ms) as f64 / 1000.0;
    let bonus = if objective.is_some() { 1.5 } else { 0.0 };
    Some(Teamfight {
        from_ms: first.at_ms,
        to_ms: last.at_ms,
        centre,
        region: if facts.mode == Mode::Rift { region(centre) } else { Region::Elsewhere },
        kills_by_team: here.map(|side| tally(side.team)).collect(),
        participants,
        objective,
        importance: tidy(kills.len() as f64 + bonus + length_seconds / 20.0),
    })
}

/// Everybody who is named, by ascending number.
fn participants(facts: &Facts<'_>, kills: &[&Event]) -> Vec<ParticipantId> {
    let named = kills.iter().flat_map(|kill| kill.assistants.iter().chain([kill.killer, kill.victim]));
    let mut participants: Vec<ParticipantId> = named.filter(|&id| facts.index(id).is_some()).collect();
    participants.sort_unstable();
    participants.dedup();
    participants
}

/// The greatest objective that fell during the fight or soon after; of equals the first.
fn objective(facts: &Facts<'_>, from_ms: u64, to_ms: u64) -> Option<FightObjective> {
    let first = facts.events.partition_point(|event| event.at_ms < from_ms);
    let during = facts.events.get(first..).unwrap_or_default();
    let during = during.iter().take_while(|event| event.at_ms <= to_ms.saturating_add(AFTER_MS));
    let taken = during.filter_map(|event| {
        let team = facts.taker(event)?;
        Some(FightObjective { objective: event.objective?, team, at_ms: event.at_ms })
    });
    taken
        .filter(|taken| taken.objective != Objective::Plate)
        .min_by_key(|taken| (std::cmp::Reverse(weight(taken.objective)), taken.at_ms))
}

fn weight(objective: Objective) -> u32 {
    match objective {
        Objective::Baron | Objective::ElderDragon => 5,
        Objective::Atakhan | Objective::Inhibitor => 4,
        Objective::Dragon | Objective::Herald => 3,
        Objective::Tower | Objective::Monster => 2,
        Objective::Voidgrub | Objective::Plate => 1,
    }
}

fn centre(kills: &[&Event]) -> (f64, f64) {
    let places: Vec<Place> = kills.iter().filter_map(|kill| kill.place).collect();
    let count = places.len().max(1) as f64;
    let x: f64 = places.iter().map(|place| f64::from(place.x)).sum();
    let y: f64 = places.iter().map(|place| f64::from(place.y)).sum();
    ((x / count).round(), (y / count).round())
}

/// The part of Summoner's Rift; its corners are (0, 0) for blue and about (14900, 14900) for red.
fn region((x, y): (f64, f64)) -> Region {
    let within = |centre_x: f64, centre_y: f64, reach: f64| {
        (x - centre_x) * (x - centre_x) + (y - centre_y) * (y - centre_y) <= reach * reach
    };
    if within(5_000.0, 10_450.0, 1_300.0) {
        Region::BaronPit
    } else if within(9_870.0, 4_400.0, 1_300.0) {
        Region::DragonPit
    } else if within(0.0, 0.0, 5_000.0) {
        Region::BlueBase
    } else if within(14_900.0, 14_900.0, 5_000.0) {
        Region::RedBase
    } else if x < 2_300.0 || y > 12_600.0 || within(2_600.0, 12_300.0, 1_600.0) {
        Region::TopLane
    } else if y < 2_300.0 || x > 12_600.0 || within(12_300.0, 2_600.0, 1_600.0) {
        Region::BotLane
    } else if (x - y).abs() < 1_300.0 {
        Region::MidLane
    } else if (x + y - 14_900.0).abs() < 1_700.0 {
        Region::River
    } else if x + y < 14_900.0 {
        Region::BlueJungle
    } else {
        Region::RedJungle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(x: f64, y: f64, expected: Region) {
        assert_eq!(region((x, y)), expected, "{x}, {y}");
    }

    #[test]
    fn places_have_their_names() {
        check(5_007.0, 10_471.0, Region::BaronPit);
        check(9_866.0, 4_414.0, Region::DragonPit);
        check(7_400.0, 7_400.0, Region::MidLane);
        check(1_200.0, 10_500.0, Region::TopLane);
        check(4_318.0, 13_875.0, Region::TopLane);
        check(13_866.0, 4_505.0, Region::BotLane);
        check(10_504.0, 1_029.0, Region::BotLane);
        check(600.0, 600.0, Region::BlueBase);
        check(14_000.0, 14_300.0, Region::RedBase);
        check(6_500.0, 9_200.0, Region::River);
        check(3_800.0, 7_900.0, Region::BlueJungle);
        check(11_000.0, 7_000.0, Region::RedJungle);
    }
}
