//! What happened when: the events that carry a claim.

use serde::{Deserialize, Serialize};

use crate::match_record::ParticipantId;
use crate::score::Dimension;

mod gather;

pub(crate) use gather::of_player;

/// One moment of the match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Game time in milliseconds.
    pub at_ms: u64,
    /// What happened, with its numbers.
    pub what: EvidenceKind,
    /// Who took part: the player first, then the others that the event names.
    pub actors: Vec<Actor>,
    /// The dimension that this moment supports or explains.
    pub dimension: Option<Dimension>,
}

/// What happened. The player of the review is meant where no other subject is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum EvidenceKind {
    /// The first kill of the match, made by the player.
    FirstBlood,
    /// The first kill of the match, suffered by the player.
    FirstBloodVictim,
    /// A kill without any assistant.
    SoloKill,
    /// A death to one enemy alone.
    SoloDeath,
    /// A row of kills.
    MultiKill {
        /// 2 to 5.
        count: u32,
    },
    /// A kill that ended a bounty.
    Shutdown {
        /// The bounty beyond an ordinary kill.
        gold: u32,
    },
    /// A death that gave a bounty away.
    BountyLost {
        /// The bounty beyond an ordinary kill.
        gold: u32,
    },
    /// A death after which the other side took an objective.
    DeathBeforeObjective {
        /// What they took.
        objective: Objective,
        /// How long after, milliseconds.
        after_ms: u64,
    },
    /// A hand in taking an objective.
    Objective {
        /// What was taken.
        objective: Objective,
        /// Whether the last hit was the player's.
        last_hit: bool,
    },
    /// A kill with the player's hand in it, after which the side took an objective.
    Conversion {
        /// What the side took.
        objective: Objective,
        /// How long after, milliseconds.
        after_ms: u64,
    },
    /// Several wards destroyed within two minutes.
    WardsCleared {
        /// How many.
        count: u32,
    },
    /// An item worth a fight was finished.
    ItemFinished {
        /// Riot's number of the item.
        item_id: u32,
    },
    /// A level that opens the ultimate or its last rank, before the lane opponent.
    LevelLead {
        /// 6, 11 or 16.
        level: u32,
        /// How long before, milliseconds.
        ahead_ms: u64,
    },
    /// Several deaths within four minutes.
    DeathStreak {
        /// How many.
        count: u32,
    },
    /// Arena: several enemies brought down with a hand in it, within one round.
    Takedowns {
        /// How many.
        count: u32,
    },
    /// A team fight with the player's hand in kills.
    Fight {
        /// Kills by the player's side.
        won_kills: u32,
        /// Kills by the other side.
        lost_kills: u32,
    },
}

/// Somebody in an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The number within the match.
    pub participant_id: ParticipantId,
    /// Riot's number of the champion.
    pub champion_id: u32,
    /// Riot's key of the champion.
    pub champion_key: String,
    /// As the player of the review sees it.
    pub side: Side,
}

/// On whose side somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The player of the review.
    Player,
    /// The player's side.
    Ally,
    /// Another side.
    Enemy,
}

/// What a side can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Objective {
    /// A tower plate.
    Plate,
    /// A tower.
    Tower,
    /// An inhibitor.
    Inhibitor,
    /// A voidgrub.
    Voidgrub,
    /// The Rift Herald.
    Herald,
    /// A dragon.
    Dragon,
    /// The elder dragon.
    ElderDragon,
    /// Atakhan.
    Atakhan,
    /// Baron Nashor.
    Baron,
    /// A large monster that this version does not know.
    Monster,
}
