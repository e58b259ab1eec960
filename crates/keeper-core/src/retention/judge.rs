//! Applies keep rules to the backups that there are.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::Serialize;

use super::{Count, Keep, Reach};
use crate::zone::Zone;

/// One backup in one store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// By which the store knows it.
    pub id: String,
    /// What it is a backup of; each source is judged by itself.
    pub source: String,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Its tags.
    pub tags: Vec<String>,
    /// What is known of its worth.
    pub proof: Proof,
}

/// What is known of a backup's worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// It was restored and compared, and was good.
    Proved,
    /// Nobody has tried.
    Unproved,
    /// It was tried and was not good.
    Failed,
}

/// What becomes of one backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// The backup.
    pub id: String,
    /// What it is a backup of.
    pub source: String,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Kept or dropped, and why.
    pub verdict: Verdict,
}

/// Kept or dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// By these rules, at least one.
    Keep(Vec<Reason>),
    /// No rule wants it.
    Drop {
        /// What each rule has against it; empty where there is no rule.
        why: Vec<Refusal>,
        /// Backups of the same source that are kept and newer.
        newer_kept: usize,
    },
}

/// Why a backup is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Everything is kept.
    Forever,
    /// It is at most so many days old.
    Days(u32),
    /// It is one of the newest, this one counted from 1.
    Last(u32),
    /// It is the newest of its step of the calendar, the step counted from 1.
    Newest(Step, u32),
    /// There are fewer steps than are wanted, and it is the oldest of all.
    Oldest(Step),
    /// It is near enough to the newest backup.
    Within(Reach),
    /// It is near enough to the newest backup, and the newest of its step.
    WithinStep(Step, Reach),
    /// It has these tags.
    Tags(Vec<String>),
    /// It is the newest one of its source that was restored and found good.
    LastGood,
    /// None of its source was ever proved, and it is the best there is.
    BestUnproved,
}

/// What a rule has against a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// It is older than so many days.
    OlderThan(u32),
    /// So many newer ones are there.
    NotAmongLast(u32),
    /// A newer one of the same step of the calendar is there.
    NotNewest(Step),
    /// So many newer steps have one.
    StepsFull(Step, u32),
    /// It lies further back from the newest backup.
    Beyond(Reach),
    /// It has no list of tags that is wanted.
    Untagged,
}

/// A step of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// An hour of a day.
    Hour,
    /// A day.
    Day,
    /// An ISO week, Monday to Sunday.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forever => formatter.write_str("everything is kept for ever"),
            Self::Days(days) => write!(formatter, "not older than {days} days"),
            Self::Last(number) => write!(formatter, "number {number} of the newest"),
            Self::Newest(step, number) => write!(formatter, "newest of {step} {number}"),
            Self::Oldest(step) => write!(formatter, "oldest, and there are fewer {step}s than wanted"),
            Self::Within(reach) => write!(formatter, "within {reach} of the newest"),
            Self::WithinStep(step, reach) => {
                write!(formatter, "newest of its {step}, within {reach} of the newest")
            }
            Self::Tags(tags) => write!(formatter, "tagged {}", tags.join(", ")),
            Self::LastGood => formatter.write_str("the last one that was proved to be good"),
            Self::BestUnproved => formatter.write_str("none was ever proved, and this is the best there is"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OlderThan(days) => write!(formatter, "older than {days} days"),
            Self::NotAmongLast(count) => write!(formatter, "not among the newest {count}"),
            Self::NotNewest(step) => write!(formatter, "not the newest of its {step}"),
            Self::StepsFull(step, count) => write!(formatter, "{count} newer {step}s have one"),
            Self::Beyond(reach) => write!(formatter, "more than {reach} before the newest"),
            Self::Untagged => formatter.write_str("without a tag that is kept"),
        }
    }
}

/// What the rules say about one backup.
#[derive(Default)]
struct Opinion {
    keep: Vec<Reason>,
    refuse: Vec<Refusal>,
}

/// Says for every backup whether it is kept, newest first within each source, sources in order of their names.
///
/// The backups of one store at a time: a copy in another store is no reason to drop this one.
/// Days, weeks, months and years begin at midnight in `zone`. The newest proved backup of a source is kept always; a
/// source without a proved one keeps its newest that has not failed, or else its newest.
pub fn judge(snapshots: &[Snapshot], keep: &Keep, zone: &Zone, now: Timestamp) -> Vec<Judged> {
    let mut sources: BTreeMap<&str, Vec<&Snapshot>> = BTreeMap::new();
    for snapshot in snapshots {
        sources.entry(&snapshot.source).or_default().push(snapshot);
    }
    let mut judged = Vec::with_capacity(snapshots.len());
    for mut of_source in sources.into_values() {
        of_source.sort_by(|one, other| other.taken_at.cmp(&one.taken_at).then_with(|| one.id.cmp(&other.id)));
        judge_source(&of_source, keep, zone, now, &mut judged);
    }
    judged
}

fn judge_source(
    newest_first: &[&Snapshot],
    keep: &Keep,
    zone: &Zone,
    now: Timestamp,
    judged: &mut Vec<Judged>,
) {
    let mut opinions: Vec<Opinion> =
        newest_first.iter().map(|snapshot| simple(snapshot, keep, now)).collect();
    if let Some(count) = keep.last {
        last(count, &mut opinions);
    }
    for (step, count, reach) in steps(keep) {
        if let Some(count) = count {
            counted(newest_first, step, count, zone, &mut opinions);
        }
        if let Some(reach) = reach {
            reached(newest_first, Some(step), reach, zone, &mut opinions);
        }
    }
    if let Some(reach) = keep.within {
        reached(newest_first, None, reach, zone, &mut opinions);
    }
    if let Some((index, reason)) = last_good(newest_first) {
        opinions[index].keep.push(reason);
    }
    let mut newer_kept = 0;
    for (snapshot, opinion) in newest_first.iter().zip(opinions) {
        let verdict = if opinion.keep.is_empty() {
            Verdict::Drop { why: opinion.refuse, newer_kept }
        } else {
            newer_kept += 1;
            Verdict::Keep(opinion.keep)
        };
        let (id, source) = (snapshot.id.clone(), snapshot.source.clone());
        judged.push(Judged { id, source, taken_at: snapshot.taken_at, verdict });
    }
}

