//! Scores of every player of a match, term by term.
//!
//! A score is a weighted mean of dimensions, a dimension a weighted mean of terms, a term a number of 0 to 1 made
//! from a few inputs. All of it is kept, so that a person can redo the sum. `docs/scoring.md` gives each formula
//! with its reason.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::match_record::{Match, ParticipantId, TeamId};
use crate::mode::Mode;
use crate::timeline::Timeline;

mod aram;
mod arena;
pub(crate) mod facts;
pub(crate) mod formula;
mod partial;
mod rift;
mod terms;

use facts::Facts;
use formula::{Formula, Recipe};

/// The version of every formula. It changes whenever any number of any score can change.
pub const SCORE_VERSION: &str = "chimera-score-1";

/// Scores every player whom the game does not hide. The time is that of parsing three frames and some arithmetic.
pub fn score(found: &Match, timeline: Option<&Timeline<'_>>) -> MatchScores {
    score_facts(&Facts::gather(found, timeline), timeline)
}

/// Scores every player of a match whose facts are at hand.
pub(crate) fn score_facts(facts: &Facts<'_>, timeline: Option<&Timeline<'_>>) -> MatchScores {
    let partial = partial::marks(facts.found, timeline, facts);
    let is_scored = partial::allow_score(&partial);
    let one = |(index, player): (usize, &crate::match_record::Participant)| {
        let mut score = PlayerScore {
            participant_id: player.id(),
            puuid: player.puuid.to_string(),
            team: facts.team_of(player.id()),
            total: None,
            tier: None,
            dimensions: Vec::new(),
        };
        if is_scored && !player.is_hidden() {
            formula::fill(&mut score, recipes(facts.mode), facts, index);
        }
        score
    };
    let players = facts.players().iter().enumerate().map(one).collect();
    MatchScores { version: SCORE_VERSION.into(), mode: facts.mode, partial, players }
}

/// The dimensions of a mode.
pub(crate) fn recipes(mode: Mode) -> &'static [Recipe] {
    match mode {
        Mode::Rift => rift::RECIPES,
        Mode::Aram => aram::RECIPES,
        Mode::Arena => arena::RECIPES,
        Mode::Other => &[],
    }
}

/// The formula of a term, by the name that scores carry.
pub(crate) fn formula_named(name: &str) -> Option<&'static Formula> {
    let modes = [Mode::Rift, Mode::Aram, Mode::Arena];
    let all = modes.iter().flat_map(|&mode| recipes(mode)).flat_map(|recipe| recipe.terms);
    all.map(|(formula, _)| *formula).find(|formula| formula.name == name)
}

/// The scores of one match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatchScores {
    /// [`SCORE_VERSION`] of the time.
    pub version: Cow<'static, str>,
    /// Which yardsticks were used.
    pub mode: Mode,
    /// What was missing, for all players alike.
    pub partial: Vec<Partial>,
    /// One score a player, by ascending number.
    pub players: Vec<PlayerScore>,
}

impl MatchScores {
    /// The score of one player.
    pub fn player(&self, id: ParticipantId) -> Option<&PlayerScore> {
        self.players.iter().find(|player| player.participant_id == id)
    }
}

/// The score of one player.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlayerScore {
    /// The number within the match.
    pub participant_id: ParticipantId,
    /// The player, empty where the game hides who it is.
    pub puuid: String,
    /// The side; in Arena the small team.
    pub team: TeamId,
    /// 0 to 100; `None` where the match is shown as a plain record, and for players whom the game hides.
    pub total: Option<f64>,
    /// The band of the total.
    pub tier: Option<Tier>,
    /// The dimensions in their fixed order; empty for a plain record.
    pub dimensions: Vec<DimensionScore>,
}

impl PlayerScore {
    /// One dimension.
    pub fn dimension(&self, dimension: Dimension) -> Option<&DimensionScore> {
        self.dimensions.iter().find(|score| score.dimension == dimension)
    }
}

/// One dimension of one player's score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DimensionScore {
    /// Which one.
    pub dimension: Dimension,
    /// Its share of the total; the weights of a player's dimensions add up to 1.
    pub weight: f64,
    /// 0 to 100.
    pub value: f64,
    /// What it is made of.
    pub terms: Vec<Term>,
}

/// One term of a dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// A stable word, for example `kill_participation`; `docs/scoring.md` has its formula under this name.
    pub name: Cow<'static, str>,
    /// Its share of the dimension; the weights of a dimension's terms add up to 1.
    pub weight: f64,
    /// 0 to 1.
    pub value: f64,
    /// The numbers it was made from, in the order of its formula.
    pub inputs: Vec<Input>,
}

