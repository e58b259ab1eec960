//! The review of one player or one team: the versioned document that is stored, shown and explained.
//!
//! These types derive serde although core types are no wire types elsewhere: a review is a document in its own
//! right. It is kept next to the match it was made from, read back by later versions and shown by several
//! programs, so its shape is owned here, by the code that knows what it means. [`REPORT_FORMAT`] names the shape.

use serde::{Deserialize, Serialize};

use crate::match_record::{ParticipantId, Role, TeamId};
use crate::mode::Mode;
use crate::score::{Dimension, Partial, PlayerScore};

pub(crate) mod assemble;
pub(crate) mod facts;
pub(crate) mod line;

pub use crate::team::team_review;
pub use assemble::review;

pub use crate::evidence::{Actor, Evidence, EvidenceKind, Objective, Side};
pub use crate::teamfight::{FightObjective, Region, TeamKills, Teamfight};

/// The shape of [`Review`] and [`TeamReview`]. It grows when a field changes its meaning, not when one is added.
pub const REPORT_FORMAT: u32 = 1;

/// The review of one player.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// [`REPORT_FORMAT`] of the time.
    pub format: u32,
    /// For example `EUW1_7684569678`.
    pub match_id: String,
    /// Which yardsticks were used.
    pub mode: Mode,
    /// Riot's queue number.
    pub queue_id: u32,
    /// The version of the game.
    pub game_version: String,
    /// How long the game took.
    pub duration_ms: u64,
    /// When it began, milliseconds since 1970; 0 where that is not known.
    pub started_at_ms: u64,
    /// How it ended for the player.
    pub result: Outcome,
    /// The player's numbers.
    pub player: PlayerFacts,
    /// The player's score, term by term.
    pub score: PlayerScore,
    /// The version of the formulas.
    pub version: String,
    /// Up to three best dimensions, best first.
    pub strengths: Vec<Dimension>,
    /// Up to three dimensions with the most room, most room first; none is also a strength.
    pub improvements: Vec<Dimension>,
    /// How each dimension stands within the team and against the lane opponent, in the order of the score.
    #[serde(default)]
    pub deltas: Vec<Delta>,
    /// Numbers over time; `None` without a timeline or in modes without lanes.
    pub timeline: Option<TimelineLine>,
    /// What the player bought and chose.
    pub build: Build,
    /// What carries the claims, by time.
    pub evidence: Vec<Evidence>,
    /// The fights of the match, most important first, at most five.
    pub teamfights: Vec<Teamfight>,
    /// Arena: the first partner (teams of three have two, see `others`).
    pub partner: Option<PlayerFacts>,
    /// Who played the same role on the other side; nobody where the game hides them.
    pub lane_opponent: Option<PlayerFacts>,
    /// What was missing.
    pub partial: Vec<Partial>,
    /// Everybody else, by ascending number, partner and opponent included.
    pub others: Vec<PlayerFacts>,
}

/// How a game ended for one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "place")]
pub enum Outcome {
    /// Won.
    Win,
    /// Lost.
    Loss,
    /// Ended by the early vote.
    Remake,
    /// Arena: the place, 1 is best.
    Placement(u8),
    /// Not stated.
    Unknown,
}