fn steps(keep: &Keep) -> [(Step, Option<Count>, Option<Reach>); 5] {
    [
        (Step::Hour, keep.hourly, keep.within_hourly),
        (Step::Day, keep.daily, keep.within_daily),
        (Step::Week, keep.weekly, keep.within_weekly),
        (Step::Month, keep.monthly, keep.within_monthly),
        (Step::Year, keep.yearly, keep.within_yearly),
    ]
}

/// The rules that look at one backup alone.
fn simple(snapshot: &Snapshot, keep: &Keep, now: Timestamp) -> Opinion {
    let mut opinion = Opinion::default();
    if keep.forever {
        opinion.keep.push(Reason::Forever);
    }
    if let Some(days) = keep.days {
        let age_seconds = now.as_second().saturating_sub(snapshot.taken_at.as_second());
        if days > 0 && age_seconds <= i64::from(days) * 86_400 {
            opinion.keep.push(Reason::Days(days));
        } else {
            opinion.refuse.push(Refusal::OlderThan(days));
        }
    }
    let mut tagged = false;
    for list in keep.tags.iter().filter(|list| !list.is_empty()) {
        if list.iter().all(|tag| snapshot.tags.contains(tag)) {
            tagged = true;
            opinion.keep.push(Reason::Tags(list.clone()));
        }
    }
    if !tagged && !keep.tags.is_empty() {
        opinion.refuse.push(Refusal::Untagged);
    }
    opinion
}

fn last(count: Count, opinions: &mut [Opinion]) {
    for (index, opinion) in opinions.iter_mut().enumerate() {
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        match count {
            Count::Of(count) if number >= count => opinion.refuse.push(Refusal::NotAmongLast(count)),
            _ => opinion.keep.push(Reason::Last(number.saturating_add(1))),
        }
    }
}

/// The newest of each step, until so many steps have one; the oldest of all while steps are missing.
fn counted(newest_first: &[&Snapshot], step: Step, count: Count, zone: &Zone, opinions: &mut [Opinion]) {
    let (mut taken, mut last_step) = (0, None);
    for (index, (snapshot, opinion)) in newest_first.iter().zip(opinions).enumerate() {
        let own_step = step_of(snapshot.taken_at, step, zone);
        let newest_of_step = last_step != Some(own_step);
        let oldest = index + 1 == newest_first.len();
        last_step = Some(own_step);
        match count {
            Count::Of(count) if taken >= count => opinion.refuse.push(Refusal::StepsFull(step, count)),
            _ if newest_of_step => {
                taken += 1;
                opinion.keep.push(Reason::Newest(step, taken));
            }
            _ if oldest => opinion.keep.push(Reason::Oldest(step)),
            _ => opinion.refuse.push(Refusal::NotNewest(step)),
        }
    }
}

/// Everything near enough to the newest, or of each step the newest.
fn reached(
    newest_first: &[&Snapshot],
    step: Option<Step>,
    reach: Reach,
    zone: &Zone,
    opinions: &mut [Opinion],
) {
    let Some(newest) = newest_first.first() else { return };
    let limit = reach.before(newest.taken_at, zone);
    let mut last_step = None;
    for (index, (snapshot, opinion)) in newest_first.iter().zip(opinions).enumerate() {
        if reach.is_zero() || snapshot.taken_at <= limit {
            opinion.refuse.push(Refusal::Beyond(reach));
            continue;
        }
        let Some(step) = step else {
            opinion.keep.push(Reason::Within(reach));
            continue;
        };
        let own_step = step_of(snapshot.taken_at, step, zone);
        let newest_of_step = last_step != Some(own_step);
        let oldest = index + 1 == newest_first.len();
        last_step = Some(own_step);
        if newest_of_step {
            opinion.keep.push(Reason::WithinStep(step, reach));
        } else if oldest {
            opinion.keep.push(Reason::Oldest(step));
        } else {
            opinion.refuse.push(Refusal::NotNewest(step));
        }
    }
}

/// Year and number of the step in it.
fn step_of(instant: Timestamp, step: Step, zone: &Zone) -> (i32, i32) {
    let wall: DateTime = zone.rules().to_datetime(instant);
    let year = i32::from(wall.year());
    let day = i32::from(wall.date().day_of_year());
    match step {
        Step::Hour => (year, day * 24 + i32::from(wall.hour())),
        Step::Day => (year, day),
        Step::Week => {
            let week = wall.date().iso_week_date();
            (i32::from(week.year()), i32::from(week.week()))
        }
        Step::Month => (year, i32::from(wall.month())),
        Step::Year => (year, 0),
    }
}

fn last_good(newest_first: &[&Snapshot]) -> Option<(usize, Reason)> {
    let newest = |wanted: &[Proof]| newest_first.iter().position(|snapshot| wanted.contains(&snapshot.proof));
    if let Some(index) = newest(&[Proof::Proved]) {
        return Some((index, Reason::LastGood));
    }
    let index = newest(&[Proof::Unproved]).or_else(|| newest(&[Proof::Failed]))?;
    Some((index, Reason::BestUnproved))
}