/// One number that a term was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// A stable word, for example `kills`.
    pub name: Cow<'static, str>,
    /// The number as used.
    pub value: f64,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Dimension {
    /// Kills, deaths, assists, and damage for the gold.
    Combat,
    /// Minions, gold and purchases.
    Economy,
    /// Monsters, towers, and what kills were turned into.
    Objective,
    /// Wards placed and destroyed.
    Vision,
    /// Assists, and a hand in what the team took.
    Teamplay,
    /// Levels and experience.
    Growth,
    /// Damage taken, and what was there to take it.
    Tankiness,
    /// The share and the mixture of damage.
    DamageComposition,
    /// Staying alive.
    Survivability,
    /// Control of enemies.
    CrowdControl,
    /// ARAM and Arena: the share of the team's damage.
    Damage,
    /// ARAM and Arena: healing and shielding of others.
    Support,
    /// Arena: the place reached.
    Placement,
}

impl Dimension {
    /// Every dimension, in the order of documents.
    pub const ALL: [Dimension; 13] = [
        Dimension::Combat,
        Dimension::Economy,
        Dimension::Objective,
        Dimension::Vision,
        Dimension::Teamplay,
        Dimension::Growth,
        Dimension::Tankiness,
        Dimension::DamageComposition,
        Dimension::Survivability,
        Dimension::CrowdControl,
        Dimension::Damage,
        Dimension::Support,
        Dimension::Placement,
    ];

    /// Whether only some champions can do it at all. Nothing of it is then the champion and no habit, and no advice.
    pub fn is_of_the_champion(self) -> bool {
        matches!(self, Dimension::CrowdControl | Dimension::Support)
    }

    /// The word of the wire, for logs and labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Dimension::Combat => "combat",
            Dimension::Economy => "economy",
            Dimension::Objective => "objective",
            Dimension::Vision => "vision",
            Dimension::Teamplay => "teamplay",
            Dimension::Growth => "growth",
            Dimension::Tankiness => "tankiness",
            Dimension::DamageComposition => "damage_composition",
            Dimension::Survivability => "survivability",
            Dimension::CrowdControl => "crowd_control",
            Dimension::Damage => "damage",
            Dimension::Support => "support",
            Dimension::Placement => "placement",
        }
    }
}

/// The band of a total, within its mode. There is no band below D: a label must not shame anybody.
///
/// A mean of ten dimensions seldom leaves the middle, so the bands are where real players are: of the lines the
/// formulas were tuned on, about 2 % reach S+, 8 % S, 20 % A, 30 % B, 25 % C, and 15 % D.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tier {
    /// Everything below C.
    D,
    /// The fourth fifth, more or less.
    C,
    /// The middle.
    B,
    /// The upper third.
    A,
    /// One in ten.
    S,
    /// One in fifty.
    #[serde(rename = "S+")]
    SPlus,
}

impl Tier {
    /// The band of a total of 0 to 100.
    pub fn of(mode: Mode, total: f64) -> Self {
        let [s_plus, s, a, b, c] = Self::bounds(mode);
        match total {
            total if total >= s_plus => Tier::SPlus,
            total if total >= s => Tier::S,
            total if total >= a => Tier::A,
            total if total >= b => Tier::B,
            total if total >= c => Tier::C,
            _ => Tier::D,
        }
    }

    /// Where S+, S, A, B and C begin.
    pub fn bounds(mode: Mode) -> [f64; 5] {
        match mode {
            Mode::Arena => [80.0, 74.0, 61.0, 47.0, 30.0],
            Mode::Rift | Mode::Aram | Mode::Other => [65.0, 60.0, 53.0, 46.0, 37.0],
        }
    }

    /// As shown to people.
    pub fn as_str(self) -> &'static str {
        match self {
            Tier::SPlus => "S+",
            Tier::S => "S",
            Tier::A => "A",
            Tier::B => "B",
            Tier::C => "C",
            Tier::D => "D",
        }
    }
}

/// Why a review is not complete. Each is said to the reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum Partial {
    /// No timeline: terms that need one are left out and their weight goes to the others.
    NoTimeline,
    /// A timeline without a single usable frame.
    EmptyTimeline,
    /// Frames are missing for longer than 90 s; numbers "at" a time in the gap are not given.
    TimelineGap {
        /// The last frame before, milliseconds of game time.
        from_ms: u64,
        /// The first frame after.
        to_ms: u64,
    },
    /// The timeline belongs to another match and was not used.
    ForeignTimeline,
    /// The document lacks fields that count; their terms are left out.
    MissingFields {
        /// Riot's names of the fields, at most eight.
        fields: Vec<String>,
    },
    /// The game ended by the early vote: no score.
    Remake,
    /// The game was cut off by the servers: no score.
    Aborted,
    /// Arena did not state the places: no score.
    PlacementUnknown,
    /// A mode without yardsticks: no score.
    UnscoredMode,
    /// A Rift mode with other rules, measured by the Rift's yardsticks.
    BorrowedYardstick,
    /// Players whom the game hides were counted and not named.
    HiddenPlayers {
        /// How many.
        count: u32,
    },
    /// Computer players took part.
    Bots {
        /// How many.
        count: u32,
    },
}
