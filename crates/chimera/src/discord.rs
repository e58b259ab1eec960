//! Discord: interactions by HTTP and by gateway, commands, cards and the edited reply.

pub mod limits;

pub mod cut;
pub mod markdown;
pub mod message;

pub mod cards;
pub mod commands;
pub mod texts;

pub mod incoming;
pub mod requests;
pub mod verify;

pub mod api;
mod buckets;
pub mod guard;

pub mod gateway;
pub mod handle;
pub mod interactions;

pub use self::{
    api::{Api, ApiError, ApiSettings},
    handle::handle,
    message::Message,
};
