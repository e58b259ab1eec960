//! How a player stands within the team and against the lane opponent.