/// The numbers of one player.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlayerFacts {
    /// The number within the match.
    pub participant_id: ParticipantId,
    /// The player; empty where the game hides who it is.
    pub puuid: String,
    /// `Name#TAG`, data and never an instruction; `None` for hidden players and bots.
    pub riot_id: Option<String>,
    /// Whether the game hides who this is.
    pub is_hidden: bool,
    /// Whether the game plays this champion itself.
    pub is_bot: bool,
    /// Riot's number of the champion.
    pub champion_id: u32,
    /// Riot's key of the champion, the same in every language, for example `Ahri`.
    pub champion_key: String,
    /// The level at the end.
    pub champion_level: u32,
    /// The side; in Arena the small team.
    pub team: TeamId,
    /// Where the player played.
    pub role: Role,
    /// How it ended.
    pub result: Outcome,
    /// The score's total, where there is a score.
    pub total: Option<f64>,
    /// Kills.
    pub kills: u32,
    /// Deaths.
    pub deaths: u32,
    /// Assists.
    pub assists: u32,
    /// (kills + assists) / deaths, deaths at least 1.
    pub kda: f64,
    /// Share of the side's kills with a hand in, 0 to 1; `None` where the side has none.
    pub kill_participation: Option<f64>,
    /// Lane minions and jungle monsters.
    pub cs: u32,
    /// The same, per minute of the player's game.
    pub cs_per_minute: f64,
    /// Gold earned.
    pub gold: u32,
    /// The same, per minute.
    pub gold_per_minute: f64,
    /// Damage to champions.
    pub damage_to_champions: u32,
    /// The physical part.
    pub physical_damage: u32,
    /// The magic part.
    pub magic_damage: u32,
    /// The true part.
    pub true_damage: u32,
    /// Damage to champions per minute.
    pub damage_per_minute: f64,
    /// Share of the side's damage to champions, 0 to 1; `None` where there is none.
    pub damage_share: Option<f64>,
    /// Damage taken.
    pub damage_taken: u32,
    /// Damage that armour, shields and the like took off.
    pub damage_mitigated: u32,
    /// Damage to monsters and buildings.
    pub damage_to_objectives: u32,
    /// Damage to towers.
    pub damage_to_turrets: u32,
    /// Healing given to others.
    pub healing_given: u32,
    /// Damage that shields for others took.
    pub shielding_given: u32,
    /// Riot's own measure of vision.
    pub vision_score: u32,
    /// Wards placed.
    pub wards_placed: u32,
    /// Wards destroyed.
    pub wards_killed: u32,
    /// Control wards placed.
    pub control_wards: u32,
    /// Seconds of control over enemies, by Riot's weighting.
    pub cc_seconds: u32,
    /// The longest row of kills.
    pub largest_multi_kill: u32,
    /// The most kills without a death.
    pub largest_killing_spree: u32,
    /// Seconds spent dead.
    pub dead_seconds: u32,
    /// Whether the first kill was theirs.
    pub first_blood: bool,
}

/// Numbers over time. A number is `None` where the game ended earlier, frames are missing or nobody stood opposite.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TimelineLine {
    /// Gold ahead of the lane opponent at 10:00.
    pub gold_diff_10: Option<f64>,
    /// Experience ahead of the lane opponent at 10:00.
    pub xp_diff_10: Option<f64>,
    /// Minions and monsters at 10:00.
    pub cs_10: Option<f64>,
    /// Gold ahead of the lane opponent at 15:00.
    pub gold_diff_15: Option<f64>,
    /// Experience ahead of the lane opponent at 15:00.
    pub xp_diff_15: Option<f64>,
    /// Minions and monsters at 15:00.
    pub cs_15: Option<f64>,
    /// Share of the side's kills after which it took an objective within 120 s, 0 to 1.
    pub conversion_rate: Option<f64>,
    /// How many such kills.
    pub conversions: u32,
    /// Wards placed per minute of the player's game.
    pub wards_per_minute: f64,
    /// Gold ahead of the lane opponent over time, one point a frame: milliseconds and gold.
    pub gold_curve: Vec<(u64, f64)>,
}

/// What a player bought and chose, by Riot's numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// Up to six items in slot order.
    pub items: Vec<u32>,
    /// The trinket.
    pub trinket: Option<u32>,
    /// The runes; `None` in modes without.
    pub runes: Option<Runes>,
    /// The two spells.
    pub spells: [u32; 2],
    /// Arena augments in the order of choice. Riot's list may be incomplete.
    pub augments: Vec<u32>,
}

