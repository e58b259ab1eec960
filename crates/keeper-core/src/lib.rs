//! The maintenance plan and everything that follows from it, without any IO.
//!
//! A [`plan`] is read from text and checked; its [`schedule`]s say what is due, the [`ledger`] says what became of
//! it, [`freshness`] says whether its backups can be relied on, [`retention`] and [`cleanup`] say what may be deleted
//! and why, and [`coverage`] says which lines of a written maintenance document the plan carries out. Every function
//! takes values, the present instant included, and returns decisions with reasons; carrying them out is the business
//! of the program.

pub mod cleanup;
pub mod coverage;
pub mod freshness;
pub mod ledger;
pub mod plan;
pub mod retention;
pub mod schedule;
pub mod zone;
