//! The facts that a narrative may use, and nothing else.
//!
//! A sheet is made from a review. The template and the model's prompt read it, and [`crate::fact_check`] holds a text
//! against it. Numbers keep their full precision; how a number may be *written* (3.25, 3.3 or 3; 63 % or 0.63; 12.3k or
//! 1.2 万; 12:34 or 754 s) is decided by [`Amount::accepts`]. Names of other players are left out altogether: champions
//! tell the players apart, and a name that is not there can give no orders.

use crate::match_record::{ParticipantId, Role};
use crate::mode::Mode;
use crate::names::{Language, Names};
use crate::report::{EvidenceKind, Objective, Outcome, Region, Review, Side, TeamReview};
use crate::score::{Dimension, Partial, Tier};

mod amount;
mod metric;
mod of_review;
mod of_team;
mod prompt;
mod quoted;

pub use amount::{Amount, Written};
pub use metric::Metric;
pub use quoted::quoted_name;

/// Everything a narrative may say about one match, from one player's or one team's view.
#[derive(Debug, Clone)]
pub struct FactSheet {
    /// The language of the narrative.
    pub language: Language,
    /// The names it is written with.
    pub names: Names,
    /// Whom it is about.
    pub scope: Scope,
    /// The kind of game.
    pub mode: Mode,
    /// How it ended for the player or team.
    pub result: Outcome,
    /// The side of the map; `None` in Arena.
    pub side: Option<MapSide>,
    /// How long the game took.
    pub duration_ms: u64,
    /// Everybody who took part, the player or requester first.
    pub cast: Vec<CastMember>,
    /// The numbers.
    pub facts: Vec<Fact>,
    /// What happened when, by time.
    pub moments: Vec<Moment>,
    /// The most important fight, as an index into `moments`.
    pub best_fight: Option<usize>,
    /// Best dimensions, best first.
    pub strengths: Vec<Dimension>,
    /// Dimensions with room, most room first.
    pub improvements: Vec<Dimension>,
    /// The band of the score.
    pub tier: Option<Tier>,
    /// Items, by Riot's numbers.
    pub items: Vec<u32>,
    /// Augments, by Riot's numbers.
    pub augments: Vec<u32>,
    /// What was missing.
    pub partial: Vec<Partial>,
    /// The name of the player who asked, made harmless by [`quoted_name`].
    pub player_name: Option<String>,
}

/// Whom a sheet is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One player.
    Player,
    /// A team, seen by the one who asked.
    Team,
}

/// A side of the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapSide {
    /// Lower left.
    Blue,
    /// Upper right.
    Red,
}

impl MapSide {
    /// The other side.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            MapSide::Blue => MapSide::Red,
            MapSide::Red => MapSide::Blue,
        }
    }
}

/// One participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CastMember {
    /// The number within the match.
    pub id: ParticipantId,
    /// Riot's number of the champion.
    pub champion_id: u32,
    /// The champion in the sheet's language.
    pub champion: String,
    /// As the player or requester sees it.
    pub side: Side,
    /// Whether this one stood opposite the player.
    pub is_lane_opponent: bool,
    /// Where they played.
    pub role: Role,
}

/// Whom a number is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// One participant.
    Member(ParticipantId),
    /// The own side as a whole.
    OwnSide,
    /// The other sides as a whole.
    OtherSide,
    /// The match.
    Match,
}

/// One number.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Whose.
    pub about: About,
    /// Of what.
    pub metric: Metric,
    /// How much.
    pub amount: Amount,
}

/// One moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// When it happened or began, milliseconds of game time.
    pub from_ms: u64,
    /// When it ended; the same for a single event.
    pub to_ms: u64,
    /// What happened.
    pub what: Happening,
    /// The champions that took part, the player left out: Riot's number and side.
    pub champions: Vec<(u32, Side)>,
    /// The dimension it supports.
    pub dimension: Option<Dimension>,
}

/// What happened at a moment.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// Evidence of the review.
    Evidence(EvidenceKind),
    /// A team fight.
    Fight {
        /// Where.
        region: Region,
        /// Kills of the own side.
        own_kills: u32,
        /// Kills of the other side.
        other_kills: u32,
        /// What followed, and whether the own side took it.
        objective: Option<(Objective, bool)>,
    },
}

impl FactSheet {
    /// The sheet of one player's review.
    #[must_use]
    pub fn of_review(review: &Review, names: &Names, language: Language) -> Self {
        of_review::sheet(review, names, language)
    }

    /// The sheet of a team's review.
    #[must_use]
    pub fn of_team(review: &TeamReview, names: &Names, language: Language) -> Self {
        of_team::sheet(review, names, language)
    }

    /// The player or requester; `None` only for a team nobody of which is listed.
    #[must_use]
    pub fn player(&self) -> Option<&CastMember> {
        self.cast.first()
    }

    /// Who stood opposite the player.
    #[must_use]
    pub fn lane_opponent(&self) -> Option<&CastMember> {
        self.cast.iter().find(|member| member.is_lane_opponent)
    }

    /// The player's number of a kind.
    #[must_use]
    pub fn own(&self, metric: Metric) -> Option<f64> {
        self.number(About::Member(self.player()?.id), metric)
    }

    /// A number.
    #[must_use]
    pub fn number(&self, about: About, metric: Metric) -> Option<f64> {
        let fact = self.facts.iter().find(|fact| fact.about == about && fact.metric == metric)?;
        Some(fact.amount.value())
    }

    /// The compact text for a model: one fact a line, no name but the quoted one of the player who asked.
    #[must_use]
    pub fn to_prompt(&self) -> String {
        prompt::write(self, usize::MAX)
    }

    /// The same with the most important facts only, for a model with a small context: at most so many moments, and the
    /// numbers of the player alone.
    #[must_use]
    pub fn to_short_prompt(&self, moments: usize) -> String {
        prompt::write(self, moments)
    }

    /// When something happened, for a reader: `12:34`.
    #[must_use]
    pub fn clock(ms: u64) -> String {
        format!("{}:{:02}", ms / 60_000, ms / 1000 % 60)
    }
}

#[cfg(test)]
mod tests;
