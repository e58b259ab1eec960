//! Finds the moments of one player in the events of a match.

use std::collections::BTreeMap;

use super::{Actor, Evidence, EvidenceKind, Objective, Side};
use crate::match_record::{Participant, ParticipantId, TeamId};
use crate::mode::Mode;
use crate::score::Dimension;
use crate::score::facts::Facts;
use crate::teamfight::Teamfight;
use crate::timeline::{Event, EventKind};

/// How many moments a review carries; the least telling are left out.
const KEPT: usize = 14;

/// How many of one kind.
const KEPT_OF_A_KIND: usize = 3;

/// Wards destroyed within this time are one moment.
const WARDS_MS: u64 = 120_000;

/// And this many make it worth a line.
const WARDS: usize = 3;

/// Deaths within this time are one moment.
const DEATHS_MS: u64 = 240_000;

/// And this many make it worth a line.
const DEATHS: usize = 3;

/// Takedowns within this time belong to one round of Arena.
const ROUND_MS: u64 = 25_000;

/// And this many make it worth a line.
const TAKEDOWNS: usize = 2;

/// A level reached this much earlier than the lane opponent is worth a line.
const LEVEL_LEAD_MS: u64 = 30_000;

/// Ordinary bounties are below this.
const SHUTDOWN_GOLD: u32 = 100;

/// What is being looked at.
struct Search<'f, 'a> {
    facts: &'f Facts<'a>,
    player: &'a Participant,
    team: TeamId,
    found: Vec<Evidence>,
}

/// The most telling moments of one player, by time.
pub(crate) fn of_player(facts: &Facts<'_>, fights: &[Teamfight], index: usize) -> Vec<Evidence> {
    let Some(player) = facts.players().get(index) else { return Vec::new() };
    let mut search = Search { facts, player, team: facts.team_of(player.id()), found: Vec::new() };
    search.kills();
    search.rows();
    search.objectives();
    search.crowds();
    search.items();
    search.levels();
    search.fights(fights);
    most_telling(nearest(search.found))
}

/// Of several kills or deaths before one objective, only the last one led to it.
fn nearest(mut found: Vec<Evidence>) -> Vec<Evidence> {
    let led_to = |what: EvidenceKind| match what {
        EvidenceKind::Conversion { after_ms, .. } => Some(after_ms),
        EvidenceKind::DeathBeforeObjective { after_ms, .. } => Some(after_ms),
        _ => None,
    };
    let mut last: BTreeMap<(u32, u64), u64> = BTreeMap::new();
    for evidence in &found {
        if let Some(after_ms) = led_to(evidence.what) {
            let at_ms = last.entry((kind_number(evidence.what), evidence.at_ms + after_ms)).or_default();
            *at_ms = evidence.at_ms.max(*at_ms);
        }
    }
    found.retain(|evidence| {
        let Some(after_ms) = led_to(evidence.what) else { return true };
        last.get(&(kind_number(evidence.what), evidence.at_ms + after_ms)) == Some(&evidence.at_ms)
    });
    found
}

/// Keeps the moments that say most, and puts them in order of time.
fn most_telling(mut found: Vec<Evidence>) -> Vec<Evidence> {
    found.sort_by_key(|evidence| (std::cmp::Reverse(telling(evidence.what)), evidence.at_ms));
    let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
    found.retain(|evidence| {
        let count = seen.entry(kind_number(evidence.what)).or_default();
        *count += 1;
        *count <= KEPT_OF_A_KIND
    });
    found.truncate(KEPT);
    found.sort_by_key(|evidence| (evidence.at_ms, kind_number(evidence.what)));
    found
}

