//! What the formulas read: the players, their sides, and what the events of a match add up to.

use crate::evidence::Objective;
use crate::match_record::{Match, Participant, ParticipantId, Role, TeamId};
use crate::mode::{self, Mode};
use crate::timeline::{Event, EventKind, Moment, Timeline};

/// A kill counts as turned into an objective when the side takes one within this time.
pub(crate) const CONVERSION_MS: u64 = 120_000;

/// When early numbers are taken.
pub(crate) const FIFTEEN_MINUTES_MS: u64 = 900_000;

/// A match with everything that several formulas need.
pub(crate) struct Facts<'a> {
    /// The match.
    pub found: &'a Match,
    /// The events, empty without a timeline.
    pub events: &'a [Event],
    /// Whether there is a timeline that can be used.
    pub has_timeline: bool,
    /// The yardsticks.
    pub mode: Mode,
    /// Minutes of play, 0 where that is not known.
    pub minutes: f64,
    /// What everybody had at the end; like `at_15` only on the Rift, as no other mode asks.
    pub last: Moment,
    /// What everybody had at 15:00, where that is known.
    pub at_15: Option<Moment>,
    players: Vec<Standing>,
    teams: Vec<TeamTally>,
}

/// A player's place in the match.
struct Standing {
    team: TeamId,
    opponent: Option<usize>,
    tally: Tally,
}

/// What the events say about one player.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Tally {
    /// Large monsters taken with a hand in it.
    pub monsters: f64,
    /// Towers and inhibitors taken with a hand in it.
    pub buildings: f64,
    /// Assists on large monsters and buildings.
    pub objective_assists: f64,
}

/// What one side did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct TeamTally {
    /// The side.
    pub team: TeamId,
    /// How many play for it.
    pub size: f64,
    /// Kills, by the match document.
    pub kills: f64,
    /// Damage to champions.
    pub damage: f64,
    /// Large monsters taken.
    pub monsters: f64,
    /// Towers and inhibitors taken.
    pub buildings: f64,
    /// Kills in the timeline.
    pub timeline_kills: f64,
    /// Kills after which an objective fell in time.
    pub conversions: f64,
}

impl<'a> Facts<'a> {
    /// Gathers everything. A timeline that cannot be used counts as none.
    pub(crate) fn gather(found: &'a Match, timeline: Option<&'a Timeline<'_>>) -> Self {
        let mode = mode::of(found);
        let timeline =
            timeline.filter(|timeline| !timeline.frames.is_empty() && !is_foreign(found, timeline));
        let framed = timeline.filter(|_| mode == Mode::Rift);
        let mut facts = Facts {
            found,
            events: timeline.map_or(&[], |timeline| &timeline.events),
            has_timeline: timeline.is_some(),
            mode,
            minutes: found.duration().as_millis() as f64 / 60_000.0,
            last: framed.map(Timeline::last).unwrap_or_default(),
            at_15: framed.and_then(|timeline| timeline.at(FIFTEEN_MINUTES_MS)),
            players: Vec::new(),
            teams: Vec::new(),
        };
        facts.line_up();
        facts.count_events();
        facts
    }

