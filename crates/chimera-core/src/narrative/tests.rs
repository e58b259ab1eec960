//! Templates read as a player would.
