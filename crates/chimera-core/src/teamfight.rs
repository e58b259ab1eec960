//! Team fights from kills that are close in time and space.

use serde::{Deserialize, Serialize};

use crate::evidence::Objective;
use crate::match_record::{ParticipantId, TeamId};

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
