//! Backups: what is frozen, where it is written, and how it is shown to be good.
//!
//! [`freeze`] hands over [`Piece`]s, [`repository`] writes them into a store in the format of restic, and a
//! [`Record`] inside the snapshot says what was known of every piece when it was frozen, so that a restore can be
//! compared on a machine that has nothing else.

pub mod freeze;
pub mod git;
pub mod location;
pub mod piece;
pub mod proof;
pub mod record;
pub mod repository;
pub mod server;

pub use location::Location;
pub use piece::Piece;
pub use record::Record;
