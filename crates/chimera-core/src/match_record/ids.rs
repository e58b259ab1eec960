//! The numbers by which a match names its players and sides.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A player's number within one match, from 1. It says nothing about the player outside that match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ParticipantId(pub u32);

/// A side: 100 is blue and 200 is red; in Arena the number of the small team.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TeamId(pub u32);

impl TeamId {
    /// The blue side.
    pub const BLUE: TeamId = TeamId(100);
    /// The red side.
    pub const RED: TeamId = TeamId(200);
}

impl fmt::Display for ParticipantId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for TeamId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
