//! What a row can say.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Anchor, Hash};
use crate::plan::set::TaskId;

/// Something that happened. Durations are whole milliseconds, sizes bytes; nothing here is a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Keeper has started.
    KeeperStarted {
        /// Its version.
        version: String,
        /// Name of the machine.
        host: String,
    },
    /// Keeper has stopped in good order.
    KeeperStopped {
        /// Why.
        reason: String,
    },
    /// A plan was loaded and is carried out from now on.
    ConfigLoaded {
        /// The file.
        file: String,
        /// SHA-256 of its text.
        hash: Hash,
    },
    /// A plan was refused; the one before stays.
    ConfigRefused {
        /// The file.
        file: String,
        /// How many problems it has.
        problems: u32,
        /// The first of them.
        first: String,
    },
    /// From now on this task is due by this schedule.
    TaskAdopted {
        /// The task.
        task: TaskId,
        /// Its schedule as written.
        schedule: String,
        /// Name of its zone.
        zone: String,
        /// What was due before is not its business.
        since: Timestamp,
    },
    /// From now on this task is never due.
    TaskRetired {
        /// The task.
        task: TaskId,
    },
    /// The clock was found behind the newest row.
    ClockSetBack {
        /// Instant of the newest row.
        from: Timestamp,
        /// What the clock says now.
        to: Timestamp,
    },
    /// A task is wanted besides its schedule: by hand, or because a watched file has changed.
    TaskTriggered {
        /// The task.
        task: TaskId,
        /// By whom or by what.
        by: String,
    },
    /// An occurrence waits until the run before it has ended.
    TaskQueued {
        /// The occurrence.
        #[serde(flatten)]
        occurrence: Occurrence,
        /// Why.
        reason: String,
    },
    /// A run has started.
    RunStarted {
        /// The occurrence.
        #[serde(flatten)]
        occurrence: Occurrence,
        /// Number of the try, from 1.
        attempt: u32,
        /// It starts later than its grace allows.
        late: bool,
        /// Work of people: it ends with evidence, not with a process.
        human: bool,
    },
    /// A try has ended and another one follows.
    RunRepeated {
        /// The occurrence.
        #[serde(flatten)]
        occurrence: Occurrence,
        /// Number of the try that has ended.
        attempt: u32,
        /// The next try does not start before.
        not_before: Timestamp,
        /// What went wrong.
        reason: String,
    },
    /// What became of an occurrence; exactly one such row for each, save those that a clock set back undoes.
    Settled {
        /// The occurrence.
        #[serde(flatten)]
        occurrence: Occurrence,
        /// How it ended.
        outcome: Outcome,
        /// Why, and with what result.
        detail: String,
        /// How long the last try took.
        duration_ms: Option<u64>,
        /// Exit code of its process.
        exit_code: Option<i32>,
    },
    /// Work of people is overdue; it stays open.
    Overdue {
        /// The occurrence.
        #[serde(flatten)]
        occurrence: Occurrence,
        /// When it should have been done.
        due_by: Timestamp,
    },
    /// People have shown that something is done.
    Evidence {
        /// The occurrence.
        #[serde(flatten)]
        occurrence: Occurrence,
        /// Who says so.
        by: String,
        /// What was shown: a link, a record's number, a sentence.
        text: String,
    },
    /// A backup was written to a store.
    BackupTaken {
        /// `PLAN/NAME`.
        backup: String,
        /// The store.
        store: String,
        /// By which the store knows it.
        snapshot: String,
        /// When the source was frozen.
        taken_at: Timestamp,
        /// Hash of the source's content, to compare restores with.
        content: Option<Hash>,
        /// Size of the source.
        size_bytes: u64,
        /// Size of what was added to the store.
        added_bytes: u64,
        /// From start to end.
        duration_ms: u64,
        /// What the source's own engine says against it; such a backup is never good.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        damage: Option<String>,
    },
    /// A backup could not be written to a store.
    BackupFailed {
        /// `PLAN/NAME`.
        backup: String,
        /// The store.
        store: String,
        /// Why.
        reason: String,
    },
    /// A backup was restored into scratch, opened by the real engine and compared.
    ProofMade {
        /// `PLAN/NAME`.
        backup: String,
        /// The store.
        store: String,
        /// By which the store knows it.
        snapshot: String,
        /// Whether it was good.
        good: bool,
        /// The checks, each with what it found.
        findings: Vec<String>,
        /// From the beginning of the restore until the engine had answered.
        duration_ms: u64,
        /// Age of the backup at that time: what would have been lost.
        age_seconds: u64,
    },
    /// Something was restored.
    Restored {
        /// `PLAN/NAME`.
        backup: String,
        /// The store.
        store: String,
        /// By which the store knows it.
        snapshot: String,
        /// Where to.
        target: String,
        /// Whether files that were there may have been replaced.
        overwrite: bool,
        /// Whether it succeeded.
        good: bool,
        /// From start to end.
        duration_ms: u64,
    },
    /// Backups were dropped.
    Pruned {
        /// `PLAN/NAME`.
        backup: String,
        /// The store.
        store: String,
        /// The dropped ones.
        dropped: Vec<String>,
        /// How many are left.
        kept: u64,
    },
    /// Old sessions were deleted from a service's database.
    CleanedUp {
        /// The service.
        service: String,
        /// How many are gone.
        deleted: u64,
        /// How many were old enough and are kept.
        kept: u64,
        /// The proved backup that holds them.
        backup: String,
    },
    /// The head of the chain was written somewhere else.
    Anchored {
        /// The head.
        anchor: Anchor,
        /// Where to.
        place: String,
    },
    /// Something for which there is no row of its own yet, by a later part of keeper or a person.
    Note {
        /// What it is about.
        subject: String,
        /// What is said.
        text: String,
    },
}

/// One time at which a task was due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Occurrence {
    /// The task.
    pub task: TaskId,
    /// When it was due.
    pub due: Timestamp,
    /// Number of the row that made it due, where no schedule did.
    pub trigger: Option<u64>,
}

/// How an occurrence ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It ran in time and succeeded.
    Ran,
    /// It ran late, as the policy wants, and succeeded.
    CaughtUp,
    /// It ran and failed, with its last try.
    Failed,
    /// It did not run, or not to its end, and that is as it should be.
    Skipped,
    /// It did not run, and should have. Somebody must be told.
    Missed,
    /// Keeper died while it ran, and it does not run again.
    Interrupted,
}

impl Outcome {
    /// Whether the work was done.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Ran | Self::CaughtUp)
    }

    /// Whether somebody must be told.
    pub fn is_alarming(self) -> bool {
        matches!(self, Self::Failed | Self::Missed | Self::Interrupted)
    }
}
