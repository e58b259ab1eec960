//! Which backups are kept and which may be dropped, each with its reasons.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    pub last: Option<u32>,
    /// The newest of each hour, for so many hours that have one.
    pub hourly: Option<u32>,
    /// The newest of each day, for so many days that have one.
    pub daily: Option<u32>,
    /// The newest of each ISO week, for so many weeks that have one.
    pub weekly: Option<u32>,
    /// The newest of each month, for so many months that have one.
    pub monthly: Option<u32>,
    /// The newest of each year, for so many years that have one.
    pub yearly: Option<u32>,
    /// Everything made within this time before the newest backup.
    pub within: Option<Period>,
    /// The newest of each hour within this time before the newest backup.
    pub within_hourly: Option<Period>,
    /// The newest of each day within this time before the newest backup.
    pub within_daily: Option<Period>,
    /// The newest of each ISO week within this time before the newest backup.
    pub within_weekly: Option<Period>,
    /// The newest of each month within this time before the newest backup.
    pub within_monthly: Option<Period>,
    /// The newest of each year within this time before the newest backup.
    pub within_yearly: Option<Period>,
    /// Everything that has all tags of one of these lists.
    pub tags: Vec<Vec<String>>,
}

impl Keep {
    /// Whether any rule can keep a backup at all.
    pub fn keeps_anything(&self) -> bool {
        let counts = [self.days, self.last, self.hourly, self.daily, self.weekly, self.monthly, self.yearly];
        let periods = [
            self.within,
            self.within_hourly,
            self.within_daily,
            self.within_weekly,
            self.within_monthly,
            self.within_yearly,
        ];
        self.forever
            || counts.iter().flatten().any(|count| *count > 0)
            || periods.iter().flatten().any(|period| period.as_seconds() > 0)
            || self.tags.iter().any(|list| !list.is_empty())
    }

    /// The longest time that these rules keep a backup, where they only go by its age.
    pub fn only_days(&self) -> Option<Period> {
        let days = self.days?;
        let alone = Self { days: Some(days), ..Self::default() } == *self;
        alone.then(|| Period::days(days))
    }
}
