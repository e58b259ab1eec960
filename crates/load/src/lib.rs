//! Load generator: requests at a fixed rate or from a fixed number of clients, measured and reported.
//!
//! The open loop ([`run`]) fixes every arrival in advance and counts a request's latency from the moment it was
//! meant to start. A system that stalls is therefore charged for everybody who had to wait, not only for the one
//! request that was in flight; a generator that waits for answers before it asks again omits those ("coordinated
//! omission", Gil Tene, "How NOT to Measure Latency"; his wrk2 is the model for this one). The closed loop
//! ([`run_closed`]) keeps N requests in flight and finds the ceiling of throughput; its latencies have that flaw,
//! and its report says so.
//!
//! What a request is, and what counts as an error, is the caller's closure; nothing here knows HTTP.

mod closed;
mod generator;
mod histogram;
mod report;
mod tally;

pub use closed::{ClosedPlan, run_closed};
pub use generator::{Outcome, Plan, run};
pub use histogram::{Bucket, Percentiles};
pub use report::{Mode, Report};
