//! Which backups are kept and which may be dropped, each with its reasons.
//!
//! The rules mean what restic's of the same names mean; `days` and `forever` are ours. What restic does not have is
//! the last good backup: the newest proved one of a source is kept whatever the rules say.

pub mod amount;
pub mod judge;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use amount::{Count, Reach};
pub use judge::{Judged, Proof, Reason, Refusal, Snapshot, Verdict, judge};

use crate::plan::value::Period;

/// Rules for keeping backups; a backup is kept when any of them wants it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Keep {
    /// Everything, for ever.
    pub forever: bool,
    /// Everything that is at most so many days old.
    pub days: Option<u32>,
    /// The newest so many.
    pub last: Option<Count>,
    /// The newest of each hour, for so many hours that have one.
    pub hourly: Option<Count>,
    /// The newest of each day, for so many days that have one.
    pub daily: Option<Count>,
    /// The newest of each ISO week, for so many weeks that have one.
    pub weekly: Option<Count>,
    /// The newest of each month, for so many months that have one.
    pub monthly: Option<Count>,
    /// The newest of each year, for so many years that have one.
    pub yearly: Option<Count>,
    /// Everything made within this time before the newest backup.
    pub within: Option<Reach>,
    /// The newest of each hour within this time before the newest backup.
    pub within_hourly: Option<Reach>,
    /// The newest of each day within this time before the newest backup.
    pub within_daily: Option<Reach>,
    /// The newest of each ISO week within this time before the newest backup.
    pub within_weekly: Option<Reach>,
    /// The newest of each month within this time before the newest backup.
    pub within_monthly: Option<Reach>,
    /// The newest of each year within this time before the newest backup.
    pub within_yearly: Option<Reach>,
    /// Everything that has all tags of one of these lists.
    pub tags: Vec<Vec<String>>,
}

impl Keep {
    /// Whether any rule can keep a backup at all.
    pub fn keeps_anything(&self) -> bool {
        let counts = [self.last, self.hourly, self.daily, self.weekly, self.monthly, self.yearly];
        let reaches = [
            self.within,
            self.within_hourly,
            self.within_daily,
            self.within_weekly,
            self.within_monthly,
            self.within_yearly,
        ];
        self.forever
            || self.days.is_some_and(|days| days > 0)
            || counts.iter().flatten().any(|count| *count != Count::Of(0))
            || reaches.iter().flatten().any(|reach| !reach.is_zero())
            || self.tags.iter().any(|list| !list.is_empty())
    }

    /// The longest time that these rules keep a backup, where they only go by its age.
    pub fn only_days(&self) -> Option<Period> {
        let days = self.days?;
        let alone = Self { days: Some(days), ..Self::default() } == *self;
        alone.then(|| Period::days(days))
    }
}