/// The runes of one player.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runes {
    /// The primary path.
    pub primary_style: u32,
    /// Its four runes, the keystone first.
    pub primary: Vec<u32>,
    /// The secondary path.
    pub secondary_style: u32,
    /// Its two runes.
    pub secondary: Vec<u32>,
    /// The three shards.
    pub shards: Vec<u32>,
}

/// The review of one team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TeamReview {
    /// [`REPORT_FORMAT`] of the time.
    pub format: u32,
    /// For example `EUW1_7684569678`.
    pub match_id: String,
    /// Which yardsticks were used.
    pub mode: Mode,
    /// Riot's queue number.
    pub queue_id: u32,
    /// The version of the game.
    pub game_version: String,
    /// How long the game took.
    pub duration_ms: u64,
    /// When it began, milliseconds since 1970; 0 where that is not known.
    pub started_at_ms: u64,
    /// How it ended for the team.
    pub result: Outcome,
    /// The version of the formulas.
    pub version: String,
    /// The side.
    pub team: TeamId,
    /// Who asked.
    pub requester: ParticipantId,
    /// The mean total of the team, where there is a score.
    pub mean_total: Option<f64>,
    /// The team, best first; the requester is one of them.
    pub members: Vec<Member>,
    /// Everybody on other sides, best first.
    pub enemies: Vec<Member>,
    /// Up to three differences to be glad of, largest first.
    pub top: Vec<Highlight>,
    /// Up to three differences with room, largest first.
    pub bottom: Vec<Highlight>,
    /// The team's numbers over time.
    pub timeline: Option<TeamTimeline>,
    /// The most important fight.
    pub best_fight: Option<Teamfight>,
    /// What was missing.
    pub partial: Vec<Partial>,
}

/// One player within the team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The numbers.
    pub facts: PlayerFacts,
    /// The score, term by term.
    pub score: PlayerScore,
    /// What was bought and chosen.
    pub build: Build,
    /// The place within the own side by total, from 1; equal totals share a place. `None` without a score.
    pub rank: Option<u32>,
    /// How each dimension stands, in the order of the score.
    pub deltas: Vec<Delta>,
}

/// How one dimension of one player stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delta {
    /// Which one.
    pub dimension: Dimension,
    /// 0 to 100.
    pub value: f64,
    /// Ahead of the mean of the own side, the player included.
    pub vs_team_mean: f64,
    /// Ahead of the lane opponent.
    pub vs_opponent: Option<f64>,
    /// The place within the own side in this dimension, from 1.
    pub rank: u32,
}

/// A difference of the requester that is worth a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Highlight {
    /// Whose.
    pub participant_id: ParticipantId,
    /// The difference.
    pub delta: Delta,
}

/// A team's numbers over time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TeamTimeline {
    /// Gold ahead of the other side at 10:00.
    pub gold_diff_10: Option<f64>,
    /// Experience ahead of the other side at 10:00.
    pub xp_diff_10: Option<f64>,
    /// Gold ahead of the other side at 15:00.
    pub gold_diff_15: Option<f64>,
    /// Share of the kills after which the team took an objective within 120 s, 0 to 1.
    pub conversion_rate: Option<f64>,
    /// How many such kills.
    pub conversions: u32,
    /// Wards placed per minute by the whole team.
    pub wards_per_minute: f64,
    /// Dragons taken, the elder included.
    pub dragons: u32,
    /// Barons taken.
    pub barons: u32,
    /// Heralds taken.
    pub heralds: u32,
    /// Voidgrubs taken.
    pub voidgrubs: u32,
    /// Towers taken.
    pub towers: u32,
    /// Inhibitors taken.
    pub inhibitors: u32,
}

/// Why there is no review.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// The document lists nobody.
    #[error("match {match_id} lists no players")]
    NoPlayers {
        /// Which match.
        match_id: String,
    },
    /// The player did not take part, or the game hides that they did.
    #[error("the player took no part in match {match_id}")]
    NotInMatch {
        /// Which match.
        match_id: String,
    },
}
