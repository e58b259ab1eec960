//! When something is due: cron patterns in a time zone, or after something else.
//!
//! Clocks are changed twice a year in many zones, and the rule is the same for every pattern. A time that the change
//! leaves out (the gap) is due at the first instant after it, once, however many times of the pattern were left out
//! and even if that instant is in the pattern itself. A time that the change repeats (the overlap) is due the first
//! time and not again; `hourly` therefore leaves two hours between two runs in that night. A task that must run at
//! even steps of real time says `zone = "UTC"`.

pub mod account;
pub mod history;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::civil::DateTime;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::plan::value::{Period, TimeOfDay, refused};
use crate::zone::Zone;

/// When a task is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Schedule {
    /// At the times of a pattern.
    Cron(Pattern),
    /// When a watched file or folder has changed.
    OnChange,
    /// When another task of the same plan has ended well.
    After(String),
    /// When somebody says so.
    Manual,
}

/// A cron pattern of five fields.
#[derive(Debug, Clone)]
pub struct Pattern {
    written: String,
    cron: Arc<Cron>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Pattern {}

const ALLOWED: &str = "`minute hour day month weekday` as in cron (`MON#1` is the first Monday), `hourly`, \
                       `daily 02:00`, `quarterly 10:00`, `on change`, `after(TASK)`, `manual`";

impl Schedule {
    /// Reads a schedule; whether it can ever be due is another question, see [`Schedule::is_possible`].
    pub fn parse(text: &str) -> Result<Self, String> {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match words.as_str() {
            "on change" => return Ok(Self::OnChange),
            "manual" => return Ok(Self::Manual),
            _ => {}
        }
        if let Some(task) = words.strip_prefix("after(").and_then(|rest| rest.strip_suffix(')')) {
            let sound = |part: &str| crate::plan::value::TaskName::parse(part).is_ok();
            let name = task.strip_prefix("backup/").unwrap_or(task);
            return if sound(name) { Ok(Self::After(task.to_owned())) } else { Err(error(text)) };
        }
        let fields = spelled_out(&words).ok_or_else(|| error(text))?;
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        match parser.parse(&fields) {
            Ok(cron) => Ok(Self::Cron(Pattern { written: words, cron: Arc::new(cron) })),
            Err(_) => Err(error(text)),
        }
    }

    /// Whether the schedule can ever be due; a pattern such as the 30th of February cannot.
    pub fn is_possible(&self) -> bool {
        self.next_after(Timestamp::UNIX_EPOCH, &Zone::utc()).is_some() || !matches!(self, Self::Cron(_))
    }

    /// The first instant after this one at which the pattern is due; none for schedules without a pattern.
    pub fn next_after(&self, instant: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let Self::Cron(pattern) = self else { return None };
        let mut wall = zone.rules().to_datetime(instant);
        loop {
            wall = pattern.cron.find_next_occurrence(&wall, false).ok()?;
            let due = instant_of(wall, zone)?;
            if due > instant {
                return Some(due);
            }
        }
    }

    /// Every instant after `after` and up to `until` at which the pattern is due, at most `limit`.
    pub fn between(&self, after: Timestamp, until: Timestamp, zone: &Zone, limit: usize) -> Vec<Timestamp> {
        let next = |previous: &Timestamp| self.next_after(*previous, zone).filter(|due| *due <= until);
        std::iter::successors(next(&after), next).take(limit).collect()
    }

    /// The longest time between two of a hundred times in a row; none for schedules without a pattern.
    pub fn longest_step(&self, zone: &Zone) -> Option<Period> {
        let times = self.between(Timestamp::UNIX_EPOCH, Timestamp::MAX, zone, 100);
        let longest = times.windows(2).map(|pair| pair[1].as_second() - pair[0].as_second()).max()?;
        u32::try_from(longest).ok().map(Period::seconds)
    }
}

/// The instant at which a wall clock first shows this time, or would have shown it.
fn instant_of(wall: DateTime, zone: &Zone) -> Option<Timestamp> {
    use jiff::tz::AmbiguousOffset;
    let rules = zone.rules();
    match rules.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall).ok(),
        // The offset after the change puts the missing time before the change, whose instant is the next one.
        AmbiguousOffset::Gap { after, .. } => {
            let before_change = after.to_timestamp(wall).ok()?;
            rules.following(before_change).next().map(|transition| transition.timestamp())
        }
    }
}

/// The five fields of a pattern or of one of the words that stand for one.
fn spelled_out(words: &str) -> Option<String> {
    let (first, rest) = words.split_once(' ').unwrap_or((words, ""));
    let at = |days: &str| {
        let time = if rest.is_empty() { "0:00" } else { rest };
        let minute = TimeOfDay::parse(time).ok()?.minute_of_day();
        (minute < 1_440).then(|| format!("{} {} {days}", minute % 60, minute / 60))
    };
    match first {
        "hourly" => rest.is_empty().then(|| "0 * * * *".to_owned()),
        "daily" => at("* * *"),
        "quarterly" => at("1 1,4,7,10 *"),
        _ => (words.split(' ').count() == 5 && !words.contains('@')).then(|| words.to_owned()),
    }
}

fn error(text: &str) -> String {
    refused(text, "schedule", ALLOWED)
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Schedule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.to_string()
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cron(pattern) => formatter.write_str(&pattern.written),
            Self::OnChange => formatter.write_str("on change"),
            Self::After(task) => write!(formatter, "after({task})"),
            Self::Manual => formatter.write_str("manual"),
        }
    }
}

impl JsonSchema for Schedule {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Schedule".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": ALLOWED.replace('`', "") })
    }
}