/// How much a moment says; larger first.
fn telling(what: EvidenceKind) -> u32 {
    match what {
        EvidenceKind::MultiKill { count } => 60 + 10 * count,
        EvidenceKind::FirstBlood => 85,
        EvidenceKind::DeathBeforeObjective { objective, .. } => 60 + worth(objective),
        EvidenceKind::Objective { objective, last_hit } => 55 + worth(objective) + u32::from(last_hit),
        EvidenceKind::Conversion { objective, .. } => 50 + worth(objective),
        EvidenceKind::Shutdown { gold } | EvidenceKind::BountyLost { gold } => 60 + (gold / 50).min(20),
        EvidenceKind::Fight { won_kills, lost_kills } => 60 + won_kills + lost_kills,
        EvidenceKind::DeathStreak { count } => 62 + count,
        EvidenceKind::SoloKill => 66,
        EvidenceKind::SoloDeath => 58,
        EvidenceKind::FirstBloodVictim => 64,
        EvidenceKind::ItemFinished { .. } => 57,
        EvidenceKind::LevelLead { level, .. } => 50 + level,
        EvidenceKind::WardsCleared { count } => 58 + count,
        EvidenceKind::Takedowns { count } => 55 + 5 * count,
    }
}

fn worth(objective: Objective) -> u32 {
    match objective {
        Objective::Baron | Objective::ElderDragon => 20,
        Objective::Atakhan => 18,
        Objective::Inhibitor => 14,
        Objective::Dragon | Objective::Herald => 12,
        Objective::Tower | Objective::Monster => 8,
        Objective::Voidgrub => 5,
        Objective::Plate => 0,
    }
}

/// Which kind, to count and to order within one millisecond.
fn kind_number(what: EvidenceKind) -> u32 {
    match what {
        EvidenceKind::FirstBlood => 0,
        EvidenceKind::FirstBloodVictim => 1,
        EvidenceKind::SoloKill => 2,
        EvidenceKind::SoloDeath => 3,
        EvidenceKind::MultiKill { .. } => 4,
        EvidenceKind::Shutdown { .. } => 5,
        EvidenceKind::BountyLost { .. } => 6,
        EvidenceKind::DeathBeforeObjective { .. } => 7,
        EvidenceKind::Objective { .. } => 8,
        EvidenceKind::Conversion { .. } => 9,
        EvidenceKind::WardsCleared { .. } => 10,
        EvidenceKind::ItemFinished { .. } => 11,
        EvidenceKind::LevelLead { .. } => 12,
        EvidenceKind::DeathStreak { .. } => 13,
        EvidenceKind::Fight { .. } => 14,
        EvidenceKind::Takedowns { .. } => 15,
    }
}

