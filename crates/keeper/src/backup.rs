//! Backups: what is frozen, where it is written, and how it is shown to be good.
//!
//! [`freeze`] hands over [`Piece`]s, [`repository`] writes them into a store in the format of restic, and a
//! [`Record`] inside the snapshot says what was known of every piece when it was frozen, so that a restore can be
//! compared on a machine that has nothing else.

pub mod freeze;
pub mod git;
mod history;
mod left_out;
pub mod list;
pub mod location;
pub mod piece;
pub mod plain_copy;
pub mod proof;
pub mod prune;
pub mod record;
pub mod repository;
pub mod restore;
pub mod server;
pub mod take;
pub mod verify;
pub mod work;

pub use location::Location;
pub use piece::Piece;
pub use record::Record;
