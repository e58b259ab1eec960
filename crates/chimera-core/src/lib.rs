//! What a finished match was: facts, scores, evidence and the words for them, without any IO.
//!
//! Riot's JSON goes in ([`match_record`], [`timeline`]), a [`report`] comes out, and from it the words:
//! a [`fact_sheet`], a [`narrative`], and the two readers that let no text out which the facts do not carry
//! ([`fact_check`], [`compliance`]).

mod cut;
pub mod loose;
pub mod match_record;
pub mod timeline;

pub mod mode;
pub mod score;

pub mod evidence;
pub mod teamfight;

pub mod explain;
pub mod profile;
pub mod report;
pub mod team;

pub mod names;

pub mod fact_sheet;
pub mod narrative;

pub mod compliance;
pub mod fact_check;

pub mod experiment;