    /// The players, by ascending number.
    pub(crate) fn players(&self) -> &'a [Participant] {
        &self.found.info.participants
    }

    /// The place of a player in [`Facts::players`].
    pub(crate) fn index(&self, id: ParticipantId) -> Option<usize> {
        self.players().binary_search_by_key(&id, Participant::id).ok()
    }

    /// The side of a player; `TeamId(0)` for nobody.
    pub(crate) fn team_of(&self, id: ParticipantId) -> TeamId {
        self.index(id)
            .and_then(|index| self.players.get(index))
            .map(|standing| standing.team)
            .unwrap_or_default()
    }

    /// What a side did.
    pub(crate) fn team(&self, team: TeamId) -> TeamTally {
        self.teams.iter().find(|tally| tally.team == team).copied().unwrap_or_default()
    }

    /// The sides, by ascending number.
    pub(crate) fn teams(&self) -> &[TeamTally] {
        &self.teams
    }

    /// What the events say about a player.
    pub(crate) fn tally(&self, index: usize) -> Tally {
        self.players.get(index).map(|standing| standing.tally).unwrap_or_default()
    }

    /// Who played the same role on the other side, where exactly one did.
    pub(crate) fn opponent(&self, index: usize) -> Option<&'a Participant> {
        self.players.get(index)?.opponent.and_then(|opponent| self.players().get(opponent))
    }

    /// The players of other sides.
    pub(crate) fn enemies(&self, team: TeamId) -> impl Iterator<Item = &'a Participant> {
        self.players()
            .iter()
            .zip(&self.players)
            .filter(move |(_, standing)| standing.team != team)
            .map(|(player, _)| player)
    }

    /// The side that took the objective of an event.
    pub(crate) fn taker(&self, event: &Event) -> Option<TeamId> {
        let other = |team: TeamId| match team {
            TeamId::BLUE => Some(TeamId::RED),
            TeamId::RED => Some(TeamId::BLUE),
            _ => None,
        };
        match event.kind {
            EventKind::BuildingKill | EventKind::PlateDestroyed => other(event.team),
            EventKind::MonsterKill if other(event.team).is_some() => Some(event.team),
            EventKind::MonsterKill => Some(self.team_of(event.killer)).filter(|team| team.0 > 0),
            _ => None,
        }
    }

    /// The first objective, plates aside, that a side took within [`CONVERSION_MS`] after a moment.
    pub(crate) fn taken_after(&self, team: TeamId, at_ms: u64) -> Option<(&'a Event, Objective)> {
        let first = self.events.partition_point(|event| event.at_ms <= at_ms);
        let soon = self.events.get(first..).unwrap_or_default();
        soon.iter()
            .take_while(|event| event.at_ms <= at_ms.saturating_add(CONVERSION_MS))
            .filter(|event| event.kind != EventKind::PlateDestroyed)
            .find_map(|event| {
                event.objective.filter(|_| self.taker(event) == Some(team)).map(|kind| (event, kind))
            })
    }

    fn line_up(&mut self) {
        let is_arena = self.mode == Mode::Arena;
        let all = self.players();
        self.players = all
            .iter()
            .map(|player| Standing { team: player.team(is_arena), opponent: None, tally: Tally::default() })
            .collect();
        for (index, player) in all.iter().enumerate() {
            let team = player.team(is_arena);
            let place = self.teams.binary_search_by_key(&team, |tally| tally.team);
            let place = place.unwrap_or_else(|place| {
                self.teams.insert(place, TeamTally { team, ..TeamTally::default() });
                place
            });
            if let Some(tally) = self.teams.get_mut(place) {
                tally.size += 1.0;
                tally.kills += player.kills.value();
                tally.damage += player.total_damage_dealt_to_champions.value();
            }
            let opponent = self.find_opponent(index);
            if let Some(standing) = self.players.get_mut(index) {
                standing.opponent = opponent;
            }
        }
    }

    /// The only player of the same role on another side, when the own side has no second one either.
    fn find_opponent(&self, index: usize) -> Option<usize> {
        let role = self.players().get(index)?.role();
        if self.mode != Mode::Rift || role == Role::Unknown {
            return None;
        }
        let team = self.players.get(index)?.team;
        let same =
            |other: &usize| *other != index && self.players().get(*other).is_some_and(|p| p.role() == role);
        let mut others = (0..self.players.len()).filter(same);
        let opponent = others.next()?;
        let is_enemy = self.players.get(opponent)?.team != team;
        (is_enemy && others.next().is_none()).then_some(opponent)
    }

    fn count_events(&mut self) {
        for event in self.events {
            match event.kind {
                EventKind::ChampionKill => self.count_kill(event),
                EventKind::BuildingKill | EventKind::MonsterKill => self.count_objective(event),
                _ => {}
            }
        }
    }

    fn count_kill(&mut self, event: &Event) {
        let team = self.team_of(event.killer);
        let is_converted = self.taken_after(team, event.at_ms).is_some();
        if let Some(tally) = self.teams.iter_mut().find(|tally| tally.team == team) {
            tally.timeline_kills += 1.0;
            tally.conversions += f64::from(is_converted);
        }
    }

    fn count_objective(&mut self, event: &Event) {
        let (Some(taker), Some(_)) = (self.taker(event), event.objective) else { return };
        let is_building = event.kind == EventKind::BuildingKill;
        if let Some(tally) = self.teams.iter_mut().find(|tally| tally.team == taker) {
            tally.buildings += f64::from(is_building);
            tally.monsters += f64::from(!is_building);
        }
        let helpers = event.assistants.iter().filter(|&id| id != event.killer);
        let hands = helpers.chain([event.killer]);
        let indices: Vec<usize> = hands.filter_map(|id| self.index(id)).collect();
        for index in indices {
            let is_assistant = self.players().get(index).is_some_and(|player| player.id() != event.killer);
            if let Some(standing) = self.players.get_mut(index).filter(|standing| standing.team == taker) {
                standing.tally.buildings += f64::from(is_building);
                standing.tally.monsters += f64::from(!is_building);
                standing.tally.objective_assists += f64::from(is_assistant);
            }
        }
    }
}

/// Whether a timeline says that it belongs to another match.
pub(crate) fn is_foreign(found: &Match, timeline: &Timeline<'_>) -> bool {
    !found.id().is_empty() && !timeline.match_id.is_empty() && found.id() != timeline.match_id
}
