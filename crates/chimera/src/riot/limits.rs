//! Riot's limits, held before a request is sent.
//!
//! Each region has an application limit and each endpoint in it a method limit; both are learnt from the headers of
//! every answer and may change at any time. A request counts from when it is sent until one window after its answer
//! began: whenever Riot counted it and wherever Riot's windows begin, no window of Riot's then holds more than the
//! limit, without comparing clocks. Requests of other processes under the same key are taken over from Riot's own
//! counts. Where nothing is known yet, or something was just refused, one request goes ahead and the others wait for
//! what it learns. A token bucket such as governor's cannot be told any of this.

mod bucket;
mod gate;
mod headers;

pub(super) use gate::Gates;
pub(super) use headers::Learnt;

use std::time::Duration;

/// So many requests in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RateLimit {
    pub(super) requests: u32,
    pub(super) window: Duration,
}

/// What holds until Riot has said otherwise: the limits of a personal key.
const FIRST_LIMITS: [RateLimit; 2] = [
    RateLimit { requests: 20, window: Duration::from_secs(1) },
    RateLimit { requests: 100, window: Duration::from_secs(120) },
];

/// How far we stay below what Riot allows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Restraint {
    /// At most so many requests at once in a region, whatever its limits are.
    pub(super) most_at_once: Option<u32>,
    /// Programs that share the key; each takes an equal part of every limit.
    pub(super) key_users: u32,
}
