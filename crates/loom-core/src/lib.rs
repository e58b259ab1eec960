//! The story rules as pure functions.
//!
//! A world is written as a *canon* (Markdown with front matter); a player writes prose with interventions in
//! brackets; a turn is assembled from both, from what the story remembers, and from its history. Nothing in this
//! crate reads a file, a clock or the environment, and nothing in it interprets what a canon *means*: the text is
//! carried to the narrator, and only its outline is checked.
//!
//! Reading order: who may do what, the canon, the player's brackets, then the turn itself.

pub mod access;
pub mod canon;
pub mod intervention;

pub mod tokens;

pub mod memory;
pub mod session;

pub mod prompt;
pub mod turn;

pub mod narrator;