impl<'a> Search<'_, 'a> {
    fn id(&self) -> ParticipantId {
        self.player.id()
    }

    fn of_kind(&self, kind: EventKind) -> impl Iterator<Item = &'a Event> + use<'a> {
        self.facts.events.iter().filter(move |event| event.kind == kind)
    }

    fn add(&mut self, at_ms: u64, what: EvidenceKind, dimension: Dimension, with: &[ParticipantId]) {
        let mut actors = Vec::with_capacity(with.len() + 1);
        let own = self.id();
        for &id in [own].iter().chain(with.iter().filter(|&&id| id != own)) {
            let Some(player) = self.facts.index(id).and_then(|index| self.facts.players().get(index)) else {
                continue;
            };
            let side = match self.facts.team_of(id) {
                _ if id == own => Side::Player,
                team if team == self.team => Side::Ally,
                _ => Side::Enemy,
            };
            actors.push(Actor {
                participant_id: id,
                champion_id: player.champion_id.count(),
                champion_key: player.champion_name.to_string(),
                side,
            });
        }
        self.found.push(Evidence { at_ms, what, actors, dimension: Some(dimension) });
    }

    /// Kills and deaths by themselves, and what they were followed by.
    fn kills(&mut self) {
        let first = self.of_kind(EventKind::FirstBlood).map(|event| event.at_ms).next();
        for kill in self.of_kind(EventKind::ChampionKill) {
            let is_first = first == Some(kill.at_ms);
            if kill.victim == self.id() {
                self.death(kill, is_first);
            } else if kill.has_hand_in(self.id()) {
                self.kill(kill, is_first);
            }
        }
    }

    fn kill(&mut self, kill: &Event, is_first: bool) {
        let at_ms = kill.at_ms;
        if kill.killer == self.id() {
            if is_first {
                self.add(at_ms, EvidenceKind::FirstBlood, Dimension::Combat, &[kill.victim]);
            } else if kill.assistants.is_empty() {
                self.add(at_ms, EvidenceKind::SoloKill, Dimension::Combat, &[kill.victim]);
            }
            if kill.shutdown_gold >= SHUTDOWN_GOLD {
                let what = EvidenceKind::Shutdown { gold: kill.shutdown_gold };
                self.add(at_ms, what, Dimension::Economy, &[kill.victim]);
            }
        }
        if let Some((event, objective)) = self.facts.taken_after(self.team, at_ms) {
            let what = EvidenceKind::Conversion { objective, after_ms: event.at_ms - at_ms };
            self.add(at_ms, what, Dimension::Objective, &[kill.victim]);
        }
    }

    fn death(&mut self, kill: &Event, is_first: bool) {
        let at_ms = kill.at_ms;
        let by: Vec<ParticipantId> = [kill.killer].into_iter().chain(kill.assistants.iter()).collect();
        if is_first {
            self.add(at_ms, EvidenceKind::FirstBloodVictim, Dimension::Survivability, &by);
        } else if kill.assistants.is_empty() && kill.killer.0 > 0 {
            self.add(at_ms, EvidenceKind::SoloDeath, Dimension::Survivability, &by);
        }
        if kill.shutdown_gold >= SHUTDOWN_GOLD {
            let what = EvidenceKind::BountyLost { gold: kill.shutdown_gold };
            self.add(at_ms, what, Dimension::Survivability, &by);
        }
        let taken = self.facts.teams().iter().map(|side| side.team).filter(|&team| team != self.team);
        let soonest =
            taken.filter_map(|team| self.facts.taken_after(team, at_ms)).min_by_key(|(event, _)| event.at_ms);
        if let Some((event, objective)) = soonest {
            let what = EvidenceKind::DeathBeforeObjective { objective, after_ms: event.at_ms - at_ms };
            self.add(at_ms, what, Dimension::Objective, &by);
        }
    }

    /// Rows of kills: the game counts each step, the last one of a row is kept.
    fn rows(&mut self) {
        let steps: Vec<&Event> =
            self.of_kind(EventKind::MultiKill).filter(|event| event.killer == self.id()).collect();
        for (index, step) in steps.iter().enumerate() {
            let goes_on = steps.get(index + 1).is_some_and(|next| next.number > step.number);
            if !goes_on && (2..=5).contains(&step.number) {
                self.add(step.at_ms, EvidenceKind::MultiKill { count: step.number }, Dimension::Combat, &[]);
            }
        }
    }

    fn objectives(&mut self) {
        for event in self.facts.events {
            let (Some(objective), Some(taker)) = (event.objective, self.facts.taker(event)) else { continue };
            if objective == Objective::Plate || taker != self.team || !event.has_hand_in(self.id()) {
                continue;
            }
            let last_hit = event.killer == self.id();
            let hands = [event.killer].into_iter().chain(event.assistants.iter());
            let with: Vec<ParticipantId> = hands.filter(|&id| self.facts.team_of(id) == taker).collect();
            let what = EvidenceKind::Objective { objective, last_hit };
            self.add(event.at_ms, what, Dimension::Objective, &with);
        }
    }

    /// Many destroyed wards, deaths or takedowns within a short time. Deaths say something only on the Rift: in
    /// ARAM they come fast, and in Arena once a round.
    fn crowds(&mut self) {
        let own = self.id();
        let wards = self.times(EventKind::WardKill, |event| event.killer == own);
        for (at_ms, count) in crowded(&wards, WARDS_MS, WARDS) {
            self.add(at_ms, EvidenceKind::WardsCleared { count }, Dimension::Vision, &[]);
        }
        if self.facts.mode == Mode::Rift {
            let deaths = self.times(EventKind::ChampionKill, |event| event.victim == own);
            for (at_ms, count) in crowded(&deaths, DEATHS_MS, DEATHS) {
                self.add(at_ms, EvidenceKind::DeathStreak { count }, Dimension::Survivability, &[]);
            }
        }
        if self.facts.mode == Mode::Arena {
            let kills = self.times(EventKind::ChampionKill, |event| event.has_hand_in(own));
            for (at_ms, count) in crowded(&kills, ROUND_MS, TAKEDOWNS) {
                let round = at_ms..=at_ms + ROUND_MS;
                let kills = self.of_kind(EventKind::ChampionKill);
                let kills = kills.filter(|event| round.contains(&event.at_ms) && event.has_hand_in(own));
                let mut victims: Vec<ParticipantId> = kills.map(|event| event.victim).collect();
                victims.sort_unstable();
                victims.dedup();
                self.add(at_ms, EvidenceKind::Takedowns { count }, Dimension::Combat, &victims);
            }
        }
    }

    fn times(&self, kind: EventKind, is_wanted: impl Fn(&Event) -> bool) -> Vec<u64> {
        self.of_kind(kind).filter(|event| is_wanted(event)).map(|event| event.at_ms).collect()
    }

    /// Items of the final build that were put together from at least two others.
    fn items(&mut self) {
        let own = self.id();
        let build = self.player.items();
        let mut seen = Vec::new();
        for bought in self.of_kind(EventKind::ItemPurchased).filter(|event| event.who == own) {
            let parts = self.of_kind(EventKind::ItemDestroyed);
            let parts = parts.filter(|part| part.at_ms == bought.at_ms && part.who == own).count();
            if parts >= 2 && build.contains(&bought.item) && !seen.contains(&bought.item) {
                seen.push(bought.item);
                self.add(
                    bought.at_ms,
                    EvidenceKind::ItemFinished { item_id: bought.item },
                    Dimension::Economy,
                    &[],
                );
            }
        }
    }

    /// Levels that open or complete the ultimate, reached well before the lane opponent.
    fn levels(&mut self) {
        let Some(opponent) = self.facts.index(self.id()).and_then(|index| self.facts.opponent(index)) else {
            return;
        };
        for level in [6, 11, 16] {
            let reached = |id: ParticipantId| {
                let mut levels = self.of_kind(EventKind::LevelUp);
                levels.find(|event| event.who == id && event.number == level).map(|event| event.at_ms)
            };
            let (Some(own), Some(other)) = (reached(self.id()), reached(opponent.id())) else { continue };
            let ahead_ms = other.saturating_sub(own);
            if ahead_ms >= LEVEL_LEAD_MS {
                self.add(
                    own,
                    EvidenceKind::LevelLead { level, ahead_ms },
                    Dimension::Growth,
                    &[opponent.id()],
                );
            }
        }
    }

    fn fights(&mut self, fights: &[Teamfight]) {
        let own: Vec<&Teamfight> =
            fights.iter().filter(|fight| fight.participants.contains(&self.id())).collect();
        for fight in own {
            let kills = |own: bool| {
                let sides = fight.kills_by_team.iter().filter(|side| (side.team == self.team) == own);
                sides.map(|side| side.kills).sum()
            };
            let what = EvidenceKind::Fight { won_kills: kills(true), lost_kills: kills(false) };
            self.add(fight.from_ms, what, Dimension::Teamplay, &fight.participants);
        }
    }
}

/// When at least `least` moments lie within a time of each other: the first of them, and how many. Crowds do not
/// overlap.
fn crowded(times: &[u64], within_ms: u64, least: usize) -> Vec<(u64, u32)> {
    let mut found = Vec::new();
    let mut rest = times;
    while let Some(&first) = rest.first() {
        let count = rest.iter().take_while(|&&at| at - first <= within_ms).count();
        if count >= least {
            found.push((first, u32::try_from(count).unwrap_or(u32::MAX)));
        }
        rest = rest.get(if count >= least { count } else { 1 }..).unwrap_or_default();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(times: &[u64], expected: &[(u64, u32)]) {
        assert_eq!(crowded(times, 100, 3), expected, "{times:?}");
    }

    #[test]
    fn crowds_are_counted_once() {
        check(&[], &[]);
        check(&[1, 50, 101], &[(1, 3)]);
        check(&[1, 50, 102], &[]);
        check(&[0, 90, 95, 100, 300, 310, 320], &[(0, 4), (300, 3)]);
    }
}
