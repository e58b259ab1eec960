//! Work that must be done at least once: declared, enqueued with the caller's own changes, claimed under a lease,
//! retried with a stored backoff, and kept as a dead letter when nothing helps.
//!
//! Every job is a row of the program's database, written in the caller's transaction; that row alone decides who
//! may work on it and whether it is done. What differs between backends is who keeps the line: the database itself,
//! or Redis, which a relay tells of the rows and which may forget everything without harm.
//!
//! A handler runs **at least** once for every job: a worker may die after the effect and before the completion. An
//! effect on the same database can be had exactly once with [`Running::complete_in`].

mod job;

mod outbox;

mod queue;

mod lease;

mod retry;

mod dead;

mod inspect;

mod pause;

mod upkeep;

pub mod worker;

mod settings;

mod error;

mod observe;

pub use error::JobsError;
pub use inspect::KindStats;
pub use job::{Claimed, Enqueued, Job, JobId, JobRecord, JobState, Lease, NewJob};
pub use observe::names as metric_names;
pub use queue::Queue;
pub use retry::Failure;
pub use settings::{Backend, QueueSettings};
pub use worker::{DeadJob, Handler, KindSettings, Running, WorkerSettings};

/// The tables of this crate (`job_queue`, `job_pauses`); run with [`storage::migrate::up`] before a queue is opened.
pub const MIGRATIONS: storage::MigrationSet =
    storage::MigrationSet { name: "jobs", migrations: &[storage::migration!("0001", "queue")] };
